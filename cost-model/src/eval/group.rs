//! Candidates of one choice, and which of them a predictor takes.

use super::Estimate;
use crate::dataset::Example;
use serde::Serialize;
use std::collections::HashMap;

/// Schedules of one program on one device by as many threads: what is chosen among.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Group {
    pub program: u64,
    pub device: String,
    pub threads: u32,
    /// See [`Example::class`].
    pub class: &'static str,
    /// Places among the examples; never none.
    pub members: Vec<usize>,
}

/// Groups in the order of their first examples.
pub fn groups(examples: &[Example]) -> Vec<Group> {
    let (mut groups, mut places) = (Vec::<Group>::new(), HashMap::new());
    for (place, example) in examples.iter().enumerate() {
        let Example { program, threads, .. } = *example;
        let group = *places.entry((program, &*example.device, threads)).or_insert(groups.len());
        match groups.get_mut(group) {
            Some(group) => group.members.push(place),
            None => {
                let (class, device) = (example.class(), example.device.clone());
                groups.push(Group { program, device, threads, class, members: vec![place] });
            }
        }
    }
    groups
}

/// What a predictor takes of a group, and what is best.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Choice {
    pub group: Group,
    /// Place of the candidate that is predicted best, the first of equal ones.
    pub taken: usize,
    /// Place of the candidate that is measured best.
    pub best: usize,
    /// Measured seconds of what is taken / of the best one; at least 1.
    pub regret: f64,
}

/// One choice for each group, worst regret first. `estimates`: one for each example, all finite.
pub fn choose(examples: &[Example], estimates: &[Estimate], groups: &[Group]) -> Vec<Choice> {
    let least = |group: &Group, of: &dyn Fn(usize) -> f64| {
        group.members.iter().copied().min_by(|&a, &b| of(a).total_cmp(&of(b)))
    };
    let choice = |group: &Group| {
        let taken = least(group, &|place| estimates[place].seconds)?;
        let best = least(group, &|place| examples[place].seconds)?;
        let regret = examples[taken].seconds / examples[best].seconds;
        Some(Choice { group: group.clone(), taken, best, regret })
    };
    let mut choices: Vec<Choice> = groups.iter().filter_map(choice).collect();
    choices.sort_by(|a, b| b.regret.total_cmp(&a.regret));
    choices
}

/// The expected logarithm of the regret where the best of the `count` that are predicted best is taken, and chance decides
/// among equal predictions. `candidates`: predicted and measured seconds; nothing where there are none.
///
/// Of `n` candidates of equal predictions, sorted by what is measured, `r` are drawn without replacement; the best of the
/// draw is the `j`-th (from 0) with the probability `C(n - 1 - j, r - 1) / C(n, r)`.
pub fn expected_log_regret(candidates: &[(f64, f64)], count: usize) -> Option<f64> {
    let least = |values: &[(f64, f64)]| values.iter().map(|(_, seconds)| *seconds).fold(f64::INFINITY, f64::min);
    let best = least(candidates);
    let mut sorted = candidates.to_vec();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let last = sorted.get(count.min(sorted.len()).checked_sub(1)?)?.0;
    let sure = sorted.partition_point(|(predicted, _)| *predicted < last);
    let equal = &sorted[sure..sorted.partition_point(|(predicted, _)| *predicted <= last)];
    let (sure_best, n, r) = (least(&sorted[..sure]), equal.len(), count - sure);
    // Where all of them are taken, the first is.
    let mut probability = (r as f64 / n as f64).min(1.0);
    let mut sum = 0.0;
    for (j, (_, seconds)) in equal.iter().enumerate() {
        sum += probability * (seconds.min(sure_best) / best).ln();
        // C(n - 2 - j, r - 1) / C(n - 1 - j, r - 1)
        let left = (n - 1 - j) as f64;
        probability *= if left > 0.0 { ((left - (r as f64 - 1.0)) / left).max(0.0) } else { 0.0 };
    }
    Some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: Option<f64>, expected: f64) {
        assert!((found.expect("is defined") - expected).abs() < 1e-12, "{found:?} {expected}");
    }

    #[test]
    fn regret_is_what_the_choice_takes_over_the_best() {
        let candidates = [(3.0, 1.0), (1.0, 2.0), (2.0, 4.0)];
        close(expected_log_regret(&candidates, 1), 2f64.ln());
        close(expected_log_regret(&candidates, 2), 2f64.ln());
        close(expected_log_regret(&candidates, 3), 0.0);
        close(expected_log_regret(&candidates, 5), 0.0);
        assert_eq!(expected_log_regret(&[], 1), None);
        close(expected_log_regret(&[(1.0, 7.0)], 1), 0.0);
    }

    #[test]
    fn chance_decides_among_equal_predictions() {
        let candidates = [(1.0, 1.0), (1.0, 2.0), (1.0, 4.0)];
        close(expected_log_regret(&candidates, 1), (2f64.ln() + 4f64.ln()) / 3.0);
        // Of two out of three the pair (2, 4) alone is without the best.
        close(expected_log_regret(&candidates, 2), 2f64.ln() / 3.0);
        close(expected_log_regret(&candidates, 3), 0.0);
        // One is sure, of the two others one is drawn.
        close(expected_log_regret(&[(1.0, 4.0), (2.0, 1.0), (2.0, 8.0)], 2), 4f64.ln() / 2.0);
    }
}
