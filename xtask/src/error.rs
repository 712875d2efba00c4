//! What can go wrong in a command, and whose fault it is.

use std::io;
use std::path::{Path, PathBuf};

pub type Result<T> = std::result::Result<T, Error>;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A row of a report is wrong: a test fails, a result differs. The report has said so.
    #[error("the report names what is wrong")]
    Reported,
    /// What the user wrote on the command line does not fit.
    #[error("{0}")]
    Usage(String),
    /// The machine lacks something; the text says what to do.
    #[error("{0}")]
    Environment(String),
    #[error("cannot {action} {}: {source}", path.display())]
    Io { action: &'static str, path: PathBuf, source: io::Error },
    /// A program that the command needs failed.
    #[error("{program} failed ({status}){}", indent(output))]
    Program { program: String, status: String, output: String },
    /// A Python program that serves this one cannot do what it is asked, such as run a foreign model.
    #[error("{program}: {reason}")]
    Refused { program: &'static str, reason: String },
    /// A program answered something that cannot be read.
    #[error("cannot understand what {program} answered: {detail}")]
    Answer { program: String, detail: String },
}

impl Error {
    /// The exit codes of `hwc-opt`: 1 a wrong result, 2 the command line, 3 the environment.
    pub fn exit_code(&self) -> u8 {
        match self {
            Error::Reported => 1,
            Error::Usage(_) => 2,
            Error::Environment(_) | Error::Io { .. } => 3,
            Error::Program { .. } | Error::Refused { .. } | Error::Answer { .. } => 1,
        }
    }

    /// For `map_err`: `fs::read(p).map_err(Error::io("read", p))`.
    pub fn io(action: &'static str, path: impl AsRef<Path>) -> impl FnOnce(io::Error) -> Error {
        let path = path.as_ref().to_path_buf();
        move |source| Error::Io { action, path, source }
    }

    pub fn answer(program: &str, detail: impl ToString) -> Error {
        Error::Answer { program: program.to_string(), detail: detail.to_string() }
    }
}

fn indent(output: &str) -> String {
    if output.trim().is_empty() {
        return String::new();
    }
    output.trim_end().lines().fold(String::from(":"), |text, line| text + "\n    " + line)
}
