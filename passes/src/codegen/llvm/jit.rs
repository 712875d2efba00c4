//! Object files, loaded into this process.
#![allow(unsafe_code)]

use std::{ffi::CStr, ptr};

use hwc_runtime::abi::{ENTRY_SYMBOL, Entry, MANIFEST_SYMBOL};
use inkwell::llvm_sys::{
    core::LLVMCreateMemoryBufferWithMemoryRangeCopy,
    error::{LLVMDisposeErrorMessage, LLVMErrorRef, LLVMGetErrorMessage},
    orc2::{
        LLVMOrcCreateDynamicLibrarySearchGeneratorForProcess, LLVMOrcJITDylibAddGenerator,
        lljit::{
            LLVMOrcCreateLLJIT, LLVMOrcDisposeLLJIT, LLVMOrcLLJITAddObjectFile, LLVMOrcLLJITGetGlobalPrefix,
            LLVMOrcLLJITGetMainJITDylib, LLVMOrcLLJITLookup, LLVMOrcLLJITRef,
        },
    },
    target::{LLVM_InitializeNativeAsmPrinter, LLVM_InitializeNativeTarget},
};

use crate::codegen::error::{CodegenError, Result};

/// Compiled code in memory, unloaded when dropped.
pub struct Loaded {
    jit: LLVMOrcLLJITRef,
    entry: Entry,
    manifest: *const std::ffi::c_char,
}

// SAFETY: after `load` returns, the session is not touched until it is disposed of, and the code has no state: several
// threads may run it at once, each with an arena of its own.
unsafe impl Send for Loaded {}
unsafe impl Sync for Loaded {}

impl Loaded {
    /// Links object code against the symbols of this process (libm) and makes it executable.
    ///
    /// # Errors
    /// [`CodegenError::Jit`] if an object is not one of ours or a symbol is missing.
    pub fn load<'a>(objects: impl IntoIterator<Item = &'a [u8]>) -> Result<Self> {
        // SAFETY: each call gets what the previous one made; whatever fails before the session is owned by `loaded`
        // disposes of it there.
        unsafe {
            LLVM_InitializeNativeTarget();
            LLVM_InitializeNativeAsmPrinter();
            let mut jit = ptr::null_mut();
            check(LLVMOrcCreateLLJIT(&mut jit, ptr::null_mut()))?;
            let guard = Session(jit);
            let dylib = LLVMOrcLLJITGetMainJITDylib(jit);
            let mut process = ptr::null_mut();
            check(LLVMOrcCreateDynamicLibrarySearchGeneratorForProcess(
                &mut process,
                LLVMOrcLLJITGetGlobalPrefix(jit),
                None,
                ptr::null_mut(),
            ))?;
            LLVMOrcJITDylibAddGenerator(dylib, process);
            for object in objects {
                let (start, length) = (object.as_ptr().cast(), object.len());
                let buffer = LLVMCreateMemoryBufferWithMemoryRangeCopy(start, length, c"object".as_ptr());
                check(LLVMOrcLLJITAddObjectFile(jit, dylib, buffer))?;
            }
            let entry = lookup(jit, ENTRY_SYMBOL)?;
            let manifest = lookup(jit, MANIFEST_SYMBOL)?;
            std::mem::forget(guard);
            Ok(Self {
                jit,
                entry: std::mem::transmute::<usize, Entry>(entry as usize),
                manifest: manifest as *const std::ffi::c_char,
            })
        }
    }

    /// The entry point; valid while `self` is.
    pub fn entry(&self) -> Entry {
        self.entry
    }

    /// The manifest embedded in the code.
    pub fn manifest(&self) -> String {
        // SAFETY: the symbol is a NUL-terminated constant in the loaded code, which is alive.
        unsafe { CStr::from_ptr(self.manifest) }.to_string_lossy().into_owned()
    }
}

impl Drop for Loaded {
    fn drop(&mut self) {
        drop(Session(self.jit));
    }
}

/// Disposes of a session when dropped.
struct Session(LLVMOrcLLJITRef);

impl Drop for Session {
    fn drop(&mut self) {
        // SAFETY: the session is alive and nothing refers to it any more. An error can only be reported, not handled.
        unsafe {
            let error = LLVMOrcDisposeLLJIT(self.0);
            if !error.is_null() {
                drop(check(error));
            }
        }
    }
}

/// # Safety
/// `jit` is a live session.
unsafe fn lookup(jit: LLVMOrcLLJITRef, name: &str) -> Result<u64> {
    let symbol = std::ffi::CString::new(name).map_err(|e| CodegenError::Jit(e.to_string()))?;
    let mut address = 0;
    // SAFETY: the session is alive and the name is NUL-terminated.
    unsafe { check(LLVMOrcLLJITLookup(jit, &mut address, symbol.as_ptr()))? };
    Ok(address)
}

/// Turns an LLVM error into ours, and consumes it.
fn check(error: LLVMErrorRef) -> Result<()> {
    if error.is_null() {
        return Ok(());
    }
    // SAFETY: taking the message consumes the error; the message is disposed of after it is copied.
    unsafe {
        let message = LLVMGetErrorMessage(error);
        let text = CStr::from_ptr(message).to_string_lossy().into_owned();
        LLVMDisposeErrorMessage(message);
        Err(CodegenError::Jit(text))
    }
}
