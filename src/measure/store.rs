//! Measured times on disk, by kernel, target, number of threads and build of the compiler.
//!
//! A kernel has a file; each measurement is a line, `CHECKSUM JSON`, written at once to the file's end, so that several
//! processes may add to a store. Lines that are not whole are skipped. A store in memory has the same files, of which
//! nothing is left.

use std::collections::HashMap;
use std::fs::OpenOptions;
use std::io::Write;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use hwc_dialects::hwk::{Schedule, Space, Target};
use serde::{Deserialize, Serialize};

use crate::{Error, Fault, folder};

/// A folder of measured times.
#[derive(Clone, Debug)]
pub struct Store {
    /// Of the folder, or of what is named in memory.
    folder: PathBuf,
    memory: Option<Arc<Mutex<Files>>>,
    threads: NonZeroUsize,
}

type Files = HashMap<PathBuf, Vec<Measured>>;

/// One measurement of a kernel under a schedule.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Measured {
    /// The texts of `#hwk.space<...>` and `#hwk.schedule<...>`.
    pub space: String,
    pub schedule: String,
    /// Median of one run, in seconds, with operands in the caches and without.
    pub warm: f64,
    pub cold: f64,
}

impl Store {
    /// Uses a folder, which is made if it is not there.
    ///
    /// # Errors
    /// [`Fault::Environment`] where it cannot be made.
    pub fn open(folder: impl AsRef<Path>) -> Result<Store, Error> {
        Ok(Store { folder: folder::open(folder.as_ref())?, memory: None, threads: NonZeroUsize::MIN })
    }

    /// What copies of it share, and nobody else.
    pub(crate) fn in_memory() -> Store {
        Store { folder: PathBuf::new(), memory: Some(Arc::default()), threads: NonZeroUsize::MIN }
    }

    /// Whether others may write to it.
    pub(crate) fn is_a_folder(&self) -> bool {
        self.memory.is_none()
    }

    /// Keeps and gives the times of so many threads; of one by default.
    pub fn threads(mut self, threads: NonZeroUsize) -> Store {
        self.threads = threads;
        self
    }

    /// The file of a kernel, whose text is that without its name and what was chosen for it.
    pub(crate) fn file(&self, kernel: &str, target: &Target) -> PathBuf {
        let (threads, machine) = (self.threads.to_string(), target.to_string());
        folder::file(&self.folder, &[&threads, target.mnemonic(), &machine, kernel], "times")
    }

    /// Adds a measurement to a kernel's file.
    pub(crate) fn add(&self, file: &Path, measured: &Measured) -> Result<(), Error> {
        if let Some(memory) = &self.memory {
            let mut files = memory.lock().unwrap_or_else(PoisonError::into_inner);
            files.entry(file.to_path_buf()).or_default().push(measured.clone());
            return Ok(());
        }
        let failed = |e: std::io::Error| Error::new(Fault::Environment, format!("{}: {e}", file.display()));
        let json = serde_json::to_string(measured).map_err(|e| Error::new(Fault::Defect, e))?;
        let line = format!("{} {json}\n", checksum(&json));
        let mut file = OpenOptions::new().create(true).append(true).open(file).map_err(failed)?;
        file.write_all(line.as_bytes()).map_err(failed)
    }

    /// What was measured of a kernel, and a warning for each thing that cannot be read.
    pub(crate) fn read(&self, file: &Path) -> (Vec<Measured>, Vec<String>) {
        if let Some(memory) = &self.memory {
            let files = memory.lock().unwrap_or_else(PoisonError::into_inner);
            return (files.get(file).cloned().unwrap_or_default(), vec![]);
        }
        let bytes = match std::fs::read(file) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return (vec![], vec![]),
            Err(error) => return (vec![], vec![format!("{}: {error}", file.display())]),
        };
        let (mut all, mut warnings) = (vec![], vec![]);
        for (number, line) in bytes.split(|byte| *byte == b'\n').enumerate().filter(|(_, line)| !line.is_empty()) {
            match parse(line) {
                Some(measured) => all.push(measured),
                None => warnings.push(format!("{}:{}: ignored, damaged", file.display(), number + 1)),
            }
        }
        (all, warnings)
    }

    /// What was the fastest, warm.
    pub(crate) fn best(&self, file: &Path) -> (Option<Measured>, Vec<String>) {
        let (all, warnings) = self.read(file);
        (all.into_iter().min_by(|a, b| a.warm.total_cmp(&b.warm)), warnings)
    }
}

impl Measured {
    /// What was chosen for the kernel.
    pub(crate) fn choice(&self) -> Option<(Space, Schedule)> {
        // The texts were checked when the line was read.
        Some((self.space.parse().ok()?, self.schedule.parse().ok()?))
    }
}

fn parse(line: &[u8]) -> Option<Measured> {
    let (sum, json) = std::str::from_utf8(line).ok()?.split_once(' ')?;
    let measured: Measured = (sum == checksum(json)).then(|| serde_json::from_str(json).ok()).flatten()?;
    let legal = measured.space.parse::<Space>().is_ok() && measured.schedule.parse::<Schedule>().is_ok();
    (legal && measured.warm.is_finite()).then_some(measured)
}

fn checksum(json: &str) -> String {
    blake3::hash(json.as_bytes()).to_hex().as_str()[..16].to_string()
}
