//! The functions of `cpp/shim.cpp`.
#![allow(unsafe_code)]

use std::ffi::{CStr, CString, c_char, c_void};

use melior::ir::{Attribute, AttributeLike, OperationRef};
use mlir_sys as sys;

unsafe extern "C" {
    fn hwcElementsBytes(attribute: sys::MlirAttribute, data: *mut *const u8, size: *mut usize, kind: *mut i32) -> bool;
    fn hwcCpuFeatures(
        triple: *const c_char,
        cpu: *const c_char,
        extra: *const c_char,
        features: *const *const c_char,
        count: usize,
        has: *mut u8,
    ) -> bool;
    fn hwcCpuNames(
        triple: *const c_char,
        feature: *const c_char,
        state: *mut c_void,
        each: extern "C" fn(*mut c_void, *const c_char),
    );
    fn hwcFuseElementwise(
        root: sys::MlirOperation,
        may_fuse: extern "C" fn(sys::MlirOperation, sys::MlirOperation, usize) -> bool,
    ) -> bool;
}

/// The elements of an attribute as they are held in memory, borrowed from the context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Elements<'c> {
    /// All elements, row-major.
    All(&'c [u8]),
    /// One element that stands for all.
    Splat(&'c [u8]),
    /// Elements of one bit, eight to a byte, the first in the lowest bit.
    Bits(&'c [u8]),
    /// One truth value that stands for all.
    BitSplat(bool),
}

/// The elements of a builtin elements attribute; nothing for other attributes, or if a resource has no data.
pub fn elements<'c>(attribute: Attribute<'c>) -> Option<Elements<'c>> {
    let (mut data, mut size, mut kind) = (std::ptr::null(), 0, 0);
    // SAFETY: the attribute is valid; the data belongs to the context, which outlives `'c`. An empty array may have a
    // null pointer, which a slice may not.
    let bytes = unsafe {
        if !hwcElementsBytes(attribute.to_raw(), &mut data, &mut size, &mut kind) {
            return None;
        }
        if size == 0 { &[] } else { std::slice::from_raw_parts(data, size) }
    };
    match kind {
        0 => Some(Elements::All(bytes)),
        1 => Some(Elements::Splat(bytes)),
        2 => Some(Elements::Bits(bytes)),
        _ => Some(Elements::BitSplat(bytes.first().is_some_and(|b| *b != 0))),
    }
}

/// Which of `candidates` a CPU has, by its name or by `extra` (`+avx,-avx512f`); sorted. Nothing if LLVM does not know the
/// CPU. The target must be initialized.
pub fn cpu_features(triple: &str, cpu: &str, extra: &str, candidates: &[&str]) -> Option<Vec<String>> {
    let text = |s: &str| CString::new(s).ok();
    let (triple, cpu, extra) = (text(triple)?, text(cpu)?, text(extra)?);
    let names: Vec<CString> = candidates.iter().map(|f| text(&format!("+{f}"))).collect::<Option<_>>()?;
    let pointers: Vec<*const c_char> = names.iter().map(|n| n.as_ptr()).collect();
    let mut has = vec![0u8; names.len()];
    // SAFETY: NUL-terminated strings and arrays of the length given, all of which outlive the call.
    let known = unsafe {
        hwcCpuFeatures(triple.as_ptr(), cpu.as_ptr(), extra.as_ptr(), pointers.as_ptr(), names.len(), has.as_mut_ptr())
    };
    let mut all: Vec<String> =
        candidates.iter().zip(&has).filter(|(_, has)| **has != 0).map(|(f, _)| f.to_string()).collect();
    all.sort();
    known.then_some(all)
}

/// The CPUs that LLVM knows for a triple and that have a feature (`+64bit`), in LLVM's order. The target must be
/// initialized.
pub fn cpu_names(triple: &str, feature: &str) -> Vec<String> {
    extern "C" fn each(state: *mut c_void, name: *const c_char) {
        // SAFETY: `state` is the list below, which nothing else refers to meanwhile; names end in a NUL.
        unsafe { (*state.cast::<Vec<String>>()).push(CStr::from_ptr(name).to_string_lossy().into_owned()) }
    }
    let mut names: Vec<String> = vec![];
    if let (Ok(triple), Ok(feature)) = (CString::new(triple), CString::new(feature)) {
        // SAFETY: the strings and the list outlive the call.
        unsafe { hwcCpuNames(triple.as_ptr(), feature.as_ptr(), (&raw mut names).cast(), each) }
    }
    names
}

/// Fuses elementwise producers into their consumers where [`super::fusion::may_fuse`] says so, folds reshapes into
/// structured operations, takes `tensor.pad` and `tensor.concat` apart. False if the rewriting does not come to an end.
pub fn fuse_elementwise(root: super::ir::Op<'_>) -> bool {
    extern "C" fn may_fuse(producer: sys::MlirOperation, consumer: sys::MlirOperation, operand: usize) -> bool {
        // SAFETY: the caller passes attached operations, which outlive this call.
        let (producer, consumer) = unsafe { (OperationRef::from_raw(producer), OperationRef::from_raw(consumer)) };
        super::fusion::may_fuse(producer, consumer, operand)
    }
    // SAFETY: the operation is valid; handles to operations inside are not used afterwards by the callers.
    unsafe { hwcFuseElementwise(root.to_raw(), may_fuse) }
}
