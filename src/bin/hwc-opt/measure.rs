//! `hwc-opt measure`.

use std::io::{BufReader, stdin, stdout};
use std::process::Command;
use std::time::Duration;

use hwc::measure::{self, MachineCode, Measurement, Measurer, Outcome, Store, Times};
use hwc::{Model, Options, Target};
use hwc_cost_model::dataset::Code;
use hwc_runtime::atomic_file;
use serde_json::{Value, json};

use crate::cli::Measure;
use crate::compile::{cost_model, fix};
use crate::failure::{self, Failure};

pub fn measure(arguments: &Measure) -> Result<(), Failure> {
    let model = Model::open(&arguments.kernel)?;
    let mut failures = vec![];
    let mut options = fix(Options::new(), &arguments.fixed, &mut failures);
    Failure::all(failures)?;
    if let Some(cpu) = &arguments.mcpu {
        options = options.target(Target::cpu(cpu));
    }
    if let Some(path) = &arguments.cost_model {
        options = options.cost_model(cost_model(path)?);
    }
    let store = arguments.measure_store.as_ref().map(Store::open).transpose()?;
    let store = store.map(|store| store.threads(arguments.threads));
    let measurer = measurer()?.timeout(Duration::from_secs(arguments.timeout));
    let measurer = measurer.rounds(arguments.rounds).threads(arguments.threads);
    let (mut text, mut report) = (String::new(), vec![]);
    for kernel in measure::kernels(&model, &options)? {
        let candidates = measure::candidates(&kernel, &options, arguments.candidates as usize, arguments.threads)?;
        let outcomes = measurer.measure(&candidates)?;
        let mut all: Vec<(&String, &Outcome)> = candidates.iter().zip(&outcomes).collect();
        if let Some(store) = &store {
            for (candidate, outcome) in &all {
                if let Outcome::Measured(measurement) = outcome
                    && candidate.contains(SCHEDULE)
                {
                    store.keep(candidate, measurement)?;
                }
            }
        }
        let measured = outcomes.iter().filter(|o| matches!(o, Outcome::Measured(_))).count();
        all.sort_by(|a, b| seconds(a.1).total_cmp(&seconds(b.1)));
        let (name, chosen) = (name(&kernel), schedule(&kernel));
        text += &format!("{name}\n");
        for (candidate, outcome) in &all {
            let schedule = schedule(candidate);
            let mark = if schedule == chosen { "*" } else { " " };
            text += &format!("{mark} {}  {schedule}\n", describe(outcome, arguments));
            let mut row = json!({
                "kernel": name, "schedule": schedule, "chosen": schedule == chosen, "outcome": outcome_json(outcome),
                "text": candidate,
            });
            if let Outcome::Measured(measurement) = outcome {
                text += &labels(candidate, measurement, &options, arguments, &mut row)?;
            }
            report.push(row);
        }
        let best = all.first().map_or(f64::INFINITY, |(_, outcome)| seconds(outcome));
        text += &format!(
            "measure kernel={name} threads={} candidates={} measured={measured}",
            arguments.threads,
            all.len()
        );
        text += &if best.is_finite() { format!(" best_us={:.3}\n", best * 1e6) } else { "\n".to_string() };
    }
    if let Some(path) = &arguments.json {
        let json = format!("{:#}\n", Value::Array(report));
        atomic_file::write(path, json.as_bytes()).map_err(|e| Failure::file(path, &e))?;
    }
    failure::print(text.as_bytes())
}

/// Lines with what the command line asks for of a candidate's code; adds the same to its row.
fn labels(
    candidate: &str,
    measurement: &Measurement,
    options: &Options,
    arguments: &Measure,
    row: &mut Value,
) -> Result<String, Failure> {
    let mut text = String::new();
    if let Some(Code { registers, spills, instructions, code_bytes }) = measurement.code.filter(|_| arguments.code) {
        text += &format!(
            "    code: {registers} vector registers, {spills} spills, {instructions} instructions, {code_bytes} bytes\n"
        );
        row["code"] = json!(measurement.code);
    }
    if arguments.mca {
        let cycles = MachineCode::of(candidate, options)?.mca()?;
        let list: Vec<String> = cycles.iter().map(|(name, cycles)| format!("{name} {cycles:.2}")).collect();
        text += &format!("    llvm-mca: cycles of the innermost loop on {}\n", list.join(", "));
        row["mca"] = cycles.into_iter().map(|(name, cycles)| (name, json!(cycles))).collect();
    }
    Ok(text)
}

/// Measures in processes of this program.
pub fn measurer() -> Result<Measurer, Failure> {
    let program = std::env::current_exe().map_err(|e| Failure::environment("hwc-opt", e))?;
    Ok(Measurer::new(move || {
        let mut command = Command::new(&program);
        command.arg("measure-worker");
        command
    }))
}

/// The worker's side of it.
pub fn worker() -> Result<(), Failure> {
    measure::serve(BufReader::new(stdin()), stdout()).map_err(|e| Failure::environment("measure-worker", e))
}

fn seconds(outcome: &Outcome) -> f64 {
    if let Outcome::Measured(measurement) = outcome { measurement.warm.median } else { f64::INFINITY }
}

fn describe(outcome: &Outcome, arguments: &Measure) -> String {
    let Measurement { warm, cold, flops, bytes, .. } = match outcome {
        Outcome::Measured(measurement) => measurement,
        Outcome::Refused(why) => return format!("refused: {}", why.replace('\n', " ")),
        Outcome::Crashed(how) => return format!("crashed: {how}"),
        Outcome::TimedOut => return "timed out".to_string(),
    };
    let (gflops, gbytes) = (flops / warm.median * 1e-9, bytes / warm.median * 1e-9);
    let mut text = format!(
        "{:>10.3} us, spread {:>4.1} %, cold {:>10.3} us, {gflops:>7.2} GFLOP/s, {gbytes:>7.2} GB/s",
        warm.median * 1e6,
        warm.spread() * 100.0,
        cold.median * 1e6,
    );
    let share = |rate: f64, peak: Option<f64>, of: &str| {
        peak.map_or(String::new(), |peak| format!(", {:.0} % of {of}", rate / peak * 100.0))
    };
    text += &share(gflops, arguments.peak_gflops, "peak");
    text += &share(gbytes, arguments.peak_gbytes, "bandwidth");
    text
}

fn outcome_json(outcome: &Outcome) -> Value {
    let times = |t: &Times| json!({"median": t.median, "low": t.low, "high": t.high});
    match outcome {
        Outcome::Measured(Measurement { warm, cold, flops, bytes, .. }) => {
            json!({"warm_s": times(warm), "cold_s": times(cold), "flops": flops, "bytes": bytes})
        }
        Outcome::Refused(why) => json!({"refused": why}),
        Outcome::Crashed(how) => json!({"crashed": how}),
        Outcome::TimedOut => json!({"timed_out": true}),
    }
}

/// How a schedule begins in a kernel's text.
const SCHEDULE: &str = "#hwk.schedule<";

/// The name of a kernel in its text.
fn name(kernel: &str) -> &str {
    kernel.split_once('@').and_then(|(_, rest)| rest.split_once('(')).map_or("?", |(name, _)| name)
}

/// What stands in `#hwk.schedule<...>`.
fn schedule(kernel: &str) -> &str {
    let rest = kernel.split_once(SCHEDULE).map_or("", |(_, rest)| rest);
    rest.split_once(">)").map_or("no schedule", |(schedule, _)| schedule)
}
