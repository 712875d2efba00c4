//! A predictor, judged.

use super::measure::{Measured, Parts, Tests};
use super::{Choice, Error, Measure, Predictor, bootstrap, choose, half_interval, mean};
use crate::dataset::Example;
use serde::Serialize;

/// A measure of a predictor.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figure {
    pub measure: Measure,
    /// The mean over fits; nothing where it is not defined for one of them.
    pub value: Option<f64>,
    /// Half of the 95 % interval over fits; nothing of a single one.
    pub over_seeds: Option<f64>,
    /// 95 % of draws of as many families with replacement, of the first fit.
    pub over_families: Option<(f64, f64)>,
    /// Kernels, pairs or groups that it is taken of, in the first fit.
    pub count: usize,
}

/// All measures of a predictor.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    pub name: String,
    /// Fits that figures are means over.
    pub fits: usize,
    pub kernels: usize,
    pub families: usize,
    /// By measure, then by class.
    pub figures: Vec<Figure>,
    /// What the first fit takes of each group, worst regret first.
    pub choices: Vec<Choice>,
    /// Kernels a second; for the caller to fill in.
    pub queries_per_second: Option<f64>,
}

impl Report {
    pub fn figure(&self, measure: &Measure) -> Option<&Figure> {
        self.figures.iter().find(|figure| figure.measure == *measure)
    }

    /// The value of a measure.
    pub fn value(&self, measure: &Measure) -> Option<f64> {
        self.figure(measure)?.value
    }
}

/// Judges fits of one predictor that differ in their seed.
///
/// # Errors
/// No fit; what a fit says; a number of estimates that is not that of the tests; estimates that are no numbers.
pub fn report(fits: &mut [Box<dyn Predictor>], tests: &[Example]) -> Result<Report, Error> {
    let name = fits.first().ok_or(Error::NoFit)?.name().to_string();
    let tests = Tests::new(tests);
    let (mut all, mut choices): (Vec<Vec<Measured>>, _) = (vec![], vec![]);
    for (number, fit) in fits.iter_mut().enumerate() {
        let estimates = fit.predict(tests.examples)?;
        let (found, expected) = (estimates.len(), tests.examples.len());
        if found != expected {
            return Err(Error::Count { name, found, expected });
        }
        let problems: Vec<(usize, String)> =
            estimates.iter().enumerate().filter_map(|(place, estimate)| Some((place, estimate.problem()?))).collect();
        if let Some((place, what)) = problems.first().cloned() {
            return Err(Error::Estimate { name, count: problems.len(), place, what });
        }
        if number == 0 {
            choices = choose(tests.examples, &estimates, &tests.groups);
        }
        all.push(tests.measure(&estimates));
    }
    let figures = (0..all[0].len()).map(|at| figure(&all, at, tests.families)).collect();
    let (kernels, families) = (tests.examples.len(), tests.families);
    Ok(Report { name, fits: fits.len(), kernels, families, figures, choices, queries_per_second: None })
}

/// The measure in this place of all fits; all have the same ones, which follow from the tests.
fn figure(fits: &[Vec<Measured>], at: usize, families: usize) -> Figure {
    let values: Option<Vec<f64>> = fits.iter().map(|fit| fit[at].parts.figure(0..families)).collect();
    let Measured { measure, count, parts } = &fits[0][at];
    let over_seeds = values.as_ref().filter(|values| values.len() > 1).map(|values| half_interval(values));
    // The largest of what is drawn says nothing about the largest of other programs.
    let is_mean = !matches!(parts, Parts::Largest(_));
    let over_families = is_mean.then(|| bootstrap(families, |drawn| parts.figure(drawn.iter().copied()))).flatten();
    let value = values.map(|values| mean(&values));
    Figure { measure: measure.clone(), value, over_seeds, over_families, count: *count }
}
