//! The functions of `cpp/shim.cpp`.
#![allow(unsafe_code)]

use std::ffi::{CString, c_char};

use melior::ir::{Attribute, AttributeLike};
use mlir_sys as sys;

unsafe extern "C" {
    fn hwcElementsBytes(attribute: sys::MlirAttribute, data: *mut *const u8, size: *mut usize, kind: *mut i32) -> bool;
    fn hwcCpuHasFeature(triple: *const c_char, cpu: *const c_char, extra: *const c_char, feature: *const c_char)
    -> i32;
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

/// Whether LLVM knows a CPU of this name for the target. The target must be initialized.
pub fn is_cpu(triple: &str, cpu: &str) -> bool {
    has_feature(triple, cpu, "", "sse2").is_some()
}

/// Which of `candidates` the CPU has, by its name or by `extra` (`+avx,-avx512f`); sorted.
pub fn features(triple: &str, cpu: &str, extra: &str, candidates: &[&str]) -> Vec<String> {
    let mut all: Vec<String> =
        candidates.iter().filter(|f| has_feature(triple, cpu, extra, f) == Some(true)).map(|f| f.to_string()).collect();
    all.sort();
    all
}

fn has_feature(triple: &str, cpu: &str, extra: &str, feature: &str) -> Option<bool> {
    let [triple, cpu, extra] = [triple, cpu, extra].map(|s| CString::new(s).ok());
    let (triple, cpu, extra, feature) = (triple?, cpu?, extra?, CString::new(format!("+{feature}")).ok()?);
    // SAFETY: four NUL-terminated strings that outlive the call.
    match unsafe { hwcCpuHasFeature(triple.as_ptr(), cpu.as_ptr(), extra.as_ptr(), feature.as_ptr()) } {
        0 => Some(false),
        1 => Some(true),
        _ => None,
    }
}
