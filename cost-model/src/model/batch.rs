//! Units as a network reads them.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::matrix::Matrix;
use crate::dataset::bound;
use crate::text::{FEATURE_COUNT, FEATURES, NUMBERS, Unit};

/// Steps that a fact is divided into at most.
const STEPS: usize = 8;
/// How many standard deviations a fact may be away from its mean; further ones count as this.
const FURTHEST: f32 = 4.0;

/// Numbers that what tokens carry is divided by; the logarithm of a number goes from 0 to 1 along each part. Tiles are small,
/// and one more or less counts there.
const PARTS: [f32; 19] = [
    0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 11.0, 14.0, 16.0, 24.0, 32.0, 64.0, 128.0, 256.0, 1024.0, 8192.0, 1048576.0,
];

/// What is read of a token's number.
pub(crate) const NUMBER_INPUTS: usize = NUMBERS + PARTS.len() - 1;

/// Begins and reciprocal lengths of the parts, in the unit of a number's logarithm.
static SCALE: LazyLock<[(f32, f32); PARTS.len() - 1]> = LazyLock::new(|| {
    let log = |x: f32| (1.0 + x).log2() / 16.0;
    std::array::from_fn(|part| (log(PARTS[part]), (log(PARTS[part + 1]) - log(PARTS[part])).recip()))
});

/// Writes a token's numbers, and how far its logarithm is along each part.
pub(super) fn write_numbers(to: &mut [f32], numbers: &[f32; NUMBERS]) {
    let (plain, parts) = to.split_at_mut(NUMBERS);
    plain.copy_from_slice(numbers);
    for (to, (begin, scale)) in parts.iter_mut().zip(SCALE.iter()) {
        *to = ((numbers[1] - begin) * scale).clamp(0.0, 1.0);
    }
}

/// What is read of a unit as a whole: its features, and how much longer code generation expects it to take than its bound,
/// by a clock of 3 GHz, with everything in the nearest cache and with what comes from beyond; 0 where it does not say.
const FACTS: usize = FEATURE_COUNT + 2;

fn facts(unit: &Unit) -> [f32; FACTS] {
    let of = |at: usize| f64::from(unit.features[at]).exp_m1();
    let [estimate, beyond @ ..] = *ESTIMATE;
    let cycles = of(estimate);
    let ratio = |cycles: f64| if cycles > 0.0 { (cycles / 3e9 / bound(unit)).ln() } else { 0.0 };
    let ratios = [ratio(cycles), ratio(cycles * (1.0 + beyond.map(of).iter().sum::<f64>()))];
    std::array::from_fn(|fact| unit.features.get(fact).copied().unwrap_or_else(|| ratios[fact - FEATURE_COUNT] as f32))
}

/// The places of what code generation expects: cycles, and how many more for lines from beyond each cache.
static ESTIMATE: LazyLock<[usize; 4]> = LazyLock::new(|| {
    ["estimate", "beyond_l1", "beyond_l2", "beyond_l3"]
        .map(|name| FEATURES.iter().position(|feature| feature.name == name).unwrap_or_default())
});

/// How facts become inputs: each once by its mean and standard deviation, and once by steps between quantiles, of which
/// each goes from 0 to 1 along its part of the range.
///
/// Gorishniy et al.: On embeddings for numerical features in tabular deep learning (2022).
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(crate) struct Scaling {
    /// Of each fact.
    pub means: Vec<f32>,
    /// Reciprocals; 0 of one that is always the same.
    pub deviations: Vec<f32>,
    /// Fact, begin and end of each step.
    pub steps: Vec<(u16, f32, f32)>,
}

impl Scaling {
    pub fn new(units: &[&Unit]) -> Scaling {
        let mut scaling = Scaling::default();
        let count = units.len().max(1) as f64;
        let all: Vec<[f32; FACTS]> = units.iter().map(|unit| facts(unit)).collect();
        for fact in 0..FACTS {
            let mut values: Vec<f32> = all.iter().map(|facts| facts[fact]).collect();
            values.sort_by(f32::total_cmp);
            let mean = values.iter().map(|x| f64::from(*x)).sum::<f64>() / count;
            let variance = values.iter().map(|x| (f64::from(*x) - mean).powi(2)).sum::<f64>() / count;
            scaling.means.push(mean as f32);
            scaling.deviations.push(if variance > 1e-12 { variance.sqrt().recip() as f32 } else { 0.0 });
            let quantile = |step| values.get(step * values.len().saturating_sub(1) / STEPS).copied();
            let mut edges: Vec<f32> = (0..=STEPS).filter_map(quantile).collect();
            edges.dedup();
            scaling.steps.extend(edges.windows(2).map(|pair| (fact as u16, pair[0], pair[1])));
        }
        scaling
    }

    /// Whether it is one that [`Scaling::new`] makes.
    pub fn is_sound(&self) -> bool {
        let sized = self.means.len() == FACTS && self.deviations.len() == FACTS;
        let finite = self.means.iter().chain(&self.deviations).all(|x| x.is_finite());
        let sound = |(fact, begin, end): &(u16, f32, f32)| {
            usize::from(*fact) < FACTS && begin < end && (end - begin).is_finite()
        };
        sized && finite && self.steps.iter().all(sound)
    }

    /// Columns that a unit has.
    pub fn inputs(&self) -> usize {
        FACTS + self.steps.len()
    }

    pub fn inputs_of<'a>(&'a self, unit: &'a Unit) -> impl Iterator<Item = f32> + 'a {
        let facts = facts(unit);
        let scales = self.means.iter().zip(&self.deviations);
        let plain = scales
            .enumerate()
            .map(move |(fact, (mean, scale))| ((facts[fact] - mean) * scale).clamp(-FURTHEST, FURTHEST));
        let step = move |(fact, begin, end): &(u16, f32, f32)| {
            ((facts[usize::from(*fact)] - begin) / (end - begin)).clamp(0.0, 1.0)
        };
        plain.chain(self.steps.iter().map(step))
    }
}

/// Units of a step.
#[derive(Clone, Debug, Default)]
pub(crate) struct Batch {
    /// First token of each unit, and how many tokens there are.
    pub starts: Vec<usize>,
    /// Of all tokens.
    pub ids: Vec<usize>,
    /// A row for each token.
    pub numbers: Matrix,
    /// A row for each unit: [`Scaling::inputs_of`].
    pub inputs: Matrix,
}

impl Batch {
    pub fn new<'a>(units: impl ExactSizeIterator<Item = &'a Unit> + Clone, scaling: &Scaling) -> Batch {
        let mut starts = vec![0];
        for unit in units.clone() {
            starts.push(starts[starts.len() - 1] + unit.tokens.ids.len());
        }
        let tokens = starts[starts.len() - 1];
        let ids = units.clone().flat_map(|unit| &unit.tokens.ids).map(|id| usize::from(*id)).collect();
        let mut numbers = Matrix::zeros(tokens, NUMBER_INPUTS);
        let rows = numbers.data.chunks_exact_mut(NUMBER_INPUTS);
        rows.zip(units.clone().flat_map(|unit| &unit.tokens.numbers)).for_each(|(row, all)| write_numbers(row, all));
        let inputs = units.clone().flat_map(|unit| scaling.inputs_of(unit)).collect();
        Batch { starts, ids, numbers, inputs: Matrix::new(units.len(), scaling.inputs(), inputs) }
    }
}
