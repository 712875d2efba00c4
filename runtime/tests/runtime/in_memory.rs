//! Code that is in memory already, as a just-in-time compiler leaves it.
//!
//! `unsafe` because these tests play the compiler's part, and count allocations by standing in for the allocator.

use std::alloc::{GlobalAlloc, Layout, System};
use std::any::Any;
use std::cell::Cell;
use std::ffi::c_void;
use std::sync::Arc;

use bytes::Bytes;
use hwc_runtime::abi::Workers;
use hwc_runtime::manifest::Arena;
use hwc_runtime::{Code, Manifest, RunError, Session, TensorView, TensorViewMut};

use crate::common::{N, example, manifest, weights};

/// Counts the allocations of each thread.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: hands everything on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, start: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(start, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// y = x * w, through the arena.
unsafe extern "C" fn multiply(
    weights: *const c_void,
    arena: *mut c_void,
    inputs: *const *const c_void,
    outputs: *const *mut c_void,
    _workers: *const Workers,
) -> i32 {
    if !weights.addr().is_multiple_of(64) || !arena.addr().is_multiple_of(4096) {
        return 77;
    }
    // SAFETY: the session passes memory as the manifest asks for it.
    unsafe {
        let (x, y) = ((*inputs).cast::<f32>(), (*outputs).cast::<f32>());
        let (w, scratch) = (weights.cast::<f32>(), arena.cast::<f32>());
        for i in 0..N {
            scratch.add(i).write(x.add(i).read() * w.add(i).read());
        }
        y.copy_from_nonoverlapping(scratch, N);
    }
    0
}

fn session(manifest: Manifest, weights: Bytes, keep_alive: Box<dyn Any + Send + Sync>) -> Session {
    // SAFETY: `multiply` does what the manifest says and is there for ever.
    let code = unsafe { Code::from_entry(multiply, keep_alive) };
    Session::from_parts(manifest, weights, code).expect("consistent parts")
}

fn simple() -> Manifest {
    let mut manifest = manifest();
    manifest.inputs.truncate(1);
    manifest.outputs.truncate(1);
    manifest.arena = Arena { bytes: 4 * N as u64, alignment: 4096 };
    manifest
}

#[test]
fn it_runs_and_is_kept_as_long_as_the_session() {
    let alive = Arc::new(());
    let session = session(simple(), weights().to_bytes().expect("memory"), Box::new(alive.clone()));
    let (x, y) = example(0.25);
    let outputs = session.run([("x", &x)]).expect("a run");
    let expected = y.iter().map(|y| y - 0.5).collect();
    assert_eq!(outputs.get("y").map(|t| t.to_vec::<f32>()), Some(Ok(expected)));
    assert_eq!(Arc::strong_count(&alive), 2);
    drop(session);
    assert_eq!(Arc::strong_count(&alive), 1);
    // What a run gave does not need the session.
    assert_eq!(outputs.into_tensors().len(), 1);
}

#[test]
fn weights_that_are_not_aligned_are_copied() {
    let mut shifted = vec![0; 3];
    weights().write_to(&mut shifted).expect("a vector takes everything");
    let session = session(simple(), Bytes::from(shifted).slice(3..), Box::new(()));
    let (x, _) = example(0.0);
    assert!(session.run([("x", &x)]).is_ok());
}

#[test]
fn parts_that_do_not_belong_together_are_refused() {
    let mut manifest = simple();
    manifest.arena.alignment = 3;
    // SAFETY: never called.
    let code = unsafe { Code::from_entry(multiply, Box::new(())) };
    let error = Session::from_parts(manifest, Bytes::from_static(b"few"), code).err();
    let error = error.map(|e| e.to_string()).unwrap_or_default();
    assert!(
        error.contains("weights: 3 bytes, but the manifest says 8032") && error.contains("alignment of 3"),
        "{error}"
    );
}

#[test]
fn memory_that_is_not_there_is_an_error() {
    let mut manifest = simple();
    manifest.arena.bytes = 1 << 62;
    let session_of = |manifest| session(manifest, weights().to_bytes().expect("memory"), Box::new(()));
    let (x, _) = example(0.0);
    let error = session_of(manifest).run([("x", &x)]).expect_err("more than any machine has");
    assert!(matches!(error, RunError::Memory(_)) && error.to_string().contains("4611686018427387904"), "{error}");
    let mut manifest = simple();
    manifest.outputs[0].shape = vec![1 << 60];
    assert!(matches!(session_of(manifest).run([("x", &x)]), Err(RunError::Memory(_))));
}

#[test]
fn repeated_runs_allocate_nothing() {
    let mut manifest = simple();
    let mode = crate::common::manifest().inputs[2].clone();
    manifest.inputs.push(mode);
    let session = session(manifest, weights().to_bytes().expect("memory"), Box::new(()));
    let (x, _) = example(1.0);
    let mut y = vec![0f32; N];
    let mut run = || {
        let inputs = [("mode", TensorView::of(&[1], &[7i64])), ("x", TensorView::from(&x))];
        session.run_into(inputs, [("y", TensorViewMut::of(&[10, 100], &mut y))]).expect("a run");
        ALLOCATIONS.with(Cell::get)
    };
    let start = ALLOCATIONS.with(Cell::get);
    let first = run();
    assert!(first > start, "the first run makes the arena");
    for _ in 0..10 {
        assert_eq!(run(), first);
    }
}
