//! Greedy extraction with DAG cost: a class takes the node whose needs, everything shared counted once, cost least.

use crate::limits::Clock;
use crate::plan::{NONE, Plan, over};
use crate::problem::Problem;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

/// How often prices of budgets are raised before the plan that exceeds them least is taken.
const RAISES: usize = 24;

/// Members that all cost sets together may have, 400 MB: of larger graphs only trees are compared.
const MEMBERS: usize = 25_000_000;

/// The classes that a class's choice needs, itself included, and what their nodes cost.
#[derive(Clone, Default)]
struct CostSet {
    /// Sorted by class.
    members: Vec<(u32, f64)>,
    total: f64,
}

/// Greedy plan for the costs alone, and the best one for costs with the budgets priced into them, if budgets are
/// exceeded. `None` if there is no plan at all.
pub fn greedy(problem: &Problem, clock: &Clock) -> Option<Plan> {
    let costs: Vec<f64> = (0..problem.nodes()).map(|id| problem.at(id as u32).cost).collect();
    let mut best = with_costs(problem, &costs)?;
    if best.feasible() {
        return Some(best);
    }
    // A node of a typical plan costs about this much.
    let count = best.choice.iter().filter(|id| **id != NONE).count().max(1);
    let unit = (best.cost.abs() / count as f64).max(f64::MIN_POSITIVE.sqrt());
    let mut prices = vec![0.0; problem.budgets().len()];
    let mut last = best.clone();
    for _ in 0..RAISES {
        for (budget, price) in prices.iter_mut().enumerate() {
            if over(problem, budget, last.used[budget]) > 0.0 {
                *price = if *price == 0.0 { unit * count as f64 / 16.0 } else { *price * 2.0 };
            }
        }
        let priced = |id: usize| {
            let amounts = problem.at(id as u32).amounts.iter().zip(problem.scales()).zip(&prices);
            costs[id] + amounts.map(|((amount, scale), price)| price * amount / scale).sum::<f64>()
        };
        let Some(plan) = with_costs(problem, &(0..costs.len()).map(priced).collect::<Vec<_>>()) else { break };
        if plan.beats(&best) {
            best = plan.clone();
        }
        if plan.feasible() || clock.stopped() {
            break;
        }
        last = plan;
    }
    Some(best)
}

/// Greedy plan for other costs than the problem's; nodes of infinite cost are not chosen.
pub fn with_costs(problem: &Problem, costs: &[f64]) -> Option<Plan> {
    let by_sets = Plan::trace(problem, &by_cost_sets(problem, costs)).ok();
    // Rewards and rounding can make the sets' choices need each other; trees settle in an order and cannot.
    by_sets.or_else(|| Plan::trace(problem, &by_tree_cost(problem, costs)).ok())
}

/// A node for every class that can be made: the plan's where it has one, elsewhere what is cheapest beside the plan.
pub fn completion(problem: &Problem, plan: &Plan) -> Vec<u32> {
    let cost = |id: u32| {
        let chosen = plan.choice[problem.place(id).0 as usize];
        match chosen {
            NONE => problem.at(id).cost,
            chosen if chosen == id => 0.0,
            _ => f64::INFINITY,
        }
    };
    by_cost_sets(problem, &(0..problem.nodes() as u32).map(cost).collect::<Vec<_>>())
}

/// Nodes that need each class.
pub fn users(problem: &Problem) -> Vec<Vec<u32>> {
    let mut users = vec![Vec::new(); problem.classes() as usize];
    for id in 0..problem.nodes() as u32 {
        problem.at(id).children.iter().for_each(|child| users[*child as usize].push(id));
    }
    users
}

fn by_cost_sets(problem: &Problem, costs: &[f64]) -> Vec<u32> {
    let users = users(problem);
    let mut sets: Vec<Option<CostSet>> = vec![None; problem.classes() as usize];
    let mut choice = vec![NONE; sets.len()];
    let mut queue: VecDeque<u32> =
        (0..problem.nodes() as u32).filter(|id| problem.at(*id).children.is_empty()).collect();
    let mut queued = vec![false; problem.nodes()];
    queue.iter().for_each(|id| queued[*id as usize] = true);
    let mut members = 0;
    while let Some(id) = queue.pop_front().filter(|_| members < MEMBERS) {
        queued[id as usize] = false;
        let (class, _) = problem.place(id);
        let most = sets[class as usize].as_ref().map_or(f64::INFINITY, |set| set.total);
        let Some(set) = needs(problem, costs, &sets, id, most) else { continue };
        members += set.members.len();
        members -= sets[class as usize].replace(set).map_or(0, |old| old.members.len());
        choice[class as usize] = id;
        for &user in &users[class as usize] {
            if !queued[user as usize] {
                queued[user as usize] = true;
                queue.push_back(user);
            }
        }
    }
    choice
}

/// What a node needs, if its children can be made, do not need the node's class, and it all costs less than `most`.
fn needs(problem: &Problem, costs: &[f64], sets: &[Option<CostSet>], id: u32, most: f64) -> Option<CostSet> {
    let (class, _) = problem.place(id);
    let cost = costs[id as usize];
    if !cost.is_finite() {
        return None;
    }
    let mut members: Vec<(u32, f64)> = vec![];
    for child in problem.at(id).children {
        let set = sets[*child as usize].as_ref()?;
        if cost + set.total > most && set.total >= 0.0 && members.is_empty() {
            // What is shared with other children makes no difference to the first.
            return None;
        }
        members = if members.is_empty() { set.members.clone() } else { union(&members, &set.members) };
    }
    let place = members.binary_search_by_key(&class, |member| member.0).err()?;
    members.insert(place, (class, cost));
    let total = members.iter().map(|member| member.1).sum::<f64>();
    (total < most).then_some(CostSet { members, total })
}

fn union(a: &[(u32, f64)], b: &[(u32, f64)]) -> Vec<(u32, f64)> {
    let mut merged = Vec::with_capacity(a.len() + b.len());
    let (mut i, mut j) = (0, 0);
    while i < a.len() && j < b.len() {
        let (left, right) = (a[i], b[j]);
        merged.push(if left.0 <= right.0 { left } else { right });
        i += usize::from(left.0 <= right.0);
        j += usize::from(right.0 <= left.0);
    }
    merged.extend_from_slice(&a[i..]);
    merged.extend_from_slice(&b[j..]);
    merged
}

/// Cheapest trees, by Knuth's generalization of Dijkstra's algorithm: a class is settled after all that it needs.
fn by_tree_cost(problem: &Problem, costs: &[f64]) -> Vec<u32> {
    let users = users(problem);
    let mut choice = vec![NONE; problem.classes() as usize];
    let mut total = vec![f64::INFINITY; choice.len()];
    let mut missing: Vec<u32> = (0..problem.nodes() as u32).map(|id| problem.at(id).children.len() as u32).collect();
    // Costs of at least 0 are ordered as their bits are.
    let mut heap = BinaryHeap::new();
    let cost_of = |id: u32, total: &[f64]| {
        let children: f64 = problem.at(id).children.iter().map(|child| total[*child as usize]).sum();
        costs[id as usize].max(0.0) + children
    };
    let leaves = (0..problem.nodes() as u32).filter(|id| missing[*id as usize] == 0);
    heap.extend(leaves.map(|id| Reverse((cost_of(id, &total).to_bits(), id))));
    while let Some(Reverse((bits, id))) = heap.pop() {
        let class = problem.place(id).0 as usize;
        let cost = f64::from_bits(bits);
        if choice[class] != NONE || !cost.is_finite() {
            continue;
        }
        (choice[class], total[class]) = (id, cost);
        for &user in &users[class] {
            missing[user as usize] -= 1;
            if missing[user as usize] == 0 {
                heap.push(Reverse((cost_of(user, &total).to_bits(), user)));
            }
        }
    }
    choice
}
