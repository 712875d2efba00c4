//! Plans weighed by measured times of their kernels, and chosen again with what that tells.
//!
//! The best plans by expected time are written out and their kernels run, or looked up among those that were run before.
//! What a kernel took replaces what it was expected to take, scaled such that the first plan takes what was expected of
//! it: otherwise whatever is not known yet would look better or worse than what is. Then the problem is solved again, until
//! its best plan is one that was weighed. The fastest plan is taken whose kernels are all known, unless that is the first.

use std::collections::{BTreeSet, HashMap};
use std::error::Error;

use hwc_extraction::{Limits, Outcome, Problem, check, solve_top};
use melior::Context;
use melior::ir::Module;
use serde::Serialize;

use super::{OptimizeError, Options};
use crate::codegen::ir;
use crate::graph::{GraphError, chosen};

/// How plans are weighed.
pub struct Measure<'a> {
    /// So many plans are weighed before the first feedback.
    pub top: usize,
    /// Times are fed back so often at most.
    pub rounds: usize,
    /// How long the search for another plan goes on after each feedback.
    pub limits: Limits,
    /// Part of its time by which another plan has to be expected to be faster than those that were weighed to be weighed too.
    pub gain: f64,
    pub runner: &'a dyn Runner,
}

/// What runs kernels, or knows what they took.
pub trait Runner {
    /// The calls of kernels that a graph becomes to which a plan is written, with their times.
    ///
    /// # Errors
    /// Whatever keeps it from knowing anything.
    fn run<'c>(&self, context: &'c Context, graph: Module<'c>) -> Result<Vec<Launch>, Box<dyn Error>>;
}

/// The parts and the numbers of the e-classes that a plan computes by an operation.
pub type MadeFor = BTreeSet<(usize, usize)>;

/// One call of a kernel.
#[derive(Clone, Debug, PartialEq)]
pub struct Launch {
    /// As [`made_for`] tells.
    pub made_for: MadeFor,
    /// Infinite where the kernel cannot be run; nothing where it is not known.
    pub seconds: Option<f64>,
}

/// A plan that was weighed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct MeasuredPlan {
    pub predicted: f64,
    /// The sum of its kernels', each by itself with its operands in the caches; of those that are not known what is
    /// expected, by the scale of the others.
    pub measured: f64,
    pub chosen: bool,
}

/// What was measured.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// In the order in which they were weighed; none where no kernel's time is known.
    pub plans: Vec<MeasuredPlan>,
    /// Seconds of all runs of the chosen plan's kernels, by part and the number of the e-class they compute, where known.
    pub kernels: HashMap<(usize, usize), f64>,
}

/// In how many alternatives the first plans differ at least: many plans are equal but for one operation that costs next to
/// nothing.
const DISTANCE: u32 = 3;

/// What an operation was written for, or a launch of several.
///
/// # Errors
/// Where it carries no such thing.
pub fn made_for(op: ir::Op) -> Result<MadeFor, GraphError> {
    Ok(chosen::read(op)?.into_iter().map(|group| (group.part, group.class)).collect())
}

/// The plan that is fastest by what its kernels took, as it is `written` to a copy of the module. `first` is the best by
/// what is expected.
///
/// # Errors
/// Those of solving and of writing a plan, and of the runner.
pub fn choose<'c>(
    context: &'c Context,
    written: impl Fn(&Outcome) -> Result<Module<'c>, GraphError>,
    (problem, firsts): (&Problem, &[usize]),
    (options, measure): (&Options, &Measure),
    first: Outcome,
) -> Result<(Outcome, Report), OptimizeError> {
    let mut next = vec![first.clone()];
    // If there are not so many plans that differ so much, those that differ at all.
    for distance in [DISTANCE, 1] {
        if next.len() < measure.top {
            next = solve_top(problem, &options.extraction, measure.top, distance)?;
        }
    }
    let mut corrected = problem.clone();
    let mut tried: Vec<(Outcome, Trial)> = vec![];
    let mut scale = 0.0;
    for round in 0..measure.rounds {
        next.retain(|plan| tried.iter().all(|(known, _)| known.solution != plan.solution));
        if next.is_empty() {
            break;
        }
        for plan in std::mem::take(&mut next) {
            let expected = |(part, class): (usize, usize)| {
                let class = firsts[part] + class;
                let node = plan.solution.choice[class].and_then(|node| problem.node(class as u32, node));
                node.map_or(0.0, |node| node.cost)
            };
            let launches = measure.runner.run(context, written(&plan)?);
            let mut trial = Trial::of(&launches.map_err(|e| OptimizeError::Measuring(e.to_string()))?, expected);
            if tried.is_empty() {
                if trial.kernels.is_empty() {
                    return Ok((first, Report::default()));
                }
                scale = if trial.seconds.is_finite() { trial.seconds / (plan.cost - trial.unknown) } else { 1.0 };
            }
            trial.seconds += trial.unknown * scale;
            for (&(part, class), seconds) in &trial.kernels {
                let class = firsts[part] + class;
                if let Some(node) = plan.solution.choice[class] {
                    corrected = corrected.with_cost(class as u32, node, seconds / scale)?;
                }
            }
            tried.push((plan, trial));
        }
        if round + 1 < measure.rounds {
            let costs = tried.iter().filter_map(|(plan, _)| Some(check(&corrected, &plan.solution).ok()?.cost));
            let least = costs.fold(f64::INFINITY, f64::min) * (1.0 - measure.gain);
            next.extend(hwc_extraction::solve(&corrected, &measure.limits).ok().filter(|plan| plan.cost <= least));
        }
    }
    // Expectation alone is no reason to leave kernels that are known.
    let can_win = |number: &usize| *number == 0 || tried[*number].1.unknown == 0.0;
    let best = (0..tried.len()).filter(can_win).min_by(|&a, &b| tried[a].1.seconds.total_cmp(&tried[b].1.seconds));
    let best = best.unwrap_or(0);
    let predicted = |plan: &Outcome| check(problem, &plan.solution).map_or(plan.cost, |checked| checked.cost);
    let plans = tried.iter().enumerate().map(|(number, (plan, trial))| MeasuredPlan {
        predicted: predicted(plan),
        measured: trial.seconds,
        chosen: number == best,
    });
    let plans = plans.collect();
    let (plan, trial) = tried.swap_remove(best);
    let cost = predicted(&plan);
    let gap = ((cost - first.bound) / cost.abs()).max(0.0);
    let proved = first.proved && plan.solution == first.solution;
    let outcome = Outcome { cost, gap, proved, solution: plan.solution, used: plan.used, ..first };
    Ok((outcome, Report { plans, kernels: trial.kernels }))
}

/// What one plan took.
struct Trial {
    seconds: f64,
    kernels: HashMap<(usize, usize), f64>,
    /// What is expected of its kernels that are not known.
    unknown: f64,
}

impl Trial {
    /// A launch that does the work of several kernels of the plan counts for each by what was expected of it.
    fn of(launches: &[Launch], expected: impl Fn((usize, usize)) -> f64) -> Trial {
        let mut trial = Trial { seconds: 0.0, kernels: HashMap::new(), unknown: 0.0 };
        for Launch { made_for, seconds } in launches {
            let all: f64 = made_for.iter().map(|place| expected(*place)).sum();
            let Some(seconds) = seconds else {
                trial.unknown += all;
                continue;
            };
            trial.seconds += seconds;
            for place in made_for {
                let share = if all > 0.0 { expected(*place) / all } else { 1.0 / made_for.len() as f64 };
                *trial.kernels.entry(*place).or_insert(0.0) += seconds * share;
            }
        }
        trial
    }
}
