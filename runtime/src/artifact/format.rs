//! The layout of an artifact, version 1. All numbers are little-endian.
//!
//! | bytes | header |
//! |---|---|
//! | 0..8 | [`MAGIC`] |
//! | 8..12 | version of the layout |
//! | 12..16 | number of sections |
//! | 16..24 | length of the file |
//! | 24..32 | zero |
//! | 32..64 | BLAKE3 of the header and the table, with these 32 bytes zero |
//!
//! The table of sections follows, 64 bytes each; then the sections, in ascending order, with zero bytes between.
//!
//! | bytes | table entry |
//! |---|---|
//! | 0..4 | kind |
//! | 4..8 | alignment in bytes, of the section's offset |
//! | 8..16 | offset from the start of the file |
//! | 16..24 | length |
//! | 24..32 | zero |
//! | 32..64 | BLAKE3 of the section |

use std::ops::Range;

use crate::abi::PAGE;
use crate::digest::Digest;

/// The first bytes of every artifact. As in PNG, a byte above 127, both line ends and a control character show a file
/// that was transferred as text.
pub const MAGIC: [u8; 8] = *b"\x89HWC\r\n\x1a\n";
/// Version of the layout.
pub const VERSION: u32 = 1;

pub(super) const HEADER: usize = 64;
pub(super) const ENTRY: usize = 64;
/// The place of the header's digest.
pub(super) const HEADER_DIGEST: Range<usize> = 32..64;

/// What a section holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SectionKind {
    /// The manifest as JSON.
    Manifest,
    /// An ELF shared object.
    Code,
    /// The constants the code reads.
    Weights,
}

impl SectionKind {
    /// Every kind, in the order of the file. Each is there once.
    pub const ALL: [SectionKind; 3] = [SectionKind::Manifest, SectionKind::Code, SectionKind::Weights];

    /// The name in messages.
    pub const fn name(self) -> &'static str {
        match self {
            SectionKind::Manifest => "manifest",
            SectionKind::Code => "code",
            SectionKind::Weights => "weights",
        }
    }

    pub(super) const fn number(self) -> u32 {
        match self {
            SectionKind::Manifest => 1,
            SectionKind::Code => 2,
            SectionKind::Weights => 3,
        }
    }

    pub(super) const fn alignment(self) -> usize {
        match self {
            SectionKind::Manifest => 8,
            SectionKind::Code | SectionKind::Weights => PAGE,
        }
    }
}

/// An entry of the table, as it stands in the file: nothing in it is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub kind: u32,
    pub alignment: u32,
    pub offset: u64,
    pub length: u64,
    pub reserved: u64,
    pub digest: Digest,
}

/// The header's numbers, as they stand in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub version: u32,
    pub sections: u32,
    pub length: u64,
    pub reserved: u64,
    pub digest: Digest,
}

/// Takes a fixed number of bytes off the front.
fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (head, tail) = bytes.split_first_chunk::<N>()?;
    *bytes = tail;
    Some(*head)
}

impl Header {
    /// Reads what follows the magic; `None` where the file ends too soon.
    pub(super) fn read(file: &[u8]) -> Option<Header> {
        let mut rest = file.get(MAGIC.len()..)?;
        Some(Header {
            version: u32::from_le_bytes(take(&mut rest)?),
            sections: u32::from_le_bytes(take(&mut rest)?),
            length: u64::from_le_bytes(take(&mut rest)?),
            reserved: u64::from_le_bytes(take(&mut rest)?),
            digest: Digest::from_bytes(take(&mut rest)?),
        })
    }
}

impl Entry {
    pub(super) fn read(mut bytes: &[u8]) -> Option<Entry> {
        let rest = &mut bytes;
        Some(Entry {
            kind: u32::from_le_bytes(take(rest)?),
            alignment: u32::from_le_bytes(take(rest)?),
            offset: u64::from_le_bytes(take(rest)?),
            length: u64::from_le_bytes(take(rest)?),
            reserved: u64::from_le_bytes(take(rest)?),
            digest: Digest::from_bytes(take(rest)?),
        })
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend(self.kind.to_le_bytes());
        out.extend(self.alignment.to_le_bytes());
        out.extend(self.offset.to_le_bytes());
        out.extend(self.length.to_le_bytes());
        out.extend(self.reserved.to_le_bytes());
        out.extend(self.digest.as_bytes());
    }
}

/// Lays sections of these kinds, lengths and digests out after one another; gives header and table as bytes, the
/// offsets, and the length of the file.
pub(super) fn lay_out(sections: &[(SectionKind, u64, Digest)]) -> (Vec<u8>, Vec<u64>, u64) {
    let mut end = (HEADER + ENTRY * sections.len()) as u64;
    let mut table = Vec::new();
    let mut offsets = Vec::new();
    for &(kind, length, digest) in sections {
        let offset = end.next_multiple_of(kind.alignment() as u64);
        let alignment = kind.alignment() as u32;
        Entry { kind: kind.number(), alignment, offset, length, reserved: 0, digest }.write(&mut table);
        offsets.push(offset);
        end = offset + length;
    }
    let mut head = MAGIC.to_vec();
    head.extend(VERSION.to_le_bytes());
    head.extend((sections.len() as u32).to_le_bytes());
    head.extend(end.to_le_bytes());
    head.resize(HEADER, 0);
    head.extend(table);
    let digest = Digest::of(&head);
    head[HEADER_DIGEST].copy_from_slice(digest.as_bytes());
    (head, offsets, end)
}

/// The digest that header and table should have; `None` where the bytes are shorter than a header.
pub(super) fn head_digest(head: &[u8]) -> Option<Digest> {
    let mut hasher = blake3::Hasher::new();
    hasher.update(head.get(..HEADER_DIGEST.start)?);
    hasher.update(&[0; HEADER_DIGEST.end - HEADER_DIGEST.start]);
    hasher.update(head.get(HEADER_DIGEST.end..)?);
    Some(hasher.finalize().into())
}
