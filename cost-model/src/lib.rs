//! Predictions of what a kernel costs, from text and numbers. Links neither MLIR nor LLVM.

pub mod dataset;
pub mod eval;
pub mod model;
mod roofline;
pub mod text;
pub mod transfer;

pub use roofline::{Bound, Machine, Work};
