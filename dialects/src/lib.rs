//! The `hwc` MLIR dialect: its operator table, type inference, reference semantics, and the frontends that make it.
//!
//! `td/Hwk.td` and [`hwk`] are the dialect of kernels with their schedules.
//!
//! `td/*.td` declares each operator once. From it come MLIR's classes, the enum [`Op`] with its table of [`OpInfo`]
//! (type inference, reference evaluator, cost class) and, in the crate `hwc-passes`, the table of lowerings.

pub mod activation;
pub mod attrs;
pub mod einsum;
pub mod hwk;
pub mod image;
pub mod infer;
pub mod mlir;
pub mod onnx;
pub mod op;
pub mod reference;
pub mod types;
pub mod window;
pub mod winograd;

pub use attrs::{Attr, Attrs};
pub use infer::Errors;
pub use op::{AxisOrder, CostClass, Op, OpInfo};
pub use types::{Dim, TensorType};
