//! The stages in order.

use crate::error::{Error, Result};
use crate::greedy;
use crate::limits::{Clock, Limits};
use crate::outcome::{Nearest, Outcome, Solution, Stage, StageKind};
use crate::plan::Plan;
use crate::problem::Problem;

/// The best plan that is found within the limits.
///
/// # Errors
/// [`Error::Impossible`] if there is no plan at all; [`Error::Infeasible`] with the nearest plan if none keeps within the
/// budgets; [`Error::Stopped`] if it is cancelled before there is a plan.
pub fn solve(problem: &Problem, limits: &Limits) -> Result<Outcome> {
    solve_from(problem, limits, &[])
}

/// The same, starting from plans that are known, such as that of a similar problem; those that are none of this problem
/// are skipped.
///
/// # Errors
/// Those of [`solve`].
pub fn solve_from(problem: &Problem, limits: &Limits, known: &[Solution]) -> Result<Outcome> {
    let clock = Clock::new(limits);
    let greedy = greedy::greedy(problem, &clock).ok_or_else(|| Error::Impossible(problem.roots().to_vec()))?;
    let known = known.iter().filter_map(|solution| Plan::of(problem, solution));
    let plan = known.fold(greedy, |best, plan| if plan.beats(&best) { plan } else { best });
    let stages = vec![Stage {
        kind: StageKind::Greedy,
        cost: if plan.feasible() { plan.cost } else { f64::INFINITY },
        bound: f64::NEG_INFINITY,
        seconds: clock.seconds(),
    }];
    outcome(problem, &plan, f64::NEG_INFINITY, stages, &clock, limits)
}

fn outcome(
    problem: &Problem,
    plan: &Plan,
    bound: f64,
    stages: Vec<Stage>,
    clock: &Clock,
    limits: &Limits,
) -> Result<Outcome> {
    let solution = plan.solution(problem);
    if !plan.feasible() {
        let exceeded = plan.exceeded(problem);
        let proved = bound == f64::INFINITY;
        return Err(Error::Infeasible(Box::new(Nearest { solution, cost: plan.cost, exceeded, proved })));
    }
    let bound = bound.min(plan.cost);
    let gap = if bound == plan.cost { 0.0 } else { (plan.cost - bound) / plan.cost.abs() };
    let (cost, used, proved) = (plan.cost, plan.used.clone(), gap <= limits.gap);
    Ok(Outcome { solution, cost, bound, gap, proved, used, seconds: clock.seconds(), stages })
}
