//! Why a command failed, and the exit code that says whose fault it is.

use std::fmt;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use hwc::{Error, Fault, RunError};

/// Exit codes; `cli::EXIT_CODES` describes them.
pub mod code {
    pub const INPUT: u8 = 1;
    pub const COMMAND_LINE: u8 = 2;
    pub const ENVIRONMENT: u8 = 3;
    pub const DEFECT: u8 = 4;
    pub const DIFFERS: u8 = 5;
}

/// A failed command.
#[derive(Debug, PartialEq)]
pub struct Failure {
    code: u8,
    message: String,
}

impl Failure {
    /// The input's fault; `place` is a file, an input or an option.
    pub fn input(place: impl fmt::Display, what: impl fmt::Display) -> Failure {
        Failure { code: code::INPUT, message: format!("{place}: {what}") }
    }

    /// What the parser of the command line cannot know to be wrong.
    pub fn command_line(message: impl fmt::Display) -> Failure {
        Failure { code: code::COMMAND_LINE, message: message.to_string() }
    }

    pub fn environment(place: impl fmt::Display, what: impl fmt::Display) -> Failure {
        Failure { code: code::ENVIRONMENT, message: format!("{place}: {what}") }
    }

    pub fn defect(what: impl fmt::Display) -> Failure {
        Failure {
            code: code::DEFECT,
            message: format!("{what}\nthis is a defect in hwc; please report it with the input and the command line"),
        }
    }

    /// A file that cannot be read or written.
    pub fn file(path: &Path, error: &std::io::Error) -> Failure {
        Failure::environment(path.display(), error)
    }

    /// All of these as one, unless there is none. It is the input's fault if one of them is.
    pub fn all(failures: Vec<Failure>) -> Result<(), Failure> {
        let code = match failures.iter().find(|f| f.code == code::INPUT).or(failures.first()) {
            Some(failure) => failure.code,
            None => return Ok(()),
        };
        let messages: Vec<String> = failures.into_iter().map(|f| f.message).collect();
        let message = match &messages[..] {
            [message] => message.clone(),
            _ => format!("{} problems\n  - {}", messages.len(), messages.join("\n  - ")),
        };
        Err(Failure { code, message })
    }

    pub fn code(&self) -> u8 {
        self.code
    }

    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.code)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.message)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        let code = match error.fault() {
            Fault::Input | Fault::Unsupported => code::INPUT,
            Fault::Environment => code::ENVIRONMENT,
            Fault::Defect => code::DEFECT,
        };
        Failure { code, message: error.to_string() }
    }
}

/// The environment's fault, or else the input's.
fn by_environment(environment: bool, error: impl fmt::Display) -> Failure {
    Failure { code: if environment { code::ENVIRONMENT } else { code::INPUT }, message: error.to_string() }
}

impl From<hwc_runtime::LoadError> for Failure {
    fn from(error: hwc_runtime::LoadError) -> Failure {
        by_environment(error.is_environment(), error)
    }
}

impl From<hwc_runtime::npy::NpyError> for Failure {
    fn from(error: hwc_runtime::npy::NpyError) -> Failure {
        by_environment(error.is_environment(), error)
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Failure {
        match error {
            RunError::Defect(_) => Failure::defect(error),
            RunError::Memory(_) => by_environment(true, error),
            RunError::Tensors(_) | RunError::Stopped { .. } => by_environment(false, error),
        }
    }
}

/// Runs a command; a panic is a defect, told like any other error.
pub fn guarded<T>(command: impl FnOnce() -> Result<T, Failure> + std::panic::UnwindSafe) -> Result<T, Failure> {
    // The place is what a report needs; the message of the panic alone would not tell it.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(String::new, |place| format!(" at {place}"));
        let _ = writeln!(std::io::stderr(), "hwc-opt: panicked{place}");
    }));
    let result = std::panic::catch_unwind(command);
    let _ = std::panic::take_hook();
    result.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
        Err(Failure::defect(text.unwrap_or("panicked")))
    })
}

/// Writes to standard output. A reader that went away is no error, as for any filter.
pub fn print(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    written(out.write_all(bytes).and_then(|()| out.flush()))
}

/// What came of writing to standard output.
pub fn written(result: std::io::Result<()>) -> Result<(), Failure> {
    match result {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::environment("standard output", error))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_defect() {
        let failure = guarded::<()>(|| panic!("number {}", 7)).unwrap_err();
        assert_eq!(failure.code, code::DEFECT);
        assert!(failure.to_string().starts_with("error: number 7\nthis is a defect"), "{failure}");
        assert_eq!(guarded(|| Ok(3)), Ok(3));
    }

    #[test]
    fn several_failures_are_told_at_once() {
        assert_eq!(Failure::all(vec![]), Ok(()));
        let one = || Failure::environment("a", "gone");
        assert_eq!(Failure::all(vec![one()]), Err(one()));
        let both = Failure::all(vec![one(), Failure::input("b", "wrong")]).unwrap_err();
        assert_eq!((both.code, &*both.message), (code::INPUT, "2 problems\n  - a: gone\n  - b: wrong"));
    }
}
