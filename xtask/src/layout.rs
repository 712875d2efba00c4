//! Where things are: the workspace, its target directory, LLVM, Python.

use crate::error::{Error, Result};
use std::env;
use std::path::{Path, PathBuf};

/// Where Debian puts LLVM and MLIR 22; `.cargo/config.toml` tells the build scripts the same.
pub const LLVM_PREFIX: &str = "/usr/lib/llvm-22";

pub struct Layout {
    /// The workspace's root.
    pub root: PathBuf,
    /// Cargo's target directory.
    pub target: PathBuf,
    /// The Python environment with ONNX, ONNX Runtime and lit.
    pub venv: PathBuf,
}

impl Layout {
    pub fn find() -> Result<Layout> {
        // Cargo sets the variable for `cargo run`; the value of compile time is wrong in a copied target directory.
        let manifest =
            env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
        let root = manifest.parent().map(Path::to_path_buf).filter(|root| root.join("Cargo.toml").is_file());
        let root = root.ok_or_else(|| {
            Error::Environment(format!("{} is not inside the workspace; start with `cargo xtask`", manifest.display()))
        })?;
        let target =
            env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |dir| absolute(&root, dir.into()));
        let venv = env::var_os("HWC_VENV").map_or_else(|| target.join("venv"), |dir| absolute(&root, dir.into()));
        Ok(Layout { root, target, venv })
    }

    pub fn python(&self) -> PathBuf {
        self.venv.join("bin/python")
    }

    /// A script of `xtask/python`.
    pub fn script(&self, name: &str) -> PathBuf {
        self.root.join("xtask/python").join(name)
    }

    /// Model files taken out of Python packages, one directory a package.
    pub fn models(&self) -> PathBuf {
        self.target.join("models")
    }

    /// The directory of `hwc-opt`: what `cargo build --release` leaves, or where `HWC_OPT` points.
    pub fn hwc_opt(&self) -> PathBuf {
        match env::var_os("HWC_OPT") {
            Some(path) => absolute(&self.root, path.into()),
            None => self.target.join("release/hwc-opt"),
        }
    }

    /// `FileCheck`, `not`, `split-file`, `mlir-opt`.
    pub fn llvm_bin(&self) -> PathBuf {
        Path::new(LLVM_PREFIX).join("bin")
    }

    /// Variables that tests read to find the tools, and a `PATH` with them in front.
    pub fn tool_environment(&self) -> Vec<(&'static str, std::ffi::OsString)> {
        let old = env::var_os("PATH").unwrap_or_default();
        let front = [self.target.join("release"), self.venv.join("bin"), self.llvm_bin()];
        let path = env::join_paths(front.into_iter().chain(env::split_paths(&old))).unwrap_or(old);
        vec![
            ("PATH", path),
            ("CARGO_TARGET_DIR", self.target.clone().into()),
            ("HWC_OPT", self.hwc_opt().into()),
            ("HWC_VENV", self.venv.clone().into()),
        ]
    }
}

fn absolute(root: &Path, path: PathBuf) -> PathBuf {
    if path.is_absolute() { path } else { root.join(path) }
}
