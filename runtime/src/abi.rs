//! What generated code and its caller agree on. Version 1.
//!
//! A compiled model exports two symbols with C linkage:
//!
//! ```c
//! int32_t hwc_run(const void *weights, void *arena, const void *const *inputs, void *const *outputs, void *workers);
//! extern const char hwc_manifest[]; /* the manifest as JSON, NUL-terminated */
//! ```
//!
//! * `weights`: `manifest.weights.bytes` bytes, aligned to [`ALIGNMENT`], read only.
//! * `arena`: `manifest.arena.bytes` bytes of scratch memory, aligned to `manifest.arena.alignment`, with
//!   undefined contents, used by this call alone. Nothing in it outlives the call.
//! * `inputs[i]`, `outputs[i]`: the tensors in the manifest's order, row-major, [`crate::DType::size`] bytes an element,
//!   aligned to the size of an element and no more. Inputs are read only and may overlap each other; outputs
//!   overlap nothing. All values of `bool` and of the types narrower than a byte are in range. The pointer of an
//!   empty tensor is not null and is not read. The pointer of an input with a bound value may be null: the code
//!   holds the value itself and does not read it.
//! * `workers`: reserved for a pool of threads; null.
//! * The result is a [`STATUSES`] row; the outputs' contents are undefined unless it is [`STATUS_OK`].
//!
//! The code keeps no state between calls and may be called from several threads at once with distinct arenas and outputs.

use std::ffi::c_void;

/// The version of the calling convention above; `manifest.abi`.
pub const ABI_VERSION: u32 = 1;

/// The symbol of the code's entry.
pub const ENTRY_SYMBOL: &str = "hwc_run";

/// The symbol of the manifest's text.
pub const MANIFEST_SYMBOL: &str = "hwc_manifest";

/// Alignment of weights and arena, in bytes: a cache line, and the widest vector.
pub const ALIGNMENT: usize = 64;

/// Alignment of the sections that are mapped from a file, in bytes: a page.
pub const PAGE: usize = 4096;

/// The type of `hwc_run`.
pub type Entry = unsafe extern "C" fn(
    weights: *const c_void,
    arena: *mut c_void,
    inputs: *const *const c_void,
    outputs: *const *mut c_void,
    workers: *mut c_void,
) -> i32;

/// All went well.
pub const STATUS_OK: i32 = 0;
/// A value among the inputs (an index, a length) lies outside what the model allows.
pub const STATUS_VALUE_OUT_OF_RANGE: i32 = 1;

/// What `hwc_run` may return, and what it means.
pub const STATUSES: &[(i32, &str)] = &[
    (STATUS_OK, "done"),
    (STATUS_VALUE_OUT_OF_RANGE, "a value among the inputs, such as an index, lies outside what the model allows"),
];

/// What a status of `hwc_run` means.
pub fn status_text(status: i32) -> &'static str {
    STATUSES.iter().find(|row| row.0 == status).map_or("a status this runtime does not know", |row| row.1)
}
