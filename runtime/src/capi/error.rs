//! Statuses and messages.

use std::cell::RefCell;
use std::ffi::{CString, c_char};
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::artifact::LoadError;
use crate::problem::Problems;
use crate::session::RunError;

/// A status that is not 0, and its message.
pub(super) struct Failure {
    status: i32,
    message: String,
}

impl Failure {
    pub(super) const INPUT: i32 = 1;
    pub(super) const CALL: i32 = 2;
    pub(super) const ENVIRONMENT: i32 = 3;
    pub(super) const DEFECT: i32 = 4;

    pub(super) fn call(what: &str) -> Failure {
        Failure { status: Failure::CALL, message: format!("wrong call: {what}") }
    }

    pub(super) fn defect(what: &str) -> Failure {
        Failure { status: Failure::DEFECT, message: format!("defect in the runtime: {what}") }
    }
}

impl From<Problems> for Failure {
    fn from(problems: Problems) -> Failure {
        Failure::call(&problems.to_string())
    }
}

impl From<LoadError> for Failure {
    fn from(error: LoadError) -> Failure {
        let status = if error.is_environment() { Failure::ENVIRONMENT } else { Failure::INPUT };
        Failure { status, message: error.to_string() }
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Failure {
        let status = match &error {
            RunError::Tensors(_) | RunError::Stopped { .. } => Failure::INPUT,
            RunError::Memory(_) => Failure::ENVIRONMENT,
            RunError::Defect(_) => Failure::DEFECT,
        };
        Failure { status, message: error.to_string() }
    }
}

thread_local! {
    static LAST: RefCell<CString> = RefCell::default();
}

/// The message of the last failure in this thread.
pub(super) fn last_error() -> *const c_char {
    // While a thread ends, its message is gone already.
    LAST.try_with(|last| last.borrow().as_ptr()).unwrap_or(c"".as_ptr())
}

/// Runs a function's body, and turns a failure or panic into a status and a message.
pub(super) fn guard(body: impl FnOnce() -> Result<(), Failure>) -> i32 {
    // Whatever a panic leaves half-done belongs to this call alone.
    let outcome = catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|_| Err(Failure::defect("a panic")));
    let Err(Failure { status, message }) = outcome else { return 0 };
    let message = CString::new(message.replace('\0', "\u{fffd}")).unwrap_or_default();
    let _ = LAST.try_with(|last| last.replace(message));
    status
}
