//! What can go wrong with a model.

use std::path::PathBuf;

const RETRAIN: &str = "make another one by `hwc-opt tune train`";

/// Why there is no model, or no prediction.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The environment's fault: a file that cannot be read.
    #[error("{}: {source}", path.display())]
    File { path: PathBuf, source: std::io::Error },
    /// The caller's fault: something else was named.
    #[error("it is no cost model of hwc, or it has lost its beginning; {RETRAIN}")]
    NotAModel,
    #[error("it is a cost model of format {found}, and this build reads format {wanted}; {RETRAIN}")]
    Version { found: u32, wanted: u32 },
    #[error("it was trained for tokens {found}, and this build makes tokens {wanted}; {RETRAIN}")]
    Tokens { found: String, wanted: String },
    #[error("the cost model is damaged: {0}; take another copy of it, or {RETRAIN}")]
    Broken(String),
    /// The caller's fault: what there is to learn from.
    #[error("nothing can be learned from this: {}", .0.join("; "))]
    Examples(Vec<String>),
    /// The caller wanted it.
    #[error("training was stopped; nothing is kept of it")]
    Stopped,
    /// The environment's fault: nothing that runs the network.
    #[error(
        "no ONNX Runtime was found to run the cost model: {}; install it by `cargo xtask setup`, name the library by \
         ORT_DYLIB_PATH, or build with the feature `tract`",
        .0.join("; ")
    )]
    NoRuntime(Vec<String>),
    /// The runtime refuses the network, or fails at it.
    #[error("ONNX Runtime cannot run the cost model: {0}")]
    Runtime(String),
}
