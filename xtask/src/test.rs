//! `cargo xtask test`: every test there is, with one build.

use crate::conformance::{self, Status};
use crate::error::Result;
use crate::layout::Layout;
use crate::report::{JsonArg, Report};
use crate::{bench, bench_rewriting, hwc_opt, process, setup, table};
use serde::Serialize;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Instant;

#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    json: JsonArg,
}

/// One group of tests.
#[derive(Default, Serialize)]
struct Suite {
    name: &'static str,
    passed: usize,
    failed: usize,
    skipped: usize,
    seconds: f64,
    /// What went wrong apart from failing tests: it does not build, or ends early.
    problem: Option<String>,
}

pub fn run(layout: &Layout, args: &Args) -> Result<()> {
    setup::build_tools()?;
    setup::python(layout)?;
    setup::browser()?;
    let suites: Vec<Suite> = [
        ("cargo test", cargo_test as fn(&Layout) -> Result<Suite>),
        ("lit", lit),
        ("conformance", node_tests),
        ("bench", bench_row),
    ]
    .into_iter()
    .map(|(name, suite)| {
        println!("--- {name}");
        let start = Instant::now();
        let suite = suite(layout).unwrap_or_else(|e| Suite { problem: Some(e.to_string()), ..Suite::default() });
        Suite { name, seconds: start.elapsed().as_secs_f64(), ..suite }
    })
    .collect();
    report(args, &suites)
}

fn report(args: &Args, suites: &[Suite]) -> Result<()> {
    let row = |s: &Suite| {
        let counts = [s.passed, s.failed, s.skipped].map(|n| n.to_string());
        [vec![s.name.to_string()], counts.to_vec(), vec![format!("{:.0}", s.seconds)]].concat()
    };
    println!(
        "\n{}",
        table::text(&["suite", "passed", "failed", "skipped", "seconds"], &suites.iter().map(row).collect::<Vec<_>>())
    );
    let wrong: Vec<String> = suites.iter().filter_map(Suite::wrong).collect();
    let sum = |count: fn(&Suite) -> usize| suites.iter().map(count).sum::<usize>();
    let (passed, failed) = (sum(|s| s.passed), sum(|s| s.failed));
    println!("{passed} passed, {failed} failed, {} skipped", sum(|s| s.skipped));
    Report::new("test")
        .figure("passed", passed)
        .figure("failed", failed)
        .figure("seconds", suites.iter().map(|s| s.seconds).sum::<f64>().round() as u64)
        .finish(&args.json, serde_json::json!(suites), &wrong)
}

impl Suite {
    fn wrong(&self) -> Option<String> {
        match (&self.problem, self.failed) {
            (Some(problem), _) => Some(format!("{}: {problem}", self.name)),
            (None, 0) if self.passed == 0 => Some(format!("{}: no test ran", self.name)),
            (None, 0) => None,
            (None, failed) => Some(format!("{}: {failed} failed", self.name)),
        }
    }
}

/// Unit, integration and documentation tests of all crates, in release mode: `hwc-opt` is built once for them and for
/// the suites below, and generated code is compiled several times faster than by an unoptimized compiler.
fn cargo_test(layout: &Layout) -> Result<Suite> {
    let mut cargo = hwc_opt::cargo(layout);
    cargo.args(["test", "--release", "--workspace", "--no-fail-fast"]);
    // The lit suite is a test of cargo, too; below it tells how many tests it has.
    cargo.args(["--", "--skip", "lit_tests_pass"]);
    count(layout, &mut cargo, |line, suite| {
        // test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s
        if let Some(counts) = line.strip_prefix("test result: ") {
            suite.passed += number_before(counts, " passed");
            suite.failed += number_before(counts, " failed");
            suite.skipped += number_before(counts, " ignored");
        }
    })
}

fn lit(layout: &Layout) -> Result<Suite> {
    hwc_opt::build(layout)?;
    let mut lit = Command::new(layout.python());
    lit.arg(layout.venv.join("bin/lit")).args(["-v", "--order=lexical"]).arg(layout.root.join("lit-tests"));
    count(layout, &mut lit, |line, suite| {
        //   Expectedly Failed:   1 (0.50%)
        let Some((kind, rest)) = line.trim().split_once(':') else { return };
        let count = rest.split_whitespace().next().and_then(|n| n.parse().ok()).unwrap_or(0);
        match kind.trim_end() {
            "Passed" | "Passed With Retry" | "Expectedly Failed" => suite.passed += count,
            "Failed" | "Unexpectedly Passed" | "Unresolved" | "Timed Out" => suite.failed += count,
            "Unsupported" | "Skipped" | "Excluded" => suite.skipped += count,
            _ => {}
        }
    })
}

/// The listed node tests must pass, and none may fail; what is refused counts as skipped.
fn node_tests(layout: &Layout) -> Result<Suite> {
    let run = conformance::Run::all(layout)?;
    let wrong = run.wrong();
    Ok(Suite {
        passed: run.count(Status::Passed),
        failed: run.count(Status::Failed) + run.count(Status::Crashed),
        skipped: run.count(Status::Unsupported),
        problem: (!wrong.is_empty()).then(|| wrong.join("; ")),
        ..Suite::default()
    })
}

/// That `bench` and `bench-rewriting` measure, and that what they measure is right; how fast does not matter.
fn bench_row(layout: &Layout) -> Result<Suite> {
    let mut problems: Vec<String> = bench::smoke(layout)?.into_iter().collect();
    problems.extend(bench_rewriting::smoke(layout)?);
    let problem = (!problems.is_empty()).then(|| problems.join("\n"));
    Ok(Suite { passed: usize::from(problem.is_none()), problem, ..Suite::default() })
}

/// Runs a program, shows its output, and counts tests by its lines.
fn count(layout: &Layout, command: &mut Command, look: fn(&str, &mut Suite)) -> Result<Suite> {
    command.current_dir(&layout.root).envs(layout.tool_environment()).stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = command.spawn().map_err(|e| process::cannot_start(command, e))?;
    let mut suite = Suite::default();
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).lines().map_while(std::result::Result::ok) {
            println!("{line}");
            look(&line, &mut suite);
        }
    }
    let status = child.wait().map_err(|e| process::cannot_start(command, e))?;
    if !status.success() && suite.failed == 0 {
        suite.problem = Some(format!("{} ended with {status}", command.get_program().to_string_lossy()));
    }
    Ok(suite)
}

/// The number that stands before `word`.
fn number_before(text: &str, word: &str) -> usize {
    let before = text.find(word).map_or("", |at| &text[..at]);
    before.rsplit(' ').next().and_then(|number| number.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_before_their_words() {
        let line = "FAILED. 12 passed; 3 failed; 1 ignored; 0 measured";
        assert_eq!([" passed", " failed", " ignored", " lost"].map(|word| number_before(line, word)), [12, 3, 1, 0]);
    }

    #[test]
    fn a_suite_without_tests_is_wrong() {
        assert!(Suite { name: "x", ..Suite::default() }.wrong().is_some());
        assert!(Suite { name: "x", passed: 1, ..Suite::default() }.wrong().is_none());
        assert!(Suite { name: "x", passed: 1, failed: 1, ..Suite::default() }.wrong().is_some());
        assert!(Suite { name: "x", passed: 1, problem: Some("y".into()), ..Suite::default() }.wrong().is_some());
    }
}
