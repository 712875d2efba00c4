//! Split-conformal margins: how much wider the network's intervals must be to hold what they should, and how far apart
//! predictions of two schedules of a kernel must be to tell which is faster.
//!
//! Romano, Patterson, Candès: Conformalized quantile regression (2019).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::text::{Unit, vocabulary};

/// What intervals hold.
pub(super) const LEVEL: f64 = 0.9;
/// Rows and families of a class at least, so that it has a margin of its own.
const FEWEST: (usize, usize) = (200, 5);

/// Logarithms of factors, by class: of what is added to both ends of an interval, negative where the network's are too wide; or
/// of what tells schedules apart.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(super) struct Margins {
    all: f32,
    /// By token of the class of the space.
    classes: BTreeMap<u16, f32>,
}

/// The token of the class of a unit's space; 0 without a space.
pub(super) fn class(unit: &Unit) -> u16 {
    match unit.tokens.ids[..] {
        [space, class, ..] if vocabulary::name(space) == "space" => class,
        _ => 0,
    }
}

impl Margins {
    /// From what nothing was learned from: a unit, and the margin that would have been just enough.
    pub fn new(rows: &[(&Unit, f32)]) -> Margins {
        let mut classes: BTreeMap<u16, Vec<(u64, f32)>> = BTreeMap::new();
        for (unit, beyond) in rows {
            classes.entry(class(unit)).or_default().push((unit.family, *beyond));
        }
        let enough = |rows: &Vec<(u64, f32)>| {
            let families: std::collections::BTreeSet<u64> = rows.iter().map(|(family, _)| *family).collect();
            rows.len() >= FEWEST.0 && families.len() >= FEWEST.1
        };
        let own = classes.iter().filter(|(_, rows)| enough(rows));
        Margins {
            all: quantile(rows.iter().map(|(_, beyond)| *beyond).collect()),
            classes: own.map(|(class, rows)| (*class, quantile(rows.iter().map(|(_, b)| *b).collect()))).collect(),
        }
    }

    pub fn of(&self, unit: &Unit) -> f32 {
        *self.classes.get(&class(unit)).unwrap_or(&self.all)
    }

    pub fn is_sound(&self) -> bool {
        self.all.is_finite() && self.classes.values().all(|margin| margin.is_finite())
    }
}

/// The least value that as many of n + 1 do not exceed as the level says.
fn quantile(mut values: Vec<f32>) -> f32 {
    values.sort_by(f32::total_cmp);
    let rank = ((values.len() + 1) as f64 * LEVEL).ceil() as usize;
    values.get(rank.min(values.len()).saturating_sub(1)).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::quantile;

    #[test]
    fn quantiles_are_of_one_more_than_there_are() {
        assert_eq!(quantile((0..99).map(|x| x as f32).collect()), 89.0);
        assert_eq!(quantile(vec![3.0, 1.0]), 3.0);
        assert_eq!(quantile(vec![]), 0.0);
    }
}
