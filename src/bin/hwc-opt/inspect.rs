//! `hwc-opt inspect`.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use hwc::Model;
use hwc_runtime::{Artifact, Manifest};

use crate::cli::Inspect;
use crate::failure::{self, Failure};

pub fn inspect(arguments: &Inspect) -> Result<(), Failure> {
    let text = if is_onnx(&arguments.file)? {
        let summary = Model::open(&arguments.file)?.summary();
        if arguments.json { format!("{:#}\n", summary.to_json()) } else { summary.to_string() }
    } else {
        let artifact = Artifact::open(&arguments.file)?;
        if arguments.json { format!("{}\n", artifact.manifest().to_json()) } else { describe(&artifact) }
    };
    failure::print(text.as_bytes())
}

/// Artifacts begin with a magic number; everything else is taken for ONNX, whose reader says what is wrong with it.
fn is_onnx(path: &Path) -> Result<bool, Failure> {
    let mut magic = [0; 8];
    let read = File::open(path).and_then(|f| f.take(8).read(&mut magic)).map_err(|e| Failure::file(path, &e))?;
    Ok(!(magic[..read].starts_with(b"\x7fELF") || hwc_runtime::artifact::is_artifact(&magic[..read])))
}

fn describe(artifact: &Artifact) -> String {
    let Manifest { abi, producer, model, target, inputs, outputs, weights, arena, kernels, metadata } = artifact.manifest();
    let mut text = format!("model    {model}\nproducer {producer} (abi {abi})\ntarget   {} {}\n", target.triple, target.cpu);
    text += &format!("features {}\n", target.features.join(" "));
    for input in inputs {
        let bound = if input.bound.is_some() { ", value fixed" } else { "" };
        text += &format!("input    {}: {} {:?}{bound}\n", input.name, input.dtype, input.shape);
    }
    for output in outputs {
        text += &format!("output   {}: {} {:?}\n", output.name, output.dtype, output.shape);
    }
    text += &format!("weights  {} bytes\narena    {} bytes\ncode     {} bytes\n", weights.bytes, arena.bytes, artifact.code().len());
    let calls: u64 = kernels.iter().map(|k| k.calls).sum();
    text += &format!("kernels  {} ({calls} calls)\n", kernels.len());
    for (key, value) in metadata {
        let short: String = value.chars().take(60).collect();
        text += &format!("metadata {key}: {}\n", short.replace('\n', " "));
    }
    text
}
