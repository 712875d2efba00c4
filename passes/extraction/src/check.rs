//! Checks a plan against its problem. Shares nothing with the solvers but the types: it is their judge.

use crate::outcome::Solution;
use crate::problem::Problem;
use std::fmt;

/// How much more than a limit a sum may be, relative to the limit: rounding of the summation.
const ROUNDING: f64 = 1e-9;

/// What a sound plan costs and uses.
#[derive(Clone, Debug, PartialEq)]
pub struct Checked {
    /// Sum of the costs of the chosen nodes.
    pub cost: f64,
    /// Sum of the amounts of each budget.
    pub used: Vec<f64>,
}

/// One thing that is wrong with a plan.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    /// The plan is for another number of classes.
    Classes { found: usize, wanted: usize },
    /// A class is needed by a root or by the node of the class `by`, and nothing is chosen for it.
    Missing { class: u32, by: Option<u32> },
    /// Something is chosen for a class that is not needed.
    Unneeded { class: u32 },
    /// The class has no such node, or one that must not be chosen.
    NoNode { class: u32, node: u32 },
    /// The chosen node of this class needs, directly or not, the class itself.
    Cycle { class: u32 },
    /// More is used of a budget than there is.
    Budget { budget: usize, used: f64, limit: f64 },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Classes { found, wanted } => write!(f, "the plan is for {found} classes, the problem has {wanted}"),
            Fault::Missing { class, by: None } => write!(f, "nothing is chosen for root {class}"),
            Fault::Missing { class, by: Some(by) } => {
                write!(f, "nothing is chosen for class {class}, which the choice of class {by} needs")
            }
            Fault::Unneeded { class } => write!(f, "a node is chosen for class {class}, which nothing needs"),
            Fault::NoNode { class, node } => write!(f, "class {class} has no node {node} that can be chosen"),
            Fault::Cycle { class } => write!(f, "the choice of class {class} needs the class itself"),
            Fault::Budget { budget, used, limit } => write!(f, "budget {budget}: {used} is used of {limit}"),
        }
    }
}

/// Whether a plan is complete, free of cycles and of what it does not need, and within the budgets.
///
/// # Errors
/// Everything that is wrong.
pub fn check(problem: &Problem, solution: &Solution) -> Result<Checked, Vec<Fault>> {
    let mut faults = Vec::new();
    let (found, wanted) = (solution.choice.len(), problem.classes() as usize);
    if found != wanted {
        return Err(vec![Fault::Classes { found, wanted }]);
    }
    let children = |class: u32| {
        let node = solution.choice[class as usize].and_then(|node| problem.node(class, node));
        node.map_or(&[][..], |node| node.children)
    };
    // 0: not seen, 1: open, 2: done. Each frame of the stack is a class and how many of its children were visited.
    let mut state = vec![0u8; wanted];
    for &root in problem.roots() {
        if state[root as usize] != 0 {
            continue;
        }
        if solution.choice[root as usize].is_none() {
            faults.push(Fault::Missing { class: root, by: None });
        }
        state[root as usize] = 1;
        let mut stack = vec![(root, 0)];
        while let Some((class, visited)) = stack.last_mut() {
            let Some(&child) = children(*class).get(*visited) else {
                state[*class as usize] = 2;
                stack.pop();
                continue;
            };
            *visited += 1;
            match state[child as usize] {
                0 => {
                    if solution.choice[child as usize].is_none() {
                        faults.push(Fault::Missing { class: child, by: Some(*class) });
                    }
                    state[child as usize] = 1;
                    stack.push((child, 0));
                }
                1 => faults.push(Fault::Cycle { class: child }),
                _ => {}
            }
        }
    }
    let mut checked = Checked { cost: 0.0, used: vec![0.0; problem.budgets().len()] };
    for (class, node) in solution.chosen() {
        if state[class as usize] == 0 {
            faults.push(Fault::Unneeded { class });
        }
        match problem.node(class, node).filter(|node| node.cost.is_finite()) {
            None => faults.push(Fault::NoNode { class, node }),
            Some(node) => {
                checked.cost += node.cost;
                checked.used.iter_mut().zip(node.amounts).for_each(|(used, amount)| *used += amount);
            }
        }
    }
    for (budget, (&used, &limit)) in
        checked.used.iter().zip(problem.budgets().iter().map(|budget| &budget.limit)).enumerate()
    {
        if used > limit + ROUNDING * limit.abs() {
            faults.push(Fault::Budget { budget, used, limit });
        }
    }
    if faults.is_empty() { Ok(checked) } else { Err(faults) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::{Budget, Node};

    fn node(cost: f64, children: &[u32], amount: f64) -> Node {
        Node { cost, children: children.to_vec(), amounts: vec![amount] }
    }

    /// Class 0 needs 1 and 2; 1 needs 2; 2 has a leaf, a way back to 0, and a node that must not be chosen.
    fn problem() -> Problem {
        let classes = [
            vec![node(1.0, &[1, 2], 1.0)],
            vec![node(2.0, &[2], 1.0)],
            vec![node(4.0, &[], 1.0), node(0.0, &[0], 0.0), node(f64::INFINITY, &[], 0.0), node(0.0, &[], 2.0)],
            vec![node(1.0, &[], 0.0)],
        ];
        Problem::new(&classes, &[0], vec![Budget { name: "bytes".into(), limit: 3.0 }]).expect("is sound")
    }

    fn faults(choice: &[Option<u32>]) -> Vec<Fault> {
        check(&problem(), &Solution { choice: choice.to_vec() }).expect_err("is wrong")
    }

    #[test]
    fn what_is_shared_is_paid_once() {
        let checked = check(&problem(), &Solution { choice: vec![Some(0), Some(0), Some(0), None] });
        assert_eq!(checked, Ok(Checked { cost: 7.0, used: vec![3.0] }));
    }

    #[test]
    fn every_fault_is_found() {
        assert_eq!(faults(&[None]), [Fault::Classes { found: 1, wanted: 4 }]);
        assert_eq!(faults(&[None; 4]), [Fault::Missing { class: 0, by: None }]);
        let missing = |class| Fault::Missing { class, by: Some(0) };
        assert_eq!(faults(&[Some(0), None, None, Some(0)]), [missing(1), missing(2), Fault::Unneeded { class: 3 }]);
        assert_eq!(faults(&[Some(0), Some(0), Some(1), None])[0], Fault::Cycle { class: 0 });
        assert_eq!(faults(&[Some(0), Some(0), Some(2), None]), [Fault::NoNode { class: 2, node: 2 }]);
        assert_eq!(faults(&[Some(0), Some(9), Some(0), None])[0], Fault::NoNode { class: 1, node: 9 });
        let budget = Fault::Budget { budget: 0, used: 4.0, limit: 3.0 };
        assert_eq!(faults(&[Some(0), Some(0), Some(3), None]), [budget]);
    }
}
