//! ONNX Runtime as oracle and peer, in a Python process: `xtask/python/oracle.py`.

use crate::error::Result;
use crate::layout::Layout;
use crate::server::Server;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

const NAME: &str = "oracle.py";

pub struct Oracle {
    server: Server,
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

impl Open<'_> {
    /// As `opening.py` reads it.
    pub fn request(&self) -> Value {
        json!({
            "do": "open", "model": self.model, "dims": self.dims, "values": self.values, "inputs": self.inputs,
            "seed": 0, "dir": self.directory,
        })
    }
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
        Ok(Oracle { server: Server::start(layout, NAME, &[])? })
    }

    /// Opens a model; the requests below are about it.
    pub fn open(&mut self, open: &Open) -> Result<Opened> {
        self.server.ask(&open.request())
    }

    /// Runs the model once; the names of its outputs.
    pub fn reference(&mut self) -> Result<Vec<String>> {
        self.server.ask(&json!({"do": "reference"})).map(|answer: Reference| answer.outputs)
    }

    /// Compares the reference's outputs with files in `directory`.
    pub fn compare(&mut self, directory: &Path) -> Result<Comparison> {
        self.server.ask(&json!({"do": "compare", "dir": directory}))
    }

    /// Milliseconds of each of `runs` runs.
    pub fn time(&mut self, threads: usize, runs: usize) -> Result<Vec<f64>> {
        self.server.ask(&json!({"do": "time", "threads": threads, "runs": runs})).map(|answer: Times| answer.times_ms)
    }
}
