//! The `hwc` dialect, its operator table and the ONNX frontend.

pub mod onnx;
