//! `hwc-opt tune collect`.

use std::io::{IsTerminal, Write};
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use hwc::tune::{self, Collection, Progress};
use hwc::{Model, Options};
use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::{Collect, Families, SizedModel};
use crate::failure::{self, Failure};
use crate::measure::measurer;

/// Warm timings of a kernel, and a third as many cold.
const ROUNDS: u32 = 9;
/// How often a line tells of progress where there is no terminal.
const LINES: Duration = Duration::from_secs(30);

pub fn collect(arguments: &Collect) -> Result<(), Failure> {
    let (mut models, mut failures) = (vec![], vec![]);
    for SizedModel { path, dims } in &arguments.models {
        let options = dims.iter().fold(Options::new(), |options, (name, size)| options.dim(name, *size));
        match Model::open(path) {
            Ok(model) => {
                let name = path.file_stem().unwrap_or(path.as_os_str());
                models.push((name.to_string_lossy().into_owned(), model, options));
            }
            Err(error) => failures.push(error.into()),
        }
    }
    Failure::all(failures)?;
    let collection = Collection {
        seed: arguments.seed,
        time: Duration::try_from_secs_f64(arguments.minutes * 60.0).ok(),
        rows: arguments.rows,
        targets: arguments.mcpu.iter().map(|name| (name != "host").then(|| name.clone())).collect(),
        threads: arguments.threads.clone(),
        schedules: arguments.schedules as usize,
        families: match arguments.families {
            Families::All => tune::Families::All,
            Families::Learned => tune::Families::Learned,
            Families::Tested => tune::Families::Tested,
        },
        models,
    };
    let mut measurer = measurer()?.rounds(ROUNDS);
    let told = Told::new(&collection, arguments.quiet);
    let done = tune::collect(&collection, &arguments.store, &mut measurer, |progress| told.tell(progress))?;
    told.bar.finish_and_clear();
    if let Some(first) = done.damaged.first() {
        let count = done.damaged.len();
        let rows = if count == 1 { "row of the store is" } else { "rows of the store are" };
        // The rows that are there were collected all the same.
        let _ = writeln!(std::io::stderr(), "hwc-opt: warning: {count} {rows} damaged and left out: {first}");
    }
    failure::print(format!("collect {}\n", line(&done)).as_bytes())
}

fn line(progress: &Progress) -> String {
    let Progress { rows, programs, passed, failed, busy, .. } = progress;
    let mut line = format!("rows={rows} programs={programs} passed={passed} failed={failed} busy={busy}");
    if let Some(why) = &progress.failure {
        line += &format!("; the last failure: {}", why.lines().map(str::trim).collect::<Vec<_>>().join(" "));
    }
    line
}

/// A bar on a terminal; elsewhere a line now and then.
struct Told {
    bar: ProgressBar,
    started: Instant,
    time: Option<Duration>,
    rows: Option<usize>,
    lines: bool,
    last: std::cell::Cell<Duration>,
}

impl Told {
    fn new(collection: &Collection, quiet: bool) -> Told {
        let terminal = std::io::stderr().is_terminal();
        let bar = if terminal && !quiet { ProgressBar::new(1000) } else { ProgressBar::hidden() };
        // The template is constant and sound.
        let style = ProgressStyle::with_template("{wide_bar} {percent} % {msg}")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
        Told {
            bar: bar.with_style(style),
            started: Instant::now(),
            time: collection.time,
            rows: collection.rows,
            lines: !terminal && !quiet,
            last: std::cell::Cell::default(),
        }
    }

    fn tell(&self, progress: &Progress) -> ControlFlow<()> {
        let passed = self.started.elapsed();
        let of_time = self.time.map_or(0.0, |time| passed.as_secs_f64() / time.as_secs_f64());
        let of_rows = self.rows.map_or(0.0, |rows| progress.rows as f64 / rows as f64);
        self.bar.set_position((of_time.max(of_rows) * 1000.0) as u64);
        self.bar.set_message(line(progress));
        if self.lines && passed - self.last.get() >= LINES {
            self.last.set(passed);
            // Whoever does not read it has the rows all the same.
            let _ = writeln!(std::io::stderr(), "{:.0} s: {}", passed.as_secs_f64(), line(progress));
        }
        ControlFlow::Continue(())
    }
}
