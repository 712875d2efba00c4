//! Measured kernels, read to learn from or to be judged by.

use std::io::Write;
use std::path::PathBuf;

use hwc::tune::BUSY;
use hwc_cost_model::dataset::{Example, Row, Store, TESTED, is_test};

use crate::failure::Failure;

/// The examples of stores, divided by families.
#[derive(Default)]
pub struct Examples {
    pub learned: Vec<Example>,
    pub tested: Vec<Example>,
}

impl Examples {
    /// Reads stores. Rows that several threads ran on a busy machine are left out: the time of one thread is what it had of its
    /// processor.
    ///
    /// # Errors
    /// As [`rows`].
    pub fn read(stores: &[PathBuf]) -> Result<Examples, Failure> {
        let mut examples = Examples::default();
        let rows = rows(stores)?;
        let idle = |row: &&Row| row.threads == 1 || row.drift <= BUSY;
        // Stores give rows that can be read only.
        for example in rows.iter().filter(idle).filter_map(|row| Example::new(row).ok()) {
            let tests = is_test(example.unit.family, TESTED);
            if tests { &mut examples.tested } else { &mut examples.learned }.push(example);
        }
        Ok(examples)
    }
}

/// All rows of stores; warnings tell what is damaged.
///
/// # Errors
/// Those of all stores that are not there or cannot be read.
pub fn rows(stores: &[PathBuf]) -> Result<Vec<Row>, Failure> {
    let (mut rows, mut failures) = (vec![], vec![]);
    for path in stores {
        if !path.is_dir() {
            failures.push(Failure::environment(path.display(), "no folder of measured kernels"));
            continue;
        }
        match Store::open(path).and_then(|store| store.read()) {
            Ok(contents) => {
                for damage in &contents.damaged {
                    // The other rows are good all the same.
                    let _ = writeln!(std::io::stderr(), "hwc-opt: warning: {damage}");
                }
                rows.extend(contents.rows);
            }
            Err(error) => failures.push(Failure::environment("tune", error)),
        }
    }
    Failure::all(failures)?;
    Ok(rows)
}
