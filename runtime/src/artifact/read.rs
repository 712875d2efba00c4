//! Checking an artifact: every byte of the file is accounted for, and everything that is wrong is listed.

use bytes::Bytes;

use super::elf_misfit;
use super::format::{ENTRY, Entry, HEADER, Header, SectionKind, VERSION, head_digest};
use crate::digest::Digest;
use crate::manifest::Manifest;
use crate::problem::Problems;

/// The contents of a sound artifact.
pub(super) struct Contents {
    pub manifest: Manifest,
    pub manifest_text: Bytes,
    pub code: Bytes,
    pub weights: Bytes,
    pub sections: Vec<Section>,
}

/// A section of an artifact: where it is, and its digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Section {
    pub kind: SectionKind,
    /// In bytes from the start of the file.
    pub offset: usize,
    /// In bytes.
    pub length: usize,
    pub digest: Digest,
}

/// Checks a file that begins with the magic. `more` adds what else is required of the manifest.
pub(super) fn read(file: &Bytes, more: impl FnOnce(&Manifest, &mut Problems)) -> Result<Contents, Problems> {
    let mut problems = Problems::new();
    let Some(entries) = read_head(file, &mut problems) else { return Err(problems) };
    let mut table = Table { file, named: [false; KINDS], sections: [None; KINDS], end: HEADER + ENTRY * entries.len() };
    for (index, entry) in entries.iter().enumerate() {
        table.add(index, entry, &mut problems);
    }
    table.finish(&mut problems);

    let manifest = table.bytes(SectionKind::Manifest).and_then(|text| match Manifest::from_json(&text) {
        Ok(manifest) => Some((manifest, text)),
        Err(errors) => {
            problems.append(errors);
            None
        }
    });
    if let Some((manifest, _)) = &manifest {
        more(manifest, &mut problems);
        let described = (manifest.weights.bytes, manifest.weights.blake3);
        if table.section(SectionKind::Weights).is_some_and(|s| (s.length as u64, s.digest) != described) {
            problems.push("section weights", "is not the one that the manifest describes");
        }
    }
    let code = table.bytes(SectionKind::Code);
    if let Some(what) = code.as_deref().and_then(elf_misfit) {
        problems.push("section code", what);
    }
    match (manifest, code, table.bytes(SectionKind::Weights)) {
        (Some((manifest, manifest_text)), Some(code), Some(weights)) if problems.is_empty() => {
            let sections = table.sections.into_iter().flatten().collect();
            Ok(Contents { manifest, manifest_text, code, weights, sections })
        }
        _ => Err(problems),
    }
}

/// Checks the header and gives the table; `None` where there is no telling what the rest means.
fn read_head(file: &Bytes, problems: &mut Problems) -> Option<Vec<Entry>> {
    let Some(header) = Header::read(file) else {
        problems.push("header", format!("the file ends within it, at byte {}; it was cut short", file.len()));
        return None;
    };
    if header.version != VERSION {
        let remedy = if header.version > VERSION { "update the runtime" } else { "compile the model again" };
        let what = format!("layout version {}, but this runtime reads version {VERSION}: {remedy}", header.version);
        problems.push("header", what);
        return None;
    }
    let actual = file.len() as u64;
    if header.length > actual {
        let what = format!("cut short: {actual} of {} bytes are there; copy or compile it again", header.length);
        problems.push("file", what);
    } else if header.length < actual {
        problems.push("file", format!("{} bytes follow its end; copy or compile it again", actual - header.length));
    }
    let head = usize::try_from(header.sections).ok().filter(|&n| n <= MOST_SECTIONS).map(|n| HEADER + n * ENTRY);
    let Some(head) = head.and_then(|end| file.get(..end)) else {
        problems.push("header", format!("its table of {} sections does not fit", header.sections));
        return None;
    };
    if head_digest(head) != Some(header.digest) {
        problems.push("header", format!("{DAMAGED} (its digest differs)"));
    }
    if header.reserved != 0 {
        problems.push("header", "reserved bytes are not zero");
    }
    head.get(HEADER..)?.chunks_exact(ENTRY).map(Entry::read).collect()
}

const KINDS: usize = SectionKind::ALL.len();
/// More than any version will need; bounds the work on a table that makes no sense.
const MOST_SECTIONS: usize = 16;
const DAMAGED: &str = "damaged; copy or compile it again";

/// The sections found so far.
struct Table<'f> {
    file: &'f Bytes,
    /// Which kinds the table names, sound or not.
    named: [bool; KINDS],
    /// Those that lie within the file.
    sections: [Option<Section>; KINDS],
    /// Where the last one ends.
    end: usize,
}

impl<'f> Table<'f> {
    fn add(&mut self, index: usize, entry: &Entry, problems: &mut Problems) {
        let Some(kind) = SectionKind::ALL.into_iter().find(|kind| kind.number() == entry.kind) else {
            problems.push(format!("section {index}"), format!("unknown kind {}; update the runtime", entry.kind));
            return;
        };
        let place = format!("section {}", kind.name());
        if std::mem::replace(&mut self.named[kind as usize], true) {
            problems.push(place, "is there twice");
            return;
        }
        let alignment = kind.alignment();
        if entry.alignment as usize != alignment || !entry.offset.is_multiple_of(alignment as u64) {
            problems.push(&place, format!("is not aligned to {alignment} bytes"));
        }
        if entry.reserved != 0 {
            problems.push(&place, "reserved bytes are not zero");
        }
        let Some((offset, bytes)) = self.locate(entry) else {
            let (offset, length) = (entry.offset, entry.length);
            let what = format!("{length} bytes at {offset} reach beyond the file's {} bytes", self.file.len());
            problems.push(place, what);
            return;
        };
        match self.file.get(self.end..offset) {
            None => problems.push(&place, format!("at {offset}, overlaps what ends at {}", self.end)),
            Some(gap) if gap.len() >= alignment => problems.push(&place, "bytes before it belong to no section"),
            Some(gap) if gap.iter().any(|&byte| byte != 0) => problems.push(&place, "bytes before it are not zero"),
            Some(_) => {}
        }
        self.end = self.end.max(offset + bytes.len());
        if Digest::of(bytes) != entry.digest {
            problems.push(place, format!("{DAMAGED} (its digest differs)"));
        }
        self.sections[kind as usize] = Some(Section { kind, offset, length: bytes.len(), digest: entry.digest });
    }

    /// The offset of a section, and its bytes; `None` unless they lie within the file.
    fn locate(&self, entry: &Entry) -> Option<(usize, &'f [u8])> {
        let offset = usize::try_from(entry.offset).ok()?;
        let length = usize::try_from(entry.length).ok()?;
        Some((offset, self.file.get(offset..offset.checked_add(length)?)?))
    }

    /// Looks for what is missing, and for bytes that belong to nothing.
    fn finish(&self, problems: &mut Problems) {
        for kind in SectionKind::ALL.into_iter().filter(|&kind| !self.named[kind as usize]) {
            problems.push(format!("section {}", kind.name()), "is missing");
        }
        if problems.is_empty() && self.end != self.file.len() {
            problems.push("file", "bytes at its end belong to no section");
        }
    }

    fn section(&self, kind: SectionKind) -> Option<Section> {
        self.sections[kind as usize]
    }

    fn bytes(&self, kind: SectionKind) -> Option<Bytes> {
        self.section(kind).map(|s| self.file.slice(s.offset..s.offset + s.length))
    }
}
