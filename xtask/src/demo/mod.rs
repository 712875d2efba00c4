//! `cargo xtask demo`: one real model from its file to read text, beside ONNX Runtime.

mod ctc;
mod picture;

use crate::error::{Error, Result};
use crate::hwc_opt::{self, Compile};
use crate::layout::Layout;
use crate::models::{self, ERROR_LIMIT, RECOGNITION};
use crate::oracle::{Open, Oracle};
use crate::report::{JsonArg, Report, significant};
use crate::setup::{self, Package};
use hwc_runtime::{Artifact, npy};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The pictures, and what is written on them.
const PICTURES: &[(&str, &str)] = &[("print.png", "Hardware-aware 2026"), ("sign.png", "fast & correct")];

/// The model takes one picture of this size; narrower ones are padded.
const HEIGHT: usize = 48;
const WIDTH: usize = 320;

#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    json: JsonArg,
}

pub fn run(layout: &Layout, args: &Args) -> Result<()> {
    setup::build_tools()?;
    setup::python(layout)?;
    setup::models(layout, &[Package::RapidOcr])?;
    println!("building hwc-opt (the first time takes minutes)");
    let program = hwc_opt::build(layout)?;
    let directory = layout.target.join("xtask-demo");
    fs::create_dir_all(&directory).map_err(Error::io("create", &directory))?;

    let model = Package::RapidOcr.directory(layout).join(RECOGNITION);
    let artifact = directory.join("recognition.hwc");
    let dims: Vec<String> = [(0, 1), (2, HEIGHT), (3, WIDTH)].map(|(axis, size)| format!("x.{axis}={size}")).into();
    let compiled =
        Compile { model: &model, output: &artifact, dims: &dims, values: &[], kernel_cache: None, more: vec![] }
            .run(&program)?;
    let loaded = Artifact::open(&artifact).map_err(|e| Error::answer("hwc-opt compile", e))?;
    let manifest = loaded.manifest();
    let model_bytes = fs::metadata(&model).map_err(Error::io("read", &model))?.len();
    let artifact_bytes = fs::metadata(&artifact).map_err(Error::io("read", &artifact))?.len();
    let megabytes = |bytes: u64| significant(bytes as f64 / 1e6);
    println!("compiled {}", model.display());
    println!("      to {}", artifact.display());
    println!(
        "         {} MB of model to {} MB: {} MB of weights, {} kernels called {} times, {} MB of scratch memory; for {}",
        megabytes(model_bytes),
        megabytes(artifact_bytes),
        megabytes(manifest.weights.bytes),
        manifest.kernels.len(),
        manifest.kernels.iter().map(|kernel| kernel.calls).sum::<u64>(),
        megabytes(manifest.arena.bytes),
        manifest.target.cpu,
    );
    println!(
        "         in {} s with at most {} MB of memory",
        significant(compiled.elapsed.as_secs_f64()),
        megabytes(compiled.peak_bytes),
    );

    let alphabet = manifest.metadata.get("character").map(|text| ctc::alphabet(text));
    let alphabet =
        alphabet.ok_or_else(|| Error::answer("hwc-opt compile", "the model's alphabet is not in the artifact"))?;
    let mut reader =
        Reader { program: &program, artifact: &artifact, model: &model, dims: &dims, directory: &directory, alphabet };
    let mut oracle = Oracle::start(layout)?;
    let mut worst: f64 = 0.0;
    let mut wrong = Vec::new();
    let mut readings = Vec::new();
    for (file, expected) in PICTURES {
        let reading = reader.read(&layout.root.join("xtask/pictures").join(file), &mut oracle)?;
        println!(
            "read     {file}: {:?}, at least {:.0} % sure of each letter",
            reading.text,
            reading.confidence * 100.0
        );
        let error = reading.error.unwrap_or(f64::INFINITY);
        worst = worst.max(error);
        if reading.text != *expected {
            wrong.push(format!("{file} says {expected:?}"));
        }
        if error > ERROR_LIMIT {
            wrong
                .push(format!("{file}: the output differs from ONNX Runtime's by {} of its scale", significant(error)));
        }
        readings.push(serde_json::json!({"file": file, "text": reading.text, "confidence": reading.confidence, "error": reading.error}));
    }
    let times = reader.time(&mut oracle)?;
    println!(
        "took     {} ms a picture; ONNX Runtime {} ms with one thread, {} ms with two",
        significant(times.ours),
        significant(times.one_thread),
        significant(times.two_threads)
    );
    println!("differs  from ONNX Runtime by at most {} of the output's largest value", significant(worst));
    println!();
    Report::new("demo")
        .figure("read", PICTURES.len() - wrong.len().min(PICTURES.len()))
        .figure("pictures", PICTURES.len())
        .figure("worst_error", worst)
        .figure("compile_s", compiled.elapsed.as_secs_f64())
        .figure("compile_peak_mb", compiled.peak_bytes as f64 / 1e6)
        .figure("artifact_mb", artifact_bytes as f64 / 1e6)
        .figure("kernels", manifest.kernels.len())
        .figure("run_ms", times.ours)
        .figure("ort1_ms", times.one_thread)
        .figure("ort2_ms", times.two_threads)
        .finish(&args.json, serde_json::json!(readings), &wrong)
}

/// Everything that stays the same from picture to picture.
struct Reader<'a> {
    program: &'a Path,
    artifact: &'a Path,
    model: &'a Path,
    dims: &'a [String],
    directory: &'a Path,
    alphabet: Vec<String>,
}

struct Reading {
    text: String,
    /// The lowest probability of a letter.
    confidence: f32,
    /// Against ONNX Runtime; `None` where the outputs cannot be compared.
    error: Option<f64>,
}

impl Reader<'_> {
    fn read(&mut self, picture: &Path, oracle: &mut Oracle) -> Result<Reading> {
        let input = self.directory.join("picture.npy");
        let tensor = picture::load(picture, HEIGHT, WIDTH)?;
        npy::write(&input, &tensor).map_err(|e| Error::Environment(e.to_string()))?;
        let inputs = [("x".to_string(), input)];
        let outputs = self.directory.join("outputs");
        let report = hwc_opt::run(self.program, self.artifact, &inputs, &outputs, 1)?;
        let read = npy::read(report.only_output(&outputs)?, None).map(|tensor| (tensor.shape().to_vec(), tensor));
        let (shape, tensor) = read.map_err(|e| Error::answer("hwc-opt run", e))?;
        let probabilities = tensor.to_vec::<f32>().map_err(|e| Error::answer("hwc-opt run", e))?;
        if shape.last() != Some(&self.alphabet.len()) {
            return Err(Error::answer(
                "hwc-opt run",
                format!("{shape:?} does not fit {} letters", self.alphabet.len()),
            ));
        }
        let (text, confidence) = ctc::decode(&probabilities, &self.alphabet);

        let fixed = BTreeMap::from(inputs);
        let none = BTreeMap::new();
        oracle.open(&Open {
            model: self.model,
            dims: self.dims,
            values: &none,
            inputs: &fixed,
            directory: self.directory,
        })?;
        oracle.reference()?;
        Ok(Reading { text, confidence, error: oracle.compare(&outputs)?.worst })
    }

    /// Times the picture that was read last.
    fn time(&self, oracle: &mut Oracle) -> Result<models::Times> {
        let inputs = [("x".to_string(), self.directory.join("picture.npy"))];
        models::alternate(self.program, self.artifact, &inputs, &self.directory.join("outputs"), oracle)
    }
}
