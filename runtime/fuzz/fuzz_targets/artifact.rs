//! The artifact loader, up to the point where code would be loaded.
//!
//! The first byte says what the rest is: a file, changes to a sound file, or a manifest. With its highest bit set, the
//! digests are made right again, since a fuzzer does not find them.
#![no_main]

use hwc_runtime::{Artifact, Digest};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((&mode, rest)) = data.split_first() else { return };
    let mut file = match mode & 0x7f {
        0 => rest.to_vec(),
        1 => changed(assemble(MANIFEST), rest),
        2 => assemble(rest),
        _ => assemble(&changed(MANIFEST.to_vec(), rest)),
    };
    if mode & 0x80 != 0 {
        seal(&mut file);
    }
    let length = file.len();
    match Artifact::from_bytes("fuzzed", file) {
        Ok(artifact) => {
            assert!(artifact.manifest().check().is_ok());
            assert_eq!(artifact.weights().len() as u64, artifact.manifest().weights.bytes);
            let mut end = 0;
            for section in artifact.sections() {
                assert!(section.offset >= end);
                end = section.offset + section.length;
            }
            assert_eq!(end, length);
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});

/// Describes [`WEIGHTS`].
const MANIFEST: &[u8] = include_bytes!("../seeds/manifest.json");
const WEIGHTS: &[u8] = &[1, 2, 3, 4];
const CODE: &[u8] = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0";
const HEADER: usize = 64;
const ENTRY: usize = 64;

/// A file with this manifest, laid out as `hwc_runtime::artifact::format` says.
fn assemble(manifest: &[u8]) -> Vec<u8> {
    let sections = [(manifest, 8), (CODE, 4096), (WEIGHTS, 4096)];
    let mut file = b"\x89HWC\r\n\x1a\n\x01\0\0\0\x03\0\0\0".to_vec();
    file.resize(HEADER + ENTRY * sections.len(), 0);
    for (index, (section, alignment)) in sections.into_iter().enumerate() {
        file.resize(file.len().next_multiple_of(alignment), 0);
        let entry = HEADER + ENTRY * index;
        let offset = file.len() as u64;
        file[entry..entry + 4].copy_from_slice(&(index as u32 + 1).to_le_bytes());
        file[entry + 4..entry + 8].copy_from_slice(&(alignment as u32).to_le_bytes());
        file[entry + 8..entry + 16].copy_from_slice(&offset.to_le_bytes());
        file[entry + 16..entry + 24].copy_from_slice(&(section.len() as u64).to_le_bytes());
        file.extend(section);
    }
    let length = file.len() as u64;
    file[16..24].copy_from_slice(&length.to_le_bytes());
    seal(&mut file);
    file
}

/// Writes or inserts bytes: each change is a kind, an offset of two bytes, and a byte.
fn changed(mut file: Vec<u8>, changes: &[u8]) -> Vec<u8> {
    for change in changes.chunks_exact(4) {
        let at = usize::from(u16::from_le_bytes([change[1], change[2]])) % file.len().max(1);
        match (change[0] % 4, file.get_mut(at)) {
            (0, Some(byte)) => *byte = change[3],
            (1, _) => file.insert(at, change[3]),
            (2, Some(_)) => drop(file.remove(at)),
            _ => file.truncate(at),
        }
    }
    file
}

/// Makes the digests right of whatever sections the file says it has, then of its header.
fn seal(file: &mut [u8]) {
    let number = |file: &[u8], at: usize| Some(u64::from_le_bytes(*file.get(at..)?.first_chunk()?));
    let count = number(file, 8).map_or(0, |n| (n >> 32) as usize).min(16);
    for entry in (0..count).map(|index| HEADER + ENTRY * index) {
        let section = || {
            let (offset, length) = (number(file, entry + 8)? as usize, number(file, entry + 16)? as usize);
            Some(Digest::of(file.get(offset..offset.checked_add(length)?)?))
        };
        if let (Some(digest), Some(place)) = (section(), file.get_mut(entry + 32..entry + 64)) {
            place.copy_from_slice(digest.as_bytes());
        }
    }
    if file.len() >= HEADER {
        file[32..64].fill(0);
        let digest = Digest::of(&file[..(HEADER + ENTRY * count).min(file.len())]);
        file[32..64].copy_from_slice(digest.as_bytes());
    }
}
