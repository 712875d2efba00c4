//! The ONNX frontend: from a model file to a module of the `hwc` dialect.
//!
//! Loading ([`load`]) decodes the file ([`proto`]), reads its tensors ([`tensor`], [`external`]), checks everything
//! that needs no knowledge of operators, resolves names and inlines functions ([`graph`]). Importing ([`import`])
//! translates nodes to operators of the dialect, by a table ([`ops`]).

pub mod attribute;
pub mod error;
pub mod external;
pub mod graph;
pub mod import;
pub mod limits;
pub mod load;
mod mmap;
pub mod ops;
pub mod opset;
mod order;
pub mod proto;
mod prune;
mod resolve;
pub mod tensor;
#[cfg(test)]
pub(crate) mod testing;
pub mod types;

pub use error::{Fault, LoadError, Problem, ProblemKind, Problems};
pub use graph::{Graph, Model, Node, ValueId};
pub use import::{Imported, Options, import};
pub use load::{load_bytes, load_path};
