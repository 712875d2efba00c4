//! Passes of hwc: graph rewrites, lowering, and code generation.

pub mod codegen;
pub mod graph;
pub mod hwk;
pub mod lower;
pub mod print;
pub mod registry;
