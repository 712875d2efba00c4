//! Large-neighbourhood search: most of the best plan stays as it is, a part is solved again exactly.
//!
//! Rounds come in batches that start from the same plan and are put together in order: the number of threads makes no
//! difference.

use crate::exact::{Exact, Guard};
use crate::greedy;
use crate::limits::Clock;
use crate::plan::{NONE, Plan};
use crate::problem::Problem;
use crate::reduce::Reduced;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Rounds that start from the same plan.
const BATCH: usize = 4;
/// Simplex iterations of a round.
const WORK: u64 = 3_000;
/// What a round costs beside its iterations, in iterations.
const OVERHEAD: u64 = 50;
/// Classes that the first rounds set free.
const FIRST: f64 = 40.0;
const LEAST: f64 = 6.0;

/// What a round sets free.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Classes around one of the plan, up and down.
    Ball,
    /// Classes below one of the plan.
    Cone,
    /// Alternatives here and there.
    Scatter,
}

const KINDS: [Kind; 3] = [Kind::Ball, Kind::Cone, Kind::Scatter];

pub struct Lns<'a> {
    problem: &'a Problem,
    /// For each class the classes around it.
    around: Vec<Vec<u32>>,
    /// How much each kind sets free.
    sizes: [f64; KINDS.len()],
    seed: u64,
    pub rounds: u32,
}

struct Found {
    plan: Option<Plan>,
    complete: bool,
    work: u64,
}

impl<'a> Lns<'a> {
    pub fn new(problem: &'a Problem, seed: u64) -> Lns<'a> {
        let mut around = vec![Vec::new(); problem.classes() as usize];
        for id in 0..problem.nodes() as u32 {
            let class = problem.place(id).0;
            for &child in problem.at(id).children {
                around[child as usize].push(class);
                around[class as usize].push(child);
            }
        }
        for classes in &mut around {
            classes.sort_unstable();
            classes.dedup();
        }
        Lns { problem, around, sizes: [FIRST; KINDS.len()], seed, rounds: 0 }
    }

    /// At most `rounds` more, and none after `work` simplex iterations; the best plan of them and `best`.
    pub fn run(&mut self, best: &Plan, rounds: u32, work: u64, threads: usize, clock: &Clock) -> Plan {
        let mut best = best.clone();
        let (mut left, mut spent) = (rounds as usize, 0);
        while left > 0 && spent < work && !clock.stopped() {
            let count = left.min(BATCH);
            left -= count;
            let found = self.batch(&best, count, threads, clock);
            for (round, found) in found.into_iter().enumerate() {
                // Reading the problem takes time, too.
                spent += found.work + OVERHEAD;
                let kind = (self.rounds as usize + round) % KINDS.len();
                let better = found.plan.filter(|plan| plan.beats(&best));
                // Solved to the end in vain: more can be set free.
                let change = if !found.complete {
                    0.7
                } else if better.is_none() {
                    1.25
                } else {
                    1.0
                };
                self.sizes[kind] =
                    (self.sizes[kind] * change).clamp(LEAST, f64::from(self.problem.classes()).max(LEAST));
                best = better.unwrap_or(best);
            }
            self.rounds += count as u32;
        }
        best
    }

    fn batch(&self, best: &Plan, count: usize, threads: usize, clock: &Clock) -> Vec<Found> {
        let completion = greedy::completion(self.problem, best);
        let found: Vec<Mutex<Option<Found>>> = (0..count).map(|_| Mutex::new(None)).collect();
        let next = AtomicUsize::new(0);
        let work = || loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(slot) = found.get(index) else { return };
            let result = self.round(best, &completion, self.rounds as usize + index, clock);
            if let Ok(mut slot) = slot.lock() {
                *slot = Some(result);
            }
        };
        std::thread::scope(|scope| {
            for _ in 1..threads.min(count) {
                scope.spawn(work);
            }
            work();
        });
        let unfinished = || Found { plan: None, complete: false, work: WORK };
        found.into_iter().map(|slot| slot.into_inner().ok().flatten().unwrap_or_else(unfinished)).collect()
    }

    /// Part of the problem, solved from what the plan has of it. What a solver cannot do is no better plan.
    fn round(&self, best: &Plan, completion: &[u32], round: usize, clock: &Clock) -> Found {
        let mut random = Random(self.seed ^ (round as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let kind = round % KINDS.len();
        let free = self.free(KINDS[kind], self.sizes[kind], best, &mut random);
        let keep = |id: u32| free[id as usize] || completion[self.problem.place(id).0 as usize] == id;
        let Ok(part) = Reduced::new(self.problem, keep) else { return Found { plan: None, complete: true, work: 1 } };
        if part.problem.nodes() == 0 {
            return Found { plan: part.lift(self.problem, &[]), complete: true, work: 1 };
        }
        let start = part.project(self.problem, best);
        let guard = Guard {
            clock,
            work: WORK,
            seed: self.seed,
            gap: 1e-6,
            quick: true,
            budgets: !self.problem.budgets().is_empty(),
        };
        let mut exact = Exact::of_cost(&part.problem, best.cost - part.cost);
        match exact.branch(start.as_ref(), guard) {
            Ok(branch) => Found {
                plan: branch.plan.and_then(|plan| part.lift(self.problem, &plan.choice)),
                complete: branch.complete,
                work: branch.work,
            },
            Err(_) => Found { plan: None, complete: false, work: WORK },
        }
    }

    /// Whether each node may be chosen beside what the plan holds.
    fn free(&self, kind: Kind, size: f64, best: &Plan, random: &mut Random) -> Vec<bool> {
        let problem = self.problem;
        let mut free = vec![false; problem.nodes()];
        if kind == Kind::Scatter {
            let share = (size / f64::from(problem.classes())).min(1.0);
            free.iter_mut().for_each(|free| *free = random.unit() < share);
            return free;
        }
        let held: Vec<u32> = (0..problem.classes()).filter(|class| best.choice[*class as usize] != NONE).collect();
        let mut taken = vec![false; problem.classes() as usize];
        let mut queue = std::collections::VecDeque::new();
        let mut count = 0;
        while count < size as usize && !held.is_empty() {
            let Some(class) = queue.pop_front() else {
                let start = held[random.below(held.len())];
                if taken[start as usize] {
                    // Enough is free; small problems have no more.
                    count += 1;
                } else {
                    taken[start as usize] = true;
                    queue.push_back(start);
                }
                continue;
            };
            count += 1;
            problem.range(class).for_each(|id| free[id as usize] = true);
            let mut near: Vec<u32> = match kind {
                Kind::Cone => problem.range(class).flat_map(|id| problem.at(id).children.iter().copied()).collect(),
                _ => self.around[class as usize].clone(),
            };
            random.shuffle(&mut near);
            for class in near {
                if !std::mem::replace(&mut taken[class as usize], true) {
                    queue.push_back(class);
                }
            }
        }
        free
    }
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    fn below(&mut self, count: usize) -> usize {
        (self.next() % count as u64) as usize
    }

    fn shuffle(&mut self, items: &mut [u32]) {
        for index in (1..items.len()).rev() {
            items.swap(index, self.below(index + 1));
        }
    }
}
