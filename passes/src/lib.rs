//! Passes of hwc: graph rewrites, lowering, and code generation.

pub mod codegen;
