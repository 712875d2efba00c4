//! From the LLVM dialect to machine code.

pub mod emit;
pub mod entry;
pub mod jit;
pub mod link;
pub mod split;
pub mod target;
pub mod tasks;
pub mod write;
