//! Measured kernels, read to learn from or to be judged by.

use std::io::Write;
use std::path::PathBuf;

use hwc::tune::BUSY;
use hwc_cost_model::dataset::{Example, Store, TESTED, is_test};

use crate::failure::Failure;

/// The examples of stores, divided by families.
#[derive(Default)]
pub struct Examples {
    pub learned: Vec<Example>,
    pub tested: Vec<Example>,
}

impl Examples {
    /// Reads stores, each of which has to be there. Rows that several threads ran on a busy machine are left out: the time of
    /// one thread is what it had of its processor.
    pub fn read(stores: &[PathBuf]) -> Result<Examples, Failure> {
        let (mut examples, mut failures) = (Examples::default(), vec![]);
        for path in stores {
            if !path.is_dir() {
                failures.push(Failure::environment(path.display(), "no folder of measured kernels"));
                continue;
            }
            let contents = Store::open(path).and_then(|store| store.read());
            match contents {
                Ok(contents) => {
                    for damage in &contents.damaged {
                        // The other rows are good all the same.
                        let _ = writeln!(std::io::stderr(), "hwc-opt: warning: {damage}");
                    }
                    let idle = |drift: f64, threads: u32| threads == 1 || drift <= BUSY;
                    let rows = contents.rows.iter().filter(|row| idle(row.drift, row.threads));
                    // The store gives rows that can be read only.
                    for example in rows.filter_map(|row| Example::new(row).ok()) {
                        let tests = is_test(example.unit.family, TESTED);
                        if tests { &mut examples.tested } else { &mut examples.learned }.push(example);
                    }
                }
                Err(error) => failures.push(Failure::environment("tune", error)),
            }
        }
        Failure::all(failures)?;
        Ok(examples)
    }
}
