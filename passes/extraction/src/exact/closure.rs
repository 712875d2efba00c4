//! Linking rows over what nodes need indirectly.
//!
//! A node that needs a class `d` through others, whatever is chosen for those, counts in the row that links its class to
//! `d` as one that needs it itself. That is stronger than the chain of rows between them, which may each be half full of
//! other alternatives.

use super::model::Row;
use crate::problem::Problem;
use crate::reduce::{Must, has, members};
use std::collections::BTreeMap;

/// A violation by less is left alone.
const LEAST: f64 = 1e-3;
/// Rows a call.
const MOST: usize = 2000;

/// Rows that a fractional point violates, the most violated first; `value` is of nodes, `sum` of classes.
pub fn violated(problem: &Problem, must: &Must, value: &[f64], sum: &[f64]) -> Vec<Row> {
    let mut found: Vec<(f64, u32, u32)> = Vec::new();
    let mut needs = Vec::new();
    for class in 0..problem.classes() {
        if sum[class as usize] < LEAST || problem.range(class).len() < 2 {
            continue;
        }
        let mut total: BTreeMap<u32, f64> = BTreeMap::new();
        for id in problem.range(class).filter(|id| value[*id as usize] > 1e-9) {
            must.of_children(problem.at(id).children, &mut needs);
            members(&needs).for_each(|child| *total.entry(child).or_default() += value[id as usize]);
        }
        for (child, total) in total {
            // What the child's own alternatives give without needing the class.
            let without: f64 = if has(must.of(child), class) {
                0.0
            } else {
                problem
                    .range(child)
                    .filter(|id| !needs_class(problem, must, *id, class))
                    .map(|id| value[id as usize])
                    .sum()
            };
            let violation = total - without.min(sum[child as usize]);
            if violation > LEAST {
                found.push((violation, class, child));
            }
        }
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
    found.truncate(MOST);
    found.iter().map(|&(_, class, child)| row(problem, must, class, child)).collect()
}

fn needs_class(problem: &Problem, must: &Must, id: u32, class: u32) -> bool {
    problem.at(id).children.iter().any(|child| has(must.of(*child), class))
}

/// Alternatives of `class` that need `child`, and alternatives of `child` that need `class`, are at most `child`.
fn row(problem: &Problem, must: &Must, class: u32, child: u32) -> Row {
    let nodes = problem.range(class).filter(|id| needs_class(problem, must, *id, child));
    let back = problem.range(child).filter(|id| needs_class(problem, must, *id, class));
    Row { nodes: nodes.chain(back).map(|id| (id, 1.0)).collect(), classes: vec![(child, -1.0)], most: 0.0 }
}
