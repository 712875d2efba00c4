//! What can go wrong with a predictor.

/// Why a predictor has no report.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Error {
    /// The predictor's fault.
    #[error("{name} gives {found} estimates for {expected} kernels")]
    Count { name: String, found: usize, expected: usize },
    /// The predictor's fault: the first estimate of these that is none.
    #[error("{name} gives {count} estimates that are none, first for kernel {place}: {what}")]
    Estimate { name: String, count: usize, place: usize, what: String },
    /// The caller's fault: nothing, or too little, to learn from.
    #[error("{name} cannot learn: {why}")]
    Training { name: &'static str, why: String },
    /// The predictor's own reason.
    #[error("{name}: {why}")]
    Failed { name: String, why: String },
    /// The caller's fault.
    #[error("there is no fit to report on")]
    NoFit,
}
