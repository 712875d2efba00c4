//! `hwc-opt verify`: models beside their test data, as `onnx_test_runner` has them.

mod compare;
mod data;

use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use hwc::{Artifact, Compiler, Error, Fault, Model, Options, Tensor};
use serde::Serialize;

use crate::cli;
use crate::failure::{self, Failure, code};
use data::{DataSet, Tolerance};

/// What came of one folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    Passed,
    Failed,
    Unsupported,
}

impl Status {
    fn name(self) -> &'static str {
        match self {
            Status::Passed => "passed",
            Status::Failed => "failed",
            Status::Unsupported => "unsupported",
        }
    }
}

/// The answer for one folder.
#[derive(Serialize)]
struct Answer {
    dir: String,
    status: Status,
    detail: String,
    compile_ms: f64,
    run_ms: f64,
}

/// A folder that did not pass: why, and the exit code for it.
#[derive(Debug)]
struct Verdict(Status, String, u8);

impl From<Error> for Verdict {
    fn from(error: Error) -> Verdict {
        let status = if error.fault() == Fault::Unsupported { Status::Unsupported } else { Status::Failed };
        let detail = error.to_string();
        Verdict(status, detail, Failure::from(error).code())
    }
}

impl Verdict {
    /// What the folder holds is wrong.
    fn failed(detail: impl std::fmt::Display) -> Verdict {
        Verdict(Status::Failed, detail.to_string(), code::INPUT)
    }

    /// The results are not those that were expected.
    fn differs(detail: impl std::fmt::Display) -> Verdict {
        Verdict(Status::Failed, detail.to_string(), code::DIFFERS)
    }
}

pub fn verify(arguments: &cli::Verify) -> Result<ExitCode, Failure> {
    // Of several exit codes the gravest: they grow that way.
    let mut gravest = 0;
    let mut one = |folder: &Path, json: bool| -> Result<(), Failure> {
        let (answer, code) = answer(folder);
        gravest = gravest.max(code);
        let line = if json {
            serde_json::to_string(&answer).map_err(|e| Failure::environment("standard output", e))?
        } else {
            let detail = if answer.detail.is_empty() { String::new() } else { format!(": {}", answer.detail) };
            format!("{} {}{detail}", answer.status.name(), answer.dir)
        };
        failure::print(format!("{line}\n").as_bytes())
    };
    if arguments.stdin {
        for line in std::io::stdin().lock().lines() {
            let line = line.map_err(|e| Failure::environment("standard input", e))?;
            if !line.is_empty() {
                one(Path::new(&line), true)?;
            }
        }
        // Whoever reads the lines judges them.
        return Ok(ExitCode::SUCCESS);
    }
    for folder in &arguments.folders {
        one(folder, false)?;
    }
    std::io::stdout().flush().map_err(|e| Failure::environment("standard output", e))?;
    Ok(ExitCode::from(gravest))
}

fn answer(folder: &Path) -> (Answer, u8) {
    let mut times = Times::default();
    let Verdict(status, detail, code) =
        check(folder, &mut times).err().unwrap_or(Verdict(Status::Passed, String::new(), 0));
    let ms = |d: Duration| d.as_secs_f64() * 1e3;
    let answer = Answer {
        dir: folder.display().to_string(),
        status,
        detail,
        compile_ms: ms(times.compile),
        run_ms: ms(times.run),
    };
    (answer, code)
}

#[derive(Default)]
struct Times {
    compile: Duration,
    run: Duration,
}

fn check(folder: &Path, times: &mut Times) -> Result<(), Verdict> {
    let path = folder.join("model.onnx");
    let started = Instant::now();
    let model = Model::open(&path)?;
    let signature = data::Signature::of(&model);
    times.compile += started.elapsed();
    let tolerance = Tolerance::read(&folder.join("data.json")).map_err(Verdict::failed)?;
    let sets: Vec<PathBuf> = data::sets(folder).map_err(Verdict::failed)?;
    if sets.is_empty() {
        return Err(Verdict::failed("there is no test_data_set_0"));
    }
    for set in sets {
        let set = DataSet::read(&set, &signature)?;
        let started = Instant::now();
        let artifact = compile(&model, &signature, &set);
        times.compile += started.elapsed();
        let session = artifact?.session()?;
        let started = Instant::now();
        let outputs = session.run(set.inputs.iter().map(|(name, value)| (name.as_str(), value)));
        times.run += started.elapsed();
        let outputs = outputs.map_err(Verdict::failed)?;
        let actual: Vec<(&str, &Tensor)> = outputs.iter().collect();
        if actual.len() != set.outputs.len() {
            return Err(Verdict::differs(format!("has {} outputs, expected {}", actual.len(), set.outputs.len())));
        }
        for ((name, actual), expected) in actual.iter().zip(&set.outputs) {
            compare::compare(actual, expected, tolerance)
                .map_err(|e| Verdict::differs(format!("output `{name}`: {e}")))?;
        }
    }
    Ok(())
}

/// Compiles for the shapes of a data set. Inputs whose values must be known are bound to the set's.
fn compile(model: &Model, signature: &data::Signature, set: &DataSet) -> Result<Artifact, Error> {
    let mut options = signature.dims(set).into_iter().fold(Options::new(), |o, (name, size)| o.dim(name, size));
    let mut bound: Vec<String> = Vec::new();
    loop {
        let error = match Compiler::new(options.clone()).compile(model) {
            Ok(artifact) => return Ok(artifact),
            Err(error) => error,
        };
        // Each round binds at least one more input; what one value makes known may reveal the need for another.
        let more: Vec<String> = error.inputs_to_fix().iter().filter(|name| !bound.contains(name)).cloned().collect();
        if more.is_empty() {
            return Err(error);
        }
        for name in more {
            let Some((_, value)) = set.inputs.iter().find(|(input, _)| *input == name) else { return Err(error) };
            options = options.value(&name, value.clone());
            bound.push(name);
        }
    }
}
