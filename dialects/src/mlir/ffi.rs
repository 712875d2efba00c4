//! Calls into the C++ part of the dialect and the corners of MLIR's C API that melior does not wrap.
#![allow(unsafe_code)]

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ffi::c_void;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use melior::Context;
use melior::dialect::DialectHandle;
use melior::ir::operation::OperationRef;
use melior::ir::{Attribute, AttributeLike, Type, TypeLike};
use mlir_sys::{MlirAttribute, MlirDialectHandle, MlirOperation, MlirStringRef};

unsafe extern "C" {
    fn mlirGetDialectHandle__hwc__() -> MlirDialectHandle;
    fn mlirGetDialectHandle__hwk__() -> MlirDialectHandle;
    fn hwcReadDenseElements(attribute: MlirAttribute, out: *mut u8, size: usize) -> bool;
    fn hwcResourceData(attribute: MlirAttribute, data: *mut *const u8, size: *mut usize) -> bool;
}

pub fn dialects() -> [DialectHandle; 2] {
    // SAFETY: the functions have no precondition; a handle is a pointer to static functions.
    unsafe { [mlirGetDialectHandle__hwc__(), mlirGetDialectHandle__hwk__()].map(|raw| DialectHandle::from_raw(raw)) }
}

/// Called by the C++ parser of the attributes of `hwk`.
#[unsafe(no_mangle)]
extern "C" fn hwkCanonicalText(
    mnemonic: MlirStringRef,
    text: MlirStringRef,
    give: extern "C" fn(MlirStringRef, *mut c_void),
    data: *mut c_void,
) -> bool {
    // SAFETY: MLIR passes slices of the text being parsed, which outlive the call.
    let text_of = |raw: MlirStringRef| unsafe { std::slice::from_raw_parts(raw.data.cast::<u8>(), raw.length) };
    let answer = match (str::from_utf8(text_of(mnemonic)), str::from_utf8(text_of(text))) {
        (Ok(mnemonic), Ok(text)) => crate::hwk::canonical(mnemonic, text),
        _ => Err("the text is not UTF-8".to_string()),
    };
    let (understood, answer) = answer.map_or_else(|wrong| (false, wrong), |text| (true, text));
    give(MlirStringRef { data: answer.as_ptr().cast(), length: answer.len() }, data);
    understood
}

/// Called by the C++ verifier of every operation of the dialect.
#[unsafe(no_mangle)]
extern "C" fn hwcVerifyOperation(
    operation: MlirOperation,
    report: extern "C" fn(MlirStringRef, *mut c_void),
    data: *mut c_void,
) {
    // SAFETY: MLIR passes a live operation that outlives the call; it is borrowed and not destroyed.
    let operation = unsafe { OperationRef::from_raw(operation) };
    for message in super::verify::verify(&operation) {
        report(MlirStringRef { data: message.as_ptr().cast(), length: message.len() }, data);
    }
}

/// Bytes that live `dense_resource` attributes refer to, with the number of those attributes.
type Resources = HashMap<usize, (Bytes, usize)>;

/// The bytes behind the attributes made by [`resource`], by address, so that they are found again without a copy.
fn resources() -> MutexGuard<'static, Resources> {
    static RESOURCES: LazyLock<Mutex<Resources>> = LazyLock::new(Mutex::default);
    RESOURCES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A `dense_resource` attribute over shared bytes, which live as long as the context.
pub fn resource<'c>(ty: Type<'c>, name: &str, data: Bytes) -> Attribute<'c> {
    unsafe extern "C" fn release(_: *mut c_void, data: *const c_void, _: usize, _: usize) {
        let mut resources = resources();
        if let Entry::Occupied(mut entry) = resources.entry(data as usize) {
            entry.get_mut().1 -= 1;
            if entry.get().1 == 0 {
                entry.remove();
            }
        }
    }
    let (address, length) = (data.as_ptr(), data.len());
    resources().entry(address as usize).or_insert((data, 0)).1 += 1;
    // SAFETY: the bytes stay in `resources` until `release` is called, which MLIR does once, with the data's address.
    unsafe {
        Attribute::from_raw(mlir_sys::mlirUnmanagedDenseResourceElementsAttrGet(
            ty.to_raw(),
            MlirStringRef { data: name.as_ptr().cast(), length: name.len() },
            address.cast_mut().cast(),
            length,
            // The bytes may stand anywhere in a file; whoever reads them copies or reads unaligned.
            1,
            false,
            Some(release),
            std::ptr::null_mut(),
        ))
    }
}

/// The bytes of a `dense` or `dense_resource` attribute that takes `size` bytes. What [`resource`] made is not copied.
pub fn elements(attribute: Attribute, size: usize) -> Option<Bytes> {
    let (mut data, mut length) = (std::ptr::null(), 0);
    // SAFETY: the attribute is live; the out-pointers are valid for writes.
    if unsafe { hwcResourceData(attribute.to_raw(), &mut data, &mut length) } {
        if length != size {
            return None;
        }
        if let Some((bytes, _)) = resources().get(&(data as usize)) {
            return Some(bytes.clone());
        }
        // SAFETY: MLIR owns `length` bytes there for as long as the context lives.
        return Some(Bytes::copy_from_slice(unsafe { std::slice::from_raw_parts(data, length) }));
    }
    let mut bytes = vec![0u8; size];
    // SAFETY: the attribute is live and `bytes` has `size` bytes.
    unsafe { hwcReadDenseElements(attribute.to_raw(), bytes.as_mut_ptr(), size) }.then(|| bytes.into())
}

/// A `dense` attribute of these bytes; `i1` elements are bytes of 0 or 1.
pub fn dense<'c>(ty: Type<'c>, data: &[u8], is_bool: bool) -> Attribute<'c> {
    // SAFETY: the type is a ranked tensor with known dimensions and the data has one value for each of its elements.
    unsafe {
        Attribute::from_raw(if is_bool {
            let values: Vec<i32> = data.iter().map(|&b| i32::from(b != 0)).collect();
            mlir_sys::mlirDenseElementsAttrBoolGet(ty.to_raw(), values.len() as isize, values.as_ptr())
        } else {
            mlir_sys::mlirDenseElementsAttrRawBufferGet(ty.to_raw(), data.len(), data.as_ptr().cast())
        })
    }
}

pub fn f32_array<'c>(context: &'c Context, values: &[f64]) -> Attribute<'c> {
    let values: Vec<f32> = values.iter().map(|&v| v as f32).collect();
    // SAFETY: the pointer and length describe a live slice, which MLIR copies.
    unsafe {
        Attribute::from_raw(mlir_sys::mlirDenseF32ArrayGet(context.to_raw(), values.len() as isize, values.as_ptr()))
    }
}

/// The elements of an `array<f32: ...>` attribute.
pub fn f32_array_elements(attribute: Attribute) -> Option<Vec<f64>> {
    // SAFETY: the attribute is live, its kind is checked, and the positions are below its length.
    unsafe {
        if !mlir_sys::mlirAttributeIsADenseF32Array(attribute.to_raw()) {
            return None;
        }
        let count = mlir_sys::mlirDenseArrayGetNumElements(attribute.to_raw());
        Some((0..count).map(|i| mlir_sys::mlirDenseF32ArrayGetElement(attribute.to_raw(), i).into()).collect())
    }
}

/// Sets an attribute of an operation that is referred to from elsewhere too; MLIR allows that, melior's types do not.
pub fn set_attribute(operation: OperationRef, name: &str, attribute: Attribute) {
    // SAFETY: both are live; attributes are not borrowed through operations.
    unsafe {
        mlir_sys::mlirOperationSetAttributeByName(
            operation.to_raw(),
            MlirStringRef { data: name.as_ptr().cast(), length: name.len() },
            attribute.to_raw(),
        );
    }
}
