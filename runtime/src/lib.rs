//! Loads and runs artifacts compiled by hwc.
//!
//! The crate links neither MLIR nor LLVM: a program that only runs a compiled model needs neither.

pub mod dtype;
pub mod tensor;

pub use dtype::DType;
pub use tensor::{Tensor, TensorError};
