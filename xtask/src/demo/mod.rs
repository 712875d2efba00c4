//! `cargo xtask demo`: the compiler's main job on a real model, from nothing to text that was read.

mod ctc;
mod picture;

use crate::error::{Error, Result};
use crate::hwc_opt::{self, Compile};
use crate::layout::Layout;
use crate::models::{ERROR_LIMIT, RECOGNITION, Times, alternate, median};
use crate::oracle::{Open, Oracle};
use crate::process;
use crate::report::{JsonArg, Report, significant};
use crate::setup::{self, Package};
use ctc::Alphabet;
use hwc_runtime::npy;
use serde_json::json;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    json: JsonArg,
}

/// In `xtask/pictures`, with what is written on them.
const PICTURES: &[(&str, &str)] = &[("print.png", "Hardware-aware 2026"), ("sign.png", "fast & correct")];

pub fn run(layout: &Layout, args: &Args) -> Result<()> {
    setup::build_tools()?;
    setup::python(layout)?;
    setup::models(layout, &[Package::RapidOcr])?;
    let program = hwc_opt::build(layout)?;
    let model = Package::RapidOcr.directory(layout).join(RECOGNITION);
    let directory = layout.target.join("demo");
    fs::create_dir_all(&directory).map_err(Error::io("create", &directory))?;

    let artifact = directory.join("recognition.hwc");
    let dims = ["x.0=1".to_string(), format!("x.2={}", picture::HEIGHT), format!("x.3={}", picture::WIDTH)];
    println!("compiling {}", model.display());
    let compiled = Compile { model: &model, output: &artifact, dims: &dims, values: &[] }.run(&program)?;
    let size = fs::metadata(&artifact).map_err(Error::io("read", &artifact))?.len();
    let about = process::capture(Command::new(&program).arg("inspect").arg(&artifact))?;
    about.lines().filter(|l| !l.starts_with("  ") && !l.starts_with("metadata")).for_each(|line| println!("  {line}"));

    let mut oracle = Oracle::start(layout)?;
    let mut readings = Vec::new();
    let mut times = Times::default();
    for (file, expected) in PICTURES {
        let path = layout.root.join("xtask/pictures").join(file);
        readings.push(read(&program, &artifact, &model, &dims, &path, expected, &mut oracle, &directory, &mut times)?);
    }
    let (ours, ort) = (median(times.ours), median(times.one_thread));
    let error = readings.iter().map(|r| r.error).fold(0.0, f64::max);
    println!(
        "\n{size} bytes, compiled in {:.1} s with {} MB of memory",
        compiled.elapsed.as_secs_f64(),
        compiled.peak_bytes / 1_000_000
    );
    if let (Some(ours), Some(ort)) = (ours, ort) {
        println!("{} ms a picture, ONNX Runtime {} ms, both on one thread", significant(ours), significant(ort));
    }
    println!("largest difference from ONNX Runtime: {} of the outputs' scale", significant(error));

    let mut wrong: Vec<String> = readings.iter().filter_map(Reading::wrong).collect();
    if error > ERROR_LIMIT {
        wrong.push(format!("the outputs differ from ONNX Runtime's by {error:e}, more than {ERROR_LIMIT:e}"));
    }
    let details =
        readings.iter().map(|r| json!({"picture": r.file, "text": r.text, "error": r.error})).collect::<Vec<_>>();
    Report::new("demo")
        .figure("read", readings.len() - readings.iter().filter_map(Reading::wrong).count())
        .figure("pictures", readings.len())
        .figure("bytes", size)
        .figure("compile_seconds", compiled.elapsed.as_secs_f64())
        .figure("ours_ms", ours)
        .figure("ort_ms", ort)
        .figure("error", error)
        .finish(&args.json, json!(details), &wrong)
}

/// What came of one picture.
struct Reading {
    file: String,
    text: String,
    expected: String,
    error: f64,
}

impl Reading {
    fn wrong(&self) -> Option<String> {
        (self.text != self.expected)
            .then(|| format!("{}: read `{}`, written is `{}`", self.file, self.text, self.expected))
    }
}

#[expect(clippy::too_many_arguments, reason = "one step of the demo, called once")]
fn read(
    program: &Path,
    artifact: &Path,
    model: &Path,
    dims: &[String],
    path: &Path,
    expected: &str,
    oracle: &mut Oracle,
    directory: &Path,
    times: &mut Times,
) -> Result<Reading> {
    let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let input = directory.join(format!("{file}.npy"));
    npy::write(&input, &picture::read(path)?).map_err(|e| Error::Environment(e.to_string()))?;
    let inputs = BTreeMap::from([("x".to_string(), input.clone())]);
    let values = BTreeMap::new();
    let opened = oracle.open(&Open { model, dims, values: &values, inputs: &inputs, directory })?;
    let outputs = directory.join(format!("{file}.outputs"));
    let bindings: Vec<(String, PathBuf)> = inputs.into_iter().collect();
    hwc_opt::run(program, artifact, &bindings, &outputs, 1)?;
    let names = oracle.reference()?;
    let comparison = oracle.compare(&outputs)?;
    let error = comparison.worst.ok_or_else(|| Error::answer("hwc-opt run", format!("{:?}", comparison.outputs)))?;

    let name = names.first().ok_or_else(|| Error::answer("the model", "it has no output"))?;
    let scores = outputs.join(format!("{name}.npy"));
    let scores = npy::read(&scores, None).map_err(|e| Error::answer("hwc-opt run", e))?;
    let scores = scores.to_vec::<f32>().map_err(|e| Error::answer("hwc-opt run", e))?;
    let characters =
        opened.metadata.get("character").ok_or_else(|| Error::answer("the model", "it has no alphabet"))?;
    let text = Alphabet::from_metadata(characters).decode(&scores);
    println!("{file}: {text}");
    let more = alternate(program, artifact, &bindings, &outputs, oracle)?;
    times.ours.extend(more.ours);
    times.one_thread.extend(more.one_thread);
    Ok(Reading { file, text, expected: expected.to_string(), error })
}
