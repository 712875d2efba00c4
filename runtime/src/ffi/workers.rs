//! Who computes a session's calls, as compiled code wants to be told.
//!
//! `unsafe` because the code is handed bare pointers to a pool. A [`Crew`] holds what they point to.

use std::any::Any;
use std::cell::Cell;
use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::abi::{Task, Workers};
use crate::ffi::pool::Pool;
use crate::threads::{Executor, Threads};

/// Threads to share the work of calls with, or none.
pub(crate) struct Crew {
    workers: Option<Workers>,
    _keep_alive: Option<Box<dyn Any + Send + Sync>>,
}

// SAFETY: the context in `workers` is what `keep_alive` holds, or what the caller of `Crew::foreign` vouches for; both can
// be used from any thread.
unsafe impl Send for Crew {}
// SAFETY: likewise.
unsafe impl Sync for Crew {}

impl Crew {
    pub(crate) fn new(threads: Threads) -> Crew {
        match threads {
            Threads::All => Crew::of_process(usize::MAX),
            Threads::AtMost(threads) => Crew::of_process(threads.get()),
            Threads::Pool(pool) => Crew::of_pool(pool, usize::MAX),
            Threads::Own(executor) => {
                let threads = to_u32(executor.threads());
                let context = Box::new(executor);
                let address = std::ptr::from_ref(&*context).cast_mut().cast();
                Crew::of(Workers { threads, parallel: run_on_executor, context: address }, context)
            }
        }
    }

    /// The workers of another program part; null for the calling thread alone.
    ///
    /// # Safety
    /// `workers` is null or points to a table whose function may be called with its context, from any thread and from
    /// several at once, as long as this lives.
    pub(crate) unsafe fn foreign(workers: *const Workers) -> Crew {
        // SAFETY: the caller's promise.
        Crew { workers: unsafe { workers.as_ref() }.copied(), _keep_alive: None }
    }

    fn of_process(most: usize) -> Crew {
        if most < 2 {
            return Crew { workers: None, _keep_alive: None };
        }
        Crew::of_pool(Pool::of_process(), most)
    }

    fn of_pool(pool: Arc<Pool>, most: usize) -> Crew {
        let threads = to_u32(pool.threads().get().min(most));
        let context = Arc::as_ptr(&pool).cast_mut().cast();
        Crew::of(Workers { threads, parallel: run_on_pool, context }, Box::new(pool))
    }

    fn of(workers: Workers, keep_alive: Box<dyn Any + Send + Sync>) -> Crew {
        Crew { workers: (workers.threads > 1).then_some(workers), _keep_alive: Some(keep_alive) }
    }

    pub(crate) fn threads(&self) -> usize {
        self.workers.map_or(1, |workers| workers.threads.max(1) as usize)
    }

    /// What the code is given.
    pub(crate) fn workers(&self) -> *const Workers {
        self.workers.as_ref().map_or(std::ptr::null(), std::ptr::from_ref)
    }
}

fn to_u32(threads: usize) -> u32 {
    u32::try_from(threads).unwrap_or(u32::MAX)
}

/// The table of a pool, for code that is called without a session. It is valid while the pool is.
pub(crate) fn of_pool(pool: &Pool) -> Workers {
    let context = std::ptr::from_ref(pool).cast_mut().cast();
    Workers { threads: to_u32(pool.threads().get()), parallel: run_on_pool, context }
}

/// # Safety
/// `context` is a pool, and the rest as in [`Workers::parallel`].
unsafe extern "C" fn run_on_pool(context: *mut c_void, task: Task, frame: *mut c_void, parts: u32) {
    // SAFETY: the caller's promise.
    unsafe { (*context.cast::<Pool>()).run(task, frame, parts) }
}

thread_local! {
    /// A panic of an executor, on its way around the compiled code.
    static PANIC: Cell<Option<Box<dyn Any + Send>>> = const { Cell::new(None) };
}

/// # Safety
/// `context` is an `Arc<dyn Executor>`, and the rest as in [`Workers::parallel`].
unsafe extern "C" fn run_on_executor(context: *mut c_void, task: Task, frame: *mut c_void, parts: u32) {
    /// What the parts need, to be used from any thread: they are made for that.
    struct Shared(Task, *mut c_void);
    // SAFETY: as said.
    unsafe impl Sync for Shared {}
    impl Shared {
        /// # Safety
        /// As in [`Workers::parallel`].
        unsafe fn call(&self, part: u32, parts: u32) {
            // SAFETY: the caller's promise.
            unsafe { (self.0)(self.1, part, parts) }
        }
    }

    // SAFETY: the caller's promise.
    let executor = unsafe { &*context.cast::<Arc<dyn Executor>>() };
    let shared = Shared(task, frame);
    // An executor may call for the wrong parts, or too often, or not at all: each call runs the next part, and what is
    // missing in the end runs here.
    let next = AtomicU32::new(0);
    let run_next = || {
        let part = next.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |part| (part < parts).then_some(part + 1));
        // SAFETY: the caller's promise; no part runs twice.
        part.map(|part| unsafe { shared.call(part, parts) }).is_ok()
    };
    let result = catch_unwind(AssertUnwindSafe(|| executor.run(parts as usize, &|_| _ = run_next())));
    while run_next() {}
    if let Err(panic) = result {
        PANIC.set(Some(panic));
    }
}

/// Goes on with the panic of an executor that compiled code has called on this thread, if there was one.
pub(crate) fn resume_panic() {
    if let Some(panic) = PANIC.take() {
        std::panic::resume_unwind(panic);
    }
}
