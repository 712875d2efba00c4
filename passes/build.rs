//! Compiles the C++ part, what the MLIR C API lacks, and names this build of the compiler.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

/// What decides the code that is generated, beside this crate's manifest.
const SOURCES: &[&str] = &["src", "cpp", "../dialects/src", "../dialects/td", "../dialects/cpp", "../Cargo.lock"];

fn main() {
    name_build();
    compile_shim();
}

/// Sets `HWC_BUILD` to a hash of the sources, so that what one build has compiled or measured is not taken for another's.
fn name_build() {
    let mut hasher = blake3::Hasher::new();
    for source in SOURCES {
        println!("cargo:rerun-if-changed={source}");
        hash(Path::new(source), &mut hasher);
    }
    println!("cargo:rustc-env=HWC_BUILD={}", &hasher.finalize().to_hex()[..16]);
}

/// Hashes a file, or all files of a folder with their names; what is not there counts as empty.
fn hash(path: &Path, hasher: &mut blake3::Hasher) {
    let mut inside: Vec<PathBuf> =
        fs::read_dir(path).map(|all| all.flatten().map(|entry| entry.path()).collect()).unwrap_or_default();
    inside.sort();
    inside.iter().for_each(|path| hash(path, hasher));
    let text = fs::read(path).unwrap_or_default();
    hasher.update(path.to_string_lossy().as_bytes()).update(&(text.len() as u64).to_le_bytes()).update(&text);
}

fn compile_shim() {
    println!("cargo:rerun-if-changed=cpp");
    println!("cargo:rerun-if-env-changed=MLIR_SYS_220_PREFIX");
    let prefix = env::var("MLIR_SYS_220_PREFIX").unwrap_or_else(|_| "/usr/lib/llvm-22".into());
    cc::Build::new()
        .cpp(true)
        .std("c++17")
        // LLVM is built without RTTI; a class derived from one of its classes has to be as well.
        .flag("-fno-rtti")
        .flag_if_supported("-w")
        .opt_level(1)
        .debug(false)
        .include(PathBuf::from(prefix).join("include"))
        .file("cpp/shim.cpp")
        .compile("hwc_codegen_shim");
}
