//! `cargo xtask bench --ablate`: the same rows, compiled in each of the ways that the compiler has.

use super::Args;
use super::figures::{Summary, geometric_mean};
use super::measure::Measurement;
use super::rows::{self, Row};
use crate::error::{Error, Result};
use crate::hwc_opt::{self, Compile, Explanation};
use crate::oracle::Opened;
use crate::process;
use crate::report::{Report, significant, write_whole};
use crate::table;
use serde::Serialize;
use serde_json::json;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Ablation {
    /// The rewriting of the graph: none, greedy, and by saturation
    Rewrite,
    /// What chooses schedules: estimates, the learned model, measuring the 16 that it expects to be fastest, and measuring all
    Cost,
}

/// Schedules of a kernel that are measured where the learned model says which.
const MEASURED: &str = "16";

impl Ablation {
    fn name(self) -> &'static str {
        match self {
            Ablation::Rewrite => "rewrite",
            Ablation::Cost => "cost",
        }
    }

    /// The ways to compile; the last is what all are compared with.
    fn ways(self, args: &Args) -> &'static [&'static str] {
        match self {
            Ablation::Rewrite => &["none", "greedy", "saturate"],
            Ablation::Cost if args.tuned == 0 => &["analytic", "learned"],
            Ablation::Cost => &["analytic", "measured", "tuned", "learned"],
        }
    }

    /// The options of a way to compile a row.
    fn options(self, way: &str, of: &Compiled) -> Result<Vec<OsString>> {
        let explanation = || vec!["--explain".into(), of.explanation.clone().into()];
        let model = || of.args.cost_model.clone().map(Into::into).unwrap_or_else(|| OsString::from("builtin"));
        Ok(match (self, way) {
            (Ablation::Rewrite, _) => {
                let more = if way == "saturate" { explanation() } else { vec![] };
                ["--rewrite".into(), way.into()].into_iter().chain(more).collect()
            }
            (_, "learned") => [vec!["--cost-model".into(), model()], explanation()].concat(),
            (_, "measured") => {
                of.measured(&["--candidates".into(), MEASURED.into(), "--cost-model".into(), model()])?
            }
            (_, "tuned") => of.measured(&["--candidates".into(), of.args.tuned.to_string().into()])?,
            _ => vec![],
        })
    }
}

/// A row that is compiled in several ways.
struct Compiled<'a> {
    measurement: &'a Measurement<'a>,
    args: &'a Args,
    model: &'a Path,
    opened: Opened,
    directory: PathBuf,
    explanation: PathBuf,
}

impl Compiled<'_> {
    fn compile(&self, output: &Path, more: &[OsString]) -> Result<()> {
        let (dims, values) = (&self.opened.dims[..], &self.opened.values[..]);
        let more = more.iter().map(OsString::as_os_str).collect();
        Compile { model: self.model, output, dims, values, kernel_cache: None, more }.run(&self.measurement.program)?;
        Ok(())
    }

    /// Measures the row's kernels, and gives the options to compile by what that tells.
    fn measured(&self, how: &[OsString]) -> Result<Vec<OsString>> {
        let store = self.directory.join("times");
        let threads = self.args.threads.to_string();
        let mut command = Command::new(&self.measurement.program);
        command
            .arg("measure")
            .arg(self.model)
            .args(hwc_opt::fixed(&self.opened.dims, &self.opened.values))
            .args(how)
            .args(["--rounds", "9", "--threads", &threads]);
        process::run(command.arg("--measure-store").arg(&store).stdout(Stdio::null()))?;
        Ok(vec!["--measured-store".into(), store.into(), "--measured-threads".into(), threads.into()])
    }
}

/// One row's result.
#[derive(Serialize)]
struct Ablated {
    name: String,
    /// In the order of [`Ablation::ways`].
    times_ms: Vec<Vec<f64>>,
    errors: Vec<Option<f64>>,
    /// What the optimizer expects, in milliseconds: of the graph as it is, and of what it chose.
    predicted_ms: Option<(f64, f64)>,
    /// Seconds that it took to choose.
    search_seconds: Option<f64>,
    problem: Option<String>,
}

/// Measures every row in every way, and prints how much longer the others take than the last.
pub fn run(measurement: &Measurement, args: &Args, what: Ablation) -> Result<()> {
    let rows = rows::of(measurement.suite, measurement.layout, args.filter.as_deref())?;
    let mut results = vec![];
    for row in &rows {
        eprintln!("{}", row.model.name);
        let mut ablated = Ablated {
            name: row.model.name.clone(),
            times_ms: vec![],
            errors: vec![],
            predicted_ms: None,
            search_seconds: None,
            problem: None,
        };
        if let Err(error) = fill(measurement, args, what, row, &mut ablated) {
            ablated.problem = Some(error.to_string());
        }
        results.push(ablated);
    }
    finish(measurement, args, what, &results)
}

fn fill(measurement: &Measurement, args: &Args, what: Ablation, row: &Row, ablated: &mut Ablated) -> Result<()> {
    let directory = measurement.directory(row)?;
    let mut server = measurement.server()?;
    let opened: Opened = server.ask(&row.open(&directory).request())?;
    let explanation = directory.join("explanation.json");
    let compiled =
        Compiled { measurement, args, model: &row.model.path, opened, directory: directory.clone(), explanation };
    for way in what.ways(args) {
        let artifact = directory.join(format!("{way}.hwc"));
        compiled.compile(&artifact, &what.options(way, &compiled)?)?;
        ablated.errors.push(measurement.add(&mut server, &format!("hwc/{way}"), &artifact)?.worst);
    }
    let told = Explanation::read(&compiled.explanation)?;
    ablated.predicted_ms = Some((told.unchanged * 1e3, told.predicted * 1e3));
    ablated.search_seconds = Some(told.search_seconds());
    let mut times = measurement.time(&mut server)?;
    let ways = what.ways(args).iter();
    ablated.times_ms = ways.map(|way| times.remove(&format!("hwc/{way}")).unwrap_or_default()).collect();
    fs::remove_dir_all(&directory).map_err(Error::io("remove", &directory))
}

impl Ablated {
    /// How many times as long each way takes as the last.
    fn ratios(&self) -> Option<Vec<f64>> {
        let medians: Vec<f64> =
            self.times_ms.iter().map(|times| Some(Summary::of(times)?.median)).collect::<Option<_>>()?;
        let last = medians.last()?;
        Some(medians.iter().map(|median| median / last).collect())
    }

    fn wrong(&self, limit: f64) -> Option<String> {
        let is_right = |error: &Option<f64>| error.is_some_and(|error| error <= limit);
        let problem = self.problem.clone();
        problem.or_else(|| (!self.errors.iter().all(is_right)).then(|| format!("errors {:?}", self.errors)))
    }
}

fn finish(measurement: &Measurement, args: &Args, what: Ablation, rows: &[Ablated]) -> Result<()> {
    let ways = what.ways(args);
    let (last, others) = ways.split_last().map_or(("", ways), |(last, others)| (*last, others));
    let ratio = others.iter().map(|way| format!("{way} / {last}"));
    let header: Vec<String> = ["row".to_string()]
        .into_iter()
        .chain(ways.iter().map(ToString::to_string))
        .chain(ratio)
        .chain(["expected".into(), "search s".into()])
        .collect();
    let header: Vec<&str> = header.iter().map(String::as_str).collect();
    let cells: Vec<Vec<String>> = rows.iter().map(|row| cells(row, ways.len())).collect();
    let notes = format!(
        "Milliseconds of one call with {} threads, median of {} turns ± half the distance between the quartiles; what the optimizer expects of the graph as it is over what it chose.",
        args.threads, args.repetitions
    );
    println!("{notes}\n{}", table::text(&header, &cells));
    if let Some(path) = &args.markdown {
        write_whole(path, &format!("{notes}\n\n{}", table::markdown(&header, &cells)))?;
    }
    let limit = measurement.suite.error_limit();
    let wrong: Vec<String> =
        rows.iter().filter_map(|row| row.wrong(limit).map(|why| format!("{}: {why}", row.name))).collect();
    let ratios: Vec<(Vec<f64>, &str)> =
        rows.iter().filter_map(|row| Some((row.ratios()?, row.name.as_str()))).collect();
    let least = |ratios: &[f64]| ratios.iter().copied().fold(f64::INFINITY, f64::min);
    let worst = ratios.iter().min_by(|a, b| least(&a.0).total_cmp(&least(&b.0)));
    let mean = |way: usize| geometric_mean(&ratios.iter().map(|(ratios, _)| ratios[way]).collect::<Vec<_>>());
    let mut report = Report::new("bench")
        .figure("suite", measurement.suite.name())
        .figure("ablate", what.name())
        .figure("threads", args.threads)
        .figure("rows", rows.len())
        .figure("wrong", wrong.len());
    for (number, way) in others.iter().enumerate() {
        report = report.figure(way, mean(number));
    }
    report
        .figure("worst", worst.map(|(ratios, _)| least(ratios)))
        .figure("worst_row", worst.map(|(_, name)| *name))
        .finish(&args.json, json!(rows), &wrong)
}

fn cells(row: &Ablated, ways: usize) -> Vec<String> {
    let dash = || "-".to_string();
    let time = |times: Option<&Vec<f64>>| {
        times.and_then(|times| Summary::of(times)).map_or_else(dash, |summary| summary.to_string())
    };
    let ratio = |way: usize| row.ratios().map_or_else(dash, |ratios| format!("{:.3}", ratios[way]));
    let expected = row.predicted_ms.map_or_else(dash, |(before, after)| format!("{:.3}", before / after));
    let mut cells = vec![row.name.clone()];
    cells.extend((0..ways).map(|way| time(row.times_ms.get(way))));
    cells.extend((0..ways - 1).map(ratio));
    cells.extend([expected, row.search_seconds.map_or_else(dash, significant)]);
    cells
}
