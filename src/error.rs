//! What went wrong, where, and whose fault it is.

use std::fmt;

/// How grave a [`Diagnostic`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    Error,
    Warning,
    Remark,
}

/// One thing a compilation has to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    pub severity: Severity,
    pub message: String,
}

/// Whose fault an [`Error`] is, and so what can be done about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The model, tensor or option is wrong: change it.
    Input,
    /// The model is valid and uses what the compiler does not have: the message says what.
    Unsupported,
    /// A file, a library or a tool is missing, the disk is full: change the environment.
    Environment,
    /// A defect in hwc: report it.
    Defect,
}

/// Why there is no result. The diagnostics name everything that is wrong, not only the first thing.
#[derive(Clone, Debug)]
pub struct Error {
    fault: Fault,
    message: String,
    inputs_to_fix: Vec<String>,
}

impl Error {
    pub(crate) fn new(fault: Fault, message: impl fmt::Display) -> Error {
        Error { fault, message: message.to_string(), inputs_to_fix: Vec::new() }
    }

    /// Names of inputs whose values must be known to compile: give them by [`crate::Options::value`].
    pub fn inputs_to_fix(&self) -> &[String] {
        &self.inputs_to_fix
    }

    pub fn fault(&self) -> Fault {
        self.fault
    }

    /// The message as a diagnostic.
    pub fn diagnostic(&self) -> Diagnostic {
        Diagnostic { severity: Severity::Error, message: self.message.clone() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if self.fault == Fault::Defect {
            f.write_str("\nthis is a defect in hwc; please report it with the model and the command line")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

impl From<hwc_dialects::onnx::LoadError> for Error {
    fn from(error: hwc_dialects::onnx::LoadError) -> Error {
        Error::new(fault(error.fault()), error)
    }
}

impl From<Box<hwc_dialects::onnx::import::Report>> for Error {
    fn from(report: Box<hwc_dialects::onnx::import::Report>) -> Error {
        let inputs_to_fix = report.values.keys().cloned().collect();
        Error { inputs_to_fix, ..Error::new(fault(report.fault()), report) }
    }
}

fn fault(fault: hwc_dialects::onnx::Fault) -> Fault {
    use hwc_dialects::onnx::Fault as Onnx;
    match fault {
        Onnx::Input => Fault::Input,
        Onnx::Unsupported => Fault::Unsupported,
        Onnx::Environment => Fault::Environment,
    }
}

impl From<hwc_passes::codegen::CodegenError> for Error {
    fn from(error: hwc_passes::codegen::CodegenError) -> Error {
        use hwc_passes::codegen::CodegenError as Codegen;
        let fault = match &error {
            Codegen::Unsupported(_) => Fault::Unsupported,
            Codegen::Target(_) => Fault::Input,
            _ if error.is_environment() => Fault::Environment,
            _ => Fault::Defect,
        };
        Error::new(fault, error)
    }
}

impl From<hwc_passes::lower::LowerError> for Error {
    fn from(error: hwc_passes::lower::LowerError) -> Error {
        let unsupported = matches!(error, hwc_passes::lower::LowerError::Unsupported(_));
        Error::new(if unsupported { Fault::Unsupported } else { Fault::Defect }, error)
    }
}

impl From<hwc_passes::graph::GraphError> for Error {
    fn from(error: hwc_passes::graph::GraphError) -> Error {
        Error::new(Fault::Defect, error)
    }
}

impl From<hwc_runtime::LoadError> for Error {
    fn from(error: hwc_runtime::LoadError) -> Error {
        Error::new(if error.is_environment() { Fault::Environment } else { Fault::Input }, error)
    }
}
