//! Who computes the parts of a loop.
//!
//! `unsafe` because these tests play the compiler's part.

use std::ffi::c_void;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use hwc_runtime::abi::Workers;
use hwc_runtime::{Code, Executor, Pool, Session, Threads};

use crate::common::{N, example, manifest, weights};

/// Loops of one call.
const ROUNDS: usize = 200;

/// What a part counts up: its own element, and those of a loop inside it.
struct Frame {
    counts: *mut f32,
    workers: *const Workers,
}

/// Counts `y[part]` up, and in a loop inside it `y[100 + 10 * part + inner]`. The elements are read and written without
/// care for others, so that a part that ran twice at once, or unseen by the caller, would be missed.
unsafe extern "C" fn count(frame: *mut c_void, part: u32, parts: u32) {
    // SAFETY: `count_parts` passes such a frame, and `y` has room for ten parts of ten.
    unsafe {
        let Frame { counts, workers } = *frame.cast::<Frame>();
        assert!(part < parts && parts <= 10);
        *counts.add(part as usize) += 1.0;
        let mut inner = counts.add(100 + 10 * part as usize);
        ((*workers).parallel)((*workers).context, count_inner, (&raw mut inner).cast(), 3);
    }
}

unsafe extern "C" fn count_inner(frame: *mut c_void, part: u32, _parts: u32) {
    // SAFETY: `count` passes a pointer to ten elements.
    unsafe { *(*frame.cast::<*mut f32>()).add(part as usize) += 1.0 };
}

/// The entry of a model whose y is how often each part has run; `y[N - 1]` is the number of threads.
unsafe extern "C" fn count_parts(
    _weights: *const c_void,
    _arena: *mut c_void,
    _inputs: *const *const c_void,
    outputs: *const *mut c_void,
    workers: *const Workers,
) -> i32 {
    // SAFETY: the session passes memory as the manifest asks for it, and a table of workers or null.
    unsafe {
        let counts = (*outputs).cast::<f32>();
        let threads = workers.as_ref().map_or(1, |workers| workers.threads);
        counts.write_bytes(0, N);
        counts.add(N - 1).write(threads as f32);
        let mut frame = Frame { counts, workers };
        for round in 0..ROUNDS as u32 {
            let parts = 1 + round % threads;
            if threads > 1 {
                ((*workers).parallel)((*workers).context, count, (&raw mut frame).cast(), parts);
            }
        }
    }
    0
}

fn session(threads: Threads) -> Session {
    let mut manifest = manifest();
    manifest.inputs.truncate(1);
    manifest.outputs.truncate(1);
    // SAFETY: `count_parts` does what the manifest says and is there for ever.
    let code = unsafe { Code::from_entry(count_parts, Box::new(())) };
    let weights = weights().to_bytes().expect("memory");
    let mut session = Session::from_parts(manifest, weights, code).expect("consistent parts");
    session.set_threads(threads);
    session
}

/// Runs the model; fails unless each part of each loop ran once. Gives the number of threads.
fn check(session: &Session) -> usize {
    let (x, _) = example(0.0);
    let outputs = session.run([("x", &x)]).expect("a run");
    let counts = outputs.get("y").and_then(|y| y.to_vec::<f32>().ok()).expect("an output");
    let threads = counts[N - 1] as usize;
    for part in (0..threads).filter(|_| threads > 1) {
        let expected = (0..ROUNDS).filter(|round| part < 1 + round % threads).count() as f32;
        assert_eq!(counts[part], expected, "part {part} of {threads}");
        assert_eq!(counts[100 + 10 * part..][..4], [expected, expected, expected, 0.0], "part {part} of {threads}");
    }
    threads
}

fn number(threads: usize) -> NonZeroUsize {
    NonZeroUsize::new(threads).expect("not zero")
}

#[test]
fn each_part_runs_once() {
    for threads in [1, 2, 3, 7] {
        assert_eq!(check(&session(Threads::Pool(Arc::new(Pool::new(number(threads)))))), threads);
    }
}

#[test]
fn the_pool_of_the_process_has_no_more_threads_than_there_are_cpus() {
    let all = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    for (most, expected) in [(1, 1), (2, 2.min(all)), (all, all), (1000, all)] {
        assert_eq!(check(&session(Threads::AtMost(number(most)))), expected);
    }
    assert_eq!(check(&session(Threads::All)), all);
}

#[test]
fn sessions_share_a_pool() {
    let pool = Arc::new(Pool::new(number(3)));
    let shared = session(Threads::Pool(pool.clone()));
    std::thread::scope(|scope| {
        for caller in 0..6 {
            let (pool, shared) = (pool.clone(), &shared);
            scope.spawn(move || {
                let own = session(Threads::Pool(pool));
                for _ in 0..20 {
                    assert_eq!(check(if caller % 2 == 0 { shared } else { &own }), 3);
                }
            });
        }
    });
}

#[test]
fn pools_come_and_go() {
    for round in 0..50 {
        let pool = Pool::new(number(1 + round % 4));
        if round % 3 > 0 {
            // The session keeps the pool, and its end ends the threads.
            check(&session(Threads::Pool(Arc::new(pool))));
        }
    }
}

#[test]
fn workers_that_sleep_wake_up() {
    let session = session(Threads::Pool(Arc::new(Pool::new(number(3)))));
    for _ in 0..5 {
        check(&session);
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
}

/// Runs parts in a way of its own.
struct Custom(Way);

type Way = fn(usize, &(dyn Fn(usize) + Sync));

impl Executor for Custom {
    fn threads(&self) -> usize {
        4
    }

    fn run(&self, parts: usize, task: &(dyn Fn(usize) + Sync)) {
        (self.0)(parts, task);
    }
}

#[test]
fn executors_of_the_callers_run_the_parts() {
    let ways: [Way; 5] = [
        |parts, task| (0..parts).for_each(task),
        |parts, task| (0..parts).rev().for_each(task),
        |parts, task| std::thread::scope(|scope| (0..parts).for_each(|part| _ = scope.spawn(move || task(part)))),
        // What is wrong here harms nobody: parts that run twice, do not exist, or are forgotten.
        |parts, task| (0..3 * parts).for_each(|part| task(part % 2)),
        |_, _| {},
    ];
    for way in ways {
        assert_eq!(check(&session(Threads::Own(Arc::new(Custom(way))))), 4);
    }
}

#[test]
fn a_panic_of_an_executor_reaches_its_caller() {
    let failing = session(Threads::Own(Arc::new(Custom(|parts, task| {
        task(0);
        assert!(parts < 3, "no more than two parts");
    }))));
    let (x, _) = example(0.0);
    for _ in 0..2 {
        let panic = catch_unwind(AssertUnwindSafe(|| failing.run([("x", &x)]).map(|_| ()))).expect_err("a panic");
        assert_eq!(panic.downcast_ref::<&str>(), Some(&"no more than two parts"));
    }
    // It is not taken for one of another session's.
    check(&session(Threads::Own(Arc::new(Custom(|_, _| {})))));
}
