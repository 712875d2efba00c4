//! What a learned model is compared with. Adding one is a row in [`BASELINES`].

mod analytic;
mod band;
mod process;
mod trees;

use super::{Error, Estimate, Predictor};
use crate::dataset::Example;

/// Learns from examples; the same seed gives the same predictor.
pub type Fit = fn(&[Example], u64) -> Result<Box<dyn Predictor>, Error>;

/// A baseline's name and how it learns.
pub const BASELINES: [(&str, Fit); 4] = [
    ("flops", |train, seed| analytic::flops(&learnable("flops", train)?, seed)),
    ("roofline", |train, seed| analytic::roofline(&learnable("roofline", train)?, seed)),
    ("trees", |train, seed| trees::fit(&learnable("trees", train)?, seed)),
    ("gp", |train, seed| process::fit(&learnable("gp", train)?, seed)),
];

/// What can be learned from: of other examples there is nothing to say.
fn learnable<'a>(name: &'static str, train: &'a [Example]) -> Result<Vec<&'a Example>, Error> {
    let times = |example: &&Example| example.seconds.is_finite() && example.seconds > 0.0;
    let examples: Vec<&Example> = train.iter().filter(times).collect();
    if examples.is_empty() {
        return Err(Error::Training { name, why: "there are no measured kernels to learn from".into() });
    }
    Ok(examples)
}

/// A predictor that is a function of each kernel.
struct Fitted<F> {
    name: &'static str,
    estimates: F,
}

impl<F: Fn(&[&Example]) -> Vec<Estimate>> Predictor for Fitted<F> {
    fn name(&self) -> &str {
        self.name
    }

    fn predict(&mut self, examples: &[Example]) -> Result<Vec<Estimate>, Error> {
        Ok((self.estimates)(&examples.iter().collect::<Vec<_>>()))
    }
}

#[cfg(test)]
mod tests;
