//! Other plans than the best one: what a choice is worth, and plans that differ.

use crate::error::{Error, Result};
use crate::greedy;
use crate::limits::Limits;
use crate::outcome::{Outcome, Solution};
use crate::plan::Plan;
use crate::problem::{Budget, Flaw, Problem};
use crate::solve::{solve, solve_from};

/// The best plan without the node that `solution` chooses for `class`: how much dearer it is says what the choice is worth.
/// `None` if there is no plan without it, or none within the budgets was found.
///
/// # Errors
/// [`Error::Invalid`] if the solution is not one of the problem, or chooses nothing for the class; [`Error::Solver`].
pub fn next_best(problem: &Problem, solution: &Solution, class: u32, limits: &Limits) -> Result<Option<Outcome>> {
    let chosen = solution.choice.get(class as usize).copied().flatten();
    let plan = Plan::of(problem, solution);
    let (Some(node), Some(plan)) = (chosen, plan) else { return Err(Error::Invalid(vec![Flaw::Choice { class }])) };
    let without = problem.with_cost(class, node, f64::INFINITY)?;
    // What the plan has costs nothing more.
    let cost = |id: u32| {
        let held = plan.choice[problem.place(id).0 as usize] == id;
        if held && without.at(id).cost.is_finite() { 0.0 } else { without.at(id).cost }
    };
    let near = greedy::with_costs(&without, &(0..problem.nodes() as u32).map(cost).collect::<Vec<_>>());
    let known: Vec<Solution> = near.iter().map(|plan| plan.solution(&without)).collect();
    found(solve_from(&without, limits, &known))
}

/// Up to `count` plans in order of their cost, each the best of those that differ enough from all before it: of the nodes
/// that cost something in an earlier plan, at least `distance` are not in it. The limits are for each plan; bounds are of
/// plans that differ as much. Ends early if there are no more, or none was found.
///
/// # Errors
/// Those of [`solve`], for the first plan; [`Error::Solver`].
pub fn solve_top(problem: &Problem, limits: &Limits, count: usize, distance: u32) -> Result<Vec<Outcome>> {
    let mut outcomes: Vec<Outcome> = Vec::new();
    let mut rest = problem.clone();
    while outcomes.len() < count {
        let next = if outcomes.is_empty() { Some(solve(&rest, limits)?) } else { found(solve(&rest, limits))? };
        let Some(mut next) = next else { break };
        next.used.truncate(problem.budgets().len());
        rest = unlike(&rest, &next.solution, distance.max(1), outcomes.len());
        outcomes.push(next);
    }
    Ok(outcomes)
}

fn found(solved: Result<Outcome>) -> Result<Option<Outcome>> {
    match solved {
        Ok(outcome) => Ok(Some(outcome)),
        Err(Error::Impossible(_) | Error::Infeasible(_)) => Ok(None),
        Err(other) => Err(other),
    }
}

/// The problem with one budget more: how many of a plan's nodes another plan may hold.
fn unlike(problem: &Problem, solution: &Solution, distance: u32, number: usize) -> Problem {
    let cost = |class, node| problem.node(class, node).map_or(0.0, |node| node.cost);
    let any = solution.chosen().any(|(class, node)| cost(class, node) != 0.0);
    let counts =
        |class: u32, node: u32| solution.choice[class as usize] == Some(node) && (!any || cost(class, node) != 0.0);
    let held = solution.chosen().filter(|(class, node)| counts(*class, *node)).count();
    let name = format!("nodes of plan {number}");
    // Fewer nodes than the distance: no plan differs enough, which a limit below 0 says.
    let budget = Budget { name, limit: held as f64 - f64::from(distance) };
    problem.with_budget(budget, |class, node| if counts(class, node) { 1.0 } else { 0.0 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Node;

    /// Class 0 has four ways that cost 1, 2, 3 and 3 with two classes below.
    fn problem() -> Problem {
        let node = |cost, children: &[u32]| Node { cost, children: children.to_vec(), amounts: vec![] };
        let classes = [
            vec![node(1.0, &[1]), node(0.0, &[2]), node(3.0, &[])],
            vec![node(0.0, &[])],
            vec![node(2.0, &[]), node(2.5, &[])],
        ];
        Problem::new(&classes, &[0], vec![]).expect("is sound")
    }

    #[test]
    fn the_next_best_shows_what_a_choice_is_worth() {
        let (problem, limits) = (problem(), Limits::default());
        let best = solve(&problem, &limits).expect("there is a plan");
        assert_eq!(best.cost, 1.0);
        let next = next_best(&problem, &best.solution, 0, &limits).expect("is asked well").expect("there is one");
        assert_eq!((next.cost, next.solution.choice[0]), (2.0, Some(1)));
        assert!(next_best(&problem, &best.solution, 1, &limits).expect("is asked well").is_some());
        assert!(matches!(next_best(&problem, &best.solution, 2, &limits), Err(Error::Invalid(_))));
        assert!(matches!(next_best(&problem, &best.solution, 9, &limits), Err(Error::Invalid(_))));
    }

    #[test]
    fn without_an_only_node_there_is_no_plan() {
        let only = vec![Node { cost: 1.0, ..Node::default() }];
        let problem = Problem::new(&[only], &[0], vec![]).expect("is sound");
        let best = solve(&problem, &Limits::default()).expect("there is a plan");
        assert_eq!(next_best(&problem, &best.solution, 0, &Limits::default()).expect("is asked well"), None);
    }

    #[test]
    fn plans_differ_and_come_in_order() {
        let outcomes = solve_top(&problem(), &Limits::default(), 9, 1).expect("there is a plan");
        let costs: Vec<f64> = outcomes.iter().map(|outcome| outcome.cost).collect();
        assert_eq!(costs, [1.0, 2.0, 2.5, 3.0]);
        assert!(outcomes.iter().all(|outcome| outcome.used.is_empty() && outcome.proved));
        assert_eq!(solve_top(&problem(), &Limits::default(), 2, 1).expect("there is a plan").len(), 2);
        // No plan has two nodes that cost something.
        assert_eq!(solve_top(&problem(), &Limits::default(), 9, 2).expect("there is a plan").len(), 1);
    }
}
