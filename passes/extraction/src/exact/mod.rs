//! The exact stage: linear relaxation with cuts, then branch and cut by HiGHS.
//!
//! Cycles are not part of the program. What of them a solution has is cut off and the program solved again
//! ([`support`]); most problems need few such cuts.

mod closure;
mod ffi;
mod flow;
mod model;
mod support;

pub use ffi::Guard;

use crate::error::{Error, Result};
use crate::greedy;
use crate::plan::{NONE, Plan};
use crate::problem::Problem;
use crate::reduce::Must;
use ffi::{Answer, Program, Status};
use model::{Model, Row};
use support::Support;

pub use model::Aim;

/// Linear programs of the root; each adds cuts.
const ROOT_ROUNDS: usize = 80;
/// Rounds in which the bound has to rise by [`RISE`], or no more cuts are looked for.
const PATIENCE: usize = 6;
/// Relative to the bound.
const RISE: f64 = 1e-4;
/// Costs are brought to this size: HiGHS's tolerances are absolute.
const SIZE: f64 = 1000.0;

/// A problem with what its cuts are made from.
pub struct Exact<'a> {
    problem: &'a Problem,
    must: Option<Must>,
    support: Support,
    aim: Aim,
    cuts: Vec<Row>,
}

/// What the relaxation says.
pub struct Root {
    /// No plan has less of what is minimized.
    pub bound: f64,
    /// By how much a plan with the node is at least above the bound.
    pub reduced_costs: Vec<f64>,
    /// Plans that were rounded from its solutions: the best.
    pub plan: Option<Plan>,
    pub work: u64,
}

/// What branch and cut says.
pub struct Branch {
    pub bound: f64,
    pub plan: Option<Plan>,
    /// There is no better plan.
    pub complete: bool,
    pub work: u64,
}

/// A solution of the integer program.
struct Point {
    choice: Vec<u32>,
    /// Values of nodes and of classes.
    nodes: Vec<f64>,
    classes: Vec<f64>,
}

impl<'a> Exact<'a> {
    /// `reference` is the cost of some plan.
    pub fn of_cost(problem: &'a Problem, reference: f64) -> Exact<'a> {
        Exact::new(problem, Aim::Cost(factor(problem, reference)))
    }

    pub fn of_excess(problem: &'a Problem) -> Exact<'a> {
        Exact::new(problem, Aim::Excess)
    }

    fn new(problem: &'a Problem, aim: Aim) -> Exact<'a> {
        let must = Must::of_problem(problem);
        let support = Support::new(problem, must.as_ref());
        Exact { problem, must, support, aim, cuts: Vec::new() }
    }

    fn factor(&self) -> f64 {
        if let Aim::Cost(factor) = self.aim { factor } else { SIZE }
    }

    fn model(&self, integral: bool) -> Model {
        Model::new(self.problem, self.must.as_ref(), self.aim, integral)
    }

    fn violated(&self, nodes: &[f64], classes: &[f64]) -> Vec<Row> {
        let mut rows = self.support.violated(self.problem, nodes, classes);
        rows.extend(self.must.iter().flat_map(|must| closure::violated(self.problem, must, nodes, classes)));
        rows
    }

    /// Solves the relaxation and adds cuts until there are none, or they do not help. `None` if the relaxation has no
    /// solution, or the limits end it before it has a bound.
    ///
    /// # Errors
    /// [`Error::Solver`].
    pub fn root(&mut self, guard: Guard<'_>) -> Result<Option<Root>> {
        let mut model = self.model(false);
        let mut program = Program::new(std::mem::take(&mut model.columns)).map_err(Error::Solver)?;
        let mut root: Option<Root> = None;
        let (mut work, mut last_rise, mut mark) = (0, 0, f64::NEG_INFINITY);
        for round in 0..ROOT_ROUNDS {
            let answer = program.solve(None, Guard { work: guard.work.saturating_sub(work), ..guard });
            let answer = answer.map_err(Error::Solver)?;
            work += answer.work;
            let (Status::Optimal, Some(values)) = (answer.status, &answer.values) else { break };
            let (nodes, classes) = model.split(values);
            let plan = self.rounded(&nodes);
            let old = root.take().and_then(|root| root.plan);
            let (reduced_costs, _) = model.split(&answer.reduced_costs);
            root = Some(Root {
                bound: answer.bound / self.factor(),
                reduced_costs: reduced_costs.iter().map(|cost| cost / self.factor()).collect(),
                plan: better(old, plan),
                work,
            });
            if answer.bound > mark + RISE * mark.abs() {
                (mark, last_rise) = (answer.bound, round);
            }
            let cuts = self.violated(&nodes, &classes);
            // Cuts that the solution does not touch are found again where they matter.
            let value = |row: &Row| {
                let of = |terms: &[(u32, f64)], values: &[f64]| -> f64 {
                    terms.iter().map(|(index, factor)| values[*index as usize] * factor).sum()
                };
                of(&row.nodes, &nodes) + of(&row.classes, &classes)
            };
            self.cuts.retain(|row| value(row) > row.most - 1e-6);
            if cuts.is_empty() || round - last_rise > PATIENCE || guard.clock.stopped() || work >= guard.work {
                break;
            }
            for cut in &cuts {
                let (terms, most) = model.terms(cut);
                program.add(&terms, most).map_err(Error::Solver)?;
            }
            self.cuts.extend(cuts);
        }
        if let Some(root) = &mut root {
            root.work = work;
        }
        Ok(root)
    }

    /// A plan near a fractional solution: greedy for costs that are lower the more of a node is chosen.
    fn rounded(&self, nodes: &[f64]) -> Option<Plan> {
        let costs = (0..self.problem.nodes() as u32).map(|id| self.problem.at(id).cost);
        let total: f64 = costs.clone().map(f64::abs).sum();
        let unit = 1e-3 * total / self.problem.nodes().max(1) as f64;
        let price = |(cost, value): (f64, &f64)| cost.min(0.0) + (cost.max(0.0) + unit) * (1.0 - value).max(0.0);
        greedy::with_costs(self.problem, &costs.zip(nodes).map(price).collect::<Vec<_>>())
    }

    /// Branch and cut, from a plan if one is known that fits.
    ///
    /// # Errors
    /// [`Error::Solver`].
    pub fn branch(&mut self, start: Option<&Plan>, guard: Guard<'_>) -> Result<Branch> {
        let mut best: Option<Plan> = start.filter(|plan| plan.feasible() || self.aim == Aim::Excess).cloned();
        let (mut bound, mut work) = (f64::NEG_INFINITY, 0);
        loop {
            let left = Guard { work: guard.work.saturating_sub(work), ..guard };
            let (answer, point) = self.run(best.as_ref(), left)?;
            // A run without any iteration takes time, too.
            work += answer.work.max(1);
            let known = if answer.status == Status::Infeasible { f64::INFINITY } else { answer.bound / self.factor() };
            bound = bound.max(known);
            let traced = point.as_ref().map(|point| (point, Plan::trace(self.problem, &point.choice)));
            let sound = match traced {
                None => true,
                Some((_, Ok(plan))) => {
                    let over = !plan.feasible() && self.aim != Aim::Excess;
                    if over {
                        self.cuts.push(self.cover(&plan));
                    } else {
                        best = better_for(self.aim, best, Some(plan));
                    }
                    !over
                }
                // Nothing is chosen for a class that is needed: the solution is none, but for the solver's tolerances.
                Some((_, Err(gap))) if gap.len() < 2 => {
                    return Ok(Branch { bound, complete: false, plan: best, work });
                }
                Some((Point { nodes, classes, .. }, Err(cycle))) => {
                    // What of it can be kept often makes a good plan.
                    let repaired = self.rounded(nodes).filter(|plan| plan.feasible() || self.aim == Aim::Excess);
                    best = better_for(self.aim, best, repaired);
                    let rows = self.support.violated(self.problem, nodes, classes);
                    self.cuts.extend(rows);
                    self.cuts.push(self.support.cut(self.problem, &cycle, cycle[0]));
                    false
                }
            };
            let ended = answer.status != Status::Limit;
            if sound || guard.clock.stopped() || work >= guard.work {
                return Ok(Branch { bound, complete: sound && ended, plan: best, work });
            }
        }
    }

    fn run(&self, start: Option<&Plan>, guard: Guard<'_>) -> Result<(Answer, Option<Point>)> {
        let mut model = self.model(true);
        let start = start.map(|plan| model.values(self.problem, plan));
        let mut program = Program::new(std::mem::take(&mut model.columns)).map_err(Error::Solver)?;
        for cut in &self.cuts {
            let (terms, most) = model.terms(cut);
            program.add(&terms, most).map_err(Error::Solver)?;
        }
        let answer = program.solve(start.as_deref(), guard).map_err(Error::Solver)?;
        let point = answer.values.as_ref().map(|values| {
            let (nodes, classes) = model.split(values);
            Point { choice: model.choice(self.problem, values), nodes, classes }
        });
        Ok((answer, point))
    }

    /// Forbids what a plan that exceeds a budget by rounding holds of it.
    fn cover(&self, plan: &Plan) -> Row {
        let budget = (0..plan.used.len()).max_by(|a, b| {
            let over = |budget: usize| crate::plan::over(self.problem, budget, plan.used[budget]);
            over(*a).total_cmp(&over(*b))
        });
        let uses = |id: &u32| budget.is_some_and(|budget| self.problem.at(*id).amounts[budget] > 0.0);
        let nodes: Vec<(u32, f64)> =
            plan.choice.iter().filter(|id| **id != NONE && uses(id)).map(|id| (*id, 1.0)).collect();
        Row { most: nodes.len() as f64 - 1.0, nodes, classes: vec![] }
    }
}

fn better(a: Option<Plan>, b: Option<Plan>) -> Option<Plan> {
    match (a, b) {
        (Some(a), Some(b)) => Some(if b.beats(&a) { b } else { a }),
        (a, b) => a.or(b),
    }
}

/// Where the excess is minimized, costs count for nothing.
fn better_for(aim: Aim, a: Option<Plan>, b: Option<Plan>) -> Option<Plan> {
    if aim != Aim::Excess {
        return better(a, b);
    }
    match (a, b) {
        (Some(a), Some(b)) => Some(if b.excess < a.excess { b } else { a }),
        (a, b) => a.or(b),
    }
}

/// Whole costs stay what they are: HiGHS makes use of it. Others are scaled by a power of two.
fn factor(problem: &Problem, reference: f64) -> f64 {
    if is_whole(problem) || reference == 0.0 || !reference.is_finite() {
        return 1.0;
    }
    2f64.powi((SIZE / reference.abs()).log2().round().clamp(-500.0, 500.0) as i32)
}

/// All costs are whole numbers: so is the difference between two plans.
pub fn is_whole(problem: &Problem) -> bool {
    (0..problem.nodes() as u32).all(|id| {
        let cost = problem.at(id).cost;
        cost.fract() == 0.0 && cost.abs() < 1e9
    })
}
