//! Folders of files that are named by what they are about.

use std::path::{Path, PathBuf};

use crate::{Error, Fault};

/// Makes a folder if it is not there.
///
/// # Errors
/// [`Fault::Environment`] where it cannot be made.
pub fn open(folder: &Path) -> Result<PathBuf, Error> {
    let failed = |e| Error::new(Fault::Environment, format!("{}: {e}", folder.display()));
    std::fs::create_dir_all(folder).map_err(failed)?;
    Ok(folder.to_path_buf())
}

/// The file in a folder that is about these parts, in this order, for this build of the compiler.
pub fn file(folder: &Path, parts: &[&str], ending: &str) -> PathBuf {
    let mut hasher = blake3::Hasher::new();
    for part in [hwc_passes::BUILD].iter().chain(parts) {
        hasher.update(&(part.len() as u64).to_le_bytes()).update(part.as_bytes());
    }
    folder.join(format!("{}.{ending}", hasher.finalize().to_hex()))
}
