//! What a model has seen, and what is outside of it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::text::{FEATURE_COUNT, FEATURES, Unit, vocabulary};

/// Why a prediction is none to rely on: something is unlike all that the model was trained on. The analytic model serves.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Outside {
    #[error("the text has no space, no schedule or no machine")]
    Incomplete,
    #[error("the operation `{0}` is none that the cost model was trained on")]
    Operation(String),
    /// A type, an attribute or a part of a schedule.
    #[error("`{0}` is nothing that the cost model was trained on")]
    Word(String),
    #[error("the machine is none that the cost model was trained on")]
    Target,
    #[error("{feature} is {value:.4}, and the cost model was trained on {low:.4} to {high:.4}")]
    Size { feature: &'static str, value: f64, low: f64, high: f64 },
}

/// What was seen in training.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(super) struct Known {
    tokens: BTreeSet<u16>,
    targets: BTreeSet<u64>,
    /// Least and greatest of each feature.
    ranges: Vec<(f32, f32)>,
}

/// The value of feature `known` where space, schedule and machine are.
const COMPLETE: f32 = 7.0;

impl Known {
    pub fn new(units: &[&Unit]) -> Known {
        let ranges = vec![(f32::INFINITY, f32::NEG_INFINITY); FEATURE_COUNT];
        let mut known = Known { ranges, ..Known::default() };
        known.extend(units.iter().copied());
        known
    }

    /// Takes what was measured of more units for seen.
    pub fn extend<'a>(&mut self, units: impl Iterator<Item = &'a Unit>) {
        for unit in units {
            self.tokens.extend(&unit.tokens.ids);
            self.targets.extend(unit.target);
            for ((low, high), x) in self.ranges.iter_mut().zip(&unit.features) {
                (*low, *high) = (low.min(*x), high.max(*x));
            }
        }
    }

    pub fn is_sound(&self) -> bool {
        self.ranges.len() == FEATURE_COUNT && self.ranges.iter().all(|(low, high)| low <= high)
    }

    pub fn knows_target(&self, unit: &Unit) -> bool {
        unit.target.is_some_and(|target| self.targets.contains(&target))
    }

    /// What of a unit was not seen, the gravest thing first.
    pub fn outside(&self, unit: &Unit) -> Option<Outside> {
        let complete = FEATURES.iter().position(|feature| feature.name == "known");
        if complete.is_some_and(|at| unit.features[at] != COMPLETE) {
            return Some(Outside::Incomplete);
        }
        let is_operation = |id: u16| vocabulary::is_operation(id);
        let mut unseen = unit.tokens.ids.iter().copied().filter(|id| !self.tokens.contains(id));
        let first = unseen.clone().find(|id| is_operation(*id)).or_else(|| unseen.next());
        if let Some(id) = first {
            let name = vocabulary::name(id).to_string();
            return Some(if is_operation(id) { Outside::Operation(name) } else { Outside::Word(name) });
        }
        if unit.unknown.operations > 0 {
            return Some(Outside::Operation("of no known name".into()));
        }
        if !self.knows_target(unit) {
            return Some(Outside::Target);
        }
        self.ranges.iter().enumerate().find_map(|(feature, range)| size(feature, unit.features[feature], *range))
    }
}

/// A feature may be a factor of two beyond what was seen, and half of one where it is not a logarithm.
fn size(feature: usize, value: f32, (low, high): (f32, f32)) -> Option<Outside> {
    let feature = &FEATURES[feature];
    let (tolerance, plain): (f32, fn(f64) -> f64) = match feature.scaling() {
        "ln(1 + x)" => (std::f32::consts::LN_2, f64::exp_m1),
        "x" => (0.5, |x| x),
        _ => (1.0, f64::exp2),
    };
    let inside = (low - tolerance..=high + tolerance).contains(&value);
    let [value, low, high] = [value, low, high].map(|x| plain(f64::from(x)));
    (!inside).then_some(Outside::Size { feature: feature.name, value, low, high })
}
