//! What a solver answers.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A plan: one node for each class that it needs.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Solution {
    /// For each class the place of the chosen node in it; `None` if the class is not needed.
    pub choice: Vec<Option<u32>>,
}

impl Solution {
    /// The chosen nodes: class, place in the class.
    pub fn chosen(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        let classes = self.choice.iter().zip(0u32..);
        classes.filter_map(|(choice, class)| choice.map(|node| (class, node)))
    }
}

/// How a plan was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StageKind {
    /// Cheapest node by node, what is shared counted once.
    Greedy,
    /// Large-neighbourhood search: parts of the plan are solved again, the rest stays.
    Lns,
    /// Branch and cut on what is left of the whole problem.
    Exact,
}

impl StageKind {
    pub fn name(self) -> &'static str {
        match self {
            StageKind::Greedy => "greedy",
            StageKind::Lns => "lns",
            StageKind::Exact => "exact",
        }
    }
}

/// What the best plan was when a stage ended.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stage {
    pub kind: StageKind,
    /// Infinite: no plan yet that keeps within the budgets.
    pub cost: f64,
    /// A proven lower bound then.
    pub bound: f64,
    /// Since the start.
    pub seconds: f64,
}

/// A plan and how good it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    pub solution: Solution,
    /// Sum of the costs of the chosen nodes.
    pub cost: f64,
    /// No plan costs less. Minus infinity if nothing is known.
    pub bound: f64,
    /// `(cost - bound) / |cost|`; 0 if the plan is proven to be the best.
    pub gap: f64,
    /// No plan is cheaper, but for rounding and the gap that the limits admit.
    pub proved: bool,
    /// What the plan uses of each budget.
    pub used: Vec<f64>,
    pub seconds: f64,
    /// In order of time.
    pub stages: Vec<Stage>,
    /// Why there was no more exact stage, if the arithmetic of the linear solver failed.
    pub failure: Option<String>,
}

/// What a plan that exceeds a budget uses of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Excess {
    /// Number of the budget in the problem.
    pub budget: usize,
    pub name: String,
    pub limit: f64,
    pub used: f64,
}

/// The plan that exceeds the budgets least, by the sum of relative excesses.
#[derive(Clone, Debug, PartialEq)]
pub struct Nearest {
    pub solution: Solution,
    /// Sum of the costs of the chosen nodes.
    pub cost: f64,
    /// The budgets that the plan exceeds.
    pub exceeded: Vec<Excess>,
    /// It is proven that no plan keeps within the budgets; otherwise the search ended before it found one.
    pub proved: bool,
}

impl fmt::Display for Nearest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = if self.proved { "no plan keeps" } else { "no plan was found that keeps" };
        write!(f, "{found} within the budgets; the nearest costs {} and uses", self.cost)?;
        for (index, Excess { name, limit, used, .. }) in self.exceeded.iter().enumerate() {
            write!(f, "{} {used} of {limit} of {name}", if index == 0 { "" } else { "," })?;
            if *limit > 0.0 {
                write!(f, " ({:.1} % too much)", 100.0 * (used - limit) / limit)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_plan_says_what_it_exceeds() {
        let excess = |name: &str, limit, used| Excess { budget: 0, name: name.into(), limit, used };
        let mut nearest = Nearest {
            solution: Solution { choice: vec![] },
            cost: 3.0,
            exceeded: vec![excess("bytes", 100.0, 150.0), excess("error", 0.0, 1.0)],
            proved: true,
        };
        let text = nearest.to_string();
        assert_eq!(
            text,
            "no plan keeps within the budgets; the nearest costs 3 and uses 150 of 100 of bytes (50.0 % too much), \
             1 of 0 of error"
        );
        nearest.proved = false;
        assert!(nearest.to_string().starts_with("no plan was found that keeps"));
    }

    #[test]
    fn chosen_nodes_come_by_class() {
        let solution = Solution { choice: vec![Some(2), None, Some(0)] };
        assert_eq!(solution.chosen().collect::<Vec<_>>(), [(0, 2), (2, 0)]);
    }
}
