//! Loads and runs models compiled by hwc.
//!
//! The crate links neither MLIR nor LLVM: a program that only runs a compiled model needs neither.
//!
//! * [`Session`] runs a model: [`Session::load`] takes a file, [`Session::from_parts`] code that a just-in-time compiler
//!   left in memory.
//! * [`abi`] is what generated code and its caller agree on, [`Manifest`] what the code says about itself.
//! * [`WeightsImage`] lays out the constants, [`artifact::write`] makes the file `model.hwc`, [`Artifact`] reads it.
//! * [`atomic_file::AtomicFile`] writes files that appear whole or not at all; [`npy`] reads and writes tensors.
//!
//! A compiler does this with the object it made:
//!
//! ```no_run
//! use std::path::Path;
//!
//! use bytes::Bytes;
//! use hwc_runtime::manifest::{Arena, Input, Manifest, Output, Target};
//! use hwc_runtime::{DType, WeightsImage, abi, artifact};
//!
//! # fn link(manifest: &str, weights_offset: u64) -> Vec<u8> { Vec::new() }
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut weights = WeightsImage::new();
//! let offset = weights.push(Bytes::from_static(&[0; 12]));
//! let manifest = Manifest {
//!     abi: abi::ABI_VERSION,
//!     producer: "hwc 0.1.0".into(),
//!     model: "affine".into(),
//!     target: Target { triple: "x86_64-unknown-linux-gnu".into(), cpu: "x86-64-v3".into(), features: vec!["avx2".into()] },
//!     inputs: vec![Input { name: "x".into(), dtype: DType::F32, shape: vec![3], bound: None }],
//!     outputs: vec![Output { name: "y".into(), dtype: DType::F32, shape: vec![3] }],
//!     weights: weights.describe(),
//!     arena: Arena::default(),
//!     kernels: vec![],
//!     metadata: Default::default(),
//! };
//! // The shared object exports `hwc_run` and, as `hwc_manifest`, exactly this text and a NUL.
//! let shared_object = link(&manifest.to_json(), offset);
//! artifact::write(Path::new("affine.hwc"), &manifest, &shared_object, &weights)?;
//! # Ok(())
//! # }
//! ```

#![deny(unsafe_code)]

pub mod abi;
pub mod artifact;
pub mod atomic_file;
#[expect(unsafe_code, reason = "C hands over bare pointers")]
pub mod capi;
pub mod cpu;
pub mod digest;
pub mod dtype;
#[expect(unsafe_code, reason = "aligned memory, mapped files and machine code are beyond the language")]
pub mod ffi;
pub mod library;
pub mod manifest;
pub mod npy;
pub mod problem;
pub mod scratch;
pub mod session;
pub mod tensor;
pub mod threads;
pub mod view;
pub mod weights;

pub use artifact::{Artifact, LoadError};
pub use digest::Digest;
pub use dtype::DType;
pub use ffi::buffer::{AlignedBuffer, NoMemory};
pub use ffi::code::Code;
pub use manifest::Manifest;
pub use problem::{Problem, Problems};
pub use session::{Outputs, RunError, Session};
pub use tensor::{Tensor, TensorError};
pub use threads::{Executor, Pool, Threads};
pub use view::{TensorView, TensorViewMut};
pub use weights::WeightsImage;
