//! Passes of hwc: graph rewrites, lowering, and code generation.

pub mod codegen;
pub mod egraph;
pub mod graph;
pub mod hwk;
pub mod lower;
pub mod optimize;
pub mod print;
pub mod registry;

/// This build of the compiler: what another one has compiled or measured may not be true of it.
pub const BUILD: &str = env!("HWC_BUILD");
