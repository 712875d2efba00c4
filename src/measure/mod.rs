//! Times of kernels, each measured by itself.
//!
//! A kernel that crashes or never ends must not take the caller with it, and a process that has used LLVM, or has threads,
//! cannot be forked safely: a child would inherit locks that nobody releases. So candidates are compiled and run by a
//! worker process, which answers requests on its standard streams ([`serve`]); it is started anew when it dies, does not
//! answer in time, or has served a batch, so that memory does not grow with the number of candidates.
//!
//! Candidates of a batch are timed in turn, round by round: what disturbs the machine disturbs all of them alike. The times
//! of one thread are what it had of its processor, so other work on the machine does not count; those of several threads
//! are elapsed time, which means something on an idle machine only.

mod clock;
mod code;
mod kernels;
mod plans;
mod protocol;
mod statistics;
mod store;
mod worker;

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::process::Command;
use std::time::Duration;

pub use code::{MCA_VARIABLE, MachineCode};
pub use kernels::{candidates, kernels};
pub(crate) use plans::{Plans, Predicted, Recorded, Schedules};
pub use statistics::Times;
pub use store::{Measured, Store};
pub use worker::serve;

use hwc_cost_model::dataset::Code;
use protocol::{Death, Process, Reply, Request};

use crate::{Error, Fault};

/// Candidates that a worker holds at the same time.
pub(crate) const BATCH: usize = 16;

/// Measures kernels in worker processes.
pub struct Measurer {
    worker: Box<dyn Fn() -> Command + Send + Sync>,
    timeout: Duration,
    rounds: u32,
    threads: NonZeroUsize,
}

/// What a kernel took.
#[derive(Clone, Debug, PartialEq)]
pub struct Measurement {
    /// One run after another, operands where the last run left them.
    pub warm: Times,
    /// Runs before which the caches were filled with something else.
    pub cold: Times,
    /// What these were made of.
    pub timings: Timings,
    /// Arithmetic operations, and bytes of operands and results, of one run.
    pub flops: f64,
    pub bytes: f64,
    /// What its code is made of; none where that cannot be told.
    pub code: Option<Code>,
}

/// Seconds of one run by each timing, in their order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Timings {
    pub warm: Vec<f64>,
    pub cold: Vec<f64>,
}

/// What became of a candidate.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    Measured(Measurement),
    /// It cannot be compiled or run here; the reason.
    Refused(String),
    /// It ended its process; how.
    Crashed(String),
    /// It did not compile, or run once, in time.
    TimedOut,
}

impl Outcome {
    /// # Errors
    /// Why there is no measurement.
    pub fn measured(self) -> Result<Measurement, String> {
        match self {
            Outcome::Measured(measurement) => Ok(measurement),
            Outcome::Refused(why) => Err(why),
            Outcome::Crashed(how) => Err(format!("crashed: {how}")),
            Outcome::TimedOut => Err("timed out".into()),
        }
    }
}

impl Measurer {
    /// `worker` starts a program that calls [`serve`] on its standard input and output and does nothing else there.
    pub fn new(worker: impl Fn() -> Command + Send + Sync + 'static) -> Measurer {
        Measurer { worker: Box::new(worker), timeout: Duration::from_secs(30), rounds: 15, threads: NonZeroUsize::MIN }
    }

    /// How long compiling a candidate, or a few runs of it, may take; 30 seconds by default.
    pub fn timeout(mut self, timeout: Duration) -> Measurer {
        self.timeout = timeout;
        self
    }

    /// How often each candidate is timed warm, and a third as often cold; 15 by default, at least 3.
    pub fn rounds(mut self, rounds: u32) -> Measurer {
        self.rounds = rounds.max(3);
        self
    }

    /// How many threads run a kernel; one by default.
    pub fn threads(mut self, threads: NonZeroUsize) -> Measurer {
        self.threads = threads;
        self
    }

    /// The same, from the next measurement on.
    pub fn set_threads(&mut self, threads: NonZeroUsize) {
        self.threads = threads;
    }

    /// Measures kernels, each a text of MLIR as [`crate::Model::from_mlir`] takes; gives one outcome for each, in order.
    ///
    /// # Errors
    /// [`crate::Fault::Environment`] where no worker can be started.
    pub fn measure(&self, kernels: &[String]) -> Result<Vec<Outcome>, Error> {
        let mut outcomes = Vec::with_capacity(kernels.len());
        for batch in kernels.chunks(BATCH) {
            outcomes.extend(self.batch(batch)?);
        }
        Ok(outcomes)
    }

    fn batch(&self, kernels: &[String]) -> Result<Vec<Outcome>, Error> {
        let mut candidates: Vec<Candidate> = kernels.iter().map(|_| Candidate::default()).collect();
        let count = std::thread::available_parallelism().map_or(1, NonZeroUsize::get).min(kernels.len());
        let mut workers: Vec<Worker> = (0..count).map(|_| Worker::new(self, kernels)).collect();
        // Compiling takes the longest, and disturbs nobody as long as nothing is timed.
        let loaded: Result<Vec<Vec<(usize, Outcome)>>, Error> = std::thread::scope(|scope| {
            let load =
                |(first, worker): (usize, &'_ mut Worker)| worker.load_all((first..kernels.len()).step_by(count));
            let threads: Vec<_> = workers.iter_mut().enumerate().map(|one| scope.spawn(move || load(one))).collect();
            let defect = |_| Err(Error::new(Fault::Defect, "a thread that compiles kernels panicked"));
            threads.into_iter().map(|thread| thread.join().unwrap_or_else(defect)).collect()
        });
        for (id, failure) in loaded?.into_iter().flatten() {
            candidates[id].failure = Some(failure);
        }
        for round in 0..self.rounds {
            for (id, candidate) in candidates.iter_mut().enumerate().filter(|(_, c)| c.failure.is_none()) {
                let cold = (round % 3 == 0).then_some(true);
                for cold in cold.into_iter().chain([false]) {
                    match workers[id % count].time(id, cold)? {
                        Ok(sample) => candidate.take(sample, cold),
                        Err(failure) => {
                            candidate.failure = Some(failure);
                            break;
                        }
                    }
                }
            }
        }
        Ok(candidates.into_iter().map(Candidate::outcome).collect())
    }
}

/// One timing of a candidate.
struct Sample {
    seconds: f64,
    flops: f64,
    bytes: f64,
    code: Option<Code>,
}

#[derive(Default)]
struct Candidate {
    timings: Timings,
    work: (f64, f64),
    code: Option<Code>,
    failure: Option<Outcome>,
}

impl Candidate {
    fn take(&mut self, sample: Sample, cold: bool) {
        self.work = (sample.flops, sample.bytes);
        self.code = sample.code;
        if cold { &mut self.timings.cold } else { &mut self.timings.warm }.push(sample.seconds);
    }

    fn outcome(self) -> Outcome {
        let measured = || {
            let (warm, cold) = (Times::of(self.timings.warm.clone())?, Times::of(self.timings.cold.clone())?);
            let (flops, bytes) = self.work;
            Some(Measurement { warm, cold, timings: self.timings, flops, bytes, code: self.code })
        };
        let nothing = || Outcome::Refused("nothing was timed".into());
        self.failure.unwrap_or_else(|| measured().map_or_else(nothing, Outcome::Measured))
    }
}

/// A worker for some of a batch, started when it is needed.
struct Worker<'a> {
    measurer: &'a Measurer,
    kernels: &'a [String],
    process: Option<Process>,
    /// What it has compiled, with what the code is made of.
    loaded: HashMap<usize, Option<Code>>,
}

impl<'a> Worker<'a> {
    fn new(measurer: &'a Measurer, kernels: &'a [String]) -> Worker<'a> {
        Worker { measurer, kernels, process: None, loaded: HashMap::new() }
    }

    /// Compiles candidates; tells which of them cannot be.
    fn load_all(&mut self, ids: impl Iterator<Item = usize>) -> Result<Vec<(usize, Outcome)>, Error> {
        let mut failures = vec![];
        for id in ids {
            failures.extend(self.load(id)?.map(|failure| (id, failure)));
        }
        Ok(failures)
    }

    /// Compiles a candidate unless that is done; tells why it cannot.
    fn load(&mut self, id: usize) -> Result<Option<Outcome>, Error> {
        if self.loaded.contains_key(&id) {
            return Ok(None);
        }
        let request = Request::Load { id, text: self.kernels[id].clone(), threads: self.measurer.threads };
        Ok(match self.ask(&request)? {
            Ok(Reply::Refused(why)) => Some(Outcome::Refused(why)),
            Ok(Reply::Loaded { code }) => {
                self.loaded.insert(id, code);
                None
            }
            Ok(Reply::Time { .. }) => Some(another_question()),
            Err(death) => Some(death.into()),
        })
    }

    /// Times a candidate once; compiles it again where the process that had done so has died.
    fn time(&mut self, id: usize, cold: bool) -> Result<Result<Sample, Outcome>, Error> {
        if let Some(failure) = self.load(id)? {
            return Ok(Err(failure));
        }
        let code = self.loaded.get(&id).copied().flatten();
        Ok(match self.ask(&Request::Time { id, cold })? {
            Ok(Reply::Time { seconds, flops, bytes }) => Ok(Sample { seconds, flops, bytes, code }),
            Ok(Reply::Refused(why)) => Err(Outcome::Refused(why)),
            Ok(Reply::Loaded { .. }) => Err(another_question()),
            Err(death) => Err(death.into()),
        })
    }

    fn ask(&mut self, request: &Request) -> Result<Result<Reply, Death>, Error> {
        let process = match &mut self.process {
            Some(process) => process,
            None => self.process.insert(Process::start((self.measurer.worker)())?),
        };
        let answer = process.ask(request, self.measurer.timeout);
        if answer.is_err() {
            // What it had compiled is gone with it.
            self.process = None;
            self.loaded.clear();
        }
        Ok(answer)
    }
}

fn another_question() -> Outcome {
    Outcome::Refused("the worker answers another question".into())
}

impl From<Death> for Outcome {
    fn from(death: Death) -> Outcome {
        match death {
            Death::Crashed(how) => Outcome::Crashed(how),
            Death::TimedOut => Outcome::TimedOut,
        }
    }
}

#[cfg(test)]
mod tests;
