//! Why one node cannot be imported.

use super::value::Var;
use crate::infer::Errors;
use crate::onnx::attribute::AttributeError;

/// Why one node cannot be imported, without its name.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Failure {
    /// The model breaks the rules of the operator.
    #[error("{0}")]
    Invalid(String),
    /// The model is right and uses what the compiler does not have: a short phrase, the same for each node that
    /// fails for this reason.
    #[error("{0}")]
    Unsupported(String),
    /// Shapes depend on the value of a tensor that is not known before the model runs.
    #[error("needs the value of {what} at compile time")]
    Needs { what: String, var: Var },
    /// A problem that is reported already reaches the node.
    #[error("depends on what failed before")]
    Poisoned,
    /// A bound of the compiler is reached.
    #[error("{0}")]
    Limit(String),
}

impl From<AttributeError> for Failure {
    fn from(error: AttributeError) -> Failure {
        Failure::Invalid(error.to_string())
    }
}

impl From<Errors> for Failure {
    fn from(errors: Errors) -> Failure {
        Failure::Invalid(errors.to_string())
    }
}

/// Helpers shared with type inference report what is wrong as text.
impl From<String> for Failure {
    fn from(message: String) -> Failure {
        Failure::Invalid(message)
    }
}

impl From<hwc_runtime::TensorError> for Failure {
    fn from(error: hwc_runtime::TensorError) -> Failure {
        Failure::Invalid(error.to_string())
    }
}

/// Short form for [`Failure::Invalid`].
pub fn invalid<T>(message: impl Into<String>) -> Result<T, Failure> {
    Err(Failure::Invalid(message.into()))
}

/// Short form for [`Failure::Unsupported`].
pub fn unsupported<T>(reason: impl Into<String>) -> Result<T, Failure> {
    Err(Failure::Unsupported(reason.into()))
}
