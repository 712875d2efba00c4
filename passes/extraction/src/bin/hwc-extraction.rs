//! Solves serialized e-graphs: `hwc-extraction [--seconds S] [--threads N] [--seed N] FILE...`. One line of JSON a file, in
//! order, on standard output: what was found, or what is wrong with the file. A plan that the checker refuses is an error,
//! too. The exit code is 2 if the command line is wrong, else 0.

use hwc_extraction::{Error, Limits, Outcome, check, read, solve};
use serde_json::{Value, json};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

fn main() -> ExitCode {
    let (limits, files) = match arguments(std::env::args().skip(1)) {
        Ok(parsed) => parsed,
        Err(what) => {
            eprintln!("error: {what}\nusage: hwc-extraction [--seconds S] [--threads N] [--seed N] FILE...");
            return ExitCode::from(2);
        }
    };
    let mut stdout = std::io::stdout().lock();
    for file in files {
        let mut line = match one(&file, &limits) {
            Ok(line) => line,
            Err(error) => json!({ "error": error }),
        };
        line["file"] = json!(file.display().to_string());
        // Whoever reads has closed the pipe: nobody wants the rest.
        if writeln!(stdout, "{line}").and_then(|()| stdout.flush()).is_err() {
            break;
        }
    }
    ExitCode::SUCCESS
}

fn arguments(mut words: impl Iterator<Item = String>) -> Result<(Limits, Vec<PathBuf>), String> {
    // The search goes on until it is proven or the time is over.
    let mut limits = Limits { seconds: Some(60.0), rounds: u32::MAX, work: u64::MAX, ..Limits::default() };
    let mut files = Vec::new();
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
        let wrong = |value: &str| format!("{word} {value}: not such a number");
        match word.as_str() {
            "--seconds" => {
                let text = value()?;
                let seconds = text.parse().ok().filter(|seconds: &f64| seconds.is_finite() && *seconds >= 0.0);
                limits.seconds = Some(seconds.ok_or_else(|| wrong(&text))?);
            }
            "--threads" => {
                let text = value()?;
                limits.threads = text.parse().ok().filter(|threads| *threads > 0).ok_or_else(|| wrong(&text))?;
            }
            "--seed" => {
                let text = value()?;
                limits.seed = text.parse().map_err(|_| wrong(&text))?;
            }
            _ if word.starts_with('-') => return Err(format!("there is no option {word}")),
            _ => files.push(PathBuf::from(word)),
        }
    }
    if files.is_empty() { Err("no file is named".into()) } else { Ok((limits, files)) }
}

fn one(path: &Path, limits: &Limits) -> Result<Value, String> {
    let file = read(path).map_err(|error| error.to_string())?;
    let named = |error: Error| match error {
        Error::Impossible(classes) => {
            let names = classes.iter().filter_map(|class| file.class_names.get(*class as usize));
            format!("no plan exists for {}", names.cloned().collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    };
    let outcome = solve(&file.problem, limits).map_err(named)?;
    check(&file.problem, &outcome.solution).map_err(|faults| {
        let texts: Vec<String> = faults.iter().map(ToString::to_string).collect();
        format!("the checker refuses the plan: {}", texts.join("; "))
    })?;
    Ok(answer(&file, &outcome))
}

fn answer(file: &hwc_extraction::File, outcome: &Outcome) -> Value {
    let stages = outcome.stages.iter().map(|stage| {
        json!({ "stage": stage.kind.name(), "cost": stage.cost, "bound": stage.bound, "seconds": stage.seconds })
    });
    json!({
        "classes": file.problem.classes(),
        "nodes": file.problem.nodes(),
        "cost": outcome.cost,
        "bound": outcome.bound,
        "gap": outcome.gap,
        "proved": outcome.proved,
        "seconds": outcome.seconds,
        "failure": outcome.failure,
        "stages": stages.collect::<Vec<_>>(),
    })
}
