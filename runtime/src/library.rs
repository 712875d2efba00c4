//! Compiled models as shared libraries: `libNAME.so` beside `NAME.weights`, as `--emit lib` writes them.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use bytes::Bytes;

use crate::artifact::LoadError;
use crate::cpu;
use crate::digest::Digest;
use crate::ffi::code::Code;
use crate::ffi::mapping::map_file;
use crate::manifest::Manifest;
use crate::problem::Problems;
use crate::session::Session;

/// True for a regular file that begins as an ELF file does.
pub(crate) fn is_library(path: &Path) -> Result<bool, LoadError> {
    let look = || -> io::Result<bool> {
        // Opening a pipe would wait for its writer. What is no regular file is refused when it is mapped.
        if !std::fs::metadata(path)?.is_file() {
            return Ok(false);
        }
        let mut magic = Vec::new();
        File::open(path)?.take(4).read_to_end(&mut magic)?;
        Ok(magic == b"\x7fELF")
    };
    look().map_err(|source| LoadError::Io { path: path.to_path_buf(), source })
}

/// Loads a library and the weights beside it.
pub(crate) fn load(path: &Path) -> Result<Session, LoadError> {
    let name = path.display().to_string();
    // A path without a slash would be searched for among the system's libraries.
    let absolute = path.canonicalize().map_err(|source| LoadError::Io { path: path.to_path_buf(), source })?;
    let (code, text) = Code::open(&absolute).map_err(|source| LoadError::Code { name: name.clone(), source })?;
    let manifest =
        Manifest::from_json(&text).map_err(|problems| LoadError::Unusable { name: name.clone(), problems })?;
    let mut problems = Problems::new();
    cpu::check(&manifest, &mut problems);
    let weights = if manifest.weights.bytes == 0 {
        Bytes::new()
    } else {
        let file = weights_path(&absolute);
        let bytes = map_file(&file).map_err(|source| LoadError::Io { path: file.clone(), source })?;
        let place = file.display().to_string();
        if bytes.len() as u64 != manifest.weights.bytes {
            let what = format!("{} bytes, but the library says {}", bytes.len(), manifest.weights.bytes);
            problems.push(place, what);
        } else if Digest::of(&bytes) != manifest.weights.blake3 {
            problems.push(place, "damaged, or of another compilation (its digest differs)");
        }
        bytes
    };
    LoadError::unless_empty(problems, &name)?;
    Session::from_parts(manifest, weights, code)
}

/// Where the weights of a library are: `dir/libNAME.so` and `dir/NAME.so` have them in `dir/NAME.weights`.
pub fn weights_path(library: &Path) -> PathBuf {
    let stem = library.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let name = stem.strip_prefix("lib").unwrap_or(&stem);
    library.with_file_name(format!("{name}.weights"))
}
