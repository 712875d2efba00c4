//! What code generation reports when it cannot go on.

use std::fmt;

/// An error of code generation; [`CodegenError::is_input`] tells whose fault it is.
#[derive(Debug, thiserror::Error)]
pub enum CodegenError {
    /// The module is not in kernel form. Every violation found, each with its place.
    #[error("the module is not in kernel form:\n{}", Lines(.0))]
    KernelForm(Vec<String>),
    /// The module is well formed but asks for something that is not compiled. Every such place.
    #[error("not supported by code generation:\n{}", Lines(.0))]
    Unsupported(Vec<String>),
    /// A step of the MLIR pipeline failed; `diagnostics` are its messages with their locations.
    #[error("{phase} failed:\n{}", Lines(.diagnostics))]
    Mlir { phase: &'static str, diagnostics: Vec<String> },
    /// The target cannot be built: an unknown CPU or feature, or a triple other than x86-64.
    #[error("target: {0}")]
    Target(String),
    /// LLVM refused the module or could not emit code for it.
    #[error("LLVM, {step}: {message}")]
    Llvm { step: &'static str, message: String },
    /// No linker could be started.
    #[error("no linker: {0}; install gcc or lld, or name a compiler driver or linker in HWC_LINKER")]
    NoLinker(String),
    /// The linker ran and failed.
    #[error("linking failed: {0}")]
    Link(String),
    /// The object could not be loaded into the process.
    #[error("loading compiled code: {0}")]
    Jit(String),
    /// Reading or writing a file failed.
    #[error("{path}: {source}")]
    Io { path: String, source: std::io::Error },
    /// An invariant of code generation does not hold; a defect in hwc.
    #[error("internal error in code generation: {0}")]
    Internal(String),
}

impl CodegenError {
    /// Whether the input (and not the environment or hwc itself) is to blame.
    pub fn is_input(&self) -> bool {
        matches!(self, Self::KernelForm(_) | Self::Unsupported(_) | Self::Target(_))
    }

    /// Whether the environment (linker, file system) is to blame.
    pub fn is_environment(&self) -> bool {
        matches!(self, Self::NoLinker(_) | Self::Link(_) | Self::Io { .. })
    }

    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::Internal(message.into())
    }
}

/// Writes one line per entry, indented.
struct Lines<'a>(&'a [String]);

impl fmt::Display for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, line) in self.0.iter().enumerate() {
            if i > 0 {
                writeln!(f)?;
            }
            write!(f, "  {line}")?;
        }
        Ok(())
    }
}

pub(crate) type Result<T> = std::result::Result<T, CodegenError>;
