//! What must not outlive a process: files in the making, folders for other programs' work.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// What exists now; a destructor does not run when a signal ends the process.
static EXISTING: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// A file or folder with a name of its own, removed when dropped.
pub struct Scratch {
    path: PathBuf,
}

impl Scratch {
    /// An empty file in the directory of `target`, under a hidden name.
    ///
    /// # Errors
    /// Those of creating a file there.
    pub fn file_beside(target: &Path) -> io::Result<(File, Scratch)> {
        if target.file_name().is_none() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "the path names no file"));
        }
        let options = OpenOptions::new().write(true).create_new(true).clone();
        Scratch::make(|name| target.with_file_name(format!(".{name}")), |path| options.open(path))
    }

    /// An empty folder for temporary files, which this user only can enter.
    ///
    /// # Errors
    /// Those of creating a folder.
    pub fn folder() -> io::Result<Scratch> {
        let place = std::env::temp_dir();
        let created = Scratch::make(|name| place.join(name), |path| DirBuilder::new().mode(0o700).create(path));
        created.map(|((), scratch)| scratch)
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Gives a file its name, replacing what had it. It is no scratch any more.
    ///
    /// # Errors
    /// Those of renaming; the file is removed then.
    pub fn rename(self, target: &Path) -> io::Result<()> {
        std::fs::rename(&self.path, target)
    }

    fn make<T>(path: impl Fn(String) -> PathBuf, create: impl Fn(&Path) -> io::Result<T>) -> io::Result<(T, Scratch)> {
        static COUNTER: AtomicU64 = AtomicU64::new(0);
        loop {
            let number = COUNTER.fetch_add(1, Ordering::Relaxed);
            let path = path(format!("hwc-{}-{number}.tmp", std::process::id()));
            // Locked until it is known, so that none is made behind the back of `remove_all`.
            let mut existing = EXISTING.lock().unwrap_or_else(PoisonError::into_inner);
            match create(&path) {
                // Left by a process that was killed and had this process's number.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
                Ok(made) => {
                    existing.push(path.clone());
                    return Ok((made, Scratch { path }));
                }
            }
        }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let mut existing = EXISTING.lock().unwrap_or_else(PoisonError::into_inner);
        existing.retain(|path| *path != self.path);
        remove(&self.path);
    }
}

/// Removes every scratch file and folder of this process, for one that a signal is about to end.
pub fn remove_all() {
    EXISTING.lock().unwrap_or_else(PoisonError::into_inner).drain(..).for_each(|path| remove(&path));
}

/// Whoever stopped the work has been told why; a leftover that cannot be removed is not worth another error.
fn remove(path: &Path) {
    let _ = if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
}
