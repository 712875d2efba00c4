//! Compiled models as shared libraries: `libNAME.so` beside `NAME.weights`, as `--emit lib` writes them.

use std::path::{Path, PathBuf};

use bytes::Bytes;

use crate::artifact::{LoadError, elf_misfit};
use crate::cpu;
use crate::digest::Digest;
use crate::ffi::code::Code;
use crate::ffi::mapping::map_file;
use crate::manifest::Manifest;
use crate::problem::Problems;
use crate::session::Session;

/// Loads a library, whose contents are `file`, and the weights beside it.
pub(crate) fn load(path: &Path, file: &[u8]) -> Result<Session, LoadError> {
    let name = path.display().to_string();
    let mut problems = Problems::new();
    if let Some(what) = elf_misfit(file) {
        problems.push("library", what);
        return Err(LoadError::Unusable { name, problems });
    }
    // A path without a slash would be searched for among the system's libraries.
    let absolute = std::path::absolute(path).map_err(|source| LoadError::Io { path: path.to_path_buf(), source })?;
    let (code, text) = Code::open(&absolute).map_err(|source| LoadError::Code { name: name.clone(), source })?;
    let manifest =
        Manifest::from_json(&text).map_err(|problems| LoadError::Unusable { name: name.clone(), problems })?;
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
