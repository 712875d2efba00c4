//! What a learned model is compared with. Adding one is a row in [`BASELINES`].

mod analytic;
mod band;
mod conv1d;
mod process;
mod trees;

use super::{Error, Estimate, Predictor};
use crate::dataset::Example;
use conv1d::Reads;
use std::num::NonZeroUsize;
use trees::Inputs;

/// A way of learning.
#[derive(Clone, Copy, Debug)]
pub struct Baseline {
    pub name: &'static str,
    learn: Learn,
}

/// From examples that can be learned from, at least one; the same seed gives the same predictor.
type Learn = fn(&'static str, &[&Example], u64) -> Result<Box<dyn Predictor>, Error>;

/// All of them, the simplest first.
pub const BASELINES: [Baseline; 8] = [
    Baseline { name: "flops", learn: analytic::flops },
    Baseline { name: "roofline", learn: analytic::roofline },
    Baseline { name: "estimate", learn: analytic::estimate },
    Baseline { name: "conv1d-ops", learn: |name, train, seed| conv1d::learn(name, Reads::Operations, train, seed) },
    Baseline { name: "conv1d-operands", learn: |name, train, seed| conv1d::learn(name, Reads::Operands, train, seed) },
    Baseline { name: "trees", learn: |name, train, seed| trees::learn(name, Inputs::Features, train, seed) },
    Baseline { name: "trees-tokens", learn: |name, train, seed| trees::learn(name, Inputs::Tokens, train, seed) },
    Baseline { name: "gp", learn: process::learn },
];

impl Baseline {
    /// Learns from examples; the same seed gives the same predictor.
    ///
    /// # Errors
    /// [`Error::Training`] where no example has a time; [`Error::Failed`].
    pub fn fit(&self, train: &[Example], seed: u64) -> Result<Box<dyn Predictor>, Error> {
        let timed = |example: &&Example| example.seconds.is_finite() && example.seconds > 0.0;
        let examples: Vec<&Example> = train.iter().filter(timed).collect();
        if examples.is_empty() {
            return Err(Error::Training { name: self.name, why: "there are no measured kernels to learn from".into() });
        }
        (self.learn)(self.name, &examples, seed)
    }

    /// The same for several seeds, in their order; as many at once as there are cores.
    ///
    /// # Errors
    /// As [`Baseline::fit`].
    pub fn fits(
        &self,
        train: &[Example],
        seeds: impl IntoIterator<Item = u64>,
    ) -> Result<Vec<Box<dyn Predictor>>, Error> {
        let seeds: Vec<u64> = seeds.into_iter().collect();
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let mut fits = vec![];
        for seeds in seeds.chunks(cores) {
            let some: Vec<_> = std::thread::scope(|scope| {
                let threads: Vec<_> = seeds.iter().map(|seed| scope.spawn(|| self.fit(train, *seed))).collect();
                threads.into_iter().map(|thread| thread.join()).collect()
            });
            for fit in some {
                fits.push(fit.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?);
            }
        }
        Ok(fits)
    }
}

/// A predictor that is a function of each kernel.
struct Fitted<F> {
    name: &'static str,
    estimates: F,
}

impl<F: Fn(&[&Example]) -> Vec<Estimate> + Send> Predictor for Fitted<F> {
    fn name(&self) -> &str {
        self.name
    }

    fn predict(&mut self, examples: &[Example]) -> Result<Vec<Estimate>, Error> {
        Ok((self.estimates)(&examples.iter().collect::<Vec<_>>()))
    }
}

#[cfg(test)]
mod tests;
