//! `mlir-opt` with the dialects and passes of hwc.
#![allow(unsafe_code)]

use std::ffi::{CString, c_char, c_int, c_void};
use std::process::ExitCode;

use hwc_passes::codegen::ir;
use hwc_passes::registry::PASSES;
use melior::dialect::DialectRegistry;
use melior::ir::operation::OperationRef;
use melior::utility::{register_all_dialects, register_all_passes};
use mlir_sys::{MlirDialectRegistry, MlirOperation, MlirStringRef};

use crate::failure::code;

type Report = extern "C" fn(MlirStringRef, *mut c_void);

unsafe extern "C" {
    fn hwcRegisterPass(
        index: usize,
        name: MlirStringRef,
        description: MlirStringRef,
        run: extern "C" fn(usize, MlirOperation, Report, *mut c_void) -> bool,
    );
    fn hwcTellFatalErrors(environment: c_int, defect: c_int);
    fn hwcOptMain(argc: c_int, argv: *const *const c_char, registry: MlirDialectRegistry) -> c_int;
}

fn text(text: &str) -> MlirStringRef {
    MlirStringRef { data: text.as_ptr().cast(), length: text.len() }
}

/// Lets what LLVM cannot go on after end the process with the driver's exit codes.
pub fn tell_fatal_errors() {
    // SAFETY: the function keeps the numbers and a handler of its own.
    unsafe { hwcTellFatalErrors(code::ENVIRONMENT.into(), code::DEFECT.into()) }
}

/// Runs one pass of the table on a module.
extern "C" fn run_pass(index: usize, module: MlirOperation, report: Report, data: *mut c_void) -> bool {
    // SAFETY: MLIR hands over a live operation, which the pass may change.
    let module = unsafe { OperationRef::from_raw(module) };
    match ir::with_context(module, |context| (PASSES[index].run)(context, module)) {
        Ok(()) => true,
        Err(message) => {
            report(text(&message), data);
            false
        }
    }
}

/// Never returns before the work is done; the exit code is that of `mlir-opt`: 0 or 1.
pub fn main() -> ExitCode {
    let registry = DialectRegistry::new();
    register_all_dialects(&registry);
    hwc_dialects::mlir::register(&registry);
    register_all_passes();
    for (index, pass) in PASSES.iter().enumerate() {
        // SAFETY: the texts are copied; the callback is a function of this program.
        unsafe { hwcRegisterPass(index, text(pass.name), text(pass.description), run_pass) };
    }
    // What `--help` is to mlir-opt is `--help-opt` here, where `--help` is the compiler's.
    let arguments: Vec<CString> = std::env::args_os()
        .map(|a| if a == "--help-opt" { "--help".into() } else { a })
        .filter_map(|a| CString::new(std::os::unix::ffi::OsStringExt::into_vec(a)).ok())
        .collect();
    let pointers: Vec<*const c_char> = arguments.iter().map(|a| a.as_ptr()).chain([std::ptr::null()]).collect();
    // SAFETY: `argv` ends with a null pointer as in C, and lives through the call, as does the registry.
    let code = unsafe { hwcOptMain(arguments.len() as c_int, pointers.as_ptr(), registry.to_raw()) };
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}
