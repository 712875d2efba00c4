//! All stages against enumeration, on small random graphs with cycles, shared classes, budgets and rewards.

use hwc_extraction::*;

struct Random(u64);

impl Random {
    fn below(&mut self, count: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) % count
    }
}

/// What a kind of graphs has beside cycles.
#[derive(Clone, Copy, Debug, Default)]
struct With {
    budgets: u64,
    rewards: bool,
    fractions: bool,
    infinite: bool,
    /// More classes and ways back, so that reductions leave something to search.
    dense: bool,
}

fn random(random: &mut Random, with: With) -> Problem {
    let count = if with.dense { 9 } else { 3 + random.below(6) };
    let mut classes = Vec::new();
    for class in 0..count {
        let few = if random.below(12) == 0 { 0 } else { 1 + random.below(3) };
        let nodes = if with.dense { 3 } else { few };
        let mut node = || {
            let cost = random.below(6) as f64 * if with.fractions { 0.37 } else { 1.0 };
            let cost = if with.rewards && random.below(4) == 0 { -cost } else { cost };
            let cost = if with.infinite && random.below(8) == 0 { f64::INFINITY } else { cost };
            // Mostly downwards, sometimes back: cycles, but plans too.
            let child = |random: &mut Random| {
                let down = class + 1 < count && random.below(if with.dense { 3 } else { 6 }) > 0;
                if down { class + 1 + random.below(count - class - 1) } else { random.below(count) }
            };
            let children = (0..random.below(if with.dense { 3 } else { 4 })).map(|_| child(random) as u32).collect();
            let amounts = (0..with.budgets).map(|_| random.below(4) as f64 * 0.1).collect();
            Node { cost, children, amounts }
        };
        classes.push((0..nodes).map(|_| node()).collect::<Vec<_>>());
    }
    let roots: Vec<u32> = (0..1 + random.below(2)).map(|_| random.below(count) as u32).collect();
    let budget = |index| Budget { name: format!("b{index}"), limit: random.below(12) as f64 * 0.1 };
    Problem::new(&classes, &roots, (0..with.budgets).map(budget).collect()).expect("is sound")
}

/// What enumeration says: the least excess, and the least cost without excess.
struct Truth {
    excess: Option<f64>,
    cost: Option<f64>,
}

fn excess(problem: &Problem, used: &[f64]) -> f64 {
    let over = |(budget, used): (&Budget, &f64)| {
        let scale = if budget.limit > 0.0 { budget.limit } else { 1.0 };
        let over = (used - budget.limit) / scale;
        if over > 1e-9 { over } else { 0.0 }
    };
    problem.budgets().iter().zip(used).map(over).sum()
}

fn needed(problem: &Problem, choice: &[u32]) -> Solution {
    let mut solution = Solution { choice: vec![None; choice.len()] };
    let mut stack = problem.roots().to_vec();
    while let Some(class) = stack.pop() {
        if solution.choice[class as usize].is_none()
            && let Some(node) = problem.node(class, choice[class as usize])
        {
            solution.choice[class as usize] = Some(choice[class as usize]);
            stack.extend(node.children);
        }
    }
    solution
}

fn enumerate(problem: &Problem) -> Truth {
    let mut truth = Truth { excess: None, cost: None };
    let mut choice = vec![0; problem.classes() as usize];
    loop {
        let solution = needed(problem, &choice);
        let used_of = |faults: &[Fault]| faults.iter().all(|fault| matches!(fault, Fault::Budget { .. }));
        let within = check(problem, &solution);
        if within.as_ref().map_or_else(|faults| used_of(faults), |_| true) {
            let nodes = || solution.chosen().filter_map(|(class, node)| problem.node(class, node));
            let used: Vec<f64> =
                (0..problem.budgets().len()).map(|budget| nodes().map(|node| node.amounts[budget]).sum()).collect();
            let over = excess(problem, &used);
            truth.excess = Some(truth.excess.map_or(over, |least: f64| least.min(over)));
            if over == 0.0 {
                let cost: f64 = nodes().map(|node| node.cost).sum();
                truth.cost = Some(truth.cost.map_or(cost, |least: f64| least.min(cost)));
            }
        }
        let Some(next) = (0..choice.len()).find(|class| choice[*class] + 1 < problem.alternatives(*class as u32))
        else {
            return truth;
        };
        choice[next] += 1;
        choice[..next].fill(0);
    }
}

/// Greedy alone, with neighbourhoods, exact alone, and all.
fn limits() -> [Limits; 4] {
    let of = |rounds, work| Limits { rounds, work, seed: 7, ..Limits::default() };
    [of(0, 0), of(12, 0), of(0, 1_000_000), of(12, 1_000_000)]
}

fn compare(problem: &Problem, limits: &Limits, truth: &Truth) {
    let exact = limits.work > 0;
    match solve(problem, limits) {
        Ok(outcome) => {
            let checked = check(problem, &outcome.solution).expect("the plan is sound");
            assert!((checked.cost - outcome.cost).abs() < 1e-9, "{} {}", checked.cost, outcome.cost);
            assert_eq!(checked.used.len(), outcome.used.len());
            let best = truth.cost.expect("there is a plan");
            assert!(outcome.cost > best - 1e-6 && outcome.bound < best + 1e-6, "{outcome:?} {best}");
            assert!(outcome.stages.windows(2).all(|pair| pair[1].cost <= pair[0].cost), "{:?}", outcome.stages);
            if exact {
                assert!(outcome.proved && (outcome.cost - best).abs() < 1e-6, "{outcome:?} {best}");
            }
        }
        Err(Error::Impossible(classes)) => {
            assert!(!classes.is_empty() && truth.excess.is_none());
        }
        Err(Error::Infeasible(nearest)) => {
            let least = truth.excess.expect("there is a plan");
            let faults = check(problem, &nearest.solution).expect_err("exceeds a budget");
            assert_eq!(faults.len(), nearest.exceeded.len(), "{faults:?}");
            assert!(faults.iter().all(|fault| matches!(fault, Fault::Budget { .. })), "{faults:?}");
            if exact {
                assert!(nearest.proved && truth.cost.is_none(), "{nearest:?} {:?}", truth.cost);
                let over = |e: &Excess| (e.used - e.limit) / if e.limit > 0.0 { e.limit } else { 1.0 };
                let sum: f64 = nearest.exceeded.iter().map(over).sum();
                assert!((sum - least).abs() < 1e-6, "{sum} {least}");
            }
        }
        Err(other) => panic!("{other}"),
    }
}

fn run(with: With, seed: u64, graphs: usize) {
    let mut source = Random(seed);
    let (mut plans, mut cyclic) = (0, 0);
    for graph in 0..graphs {
        let problem = random(&mut source, with);
        let truth = enumerate(&problem);
        plans += usize::from(truth.cost.is_some());
        cyclic += usize::from(truth.excess.is_none());
        for limits in limits() {
            let result = std::panic::catch_unwind(|| compare(&problem, &limits, &truth));
            assert!(result.is_ok(), "graph {graph} of {with:?}, seed {seed}, {limits:?}: {problem:?}");
        }
    }
    // The graphs are about something.
    assert!(plans > graphs / 4 && (with.infinite || with.dense || cyclic > 0), "{plans} {cyclic}");
}

#[test]
fn whole_costs() {
    run(With::default(), 1, 300);
}

#[test]
fn fractions_and_forbidden_nodes() {
    run(With { fractions: true, infinite: true, ..With::default() }, 2, 300);
}

#[test]
fn one_budget() {
    run(With { budgets: 1, ..With::default() }, 3, 300);
}

#[test]
fn two_budgets_and_fractions() {
    run(With { budgets: 2, fractions: true, ..With::default() }, 4, 300);
}

#[test]
fn rewards() {
    run(With { rewards: true, budgets: 1, ..With::default() }, 5, 300);
}

#[test]
fn dense_cycles() {
    run(With { dense: true, ..With::default() }, 6, 40);
}

#[test]
fn dense_cycles_with_a_budget() {
    run(With { dense: true, budgets: 1, fractions: true, ..With::default() }, 7, 40);
}

#[test]
fn alternatives() {
    let mut source = Random(8);
    let (limits, mut next_bests, mut pairs) = (Limits::default(), 0, 0);
    for _ in 0..80 {
        let problem = random(&mut source, With { budgets: 1, ..With::default() });
        let Ok(outcome) = solve(&problem, &limits) else { continue };
        for (class, node) in outcome.solution.chosen() {
            let next = next_best(&problem, &outcome.solution, class, &limits).expect("is asked well");
            let without = problem.with_cost(class, node, f64::INFINITY).expect("is sound");
            assert_eq!(next.as_ref().map(|next| next.cost), enumerate(&without).cost, "{problem:?} {class}");
            if let Some(next) = next {
                assert!(check(&without, &next.solution).is_ok() && next.cost >= outcome.cost);
                next_bests += 1;
            }
        }
        let costs = |class, node| problem.node(class, node).is_some_and(|node| node.cost != 0.0);
        let top = solve_top(&problem, &limits, 4, 2).expect("there is a plan");
        assert_eq!(top[0].cost, outcome.cost);
        for (index, later) in top.iter().enumerate() {
            assert!(check(&problem, &later.solution).is_ok());
            for earlier in &top[..index] {
                let chosen: Vec<(u32, u32)> = earlier.solution.chosen().collect();
                let any = chosen.iter().any(|(class, node)| costs(*class, *node));
                let gone = chosen.iter().filter(|(class, node)| {
                    (costs(*class, *node) || !any) && later.solution.choice[*class as usize] != Some(*node)
                });
                assert!(gone.count() >= 2 && later.cost >= earlier.cost - 1e-9);
                pairs += 1;
            }
        }
    }
    assert!(next_bests > 20 && pairs > 10, "{next_bests} {pairs}");
}
