//! Plans as the stages hold them: a node for each class, by its number among all nodes.

use crate::outcome::{Excess, Solution};
use crate::problem::{Budget, Problem};

/// No node is chosen.
pub const NONE: u32 = u32::MAX;

/// How much more than a limit a sum may be, relative to the budget's scale.
const ROUNDING: f64 = 1e-10;

/// A complete plan without cycles; it may exceed budgets.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// [`NONE`] for what is not needed.
    pub choice: Vec<u32>,
    pub cost: f64,
    pub used: Vec<f64>,
    /// Sum of the relative excesses over the budgets; 0: within all of them.
    pub excess: f64,
}

impl Plan {
    /// What the roots need of a choice, which may have nodes for more classes. `Err` with classes that form a cycle, or
    /// with one that has no node.
    pub fn trace(problem: &Problem, choice: &[u32]) -> Result<Plan, Vec<u32>> {
        let count = problem.classes() as usize;
        let mut plan =
            Plan { choice: vec![NONE; count], cost: 0.0, used: vec![0.0; problem.budgets().len()], excess: 0.0 };
        let mut open = vec![false; count];
        let mut stack: Vec<(u32, usize)> = Vec::new();
        for &root in problem.roots() {
            if plan.choice[root as usize] != NONE {
                continue;
            }
            plan.enter(problem, choice, root, &mut open)?;
            stack.push((root, 0));
            while let Some((class, visited)) = stack.last_mut() {
                let children = problem.at(plan.choice[*class as usize]).children;
                let Some(&child) = children.get(*visited) else {
                    open[*class as usize] = false;
                    stack.pop();
                    continue;
                };
                *visited += 1;
                if open[child as usize] {
                    let start = stack.iter().rposition(|(class, _)| *class == child).unwrap_or(0);
                    return Err(stack[start..].iter().map(|(class, _)| *class).collect());
                }
                if plan.choice[child as usize] == NONE {
                    plan.enter(problem, choice, child, &mut open)?;
                    stack.push((child, 0));
                }
            }
        }
        // Summed in the order of classes, so that equal plans cost the same whatever way they are found.
        for &id in plan.choice.iter().filter(|id| **id != NONE) {
            let node = problem.at(id);
            plan.cost += node.cost;
            plan.used.iter_mut().zip(node.amounts).for_each(|(used, amount)| *used += amount);
        }
        plan.excess = plan.used.iter().enumerate().map(|(budget, used)| over(problem, budget, *used)).sum();
        Ok(plan)
    }

    fn enter(&mut self, problem: &Problem, choice: &[u32], class: u32, open: &mut [bool]) -> Result<(), Vec<u32>> {
        let id = choice[class as usize];
        if id == NONE || !problem.at(id).cost.is_finite() {
            return Err(vec![class]);
        }
        self.choice[class as usize] = id;
        open[class as usize] = true;
        Ok(())
    }

    pub fn feasible(&self) -> bool {
        self.excess == 0.0
    }

    /// Whether this plan is to be preferred, by more than rounding: less excess, then less cost.
    pub fn beats(&self, other: &Plan) -> bool {
        let less = |a: f64, b: f64| a < b - 1e-12 * b.abs();
        less(self.excess, other.excess) || (self.excess <= other.excess && less(self.cost, other.cost))
    }

    pub fn solution(&self, problem: &Problem) -> Solution {
        let place = |id: &u32| (*id != NONE).then(|| problem.place(*id).1);
        Solution { choice: self.choice.iter().map(place).collect() }
    }

    /// A caller's solution; `None` if it is not one of the problem.
    pub fn of(problem: &Problem, solution: &Solution) -> Option<Plan> {
        if solution.choice.len() != problem.classes() as usize {
            return None;
        }
        let mut choice = vec![NONE; solution.choice.len()];
        for (class, node) in solution.chosen() {
            problem.node(class, node)?;
            choice[class as usize] = problem.range(class).start + node;
        }
        Plan::trace(problem, &choice).ok()
    }

    /// The budgets that the plan exceeds.
    pub fn exceeded(&self, problem: &Problem) -> Vec<Excess> {
        let excess = |budget: usize| {
            let Budget { name, limit } = problem.budgets()[budget].clone();
            Excess { budget, name, limit, used: self.used[budget] }
        };
        (0..self.used.len()).filter(|budget| over(problem, *budget, self.used[*budget]) > 0.0).map(excess).collect()
    }
}

/// By how much a budget is exceeded, relative to its scale.
pub fn over(problem: &Problem, budget: usize, used: f64) -> f64 {
    let over = (used - problem.budgets()[budget].limit) / problem.scales()[budget];
    if over > ROUNDING { over } else { 0.0 }
}
