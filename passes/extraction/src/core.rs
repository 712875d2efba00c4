//! What is left of a problem for the exact stage: a chain of smaller and smaller problems.
//!
//! Where the bound of the relaxation plus the reduced cost of a node is above the cost of the best plan, no better plan
//! holds the node. Without it more can be reduced, which makes the relaxation better, and so on.

use crate::error::Result;
use crate::exact::{Exact, Guard, is_whole};
use crate::limits::Clock;
use crate::plan::{NONE, Plan};
use crate::problem::Problem;
use crate::reduce::Reduced;
use std::sync::Arc;

/// A problem is reduced again if at most this part of its nodes would be left.
const WORTH: f64 = 0.85;

pub struct Core {
    chain: Vec<Arc<Reduced>>,
    /// No plan costs less than this and the best one.
    pub bound: f64,
    /// There is no plan better than the best one.
    pub done: bool,
    /// Simplex iterations so far.
    pub work: u64,
    /// Whole costs: a better plan is better by 1 at least.
    step: f64,
}

impl Core {
    pub fn new(problem: &Problem) -> Core {
        let step = if is_whole(problem) { 1.0 - 1e-6 } else { 0.0 };
        Core { chain: Vec::new(), bound: f64::NEG_INFINITY, done: false, work: 0, step }
    }

    fn offset(&self) -> f64 {
        self.chain.iter().map(|reduced| reduced.cost).sum()
    }

    /// A plan of the innermost problem as one of the outermost.
    fn lift(&self, problem: &Problem, choice: &[u32]) -> Option<Plan> {
        let mut choice = choice.to_vec();
        let mut plan = None;
        for (depth, reduced) in self.chain.iter().enumerate().rev() {
            let outer = if depth == 0 { problem } else { &self.chain[depth - 1].problem };
            let lifted = reduced.lift(outer, &choice)?;
            choice.clone_from(&lifted.choice);
            plan = Some(lifted);
        }
        plan.or_else(|| Plan::trace(problem, &choice).ok())
    }

    fn project(&self, problem: &Problem, plan: &Plan) -> Option<Plan> {
        let mut plan = plan.clone();
        for (depth, reduced) in self.chain.iter().enumerate() {
            let outer = if depth == 0 { problem } else { &self.chain[depth - 1].problem };
            plan = reduced.project(outer, &plan)?;
        }
        Some(plan)
    }

    fn take(&self, problem: &Problem, best: &mut Plan, inner: Option<Plan>) {
        if let Some(plan) = inner.and_then(|plan| self.lift(problem, &plan.choice))
            && plan.beats(best)
        {
            *best = plan;
        }
    }

    /// Cuts, reduces, and branches with at most `guard.work` iterations. The first relaxation may take what is left of
    /// `total`: without it nothing is known.
    ///
    /// # Errors
    /// [`crate::Error::Solver`].
    pub fn leg(&mut self, problem: &Problem, best: &mut Plan, guard: Guard<'_>, total: u64) -> Result<()> {
        loop {
            let (offset, last) = (self.offset(), self.chain.last().cloned());
            let inner = last.as_ref().map_or(problem, |reduced| &reduced.problem);
            let mut exact = Exact::of_cost(inner, best.cost - offset);
            let root = exact.root(Guard { work: total.saturating_sub(self.work), ..guard })?;
            let Some(root) = root else { return self.branch(problem, best, exact, guard) };
            self.work += root.work;
            self.bound = self.bound.max(root.bound + offset);
            self.take(problem, best, root.plan);
            if self.closed(best, guard.gap) {
                return Ok(());
            }
            let held = self.project(problem, best);
            let holds = |id: u32| {
                let class = inner.place(id).0;
                held.as_ref().is_some_and(|plan| plan.choice[class as usize] == id)
            };
            let most = best.cost - self.step + 1e-9 * best.cost.abs();
            let keep = |id: u32| holds(id) || root.bound + offset + root.reduced_costs[id as usize] <= most;
            let Ok(next) = Reduced::new(inner, keep) else {
                self.done = true;
                return Ok(());
            };
            let (left, before) = (next.problem.nodes(), inner.nodes());
            if left == 0 {
                self.chain.push(Arc::new(next));
                let only = Plan { choice: vec![], cost: 0.0, used: vec![], excess: 0.0 };
                self.take(problem, best, Some(only));
                self.done = true;
                return Ok(());
            }
            if left as f64 > WORTH * before as f64 || guard.clock.stopped() {
                return self.branch(problem, best, exact, guard);
            }
            self.chain.push(Arc::new(next));
        }
    }

    fn branch(&mut self, problem: &Problem, best: &mut Plan, mut exact: Exact<'_>, guard: Guard<'_>) -> Result<()> {
        let start = self.project(problem, best);
        let branch = exact.branch(start.as_ref(), guard)?;
        self.work += branch.work;
        self.bound = self.bound.max(branch.bound + self.offset());
        self.take(problem, best, branch.plan);
        self.done |= branch.complete;
        self.closed(best, guard.gap);
        Ok(())
    }

    fn closed(&mut self, best: &Plan, gap: f64) -> bool {
        let near = self.bound >= best.cost - self.step - 1e-9 * best.cost.abs();
        self.done |= near || self.bound >= best.cost - gap * best.cost.abs();
        self.done
    }
}

/// The plan that exceeds the budgets least, starting from one; and a bound of the excess.
///
/// # Errors
/// [`crate::Error::Solver`].
pub fn nearest(problem: &Problem, start: &Plan, clock: &Clock, work: u64, seed: u64) -> Result<(Plan, f64, u64)> {
    let mut exact = Exact::of_excess(problem);
    let branch = exact.branch(Some(start), Guard { clock, work, seed, gap: 0.0, quick: false, budgets: true })?;
    let plan = branch.plan.filter(|plan| plan.excess < start.excess).unwrap_or_else(|| start.clone());
    let bound = if branch.complete { plan.excess } else { branch.bound };
    debug_assert!(plan.choice.iter().any(|id| *id != NONE));
    Ok((plan, bound, branch.work))
}
