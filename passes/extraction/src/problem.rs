//! What is to be solved: classes of alternatives, and what a plan may use at most.

use crate::error::{Error, Result};
use serde::Serialize;
use std::fmt;

/// One way to make a class.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Node {
    /// What the node adds to a plan that holds it, in the caller's unit (the compiler's is seconds). Infinite: never to
    /// be chosen. Negative: a reward, paid once to a plan that holds it.
    pub cost: f64,
    /// The classes it needs. One that is needed twice is made once.
    pub children: Vec<u32>,
    /// What it uses of each budget, in the order of [`Budget`]s; finite, at least 0.
    pub amounts: Vec<f64>,
}

/// A limit on the sum of an amount over the nodes of a plan: bytes of memory, error.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Budget {
    /// For messages.
    pub name: String,
    /// In the unit of the amounts; infinite is no limit.
    pub limit: f64,
}

/// An AND-OR graph, checked: classes are alternatives (OR) of nodes, nodes need all their children (AND). Classes may be
/// part of cycles; plans never are.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Problem {
    /// Nodes of class `c` are `class_start[c]..class_start[c + 1]`.
    class_start: Vec<u32>,
    class_of: Vec<u32>,
    cost: Vec<f64>,
    child_start: Vec<u32>,
    /// Sorted, each class once for a node.
    children: Vec<u32>,
    /// Node by node, as many as there are budgets.
    amounts: Vec<f64>,
    /// Sorted, each once.
    roots: Vec<u32>,
    budgets: Vec<Budget>,
    /// What excesses over the budgets are divided by: limits of the problem that this one was made from.
    scales: Vec<f64>,
}

/// One thing that is wrong with a problem.
#[derive(Clone, Debug, PartialEq)]
pub enum Flaw {
    /// A root is no class.
    Root { root: u32 },
    /// A node needs what is no class.
    Child { class: u32, node: u32, child: u32 },
    /// A cost is not a number, or minus infinity.
    Cost { class: u32, node: u32, cost: f64 },
    /// A node has not one amount for each budget.
    Amounts { class: u32, node: u32, found: usize, wanted: usize },
    /// An amount is negative or not finite.
    Amount { class: u32, node: u32, budget: usize, amount: f64 },
    /// A limit is negative or not a number.
    Limit { budget: usize, limit: f64 },
    /// A solution that is not one of the problem, or chooses nothing for the class.
    Choice { class: u32 },
    /// Classes, nodes or children are more than 2^32 - 1.
    TooLarge,
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Flaw::Root { root } => write!(f, "root {root} is no class"),
            Flaw::Child { class, node, child } => write!(f, "class {class}, node {node}: child {child} is no class"),
            Flaw::Cost { class, node, cost } => {
                write!(f, "class {class}, node {node}: cost {cost} is not a number above minus infinity")
            }
            Flaw::Amounts { class, node, found, wanted } => {
                write!(f, "class {class}, node {node}: {found} amounts for {wanted} budgets")
            }
            Flaw::Amount { class, node, budget, amount } => {
                write!(
                    f,
                    "class {class}, node {node}: amount {amount} of budget {budget} is not a number of at least 0"
                )
            }
            Flaw::Limit { budget, limit } => write!(f, "budget {budget}: limit {limit} is not a number of at least 0"),
            Flaw::Choice { class } => {
                write!(f, "class {class}: the solution is none of the problem, or chooses nothing here")
            }
            Flaw::TooLarge => write!(f, "there are more than 4294967295 classes, nodes or children"),
        }
    }
}

impl Problem {
    /// Classes are numbered by their place in `classes`, and nodes by their place in a class. A class may be empty: then
    /// nothing that needs it can be chosen.
    ///
    /// # Errors
    /// [`Error::Invalid`] with everything that is wrong.
    pub fn new(classes: &[Vec<Node>], roots: &[u32], budgets: Vec<Budget>) -> Result<Problem> {
        let flaws = flaws(classes, roots, &budgets);
        if !flaws.is_empty() {
            return Err(Error::Invalid(flaws));
        }
        let scales = budgets.iter().map(|budget| scale(budget.limit)).collect();
        Ok(Problem::trusted(classes, roots, budgets, scales))
    }

    /// The same for what is known to be sound. Limits may be negative: then no plan keeps within them.
    pub(crate) fn trusted(classes: &[Vec<Node>], roots: &[u32], budgets: Vec<Budget>, scales: Vec<f64>) -> Problem {
        let mut problem = Problem {
            class_start: vec![0],
            class_of: Vec::new(),
            cost: Vec::new(),
            child_start: vec![0],
            children: Vec::new(),
            amounts: Vec::new(),
            roots: sorted_once(roots),
            budgets,
            scales,
        };
        for (class, nodes) in classes.iter().enumerate() {
            for node in nodes {
                problem.class_of.push(class as u32);
                problem.cost.push(node.cost);
                problem.children.extend(sorted_once(&node.children));
                problem.child_start.push(problem.children.len() as u32);
                problem.amounts.extend(&node.amounts);
            }
            problem.class_start.push(problem.cost.len() as u32);
        }
        problem
    }

    pub fn classes(&self) -> u32 {
        (self.class_start.len() - 1) as u32
    }

    /// Number of nodes of all classes.
    pub fn nodes(&self) -> usize {
        self.cost.len()
    }

    pub fn roots(&self) -> &[u32] {
        &self.roots
    }

    pub fn budgets(&self) -> &[Budget] {
        &self.budgets
    }

    /// What excesses over the budgets are divided by.
    pub(crate) fn scales(&self) -> &[f64] {
        &self.scales
    }

    /// How many nodes a class has; 0 for what is no class.
    pub fn alternatives(&self, class: u32) -> u32 {
        if class < self.classes() { self.range(class).len() as u32 } else { 0 }
    }

    /// A node by its place in a class; `None` if there is none.
    pub fn node(&self, class: u32, node: u32) -> Option<NodeRef<'_>> {
        (node < self.alternatives(class)).then(|| self.at(self.class_start[class as usize] + node))
    }

    /// The same problem where a node costs something else.
    ///
    /// # Errors
    /// [`Error::Invalid`] if there is no such node, or the cost is not one.
    pub fn with_cost(&self, class: u32, node: u32, cost: f64) -> Result<Problem> {
        if node >= self.alternatives(class) || cost.is_nan() || cost == f64::NEG_INFINITY {
            return Err(Error::Invalid(vec![Flaw::Cost { class, node, cost }]));
        }
        let mut problem = self.clone();
        problem.cost[(self.class_start[class as usize] + node) as usize] = cost;
        Ok(problem)
    }

    /// Adds a budget with an amount for each node, given by the node's class and place.
    pub(crate) fn with_budget(&self, budget: Budget, amount: impl Fn(u32, u32) -> f64) -> Problem {
        let old = self.budgets.len();
        let mut problem = Problem { amounts: Vec::with_capacity(self.nodes() * (old + 1)), ..self.clone() };
        for id in 0..self.nodes() {
            let class = self.class_of[id];
            problem.amounts.extend(&self.amounts[id * old..(id + 1) * old]);
            problem.amounts.push(amount(class, id as u32 - self.class_start[class as usize]));
        }
        problem.scales.push(scale(budget.limit));
        problem.budgets.push(budget);
        problem
    }

    /// Numbers of a class's nodes among all nodes.
    pub(crate) fn range(&self, class: u32) -> std::ops::Range<u32> {
        self.class_start[class as usize]..self.class_start[class as usize + 1]
    }

    /// The class of a node, and its place there.
    pub(crate) fn place(&self, id: u32) -> (u32, u32) {
        let class = self.class_of[id as usize];
        (class, id - self.class_start[class as usize])
    }

    pub(crate) fn at(&self, id: u32) -> NodeRef<'_> {
        let (id, budgets) = (id as usize, self.budgets.len());
        NodeRef {
            cost: self.cost[id],
            children: &self.children[self.child_start[id] as usize..self.child_start[id + 1] as usize],
            amounts: &self.amounts[id * budgets..(id + 1) * budgets],
        }
    }
}

/// A node of a [`Problem`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NodeRef<'a> {
    pub cost: f64,
    /// Sorted, each once.
    pub children: &'a [u32],
    pub amounts: &'a [f64],
}

fn flaws(classes: &[Vec<Node>], roots: &[u32], budgets: &[Budget]) -> Vec<Flaw> {
    let most = u32::MAX as usize;
    let nodes = classes.iter().flatten();
    let (count, children) = nodes.fold((0, 0), |(count, children), node| (count + 1, children + node.children.len()));
    if classes.len() >= most || count >= most || children >= most {
        return vec![Flaw::TooLarge];
    }
    let no_class = |class: &u32| *class as usize >= classes.len();
    let amount_is_wrong = |amount: &f64| !amount.is_finite() || *amount < 0.0;
    let mut flaws: Vec<Flaw> = roots.iter().filter(|root| no_class(root)).map(|&root| Flaw::Root { root }).collect();
    let limits = budgets.iter().map(|budget| budget.limit).enumerate();
    flaws.extend(limits.filter(|(_, l)| l.is_nan() || *l < 0.0).map(|(budget, limit)| Flaw::Limit { budget, limit }));
    for (class, nodes) in classes.iter().enumerate() {
        for (place, node) in nodes.iter().enumerate() {
            let (class, place, cost) = (class as u32, place as u32, node.cost);
            if cost.is_nan() || cost == f64::NEG_INFINITY {
                flaws.push(Flaw::Cost { class, node: place, cost });
            }
            let wrong = node.children.iter().filter(|child| no_class(child));
            flaws.extend(wrong.map(|&child| Flaw::Child { class, node: place, child }));
            let (found, wanted) = (node.amounts.len(), budgets.len());
            if found != wanted {
                flaws.push(Flaw::Amounts { class, node: place, found, wanted });
            }
            let wrong = node.amounts.iter().enumerate().filter(|(_, amount)| amount_is_wrong(amount));
            flaws.extend(wrong.map(|(budget, &amount)| Flaw::Amount { class, node: place, budget, amount }));
        }
    }
    flaws
}

/// What excesses over a limit are divided by.
fn scale(limit: f64) -> f64 {
    if limit > 0.0 { limit } else { 1.0 }
}

fn sorted_once(classes: &[u32]) -> Vec<u32> {
    let mut classes = classes.to_vec();
    classes.sort_unstable();
    classes.dedup();
    classes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_wrong_is_told_at_once() {
        let budget = |limit| Budget { name: "bytes".into(), limit };
        let classes = [
            vec![Node { cost: f64::NAN, children: vec![7], amounts: vec![1.0, -1.0] }],
            vec![Node { cost: 1.0, children: vec![], amounts: vec![] }],
        ];
        let Err(Error::Invalid(flaws)) = Problem::new(&classes, &[0, 9], vec![budget(-1.0), budget(1.0)]) else {
            panic!("is refused")
        };
        assert_eq!(flaws.len(), 6, "{flaws:?}");
        let text = Error::Invalid(flaws).to_string();
        for part in ["root 9", "child 7", "cost NaN", "amount -1", "0 amounts for 2", "limit -1"] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }

    #[test]
    fn children_and_roots_are_counted_once() {
        let node = |children: &[u32]| Node { cost: 1.0, children: children.to_vec(), amounts: vec![] };
        let problem = Problem::new(&[vec![node(&[1, 1])], vec![node(&[])]], &[0, 0], vec![]).expect("is sound");
        assert_eq!(problem.roots(), [0]);
        assert_eq!(problem.node(0, 0).expect("is there").children, [1]);
        assert_eq!(problem.node(0, 1), None);
        assert_eq!(problem.alternatives(5), 0);
    }

    #[test]
    fn a_budget_more_adds_an_amount_to_each_node() {
        let node = |amount| Node { cost: 1.0, children: vec![], amounts: vec![amount] };
        let budget = |limit| Budget { name: "b".into(), limit };
        let problem = Problem::new(&[vec![node(1.0), node(2.0)], vec![node(3.0)]], &[0], vec![budget(5.0)]);
        let more = problem.expect("is sound").with_budget(budget(1.0), |class, node| f64::from(10 * class + node));
        assert_eq!(more.node(0, 1).expect("is there").amounts, [2.0, 1.0]);
        assert_eq!(more.node(1, 0).expect("is there").amounts, [3.0, 10.0]);
    }
}
