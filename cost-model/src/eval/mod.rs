//! How good predictions of kernels' times are, and what they are compared with.
//!
//! A [`Predictor`] reads [`Example`]s and gives [`Estimate`]s; [`report`] judges one, or several fits of one, by the
//! measures of [`Measure`]; a [`Table`] has predictors beside each other. `docs/cost-model.md` says how the measures are
//! defined.
//!
//! ```
//! use hwc_cost_model::dataset::Example;
//! use hwc_cost_model::eval::{Error, Estimate, Predictor, Table, report};
//!
//! struct Always(f64);
//!
//! impl Predictor for Always {
//!     fn name(&self) -> &str {
//!         "always"
//!     }
//!
//!     fn predict(&mut self, examples: &[Example]) -> Result<Vec<Estimate>, Error> {
//!         Ok(examples.iter().map(|_| Estimate::of(self.0)).collect())
//!     }
//! }
//!
//! let tests = [];
//! let always = report(&mut [Box::new(Always(1e-3))], &tests)?;
//! println!("{}", Table(&[always]));
//! # Ok::<(), Error>(())
//! ```

mod adapted;
mod baseline;
mod error;
mod group;
mod interval;
mod learned;
mod measure;
mod report;
mod table;

pub use adapted::adapted;
pub use baseline::{BASELINES, Baseline};
pub use error::Error;
pub use group::{Choice, Group, choose, expected_log_regret, groups};
pub use interval::{bootstrap, half_interval, mean};
pub use learned::{Learned, Screen};
pub use measure::{FEWEST, Measure};
pub use report::{Figure, Report, report};
pub use table::Table;

use crate::dataset::{Example, PROCESSORS};

/// What predicts kernels' times, and what else it can.
pub trait Predictor: Send {
    /// What a table calls it; the same for fits that differ in their seed only.
    fn name(&self) -> &str;

    /// One estimate for each example, from what its text says: not from what was measured.
    ///
    /// # Errors
    /// The predictor's own.
    fn predict(&mut self, examples: &[Example]) -> Result<Vec<Estimate>, Error>;
}

/// What is predicted of one kernel.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Estimate {
    /// Of one run with operands in the caches, as [`Example::seconds`]; above zero.
    pub seconds: f64,
    /// Seconds between which 90 % shall lie.
    pub interval: Option<(f64, f64)>,
    /// Different vector registers that the code names.
    pub registers: Option<f64>,
    /// Stores of registers to the stack; from a half on, there are some.
    pub spills: Option<f64>,
    pub instructions: Option<f64>,
    pub code_bytes: Option<f64>,
    /// llvm-mca's cycles of one iteration of the innermost loop, by number of [`PROCESSORS`].
    pub mca: Option<[f64; PROCESSORS.len()]>,
}

impl Estimate {
    /// Of the time, and of nothing else.
    pub fn of(seconds: f64) -> Estimate {
        Estimate { seconds, ..Estimate::default() }
    }

    /// What is wrong with it.
    fn problem(&self) -> Option<String> {
        let Estimate { seconds, interval, registers, spills, instructions, code_bytes, mca } = *self;
        if !(seconds.is_finite() && seconds > 0.0) {
            return Some(format!("{seconds} seconds"));
        }
        if let Some((low, high)) = interval.filter(|(low, high)| !(low.is_finite() && high.is_finite() && low <= high))
        {
            return Some(format!("from {low} to {high} seconds"));
        }
        let numbers = [
            ("registers", registers),
            ("spills", spills),
            ("instructions", instructions),
            ("bytes of code", code_bytes),
        ];
        let wrong = |(what, number): &(&str, Option<f64>)| {
            number.filter(|number| !number.is_finite()).map(|number| format!("{number} {what}"))
        };
        let cycles = mca.into_iter().flatten().map(|cycles| ("cycles of llvm-mca", Some(cycles)));
        numbers.into_iter().chain(cycles).find_map(|number| wrong(&number))
    }
}

#[cfg(test)]
mod tests;
