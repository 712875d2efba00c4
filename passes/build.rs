//! Compiles the C++ part: what the MLIR C API lacks.

use std::{env, path::PathBuf};

fn main() {
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
