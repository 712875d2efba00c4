//! `cargo xtask eval-transfer`: adaptation to devices from a handful of measurements, on latencies of real ones.
//!
//! The machinery is `hwc_cost_model::transfer`; here are spaces of architectures, protocols, and what it is compared with.

mod data;
mod fbnet;
mod figures;
mod methods;
mod nasbench201;
mod protocol;
mod space;

use crate::error::{Error, Result};
use crate::report::{JsonArg, Report};
use crate::table;
use data::Data;
use figures::over_queries;
use hwc_cost_model::eval::{half_interval, mean};
use hwc_cost_model::transfer::{Profile, spearman};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use methods::{BASELINES, Knowledge, Programs};
use protocol::{CHOSEN, Protocol};
use serde::Serialize;
use serde_json::json;
use space::{Name, Space};
use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::Instant;

#[derive(clap::Args)]
pub struct Args {
    /// A folder with SPACE_architectures.csv and SPACE_latency.csv
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Which architectures
    #[arg(long, value_enum)]
    space: Name,
    /// What is measured on a target, and what is predicted
    #[arg(long, value_enum)]
    protocol: Protocol,
    /// Devices whose latencies are known
    #[arg(long, value_name = "DEVICE", value_delimiter = ',', required = true)]
    sources: Vec<String>,
    /// Devices to adapt to; a target that is a source too is none while it is adapted to
    #[arg(long, value_name = "DEVICE", value_delimiter = ',', required = true)]
    targets: Vec<String>,
    /// How many draws of samples
    #[arg(long, default_value_t = 5, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1000))]
    seeds: u64,
    #[command(flatten)]
    json: JsonArg,
}

/// A target's figures; correlations are Spearman's.
#[derive(Debug, Serialize)]
struct Row {
    device: String,
    sources: usize,
    samples: usize,
    /// By seed.
    spearman: Vec<f64>,
    /// 95 % of draws of queries, at the first seed.
    over_queries: (f64, f64),
    /// The part of the queries in the interval of 90 %, the mean over seeds.
    coverage: f64,
    /// Of each baseline, the mean over seeds.
    baselines: Vec<f64>,
    /// Of regression on the target's latencies of the whole pool, the mean over seeds: what there is to reach.
    whole_pool: f64,
    /// From measurements to predictions of all queries, the median over seeds.
    milliseconds: f64,
    /// What is measured at each seed.
    measured: Vec<Vec<usize>>,
}

pub fn run(args: &Args) -> Result<()> {
    report(args, &rows(args)?)
}

fn rows(args: &Args) -> Result<Vec<Row>> {
    let space = args.space.space();
    check(args)?;
    let needed = args.protocol.needed(space);
    let mut devices: Vec<&str> = args.sources.iter().chain(&args.targets).map(String::as_str).collect();
    devices.sort_unstable();
    devices.dedup();
    let data = Data::read(&args.data, space, &devices, &needed)?;
    evaluate(args, space, &data, &needed)
}

/// Devices are named once, and a target has a source that is another device.
fn check(args: &Args) -> Result<()> {
    let mut wrong = vec![];
    for (option, devices) in [("--sources", &args.sources), ("--targets", &args.targets)] {
        for (place, device) in devices.iter().enumerate() {
            if device.is_empty() {
                wrong.push(format!("{option} has an empty name"));
            } else if devices[..place].contains(device) {
                wrong.push(format!("{option} names {device} twice"));
            }
        }
    }
    for target in args.targets.iter().filter(|target| args.sources.iter().all(|source| source == *target)) {
        wrong.push(format!("{target} has no source but itself"));
    }
    if wrong.is_empty() { Ok(()) } else { Err(Error::Usage(wrong.join("\n"))) }
}

fn evaluate(args: &Args, space: &Space, data: &Data, needed: &[usize]) -> Result<Vec<Row>> {
    let programs = Programs::new(space, data, needed)?;
    let progress = progress(args.sources.len() + args.targets.len());
    let mut profiles = vec![];
    for source in &args.sources {
        progress.set_message(source.clone());
        profiles.push((source, programs.profile(space, |index| data.latency[source][&index])?));
        progress.inc(1);
    }
    let mut rows = vec![];
    // Most targets share their sources, and what is known of them.
    let mut known: Option<Known> = None;
    for target in &args.targets {
        progress.set_message(target.clone());
        let sources: Vec<&String> = args.sources.iter().filter(|source| *source != target).collect();
        let known = match known.take().filter(|known| known.sources == sources) {
            Some(same) => known.insert(same),
            None => {
                let others = profiles.iter().filter(|(source, _)| *source != target);
                let knowledge = Knowledge::new(space, &programs, others.map(|(_, profile)| profile.clone()).collect())?;
                let chosen = match (args.protocol, space.references) {
                    (Protocol::Strict10, _) | (Protocol::Help, []) => knowledge.design(space, CHOSEN)?,
                    (Protocol::Help, references) => references.to_vec(),
                };
                known.insert(Known { sources, knowledge, chosen })
            }
        };
        let latency = |index| data.latency[target][&index];
        let whole_pool = programs.profile(space, latency)?;
        rows.push(adapt(args, space, known, target, &whole_pool, latency)?);
        progress.inc(1);
    }
    progress.finish_and_clear();
    Ok(rows)
}

/// What is known before a target is measured.
struct Known<'a> {
    sources: Vec<&'a String>,
    knowledge: Knowledge<'a>,
    /// What to measure on any target.
    chosen: Vec<usize>,
}

/// Adapts to a target once for each seed. `latency`: its own; `whole_pool`: what those of the pool say.
fn adapt(
    args: &Args,
    space: &Space,
    known: &Known,
    target: &str,
    whole_pool: &Profile,
    latency: impl Fn(usize) -> f64,
) -> Result<Row> {
    let knowledge = &known.knowledge;
    let (mut ours, mut others, mut coverage, mut ceiling) = (vec![], vec![], vec![], vec![]);
    let (mut seconds, mut samples) = (vec![], vec![]);
    let mut interval = None;
    for seed in 0..args.seeds {
        let measured = args.protocol.measured(space, &known.chosen, seed, &latency);
        let queries = args.protocol.queries(space, &measured, &latency);
        let times: Vec<f64> = queries.iter().map(|&index| latency(index)).collect();
        let measured: Vec<(usize, f64)> = measured.into_iter().map(|index| (index, latency(index))).collect();
        let start = Instant::now();
        let predicted = knowledge.predict(&measured, &queries)?;
        seconds.push(start.elapsed().as_secs_f64());
        // A prediction that ranks nothing is as good as none.
        let rank = |predicted: &[f64]| spearman(predicted, &times).unwrap_or(0.0);
        ours.push(rank(&predicted));
        others.push(knowledge.baselines(&measured, &queries)?.iter().map(|values| rank(values)).collect::<Vec<f64>>());
        ceiling.push(rank(&knowledge.times(whole_pool, &queries)));
        coverage.push(knowledge.coverage(&measured, &queries, &times)?);
        interval.get_or_insert_with(|| over_queries(&predicted, &times));
        samples.push(measured.into_iter().map(|(index, _)| index).collect());
    }
    let baseline = |place: usize| mean(&others.iter().map(|values| values[place]).collect::<Vec<f64>>());
    seconds.sort_by(f64::total_cmp);
    Ok(Row {
        device: target.to_string(),
        sources: known.sources.len(),
        samples: args.protocol.samples(),
        spearman: ours,
        over_queries: interval.unwrap_or_default(),
        coverage: mean(&coverage),
        baselines: (0..BASELINES.len()).map(baseline).collect(),
        whole_pool: mean(&ceiling),
        milliseconds: seconds[seconds.len() / 2] * 1e3,
        measured: samples,
    })
}

fn progress(steps: usize) -> ProgressBar {
    let draw =
        if std::io::stderr().is_terminal() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let style =
        ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}").unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::with_draw_target(Some(steps as u64), draw).with_style(style)
}

fn report(args: &Args, rows: &[Row]) -> Result<()> {
    let cells = |row: &Row| {
        let (low, high) = row.over_queries;
        let mut cells = vec![
            row.device.clone(),
            row.sources.to_string(),
            row.samples.to_string(),
            format!("{:.3}", mean(&row.spearman)),
            format!("{:.3}", half_interval(&row.spearman)),
            format!("{low:.3}..{high:.3}"),
            format!("{:.0} %", row.coverage * 100.0),
        ];
        cells.extend(row.baselines.iter().map(|value| format!("{value:.3}")));
        cells.push(format!("{:.3}", row.whole_pool));
        cells.push(format!("{:.2}", row.milliseconds));
        cells
    };
    let header = [
        &["device", "sources", "samples", "Spearman", "±seeds", "queries", "in 90 %"][..],
        &BASELINES,
        &["whole pool", "ms"],
    ]
    .concat();
    println!("{}", table::text(&header, &rows.iter().map(cells).collect::<Vec<_>>()));
    let column = |value: &dyn Fn(&Row) -> f64| rows.iter().map(value).collect::<Vec<f64>>();
    let by_device = column(&|row| mean(&row.spearman));
    let by_seed: Vec<f64> = (0..args.seeds as usize).map(|seed| mean(&column(&|row| row.spearman[seed]))).collect();
    println!("mean over devices: {:.4} ± {:.4} over {} seeds", mean(&by_seed), half_interval(&by_seed), args.seeds);
    for (place, name) in BASELINES.iter().enumerate() {
        println!("  {name}: {:.4}", mean(&column(&|row| row.baselines[place])));
    }
    println!("  whole pool: {:.4}", mean(&column(&|row| row.whole_pool)));
    println!("in intervals of 90 %: {:.1} %", mean(&column(&|row| row.coverage)) * 100.0);
    Report::new("transfer")
        .figure("protocol", args.protocol.name())
        .figure("devices", rows.len())
        .figure("mean", mean(&by_device))
        .figure("worst", by_device.iter().copied().min_by(f64::total_cmp))
        .figure("samples", args.protocol.samples())
        .finish(&args.json, json!(rows), &[])
}

#[cfg(test)]
mod tests;
