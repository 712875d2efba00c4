//! Which graphs are measured.

use super::Peer;
use super::peak::Bound;
use crate::error::{Error, Result};
use crate::layout::Layout;
use crate::models::{Model, known_models};
use crate::oracle::Open;
use crate::process;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Suite {
    /// Small graphs, each of one kind of work
    Kernels,
    /// The models of `cargo xtask models`
    Models,
}

impl Suite {
    pub fn name(self) -> &'static str {
        match self {
            Suite::Kernels => "kernels",
            Suite::Models => "models",
        }
    }

    /// The largest error of an output, as a part of its scale (its largest magnitude).
    pub fn error_limit(self) -> f64 {
        match self {
            // Against f64.
            Suite::Kernels => 2e-5,
            Suite::Models => crate::models::ERROR_LIMIT,
        }
    }

    /// Whom to measure beside us. IREE takes minutes to compile a model, and is not among the fast ones there.
    pub fn peers(self) -> Vec<Peer> {
        match self {
            Suite::Kernels => vec![Peer::Ort, Peer::OpenVino, Peer::Iree],
            Suite::Models => vec![Peer::Ort, Peer::OpenVino],
        }
    }

    /// A name that `bench.py` knows.
    pub fn oracle(self) -> &'static str {
        match self {
            Suite::Kernels => "float64",
            Suite::Models => "onnxruntime",
        }
    }
}

pub struct Row {
    pub model: Model,
    pub bound: Bound,
    /// Multiplications and additions of contractions; `None`: as the compiled program's manifest says.
    pub flops: Option<u64>,
    /// What has to be read and written at least once.
    pub bytes: usize,
    pub what: String,
}

impl Row {
    /// The request to open its model.
    pub fn open<'a>(&'a self, directory: &'a Path) -> Open<'a> {
        let Model { path, dims, values, inputs, .. } = &self.model;
        Open { model: path, dims, values, inputs, directory }
    }
}

/// A row as `bench_kernels.py` prints it.
#[derive(Deserialize)]
struct Kernel {
    name: String,
    model: PathBuf,
    bound: Bound,
    flops: u64,
    bytes: usize,
    what: String,
}

/// The rows whose name contains `filter`.
pub fn of(suite: Suite, layout: &Layout, filter: Option<&str>) -> Result<Vec<Row>> {
    match suite {
        Suite::Kernels => kernels(layout, filter),
        Suite::Models => {
            let row =
                |model: Model| Row { what: model.dims.join(" "), model, bound: Bound::Fma, flops: None, bytes: 0 };
            Ok(known_models(layout, filter)?.into_iter().map(row).collect())
        }
    }
}

fn kernels(layout: &Layout, filter: Option<&str>) -> Result<Vec<Row>> {
    const SCRIPT: &str = "bench_kernels.py";
    let mut command = Command::new(layout.python());
    command.arg("-B").arg(layout.script(SCRIPT)).arg(layout.target.join("xtask-bench/kernels")).args(filter);
    let text = process::capture(&mut command)?;
    let kernels: Vec<Kernel> = serde_json::from_str(&text).map_err(|e| Error::answer(SCRIPT, e))?;
    Ok(kernels.into_iter().map(Kernel::row).collect())
}

impl Kernel {
    fn row(self) -> Row {
        let model = Model {
            name: self.name,
            path: self.model,
            dims: Vec::new(),
            values: BTreeMap::new(),
            inputs: BTreeMap::new(),
        };
        Row { model, bound: self.bound, flops: Some(self.flops), bytes: self.bytes, what: self.what }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernels_are_read() {
        let text = r#"{"name": "a", "model": "d/a.onnx", "bound": "copy", "flops": 0, "bytes": 8, "what": "b"}"#;
        let row = serde_json::from_str::<Kernel>(text).map(Kernel::row).expect("is a row");
        assert_eq!((row.model.name.as_str(), row.bound, row.flops, row.bytes), ("a", Bound::Copy, Some(0), 8));
        assert!(serde_json::from_str::<Kernel>(&text.replace("copy", "luck")).is_err());
    }
}
