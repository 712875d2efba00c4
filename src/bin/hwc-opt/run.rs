//! `hwc-opt run`.

use std::path::Path;
use std::time::Instant;

use hwc::{Session, Tensor};
use hwc_runtime::{atomic_file, npy};
use serde_json::json;

use crate::cli::Run;
use crate::failure::{self, Failure};

pub fn run(arguments: &Run) -> Result<(), Failure> {
    let started = Instant::now();
    let session = Session::load(&arguments.model)?;
    let loaded = started.elapsed();
    let mut inputs: Vec<(&str, Tensor)> = Vec::new();
    for (name, path) in &arguments.inputs {
        // Types that NumPy lacks are read by what the model wants; what does not fit is listed by the session.
        let wanted = session.manifest().inputs.iter().find(|input| input.name == *name).map(|input| input.dtype);
        inputs.push((name, npy::read(path, wanted)?));
    }
    let mut times = Vec::with_capacity(arguments.repeat as usize);
    let mut outputs = None;
    for _ in 0..arguments.repeat {
        let started = Instant::now();
        outputs = Some(session.run(inputs.iter().map(|(name, value)| (*name, value)))?);
        times.push(started.elapsed().as_secs_f64() * 1e3);
    }
    let Some(outputs) = outputs else { return Ok(()) };
    if let Some(folder) = &arguments.output_dir {
        std::fs::create_dir_all(folder).map_err(|e| Failure::file(folder, &e))?;
        for (name, value) in outputs.iter() {
            let path = folder.join(format!("{}.npy", file_name(name)));
            npy::write(&path, value)?;
        }
    }
    let in_order = times.clone();
    times.sort_by(f64::total_cmp);
    let median = times[times.len() / 2];
    let report = json!({
        "model": session.manifest().model,
        "load_ms": loaded.as_secs_f64() * 1e3,
        "times_ms": in_order,
        "median_ms": median,
        "min_ms": times[0],
        "max_ms": times[times.len() - 1],
        "repeat": arguments.repeat,
        "outputs": outputs.iter().map(|(name, t)| json!({"name": name, "dtype": t.dtype().name(), "shape": t.shape()})).collect::<Vec<_>>(),
    });
    if let Some(path) = &arguments.json {
        atomic_file::write(path, format!("{report:#}\n").as_bytes()).map_err(|e| Failure::file(path, &e))?;
    }
    let mut text = String::new();
    for (name, value) in outputs.iter() {
        text += &format!("{name}: {} {:?}\n", value.dtype(), value.shape());
    }
    text += &format!(
        "run repeat={} median_ms={median:.3} min_ms={:.3} load_ms={:.3}\n",
        times.len(),
        times[0],
        loaded.as_secs_f64() * 1e3
    );
    failure::print(text.as_bytes())
}

/// Names of outputs may hold characters that a file's name must not.
fn file_name(name: &str) -> String {
    let name: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' }).collect();
    if Path::new(&name).file_name().is_none() { format!("_{name}") } else { name }
}
