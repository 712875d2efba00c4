//! The lit suite, as a test of cargo.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The program `lit`: the environment's, or that of the Python environment that `cargo xtask setup` makes.
fn lit(root: &Path) -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let venv = std::env::var_os("HWC_VENV").map_or_else(|| target.join("venv"), PathBuf::from);
    let installed = venv.join("bin/lit");
    if installed.exists() { installed } else { "lit".into() }
}

#[test]
fn lit_tests_pass() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let lit = lit(root);
    let result = Command::new(&lit)
        .args(["--verbose", "--order=lexical"])
        .arg(root.join("lit-tests"))
        .env("HWC_OPT", env!("CARGO_BIN_EXE_hwc-opt"))
        .output()
        .unwrap_or_else(|e| panic!("cannot run {}: {e}; `cargo xtask setup` installs it", lit.display()));
    let text = String::from_utf8_lossy(&result.stdout);
    print!("{text}");
    assert!(result.status.success(), "{text}{}", String::from_utf8_lossy(&result.stderr));
}
