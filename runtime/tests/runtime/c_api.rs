//! The C API: the header and the library agree, and a C program runs a model.

use std::collections::BTreeSet;
use std::mem::offset_of;
use std::path::{Path, PathBuf};
use std::process::Command;

use hwc_runtime::capi::{HWC_API_VERSION, HWC_TENSOR_BOUND, STATUSES, hwc_tensor};
use hwc_runtime::{DType, abi};

use crate::common::{Scratch, artifact, manifest};

fn header() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("include/hwc_runtime.h");
    std::fs::read_to_string(path).expect("the header")
}

/// The directory of `libhwc_runtime.so`, which Cargo makes beside the tests.
fn library_directory() -> PathBuf {
    let test = std::env::current_exe().expect("this program");
    let directory = test.parent().expect("a directory").to_path_buf();
    assert!(directory.join("libhwc_runtime.so").exists(), "no library in {}", directory.display());
    directory
}

fn output(command: &mut Command) -> String {
    let output = command.output().expect("a program that can be run");
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}: {out}{err}");
    out.into_owned()
}

#[test]
fn the_header_declares_what_the_library_exports() {
    let library = library_directory().join("libhwc_runtime.so");
    let symbols = output(Command::new("nm").args(["--dynamic", "--defined-only", "--format=posix"]).arg(library));
    let names = symbols.lines().filter_map(|line| line.split(' ').next());
    let exported: BTreeSet<&str> = names.filter(|name| name.starts_with("hwc_")).collect();
    let header = header();
    let code = header.split("*/").filter_map(|part| part.split("/*").next());
    let code: String = code.collect();
    let declared: BTreeSet<&str> = code
        .match_indices('(')
        .filter_map(|(at, _)| code[..at].rsplit(|c: char| !c.is_alphanumeric() && c != '_').next())
        .filter(|name| name.starts_with("hwc_"))
        .collect();
    assert_eq!(declared, exported);
    assert!(declared.len() >= 12, "{declared:?}");
}

#[test]
fn the_header_has_every_number() {
    let header = header();
    let value = |name: &str| {
        let define = format!("#define {name} ");
        let found = header.lines().find_map(|line| {
            line.strip_prefix(&define).or_else(|| line.trim().strip_prefix(name)?.strip_prefix(" = "))
        });
        let digits = found.unwrap_or_else(|| panic!("{name} is not in the header"));
        digits.trim_end_matches([',', 'u']).parse::<i64>().expect("a number")
    };
    assert_eq!(value("HWC_API_VERSION"), i64::from(HWC_API_VERSION));
    assert_eq!(value("HWC_TENSOR_BOUND"), i64::from(HWC_TENSOR_BOUND));
    for &(name, number) in STATUSES {
        assert_eq!(value(name), i64::from(number));
    }
    for &dtype in DType::ALL {
        assert_eq!(value(&format!("HWC_{}", dtype.name().to_uppercase())), i64::from(dtype.onnx()));
    }
    assert!(header.contains(abi::WORKERS_DECLARATION));
    assert_eq!(header.matches(" = ").count(), STATUSES.len() + DType::ALL.len());
}

#[test]
fn a_c_program_runs_an_artifact() {
    let scratch = Scratch::new();
    let (artifact, program, text) = (artifact(&scratch), scratch.path("program"), scratch.path("text"));
    std::fs::write(&text, "hello\n").expect("writable");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let libraries = library_directory().display().to_string();
    let link = |how: &[&str]| {
        let mut compiler = Command::new("cc");
        compiler.args(["-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-g", "-o"]).arg(&program);
        compiler.arg("-I").arg(root.join("include")).arg(root.join("tests/runtime/program.c"));
        output(compiler.args(how));
        output(Command::new(&program).arg(&artifact).arg(&text))
    };
    let out = link(&["-L", &libraries, "-lhwc_runtime", &format!("-Wl,-rpath,{libraries}")]);
    assert_eq!(link(&[&format!("{libraries}/libhwc_runtime.a"), "-lpthread", "-ldl", "-lm"]), out);
    let layout = [
        size_of::<hwc_tensor>(),
        offset_of!(hwc_tensor, name),
        offset_of!(hwc_tensor, shape),
        offset_of!(hwc_tensor, data),
        offset_of!(hwc_tensor, bytes),
        offset_of!(hwc_tensor, rank),
        offset_of!(hwc_tensor, dtype),
        offset_of!(hwc_tensor, flags),
    ];
    let layout: String = layout.iter().map(|number| format!(" {number}")).collect();
    let expected = format!(
        "manifest {}\n\
         input x dtype=1 bytes=4000 flags=0 shape=10,100,\n\
         output y dtype=1 bytes=4000 flags=0 shape=10,100,\n\
         input negate dtype=9 bytes=1 flags=0 shape=\n\
         output empty dtype=1 bytes=0 flags=0 shape=0,5,\n\
         input mode dtype=7 bytes=8 flags=1 shape=1,\n\
         output count dtype=7 bytes=8 flags=0 shape=\n\
         layout{layout}\n",
        manifest().to_json()
    );
    assert_eq!(out, expected);
}
