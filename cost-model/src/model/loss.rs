//! What training makes small, and its gradients.

use super::matrix::Matrix;
use crate::dataset::{Example, PROCESSORS, bound};

/// Columns of tier 1: the logarithm of seconds / bound, how far its tenths of least and greatest are, then what is known
/// without running the code.
pub(super) const TIME: usize = 0;
pub(super) const LOW: usize = 1;
pub(super) const HIGH: usize = 2;
/// The first of [`LABELS`] columns: [`CODE`] of registers and of the logarithms of 1 + spills, instructions, bytes, then the
/// logarithms of llvm-mca's cycles by processor; all standardized.
pub(super) const STATIC: usize = 3;
pub(super) const CODE: usize = 4;
pub(super) const LABELS: usize = CODE + PROCESSORS.len();
/// Log-odds that there are spills.
pub(super) const SPILLS: usize = STATIC + LABELS;

/// Up to here residuals count by their square.
const HUBER: f32 = 0.15;
/// Differences of logarithms that scores are compared by.
const SOFTNESS: f32 = 0.08;
/// Weights of the parts beside the residual's.
const PAIRS: f32 = 0.6;
const REGRET: f32 = 0.6;
const INTERVAL: f32 = 0.3;
const CODES: f32 = 0.05;
/// Noise that halves a row's weight.
const NOISE: f64 = 0.1;

/// What a row teaches.
#[derive(Clone, Debug)]
pub(super) struct Target {
    /// ln(seconds / bound).
    pub time: f32,
    pub weight: f32,
    /// Values of the columns of what is known without running the code, not standardized.
    pub labels: [Option<f32>; LABELS],
}

impl Target {
    pub fn new(example: &Example) -> Target {
        let time = (example.seconds / bound(&example.unit)).ln() as f32;
        let weight = (1.0 / (1.0 + (example.noise / NOISE).powi(2))) as f32;
        Target { time, weight, labels: labels(example) }
    }
}

fn labels(example: &Example) -> [Option<f32>; LABELS] {
    let log = |x: u32| f64::from(x).ln_1p() as f32;
    let code = example
        .code
        .map(|code| [code.registers as f32, log(code.spills), log(code.instructions), log(code.code_bytes)]);
    std::array::from_fn(|column| match column.checked_sub(CODE) {
        None => code.map(|code| code[column]),
        Some(processor) => example.mca[processor].map(|cycles| cycles.ln() as f32),
    })
}

/// Means and standard deviations of the columns of labels.
pub(super) type Standard = [(f32, f32); LABELS];

/// Rows that follow each other and are candidates of one program.
pub(super) type Groups = Vec<std::ops::Range<usize>>;

/// The loss of a batch, divided by a number of rows, and its gradient by the outputs. Networks with one output learn time.
pub(super) fn loss(
    outputs: &Matrix,
    targets: &[&Target],
    groups: &Groups,
    standard: &Standard,
    rows: f32,
) -> (f64, Matrix) {
    let mut gradient = Matrix::zeros(outputs.rows, outputs.cols);
    let mut total = 0.0;
    for (row, target) in targets.iter().enumerate() {
        total += point(outputs.row(row), target, standard, rows, gradient.row_mut(row));
    }
    for group in groups {
        total += choice(outputs, targets, group.clone(), rows, &mut gradient);
    }
    (total, gradient)
}

fn point(output: &[f32], target: &Target, standard: &Standard, rows: f32, gradient: &mut [f32]) -> f64 {
    let weight = target.weight / rows;
    let (mut total, slope) = huber(output[TIME] - target.time, HUBER);
    total *= weight;
    gradient[TIME] += weight * slope;
    if output.len() == 1 {
        return f64::from(total);
    }
    // How wide the interval is must not move what is in the middle.
    let weight_of_interval = INTERVAL * weight;
    for (column, sign) in [(LOW, -1.0), (HIGH, 1.0)] {
        let beyond = sign * (target.time - output[TIME]) - softplus(output[column]);
        let slope = if beyond > 0.0 { 0.9 } else { -0.1 };
        total += weight_of_interval * slope * beyond;
        gradient[column] -= weight_of_interval * slope * sigmoid(output[column]);
    }
    let weight = CODES / rows;
    for (i, (label, (mean, deviation))) in target.labels.iter().zip(standard).enumerate() {
        let Some(label) = label else { continue };
        let (value, slope) = huber(output[STATIC + i] - (label - mean) / deviation, 0.5);
        total += weight * value;
        gradient[STATIC + i] += weight * slope;
    }
    if let Some(spills) = target.labels[1] {
        let spills = f32::from(spills > 0.0);
        total += weight * (softplus(output[SPILLS]) - spills * output[SPILLS]);
        gradient[SPILLS] += weight * (sigmoid(output[SPILLS]) - spills);
    }
    f64::from(total)
}

/// What it costs to choose among candidates by their scores.
fn choice(
    outputs: &Matrix,
    targets: &[&Target],
    group: std::ops::Range<usize>,
    rows: f32,
    gradient: &mut Matrix,
) -> f64 {
    let count = group.len();
    if count < 2 {
        return 0.0;
    }
    let score = |row: usize| outputs.row(row)[TIME];
    let time = |row: usize| targets[row].time;
    let best = group.clone().map(time).fold(f32::INFINITY, f32::min);
    let mut total = 0.0;
    // Pairs: a logistic loss, whose weight grows with what the better one gains and with how good it is.
    let scale = PAIRS * SOFTNESS * 2.0 / ((count - 1) as f32 * rows);
    for a in group.clone() {
        for b in group.clone().filter(|b| time(*b) > time(a)) {
            let gap = time(b) - time(a);
            let sure = gap / (gap + 0.02);
            let weight = scale * sure * (-(time(a) - best) / 0.3).exp() * targets[a].weight.min(targets[b].weight);
            let margin = (score(b) - score(a)) / SOFTNESS;
            total += weight * softplus(-margin);
            let slope = weight * sigmoid(-margin) / SOFTNESS;
            gradient.row_mut(a)[TIME] += slope;
            gradient.row_mut(b)[TIME] -= slope;
        }
    }
    // Regret: the logarithm of what a choice by softened scores costs over the best one.
    let least = group.clone().map(score).fold(f32::INFINITY, f32::min);
    let share: Vec<f32> = group.clone().map(|row| (-(score(row) - least) / SOFTNESS).exp()).collect();
    let sum: f32 = share.iter().sum();
    let regret: f32 = group.clone().zip(&share).map(|(row, share)| share / sum * (time(row) - best).min(2.0)).sum();
    let scale = REGRET * count as f32 / rows;
    total += scale * regret;
    for (row, share) in group.zip(&share) {
        let excess = (time(row) - best).min(2.0) - regret;
        gradient.row_mut(row)[TIME] -= scale * share / sum * excess / SOFTNESS;
    }
    f64::from(total)
}

/// Huber's loss with a slope of at most 1, and its slope.
fn huber(residual: f32, knee: f32) -> (f32, f32) {
    if residual.abs() <= knee {
        (residual * residual / (2.0 * knee), residual / knee)
    } else {
        (residual.abs() - knee / 2.0, residual.signum())
    }
}

/// ln(1 + e^x).
pub(super) fn softplus(x: f32) -> f32 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

pub(super) fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}
