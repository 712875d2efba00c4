//! Laws with a few constants.

use super::band::{Band, folds};
use super::{Error, Estimate, Fitted, Predictor};
use crate::dataset::{Example, bound, work};
use crate::text::FEATURES;
use crate::{Machine, Work};

/// Time is proportional to operations; the constant is the median over kernels.
pub fn flops(name: &'static str, train: &[&Example], seed: u64) -> Result<Box<dyn Predictor>, Error> {
    Ok(proportional(name, "flops", train, seed))
}

/// Time is proportional to what code generation estimates, by which it chooses where there is no model.
pub fn estimate(name: &'static str, train: &[&Example], seed: u64) -> Result<Box<dyn Predictor>, Error> {
    Ok(proportional(name, "estimate", train, seed))
}

/// Time is proportional to a feature, which counts as cycles of the bound where it is none.
fn proportional(name: &'static str, feature: &str, train: &[&Example], seed: u64) -> Box<dyn Predictor> {
    let at = FEATURES.iter().position(|known| known.name == feature);
    let value = move |example: &Example| at.map_or(0.0, |at| f64::from(example.unit.features[at]).exp_m1());
    let value = move |example: &Example| if value(example) > 0.0 { value(example) } else { 3e9 * bound(&example.unit) };
    law(name, train, seed, |train| {
        let mut ratios: Vec<f64> = train.iter().map(|example| example.seconds / value(example)).collect();
        ratios.sort_by(f64::total_cmp);
        let constant = ratios.get(ratios.len() / 2).copied().unwrap_or(1.0);
        move |example: &Example| constant * value(example)
    })
}

/// [`dataset::bound`](crate::dataset::bound) with a rate of cycles, one of bytes and a time of a call of its own.
pub fn roofline(name: &'static str, train: &[&Example], seed: u64) -> Result<Box<dyn Predictor>, Error> {
    Ok(law(name, train, seed, |train| {
        let works: Vec<(Work, f64)> = train.iter().map(|example| (work(&example.unit), example.seconds)).collect();
        let constants = descend(&works);
        move |example: &Example| seconds(constants, work(&example.unit))
    }))
}

/// Logarithms of cycles a second, bytes a second and seconds of a call.
type Constants = [f64; 3];

fn seconds(constants: Constants, work: Work) -> f64 {
    let [flops_per_second, bytes_per_second, call] = constants.map(f64::exp);
    Machine { flops_per_second, bytes_per_second }.seconds(work) + call
}

/// The constants of least mean error of the logarithm, by steps along one constant after the other that become smaller.
fn descend(works: &[(Work, f64)]) -> Constants {
    let error = |constants: Constants| {
        works.iter().map(|(work, measured)| (seconds(constants, *work) / measured).ln().abs()).sum::<f64>()
    };
    let mut constants = [3e9, 20e9, 1e-7].map(f64::ln);
    let (mut least, mut step) = (error(constants), 1.0);
    while step > 1e-3 {
        let before = least;
        for (at, sign) in (0..3).flat_map(|at| [(at, 1.0), (at, -1.0)]) {
            let mut moved = constants;
            moved[at] += sign * step;
            let error = error(moved);
            if error < least {
                (constants, least) = (moved, error);
            }
        }
        if least >= before {
            step /= 2.0;
        }
    }
    constants
}

/// A law that is learned from all examples, with the interval that its errors on held-out families ask for.
fn law<L: Fn(&Example) -> f64 + Send + 'static>(
    name: &'static str,
    train: &[&Example],
    seed: u64,
    learn: impl Fn(&[&Example]) -> L,
) -> Box<dyn Predictor> {
    let errors = folds(train, seed).into_iter().flat_map(|(some, held)| {
        let law = learn(&some);
        held.into_iter().map(move |example| (example.seconds / law(example)).ln())
    });
    let band = Band::new(errors.collect());
    let law = learn(train);
    let estimates = move |examples: &[&Example]| {
        let estimate = |example: &&Example| {
            let seconds = law(example);
            Estimate { interval: band.map(|band| band.around(seconds)), ..Estimate::of(seconds) }
        };
        examples.iter().map(estimate).collect::<Vec<_>>()
    };
    Box::new(Fitted { name, estimates })
}
