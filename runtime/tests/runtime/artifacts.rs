//! The artifact's file: what is written, and what becomes of damage.

use bytes::Bytes;
use hwc_runtime::artifact::{self, SectionKind, WriteError, format};
use hwc_runtime::{Artifact, Digest, LoadError, Session};

use crate::common::{Scratch, artifact, compile, manifest, weights};

/// Enough of a shared object to be taken for one until it is loaded.
const HOLLOW: &[u8] = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0";

/// Changes an artifact's bytes and makes the header's digest right again.
fn patched(file: &[u8], patch: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut file = file.to_vec();
    patch(&mut file);
    seal(&mut file);
    file
}

fn seal(file: &mut [u8]) {
    let count = u32::from_le_bytes(file[12..16].try_into().expect("four bytes")) as usize;
    let end = (64 + 64 * count).min(file.len());
    file[32..64].fill(0);
    let digest = Digest::of(&file[..end]);
    file[32..64].copy_from_slice(digest.as_bytes());
}

fn problems(file: Vec<u8>) -> String {
    match Artifact::from_bytes("patched", file) {
        Ok(_) => "none".to_owned(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn the_file_is_a_function_of_its_parts() {
    let scratch = Scratch::new();
    let path = artifact(&scratch);
    let first = std::fs::read(&path).expect("there");
    let opened = Artifact::open(&path).expect("sound");
    assert_eq!(opened.manifest(), &manifest());
    assert_eq!(opened.manifest_text(), manifest().to_json().as_bytes());
    assert_eq!(opened.weights(), &weights().to_bytes().expect("memory"));
    assert_eq!(opened.code(), &std::fs::read(scratch.path("tiny.so")).expect("there"));
    let kinds: Vec<_> = opened.sections().iter().map(|s| s.kind).collect();
    assert_eq!(kinds, SectionKind::ALL);
    let weights_at = opened.sections()[2].offset;
    assert!(weights_at.is_multiple_of(4096) && first.len() == weights_at + opened.weights().len());

    let again = scratch.path("again.hwc");
    let length = artifact::write(&again, opened.manifest(), opened.code(), &weights()).expect("writable");
    let second = std::fs::read(&again).expect("there");
    assert!(first == second && length == second.len() as u64);
    assert_eq!(scratch.files(), ["again.hwc", "tiny.hwc", "tiny.so"]);
}

#[test]
fn parts_that_do_not_belong_together_are_not_written() {
    let scratch = Scratch::new();
    let mut other = weights();
    other.push(vec![1, 2, 3]);
    let error = artifact::write(&scratch.path("x.hwc"), &manifest(), b"no ELF", &other).expect_err("inconsistent");
    let text = error.to_string();
    assert!(
        matches!(error, WriteError::Inconsistent(_)) && text.contains("weights") && text.contains("code"),
        "{text}"
    );
    let error = artifact::write(&scratch.path("no/x.hwc"), &manifest(), HOLLOW, &weights()).expect_err("no directory");
    assert!(matches!(&error, WriteError::Io { .. }) && error.to_string().contains("no/x.hwc"), "{error}");
    assert_eq!(scratch.files(), Vec::<String>::new());
}

#[test]
fn no_truncation_and_no_flipped_bit_goes_unnoticed() {
    let file = std::fs::read(artifact(&Scratch::new())).expect("there");
    let opened = Artifact::from_bytes("whole", file.clone()).expect("sound");
    let mut ends: Vec<usize> = opened.sections().iter().flat_map(|s| [s.offset, s.offset + s.length]).collect();
    ends.extend([0, 8, 12, 32, 64, 128, 256]);
    let near_an_end = |at: usize| ends.iter().any(|&end| at.abs_diff(end) < 40);
    let mut tried = 0;
    for at in (0..file.len()).filter(|&at| near_an_end(at) || at % 61 == 0) {
        assert!(Artifact::from_bytes("cut", Bytes::copy_from_slice(&file[..at])).is_err(), "cut at {at}");
        let mut flipped = file.clone();
        flipped[at] ^= 1 << (at % 8);
        assert!(Artifact::from_bytes("flipped", flipped).is_err(), "flipped at {at}");
        tried += 1;
    }
    assert!(tried > 500, "{tried}");
    let mut longer = file.clone();
    longer.push(0);
    assert!(problems(longer).contains("1 bytes follow its end"));
    assert!(problems(file[..file.len() - 1].to_vec()).contains("cut short"));
}

#[test]
fn every_damaged_section_is_listed() {
    let file = std::fs::read(artifact(&Scratch::new())).expect("there");
    let opened = Artifact::from_bytes("whole", file.clone()).expect("sound");
    let mut damaged = file;
    for section in opened.sections() {
        damaged[section.offset + section.length / 2] ^= 0x20;
    }
    let report = problems(damaged);
    for kind in SectionKind::ALL {
        assert!(report.contains(&format!("section {}: damaged", kind.name())), "{report}");
    }
}

#[test]
fn tables_that_make_no_sense_are_refused() {
    let file = std::fs::read(artifact(&Scratch::new())).expect("there");
    let put = |at: usize, value: u64| patched(&file, |f| f[at..at + 8].copy_from_slice(&value.to_le_bytes()));
    let put_u32 = |at: usize, value: u32| patched(&file, |f| f[at..at + 4].copy_from_slice(&value.to_le_bytes()));
    // The entries of the manifest, the code and the weights begin at 64, 128 and 192; see `format`.
    let cases = [
        (put_u32(8, 2), "layout version 2, but this runtime reads version 1: update the runtime"),
        (put_u32(8, 0), "compile the model again"),
        (put_u32(12, 0), "section manifest: is missing"),
        (put_u32(12, 2), "section weights: is missing"),
        (put_u32(12, 17), "its table of 17 sections does not fit"),
        (put_u32(12, u32::MAX), "its table of 4294967295 sections does not fit"),
        (put(16, 1), "bytes follow its end"),
        (put(16, u64::MAX), "cut short"),
        (put(24, 1), "header: reserved"),
        (put_u32(64, 9), "section 0: unknown kind 9; update the runtime"),
        (put_u32(64, 2), "section code: is there twice"),
        (put_u32(68, 1), "section manifest: is not aligned"),
        (put(72, 257), "section manifest: is not aligned"),
        (put(72, 0), "section manifest: at 0, overlaps what ends at 256"),
        (put(136, 0), "section code: at 0, overlaps"),
        (put(136, u64::MAX), "reach beyond the file"),
        (put(136, u64::MAX - 4095), "reach beyond the file"),
        (put(144, u64::MAX), "reach beyond the file"),
        (put(144, 0), "section weights: bytes before it belong to no section"),
        (put(208, 0), "section weights: is not the one that the manifest describes"),
        (put(216, 1), "section weights: reserved"),
    ];
    for (file, expected) in cases {
        let report = problems(file);
        assert!(report.contains(expected), "{expected}: {report}");
    }
}

/// An artifact of any three sections, laid out and sealed as the format asks.
fn assemble(manifest: &[u8], code: &[u8], weights: &[u8]) -> Vec<u8> {
    let mut file = format::MAGIC.to_vec();
    file.extend(format::VERSION.to_le_bytes());
    file.extend(3u32.to_le_bytes());
    file.resize(256, 0);
    for (index, (section, alignment)) in [(manifest, 8), (code, 4096), (weights, 4096)].into_iter().enumerate() {
        file.resize(file.len().next_multiple_of(alignment), 0);
        let entry = 64 + 64 * index;
        file[entry..entry + 4].copy_from_slice(&(index as u32 + 1).to_le_bytes());
        file[entry + 4..entry + 8].copy_from_slice(&(alignment as u32).to_le_bytes());
        let offset = file.len() as u64;
        file[entry + 8..entry + 16].copy_from_slice(&offset.to_le_bytes());
        file[entry + 16..entry + 24].copy_from_slice(&(section.len() as u64).to_le_bytes());
        file[entry + 32..entry + 64].copy_from_slice(Digest::of(section).as_bytes());
        file.extend(section);
    }
    let length = file.len() as u64;
    file[16..24].copy_from_slice(&length.to_le_bytes());
    seal(&mut file);
    file
}

#[test]
fn the_format_is_as_documented() {
    let scratch = Scratch::new();
    let path = artifact(&scratch);
    let code = std::fs::read(scratch.path("tiny.so")).expect("there");
    let weights = weights().to_bytes().expect("memory");
    assert!(assemble(manifest().to_json().as_bytes(), &code, &weights) == std::fs::read(path).expect("there"));
}

#[test]
fn sound_files_with_unsound_contents_are_refused() {
    let weights = weights().to_bytes().expect("memory");
    let mut text = manifest();
    assert!(problems(assemble(b"{", HOLLOW, &weights)).contains("manifest: EOF"));
    assert!(problems(assemble(&[b'['; 100_000], HOLLOW, &weights)).contains("manifest:"));
    assert!(problems(assemble(text.to_json().as_bytes(), b"MZ", &weights)).contains("section code: is no ELF file"));
    text.abi = 3;
    assert!(problems(assemble(text.to_json().as_bytes(), HOLLOW, &weights)).contains("ABI version 3"));
    // What is no shared object after all is found when it is loaded.
    let artifact = Artifact::from_bytes("hollow", assemble(manifest().to_json().as_bytes(), HOLLOW, &weights));
    let error = Session::new(artifact.expect("sound so far")).err().map(|e| e.to_string()).unwrap_or_default();
    assert!(error.contains("hollow cannot be loaded: the dynamic linker refuses the code"), "{error}");
}

#[test]
fn code_of_another_model_is_refused() {
    let scratch = Scratch::new();
    let object = scratch.path("other.so");
    let load = |manifest_in_code: &str, flags: &[&str]| {
        compile(&object, manifest_in_code, flags);
        let code = std::fs::read(&object).expect("there");
        artifact::write(&scratch.path("other.hwc"), &manifest(), &code, &weights()).expect("writable");
        Session::load(scratch.path("other.hwc")).err().map(|e| e.to_string()).unwrap_or_default()
    };
    assert_eq!(load(&manifest().to_json(), &[]), "");
    assert!(load("{}", &[]).contains("its manifest is not the artifact's"));
    assert!(load("{}", &["-DNO_ENTRY"]).contains("exports no symbol `hwc_run`"));
    assert!(load("{}", &["-UMANIFEST", "-Dhwc_manifest=renamed"]).contains("exports no symbol `hwc_manifest`"));
}

#[test]
fn another_machine_is_named_when_loading_and_not_when_looking() {
    let scratch = Scratch::new();
    let mut manifest = manifest();
    manifest.target.cpu = "granite".to_owned();
    manifest.target.features = vec!["sse2".to_owned(), "telepathy".to_owned()];
    let path = scratch.path("other.hwc");
    artifact::write(&path, &manifest, HOLLOW, &weights()).expect("writable");
    assert_eq!(Artifact::open(&path).expect("sound").manifest().target.cpu, "granite");
    let error = Session::load(&path).err().map(|e| e.to_string()).unwrap_or_default();
    assert!(error.contains("target: this runtime cannot tell whether the CPU has telepathy"), "{error}");
    // Damage is listed together with the machine.
    let mut file = std::fs::read(&path).expect("there");
    let last = file.len() - 1;
    file[last] ^= 1;
    std::fs::write(&path, file).expect("writable");
    let error = Session::load(&path).err().map(|e| e.to_string()).unwrap_or_default();
    assert!(error.contains("section weights: damaged") && error.contains("telepathy"), "{error}");
}

#[test]
fn what_is_no_artifact_is_named() {
    let scratch = Scratch::new();
    let path = scratch.path("x");
    let load = |contents: &[u8]| {
        std::fs::write(&path, contents).expect("writable");
        Session::load(&path).err()
    };
    for (contents, expected) in [
        (&b"PK\x03\x04"[..], "zip"),
        (b"\x08\x07\x12\x04test", "hwc-opt compile"),
        (b"model: resnet\n", "text"),
        (b"", "empty"),
    ] {
        let error = load(contents);
        let foreign = matches!(&error, Some(LoadError::Foreign { found, .. }) if found.contains(expected));
        assert!(foreign && !error.as_ref().is_some_and(LoadError::is_environment), "{error:?}");
    }
    assert!(load(b"\x89HWC\r\n").is_some_and(|e| e.to_string().contains("cut short")));
    assert!(load(HOLLOW).is_some_and(|e| e.to_string().contains("the dynamic linker refuses")));
    let program = load(&std::fs::read("/proc/self/exe").expect("this program"));
    assert!(matches!(program, Some(LoadError::Code { .. })), "{program:?}");
    assert!(load(b"\x7fELF\x01\x01").is_some_and(|e| e.to_string().contains("library: is not 64-bit")));
    let missing = Session::load(scratch.path("missing")).err();
    assert!(missing.is_some_and(|e| e.is_environment() && e.to_string().contains("missing")));
    let directory = Session::load(scratch.path("")).err();
    assert!(directory.is_some_and(|e| matches!(e, LoadError::Io { .. })));
}
