//! From sources and hypotheses to a prior, from a prior and measurements to a posterior.

use super::features::{beside, programs};
use super::hypothesis::{Covariance, Hypothesis};
use super::profile::{self, Measurement, Profile};
use super::student::Fit;
use super::{Features, Result, TransferError, design};
use nalgebra::{DMatrix, DVector};

/// What is known before anything is measured on the new machine.
#[derive(Clone, Debug)]
pub struct Adaptation {
    /// Programs x columns: a constant, the sources, all blocks.
    features: DMatrix<f64>,
    hypotheses: Vec<Member>,
    /// How many were handed over.
    given: usize,
    /// What noise is proportional to, the mean of the sources unless it was set; programs.
    mean: DVector<f64>,
    /// Standard deviations of the noise that are tried, as parts of `mean`.
    noises: Vec<f64>,
}

#[derive(Clone, Debug)]
struct Member {
    /// Its place among those that were handed over.
    hypothesis: usize,
    odds: f64,
    covariance: Covariance,
}

/// What is known after some measurements.
#[derive(Clone, Debug)]
pub struct Posterior<'a> {
    prior: &'a Adaptation,
    components: Vec<Component>,
    /// Posterior mean of the features' weights over all components; columns.
    weights: DVector<f64>,
}

/// A hypothesis with a level of noise.
#[derive(Clone, Debug)]
struct Component {
    /// Place in `hypotheses`.
    member: usize,
    /// The standard deviation of the noise, as a part of `mean` and in units of the scale.
    level: f64,
    /// Its part in the mixture.
    share: f64,
    /// Posterior mean of the features' weights; columns.
    weights: DVector<f64>,
    /// The inverse of the factor of the measured programs' covariance, times their covariance with the weights; measured x
    /// columns.
    explained: DMatrix<f64>,
    /// The squared scale.
    scale: f64,
}

/// The time of a program, in the unit of the measurements.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prediction {
    pub mean: f64,
    /// Without the noise of a measurement.
    pub variance: f64,
    /// The variance of a measurement about the time, but for outliers.
    pub noise: f64,
}

/// The least mean of the sources that noise is made proportional to, as a part of the mean over all programs: regression
/// on features can go below zero.
const LEAST_MEAN: f64 = 0.05;
/// Components with a smaller part of the mixture than this are left out.
const LEAST_SHARE: f64 = 1e-6;

impl Adaptation {
    /// `blocks`: features of the programs, which hypotheses give variances to. `noises`: standard deviations to try, as
    /// parts of the time. Without sources the blocks are all there is, and noise is the same for all programs.
    ///
    /// # Errors
    /// No blocks, hypotheses or noises; sources or blocks that differ in programs; a hypothesis for another number of
    /// blocks; a variance or noise that is out of bounds.
    pub fn new(
        sources: &[Profile],
        blocks: &[&Features],
        hypotheses: &[Hypothesis],
        noises: &[f64],
    ) -> Result<Adaptation> {
        let programs = programs(blocks.iter().copied())?;
        if let Some(source) = sources.iter().find(|source| source.0.len() != programs) {
            return Err(TransferError::Programs { what: "a source", found: source.0.len(), expected: programs });
        }
        if hypotheses.is_empty() || noises.is_empty() {
            let what = if noises.is_empty() { "levels of noise" } else { "hypotheses" };
            return Err(TransferError::Empty { what });
        }
        if let Some(&value) = noises.iter().find(|noise| !(noise.is_finite() && **noise > 0.0)) {
            return Err(TransferError::Setting { what: "noise", value, bound: "above zero" });
        }
        let columns: Vec<usize> = blocks.iter().map(|block| block.columns()).collect();
        let mut members = vec![];
        for (place, hypothesis) in hypotheses.iter().enumerate() {
            let covariances = hypothesis.covariances(sources.len(), &columns)?.into_iter();
            members.extend(covariances.map(|(odds, covariance)| Member { hypothesis: place, odds, covariance }));
        }
        let times = DMatrix::from_fn(programs, sources.len(), |program, source| sources[source].0[program]);
        let mean = if sources.is_empty() { DVector::repeat(programs, 1.0) } else { times.column_mean() };
        let mut parts = vec![DMatrix::repeat(programs, 1, 1.0), times];
        parts.extend(blocks.iter().map(|block| block.0.clone()));
        Ok(Adaptation {
            features: beside(&parts),
            hypotheses: members,
            given: hypotheses.len(),
            mean: mean.map(|time| time.max(LEAST_MEAN)),
            noises: noises.to_vec(),
        })
    }

    /// Makes the noise of each program proportional to a time of it, instead of the mean of the sources.
    ///
    /// # Errors
    /// A number of times that is not that of the programs; a time that is not finite and above zero.
    pub fn set_noise(&mut self, times: &[f64]) -> Result<()> {
        let (found, expected) = (times.len(), self.programs());
        if found != expected {
            return Err(TransferError::Programs { what: "a noise", found, expected });
        }
        if let Some(&value) = times.iter().find(|time| !(time.is_finite() && **time > 0.0)) {
            return Err(TransferError::Setting { what: "noise", value, bound: "above zero" });
        }
        self.mean = DVector::from_column_slice(times);
        Ok(())
    }

    /// How many programs there are.
    pub fn programs(&self) -> usize {
        self.features.nrows()
    }

    fn check(&self, program: usize) -> Result<()> {
        let programs = self.programs();
        if program < programs { Ok(()) } else { Err(TransferError::OutOfRange { program, programs }) }
    }

    /// Variances of noise at some programs, in units of the squared scale.
    fn noise(&self, programs: &[usize], level: f64) -> DVector<f64> {
        DVector::from_iterator(programs.len(), programs.iter().map(|&program| (level * self.mean[program]).powi(2)))
    }

    /// `count` of the candidates that tell most about all of them, the most telling first. Depends on nothing that is
    /// measured on the new machine.
    ///
    /// # Errors
    /// A candidate out of range; fewer distinct candidates than are to be chosen.
    pub fn design(&self, candidates: &[usize], count: usize) -> Result<Vec<usize>> {
        let mut candidates = candidates.to_vec();
        candidates.sort_unstable();
        candidates.dedup();
        candidates.iter().try_for_each(|&candidate| self.check(candidate))?;
        if candidates.len() < count {
            return Err(TransferError::Candidates { count, candidates: candidates.len() });
        }
        // The covariance of the mixture of the hypotheses, all of which have the mean zero.
        let odds: f64 = self.hypotheses.iter().map(|member| member.odds).sum();
        let columns = self.features.ncols();
        let sum = |sum, member: &Member| sum + member.covariance.dense() * (member.odds / odds);
        let prior = self.hypotheses.iter().fold(DMatrix::zeros(columns, columns), sum);
        let level = (self.noises.iter().map(|level| level.ln()).sum::<f64>() / self.noises.len() as f64).exp();
        let features = self.features.select_rows(&candidates);
        let chosen = design::greedy(&features, prior, &self.noise(&candidates, level), count)?;
        Ok(chosen.into_iter().map(|place| candidates[place]).collect())
    }

    /// The posterior after measurements on the new machine; a program may be measured more than once.
    ///
    /// # Errors
    /// No measurements, a program out of range, a time that is none, features of a size that numbers cannot hold.
    pub fn adapt(&self, measured: &[Measurement]) -> Result<Posterior<'_>> {
        profile::check(measured, self.programs())?;
        let places: Vec<usize> = measured.iter().map(|m| m.program).collect();
        let values = DVector::from_iterator(measured.len(), measured.iter().map(|m| m.time));
        let features = self.features.select_rows(&places);
        let columns = features.transpose();
        let noises: Vec<(f64, DVector<f64>)> =
            self.noises.iter().map(|&level| (level, self.noise(&places, level))).collect();
        let mut fits = vec![];
        for (place, member) in self.hypotheses.iter().enumerate() {
            // Columns x measured.
            let with_weights = member.covariance.times(&columns);
            let covariance = &features * &with_weights;
            for (level, noise) in &noises {
                let fit = Fit::new(&covariance, noise, &values)?;
                fits.push(((place, *level), fit.evidence + member.odds.ln(), with_weights.clone(), fit));
            }
        }
        let best = fits.iter().map(|(_, evidence, ..)| *evidence).fold(f64::NEG_INFINITY, f64::max);
        fits.retain(|(_, evidence, ..)| evidence - best >= LEAST_SHARE.ln());
        let total: f64 = fits.iter().map(|(_, evidence, ..)| (evidence - best).exp()).sum();
        let component =
            |((member, level), evidence, with_weights, fit): ((usize, f64), f64, DMatrix<f64>, Fit)| Component {
                member,
                level,
                share: (evidence - best).exp() / total,
                weights: &with_weights * &fit.solution,
                explained: fit.explain(with_weights.transpose()),
                scale: fit.scale,
            };
        let components: Vec<Component> = fits.into_iter().map(component).collect();
        let zero = DVector::zeros(self.features.ncols());
        let weights = components.iter().fold(zero, |sum, component| sum + &component.weights * component.share);
        Ok(Posterior { prior: self, components, weights })
    }
}

impl Posterior<'_> {
    /// # Errors
    /// A program out of range.
    pub fn predict(&self, program: usize) -> Result<Prediction> {
        self.prior.check(program)?;
        let features = self.prior.features.row(program).transpose();
        let column = DMatrix::from_column_slice(features.len(), 1, features.as_slice());
        let (mut mean, mut square, mut noise) = (0.0, 0.0, 0.0);
        // Moments of the mixture.
        for component in &self.components {
            let here = features.dot(&component.weights);
            let before = self.prior.hypotheses[component.member].covariance.times(&column).column(0).dot(&features);
            let left = before - (&component.explained * &features).norm_squared();
            mean += component.share * here;
            square += component.share * (here * here + component.scale * left.max(0.0));
            noise += component.share * component.scale * self.prior.noise(&[program], component.level)[0];
        }
        Ok(Prediction { mean, variance: (square - mean * mean).max(0.0), noise })
    }

    /// The means only, which is many times as fast.
    ///
    /// # Errors
    /// A program out of range.
    pub fn means(&self, programs: &[usize]) -> Result<Vec<f64>> {
        programs.iter().try_for_each(|&program| self.prior.check(program))?;
        let all = &self.prior.features * &self.weights;
        Ok(programs.iter().map(|&program| all[program]).collect())
    }

    /// Mean and covariance of the weights of all columns: the constant, the sources, the blocks.
    pub(crate) fn moments(&self) -> (&DVector<f64>, DMatrix<f64>) {
        let mut covariance = -(&self.weights * self.weights.transpose());
        for Component { member, share, weights, explained, scale, .. } in &self.components {
            let before = self.prior.hypotheses[*member].covariance.dense();
            let left = before - explained.tr_mul(explained);
            covariance += (left * *scale + weights * weights.transpose()) * *share;
        }
        (&self.weights, covariance)
    }

    /// The part of each hypothesis in the mixture; they add up to one.
    pub fn shares(&self) -> Vec<f64> {
        let mut shares = vec![0.0; self.prior.given];
        for component in &self.components {
            shares[self.prior.hypotheses[component.member].hypothesis] += component.share;
        }
        shares
    }
}
