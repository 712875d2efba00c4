//! `hwc-opt tune label`.

use std::io::{IsTerminal, Write};

use hwc::tune::{self, Labelled};
use hwc_cost_model::dataset::Row;
use indicatif::ProgressBar;

use super::examples;
use crate::cli::Label;
use crate::failure::{self, Failure};

/// Labels from one line of progress to the next where there is no terminal.
const LINES: usize = 1000;

pub fn label(arguments: &Label) -> Result<(), Failure> {
    let rows: Vec<Row> = examples::rows(&arguments.stores)?;
    let terminal = std::io::stderr().is_terminal();
    let bar = if terminal && !arguments.quiet { ProgressBar::new(0) } else { ProgressBar::hidden() };
    let mut last = 0;
    let told = |done: usize, of: usize| {
        bar.set_length(of as u64);
        bar.set_position(done as u64);
        if !terminal && !arguments.quiet && done / LINES > last / LINES {
            last = done;
            // Whoever does not read it gets the labels all the same.
            let _ = writeln!(std::io::stderr(), "{done} of {of}");
        }
    };
    let labelled = tune::label(rows, arguments.rows, &arguments.output, told)?;
    bar.finish_and_clear();
    let Labelled { rows, labelled, failed, failure } = labelled;
    let why = failure.map_or(String::new(), |why| {
        format!("; the last failure: {}", why.lines().map(str::trim).collect::<Vec<_>>().join(" "))
    });
    failure::print(format!("label rows={rows} labelled={labelled} failed={failed}{why}\n").as_bytes())
}
