//! A hardware-aware compiler for machine-learning dataflow graphs.
//!
//! ONNX bytes in, native code in memory, outputs:
//!
//! ```no_run
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use hwc::{Compiler, Model, Options, Tensor};
//!
//! let model = Model::from_bytes(std::fs::read("model.onnx")?)?;
//! let artifact = Compiler::new(Options::new().dim("batch", 1)).compile(&model)?;
//! let session = artifact.session()?;
//! let x = Tensor::from_vec(vec![1, 3], vec![1.0f32, 2.0, 3.0])?;
//! let outputs = session.run([("x", &x)])?;
//! println!("{:?}", outputs.get("y"));
//! # Ok(())
//! # }
//! ```
//!
//! Everything may be used from several threads. Nothing is printed: what a compilation has to say is returned as
//! [`Diagnostic`]s.

mod artifact;
mod compiler;
mod error;
mod header;
mod model;
mod options;

pub use artifact::Artifact;
pub use compiler::{Compiler, Stage};
pub use error::{Diagnostic, Error, Fault, Severity};
pub use hwc_runtime::{DType, Outputs, RunError, Session, Tensor};
pub use model::Model;
pub use options::{Options, Phase, Target};
