//! Makes a problem smaller without losing its best plan.
//!
//! | step | takes away |
//! |---|---|
//! | impossible | nodes that need what cannot be made without a cycle, classes that no root can need |
//! | necessary | nodes that need, whatever is chosen, their own class; classes that every plan holds become roots |
//! | dominated | nodes of a class beside one that costs no more and needs no more |
//! | settled | classes whose one node every plan holds, or costs nothing and needs nothing |
//! | merged | classes that one node needs, and classes whose one node costs nothing |
//!
//! Rewards (negative costs) make it better to need more, so that less is dominated then.

mod must;
mod steps;
mod work;

pub use must::{Must, has, members};
pub use work::components;

use crate::plan::{NONE, Plan};
use crate::problem::{Budget, Node, Problem};
use work::Work;

/// Rounds of all steps; few graphs change after the third.
const ROUNDS: usize = 12;

/// A smaller problem, and how its plans become plans of the original.
pub struct Reduced {
    pub problem: Problem,
    /// For each node of the smaller problem the nodes of the original.
    picks: Vec<Vec<u32>>,
    /// For each class of the original what to choose unless a pick says otherwise.
    settled: Vec<u32>,
    /// For each node of the original the one that does as well.
    replaced: Vec<u32>,
    /// Cost of what every plan holds.
    pub cost: f64,
}

/// Some root cannot be made: all such.
pub struct Impossible(pub Vec<u32>);

impl Reduced {
    /// Reduces what is left of a problem with only those nodes that `keep` admits.
    pub fn new(problem: &Problem, keep: impl Fn(u32) -> bool) -> Result<Reduced, Impossible> {
        let mut work = Work::new(problem, keep);
        work.impossible()?;
        for _ in 0..ROUNDS {
            let before =
                (work.ids().count(), work.ids().map(|id| work.nodes[id as usize].children.len()).sum::<usize>());
            work.settle();
            work.merge();
            work.impossible()?;
            work.necessary();
            work.impossible()?;
            let after =
                (work.ids().count(), work.ids().map(|id| work.nodes[id as usize].children.len()).sum::<usize>());
            if before == after {
                break;
            }
        }
        Ok(Reduced::of(work, problem.budgets(), problem.scales()))
    }

    fn of(work: Work, budgets: &[Budget], scales: &[f64]) -> Reduced {
        let kept: Vec<usize> = (0..work.classes.len()).filter(|class| !work.classes[*class].is_empty()).collect();
        let mut number = vec![NONE; work.classes.len()];
        kept.iter().zip(0..).for_each(|(class, new)| number[*class] = new);
        let mut picks = Vec::new();
        let mut classes = Vec::with_capacity(kept.len());
        for &class in &kept {
            let mut nodes = Vec::with_capacity(work.classes[class].len());
            for &id in &work.classes[class] {
                let node = &work.nodes[id as usize];
                let children = node.children.iter().map(|child| number[*child as usize]).collect();
                nodes.push(Node { cost: node.cost, children, amounts: node.amounts.clone() });
                picks.push(node.picks.clone());
            }
            classes.push(nodes);
        }
        let roots: Vec<u32> = kept.iter().filter(|class| work.is_root[**class]).map(|class| number[*class]).collect();
        let left = |(budget, used): (&Budget, &f64)| Budget { name: budget.name.clone(), limit: budget.limit - used };
        let budgets = budgets.iter().zip(&work.used).map(left).collect();
        let problem = Problem::trusted(&classes, &roots, budgets, scales.to_vec());
        Reduced { problem, picks, settled: work.settled, replaced: work.replaced, cost: work.cost }
    }

    /// The original's plan for a choice of the smaller problem.
    pub fn lift(&self, original: &Problem, choice: &[u32]) -> Option<Plan> {
        let mut lifted = self.settled.clone();
        for &id in choice.iter().filter(|id| **id != NONE) {
            for &pick in &self.picks[id as usize] {
                lifted[original.place(pick).0 as usize] = pick;
            }
        }
        Plan::trace(original, &lifted).ok()
    }

    /// The smaller problem's choice for a plan of the original; `None` if the plan holds what was taken away.
    pub fn project(&self, original: &Problem, plan: &Plan) -> Option<Plan> {
        let mut choice = plan.choice.clone();
        for id in &mut choice {
            while *id != NONE && self.replaced[*id as usize] != NONE {
                *id = self.replaced[*id as usize];
            }
        }
        let mut small = vec![NONE; self.problem.classes() as usize];
        for (id, picks) in self.picks.iter().enumerate() {
            let class = self.problem.place(id as u32).0 as usize;
            let chosen = |pick: &u32| choice[original.place(*pick).0 as usize];
            // What stands in for a dominated node can hold more than it.
            let held = |pick: &u32| chosen(pick) == *pick || chosen(pick) == NONE;
            if small[class] == NONE && chosen(&picks[0]) == picks[0] && picks[1..].iter().all(held) {
                small[class] = id as u32;
            }
        }
        Plan::trace(&self.problem, &small).ok()
    }
}
