//! The ONNX frontend: from a model file to a module of the `hwc` dialect.

pub mod proto;
