//! Compiled kernels on disk.
//!
//! A kernel has a file, named by a hash of its text, the machine and this build of the compiler; so has what calls the
//! kernels of a model, what they are linked to, and which of them a graph is best made of. The file is a hash of what
//! follows, and that is the code. It appears whole or not at all, so several processes may share a folder; what is damaged
//! is compiled again.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use hwc_extraction::{Limits, Outcome, Problem};
use hwc_passes::codegen::{Compiled, KernelCode, LINKER_VARIABLE};
use hwc_runtime::Digest;
use hwc_runtime::scratch::Scratch;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Error, folder};

/// A folder of compiled kernels. Its files may be removed at any time.
#[derive(Clone, Debug)]
pub struct KernelCache {
    folder: PathBuf,
}

/// The code of one compilation, with the files where what is missing belongs.
#[derive(Default)]
pub(crate) struct Found {
    /// Kernels by name.
    pub known: BTreeMap<String, KernelCode>,
    missing: BTreeMap<String, PathBuf>,
    /// Where to look for what calls the kernels: the folder and the machine.
    entries: Option<(PathBuf, String)>,
    missing_entry: Option<PathBuf>,
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
        let entries = Some((self.folder.clone(), machine.to_owned()));
        let mut found = Found { entries, ..Found::default() };
        for (name, digest) in kernels {
            let file = folder::file(&self.folder, &[machine, &digest.to_string()], "kernel");
            match found.look(&file) {
                Some(code) => _ = found.known.insert(name, code),
                None => _ = found.missing.insert(name, file),
            }
        }
        found
    }

    /// What these objects are linked to, if that is known; else it is linked and kept.
    ///
    /// # Errors
    /// Those of linking. A file that is damaged or cannot be written is no matter: linking takes hardly longer.
    pub(crate) fn linked(
        &self,
        objects: &[Vec<u8>],
        link: impl FnOnce() -> Result<Vec<u8>, Error>,
    ) -> Result<Vec<u8>, Error> {
        let linker = std::env::var(LINKER_VARIABLE).unwrap_or_default();
        let digests: Vec<String> = objects.iter().map(|object| Digest::of(object).to_string()).collect();
        let file = folder::file(&self.folder, &[&linker, &digests.concat()], "library");
        known_or(&file, |_| true, link)
    }

    /// The plan that a search without a limit of time finds, if that is known; else it is searched for and kept.
    ///
    /// # Errors
    /// Those of the search. A file that is damaged or cannot be written is no matter, and what it says is checked.
    pub(crate) fn solved(&self, problem: &Problem, limits: &Limits) -> hwc_extraction::Result<Outcome> {
        let Limits { seed, rounds, work, gap, .. } = limits;
        let Ok(about) = postcard::to_stdvec(&(problem, seed, rounds, work, gap)) else {
            return hwc_extraction::solve(problem, limits);
        };
        let file = folder::file(&self.folder, &[&Digest::of(&about).to_string()], "plan");
        let is_plan = |outcome: &Outcome| hwc_extraction::check(problem, &outcome.solution).is_ok();
        known_or(&file, is_plan, || hwc_extraction::solve(problem, limits))
    }
}

impl Found {
    /// The object that calls the kernels, by the digest of what it is made from.
    pub fn entry(&mut self, digest: Digest) -> Option<Vec<u8>> {
        let (folder, machine) = self.entries.as_ref()?;
        let file = folder::file(folder, &[machine, &digest.to_string()], "entry");
        let entry = self.look(&file);
        self.missing_entry = entry.is_none().then_some(file);
        entry
    }

    /// Keeps the code that was missing; gives a warning where that fails.
    pub fn keep(&self, compiled: &Compiled) -> Option<String> {
        let missing = |(name, code)| Some((self.missing.get(name)?, code));
        let kernels = compiled.kernels.iter().filter_map(missing).map(|(file, code)| (file, write(file, code)));
        let entry = self.missing_entry.iter().map(|file| (file, write(file, &compiled.entry)));
        let failed = kernels.chain(entry).find_map(|(file, written)| Some((file, written.err()?)));
        failed.map(|(file, error)| format!("compiled kernels are not kept: {}: {error}", file.display()))
    }

    /// What a file holds; a warning where it is of no use.
    fn look<T: DeserializeOwned>(&mut self, file: &Path) -> Option<T> {
        read(file).unwrap_or_else(|problem| {
            self.warnings.push(format!("{}: {problem}; compiled again", file.display()));
            None
        })
    }
}

/// What a file holds, if it is of use; else what is made now, which is kept there if that works.
fn known_or<T: Serialize + DeserializeOwned, E>(
    file: &Path,
    is_useful: impl Fn(&T) -> bool,
    make: impl FnOnce() -> Result<T, E>,
) -> Result<T, E> {
    if let Some(known) = read(file).ok().flatten().filter(is_useful) {
        return Ok(known);
    }
    let made = make()?;
    _ = write(file, &made);
    Ok(made)
}

/// The code in a file, if the file is there.
fn read<T: DeserializeOwned>(file: &Path) -> Result<Option<T>, String> {
    let bytes = match std::fs::read(file) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.to_string()),
    };
    let code = bytes.split_at_checked(HASH_BYTES).filter(|(hash, code)| blake3::hash(code).as_bytes() == hash);
    let code = code.and_then(|(_, code)| postcard::from_bytes(code).ok());
    code.map(Some).ok_or_else(|| "damaged".to_string())
}

fn write(file: &Path, code: &impl Serialize) -> std::io::Result<()> {
    let code = postcard::to_stdvec(code).map_err(std::io::Error::other)?;
    let (mut out, scratch) = Scratch::file_beside(file)?;
    // Not brought to the disk at once: whatever is lost with the power shows in the hash.
    out.write_all(blake3::hash(&code).as_bytes())?;
    out.write_all(&code)?;
    scratch.rename(file)
}
