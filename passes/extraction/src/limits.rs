//! How long to search.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// When to stop. Limits in units of work (`rounds`, `work`) give the same result whatever the machine, its load and the
/// number of threads. `seconds` and `cancel` do not: how far the search comes until then depends on all of them. (When
/// the search is over before, they make no difference.)
#[derive(Clone, Debug)]
pub struct Limits {
    /// Wall-clock time for everything; `None`: only the limits of work hold.
    pub seconds: Option<f64>,
    /// Stops soon after this becomes true, with the best plan so far.
    pub cancel: Option<Arc<AtomicBool>>,
    /// Threads to use, at least 1. Makes no difference to the result.
    pub threads: usize,
    /// Where the search's random choices start.
    pub seed: u64,
    /// Rounds of the large-neighbourhood search; 0: none.
    pub rounds: u32,
    /// Iterations of the simplex method that the exact stage may use for all of its runs; 0: no exact stage.
    pub work: u64,
    /// Relative difference of cost and bound at which a plan is good enough.
    pub gap: f64,
}

impl Default for Limits {
    /// No limit of time, and work for seconds; a minute for the hardest graphs of some ten thousand nodes.
    fn default() -> Limits {
        Limits { seconds: None, cancel: None, threads: 2, seed: 0, rounds: 200, work: 50_000, gap: 1e-6 }
    }
}

/// The running clock of one call.
#[derive(Clone, Debug)]
pub struct Clock {
    start: Instant,
    end: Option<Instant>,
    flags: Vec<Arc<AtomicBool>>,
}

impl Clock {
    pub fn new(limits: &Limits) -> Clock {
        let start = Instant::now();
        let seconds = limits.seconds.map(|seconds| Duration::try_from_secs_f64(seconds).unwrap_or(Duration::ZERO));
        Clock {
            start,
            end: seconds.and_then(|seconds| start.checked_add(seconds)),
            flags: limits.cancel.iter().cloned().collect(),
        }
    }

    /// Since the start.
    pub fn seconds(&self) -> f64 {
        self.start.elapsed().as_secs_f64()
    }

    /// What is left; `None` without a limit.
    pub fn left(&self) -> Option<f64> {
        self.end.map(|end| end.saturating_duration_since(Instant::now()).as_secs_f64())
    }

    /// The same clock for a part of the work, which also stops when `flag` is set.
    pub fn with(&self, flag: &Arc<AtomicBool>) -> Clock {
        let mut clock = self.clone();
        clock.flags.push(flag.clone());
        clock
    }

    pub fn stopped(&self) -> bool {
        self.flags.iter().any(|flag| flag.load(Ordering::Relaxed)) || self.end.is_some_and(|end| Instant::now() >= end)
    }
}
