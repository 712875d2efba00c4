//! A hardware-aware compiler for machine-learning dataflow graphs.
//!
//! ONNX bytes in, native code in memory, outputs:
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use hwc::{Compiler, Model, Options, Tensor};
//!
//! let bytes: &[u8] = include_bytes!("../tests/data/affine.onnx"); // y = relu(x + [1, 10, 100])
//! let model = Model::from_bytes(bytes)?;
//! let artifact = Compiler::new(Options::new().dim("batch", 1)).compile(&model)?;
//! let session = artifact.session()?;
//! let x = Tensor::from_vec(vec![1, 3], vec![1.0f32, -20.0, 3.0])?;
//! let outputs = session.run([("x", &x)])?;
//! let y = outputs.get("y").ok_or("no output y")?;
//! assert_eq!(y.to_vec::<f32>()?, [2.0, 0.0, 103.0]);
//! # Ok(())
//! # }
//! ```
//!
//! Everything may be used from several threads. Nothing is printed: what a compilation has to say is returned as
//! [`Diagnostic`]s.

mod artifact;
mod compiler;
mod cost_model;
mod error;
mod folder;
mod frontend;
mod header;
mod kernel_cache;
pub mod measure;
mod model;
mod options;
mod rewrite;
pub mod tune;

pub use artifact::Artifact;
pub use compiler::{Compiler, Emitted, Stage};
pub use cost_model::CostModel;
pub use error::{Diagnostic, Error, Fault, Severity};
pub use hwc_passes::optimize::explain::{Explanation, Picture, PictureNode};
pub use hwc_runtime::{DType, Executor, Outputs, Pool, RunError, Session, Tensor, Threads};
pub use kernel_cache::KernelCache;
pub use model::Model;
pub use options::{Options, Phase, Rewriting, Target};
