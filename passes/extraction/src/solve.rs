//! The stages: greedy, then legs of exact solving and large-neighbourhood search side by side.

use crate::core::{Core, nearest};
use crate::error::{Error, Result};
use crate::exact::Guard;
use crate::greedy;
use crate::limits::{Clock, Limits};
use crate::lns::Lns;
use crate::outcome::{Nearest, Outcome, Solution, Stage, StageKind};
use crate::plan::Plan;
use crate::problem::Problem;
use crate::reduce::{Impossible, Reduced};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Simplex iterations of the first legs: one that is enough for most problems, and one that is worth its while. A leg
/// starts branching anew, with what the one before has found; each further one has [`GROWTH`] times the work.
const LEGS: [u64; 2] = [5_000, 100_000];
const GROWTH: u64 = 4;
/// The search of neighbourhoods does less in the time of an iteration: it sets up many small programs.
const LNS_SHARE: u64 = 3;

/// The best plan that is found within the limits.
///
/// # Errors
/// [`Error::Impossible`] if there is no plan at all; [`Error::Infeasible`] with the nearest plan if none keeps within the
/// budgets; [`Error::Solver`] if the arithmetic of the linear solver fails before there is a plan within them.
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
    let reduced = Reduced::new(problem, |_| true).map_err(|Impossible(roots)| Error::Impossible(roots))?;
    let greedy = greedy::greedy(problem, &clock).ok_or_else(|| Error::Impossible(problem.roots().to_vec()))?;
    let known = known.iter().filter_map(|solution| Plan::of(problem, solution));
    let mut search = Search {
        problem,
        limits,
        bound: f64::NEG_INFINITY,
        unmet: 0.0,
        stages: Vec::new(),
        failure: None,
        best: greedy,
        clock,
    };
    search.stage(StageKind::Greedy);
    known.for_each(|plan| search.offer(plan));
    search.reduced(&reduced)?;
    search.outcome()
}

struct Search<'a> {
    problem: &'a Problem,
    limits: &'a Limits,
    clock: Clock,
    best: Plan,
    bound: f64,
    /// No plan exceeds the budgets by less.
    unmet: f64,
    stages: Vec<Stage>,
    failure: Option<String>,
}

impl Search<'_> {
    fn offer(&mut self, plan: Plan) {
        if plan.beats(&self.best) {
            self.best = plan;
        }
    }

    fn stage(&mut self, kind: StageKind) {
        let cost = if self.best.feasible() { self.best.cost } else { f64::INFINITY };
        let stage = Stage { kind, cost, bound: self.bound.min(cost), seconds: self.clock.seconds() };
        self.stages.push(stage);
    }

    fn reduced(&mut self, reduced: &Reduced) -> Result<()> {
        let small = &reduced.problem;
        self.bound = reduced.cost + least(small);
        if small.nodes() == 0 {
            // Nothing is left to choose.
            reduced.lift(self.problem, &[]).into_iter().for_each(|plan| self.offer(plan));
            (self.bound, self.unmet) = (self.best.cost, self.best.excess);
            self.stage(StageKind::Exact);
            return Ok(());
        }
        let greedy = greedy::greedy(small, &self.clock);
        let inner = match (reduced.project(self.problem, &self.best), greedy) {
            (Some(a), Some(b)) => Some(if b.beats(&a) { b } else { a }),
            (a, b) => a.or(b),
        };
        let Some(mut inner) = inner else { return Ok(()) };
        let mut work = 0;
        if !inner.feasible() && self.limits.work > 0 {
            (inner, self.unmet, work) = nearest(small, &inner, &self.clock, self.limits.work, self.limits.seed)?;
        }
        if inner.feasible() {
            self.legs(reduced, &mut inner, work);
        }
        reduced.lift(self.problem, &inner.choice).into_iter().for_each(|plan| self.offer(plan));
        Ok(())
    }

    /// Both stages from the same plan, with growing limits, until there is a proof or nothing is left.
    fn legs(&mut self, reduced: &Reduced, best: &mut Plan, spent: u64) {
        let small = &reduced.problem;
        let limits = self.limits;
        let (mut core, mut lns) = (Core::new(small), Lns::new(small, limits.seed));
        core.work = spent;
        let mut work = LEGS[0];
        while !core.done && !self.clock.stopped() {
            let exact = core.work < limits.work;
            let left = limits.rounds.saturating_sub(lns.rounds);
            if !exact && left == 0 {
                break;
            }
            let found = Arc::new(AtomicBool::new(false));
            let lns_clock = self.clock.with(&found);
            let (mut by_exact, start) = (best.clone(), best.clone());
            let guard = Guard {
                clock: &self.clock,
                work: work.min(limits.work.saturating_sub(core.work)),
                seed: limits.seed,
                gap: limits.gap,
                quick: false,
                budgets: !small.budgets().is_empty(),
            };
            let mut leg = || -> Result<()> {
                if exact {
                    core.leg(small, &mut by_exact, guard, limits.work)?;
                    found.store(core.done, Ordering::Relaxed);
                }
                Ok(())
            };
            let mut search = |threads: usize| lns.run(&start, left, work / LNS_SHARE, threads, &lns_clock);
            let failure;
            let by_lns = if limits.threads > 1 && exact {
                let (plan, leg) = std::thread::scope(|scope| {
                    let other = scope.spawn(|| search(limits.threads - 1));
                    let leg = leg();
                    (other.join(), leg)
                });
                failure = leg.err();
                plan.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            } else {
                failure = leg().err();
                search(limits.threads)
            };
            if let Some(failure) = failure {
                // There is a plan: without more exact stages it may still become better.
                self.failure = Some(failure.to_string());
                core.work = limits.work;
            }
            // With a proof, how far the search came does not matter: it may not decide between equal plans.
            if !core.done && by_lns.beats(best) {
                *best = by_lns;
            }
            if by_exact.beats(best) {
                *best = by_exact;
            }
            if left > 0 && !core.done {
                self.note(reduced, best, &core, StageKind::Lns);
            }
            if exact {
                self.note(reduced, best, &core, StageKind::Exact);
            }
            work = if work < LEGS[1] { LEGS[1] } else { work.saturating_mul(GROWTH) };
        }
    }

    fn note(&mut self, reduced: &Reduced, best: &Plan, core: &Core, kind: StageKind) {
        reduced.lift(self.problem, &best.choice).into_iter().for_each(|plan| self.offer(plan));
        let bound = if core.done { self.best.cost } else { (core.bound + reduced.cost).min(self.best.cost) };
        self.bound = self.bound.max(bound);
        self.stage(kind);
    }

    fn outcome(self) -> Result<Outcome> {
        let Search { problem, limits, clock, best: plan, bound, unmet, stages, failure } = self;
        let solution = plan.solution(problem);
        if !plan.feasible() {
            let exceeded = plan.exceeded(problem);
            let nearest = Nearest { solution, cost: plan.cost, exceeded, proved: unmet > 1e-7 };
            return Err(Error::Infeasible(Box::new(nearest)));
        }
        let bound = bound.min(plan.cost);
        let gap = if bound == plan.cost { 0.0 } else { (plan.cost - bound) / plan.cost.abs() };
        let (cost, used, proved) = (plan.cost, plan.used.clone(), gap <= limits.gap);
        Ok(Outcome { solution, cost, bound, gap, proved, used, seconds: clock.seconds(), stages, failure })
    }
}

/// A bound without any search: the cheapest node of each root, and all rewards.
fn least(problem: &Problem) -> f64 {
    let cheapest = |class: u32| problem.range(class).map(|id| problem.at(id).cost).fold(f64::INFINITY, f64::min);
    let is_root = |class: u32| problem.roots().binary_search(&class).is_ok();
    let bound = |class: u32| if is_root(class) { cheapest(class) } else { cheapest(class).min(0.0) };
    (0..problem.classes()).map(bound).sum()
}
