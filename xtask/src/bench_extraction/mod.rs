//! `cargo xtask bench-extraction`: the extraction solver on serialized e-graphs.
//!
//! Each file is solved by a process of its own, which checks the plan before it answers.

mod known;

use crate::error::{Error, Result};
use crate::hwc_opt::cargo;
use crate::layout::Layout;
use crate::report::{JsonArg, Report};
use crate::{process, setup, table};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::{Deserialize, Serialize};
use std::fs;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::Command;

#[derive(clap::Args)]
pub struct Args {
    /// A serialized e-graph (JSON, gzipped or not), or a folder of them [default: passes/extraction/data]
    #[arg(long, value_name = "DIR|FILE")]
    data: Option<PathBuf>,
    /// Time limit of a file
    #[arg(long, default_value_t = 60.0, value_name = "SECONDS", value_parser = seconds)]
    seconds: f64,
    /// Threads of the solver
    #[arg(long, default_value_t = 2, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    threads: u32,
    /// Only files whose name contains this text
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    #[command(flatten)]
    json: JsonArg,
}

fn seconds(text: &str) -> std::result::Result<f64, String> {
    text.parse().ok().filter(|s: &f64| s.is_finite() && *s > 0.0).ok_or_else(|| "a number above 0".to_string())
}

/// What the solver says of a file.
#[derive(Deserialize, Serialize)]
struct Answer {
    classes: u32,
    nodes: usize,
    cost: f64,
    /// `None`: nothing is known.
    bound: Option<f64>,
    gap: Option<f64>,
    proved: bool,
    seconds: f64,
    stages: Vec<Stage>,
}

#[derive(Deserialize, Serialize)]
struct Stage {
    stage: String,
    cost: Option<f64>,
    bound: Option<f64>,
    seconds: f64,
}

/// A row of the table.
#[derive(Serialize)]
struct Row {
    name: String,
    answer: Option<Answer>,
    known: Option<f64>,
    /// Why there is no answer, or why it is wrong.
    wrong: Option<String>,
}

pub fn run(layout: &Layout, args: &Args) -> Result<()> {
    let files = files(args.data.as_deref().unwrap_or(&layout.root.join("passes/extraction/data")), args)?;
    setup::build_tools()?;
    let package = ["--package", "hwc-extraction", "--bin", "hwc-extraction"];
    process::run(cargo(layout).args(["build", "--release"]).args(package))?;
    let program = layout.target.join("release/hwc-extraction");
    let plain = !std::io::stderr().is_terminal();
    let target = if plain { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} {elapsed} {msg}");
    let bar = ProgressBar::with_draw_target(Some(files.len() as u64), target);
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    let mut rows = Vec::new();
    for file in &files {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        bar.set_message(name.clone());
        if plain {
            eprintln!("{name}");
        }
        rows.push(row(&program, file, name, args));
        bar.inc(1);
    }
    bar.finish_and_clear();
    report(&rows, &args.json)
}

/// The files to solve, sorted.
fn files(data: &Path, args: &Args) -> Result<Vec<PathBuf>> {
    let is_graph = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let wanted = args.filter.as_ref().is_none_or(|text| name.contains(text));
        wanted && (name.ends_with(".json") || name.ends_with(".json.gz")) && path.is_file()
    };
    let mut files = match data.is_dir() {
        true => {
            let entries = fs::read_dir(data).map_err(Error::io("read", data))?;
            entries.map(|entry| entry.map(|e| e.path()).map_err(Error::io("read", data))).collect::<Result<Vec<_>>>()?
        }
        // Whatever it is called: it is named.
        false => return Ok(vec![data.to_path_buf()]),
    };
    files.retain(is_graph);
    files.sort();
    if files.is_empty() {
        return Err(Error::Usage(format!("no .json or .json.gz to look at in {}", data.display())));
    }
    Ok(files)
}

fn row(program: &Path, file: &Path, name: String, args: &Args) -> Row {
    let known = known::cost(&name);
    match answer(program, file, args) {
        Err(error) => Row { name, answer: None, known, wrong: Some(error) },
        Ok(answer) => {
            let known = known.or(answer.proved.then_some(answer.cost));
            let greedy = answer.greedy();
            let wrong = match (greedy, answer.bound, known) {
                (Some(greedy), ..) if answer.cost > greedy + near(greedy) => {
                    Some(format!("costs {}, which is more than greedy's {greedy}", answer.cost))
                }
                (_, Some(bound), Some(known)) if bound > known + near(known) => {
                    Some(format!("the bound {bound} is above the best known cost {known}"))
                }
                _ => None,
            };
            Row { name, answer: Some(answer), known, wrong }
        }
    }
}

/// Rounding of a sum.
fn near(cost: f64) -> f64 {
    1e-6 * cost.abs().max(1e-9)
}

fn answer(program: &Path, file: &Path, args: &Args) -> std::result::Result<Answer, String> {
    let mut command = Command::new(program);
    command.args(["--seconds", &args.seconds.to_string(), "--threads", &args.threads.to_string()]).arg(file);
    let text = process::capture(&mut command).map_err(|error| error.to_string())?;
    let value: serde_json::Value = serde_json::from_str(&text).map_err(|error| format!("{error}: {text}"))?;
    match value.get("error").and_then(serde_json::Value::as_str) {
        Some(error) => Err(error.to_string()),
        None => serde_json::from_value(value).map_err(|error| format!("{error}: {text}")),
    }
}

impl Answer {
    fn greedy(&self) -> Option<f64> {
        self.stages.iter().find(|stage| stage.stage == "greedy").and_then(|stage| stage.cost)
    }
}

impl Row {
    /// Relative distance to the best known cost; negative if ours is better.
    fn gap_to_known(&self) -> Option<f64> {
        let (cost, known) = (self.answer.as_ref()?.cost, self.known?);
        Some(if cost == known { 0.0 } else { (cost - known) / known.abs() })
    }

    fn cells(&self) -> Vec<String> {
        let Some(answer) = &self.answer else {
            return [self.name.as_str(), "-", "-", "-", "-", "-", "-", "-", "-"].map(str::to_string).to_vec();
        };
        let cost = |cost: Option<f64>| {
            cost.map_or("-".to_string(), |cost| {
                format!("{:.7}", cost).trim_end_matches('0').trim_end_matches('.').to_string()
            })
        };
        vec![
            self.name.clone(),
            answer.nodes.to_string(),
            cost(answer.greedy()),
            cost(Some(answer.cost)),
            cost(answer.bound),
            answer.gap.map_or("-".to_string(), |gap| format!("{:.2} %", 100.0 * gap)),
            if answer.proved { "yes" } else { "no" }.to_string(),
            cost(self.known),
            format!("{:.2}", answer.seconds),
        ]
    }
}

const HEADER: &[&str] = &["file", "nodes", "greedy", "cost", "bound", "gap", "proved", "best known", "s"];

fn report(rows: &[Row], json: &JsonArg) -> Result<()> {
    println!("{}", table::text(HEADER, &rows.iter().map(Row::cells).collect::<Vec<_>>()));
    let wrong: Vec<String> =
        rows.iter().filter_map(|row| row.wrong.as_ref().map(|why| format!("{}: {why}", row.name))).collect();
    let worst = rows.iter().filter_map(Row::gap_to_known).max_by(f64::total_cmp);
    let gaps = rows.iter().filter_map(|row| row.answer.as_ref()).map(|answer| answer.gap.unwrap_or(f64::INFINITY));
    Report::new("extraction")
        .figure("files", rows.len())
        .figure("worst_gap_to_best_known", worst.map(rounded))
        .figure("median_gap", median(gaps.collect()).map(rounded))
        .figure("proved", rows.iter().filter(|row| row.answer.as_ref().is_some_and(|answer| answer.proved)).count())
        .finish(json, serde_json::json!(rows), &wrong)
}

/// Differences by rounding of sums are none.
fn rounded(gap: f64) -> f64 {
    if gap.abs() < 1e-9 { 0.0 } else { gap }
}

/// The lower one of two in the middle.
fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len().saturating_sub(1) / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(cost: f64, known: Option<f64>) -> Row {
        let stages = vec![Stage { stage: "greedy".into(), cost: Some(9.0), bound: None, seconds: 0.0 }];
        let (bound, gap) = (None, None);
        let answer = Answer { classes: 1, nodes: 2, cost, bound, gap, proved: false, seconds: 1.0, stages };
        Row { name: "x.json".into(), answer: Some(answer), known, wrong: None }
    }

    #[test]
    fn gaps_are_relative_to_what_is_known() {
        assert_eq!(row(11.0, Some(10.0)).gap_to_known(), Some(0.1));
        assert_eq!(row(-9.0, Some(-10.0)).gap_to_known(), Some(0.1));
        assert_eq!(row(11.0, None).gap_to_known(), None);
        assert_eq!(row(0.0, Some(0.0)).gap_to_known(), Some(0.0));
    }

    #[test]
    fn cells_fit_the_header() {
        assert_eq!(row(1.5, None).cells().len(), HEADER.len());
        assert_eq!(row(1.5, None).cells()[3], "1.5");
        let failed = Row { name: "x".into(), answer: None, known: None, wrong: Some("why".into()) };
        assert_eq!(failed.cells().len(), HEADER.len());
    }

    #[test]
    fn median_is_the_lower_of_the_middle() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(vec![f64::INFINITY, 0.0]), Some(0.0));
        assert_eq!(median(vec![]), None);
    }
}
