//! What can be wrong with a model file.

use std::fmt::{self, Write};
use std::io;
use std::path::PathBuf;

use super::limits::{BudgetExceeded, MAX_PROBLEMS, shorten};
use super::opset::OpsetError;
use super::tensor::TensorReadError;
use super::types::TypeError;

/// Whose fault an error is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The file is not a valid model, or asks for more than the limits.
    Input,
    /// The file is valid and uses what the compiler does not have.
    Unsupported,
    /// The operating system refuses to do what is needed.
    Environment,
}

/// Why a model could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error("cannot read `{}`: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("not an ONNX model: at byte {offset} of {length}: {source}")]
    Wire { offset: usize, length: usize, source: prost::DecodeError },
    #[error("the model {0}")]
    TooLarge(#[from] BudgetExceeded),
    #[error(transparent)]
    Invalid(#[from] Problems),
}

impl LoadError {
    /// Whose fault it is; the first of these that applies to any problem: input, environment, unsupported.
    pub fn fault(&self) -> Fault {
        match self {
            LoadError::Read { .. } => Fault::Environment,
            LoadError::Wire { .. } | LoadError::TooLarge(_) => Fault::Input,
            LoadError::Invalid(problems) => {
                let any = |fault| problems.list.iter().any(|p| p.kind.fault() == fault);
                [Fault::Input, Fault::Environment].into_iter().find(|&f| any(f)).unwrap_or(Fault::Unsupported)
            }
        }
    }
}

/// Everything that is wrong with a model.
#[derive(Debug, Default)]
pub struct Problems {
    /// At most [`MAX_PROBLEMS`].
    pub list: Vec<Problem>,
    /// How many more there are than listed.
    pub more: usize,
}

/// One thing that is wrong, and where.
#[derive(Debug)]
pub struct Problem {
    /// The node, value or message: `node 'conv1' (Conv)`, `initializer 'w'`.
    pub place: String,
    pub kind: ProblemKind,
}

/// What is wrong at one place of a model.
#[derive(Debug, thiserror::Error)]
pub enum ProblemKind {
    #[error("{0} is missing")]
    Missing(&'static str),
    #[error("the name is defined more than once")]
    Duplicate,
    #[error("reads `{0}`, which no input, initializer or node in reach defines")]
    UnknownValue(String),
    #[error("is part of a cycle: {}", .0.join(" -> "))]
    Cycle(Vec<String>),
    #[error(transparent)]
    Opset(#[from] OpsetError),
    #[error(transparent)]
    Type(#[from] TypeError),
    #[error(transparent)]
    Tensor(#[from] TensorReadError),
    #[error("attribute `{name}` {reason}")]
    Attribute { name: String, reason: String },
    #[error("{0}")]
    Call(String),
    #[error("{0}")]
    Limit(String),
}

impl ProblemKind {
    /// Whose fault it is.
    pub fn fault(&self) -> Fault {
        use super::external::ExternalError;
        match self {
            ProblemKind::Opset(OpsetError::Version { .. } | OpsetError::Ir(_)) => Fault::Unsupported,
            ProblemKind::Tensor(TensorReadError::Unsupported(_)) => Fault::Unsupported,
            ProblemKind::Tensor(TensorReadError::External(ExternalError::Read { .. })) => Fault::Environment,
            _ => Fault::Input,
        }
    }
}

impl Problems {
    /// Notes a problem.
    pub fn push(&mut self, place: impl Into<String>, kind: impl Into<ProblemKind>) {
        if self.list.len() < MAX_PROBLEMS {
            self.list.push(Problem { place: shorten(place.into()), kind: kind.into() });
        } else {
            self.more += 1;
        }
    }

    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}

/// Text from a model with control characters escaped: they would act on a terminal.
pub(crate) struct Plain<'a>(pub &'a str);

impl fmt::Display for Plain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for char in self.0.chars() {
            if char.is_control() { write!(f, "{}", char.escape_default())? } else { f.write_char(char)? }
        }
        Ok(())
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", Plain(&self.place), Plain(&self.kind.to_string()))
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total = self.list.len() + self.more;
        write!(f, "the model is not usable, {total} problem{}:", if total == 1 { "" } else { "s" })?;
        for problem in &self.list {
            write!(f, "\n  {problem}")?;
        }
        if self.more > 0 {
            write!(f, "\n  and {} more", self.more)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}
