//! Outputs of the networks to predictions.

use super::batch::Batch;
use super::file::Content;
use super::loss::{CODE, HIGH, LOW, SPILLS, STATIC, TIME, softplus};
use super::network::{HIDDEN, Network, OUTPUTS, Sequence};
use super::outside::Outside;
use super::tape::Tape;
use crate::dataset::{PROCESSORS, bound};
use crate::text::Unit;

/// What is expected of a kernel.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    /// Median of the time of one run, with operands in the caches.
    pub seconds: f64,
    /// Nine of ten kernels of families that the model does not know take between these.
    pub low: f64,
    pub high: f64,
    /// A schedule of the same kernel that is expected to take so many times as long takes longer, in nine of ten cases: what
    /// predictions of one kernel have wrong in common does not count.
    pub apart: f64,
    pub code: CodeEstimate,
    /// Why not to rely on it; nothing where all of it was seen in training.
    pub outside: Option<Outside>,
}

/// What is expected of the code; see [`crate::dataset::Code`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CodeEstimate {
    pub registers: f64,
    /// 0 where none are likelier than some.
    pub spills: f64,
    pub instructions: f64,
    pub code_bytes: f64,
    /// llvm-mca's cycles of one iteration of the innermost loop, by number of [`PROCESSORS`].
    pub mca: [f64; PROCESSORS.len()],
}

/// One row of tier 1.
pub(super) type Row = [f32; OUTPUTS];

/// Logarithms are at most so far from 0, so that seconds are finite.
const FURTHEST: f64 = 40.0;

/// The ends of the interval of a row with a margin, in ln(seconds / bound); the median is within.
pub(super) fn interval(row: &Row, margin: f32) -> (f32, f32) {
    (row[TIME] - softplus(row[LOW]) - margin, row[TIME] + softplus(row[HIGH]) + margin)
}

/// Means over the members of tier 1, computed as training does.
pub(super) fn outputs(content: &Content, units: &[&Unit]) -> Vec<Row> {
    let network = Sequence { shape: content.shape, inputs: content.scaling.inputs() };
    let mut rows = vec![[0.0; OUTPUTS]; units.len()];
    let share = 1.0 / content.members.len().max(1) as f32;
    for (units, rows) in units.chunks(64).zip(rows.chunks_mut(64)) {
        let batch = Batch::new(units.iter().copied(), &content.scaling);
        for member in &content.members {
            let mut tape = Tape::new(member, &batch.starts);
            let outputs = network.outputs(&mut tape, &batch);
            for (number, row) in rows.iter_mut().enumerate() {
                row.iter_mut().zip(tape.value(outputs).row(number)).for_each(|(sum, x)| *sum += x * share);
            }
        }
    }
    rows
}

impl Content {
    pub fn prediction(&self, unit: &Unit, row: &Row) -> Prediction {
        let (low, high) = interval(row, self.margins.of(unit));
        let least = bound(unit);
        let seconds = |x: f32| least * f64::from(x).clamp(-FURTHEST, FURTHEST).exp();
        let median = seconds(row[TIME]);
        let [factor, lower, upper] =
            self.correction(unit).map_or([1.0; 3], |correction| correction.factors(unit, median));
        let label = |column: usize| {
            let (mean, deviation) = self.standard[column];
            f64::from(row[STATIC + column] * deviation + mean)
        };
        let [registers, spills, instructions, bytes]: [f64; CODE] = std::array::from_fn(label);
        let count = |x: f64| x.clamp(0.0, FURTHEST).exp_m1();
        Prediction {
            seconds: median * factor,
            low: seconds(low.min(row[TIME])) * lower,
            high: seconds(high.max(row[TIME])) * upper,
            apart: f64::from(self.apart.of(unit)).clamp(0.0, FURTHEST).exp(),
            code: CodeEstimate {
                registers: registers.max(0.0),
                spills: if row[SPILLS] > 0.0 { count(spills).max(1.0) } else { 0.0 },
                instructions: count(instructions),
                code_bytes: count(bytes),
                mca: std::array::from_fn(|processor| label(CODE + processor).clamp(-FURTHEST, FURTHEST).exp()),
            },
            outside: self.known.outside(unit),
        }
    }

    /// Seconds by tier 0.
    pub fn screen(&self, units: &[&Unit]) -> Vec<f64> {
        let seconds = |unit: &&Unit| {
            let seconds = bound(unit) * f64::from(self.score(unit)).clamp(-FURTHEST, FURTHEST).exp();
            seconds * self.correction(unit).map_or(1.0, |correction| correction.factor(unit, seconds).0)
        };
        units.iter().map(seconds).collect()
    }

    fn score(&self, unit: &Unit) -> f32 {
        const ONE: usize = HIDDEN[0];
        const TWO: usize = HIDDEN[1];
        let one: [f32; ONE] = layer(self.scaling.inputs_of(unit), &self.screen[0].data, &self.screen[1].data);
        let one = one.iter().map(|x| x.max(0.0));
        let two: [f32; TWO] = layer(one, &self.screen[2].data, &self.screen[3].data);
        let two = two.iter().map(|x| x.max(0.0));
        let [score] = layer(two, &self.screen[4].data, &self.screen[5].data);
        score
    }
}

/// `x * weights + bias`.
fn layer<const N: usize>(x: impl Iterator<Item = f32>, weights: &[f32], bias: &[f32]) -> [f32; N] {
    let mut sums = [0.0; N];
    sums.copy_from_slice(bias);
    // Most steps are 0, and so are half of what rectifiers give.
    for (x, row) in x.zip(weights.as_chunks::<N>().0).filter(|(x, _)| *x != 0.0) {
        sums.iter_mut().zip(row).for_each(|(sum, weight)| *sum += x * weight);
    }
    sums
}
