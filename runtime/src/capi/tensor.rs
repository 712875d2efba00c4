//! Tensors as C hands them over.

use std::ffi::{CStr, CString, c_char, c_void};

use super::error::Failure;
use crate::dtype::DType;
use crate::problem::Problems;
use crate::tensor::byte_len;
use crate::view::{TensorView, TensorViewMut};

/// The flag of an input that may be left out.
pub const HWC_TENSOR_BOUND: u32 = 1;

/// A tensor; see the header.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct hwc_tensor {
    pub name: *const c_char,
    pub shape: *const usize,
    pub data: *mut c_void,
    pub bytes: usize,
    pub rank: usize,
    pub dtype: i32,
    pub flags: u32,
}

/// An input or output of a session; owns what [`hwc_tensor`] points to.
pub(super) struct Description {
    name: CString,
    shape: Vec<usize>,
    bytes: usize,
    dtype: DType,
    flags: u32,
}

impl Description {
    pub(super) fn new(name: &str, dtype: DType, shape: &[usize], bound: bool) -> Result<Description, Failure> {
        let bytes = byte_len(dtype, shape).ok_or(Failure::defect("a tensor of no size"))?;
        let name = CString::new(name).map_err(|_| Failure::defect("a NUL in a name"))?;
        let flags = if bound { HWC_TENSOR_BOUND } else { 0 };
        Ok(Description { name, shape: shape.to_vec(), bytes, dtype, flags })
    }

    pub(super) fn to_c(&self) -> hwc_tensor {
        hwc_tensor {
            name: self.name.as_ptr(),
            shape: self.shape.as_ptr(),
            data: std::ptr::null_mut(),
            bytes: self.bytes,
            rank: self.shape.len(),
            dtype: self.dtype.onnx(),
            flags: self.flags,
        }
    }
}

/// An array argument; null is allowed where it is empty.
///
/// # Safety
/// Where not null, it points to `count` tensors, which live for `'a`.
pub(super) unsafe fn array<'a>(
    name: &str,
    start: *const hwc_tensor,
    count: usize,
) -> Result<&'a [hwc_tensor], Failure> {
    if count == 0 {
        return Ok(&[]);
    }
    if start.is_null() || count > isize::MAX as usize / size_of::<hwc_tensor>() {
        return Err(Failure::call(&format!("`{name}` is no array of {count} tensors")));
    }
    // SAFETY: not null, not too long, and the caller's promise.
    Ok(unsafe { std::slice::from_raw_parts(start, count) })
}

/// Checks what can be checked about pointers. Allocates only where something is wrong.
pub(super) fn check(inputs: &[hwc_tensor], outputs: &[hwc_tensor]) -> Result<(), Problems> {
    let mut problems = Problems::new();
    for (role, tensors) in [("inputs", inputs), ("outputs", outputs)] {
        for (index, tensor) in tensors.iter().enumerate() {
            tensor.check(|what| problems.push(format!("{role}[{index}]"), what));
        }
    }
    for (index, output) in outputs.iter().enumerate() {
        let others = [("inputs", inputs), ("outputs", &outputs[..index])];
        for (role, tensors) in others {
            if let Some(other) = tensors.iter().position(|tensor| tensor.overlaps(output)) {
                problems.push(format!("outputs[{index}]"), format!("overlaps {role}[{other}]"));
            }
        }
    }
    problems.into_result()
}

impl hwc_tensor {
    fn check(&self, mut problem: impl FnMut(String)) {
        if self.name.is_null() {
            problem("`name` is null".to_owned());
        // SAFETY: not null; the header asks for a NUL at the end.
        } else if unsafe { CStr::from_ptr(self.name) }.to_str().is_err() {
            problem("`name` is not UTF-8".to_owned());
        }
        if DType::from_onnx(self.dtype).is_none() {
            problem(format!("`dtype` {} is no element type", self.dtype));
        }
        if self.rank != 0 && self.shape.is_null() || self.rank > isize::MAX as usize / size_of::<usize>() {
            problem(format!("`shape` is no array of {} extents", self.rank));
        }
        if self.bytes != 0 && self.data.is_null() || self.bytes > isize::MAX as usize {
            problem(format!("`data` is no memory of {} bytes", self.bytes));
        }
    }

    fn overlaps(&self, other: &hwc_tensor) -> bool {
        let (start, other_start) = (self.data.addr(), other.data.addr());
        let (end, other_end) = (start.saturating_add(self.bytes), other_start.saturating_add(other.bytes));
        self.bytes != 0 && other.bytes != 0 && start < other_end && other_start < end
    }

    /// # Safety
    /// [`check`] found nothing, and the pointers are as the header says for `'a`; so in all functions below.
    pub(super) unsafe fn name<'a>(&self) -> &'a str {
        // SAFETY: the caller's promise.
        unsafe { CStr::from_ptr(self.name) }.to_str().unwrap_or_default()
    }

    /// # Safety
    /// As in [`hwc_tensor::name`].
    pub(super) unsafe fn view<'a>(&self) -> TensorView<'a> {
        // SAFETY: the caller's promise.
        let (dtype, shape) = unsafe { (self.dtype(), self.shape()) };
        let data = if self.bytes == 0 {
            &[]
        } else {
            // SAFETY: the caller's promise; a length of 0, for which null is allowed, is excluded.
            unsafe { std::slice::from_raw_parts(self.data.cast(), self.bytes) }
        };
        TensorView { dtype, shape, data }
    }

    /// # Safety
    /// As in [`hwc_tensor::name`], and the memory is this view's alone. Its contents are not read, so that it need not be
    /// initialised.
    pub(super) unsafe fn view_mut<'a>(&self) -> TensorViewMut<'a> {
        // SAFETY: the caller's promise.
        let (dtype, shape) = unsafe { (self.dtype(), self.shape()) };
        let data = if self.bytes == 0 {
            &mut []
        } else {
            // SAFETY: the caller's promise; a length of 0, for which null is allowed, is excluded.
            unsafe { std::slice::from_raw_parts_mut(self.data.cast(), self.bytes) }
        };
        TensorViewMut { dtype, shape, data }
    }

    fn dtype(&self) -> DType {
        // `check` leaves known numbers only; any other type would not fit the model.
        DType::from_onnx(self.dtype).unwrap_or(DType::Bool)
    }

    /// # Safety
    /// As in [`hwc_tensor::name`].
    unsafe fn shape<'a>(&self) -> &'a [usize] {
        if self.rank == 0 {
            return &[];
        }
        // SAFETY: the caller's promise; a rank of 0, for which null is allowed, is excluded.
        unsafe { std::slice::from_raw_parts(self.shape, self.rank) }
    }
}
