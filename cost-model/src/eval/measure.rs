//! What is measured of predictions. A figure of a set of programs is put together from parts of their families, so that
//! families can be drawn with replacement.

use super::group::{Group, expected_log_regret};
use super::{Estimate, groups};
use crate::dataset::{Code, Example};
use crate::transfer::spearman;
use serde::Serialize;
use std::collections::BTreeMap;

/// Candidates that a group has at least to say something about choosing.
pub const FEWEST: usize = 4;
/// How many of the best predictions are measured for `best5`.
const MEASURED: usize = 5;
/// How many standard errors of their difference two measurements are apart, or they are a tie.
const APART: f64 = 1.96;
/// Spills from which on there are some.
const SOME: f64 = 0.5;

/// A measure. Its name in JSON is that of [`Measure::name`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Mean of |predicted / measured - 1| over kernels.
    Mape,
    /// Part of the pairs of candidates of a group that are in the right order.
    Pairwise,
    /// Spearman's correlation of seconds over all kernels.
    Spearman,
    /// Seconds of the candidate predicted best / of the best: geometric mean over groups.
    Regret,
    RegretWorst,
    /// The same of the best of the five that are predicted best.
    Best5,
    Best5Worst,
    /// Part of the kernels in their intervals of 90 %.
    Coverage,
    /// Root of the mean squared error / range.
    Registers,
    Instructions,
    /// F1 of whether there are spills.
    Spills,
    /// How many times as many cycles are predicted as llvm-mca says, or the other way round: geometric mean over kernels and
    /// processors.
    Mca,
    /// Regret over the groups of a class.
    RegretOf(&'static str),
}

impl Measure {
    pub fn name(&self) -> String {
        let name = match self {
            Measure::Mape => "mape",
            Measure::Pairwise => "pairwise",
            Measure::Spearman => "spearman",
            Measure::Regret => "regret",
            Measure::RegretWorst => "regret worst",
            Measure::Best5 => "best5",
            Measure::Best5Worst => "best5 worst",
            Measure::Coverage => "coverage",
            Measure::Registers => "registers",
            Measure::Instructions => "instructions",
            Measure::Spills => "spills",
            Measure::Mca => "mca",
            Measure::RegretOf(class) => return format!("regret {class}"),
        };
        name.into()
    }
}

/// What a figure is put together from, by family.
pub(super) enum Parts {
    /// `finish` of the first sum / the second one.
    Ratio { sums: Vec<[f64; 2]>, finish: Box<dyn Fn(f64) -> f64> },
    /// The largest value.
    Largest(Vec<Option<f64>>),
    /// Spearman's correlation of predicted and measured.
    Ranks(Vec<Vec<[f64; 2]>>),
}

impl Parts {
    /// The figure of these families, one of them as often as it is there.
    pub fn figure(&self, families: impl Iterator<Item = usize>) -> Option<f64> {
        let figure = match self {
            Parts::Ratio { sums, finish } => {
                let [over, under] = families.map(|at| sums[at]).fold([0.0; 2], |[a, b], [c, d]| [a + c, b + d]);
                (under > 0.0).then(|| finish(over / under))
            }
            Parts::Largest(values) => families.filter_map(|at| values[at]).max_by(f64::total_cmp),
            Parts::Ranks(rows) => {
                let (predicted, measured): (Vec<f64>, Vec<f64>) = families
                    .flat_map(|at| rows[at].iter().map(|[predicted, measured]| (*predicted, *measured)))
                    .unzip();
                spearman(&predicted, &measured)
            }
        };
        figure.filter(|figure| figure.is_finite())
    }
}

/// A measure with its parts and how many things it is taken of: kernels, pairs or groups.
pub(super) struct Measured {
    pub measure: Measure,
    pub count: usize,
    pub parts: Parts,
}

/// Tests, ordered for measuring.
pub(super) struct Tests<'a> {
    pub examples: &'a [Example],
    pub groups: Vec<Group>,
    /// Number of the family of each example.
    family_of: Vec<usize>,
    pub families: usize,
}

impl Tests<'_> {
    pub fn new(examples: &[Example]) -> Tests<'_> {
        let mut numbers = BTreeMap::new();
        let mut number = |family: u64| {
            let next = numbers.len();
            *numbers.entry(family).or_insert(next)
        };
        let family_of: Vec<usize> = examples.iter().map(|example| number(example.unit.family)).collect();
        Tests { examples, groups: groups(examples), family_of, families: numbers.len() }
    }

    /// All measures of these estimates, one for each example.
    pub fn measure(&self, estimates: &[Estimate]) -> Vec<Measured> {
        let both = || self.examples.iter().zip(estimates);
        let mape = both().map(|(example, estimate)| Some([(estimate.seconds / example.seconds - 1.0).abs(), 1.0]));
        let covered = both().map(|(example, estimate)| {
            let (low, high) = estimate.interval?;
            Some([f64::from(u8::from((low..=high).contains(&example.seconds))), 1.0])
        });
        let spills = both().map(|(example, estimate)| {
            let (are, predicted) = (example.code?.spills > 0, estimate.spills? >= SOME);
            // Twice the right ones / what is there and what is predicted.
            Some([
                f64::from(u8::from(are && predicted)) * 2.0,
                f64::from(u8::from(are)) + f64::from(u8::from(predicted)),
            ])
        });
        let mca = both().map(|(example, estimate)| {
            let pairs = example.mca.iter().zip(estimate.mca?);
            let errors = pairs.filter_map(|(cycles, predicted)| Some((predicted / (*cycles)?).ln().abs()));
            errors.map(|error| [error, 1.0]).reduce(|[a, b], [c, d]| [a + c, b + d])
        });
        let mut all = vec![self.kernels(Measure::Mape, mape, |x| x), self.pairs(estimates), self.ranks(estimates)];
        all.extend(self.regrets(estimates));
        all.push(self.kernels(Measure::Coverage, covered, |x| x));
        all.push(self.range(Measure::Registers, estimates, |code| code.registers, |estimate| estimate.registers));
        all.push(self.range(
            Measure::Instructions,
            estimates,
            |code| code.instructions,
            |estimate| estimate.instructions,
        ));
        all.push(self.kernels(Measure::Spills, spills, |x| x));
        all.push(self.kernels(Measure::Mca, mca, f64::exp));
        all.extend(self.classes(estimates));
        all
    }

    /// Sums over kernels; a kernel may have no part.
    fn kernels(
        &self,
        measure: Measure,
        parts: impl Iterator<Item = Option<[f64; 2]>>,
        finish: impl Fn(f64) -> f64 + 'static,
    ) -> Measured {
        let (mut sums, mut count) = (vec![[0.0; 2]; self.families], 0);
        for (family, part) in self.family_of.iter().zip(parts) {
            let Some(part) = part else { continue };
            count += 1;
            sums[*family].iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
        }
        Measured { measure, count, parts: Parts::Ratio { sums, finish: Box::new(finish) } }
    }

    /// The root of the mean squared error as a part of the range of what is there.
    fn range(
        &self,
        measure: Measure,
        estimates: &[Estimate],
        are: fn(&Code) -> u32,
        predicted: fn(&Estimate) -> Option<f64>,
    ) -> Measured {
        let values = || self.examples.iter().filter_map(|example| example.code.as_ref()).map(are);
        let range = f64::from(values().max().unwrap_or(0) - values().min().unwrap_or(0));
        let squares = self.examples.iter().zip(estimates).map(|(example, estimate)| {
            let error = predicted(estimate)? - f64::from(are(example.code.as_ref()?));
            Some([error * error, 1.0])
        });
        self.kernels(measure, squares, move |x| x.sqrt() / range)
    }

    fn ranks(&self, estimates: &[Estimate]) -> Measured {
        let mut rows = vec![vec![]; self.families];
        for ((family, example), estimate) in self.family_of.iter().zip(self.examples).zip(estimates) {
            rows[*family].push([estimate.seconds, example.seconds]);
        }
        Measured { measure: Measure::Spearman, count: self.examples.len(), parts: Parts::Ranks(rows) }
    }

    /// Pairs that are no ties; equal predictions are right by half.
    fn pairs(&self, estimates: &[Estimate]) -> Measured {
        let (mut sums, mut count) = (vec![[0.0; 2]; self.families], 0);
        for Group { members, .. } in &self.groups {
            for (at, &a) in members.iter().enumerate() {
                for &b in &members[..at] {
                    let (one, other) = (&self.examples[a], &self.examples[b]);
                    let apart = (one.seconds / other.seconds).ln();
                    if apart.abs() <= APART * one.noise.hypot(other.noise) {
                        continue;
                    }
                    let predicted = estimates[a].seconds - estimates[b].seconds;
                    let right = if predicted == 0.0 { 0.5 } else { f64::from(u8::from(predicted * apart > 0.0)) };
                    let sum = &mut sums[self.family_of[a]];
                    *sum = [sum[0] + right, sum[1] + 1.0];
                    count += 1;
                }
            }
        }
        Measured { measure: Measure::Pairwise, count, parts: Parts::Ratio { sums, finish: Box::new(|x| x) } }
    }

    /// Expected logarithms of regrets of the groups that are large enough, each with the number of its family.
    fn log_regrets(&self, estimates: &[Estimate], count: usize) -> Vec<(usize, &Group, f64)> {
        let regret = |group: &Group| {
            let times = |&place: &usize| (estimates[place].seconds, self.examples[place].seconds);
            let candidates: Vec<(f64, f64)> = group.members.iter().map(times).collect();
            expected_log_regret(&candidates, count)
        };
        let large = self.groups.iter().filter(|group| group.members.len() >= FEWEST);
        large.filter_map(|group| Some((self.family_of[group.members[0]], group, regret(group)?))).collect()
    }

    fn regrets(&self, estimates: &[Estimate]) -> Vec<Measured> {
        let kinds = [(Measure::Regret, Measure::RegretWorst, 1), (Measure::Best5, Measure::Best5Worst, MEASURED)];
        let measured = kinds.into_iter().flat_map(|(measure, worst, count)| {
            let regrets = self.log_regrets(estimates, count);
            let mut largest: Vec<Option<f64>> = vec![None; self.families];
            for (family, _, regret) in &regrets {
                let largest = &mut largest[*family];
                *largest = Some(largest.unwrap_or(1.0).max(regret.exp()));
            }
            let parts = Parts::Largest(largest);
            [self.geometric(measure, &regrets), Measured { measure: worst, count: regrets.len(), parts }]
        });
        measured.collect()
    }

    /// The geometric mean over groups.
    fn geometric(&self, measure: Measure, regrets: &[(usize, &Group, f64)]) -> Measured {
        let mut sums = vec![[0.0; 2]; self.families];
        for (family, _, regret) in regrets {
            let sum = &mut sums[*family];
            *sum = [sum[0] + regret, sum[1] + 1.0];
        }
        Measured { measure, count: regrets.len(), parts: Parts::Ratio { sums, finish: Box::new(f64::exp) } }
    }

    /// Regret by class, in the order of their names.
    fn classes(&self, estimates: &[Estimate]) -> Vec<Measured> {
        let mut classes: BTreeMap<&'static str, Vec<(usize, &Group, f64)>> = BTreeMap::new();
        for regret in self.log_regrets(estimates, 1) {
            classes.entry(regret.1.class).or_default().push(regret);
        }
        classes.into_iter().map(|(class, regrets)| self.geometric(Measure::RegretOf(class), &regrets)).collect()
    }
}
