//! A model adapted to a machine by a handful of measurements, in closed form.
//!
//! What a kernel takes on the machine is what the model says of it times a factor, which is linear in what the kernel spends
//! its time on:
//!
//! ```text
//! seconds(x) / model(x) = s (w . phi(x) + e(x))
//! ```
//!
//! `phi` ([`columns`]) is a constant, the shares of what code generation expects of the kernel, and what all of its bytes and
//! a call take beside the prediction: a machine may take longer for everything, for some kinds of instructions, or for
//! memory. The weights `w` have a Gaussian prior; several are weighed by their evidence ([`HYPOTHESES`]). The noise `e`,
//! mostly the model's own error, grows with the factor. [`crate::transfer`] has the formulas; there are no sources here, since
//! the model itself is what other machines say.
//!
//! ```no_run
//! use hwc_cost_model::model::{Model, Pool};
//!
//! # let (units, measured) = (vec![], |_: &usize| 1e-3);
//! let model = Model::open("cost.model")?;
//! let pool = Pool::new(&model, units)?;
//! let samples: Vec<(usize, f64)> = pool.design(10)?.iter().map(|unit| (*unit, measured(unit))).collect();
//! let adapted = pool.adapt(&samples)?;
//! # Ok::<(), hwc_cost_model::model::Error>(())
//! ```

use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::Model;
use super::error::Error;
use crate::dataset::{CALL, NOMINAL, work};
use crate::text::{FEATURES, Unit};
use crate::transfer::{Adaptation, Center, Features, Hypothesis, Measurement, Posterior, TransferError};

/// Shares: loads, shuffles, arithmetic and stores with everything in the nearest cache, lines from beyond each cache, the
/// call, and functions.
const SHARES: usize = 9;
/// What bytes and calls take beside the prediction.
const SUMS: usize = 2;
/// Weights of a correction.
const COLUMNS: usize = 1 + SHARES + SUMS;

/// Cycles of a function of the elements of a register.
const FUNCTION: f64 = 10.0;
/// What bytes and calls take beside the prediction, at most.
const MOST: f64 = 8.0;

/// Variances of the weights of shares and sums. They were chosen by leaving out each instruction set of the measured rows,
/// and by times with cold caches as those of another machine; `docs/cost-model.md` has the figures.
const HYPOTHESES: [(f64, f64); 3] = [(0.0, 0.01), (0.03, 0.01), (0.0, 0.3)];
/// Standard deviations of the noise, beside the factor.
const NOISES: [f64; 2] = [0.15, 0.3];
/// How often the noise is made proportional to the factors that were found.
const ROUNDS: usize = 2;
/// A factor is within these multiples of the median factor of the kernels that could be measured.
const FACTORS: (f64, f64) = (0.25, 16.0);
/// Half of the interval of 90 % of a normal distribution, in standard deviations.
const NINETY: f64 = 1.645;

/// What a machine's kernels take beside what a model says.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(super) struct Correction {
    /// [`Unit::target`] of the machine's kernels.
    pub target: u64,
    weights: Vec<f64>,
    /// Of the weights, row by row.
    covariance: Vec<f64>,
    /// The median factor.
    typical: f64,
}

/// Kernels of one machine that may be measured.
#[derive(Debug)]
pub struct Pool {
    model: Model,
    units: Vec<Unit>,
    /// What the model as it is expects, in seconds.
    predicted: Vec<f64>,
    target: u64,
}

impl Pool {
    /// `units`: of one machine, and but for that of a kind that the model knows.
    ///
    /// # Errors
    /// [`Error::Examples`] with all that is wrong with the kernels; [`Error::NoRuntime`], [`Error::Runtime`].
    pub fn new(model: &Model, units: Vec<Unit>) -> Result<Pool, Error> {
        let targets: BTreeSet<Option<u64>> = units.iter().map(|unit| unit.target).collect();
        let [Some(target)] = targets.into_iter().collect::<Vec<_>>()[..] else {
            return Err(Error::Examples(vec!["the kernels are not of one machine that their texts name".into()]));
        };
        let mut model = model.clone();
        // What was known of the machine is replaced.
        model.content.corrections.retain(|correction| correction.target != target);
        let predicted = model.runner()?.predict(&units)?.into_iter().map(|prediction| prediction.seconds).collect();
        Ok(Pool { model, units, predicted, target })
    }

    fn prior(&self) -> Result<Adaptation, TransferError> {
        let columns = self.units.iter().zip(&self.predicted).map(|(unit, seconds)| columns(unit, *seconds));
        let columns: Vec<[f64; COLUMNS]> = columns.collect();
        let block = |from: usize, to: usize| {
            Features::new(&columns.iter().map(|columns| columns[from..to].to_vec()).collect::<Vec<_>>())
        };
        let hypotheses = HYPOTHESES.map(|(shares, sums)| Hypothesis {
            center: Center::Mean,
            odds: 1.0,
            scale: 0.0,
            span: 0.0,
            constant: 1.0,
            blocks: vec![shares, sums],
        });
        Adaptation::new(&[], &[&block(1, 1 + SHARES)?, &block(1 + SHARES, COLUMNS)?], &hypotheses, &NOISES)
    }

    /// `count` of the kernels that tell most of all of them, the most telling first; those of a smaller count come first in
    /// a larger one. Nothing has to be measured for it.
    ///
    /// # Errors
    /// [`Error::Examples`] where there are fewer kernels.
    pub fn design(&self, count: usize) -> Result<Vec<usize>, Error> {
        let all: Vec<usize> = (0..self.units.len()).collect();
        self.prior().and_then(|prior| prior.design(&all, count)).map_err(refused)
    }

    /// The model that knows the machine by these measurements: numbers of kernels, with seconds of a run with operands in the
    /// caches.
    ///
    /// # Errors
    /// [`Error::Examples`] with what is wrong with the measurements.
    pub fn adapt(&self, measured: &[(usize, f64)]) -> Result<Model, Error> {
        let mut model = self.model.clone();
        model.content.corrections.push(self.correction(measured).map_err(refused)?);
        model.content.known.extend(measured.iter().map(|(unit, _)| &self.units[*unit]));
        Ok(model)
    }

    /// What is expected of each measured kernel by the model as it is, and adapted by the other measurements; seconds.
    ///
    /// # Errors
    /// As [`Pool::adapt`]; fewer than two measurements.
    pub fn left_out(&self, measured: &[(usize, f64)]) -> Result<Vec<(f64, f64)>, Error> {
        let without = |place: usize| {
            let others = [&measured[..place], &measured[place + 1..]].concat();
            let (correction, unit) = (self.correction(&others)?, self.known(measured[place].0)?);
            let before = self.predicted[unit];
            Ok((before, before * correction.factor(&self.units[unit], before).0))
        };
        (0..measured.len()).map(without).collect::<Result<_, _>>().map_err(refused)
    }

    /// The number of a kernel, if there is such a one.
    fn known(&self, unit: usize) -> Result<usize, TransferError> {
        let programs = self.units.len();
        if unit < programs { Ok(unit) } else { Err(TransferError::OutOfRange { program: unit, programs }) }
    }

    fn correction(&self, measured: &[(usize, f64)]) -> Result<Correction, TransferError> {
        let mut prior = self.prior()?;
        let ratio = |(unit, seconds): &(usize, f64)| {
            let program = self.known(*unit)?;
            Ok(Measurement { program, time: seconds / self.predicted[program] })
        };
        let ratios: Vec<Measurement> = measured.iter().map(ratio).collect::<Result<_, _>>()?;
        let all: Vec<usize> = (0..self.units.len()).collect();
        let typical = |posterior: &Posterior| -> Result<(Vec<f64>, f64), TransferError> {
            let factors = posterior.means(&all)?;
            let mut sorted = factors.clone();
            sorted.sort_by(f64::total_cmp);
            // Of prior programs there is one at least.
            Ok((factors, sorted[sorted.len() / 2].max(f64::MIN_POSITIVE)))
        };
        for _ in 0..ROUNDS {
            let (factors, typical) = typical(&prior.adapt(&ratios)?)?;
            let relative = |factor: &f64| (factor / typical).clamp(FACTORS.0, FACTORS.1);
            prior.set_noise(&factors.iter().map(relative).collect::<Vec<_>>())?;
        }
        let posterior = prior.adapt(&ratios)?;
        let (weights, covariance) = posterior.moments();
        Ok(Correction {
            target: self.target,
            weights: weights.as_slice().to_vec(),
            covariance: covariance.as_slice().to_vec(),
            typical: typical(&posterior)?.1,
        })
    }
}

fn refused(error: TransferError) -> Error {
    Error::Examples(vec![error.to_string()])
}

impl Correction {
    /// The factor of a kernel that the model expects to take so many seconds, and the standard deviation of its logarithm.
    pub fn factor(&self, unit: &Unit, seconds: f64) -> (f64, f64) {
        let columns = columns(unit, seconds);
        let mean: f64 = self.weights.iter().zip(columns).map(|(weight, x)| weight * x).sum();
        let rows = self.covariance.chunks(COLUMNS).zip(columns);
        let variance: f64 = rows.map(|(row, x)| x * row.iter().zip(columns).map(|(q, y)| q * y).sum::<f64>()).sum();
        let factor = mean.clamp(self.typical * FACTORS.0, self.typical * FACTORS.1);
        (factor, variance.max(0.0).sqrt() / factor)
    }

    /// The factors of the median and of both ends of the interval.
    pub fn factors(&self, unit: &Unit, seconds: f64) -> [f64; 3] {
        let (factor, deviation) = self.factor(unit, seconds);
        let wider = (NINETY * deviation).exp();
        [factor, factor / wider, factor * wider]
    }

    pub fn is_sound(&self) -> bool {
        let sized = self.weights.len() == COLUMNS && self.covariance.len() == COLUMNS * COLUMNS;
        let mut numbers = self.weights.iter().chain(&self.covariance);
        sized && numbers.all(|x| x.is_finite()) && self.typical.is_finite() && self.typical > 0.0
    }
}

/// What the weights of a correction multiply.
fn columns(unit: &Unit, seconds: f64) -> [f64; COLUMNS] {
    let mut columns = [1.0; COLUMNS];
    columns[1..=SHARES].copy_from_slice(&shares(unit));
    let bytes = work(unit).bytes / NOMINAL.bytes_per_second;
    columns[1 + SHARES..].copy_from_slice(&[bytes, 10.0 * CALL].map(|part| (part / seconds).min(MOST)));
    columns
}

/// Features that shares are made of, in the order of [`PLACES`].
const READ: [&str; 11] = [
    "loads",
    "shuffles",
    "arithmetic",
    "stores",
    "beyond_l1",
    "beyond_l2",
    "beyond_l3",
    "estimate",
    "functions",
    "register_bits",
    "threads",
];

static PLACES: LazyLock<[usize; READ.len()]> =
    LazyLock::new(|| READ.map(|name| FEATURES.iter().position(|feature| feature.name == name).unwrap_or_default()));

/// Shares of a kernel's cycles, of which all but the last add up to one.
fn shares(unit: &Unit) -> [f64; SHARES] {
    let [loads, shuffles, arithmetic, stores, l1, l2, l3, estimate, functions, bits, threads] =
        PLACES.map(|at| f64::from(unit.features[at]));
    let (core, beyond) = ([loads, shuffles, arithmetic, stores], [l1, l2, l3]);
    let (sum, cycles) = (core.iter().sum::<f64>(), estimate.exp_m1());
    let (core, beyond) = if cycles > 0.0 && sum > 0.0 {
        (core.map(|part| part / sum * cycles), beyond.map(|lines| lines.exp_m1() * cycles))
    } else {
        // What code generation says nothing of.
        let work = work(unit);
        let seconds = work.bytes / NOMINAL.bytes_per_second;
        ([0.0, 0.0, work.flops, 0.0], [0.0, 0.0, seconds * NOMINAL.flops_per_second])
    };
    let call = CALL * NOMINAL.flops_per_second;
    let all = core.iter().chain(&beyond).sum::<f64>() + call;
    // Elements of 32 bits in all registers that work at once.
    let lanes = 4.0 * bits.exp2() * threads.exp_m1().max(1.0);
    let functions = (functions.exp_m1() * FUNCTION / lanes).min(all);
    let mut parts = core.into_iter().chain(beyond).chain([call, functions]);
    std::array::from_fn(|_| parts.next().unwrap_or_default() / all)
}
