//! Which rows a model learns from, and which test it.

use super::Row;
use super::row::first_eight;

/// The share of families that test, unless somebody wants another one.
pub const TESTED: f64 = 0.2;

/// Whether a family of programs is for testing: a share of them is, the same on every machine.
pub fn is_test(family: u64, share: f64) -> bool {
    let hash = first_eight(blake3::hash(&family.to_le_bytes()));
    // 53 bits are what a number has.
    ((hash >> 11) as f64) < share * (1u64 << 53) as f64
}

/// Rows to learn from and rows to test on, about `share` of the families. All sizes, element types and schedules of a
/// program are on the same side; rows whose text cannot be read, which [`super::Store::read`] does not give, are on neither.
pub fn split(rows: Vec<Row>, share: f64) -> (Vec<Row>, Vec<Row>) {
    let (mut train, mut test) = (vec![], vec![]);
    for row in rows {
        if let Ok(unit) = row.unit() {
            if is_test(unit.family, share) { &mut test } else { &mut train }.push(row);
        }
    }
    (train, test)
}
