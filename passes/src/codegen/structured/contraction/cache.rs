//! Which lines of memory a cache can hold together.

/// Bytes of a cache line.
pub const LINE: i64 = 64;

/// A cache, as far as it matters which lines compete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cache {
    pub bytes: i64,
    pub ways: i64,
}

impl Cache {
    /// Whether `rows` pieces of `lines` lines each, `stride` bytes apart, can all be in the cache, with some room left.
    pub fn holds(self, rows: i64, stride: i64, lines: i64) -> bool {
        let sets = self.bytes / self.ways / LINE;
        let step = (stride / LINE).max(1);
        let distinct = (sets / gcd(step, sets)).min(rows) * lines;
        rows * lines * 4 <= distinct.min(sets) * self.ways * 3
    }
}

fn gcd(a: i64, b: i64) -> i64 {
    if b == 0 { a } else { gcd(b, a % b) }
}
