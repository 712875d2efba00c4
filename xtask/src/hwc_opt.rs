//! The compiler, used as its users use it: through the command line.

use crate::error::{Error, Result};
use crate::layout::Layout;
use crate::process::{self, Measured};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Longer than any model of the list takes by a factor of ten.
const COMPILE_LIMIT: Duration = Duration::from_secs(900);
const RUN_LIMIT: Duration = Duration::from_secs(300);

/// Builds `hwc-opt` in release mode, unless `HWC_OPT` names one.
pub fn build(layout: &Layout) -> Result<PathBuf> {
    if std::env::var_os("HWC_OPT").is_none() {
        process::run(cargo(layout).args(["build", "--release", "--package", "hwc", "--bin", "hwc-opt"]))?;
    }
    let program = layout.hwc_opt();
    if program.is_file() { Ok(program) } else { Err(Error::Environment(format!("{} is not there", program.display()))) }
}

/// Builds the shared library of `hwc-runtime` in release mode.
pub fn build_runtime(layout: &Layout) -> Result<PathBuf> {
    // With the features that the driver's build gives it: two variants would take turns in making the other look stale.
    let packages = ["--package", "hwc-runtime", "--package", "hwc", "--lib"];
    process::run(cargo(layout).args(["build", "--release"]).args(packages))?;
    Ok(layout.target.join("release/libhwc_runtime.so"))
}

/// Cargo in the workspace, as if started by hand: what the `cargo run` around this program set for its package would
/// make nested builds look stale.
pub fn cargo(layout: &Layout) -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(&layout.root).env("CARGO_TARGET_DIR", &layout.target);
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")) {
            cargo.env_remove(name);
        }
    }
    cargo
}

/// One model to be compiled.
pub struct Compile<'a> {
    pub model: &'a Path,
    pub output: &'a Path,
    /// `NAME=N` or `INPUT.AXIS=N`.
    pub dims: &'a [String],
    /// Inputs whose value is fixed, and the file with the value.
    pub values: &'a [(String, PathBuf)],
    /// A folder of compiled kernels.
    pub kernel_cache: Option<&'a Path>,
    /// Other arguments.
    pub more: Vec<&'a OsStr>,
}

impl Compile<'_> {
    pub fn run(&self, hwc_opt: &Path) -> Result<Measured> {
        let mut command = Command::new(hwc_opt);
        command.arg("compile").arg(self.model).arg("-o").arg(self.output);
        command.args(fixed(self.dims, self.values));
        command.env_remove("HWC_CACHE_DIR");
        command.args(self.kernel_cache.iter().flat_map(|folder| [Path::new("--kernel-cache"), *folder]));
        command.args(&self.more);
        let measured = process::measure(&mut command, COMPILE_LIMIT)?;
        measured.check("hwc-opt compile")?;
        Ok(measured)
    }
}

/// The arguments that fix what a model leaves open.
pub fn fixed(dims: &[String], values: &[(String, PathBuf)]) -> Vec<OsString> {
    let dims = dims.iter().flat_map(|dim| ["--dim".into(), dim.into()]);
    dims.chain(values.iter().flat_map(|(input, file)| ["--value".into(), binding(input, file)])).collect()
}

/// What `hwc-opt compile --explain NAME.json` tells of a choice, in seconds.
#[derive(Deserialize)]
pub struct Explanation {
    /// What the plan is expected to take, and the graph as it was.
    pub predicted: f64,
    pub unchanged: f64,
    /// What choosing took, by purpose.
    spent: BTreeMap<String, f64>,
}

impl Explanation {
    pub fn read(path: &Path) -> Result<Explanation> {
        let text = fs::read_to_string(path).map_err(Error::io("read", path))?;
        serde_json::from_str(&text).map_err(|e| Error::answer("hwc-opt compile --explain", e))
    }

    pub fn search_seconds(&self) -> f64 {
        self.spent.values().sum()
    }
}

/// What `hwc-opt run --json` writes.
#[derive(Deserialize)]
pub struct RunReport {
    /// Milliseconds of each run, in order.
    pub times_ms: Vec<f64>,
    outputs: Vec<Output>,
}

#[derive(Deserialize)]
struct Output {
    name: String,
}

/// Inputs by name, in `.npy` files.
pub type Inputs = [(String, PathBuf)];

/// Runs an artifact `repeat` times and leaves its outputs in `output_dir`; see [`output_file`].
pub fn run(hwc_opt: &Path, artifact: &Path, inputs: &Inputs, output_dir: &Path, repeat: usize) -> Result<RunReport> {
    fs::create_dir_all(output_dir).map_err(Error::io("create", output_dir))?;
    let json = output_dir.join("run.json");
    let mut command = Command::new(hwc_opt);
    command.arg("run").arg(artifact).arg("--output-dir").arg(output_dir).arg("--json").arg(&json);
    command.arg("--repeat").arg(repeat.to_string());
    command.args(inputs.iter().flat_map(|(name, file)| ["--input".into(), binding(name, file)]));
    process::measure(&mut command, RUN_LIMIT)?.check("hwc-opt run")?;
    let text = fs::read_to_string(&json).map_err(Error::io("read", &json))?;
    serde_json::from_str(&text).map_err(|e| Error::answer("hwc-opt run --json", e))
}

impl RunReport {
    /// The only output of a model that has one.
    pub fn only_output(&self, output_dir: &Path) -> Result<PathBuf> {
        match self.outputs.as_slice() {
            [output] => Ok(output_file(output_dir, &output.name)),
            outputs => Err(Error::answer("hwc-opt run", format!("{} outputs instead of one", outputs.len()))),
        }
    }
}

/// Where `hwc-opt run` puts an output; `oracle.py` knows the rule, too.
fn output_file(directory: &Path, name: &str) -> PathBuf {
    let safe = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' };
    directory.join(format!("{}.npy", name.chars().map(safe).collect::<String>()))
}

fn binding(name: &str, file: &Path) -> std::ffi::OsString {
    let mut word = std::ffi::OsString::from(format!("{name}="));
    word.push(file);
    word
}
