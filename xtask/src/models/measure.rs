//! One model: compile, run, compare, time.

use super::ERROR_LIMIT;
use super::list::Model;
use crate::error::{Error, Result};
use crate::hwc_opt::{self, Compile, Inputs};
use crate::layout::Layout;
use crate::oracle::{Open, Oracle};
use crate::report::significant;
use serde::Serialize;
use std::fs;
use std::path::Path;

/// Timing alternates between the two sides this often, so that a slow phase of the machine hits both.
const ROUNDS: usize = 3;
/// A round of one side takes about this long.
const ROUND_MS: f64 = 400.0;

/// Peak memory of compiling: this many times the model's size, plus [`MEMORY_BASE`] bytes.
const MEMORY_FACTOR: f64 = 2.5;
const MEMORY_BASE: f64 = 500e6;

#[derive(Serialize, Default)]
pub struct Row {
    pub name: String,
    /// Largest difference of an output over its largest magnitude.
    pub error: Option<f64>,
    /// The same between ONNX Runtime with and without its own optimizations: what rounding alone does to the model.
    pub ort_error: Option<f64>,
    pub compile_seconds: Option<f64>,
    pub compile_peak_bytes: Option<u64>,
    pub model_bytes: Option<u64>,
    pub artifact_bytes: Option<u64>,
    /// Milliseconds of one run, medians.
    pub ours_ms: Option<f64>,
    pub ort_1_thread_ms: Option<f64>,
    pub ort_2_threads_ms: Option<f64>,
    pub outputs: Vec<serde_json::Value>,
    /// Why the row could not be completed.
    pub problem: Option<String>,
    #[serde(skip)]
    pub oracle_is_gone: bool,
}

pub const HEADER: &[&str] = &[
    "model",
    "error",
    "ort error",
    "compile s",
    "peak MB",
    "model MB",
    "artifact MB",
    "ours ms",
    "ort 1 ms",
    "ort 2 ms",
    "verdict",
];

impl Row {
    pub fn cells(&self) -> Vec<String> {
        let number = |value: Option<f64>| value.map_or("-".to_string(), significant);
        let megabytes = |bytes: Option<u64>| number(bytes.map(|bytes| bytes as f64 / 1e6));
        vec![
            self.name.clone(),
            number(self.error),
            number(self.ort_error),
            number(self.compile_seconds),
            megabytes(self.compile_peak_bytes),
            megabytes(self.model_bytes),
            megabytes(self.artifact_bytes),
            number(self.ours_ms),
            number(self.ort_1_thread_ms),
            number(self.ort_2_threads_ms),
            if self.wrong().is_some() { "WRONG" } else { "ok" }.to_string(),
        ]
    }

    /// What is wrong with the row; `None` if it is as it should be.
    pub fn wrong(&self) -> Option<String> {
        if let Some(problem) = &self.problem {
            return Some(problem.clone());
        }
        let (Some(error), Some(peak), Some(size)) = (self.error, self.compile_peak_bytes, self.model_bytes) else {
            return Some(format!("the outputs cannot be compared: {}", serde_json::json!(self.outputs)));
        };
        let memory_limit = MEMORY_FACTOR * size as f64 + MEMORY_BASE;
        if error > ERROR_LIMIT {
            Some(format!("error {} is above {ERROR_LIMIT}", significant(error)))
        } else if peak as f64 > memory_limit {
            Some(format!("compiling took {:.0} MB, more than {:.0}", peak as f64 / 1e6, memory_limit / 1e6))
        } else {
            None
        }
    }
}

pub fn row(layout: &Layout, hwc_opt: &Path, oracle: &mut Oracle, model: &Model) -> Row {
    let mut row = Row { name: model.name.clone(), ..Row::default() };
    let result = fill(&mut row, layout, hwc_opt, oracle, model);
    if let Err(error) = result {
        row.oracle_is_gone = matches!(error, Error::Answer { .. });
        row.problem = Some(error.to_string());
    }
    row
}

fn fill(row: &mut Row, layout: &Layout, hwc_opt: &Path, oracle: &mut Oracle, model: &Model) -> Result<()> {
    let directory = layout.target.join("xtask-models").join(file_name(&model.name));
    if directory.exists() {
        fs::remove_dir_all(&directory).map_err(Error::io("remove", &directory))?;
    }
    fs::create_dir_all(&directory).map_err(Error::io("create", &directory))?;
    let opened = oracle.open(&Open {
        model: &model.path,
        dims: &model.dims,
        values: &model.values,
        inputs: &model.inputs,
        directory: &directory,
    })?;
    row.model_bytes = Some(opened.bytes);
    oracle.reference()?;

    let artifact = directory.join("model.hwc");
    let compile = Compile {
        model: &model.path,
        output: &artifact,
        dims: &opened.dims,
        values: &opened.values,
        kernel_cache: None,
        more: vec![],
    };
    let compiled = compile.run(hwc_opt)?;
    row.compile_seconds = Some(compiled.elapsed.as_secs_f64());
    row.compile_peak_bytes = Some(compiled.peak_bytes);
    row.artifact_bytes = Some(fs::metadata(&artifact).map_err(Error::io("read", &artifact))?.len());

    let outputs = directory.join("outputs");
    hwc_opt::run(hwc_opt, &artifact, &opened.inputs, &outputs, 1)?;
    let comparison = oracle.compare(&outputs)?;
    row.error = comparison.worst;
    row.ort_error = comparison.oracle_error;
    row.outputs = comparison.outputs;

    let times = alternate(hwc_opt, &artifact, &opened.inputs, &outputs, oracle)?;
    row.ours_ms = Some(times.ours);
    row.ort_1_thread_ms = Some(times.one_thread);
    row.ort_2_threads_ms = Some(times.two_threads);
    Ok(())
}

/// Milliseconds of one run: the median over the rounds of each round's median.
pub struct Times {
    pub ours: f64,
    pub one_thread: f64,
    pub two_threads: f64,
}

/// Times ours and ONNX Runtime at one and two threads in turn.
pub fn alternate(
    hwc_opt: &Path,
    artifact: &Path,
    inputs: &Inputs,
    outputs: &Path,
    oracle: &mut Oracle,
) -> Result<Times> {
    let estimate = median(oracle.time(1, 2)?);
    let runs = (ROUND_MS / estimate.max(1e-3)).clamp(3.0, 500.0) as usize;
    let (mut ours, mut one_thread, mut two_threads) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        one_thread.push(median(oracle.time(1, runs)?));
        // The first run of a process reads the weights from disk and faults the arena in.
        let report = hwc_opt::run(hwc_opt, artifact, inputs, outputs, runs + 1)?;
        ours.push(median(report.times_ms.into_iter().skip(1).collect()));
        two_threads.push(median(oracle.time(2, runs)?));
    }
    Ok(Times { ours: median(ours), one_thread: median(one_thread), two_threads: median(two_threads) })
}

/// The middle one of some values, not a number for none.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// A name that is one component of a path.
pub fn file_name(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(error: Option<f64>, peak: u64) -> Row {
        Row { error, compile_peak_bytes: Some(peak), model_bytes: Some(100_000_000), ..Row::default() }
    }

    #[test]
    fn a_row_is_wrong_by_error_memory_or_problem() {
        assert_eq!(row(Some(1e-5), 700_000_000).wrong(), None);
        assert!(row(Some(2e-4), 1).wrong().is_some_and(|why| why.contains("error")));
        assert!(row(Some(0.0), 800_000_000).wrong().is_some_and(|why| why.contains("800 MB")));
        assert!(row(None, 1).wrong().is_some());
        assert!(Row { problem: Some("x".into()), ..row(Some(0.0), 1) }.wrong().is_some());
    }

    #[test]
    fn every_cell_has_a_header() {
        assert_eq!(row(None, 1).cells().len(), HEADER.len());
    }

    #[test]
    fn median_of_few_values() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert!(median(vec![]).is_nan());
    }
}
