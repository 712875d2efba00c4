//! `cargo xtask conformance`: the ONNX backend node tests. `docs/conformance.md` states the rules of comparison.

mod baseline;
mod summary;
mod worker;

use crate::error::{Error, Result};
use crate::layout::Layout;
use crate::report::{JsonArg, Report};
use crate::{hwc_opt, setup};
pub use worker::Status;

use baseline::Baseline;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::fs;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};
use worker::{Outcome, Worker};

/// Worker processes: a compilation uses one thread.
const JOBS: usize = 2;
/// Seconds a test may take; most take milliseconds.
const LIMIT: u64 = 120;

#[derive(clap::Args)]
pub struct Args {
    /// Only tests whose name contains this text
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// Worker processes
    #[arg(long, default_value_t = JOBS, value_name = "N")]
    jobs: usize,
    /// Seconds one test may take
    #[arg(long, default_value_t = LIMIT, value_name = "SECONDS")]
    limit: u64,
    /// Another directory of tests in the format of the wheel
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Rewrite the list of tests that pass
    #[arg(long, conflicts_with = "dir")]
    bless: bool,
    #[command(flatten)]
    json: JsonArg,
}

pub fn run(layout: &Layout, args: &Args) -> Result<()> {
    setup::build_tools()?;
    setup::python(layout)?;
    let program = hwc_opt::build(layout)?;
    let directory = args.dir.clone().map_or_else(|| node_tests(layout), Ok)?;
    let tests = find_tests(&directory, args.filter.as_deref())?;
    // The list speaks of the wheel's tests only.
    let mut baseline = if args.dir.is_some() { Baseline::empty() } else { Baseline::read(layout)? };
    let mut run = Run::new(&program, &tests, args.jobs, Duration::from_secs(args.limit), &baseline);
    if args.bless {
        baseline.bless(&run.outcomes);
        baseline.write(layout)?;
        run.regressed.clear();
    } else if args.dir.is_none() && baseline.newly_passing(&run.outcomes) > 0 {
        println!("{} more pass than are listed; `--bless` lists them", baseline.newly_passing(&run.outcomes));
    }
    Report::new("conformance")
        .figure("passed", run.count(Status::Passed))
        .figure("failed", run.count(Status::Failed))
        .figure("unsupported", run.count(Status::Unsupported))
        .figure("crashed", run.count(Status::Crashed))
        .figure("total", run.outcomes.len())
        .finish(&args.json, summary::details(&run.outcomes, run.elapsed), &run.wrong())
}

/// What a pass over the tests found.
pub struct Run {
    outcomes: Vec<Outcome>,
    elapsed: Duration,
    /// Tests that are listed as passing and did not.
    regressed: Vec<String>,
}

impl Run {
    /// All node tests against the list, for the test command.
    pub fn all(layout: &Layout) -> Result<Run> {
        let program = hwc_opt::build(layout)?;
        let tests = find_tests(&node_tests(layout)?, None)?;
        Ok(Run::new(&program, &tests, JOBS, Duration::from_secs(LIMIT), &Baseline::read(layout)?))
    }

    fn new(program: &Path, tests: &[PathBuf], jobs: usize, limit: Duration, baseline: &Baseline) -> Run {
        let start = Instant::now();
        let outcomes = run_all(program, tests, jobs, limit);
        let elapsed = start.elapsed();
        print!("{}", summary::text(&outcomes));
        println!("{} tests in {:.0} s", outcomes.len(), elapsed.as_secs_f64());
        let regressed = baseline.regressions(&outcomes);
        Run { outcomes, elapsed, regressed }
    }

    pub fn count(&self, status: Status) -> usize {
        self.outcomes.iter().filter(|outcome| outcome.status == status).count()
    }

    /// One line a thing that must not be.
    pub fn wrong(&self) -> Vec<String> {
        let bad = [Status::Failed, Status::Crashed].map(|status| (self.count(status), status.word()));
        let bad = bad.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}"));
        let regressed =
            self.regressed.iter().map(|name| format!("{name} is listed in {} and does not pass", baseline::FILE));
        bad.chain(regressed).collect()
    }
}

/// Where the environment's `onnx` keeps the node tests.
fn node_tests(layout: &Layout) -> Result<PathBuf> {
    let lib = layout.venv.join("lib");
    let versions = fs::read_dir(&lib).map_err(Error::io("read", &lib))?;
    let data = |version: PathBuf| version.join("site-packages/onnx/backend/test/data/node");
    let found = versions.flatten().map(|entry| data(entry.path())).find(|path| path.is_dir());
    found.ok_or_else(|| Error::Environment(format!("no onnx package below {}", lib.display())))
}

/// The directories with a `model.onnx`, sorted.
fn find_tests(directory: &Path, filter: Option<&str>) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(directory).map_err(Error::io("read", directory))?;
    let wanted = |path: &PathBuf| filter.is_none_or(|text| name_of(path).contains(text));
    let is_test = |path: &PathBuf| path.join("model.onnx").is_file();
    let mut tests: Vec<PathBuf> = entries.flatten().map(|e| e.path()).filter(wanted).filter(is_test).collect();
    tests.sort();
    if tests.is_empty() {
        let what = filter.map_or("no test".to_string(), |text| format!("no test named *{text}*"));
        return Err(Error::Usage(format!("{what} in {}", directory.display())));
    }
    Ok(tests)
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Runs the tests, spread over worker processes; outcomes come in the order of the tests.
fn run_all(program: &Path, tests: &[PathBuf], jobs: usize, limit: Duration) -> Vec<Outcome> {
    let progress = Progress::new(tests.len());
    let next = AtomicUsize::new(0);
    let mut outcomes: Vec<Option<Outcome>> = tests.iter().map(|_| None).collect();
    thread::scope(|scope| {
        let (sender, receiver) = mpsc::channel();
        for _ in 0..jobs.clamp(1, tests.len()) {
            let (sender, next) = (sender.clone(), &next);
            scope.spawn(move || {
                let mut worker = Worker::new(program, limit);
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(test) = tests.get(index) else { return };
                    if sender.send((index, worker.verify(test))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        for (index, outcome) in receiver {
            progress.step(&outcome);
            outcomes[index] = Some(outcome);
        }
    });
    progress.finish();
    outcomes.into_iter().flatten().collect()
}

/// A bar on a terminal, a line now and then elsewhere; what goes wrong is told at once in both.
struct Progress {
    bar: ProgressBar,
    plain: bool,
}

impl Progress {
    fn new(total: usize) -> Progress {
        let plain = !std::io::stderr().is_terminal();
        let target = if plain { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let style = ProgressStyle::with_template("{bar:40} {pos}/{len} {elapsed} {msg}");
        let bar = ProgressBar::with_draw_target(Some(total as u64), target);
        Progress { bar: bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar())), plain }
    }

    fn step(&self, outcome: &Outcome) {
        self.bar.inc(1);
        self.bar.set_message(outcome.name.clone());
        if matches!(outcome.status, Status::Failed | Status::Crashed) {
            self.bar.suspend(|| println!("{} {}: {}", outcome.status.word(), outcome.name, outcome.detail));
        }
        if self.plain && self.bar.position().is_multiple_of(200) {
            println!("{} of {}", self.bar.position(), self.bar.length().unwrap_or(0));
        }
    }

    fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
