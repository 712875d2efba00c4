//! Why a command failed, and the exit code that says whose fault it is.

use std::fmt;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use hwc::{Error, Fault, RunError};

/// A failed command.
#[derive(Debug)]
pub struct Failure {
    fault: Fault,
    message: String,
}

impl Failure {
    /// The input's fault; `place` is a file, an input or an option.
    pub fn input(place: impl fmt::Display, what: impl fmt::Display) -> Failure {
        Failure { fault: Fault::Input, message: format!("{place}: {what}") }
    }

    pub fn environment(place: impl fmt::Display, what: impl fmt::Display) -> Failure {
        Failure { fault: Fault::Environment, message: format!("{place}: {what}") }
    }

    /// A file that cannot be read or written.
    pub fn file(path: &Path, error: &std::io::Error) -> Failure {
        Failure::environment(path.display(), error)
    }

    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self.fault {
            Fault::Input | Fault::Unsupported => 1,
            Fault::Environment => 3,
            Fault::Defect => 4,
        })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.message)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure { fault: error.fault(), message: error.to_string() }
    }
}

impl From<hwc_runtime::LoadError> for Failure {
    fn from(error: hwc_runtime::LoadError) -> Failure {
        Failure {
            fault: if error.is_environment() { Fault::Environment } else { Fault::Input },
            message: error.to_string(),
        }
    }
}

impl From<hwc_runtime::npy::NpyError> for Failure {
    fn from(error: hwc_runtime::npy::NpyError) -> Failure {
        let fault = if error.is_environment() { Fault::Environment } else { Fault::Input };
        Failure { fault, message: error.to_string() }
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Failure {
        let fault = match error {
            RunError::Memory(_) => Fault::Environment,
            RunError::Defect(_) => Fault::Defect,
            RunError::Tensors(_) | RunError::Stopped { .. } => Fault::Input,
        };
        Failure { fault, message: error.to_string() }
    }
}

/// Writes to standard output. A reader that went away is no error, as for any filter.
pub fn print(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::environment("standard output", error))
        }
        _ => Ok(()),
    }
}
