//! What generated code and its caller agree on. Version 2.
//!
//! A compiled model exports two symbols with C linkage:
//!
//! ```c
//! int32_t hwc_run(const void *weights, void *arena, const void *const *inputs, void *const *outputs, const hwc_workers *workers);
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
//! * `workers`: who else computes, [`Workers`] in Rust and [`WORKERS_DECLARATION`] in C; null where the calling thread does everything. The outputs are the
//!   same to the last bit whatever is given.
//! * The result is a [`STATUSES`] row; the outputs' contents are undefined unless it is [`STATUS_OK`].
//!
//! The code keeps no state between calls and may be called from several threads at once with distinct arenas and outputs.

use std::ffi::c_void;

/// The version of the calling convention above; `manifest.abi`.
pub const ABI_VERSION: u32 = 2;

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
    workers: *const Workers,
) -> i32;

/// One part of a loop of the compiled code; the parts of a loop are independent of each other.
pub type Task = unsafe extern "C" fn(frame: *mut c_void, part: u32, parts: u32);

/// Threads that share the work of a call: `hwc_workers` in C.
///
/// The code reads it only during the call, and calls `parallel` from the thread that called `hwc_run`, for one loop
/// after the other.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Workers {
    /// Into how many parts loops are split: the number of threads that are worth it. 0 and 1 mean the calling thread.
    pub threads: u32,
    /// Calls `task(frame, part, parts)` exactly once for each `part` below `parts`, on whatever threads, in any order or at
    /// the same time, and returns when all of them have returned. What the parts wrote is visible to the caller then.
    /// A part keeps the temporaries of an iteration on the stack: some hundred KiB.
    pub parallel: unsafe extern "C" fn(context: *mut c_void, task: Task, frame: *mut c_void, parts: u32),
    /// Handed to `parallel`.
    pub context: *mut c_void,
}

/// [`Workers`] in C; it may stand in several headers of a program.
pub const WORKERS_DECLARATION: &str = "\
#ifndef HWC_WORKERS
#define HWC_WORKERS
typedef struct hwc_workers {
    /* Into how many parts loops are split; 0 and 1 mean the calling thread alone. */
    uint32_t threads;
    /* Calls task(frame, part, parts) exactly once for each part below parts, on whatever threads, in any order or at the
     * same time, and returns when all have returned. */
    void (*parallel)(void *context, void (*task)(void *frame, uint32_t part, uint32_t parts), void *frame,
                     uint32_t parts);
    /* Handed to parallel. */
    void *context;
} hwc_workers;
#endif
";

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
