//! `cargo xtask bench`: us beside other compilers and runtimes, on the same inputs, in one process, in turn.

mod ablate;
pub mod figures;
pub mod measure;
pub mod peak;
mod report;
mod rows;

use crate::error::{Error, Result};
use crate::layout::Layout;
use crate::report::JsonArg;
use crate::setup;
use measure::{Measured, Measurement};
use peak::Peaks;
use rows::Suite;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// What [`Peer::Control`] is called.
const CONTROL: &str = "hwc/control";

/// Whom to measure beside us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Peer {
    Ort,
    #[value(name = "openvino")]
    OpenVino,
    Iree,
    /// Ours once more, of a copy of the artifact: how far the ratio of two equal things is from 1 here
    Control,
    /// Nobody
    None,
}

impl Peer {
    pub fn name(self) -> &'static str {
        match self {
            Peer::Ort => "ort",
            Peer::OpenVino => "openvino",
            Peer::Iree => "iree",
            Peer::Control => CONTROL,
            Peer::None => "none",
        }
    }
}

#[derive(clap::Args)]
pub struct Args {
    /// What to measure
    #[arg(long)]
    suite: Suite,
    /// Threads of each runner; one thread is measured by the process's CPU time, more by the clock
    #[arg(long, default_value_t = 1, value_parser = threads)]
    threads: usize,
    /// Only rows whose name contains this text
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// How often each runner gets its turn
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    repetitions: u32,
    /// Whom to measure beside us [default: all; of models all but iree, which takes minutes to compile one]
    #[arg(long, value_delimiter = ',')]
    peers: Vec<Peer>,
    /// Compares with less of the compiler instead of with peers
    #[arg(long, value_enum, value_name = "WHAT", num_args = 0..=1, default_missing_value = "rewrite", conflicts_with = "peers")]
    ablate: Option<ablate::Ablation>,
    /// The model of `--ablate cost` [default: the compiler's own]
    #[arg(long, value_name = "FILE")]
    cost_model: Option<PathBuf>,
    /// How many schedules of a kernel `--ablate cost` tries where it tries all; 0 measures none
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    tuned: usize,
    /// Write the table to this file, too, in Markdown
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
    #[command(flatten)]
    json: JsonArg,
}

/// A number of threads that this machine has cores for.
fn threads(text: &str) -> std::result::Result<usize, String> {
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get());
    match text.parse() {
        Ok(threads) if (1..=cores).contains(&threads) => Ok(threads),
        _ => Err(format!("a number from 1 to {cores}, which is how many cores there are")),
    }
}

pub fn run(layout: &Layout, args: &Args) -> Result<()> {
    let mut peers = if args.peers.is_empty() { args.suite.peers() } else { args.peers.clone() };
    peers.retain(|peer| *peer != Peer::None && args.ablate.is_none());
    setup::build_tools()?;
    if peers.iter().any(|peer| matches!(peer, Peer::OpenVino | Peer::Iree)) {
        setup::peers(layout)?;
    } else {
        setup::python(layout)?;
    }
    let measurement = Measurement::new(layout, args.suite, args.threads, args.repetitions, &peers)?;
    if let Some(what) = args.ablate {
        return ablate::run(&measurement, args, what);
    }
    report::finish(args, &peers, &rows(&measurement, args.filter.as_deref())?)
}

/// One small row without peers, for its result only: `None` if it is right.
pub fn smoke(layout: &Layout) -> Result<Option<String>> {
    let measurement = Measurement::new(layout, Suite::Kernels, 1, 1, &[])?;
    Ok(rows(&measurement, Some("depthwise"))?.iter().find_map(Measured::wrong))
}

fn rows(measurement: &Measurement, filter: Option<&str>) -> Result<Vec<Measured>> {
    let rows = rows::of(measurement.suite, measurement.layout, filter)?;
    if rows.is_empty() {
        return Err(Error::Usage("no row has such a name".to_string()));
    }
    let mut peaks = Peaks::new(measurement.threads);
    let mut results = Vec::new();
    for row in &rows {
        eprintln!("{}", row.model.name);
        peaks.rate(row.bound, row.bytes);
        results.push(measurement.row(row));
    }
    peaks.again();
    for result in &mut results {
        result.peak = peaks.rate(result.bound, result.bytes);
    }
    Ok(results)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ValueEnum;

    #[test]
    fn threads_are_cores() {
        assert_eq!(threads("1"), Ok(1));
        assert!(threads("0").is_err());
        assert!(threads("1000000").is_err_and(|what| what.contains("cores")));
    }

    #[test]
    fn every_default_peer_can_be_written() {
        for text in ["ort", "openvino", "iree", "none"] {
            assert_eq!(Peer::from_str(text, false).map(Peer::name), Ok(text));
        }
    }
}
