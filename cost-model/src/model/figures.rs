//! How good predictions are.

use serde::{Deserialize, Serialize};

use super::train::groups;
use crate::dataset::Example;

/// Figures over rows, and over programs with several candidates.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Figures {
    /// Mean of |predicted / measured - 1|.
    pub error: f64,
    /// Share of pairs of candidates whose order is right; those within 2 % of each other are left out.
    pub pairs: f64,
    /// Geometric mean over programs: measured time of the candidate predicted best / of the best one.
    pub regret: f64,
    /// The same of the best of the five predicted best.
    pub regret_of_five: f64,
    /// Programs with several candidates.
    pub programs: usize,
}

/// Pairs closer than this are not told apart by measuring either.
const CLOSE: f64 = 1.02;

/// Figures of predicted seconds.
pub fn figures(examples: &[&Example], seconds: &[f64]) -> Figures {
    let error = examples.iter().zip(seconds).map(|(example, predicted)| (predicted / example.seconds - 1.0).abs());
    let mut result = Figures { error: error.sum::<f64>() / examples.len().max(1) as f64, ..Figures::default() };
    let (mut right, mut pairs, mut first, mut five) = (0.0, 0.0, 0.0, 0.0);
    for mut group in groups(examples).into_iter().filter(|group| group.len() > 1) {
        for (place, a) in group.iter().enumerate() {
            for b in &group[place + 1..] {
                let (measured, predicted) = (examples[*a].seconds / examples[*b].seconds, seconds[*a] / seconds[*b]);
                if measured.max(1.0 / measured) > CLOSE {
                    pairs += 1.0;
                    right += f64::from(u8::from((measured > 1.0) == (predicted > 1.0)));
                }
            }
        }
        let best_of = |group: &[usize]| group.iter().map(|row| examples[*row].seconds).fold(f64::INFINITY, f64::min);
        let best = best_of(&group);
        group.sort_by(|a, b| seconds[*a].total_cmp(&seconds[*b]));
        first += (examples[group[0]].seconds / best).ln();
        five += (best_of(&group[..group.len().min(5)]) / best).ln();
        result.programs += 1;
    }
    let programs = result.programs.max(1) as f64;
    result.pairs = right / f64::max(pairs, 1.0);
    result.regret = f64::exp(first / programs);
    result.regret_of_five = f64::exp(five / programs);
    result
}
