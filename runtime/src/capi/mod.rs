//! The C API, `include/hwc_runtime.h`, which documents it.
//!
//! `unsafe` because C hands over bare pointers. Each function checks what can be checked — null, lengths, overlap — and
//! trusts that pointers that are not null point to what the header says. A panic ends at the boundary as a status.

mod error;
mod pool;
mod tensor;

use std::ffi::{CStr, CString, OsStr, c_char};
use std::num::NonZeroUsize;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use error::{Failure, guard, last_error};
use tensor::Description;
pub use tensor::{HWC_TENSOR_BOUND, hwc_tensor};

use crate::abi::Workers;
use crate::ffi::workers::Crew;
use crate::session::Session;
use crate::threads::Threads;

/// The version of the header.
pub const HWC_API_VERSION: u32 = 2;

/// What `hwc_status` can be, as in the header; the numbers are the exit codes of hwc's programs.
pub const STATUSES: &[(&str, i32)] = &[
    ("HWC_OK", 0),
    ("HWC_ERROR_INPUT", Failure::INPUT),
    ("HWC_ERROR_CALL", Failure::CALL),
    ("HWC_ERROR_ENVIRONMENT", Failure::ENVIRONMENT),
    ("HWC_ERROR_DEFECT", Failure::DEFECT),
];

/// A session, with what C programs read of it.
#[expect(non_camel_case_types, reason = "the name in C")]
pub struct hwc_session {
    session: Session,
    manifest: CString,
    inputs: Vec<Description>,
    outputs: Vec<Description>,
}

impl hwc_session {
    fn open(path: &CStr) -> Result<hwc_session, Failure> {
        let session = Session::load(Path::new(OsStr::from_bytes(path.to_bytes())))?;
        let manifest = session.manifest();
        let text = CString::new(manifest.to_json()).map_err(|_| Failure::defect("a NUL in JSON"))?;
        let inputs = manifest.inputs.iter().map(|t| Description::new(&t.name, t.dtype, &t.shape, t.bound.is_some()));
        let inputs = inputs.collect::<Result<_, _>>()?;
        let outputs = manifest.outputs.iter().map(|t| Description::new(&t.name, t.dtype, &t.shape, false));
        let outputs = outputs.collect::<Result<_, _>>()?;
        Ok(hwc_session { manifest: text, inputs, outputs, session })
    }
}

#[unsafe(no_mangle)]
extern "C" fn hwc_api_version() -> u32 {
    HWC_API_VERSION
}

#[unsafe(no_mangle)]
extern "C" fn hwc_version() -> *const c_char {
    const VERSION: &CStr = match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
        Ok(version) => version,
        Err(_) => c"",
    };
    VERSION.as_ptr()
}

#[unsafe(no_mangle)]
extern "C" fn hwc_last_error() -> *const c_char {
    last_error()
}

/// # Safety
/// `path` is null or a string that ends with a NUL; `session` is null or can be written to.
#[unsafe(no_mangle)]
unsafe extern "C" fn hwc_session_open(api_version: u32, path: *const c_char, session: *mut *mut hwc_session) -> i32 {
    guard(|| {
        // SAFETY: the caller's promise.
        let session = unsafe { session.as_mut() }.ok_or(Failure::call("`session` is null"))?;
        *session = std::ptr::null_mut();
        if api_version != HWC_API_VERSION {
            let what = format!("the program is for API version {api_version}, this library offers {HWC_API_VERSION}");
            return Err(Failure::call(&what));
        }
        if path.is_null() {
            return Err(Failure::call("`path` is null"));
        }
        // SAFETY: not null, and the caller's promise.
        let path = unsafe { CStr::from_ptr(path) };
        *session = Box::into_raw(Box::new(hwc_session::open(path)?));
        Ok(())
    })
}

/// # Safety
/// `session` is null or came from [`hwc_session_open`], is not in use, and is not used again.
#[unsafe(no_mangle)]
unsafe extern "C" fn hwc_session_close(session: *mut hwc_session) {
    guard(|| {
        if !session.is_null() {
            // SAFETY: the caller's promise.
            drop(unsafe { Box::from_raw(session) });
        }
        Ok(())
    });
}

/// # Safety
/// `session` is null or came from [`hwc_session_open`] and is not closed; so in all functions below.
#[unsafe(no_mangle)]
unsafe extern "C" fn hwc_session_manifest(session: *const hwc_session) -> *const c_char {
    // SAFETY: the caller's promise.
    unsafe { session.as_ref() }.map_or(std::ptr::null(), |session| session.manifest.as_ptr())
}

/// # Safety
/// As in [`hwc_session_manifest`].
#[unsafe(no_mangle)]
unsafe extern "C" fn hwc_session_input_count(session: *const hwc_session) -> usize {
    // SAFETY: the caller's promise.
    unsafe { session.as_ref() }.map_or(0, |session| session.inputs.len())
}

/// # Safety
/// As in [`hwc_session_manifest`].
#[unsafe(no_mangle)]
unsafe extern "C" fn hwc_session_output_count(session: *const hwc_session) -> usize {
    // SAFETY: the caller's promise.
    unsafe { session.as_ref() }.map_or(0, |session| session.outputs.len())
}

/// # Safety
/// As in [`hwc_session_manifest`]; `tensor` is null or can be written to.
#[unsafe(no_mangle)]
unsafe extern "C" fn hwc_session_input(session: *const hwc_session, index: usize, tensor: *mut hwc_tensor) -> i32 {
    // SAFETY: the caller's promise.
    guard(|| unsafe { describe(session, |session| &session.inputs, index, tensor) })
}

/// # Safety
/// As in [`hwc_session_input`].
#[unsafe(no_mangle)]
unsafe extern "C" fn hwc_session_output(session: *const hwc_session, index: usize, tensor: *mut hwc_tensor) -> i32 {
    // SAFETY: the caller's promise.
    guard(|| unsafe { describe(session, |session| &session.outputs, index, tensor) })
}

/// # Safety
/// As in [`hwc_session_input`].
unsafe fn describe(
    session: *const hwc_session,
    side: impl FnOnce(&hwc_session) -> &[Description],
    index: usize,
    tensor: *mut hwc_tensor,
) -> Result<(), Failure> {
    // SAFETY: the caller's promise.
    let session = unsafe { session.as_ref() }.ok_or(Failure::call("`session` is null"))?;
    if tensor.is_null() {
        return Err(Failure::call("`tensor` is null"));
    }
    let all = side(session);
    let out_of_range = || Failure::call(&format!("no tensor has index {index}; there are {}", all.len()));
    let description = all.get(index).ok_or_else(out_of_range)?;
    // SAFETY: not null, and the caller's promise; what was there may be uninitialised.
    unsafe { tensor.write(description.to_c()) };
    Ok(())
}

/// # Safety
/// As in [`hwc_session_manifest`]; `inputs` and `outputs` are null or arrays of as many tensors, whose pointers are null
/// or as the header says, and whose memory nobody writes to or, for outputs, reads meanwhile.
#[unsafe(no_mangle)]
unsafe extern "C" fn hwc_session_run(
    session: *const hwc_session,
    inputs: *const hwc_tensor,
    input_count: usize,
    outputs: *const hwc_tensor,
    output_count: usize,
) -> i32 {
    guard(|| {
        // SAFETY: the caller's promise.
        let session = unsafe { session.as_ref() }.ok_or(Failure::call("`session` is null"))?;
        // SAFETY: likewise.
        let inputs = unsafe { tensor::array("inputs", inputs, input_count) }?;
        // SAFETY: likewise.
        let outputs = unsafe { tensor::array("outputs", outputs, output_count) }?;
        tensor::check(inputs, outputs)?;
        // SAFETY: the pointers are not null where they must not be, and no output overlaps anything, as just checked;
        // the rest is the caller's promise.
        let inputs = inputs.iter().map(|tensor| unsafe { (tensor.name(), tensor.view()) });
        // SAFETY: likewise.
        let outputs = outputs.iter().map(|tensor| unsafe { (tensor.name(), tensor.view_mut()) });
        Ok(session.session.run_into(inputs, outputs)?)
    })
}

/// # Safety
/// As in [`hwc_session_manifest`], and no call of the session is running.
#[unsafe(no_mangle)]
unsafe extern "C" fn hwc_session_set_threads(session: *mut hwc_session, threads: u32) -> i32 {
    guard(|| {
        // SAFETY: the caller's promise.
        let session = unsafe { session.as_mut() }.ok_or(Failure::call("`session` is null"))?;
        session.session.set_threads(NonZeroUsize::new(threads as usize).map_or(Threads::All, Threads::AtMost));
        Ok(())
    })
}

/// # Safety
/// As in [`hwc_session_set_threads`]; `workers` is null or as the header says.
#[unsafe(no_mangle)]
unsafe extern "C" fn hwc_session_set_workers(session: *mut hwc_session, workers: *const Workers) -> i32 {
    guard(|| {
        // SAFETY: the caller's promise.
        let session = unsafe { session.as_mut() }.ok_or(Failure::call("`session` is null"))?;
        // SAFETY: likewise.
        session.session.set_crew(unsafe { Crew::foreign(workers) });
        Ok(())
    })
}

/// # Safety
/// As in [`hwc_session_manifest`].
#[unsafe(no_mangle)]
unsafe extern "C" fn hwc_session_release_memory(session: *const hwc_session) {
    guard(|| {
        // SAFETY: the caller's promise.
        if let Some(session) = unsafe { session.as_ref() } {
            session.session.release_memory();
        }
        Ok(())
    });
}
