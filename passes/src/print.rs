//! Modules as text.
#![allow(unsafe_code)]

use std::ffi::c_void;

use melior::ir::Module;
use mlir_sys as sys;

use crate::codegen::ir;

/// The text of a module with its locations left out. What large constants hold is left out too: they are the weights.
pub fn text(module: &Module) -> String {
    print(ir::module_op(module), false)
}

/// The text of an operation that uses nothing from around it, as that of a module.
pub fn operation(operation: ir::Op) -> String {
    print(operation, true)
}

/// `alone`: the names of values are made for the operation, not for all of the module that it is in, which takes long.
fn print(operation: ir::Op, alone: bool) -> String {
    unsafe extern "C" fn append(part: sys::MlirStringRef, text: *mut c_void) {
        // SAFETY: MLIR passes a valid slice and the pointer given below, which nothing else uses meanwhile.
        unsafe {
            let text = &mut *text.cast::<Vec<u8>>();
            text.extend_from_slice(std::slice::from_raw_parts(part.data.cast(), part.length));
        }
    }
    const LONGEST_RESOURCE: isize = 64;
    let mut text: Vec<u8> = Vec::new();
    // SAFETY: the flags are made, used and destroyed here; the operation is alive; the callback matches its data.
    unsafe {
        let flags = sys::mlirOpPrintingFlagsCreate();
        sys::mlirOpPrintingFlagsElideLargeResourceString(flags, LONGEST_RESOURCE);
        if alone {
            sys::mlirOpPrintingFlagsUseLocalScope(flags);
        }
        sys::mlirOperationPrintWithFlags(operation.to_raw(), flags, Some(append), std::ptr::from_mut(&mut text).cast());
        sys::mlirOpPrintingFlagsDestroy(flags);
    }
    String::from_utf8_lossy(&text).into_owned()
}
