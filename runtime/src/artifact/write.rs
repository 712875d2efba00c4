//! Writing an artifact.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::elf_misfit;
use super::format::{SectionKind, lay_out};
use crate::atomic_file::AtomicFile;
use crate::digest::Digest;
use crate::manifest::Manifest;
use crate::problem::Problems;
use crate::weights::WeightsImage;

/// Why an artifact is not written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The parts do not belong together. The compiler's fault.
    #[error("the artifact would be inconsistent: {0}")]
    Inconsistent(Problems),
    /// The directory, the disk, the permissions. The environment's fault.
    #[error("cannot write {}: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
}

/// Writes an artifact, which appears whole or not at all, and gives its length in bytes.
///
/// `code` is an ELF shared object that exports `hwc_run` and, as `hwc_manifest`, the text [`Manifest::to_json`]; the
/// manifest's `weights` are [`WeightsImage::describe`]. The same parts always make the same file.
pub fn write(path: &Path, manifest: &Manifest, code: &[u8], weights: &WeightsImage) -> Result<u64, WriteError> {
    check(manifest, code, weights).map_err(WriteError::Inconsistent)?;
    let make = || {
        let mut file = AtomicFile::create(path)?;
        let length = encode(&mut file, manifest, code, weights)?;
        file.commit()?;
        Ok(length)
    };
    make().map_err(|source| WriteError::Io { path: path.to_path_buf(), source })
}

fn check(manifest: &Manifest, code: &[u8], weights: &WeightsImage) -> Result<(), Problems> {
    let mut problems = manifest.check().err().unwrap_or_default();
    if manifest.weights != weights.describe() {
        problems.push("weights", "are not the ones that the manifest describes");
    }
    if let Some(what) = elf_misfit(code) {
        problems.push("code", what);
    }
    problems.into_result()
}

fn encode(out: &mut dyn Write, manifest: &Manifest, code: &[u8], weights: &WeightsImage) -> io::Result<u64> {
    let text = manifest.to_json();
    let (head, offsets, length) = lay_out(&[
        (SectionKind::Manifest, text.len() as u64, Digest::of(text.as_bytes())),
        (SectionKind::Code, code.len() as u64, Digest::of(code)),
        (SectionKind::Weights, weights.bytes(), manifest.weights.blake3),
    ]);
    let mut position = 0;
    let mut pad_to = |out: &mut dyn Write, offset: u64, length: u64| {
        let gap = offset - position;
        position = offset + length;
        io::copy(&mut io::Read::take(io::repeat(0), gap), out)
    };
    pad_to(out, 0, head.len() as u64)?;
    out.write_all(&head)?;
    pad_to(out, offsets[0], text.len() as u64)?;
    out.write_all(text.as_bytes())?;
    pad_to(out, offsets[1], code.len() as u64)?;
    out.write_all(code)?;
    pad_to(out, offsets[2], weights.bytes())?;
    weights.write_to(out)?;
    Ok(length)
}
