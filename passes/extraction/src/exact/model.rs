//! The integer program of a problem.
//!
//! A variable for each node (1: chosen) and for each class of several nodes (their sum). For a class `c` and a class `d`
//! that some of its nodes need: the sum of those nodes is at most the variable of `d`.

use crate::plan::{NONE, Plan, over};
use crate::problem::Problem;
use crate::reduce::{Must, has};
use highs::{Col, RowProblem};
use std::collections::BTreeMap;

/// A row: coefficients, and the most that their sum may be.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Nodes and their coefficients.
    pub nodes: Vec<(u32, f64)>,
    /// Classes and theirs.
    pub classes: Vec<(u32, f64)>,
    pub most: f64,
}

/// What is minimized.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Aim {
    /// Costs, times a factor that brings them to where the solver's absolute tolerances fit.
    Cost(f64),
    /// The sum of the relative excesses over the budgets, times [`super::SIZE`].
    Excess,
}

pub struct Model {
    pub columns: RowProblem,
    /// Column of each node.
    pub nodes: Vec<Col>,
    /// Column of each class; that of its node, if it has one.
    pub classes: Vec<Col>,
    /// Columns for excesses, which come last.
    slacks: usize,
}

impl Model {
    pub fn new(problem: &Problem, must: Option<&Must>, aim: Aim, integral: bool) -> Model {
        let mut columns = RowProblem::default();
        let mut nodes = Vec::with_capacity(problem.nodes());
        let mut classes = Vec::with_capacity(problem.classes() as usize);
        let mut is_root = vec![false; problem.classes() as usize];
        problem.roots().iter().for_each(|root| is_root[*root as usize] = true);
        for class in 0..problem.classes() {
            let range = problem.range(class);
            let low = if is_root[class as usize] && range.len() == 1 { 1.0 } else { 0.0 };
            for id in range.clone() {
                let cost = if let Aim::Cost(factor) = aim { problem.at(id).cost * factor } else { 0.0 };
                nodes.push(columns.add_column_with_integrality(cost, low..=1.0, integral));
            }
            if range.len() == 1 {
                classes.push(nodes[range.start as usize]);
                continue;
            }
            let low = if is_root[class as usize] { 1.0 } else { 0.0 };
            let column = columns.add_column_with_integrality(0.0, low..=1.0, false);
            let sum = range.map(|id| (nodes[id as usize], 1.0)).chain([(column, -1.0)]);
            columns.add_row(0.0..=0.0, sum.collect::<Vec<_>>());
            classes.push(column);
        }
        let mut model = Model { columns, nodes, classes, slacks: 0 };
        model.link(problem, must, &is_root);
        for (budget, limit) in problem.budgets().iter().map(|budget| budget.limit).enumerate() {
            if limit.is_finite() {
                let scale = problem.scales()[budget];
                let amounts = (0..problem.nodes() as u32).map(|id| (id, problem.at(id).amounts[budget] / scale));
                let amounts = amounts.filter(|(_, amount)| *amount != 0.0);
                let mut row: Vec<_> = amounts.map(|(id, amount)| (model.nodes[id as usize], amount)).collect();
                if aim == Aim::Excess {
                    model.slacks += 1;
                    row.push((model.columns.add_column(super::SIZE, 0.0..), -1.0));
                }
                model.columns.add_row(f64::NEG_INFINITY..=limit / scale, row);
            }
        }
        model
    }

    fn link(&mut self, problem: &Problem, must: Option<&Must>, is_root: &[bool]) {
        let rewards = (0..problem.nodes() as u32).any(|id| problem.at(id).cost < 0.0);
        let mut users: Vec<Vec<u32>> = vec![Vec::new(); if rewards { is_root.len() } else { 0 }];
        for class in 0..problem.classes() {
            let mut needs: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
            for id in problem.range(class) {
                problem.at(id).children.iter().for_each(|child| needs.entry(*child).or_default().push(id));
            }
            for (child, by) in needs {
                if rewards {
                    users[child as usize].extend(&by);
                }
                // The child may be made by what does not need this class only.
                let back = |id: &u32| match must {
                    Some(must) => problem.at(*id).children.iter().any(|next| has(must.of(*next), class)),
                    None => problem.at(*id).children.binary_search(&class).is_ok(),
                };
                let back: Vec<u32> = problem.range(child).filter(back).collect();
                if is_root[child as usize] && back.is_empty() {
                    continue;
                }
                let mut row = Row { nodes: vec![], classes: vec![(child, -1.0)], most: 0.0 };
                if by.len() == problem.range(class).len() {
                    row.classes.push((class, 1.0));
                } else {
                    row.nodes.extend(by.iter().map(|id| (*id, 1.0)));
                }
                row.nodes.extend(back.iter().map(|id| (*id, 1.0)));
                self.add(&row);
            }
        }
        // A reward is paid only for what is needed.
        for (class, users) in (0..).zip(users).filter(|(class, _)| !is_root[*class as usize]) {
            let nodes = users.iter().map(|id| (*id, -1.0)).collect();
            self.add(&Row { nodes, classes: vec![(class, 1.0)], most: 0.0 });
        }
    }

    fn add(&mut self, row: &Row) {
        let (terms, most) = self.terms(row);
        self.columns.add_row(f64::NEG_INFINITY..=most, terms);
    }

    /// A row in terms of the columns.
    pub fn terms(&self, row: &Row) -> (Vec<(Col, f64)>, f64) {
        let nodes = row.nodes.iter().map(|(id, factor)| (self.nodes[*id as usize], *factor));
        let classes = row.classes.iter().map(|(class, factor)| (self.classes[*class as usize], *factor));
        // A class of one node has that node's column: it may stand twice.
        let mut sums: BTreeMap<usize, (Col, f64)> = BTreeMap::new();
        for (column, factor) in nodes.chain(classes) {
            sums.entry(column.index()).or_insert((column, 0.0)).1 += factor;
        }
        (sums.into_values().filter(|(_, factor)| *factor != 0.0).collect(), row.most)
    }

    /// Values of the columns for a plan that keeps within the budgets, or of a model that minimizes the excess.
    pub fn values(&self, problem: &Problem, plan: &Plan) -> Vec<f64> {
        let mut values = vec![0.0; self.columns.num_cols()];
        for (class, id) in plan.choice.iter().enumerate().filter(|(_, id)| **id != NONE) {
            values[self.nodes[*id as usize].index()] = 1.0;
            values[self.classes[class].index()] = 1.0;
        }
        let slack = (0..problem.budgets().len()).filter(|budget| problem.budgets()[*budget].limit.is_finite());
        let slack = slack.map(|budget| over(problem, budget, plan.used[budget]));
        let first = values.len() - self.slacks;
        values[first..].iter_mut().zip(slack).for_each(|(value, over)| *value = over);
        values
    }

    /// Values of nodes and of classes out of those of the columns.
    pub fn split(&self, values: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let of = |columns: &[Col]| columns.iter().map(|column| values[column.index()]).collect();
        (of(&self.nodes), of(&self.classes))
    }

    /// For each class the node whose column is largest, if any is above one half.
    pub fn choice(&self, problem: &Problem, values: &[f64]) -> Vec<u32> {
        let value = |id: &u32| values[self.nodes[*id as usize].index()];
        let chosen = |class| problem.range(class).find(|id| value(id) > 0.5).unwrap_or(NONE);
        (0..problem.classes()).map(chosen).collect()
    }
}
