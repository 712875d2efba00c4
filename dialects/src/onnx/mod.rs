//! The ONNX frontend: from a model file to a module of the `hwc` dialect.

pub mod external;
pub mod limits;
mod mmap;
pub mod proto;
pub mod tensor;
