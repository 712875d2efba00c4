//! The virtual environment with the pinned packages of `xtask/python/requirements.txt`, and of `peers.txt` on demand.

use super::debian;
use crate::error::{Error, Result};
use crate::layout::Layout;
use crate::process;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A file of `xtask/python` with pinned packages. A copy of it in the environment, written last, says that they are
/// installed: an interrupted installation has none.
#[derive(Clone, Copy)]
pub struct Requirements(&'static str);

/// Oracles and test tools.
pub const TOOLS: Requirements = Requirements("requirements.txt");
/// What only measurements need: several hundred megabytes.
pub const PEERS: Requirements = Requirements("peers.txt");

/// numpy's wheels set the lower bound.
const CAN_MAKE_VENV: &str = "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))";

pub fn install(layout: &Layout, Requirements(file): Requirements) -> Result<()> {
    let requirements = layout.script(file);
    let wanted = fs::read_to_string(&requirements).map_err(Error::io("read", &requirements))?;
    let stamp = layout.venv.join(format!("hwc-{file}"));
    if fs::read_to_string(&stamp).is_ok_and(|present| present == wanted) && layout.python().exists() {
        return Ok(());
    }
    println!("installing the Python packages of {file} into {}", layout.venv.display());
    if !layout.python().exists() {
        process::run(Command::new(base_python()?).args(["-m", "venv"]).arg(&layout.venv))?;
    }
    process::run(pip(layout, "install").arg("--requirement").arg(&requirements))?;
    fs::write(&stamp, wanted).map_err(Error::io("write", &stamp))
}

/// `pip COMMAND` of the environment, saying no more than needed.
pub fn pip(layout: &Layout, command: &str) -> Command {
    let mut pip = Command::new(layout.python());
    pip.args(["-m", "pip", command, "--quiet", "--disable-pip-version-check", "--no-input"]);
    pip
}

/// A Python to make the environment with: the one on the path if it will do, else Debian's.
fn base_python() -> Result<PathBuf> {
    let candidates = ["python3", "/usr/bin/python3"];
    let found = || candidates.iter().map(PathBuf::from).find(|python| can_make_venv(python));
    if let Some(python) = found() {
        return Ok(python);
    }
    debian::install(debian::PYTHON)?;
    found().ok_or_else(|| {
        Error::Environment(
            "no Python 3.11 or later with the modules venv and ensurepip (python3-venv) is on the path".into(),
        )
    })
}

fn can_make_venv(python: &Path) -> bool {
    process::capture(Command::new(python).args(["-c", CAN_MAKE_VENV])).is_ok()
}
