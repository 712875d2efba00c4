//! ONNX Runtime as oracle and peer, in a Python process: `xtask/python/oracle.py`.

use crate::error::{Error, Result};
use crate::layout::Layout;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

const NAME: &str = "oracle.py";

pub struct Oracle {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

/// What is to be known about a model before it runs.
pub struct Open<'a> {
    pub model: &'a Path,
    /// `NAME=N` or `INPUT.AXIS=N`; entries that do not concern the model are ignored.
    pub dims: &'a [String],
    /// Values to be known at compile time: a number for the whole tensor, or a file.
    pub values: &'a BTreeMap<String, String>,
    /// Values to run with; the rest is seeded random.
    pub inputs: &'a BTreeMap<String, PathBuf>,
    /// Where files for the inputs go.
    pub directory: &'a Path,
}

#[derive(Deserialize)]
pub struct Opened {
    /// Every input and its `.npy` file.
    pub inputs: Vec<(String, PathBuf)>,
    /// Those of them that are compile-time values.
    pub values: Vec<(String, PathBuf)>,
    /// Those of the given dims that concern the model.
    pub dims: Vec<String>,
    /// Size of the model with its external data.
    pub bytes: u64,
}

#[derive(Deserialize)]
pub struct Comparison {
    /// Largest error of an output; `None` where an output is missing or cannot be compared.
    pub worst: Option<f64>,
    /// The same between ONNX Runtime with and without its optimizations.
    pub oracle_error: Option<f64>,
    pub outputs: Vec<Value>,
}

#[derive(Deserialize)]
struct Reference {
    outputs: Vec<String>,
}

#[derive(Deserialize)]
struct Times {
    times_ms: Vec<f64>,
}

impl Oracle {
    pub fn start(layout: &Layout) -> Result<Oracle> {
        let mut command = Command::new(layout.python());
        command.arg(layout.script(NAME)).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(|e| crate::process::cannot_start(&command, e))?;
        let missing = || Error::answer(NAME, "a pipe is missing");
        let stdin = child.stdin.take().ok_or_else(missing)?;
        let stdout = BufReader::new(child.stdout.take().ok_or_else(missing)?);
        Ok(Oracle { child, stdin, stdout })
    }

    /// Opens a model; the requests below are about it.
    pub fn open(&mut self, open: &Open) -> Result<Opened> {
        self.ask(json!({
            "do": "open", "model": open.model, "dims": open.dims, "values": open.values, "inputs": open.inputs,
            "seed": 0, "dir": open.directory,
        }))
    }

    /// Runs the model once; the names of its outputs.
    pub fn reference(&mut self) -> Result<Vec<String>> {
        self.ask(json!({"do": "reference"})).map(|answer: Reference| answer.outputs)
    }

    /// Compares the reference's outputs with files in `directory`.
    pub fn compare(&mut self, directory: &Path) -> Result<Comparison> {
        self.ask(json!({"do": "compare", "dir": directory}))
    }

    /// Milliseconds of each of `runs` runs.
    pub fn time(&mut self, threads: usize, runs: usize) -> Result<Vec<f64>> {
        self.ask(json!({"do": "time", "threads": threads, "runs": runs})).map(|answer: Times| answer.times_ms)
    }

    fn ask<T: DeserializeOwned>(&mut self, request: Value) -> Result<T> {
        let mut line = String::new();
        let exchange = writeln!(self.stdin, "{request}").and_then(|()| self.stdin.flush());
        exchange.and_then(|()| self.stdout.read_line(&mut line)).map_err(|e| Error::answer(NAME, e))?;
        if line.is_empty() {
            return Err(Error::answer(NAME, "it ended"));
        }
        let answer: Value = serde_json::from_str(&line).map_err(|e| Error::answer(NAME, e))?;
        match answer.get("error").and_then(Value::as_str) {
            Some(error) => Err(Error::Oracle(error.to_string())),
            None => serde_json::from_value(answer).map_err(|e| Error::answer(NAME, e)),
        }
    }
}

impl Drop for Oracle {
    fn drop(&mut self) {
        // It has no state worth saving, and may be in the middle of a long run.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
