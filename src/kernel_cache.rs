//! Compiled kernels on disk.
//!
//! A kernel has a file, named by a hash of its text, the machine and this build of the compiler. The file is a hash of
//! what follows, and that is the code. It appears whole or not at all, so several processes may share a folder; what is
//! damaged is compiled again.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use hwc_passes::codegen::KernelCode;
use hwc_runtime::Digest;
use hwc_runtime::scratch::Scratch;

use crate::{Error, folder};

/// A folder of compiled kernels. Its files may be removed at any time.
#[derive(Clone, Debug)]
pub struct KernelCache {
    folder: PathBuf,
}

/// The kernels of one compilation, by name, with the files where their code belongs.
#[derive(Default)]
pub(crate) struct Found {
    pub known: BTreeMap<String, KernelCode>,
    missing: BTreeMap<String, PathBuf>,
    pub warnings: Vec<String>,
}

const HASH_BYTES: usize = 32;

impl KernelCache {
    /// Uses a folder, which is made if it is not there.
    ///
    /// # Errors
    /// [`Fault::Environment`](crate::Fault::Environment) where it cannot be made.
    pub fn open(folder: impl AsRef<Path>) -> Result<KernelCache, Error> {
        Ok(KernelCache { folder: folder::open(folder.as_ref())? })
    }

    /// Looks for kernels, given by name and [digest](hwc_passes::hwk::digest), that are compiled for the machine of this
    /// [identity](hwc_passes::hwk::identity).
    pub(crate) fn find(&self, machine: &str, kernels: impl Iterator<Item = (String, Digest)>) -> Found {
        let mut found = Found::default();
        for (name, digest) in kernels {
            let file = folder::file(&self.folder, &[machine, &digest.to_string()], "kernel");
            match read(&file) {
                Ok(Some(code)) => _ = found.known.insert(name, code),
                Ok(None) => _ = found.missing.insert(name, file),
                Err(problem) => {
                    found.warnings.push(format!("{}: {problem}; compiled again", file.display()));
                    found.missing.insert(name, file);
                }
            }
        }
        found
    }
}

impl Found {
    /// Keeps the code of the kernels that were missing; gives a warning where that fails.
    pub fn keep(&self, kernels: &BTreeMap<String, KernelCode>) -> Option<String> {
        let new = kernels.iter().filter_map(|(name, code)| Some((self.missing.get(name)?, code)));
        let written = new.into_iter().try_for_each(|(file, code)| write(file, code).map_err(|e| (file, e)));
        written.err().map(|(file, error)| format!("compiled kernels are not kept: {}: {error}", file.display()))
    }
}

/// The code in a file, if the file is there.
fn read(file: &Path) -> Result<Option<KernelCode>, String> {
    let bytes = match std::fs::read(file) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.to_string()),
    };
    let code = bytes.split_at_checked(HASH_BYTES).filter(|(hash, code)| blake3::hash(code).as_bytes() == hash);
    let code = code.and_then(|(_, code)| postcard::from_bytes(code).ok());
    code.map(Some).ok_or_else(|| "damaged".to_string())
}

fn write(file: &Path, code: &KernelCode) -> std::io::Result<()> {
    let code = postcard::to_stdvec(code).map_err(std::io::Error::other)?;
    let (mut out, scratch) = Scratch::file_beside(file)?;
    // Not brought to the disk at once: whatever is lost with the power shows in the hash.
    out.write_all(blake3::hash(&code).as_bytes())?;
    out.write_all(&code)?;
    scratch.rename(file)
}
