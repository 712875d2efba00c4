//! `hwc-opt run`.

use std::time::Instant;

use hwc::{Session, Tensor, Threads};
use hwc_runtime::{atomic_file, npy};
use serde_json::json;

use crate::cli::Run;
use crate::failure::{self, Failure};

pub fn run(arguments: &Run) -> Result<(), Failure> {
    let started = Instant::now();
    let mut session = Session::load(&arguments.model)?;
    session.set_threads(arguments.threads.map_or(Threads::All, Threads::AtMost));
    let loaded = started.elapsed();
    if let Some(folder) = &arguments.output_dir {
        std::fs::create_dir_all(folder).map_err(|e| Failure::file(folder, &e))?;
    }
    let mut inputs: Vec<(&str, Tensor)> = Vec::new();
    let mut failures = Vec::new();
    for (name, path) in &arguments.inputs {
        // Types that NumPy lacks are read by what the model wants; what does not fit is listed by the session.
        let wanted = session.manifest().inputs.iter().find(|input| input.name == *name).map(|input| input.dtype);
        match npy::read(path, wanted) {
            Ok(value) => inputs.push((name, value)),
            Err(error) => failures.push(error.into()),
        }
    }
    Failure::all(failures)?;
    let mut times = Vec::with_capacity(arguments.repeat as usize);
    let mut outputs = None;
    for _ in 0..arguments.repeat {
        let started = Instant::now();
        outputs = Some(session.run(inputs.iter().map(|(name, value)| (*name, value)))?);
        times.push(started.elapsed().as_secs_f64() * 1e3);
    }
    let Some(outputs) = outputs else { return Ok(()) };
    if let Some(folder) = &arguments.output_dir {
        let names = file_names(outputs.iter().map(|(name, _)| name));
        for (name, (_, value)) in names.iter().zip(outputs.iter()) {
            npy::write(folder.join(name), value)?;
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
        "threads": session.threads(),
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
        "run repeat={} threads={} median_ms={median:.3} min_ms={:.3} load_ms={:.3}\n",
        times.len(),
        session.threads(),
        times[0],
        loaded.as_secs_f64() * 1e3
    );
    failure::print(text.as_bytes())
}

/// Names of outputs may hold characters that a file's name must not. Names that become the same are numbered.
fn file_names<'a>(outputs: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for output in outputs {
        let plain = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' };
        let stem: String = if output.is_empty() { "_".into() } else { output.chars().map(plain).collect() };
        let candidates = (1..).map(|n| if n == 1 { format!("{stem}.npy") } else { format!("{stem}.{n}.npy") });
        names.extend(candidates.into_iter().find(|name| !names.contains(name)));
    }
    names
}

#[cfg(test)]
mod tests {
    #[test]
    fn outputs_do_not_share_a_file_or_leave_the_folder() {
        let names = super::file_names(["a/b", "a_b", "..", "", "../x", "a:b"].into_iter());
        assert_eq!(names, ["a_b.npy", "a_b.2.npy", "...npy", "_.npy", ".._x.npy", "a_b.3.npy"]);
    }
}
