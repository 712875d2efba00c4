//! A Gaussian process on the features, in closed form.
//!
//! The logarithm of seconds / bound is its mean plus a draw of a process with the kernel of Matérn (3/2) over all features,
//! each scaled to a deviation of one, plus noise. The process is that of as many *inducing* examples as are affordable (the
//! deterministic training conditional); length and noise are those of a grid with the greatest evidence, and the variance
//! of the process that goes with them has a closed form. Rasmussen and Williams, Gaussian Processes for Machine Learning
//! (2006), sections 4.2, 5.4 and 8.3.

use super::{Error, Estimate, Fitted, Predictor};
use crate::dataset::{Example, bound};
use crate::text::FEATURE_COUNT;
use nalgebra::{Cholesky, DMatrix, DVector, Dyn};

/// Examples and inducing ones that the evidence is taken of, and inducing ones of the process.
const EVIDENCE: (usize, usize) = (4000, 300);
const INDUCING: usize = 1000;
/// Lengths in deviations of a feature times the root of their number, and the noise's variance / the process's.
const LENGTHS: [f64; 7] = [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4];
const NOISES: [f64; 6] = [1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1];
/// Keeps covariances of equal examples positive definite; a part of the variance.
const JITTER: f64 = 1e-6;
/// Of a normal distribution, 90 % are within so many deviations.
const WITHIN: f64 = 1.645;

pub fn learn(name: &'static str, train: &[&Example], seed: u64) -> Result<Box<dyn Predictor>, Error> {
    let scale = Scale::new(train);
    let mut order: Vec<&Example> = train.to_vec();
    fastrand::Rng::with_seed(seed).shuffle(&mut order);
    let rows = scale.rows(&order);
    let targets: Vec<f64> = order.iter().map(|example| (example.seconds / bound(&example.unit)).ln()).collect();
    let mean = super::super::mean(&targets);
    let targets = DVector::from_iterator(targets.len(), targets.iter().map(|target| target - mean));

    let some = rows.columns(0, rows.ncols().min(EVIDENCE.0)).into_owned();
    let some_targets = targets.rows(0, some.ncols()).into_owned();
    let mut best: Option<(f64, f64, f64)> = None;
    for length in LENGTHS {
        let Some(projected) = Projected::new(&some, &some_targets, EVIDENCE.1, length) else { continue };
        for noise in NOISES {
            let Some(evidence) = projected.posterior(noise).map(|posterior| posterior.evidence) else { continue };
            if best.is_none_or(|(most, _, _)| evidence > most) {
                best = Some((evidence, length, noise));
            }
        }
    }
    let singular = || Error::Failed { name: name.into(), why: "the covariance is not positive definite".into() };
    let (_, length, noise) = best.ok_or_else(singular)?;
    let projected = Projected::new(&rows, &targets, INDUCING, length).ok_or_else(singular)?;
    let posterior = projected.posterior(noise).ok_or_else(singular)?;

    let estimates = move |examples: &[&Example]| {
        // Some at a time: all of them with each inducing one would be a large matrix.
        let predicted = examples.chunks(1024).flat_map(|some| projected.predict(&posterior, &scale.rows(some)));
        let estimate = |(example, (value, variance)): (&&Example, (f64, f64))| {
            let (seconds, deviation) = (bound(&example.unit) * (mean + value).exp(), variance.sqrt());
            let reach = (WITHIN * deviation).exp();
            Estimate { interval: Some((seconds / reach, seconds * reach)), ..Estimate::of(seconds) }
        };
        examples.iter().zip(predicted).map(estimate).collect::<Vec<_>>()
    };
    Ok(Box::new(Fitted { name, estimates }))
}

/// Mean and deviation of each feature.
struct Scale([(f64, f64); FEATURE_COUNT]);

impl Scale {
    fn new(examples: &[&Example]) -> Scale {
        let of = |at: usize| {
            let values: Vec<f64> = examples.iter().map(|example| f64::from(example.unit.features[at])).collect();
            let mean = super::super::mean(&values);
            let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / values.len() as f64;
            // A feature that is always the same says nothing.
            (mean, if variance > 0.0 { variance.sqrt() } else { f64::INFINITY })
        };
        Scale(std::array::from_fn(of))
    }

    /// A column for each example.
    fn rows(&self, examples: &[&Example]) -> DMatrix<f64> {
        DMatrix::from_fn(FEATURE_COUNT, examples.len(), |at, column| {
            let (mean, deviation) = self.0[at];
            (f64::from(examples[column].unit.features[at]) - mean) / deviation
        })
    }
}

/// Examples, projected on the inducing ones, which are the first of them; in units of the process's variance.
struct Projected {
    length: f64,
    inducing: DMatrix<f64>,
    /// Of the covariance K of the inducing examples, K = L L'.
    factor: Cholesky<f64, Dyn>,
    /// P P' and P y, where P = L^-1 k are the examples, column by column.
    information: DMatrix<f64>,
    projection: DVector<f64>,
    /// y' y and the number of examples.
    squares: f64,
    count: usize,
}

struct Posterior {
    /// The logarithm of the evidence, without a constant.
    evidence: f64,
    /// Of P P' + noise I.
    factor: Cholesky<f64, Dyn>,
    weights: DVector<f64>,
    /// The variance of the process, and that of the noise as a part of it.
    variance: f64,
    noise: f64,
}

impl Projected {
    /// Nothing where the covariance is singular.
    fn new(rows: &DMatrix<f64>, targets: &DVector<f64>, most: usize, length: f64) -> Option<Projected> {
        let inducing = rows.columns(0, rows.ncols().min(most)).into_owned();
        let length = length * (FEATURE_COUNT as f64).sqrt();
        let mut covariance = kernel(&inducing, &inducing, length);
        (0..covariance.nrows()).for_each(|at| covariance[(at, at)] += JITTER);
        let factor = covariance.cholesky()?;
        let size = inducing.ncols();
        let (mut information, mut projection) = (DMatrix::zeros(size, size), DVector::zeros(size));
        for start in (0..rows.ncols()).step_by(1024) {
            let some = rows.columns(start, (rows.ncols() - start).min(1024)).into_owned();
            let mut projected = kernel(&inducing, &some, length);
            factor.l_dirty().solve_lower_triangular_mut(&mut projected);
            information.gemm(1.0, &projected, &projected.transpose(), 1.0);
            projection.gemv(1.0, &projected, &targets.rows(start, some.ncols()), 1.0);
        }
        let (squares, count) = (targets.norm_squared(), targets.len());
        Some(Projected { length, inducing, factor, information, projection, squares, count })
    }

    /// With noise of this part of the process's variance.
    fn posterior(&self, noise: f64) -> Option<Posterior> {
        let size = self.information.nrows();
        let factor = (&self.information + DMatrix::identity(size, size) * noise).cholesky()?;
        let weights = factor.solve(&self.projection);
        let count = self.count as f64;
        // y' (P'P + noise I)^-1 y and the determinant of the same matrix, by the lemmas of inversion and of determinants.
        // The noise keeps the first one above zero, but for rounding.
        let squares = ((self.squares - self.projection.dot(&weights)) / noise).max(f64::MIN_POSITIVE);
        let roots: f64 = factor.l_dirty().diagonal().iter().map(|root| root.ln()).sum();
        let determinant = (count - size as f64) * noise.ln() + 2.0 * roots;
        let variance = squares / count;
        let evidence = -0.5 * (count * variance.ln() + determinant);
        evidence.is_finite().then_some(Posterior { evidence, factor, weights, variance, noise })
    }

    /// Mean and variance, noise included, of each column.
    fn predict(&self, posterior: &Posterior, rows: &DMatrix<f64>) -> Vec<(f64, f64)> {
        let mut projected = kernel(&self.inducing, rows, self.length);
        self.factor.l_dirty().solve_lower_triangular_mut(&mut projected);
        let means = projected.tr_mul(&posterior.weights);
        let known: Vec<f64> = projected.column_iter().map(|column| column.norm_squared()).collect();
        posterior.factor.l_dirty().solve_lower_triangular_mut(&mut projected);
        let left = projected.column_iter().map(|column| posterior.noise * column.norm_squared());
        let variance = known.iter().zip(left).map(|(known, left)| (1.0 - known).max(0.0) + left + posterior.noise);
        means.iter().copied().zip(variance.map(|variance| variance * posterior.variance)).collect()
    }
}

/// Matérn's kernel of smoothness 3/2 between the columns of both.
fn kernel(a: &DMatrix<f64>, b: &DMatrix<f64>, length: f64) -> DMatrix<f64> {
    let squares =
        |rows: &DMatrix<f64>| -> Vec<f64> { rows.column_iter().map(|column| column.norm_squared()).collect() };
    let (of_a, of_b) = (squares(a), squares(b));
    let mut products = a.tr_mul(b);
    for (mut column, of_b) in products.column_iter_mut().zip(of_b) {
        for (value, of_a) in column.iter_mut().zip(&of_a) {
            let distance = (of_a + of_b - 2.0 * *value).max(0.0).sqrt() * 3f64.sqrt() / length;
            *value = (1.0 + distance) * (-distance).exp();
        }
    }
    products
}
