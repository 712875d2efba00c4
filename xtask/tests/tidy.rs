//! Invariants of the tree that no compiler checks; `docs/architecture.md` states them.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, PackageId};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask is in the workspace").to_path_buf()
}

fn metadata() -> Metadata {
    MetadataCommand::new()
        .current_dir(root())
        .other_options(vec!["--offline".into(), "--filter-platform".into(), "x86_64-unknown-linux-gnu".into()])
        .exec()
        .expect("cargo metadata")
}

/// Names of everything a package links, directly or not; build and development dependencies do not count.
fn links(metadata: &Metadata, package: &str) -> BTreeSet<String> {
    let resolve = metadata.resolve.as_ref().expect("dependencies are resolved");
    let nodes: HashMap<&PackageId, _> = resolve.nodes.iter().map(|n| (&n.id, n)).collect();
    let names: HashMap<&PackageId, &str> = metadata.packages.iter().map(|p| (&p.id, p.name.as_str())).collect();
    let start = metadata.packages.iter().find(|p| p.name.as_str() == package).expect("the package exists");
    let (mut seen, mut next) = (BTreeSet::new(), vec![&start.id]);
    while let Some(id) = next.pop() {
        for dependency in &nodes[id].deps {
            let normal = dependency.dep_kinds.iter().any(|k| k.kind == DependencyKind::Normal);
            if normal && seen.insert(names[&dependency.pkg].to_string()) {
                next.push(&dependency.pkg);
            }
        }
    }
    seen
}

#[test]
fn dependencies_point_one_way() {
    let metadata = metadata();
    let native = ["melior", "mlir-sys", "inkwell", "llvm-sys"];
    #[rustfmt::skip]
    let forbidden: &[(&str, &[&str])] = &[
        ("hwc-runtime", &["hwc-dialects", "hwc-passes", "hwc-cost-model", "hwc"]),
        ("hwc-cost-model", &["hwc-runtime", "hwc-dialects", "hwc-passes", "hwc"]),
        ("hwc-extraction", &["hwc-runtime", "hwc-dialects", "hwc-passes", "hwc-cost-model", "hwc"]),
        ("hwc-dialects", &["hwc-passes", "hwc-cost-model", "hwc", "inkwell", "llvm-sys"]),
        ("hwc-passes", &["hwc"]),
        ("xtask", &["hwc-dialects", "hwc-passes", "hwc"]),
    ];
    let mut wrong = Vec::new();
    for (package, others) in forbidden {
        let links = links(&metadata, package);
        let without_native = matches!(*package, "hwc-runtime" | "hwc-cost-model" | "hwc-extraction" | "xtask");
        let native = if without_native { &native[..] } else { &[] };
        wrong.extend(
            others.iter().chain(native).filter(|o| links.contains(**o)).map(|o| format!("{package} links {o}")),
        );
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    // The rules above are about something: the driver does link what they forbid.
    assert!(links(&metadata, "hwc").contains("llvm-sys"));
}

/// The files git knows, where there is git; all source files otherwise.
fn files() -> Vec<PathBuf> {
    let listed = Command::new("git").args(["ls-files", "-z"]).current_dir(root()).output().expect("git runs");
    let text = String::from_utf8(listed.stdout).expect("paths are UTF-8");
    text.split('\0').filter(|p| !p.is_empty()).map(|p| root().join(p)).filter(|p| p.is_file()).collect()
}

fn has_ending(path: &Path, endings: &[&str]) -> bool {
    path.extension().is_some_and(|e| endings.iter().any(|ending| e == *ending))
}

#[test]
fn files_stay_small() {
    const LONGEST: usize = 600;
    let mut long = Vec::new();
    for path in files().iter().filter(|p| has_ending(p, &["rs", "td", "cpp", "h", "py"])) {
        let lines = fs::read_to_string(path).expect("source is text").lines().count();
        if lines > LONGEST {
            long.push(format!("{} has {lines} lines", path.display()));
        }
    }
    assert!(long.is_empty(), "{long:#?}");
}

#[test]
fn unsafe_stands_in_modules_that_say_so() {
    // `unsafe` of a block, function or implementation; not the word in a comment or a lint's name.
    let uses = |text: &str| {
        text.lines().map(|l| l.split("//").next().unwrap_or("")).any(|l| {
            ["unsafe {", "unsafe fn", "unsafe impl", "unsafe(", "unsafe extern \"C\" {"]
                .iter()
                .any(|word| l.contains(word))
        })
    };
    let marked = |text: &str| text.contains("#![allow(unsafe_code)]") || text.contains("#![expect(unsafe_code");
    let mut wrong = Vec::new();
    for path in files().iter().filter(|p| has_ending(p, &["rs"])) {
        let text = fs::read_to_string(path).expect("source is text");
        let inside_named =
            path.components().any(|c| matches!(c.as_os_str().to_str(), Some("ffi" | "capi" | "fuzz" | "tests")));
        if uses(&text) && !inside_named && !marked(&text) && !path.ends_with("tidy.rs") && !text.contains("mod ffi {") {
            wrong.push(path.display().to_string());
        }
    }
    assert!(wrong.is_empty(), "unsafe code in modules that do not announce it: {wrong:#?}");
}

#[test]
fn nothing_is_left_to_do() {
    // Spelled in parts, so that this file does not find itself.
    let words =
        [["to", "do!("].concat(), ["unimple", "mented!("].concat(), ["FIX", "ME"].concat(), ["XX", "X:"].concat()];
    let mut wrong = Vec::new();
    for path in files().iter().filter(|p| has_ending(p, &["rs", "td", "cpp", "h", "py", "md", "toml"])) {
        let text = fs::read_to_string(path).expect("source is text");
        wrong.extend(words.iter().filter(|w| text.contains(w.as_str())).map(|w| format!("{}: {w}", path.display())));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn nothing_refers_to_where_it_was_written() {
    // Spelled in parts, so that this file does not find itself.
    let words = [["/wo", "rk/"], ["../sha", "red"], ["py", "pi.org"], ["crates", ".io"], ["pythonhos", "ted"]]
        .map(|w| w.concat());
    let mut wrong = Vec::new();
    let texts = ["rs", "td", "cpp", "h", "py", "md", "toml", "mlir", "test", "txt"];
    for path in files().iter().filter(|p| has_ending(p, &texts)) {
        let text = fs::read_to_string(path).expect("source is text");
        wrong.extend(words.iter().filter(|w| text.contains(w.as_str())).map(|w| format!("{}: {w}", path.display())));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
