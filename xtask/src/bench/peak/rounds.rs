//! Threads that do the same work at the same time, again and again.

use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

/// Other programs take the cores away for longer than a round takes; some rounds go undisturbed.
const ROUNDS: usize = 60;

/// The best rate of all threads together, in units of `work` per second; `work` says how much it did.
pub fn best_of_rounds<S>(
    threads: usize,
    state: impl Fn() -> S + Sync,
    work: impl Fn(&mut S) -> u64 + Sync,
) -> Option<f64> {
    let barrier = Barrier::new(threads);
    let (barrier, state, work) = (&barrier, &state, &work);
    let start = Instant::now();
    // A thread's rounds, each with begin, end and amount.
    let rounds = move || {
        let mut state = state();
        work(&mut state);
        let mut rounds = Vec::new();
        for _ in 0..ROUNDS {
            barrier.wait();
            let begin = start.elapsed();
            let amount = work(&mut state);
            rounds.push((begin, start.elapsed(), amount));
        }
        rounds
    };
    let all: Vec<_> = thread::scope(|scope| {
        let handles: Vec<_> = (0..threads).map(|_| scope.spawn(rounds)).collect();
        handles.into_iter().filter_map(|handle| handle.join().ok()).collect()
    });
    let rate = |round: usize| {
        let parts = all.iter().filter_map(|rounds: &Vec<_>| rounds.get(round));
        let (begin, end, amount) = parts
            .fold((Duration::MAX, Duration::ZERO, 0), |(begin, end, sum), (from, to, amount)| {
                (begin.min(*from), end.max(*to), sum + amount)
            });
        amount as f64 / end.saturating_sub(begin).as_secs_f64()
    };
    (0..all.first()?.len()).map(rate).max_by(f64::total_cmp)
}

#[cfg(test)]
mod tests {
    use super::best_of_rounds;

    #[test]
    fn amounts_of_all_threads_are_added() {
        let rate = best_of_rounds(
            2,
            || 0u64,
            |calls| {
                *calls += 1;
                1_000_000
            },
        );
        // Two million within far less than a second.
        assert!(rate.is_some_and(|rate| rate > 2e6), "{rate:?}");
    }
}
