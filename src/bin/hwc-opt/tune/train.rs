//! `hwc-opt tune train`.

use std::io::{IsTerminal, Write};
use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, Instant};

use hwc_cost_model::dataset::Example;
use hwc_cost_model::model::{BUILTIN, Error, Model, Training, train as learn};
use hwc_runtime::atomic_file;
use indicatif::ProgressBar;

use super::examples::Examples;
use crate::cli::{HowToTrain, Train};
use crate::failure::{self, Failure};

/// How often a line tells of progress where there is no terminal.
const LINES: Duration = Duration::from_secs(30);

pub fn train(arguments: &Train) -> Result<(), Failure> {
    let Examples { mut learned, tested } = Examples::read(&arguments.stores)?;
    if arguments.all_families {
        learned.extend(tested);
    }
    let started = Instant::now();
    let model = model(&learned, &arguments.how, arguments.how.seed, arguments.quiet)?;
    let path = &arguments.output;
    atomic_file::write(path, &model.to_bytes()).map_err(|error| Failure::file(path, &error))?;
    let report = model.report();
    let figures = &report.figures;
    let line = format!(
        "train rows={} families={} epochs={} seconds={:.0} mape={:.4} pairwise={:.4} regret={:.4}\n",
        report.rows,
        report.families,
        report.epochs,
        started.elapsed().as_secs_f64(),
        figures.error,
        figures.pairs,
        figures.regret,
    );
    failure::print(line.as_bytes())
}

/// Learns from examples, and shows how far it is.
pub fn model(examples: &[Example], how: &HowToTrain, seed: u64, quiet: bool) -> Result<Model, Failure> {
    let options = Training { seed, epochs: how.epochs, members: how.members, ..Training::default() };
    let terminal = std::io::stderr().is_terminal();
    let bar = if terminal && !quiet { ProgressBar::new(0) } else { ProgressBar::hidden() };
    let mut last = Instant::now();
    let mut tell = |progress: hwc_cost_model::model::Progress| {
        bar.set_length(progress.of as u64);
        bar.set_position(progress.done as u64);
        if !terminal && !quiet && last.elapsed() >= LINES {
            last = Instant::now();
            let (done, of, loss) = (progress.done, progress.of, progress.loss);
            // Whoever does not read it gets the model all the same.
            let _ = writeln!(std::io::stderr(), "epoch {done} of {of}, loss {loss:.4}");
        }
        ControlFlow::Continue(())
    };
    let model = learn(examples, &options, &mut tell);
    bar.finish_and_clear();
    model.map_err(|error| match error {
        Error::Examples(_) => Failure::input("tune train", format!("{error}; `hwc-opt tune collect` measures more")),
        _ => Failure::environment("tune train", error),
    })
}

/// A model from a file, or the one that comes with the compiler.
pub fn open(path: &Path) -> Result<Model, Failure> {
    let model = if path == Path::new("builtin") { Model::from_bytes(BUILTIN) } else { Model::open(path) };
    model.map_err(|error| match error {
        Error::File { .. } => Failure::environment("tune", error),
        _ => Failure::input(path.display(), error),
    })
}
