//! Runs ONNX backend node tests through the importer and the reference evaluator: nothing is compiled.
//!
//! `cargo run -p hwc-dialects --example node_tests -- FOLDER...` where each folder is a test (it has a `model.onnx`) or
//! has tests in it. One line a test that does not pass, with the reason, and a summary.

use std::error::Error;
use std::path::{Path, PathBuf};

use hwc_dialects::onnx::{Options, import, load_path, tensor::tensor_from_bytes};
use hwc_dialects::reference::number::floats;
use hwc_runtime::Tensor;

enum Outcome {
    Passed,
    Unsupported(String),
    Failed(String),
}

fn main() -> Result<(), Box<dyn Error>> {
    let (mut passed, mut unsupported, mut failed) = (0, 0, 0);
    for folder in std::env::args().skip(1).map(PathBuf::from) {
        let mut tests = vec![];
        if folder.join("model.onnx").exists() {
            tests.push(folder);
        } else {
            for entry in std::fs::read_dir(folder)? {
                tests.push(entry?.path());
            }
        }
        tests.sort();
        for test in tests.iter().filter(|test| test.join("model.onnx").exists()) {
            let name = test.file_name().unwrap_or_default().to_string_lossy();
            match run(test) {
                Ok(Outcome::Passed) => passed += 1,
                Ok(Outcome::Unsupported(why)) => {
                    unsupported += 1;
                    println!("unsupported {name}: {}", why.replace('\n', " "));
                }
                Ok(Outcome::Failed(why)) => {
                    failed += 1;
                    println!("failed {name}: {why}");
                }
                Err(error) => {
                    failed += 1;
                    println!("failed {name}: {error}");
                }
            }
        }
    }
    println!("reference passed={passed} failed={failed} unsupported={unsupported}");
    Ok(())
}

fn run(test: &Path) -> Result<Outcome, Box<dyn Error>> {
    let model = match load_path(&test.join("model.onnx")) {
        Ok(model) => model,
        Err(error) => return Ok(Outcome::Unsupported(error.to_string())),
    };
    let data = test.join("test_data_set_0");
    let read = |kind: &str, index: usize| -> Result<Tensor, String> {
        let file =
            std::fs::read(data.join(format!("{kind}_{index}.pb"))).map_err(|e| format!("{kind}_{index}: {e}"))?;
        tensor_from_bytes(file.into()).map(|(_, tensor)| tensor).map_err(|e| format!("{kind}_{index}: {e}"))
    };
    let mut inputs = Vec::new();
    for index in 0..model.graph.inputs.len() {
        match read("input", index) {
            Ok(tensor) => inputs.push(tensor),
            Err(error) => return Ok(Outcome::Unsupported(error)),
        }
    }
    let names: Vec<&str> = model.graph.inputs.iter().map(|&id| model.value(id).name.as_str()).collect();
    // Whatever must be known is known in a test.
    let mut options = Options::default();
    let imported = loop {
        match import(&model, &options) {
            Ok(imported) => break imported,
            Err(report) => {
                let before = options.dims.len() + options.values.len();
                let with_axis = |place: &str| {
                    let (name, axis) = place.split_once(" axis ")?;
                    let input = names.iter().position(|n| *n == name)?;
                    inputs[input].shape().get(axis.parse::<usize>().ok()?).copied()
                };
                for (dim, places) in &report.dims {
                    options.dims.extend(places.first().and_then(|p| with_axis(p)).map(|size| (dim.clone(), size)));
                }
                for name in report.values.keys() {
                    if options.values.iter().any(|(n, _)| n == name) {
                        continue;
                    }
                    let input = names.iter().position(|n| n == name).ok_or("an unknown input is needed")?;
                    options.values.push((name.clone(), inputs[input].clone()));
                }
                if options.dims.len() + options.values.len() == before {
                    return Ok(Outcome::Unsupported(report.to_string()));
                }
            }
        }
    };
    let outputs = imported.program.evaluate(&inputs)?;
    for (index, (actual, (name, _))) in outputs.iter().zip(&imported.program.outputs).enumerate() {
        let expected = match read("output", index) {
            Ok(expected) => expected,
            Err(error) => return Ok(Outcome::Unsupported(error)),
        };
        if let Some(difference) = difference(actual, &expected) {
            return Ok(Outcome::Failed(format!("{name}: {difference}")));
        }
    }
    Ok(Outcome::Passed)
}

/// What is wrong with a value, by the tolerances of ONNX's own runner.
fn difference(actual: &Tensor, expected: &Tensor) -> Option<String> {
    if actual.dtype() != expected.dtype() || actual.shape() != expected.shape() {
        return Some(format!("is {actual:?}, expected {expected:?}"));
    }
    if actual.bytes() == expected.bytes() {
        return None;
    }
    let pairs = floats(actual).into_iter().zip(floats(expected));
    let wrong = pairs.enumerate().find(|(_, (a, e))| {
        let close = (a - e).abs() <= 1e-7 + 1e-3 * e.abs();
        !(close || a == e || a.is_nan() && e.is_nan())
    });
    wrong.map(|(place, (a, e))| format!("element {place} is {a}, expected {e}"))
}
