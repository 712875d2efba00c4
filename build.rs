//! Compiles the driver's C++ part: `mlir-opt` with passes written in Rust.

use std::{env, path::PathBuf};

fn main() {
    println!("cargo:rerun-if-changed=src/cpp");
    println!("cargo:rerun-if-env-changed=MLIR_SYS_220_PREFIX");
    let prefix = PathBuf::from(env::var("MLIR_SYS_220_PREFIX").unwrap_or_else(|_| "/usr/lib/llvm-22".into()));
    cc::Build::new()
        .cpp(true)
        .std("c++17")
        // LLVM is built without RTTI, and a class derived from one of its classes has to be as well.
        .flag("-fno-rtti")
        .flag("-w")
        .opt_level(1)
        .include(prefix.join("include"))
        .file("src/cpp/opt_main.cpp")
        .compile("hwc_opt_main");
}
