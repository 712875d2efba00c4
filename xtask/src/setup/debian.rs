//! Debian packages. A package counts as installed when a file of it is there: asking the file system takes
//! microseconds, and works where the same files came from elsewhere.

use crate::error::{Error, Result};
use crate::layout::LLVM_PREFIX;
use crate::process;
use std::path::Path;
use std::process::Command;

pub struct Package {
    name: &'static str,
    /// A file that the package brings; relative paths are below LLVM's prefix.
    witness: &'static str,
}

const fn package(name: &'static str, witness: &'static str) -> Package {
    Package { name, witness }
}

/// What a build and the lit tests need.
pub const BUILD: &[Package] = &[
    package("llvm-22-dev", "lib/libLLVMCore.a"),
    package("llvm-22", "bin/llvm-config"),
    package("llvm-22-tools", "bin/FileCheck"),
    package("libmlir-22-dev", "lib/libMLIRIR.a"),
    package("mlir-22-tools", "bin/mlir-tblgen"),
    package("libpolly-22-dev", "lib/libPolly.a"),
    package("libclang-22-dev", "lib/libclang.so"),
    package("clang-22", "bin/clang"),
    package("lld-22", "bin/ld.lld"),
    package("zlib1g-dev", "/usr/include/zlib.h"),
    package("libzstd-dev", "/usr/include/zstd.h"),
    package("g++", "/usr/bin/c++"),
    package("cmake", "/usr/bin/cmake"),
];

/// A Python that can make virtual environments.
pub const PYTHON: &[Package] =
    &[package("python3", "/usr/bin/python3"), package("python3-venv", "/usr/share/doc/python3-venv")];

/// A browser, in which tests look at pages.
pub const BROWSER: &[Package] = &[package("chromium", "/usr/bin/chromium")];

/// Installs what is missing of `packages`.
pub fn install(packages: &[Package]) -> Result<()> {
    let missing: Vec<&str> = packages.iter().filter(|p| !p.is_there()).map(|p| p.name).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let by_hand = |why: &str| {
        Error::Environment(format!(
            "{why}; install by hand, then try again:\n    apt-get install {}",
            missing.join(" ")
        ))
    };
    if !on_path("apt-get") {
        return Err(by_hand("this machine has no apt-get, and these packages (or what they hold) are missing"));
    }
    if !is_root() && !on_path("sudo") {
        return Err(by_hand("Debian packages are missing, and this user is neither root nor has sudo"));
    }
    println!("installing {}", missing.join(" "));
    let install = apt(&["update", "-qq"])
        .and_then(|()| apt(&[&["install", "-y", "-qq", "--no-install-recommends"], missing.as_slice()].concat()));
    install.map_err(|error| by_hand(&format!("apt-get did not install what is missing: {error}")))?;
    match packages.iter().find(|p| !p.is_there()) {
        None => Ok(()),
        Some(p) => Err(Error::Environment(format!("{} is installed, but {} is not there", p.name, p.path()))),
    }
}

impl Package {
    fn path(&self) -> String {
        Path::new(LLVM_PREFIX).join(self.witness).display().to_string()
    }

    fn is_there(&self) -> bool {
        Path::new(&self.path()).exists()
    }
}

fn apt(arguments: &[&str]) -> Result<()> {
    // Variables have to pass through sudo, hence `env`.
    let prefix: &[&str] = if is_root() { &[] } else { &["sudo"] };
    let words =
        [prefix, &["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-o", "DPkg::Lock::Timeout=300"], arguments]
            .concat();
    process::run(Command::new(words[0]).args(&words[1..]))
}

fn is_root() -> bool {
    process::capture(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}

fn on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|dir| dir.join(program).is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_missing_is_no_work() {
        install(&[package("coreutils", "/usr/bin/env")]).expect("the file is there");
    }

    #[test]
    fn relative_witness_is_below_llvm() {
        assert_eq!(package("x", "bin/y").path(), format!("{LLVM_PREFIX}/bin/y"));
        assert_eq!(package("x", "/bin/y").path(), "/bin/y");
    }
}
