//! `hwc-opt inspect`.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use hwc::Model;
use hwc_cost_model::Work;
use hwc_dialects::onnx;
use hwc_runtime::{Artifact, Manifest, Session};
use serde_json::{Value, json};

use crate::cli::Inspect;
use crate::failure::{self, Failure};

pub fn inspect(arguments: &Inspect) -> Result<(), Failure> {
    let path = &arguments.file;
    let (manifest, code_bytes) = match kind(path)? {
        Kind::Onnx => {
            let model = Model::open(path)?;
            let no_onnx = || Failure::input(path.display(), "no ONNX file");
            let model = model.onnx().ok_or_else(no_onnx)?;
            let text = if arguments.json { format!("{:#}\n", model_json(model)) } else { describe_model(model) };
            return failure::print(text.as_bytes());
        }
        Kind::Artifact => {
            let artifact = Artifact::open(path)?;
            (artifact.manifest().clone(), artifact.code().len() as u64)
        }
        // Its manifest is a symbol, to be had by loading it.
        Kind::Library => {
            let bytes = std::fs::metadata(path).map_err(|e| Failure::file(path, &e))?.len();
            (Session::load(path)?.manifest().clone(), bytes)
        }
    };
    let text = if arguments.json { format!("{}\n", manifest.to_json()) } else { describe(&manifest, code_bytes) };
    failure::print(text.as_bytes())
}

enum Kind {
    Onnx,
    Artifact,
    Library,
}

/// Compiled models begin with magic numbers; everything else is taken for ONNX, whose reader says what is wrong with it.
fn kind(path: &Path) -> Result<Kind, Failure> {
    let mut magic = [0; 8];
    let read = File::open(path).and_then(|f| f.take(8).read(&mut magic)).map_err(|e| Failure::file(path, &e))?;
    // A file that was cut within its magic number is told by the reader of its kind.
    let begins_with = |known: &[u8]| read > 0 && magic[..read].iter().zip(known).all(|(a, b)| a == b);
    Ok(match () {
        () if begins_with(&hwc_runtime::artifact::MAGIC) => Kind::Artifact,
        () if begins_with(b"\x7fELF") => Kind::Library,
        () => Kind::Onnx,
    })
}

fn describe(manifest: &Manifest, code_bytes: u64) -> String {
    let Manifest { abi, producer, model, target, inputs, outputs, weights, arena, kernels, metadata } = manifest;
    let mut text =
        format!("model    {model}\nproducer {producer} (abi {abi})\ntarget   {} {}\n", target.triple, target.cpu);
    text += &format!("features {}\n", target.features.join(" "));
    for input in inputs {
        let bound = if input.bound.is_some() { ", value fixed" } else { "" };
        text += &format!("input    {}: {} {:?}{bound}\n", input.name, input.dtype, input.shape);
    }
    for output in outputs {
        text += &format!("output   {}: {} {:?}\n", output.name, output.dtype, output.shape);
    }
    text +=
        &format!("weights  {} bytes\narena    {} bytes\ncode     {code_bytes} bytes\n", weights.bytes, arena.bytes,);
    let calls: u64 = kernels.iter().map(|k| k.calls).sum();
    let work: Work = kernels.iter().map(|k| Work { flops: k.flops as f64, bytes: k.bytes as f64 }.times(k.calls)).sum();
    text += &format!("work     {:.3} GFLOP, {:.1} MB moved\n", work.flops / 1e9, work.bytes / 1e6);
    text += &format!("kernels  {} ({calls} calls)\n", kernels.len());
    for kernel in kernels {
        let (mflop, mb) = (kernel.flops as f64 / 1e6, kernel.bytes as f64 / 1e6);
        text += &format!("  {:<32} {:>4} x {mflop:>10.3} MFLOP {mb:>9.3} MB\n", kernel.name, kernel.calls);
    }
    for (key, value) in metadata {
        let short: String = value.chars().take(60).collect();
        text += &format!("metadata {key}: {}\n", short.replace(|c: char| c.is_control(), " "));
    }
    text
}

/// Inputs, outputs and operators of a model that is not compiled yet.
fn model_json(model: &onnx::Model) -> Value {
    let mut operators = std::collections::BTreeMap::<String, usize>::new();
    for node in &model.graph.nodes {
        *operators.entry(node.op_type.clone()).or_default() += 1;
    }
    let declared = |ty: &Option<onnx::types::Type>| ty.as_ref().map_or("unknown".to_string(), ToString::to_string);
    json!({
        "producer": model.producer,
        "inputs": model.graph.inputs.iter().map(|&id| json!({
            "name": model.value(id).name, "type": declared(&model.value(id).declared),
        })).collect::<Vec<_>>(),
        "outputs": model.graph.outputs.iter().map(|o| json!({
            "name": o.name, "type": declared(&o.declared),
        })).collect::<Vec<_>>(),
        "nodes": model.graph.nodes.len(),
        "operators": operators,
        "metadata": model.metadata.iter().cloned().collect::<std::collections::BTreeMap<_, _>>(),
    })
}

fn describe_model(model: &onnx::Model) -> String {
    let value = model_json(model);
    let string = |v: &Value| v.as_str().unwrap_or_default().to_string();
    let mut text = format!("producer {}\n", if model.producer.is_empty() { "unknown" } else { &model.producer });
    for kind in ["inputs", "outputs"] {
        for entry in value[kind].as_array().into_iter().flatten() {
            text +=
                &format!("{:8} {}: {}\n", kind.trim_end_matches('s'), string(&entry["name"]), string(&entry["type"]));
        }
    }
    text += &format!("nodes    {}\n", value["nodes"]);
    for (name, count) in value["operators"].as_object().into_iter().flatten() {
        text += &format!("  {:>5} {name}\n", count.as_u64().unwrap_or_default());
    }
    text
}
