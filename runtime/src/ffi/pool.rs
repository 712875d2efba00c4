//! A small pool of threads that run the parts of one loop at a time.
//!
//! `unsafe` because the parts are machine code, called with a bare pointer.
//!
//! One atomic word holds how many parts there are and how many are taken. A thread takes a part by raising the second
//! number, and reads what to call only then: a job is not over, and the next one not written, while a part that was taken
//! is not done. So a thread that comes late finds either nothing to take or the job of now.

use std::cell::UnsafeCell;
use std::ffi::c_void;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::apart::Apart;
use crate::abi::Task;

/// How long a worker looks for work before it sleeps: longer than the pauses between the loops of a model, since waking
/// a thread takes many microseconds.
const WORKER_SPINS: Duration = Duration::from_micros(200);

/// How long a caller looks for the last parts to be done before it sleeps.
const CALLER_SPINS: Duration = Duration::from_micros(100);

/// Threads that work for whoever calls [`crate::abi::Workers::parallel`], together with the caller.
///
/// One caller at a time has the threads; another one that comes meanwhile runs its parts by itself, and so do parts that
/// call the pool they run on. The threads start with the first job, spin for a fraction of a millisecond after a job, sleep
/// after that, and end when the pool is dropped.
pub struct Pool {
    threads: NonZeroUsize,
    shared: Arc<Shared>,
    workers: OnceLock<Vec<JoinHandle<()>>>,
    apart: Apart,
}

/// A word in a cache line of its own: one thread writes it while others look at it.
#[repr(align(128))]
#[derive(Default)]
struct Line<T>(T);

#[derive(Default)]
struct Shared {
    /// Parts taken in the upper half, parts there are in the lower half.
    parts: Line<AtomicU64>,
    /// Parts that are not done.
    pending: Line<AtomicU32>,
    job: UnsafeCell<Option<Job>>,
    /// Whether a caller has the threads.
    taken: AtomicBool,
    stop: AtomicBool,
    /// Workers that sleep or are about to.
    sleeping: AtomicU32,
    /// Whether the caller sleeps or is about to.
    caller_sleeps: AtomicBool,
    lock: Mutex<()>,
    work: Condvar,
    done: Condvar,
}

#[derive(Clone, Copy)]
struct Job {
    task: Task,
    frame: *mut c_void,
    parts: u32,
}

// SAFETY: `job` is written by the one caller that has set `taken` while no part is pending, and read by threads that have
// taken a part of it; the frame goes to the parts, which are made to run on any thread.
unsafe impl Send for Shared {}
// SAFETY: likewise.
unsafe impl Sync for Shared {}

impl Pool {
    /// The most threads of one pool.
    pub const MOST: NonZeroUsize = NonZeroUsize::new(1024).expect("not zero");

    /// A pool of as many threads, the caller among them; at most [`Pool::MOST`].
    pub fn new(threads: NonZeroUsize) -> Pool {
        Pool {
            threads: threads.min(Pool::MOST),
            shared: Arc::default(),
            workers: OnceLock::new(),
            apart: Apart::default(),
        }
    }

    /// The pool of this process, of as many threads as may run at once; it lives as long as somebody holds it.
    pub(crate) fn of_process() -> Arc<Pool> {
        static POOL: Mutex<Weak<Pool>> = Mutex::new(Weak::new());
        let mut pool = POOL.lock().unwrap_or_else(PoisonError::into_inner);
        pool.upgrade().unwrap_or_else(|| {
            let made = Arc::new(Pool::new(thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)));
            *pool = Arc::downgrade(&made);
            made
        })
    }

    /// The number of threads, the caller among them.
    pub fn threads(&self) -> NonZeroUsize {
        self.threads
    }

    /// Runs `task(frame, part, parts)` for every part below `parts`; returns when all are done.
    ///
    /// # Safety
    /// `task` may be called with `frame` for every part, once, on any thread, at the same time.
    pub(crate) unsafe fn run(&self, task: Task, frame: *mut c_void, parts: u32) {
        let alone = parts < 2 || self.threads.get() < 2;
        if alone || self.shared.taken.swap(true, Ordering::Acquire) {
            // SAFETY: the caller's promise.
            (0..parts).for_each(|part| unsafe { task(frame, part, parts) });
            return;
        }
        self.apart.leave_caller(self.workers.get_or_init(|| self.start()));
        let shared = &*self.shared;
        // SAFETY: this call has set `taken`, and no part is pending.
        unsafe { *shared.job.get() = Some(Job { task, frame, parts }) };
        shared.pending.0.store(parts, Ordering::Relaxed);
        // The first part is the caller's.
        shared.parts.0.store(1 << 32 | u64::from(parts), Ordering::SeqCst);
        shared.wake(parts - 1);
        // SAFETY: the caller's promise.
        unsafe { task(frame, 0, parts) };
        shared.pending.0.fetch_sub(1, Ordering::SeqCst);
        shared.work();
        shared.wait_until_done();
        shared.taken.store(false, Ordering::Release);
    }

    /// Starts the threads; where the system refuses some, the others do their work.
    fn start(&self) -> Vec<JoinHandle<()>> {
        let start = |_| {
            let shared = self.shared.clone();
            thread::Builder::new().name("hwc-worker".to_owned()).spawn(move || shared.serve()).ok()
        };
        (1..self.threads.get()).map_while(start).collect()
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        drop(self.shared.guard());
        self.shared.work.notify_all();
        for worker in self.workers.take().into_iter().flatten() {
            // A worker runs nothing that panics.
            let _ = worker.join();
        }
    }
}

impl Shared {
    fn guard(&self) -> MutexGuard<'_, ()> {
        // The lock protects no data.
        self.lock.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn has_work(&self) -> bool {
        let state = self.parts.0.load(Ordering::SeqCst);
        state >> 32 < state & u64::from(u32::MAX)
    }

    /// The number of a part that nobody has taken.
    fn take(&self) -> Option<u32> {
        let next = |state: u64| (state >> 32 < state & u64::from(u32::MAX)).then_some(state + (1 << 32));
        let taken = self.parts.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, next);
        taken.ok().map(|state| (state >> 32) as u32)
    }

    /// Runs parts until none is left to take.
    fn work(&self) {
        while let Some(part) = self.take() {
            // SAFETY: a part is taken and not done, so that nobody writes the job.
            if let Some(Job { task, frame, parts }) = unsafe { *self.job.get() } {
                // SAFETY: whoever wrote the job promised it, and the part was taken once.
                unsafe { task(frame, part, parts) };
            }
            if self.pending.0.fetch_sub(1, Ordering::SeqCst) == 1 && self.caller_sleeps.load(Ordering::SeqCst) {
                drop(self.guard());
                self.done.notify_all();
            }
        }
    }

    /// Wakes up to so many workers that sleep.
    fn wake(&self, workers: u32) {
        let sleeping = self.sleeping.load(Ordering::SeqCst);
        if sleeping == 0 {
            return;
        }
        // A worker that has found no work is asleep once the lock is free.
        drop(self.guard());
        if workers >= sleeping {
            self.work.notify_all();
        } else {
            (0..workers).for_each(|_| self.work.notify_one());
        }
    }

    /// What a worker does all its life.
    fn serve(&self) {
        while !self.stop.load(Ordering::SeqCst) {
            self.work();
            if spin(WORKER_SPINS, || self.has_work() || self.stop.load(Ordering::Relaxed)) {
                continue;
            }
            let mut guard = self.guard();
            self.sleeping.fetch_add(1, Ordering::SeqCst);
            while !self.has_work() && !self.stop.load(Ordering::SeqCst) {
                guard = self.work.wait(guard).unwrap_or_else(PoisonError::into_inner);
            }
            self.sleeping.fetch_sub(1, Ordering::SeqCst);
        }
    }

    fn wait_until_done(&self) {
        let is_done = || self.pending.0.load(Ordering::SeqCst) == 0;
        if spin(CALLER_SPINS, is_done) {
            return;
        }
        let mut guard = self.guard();
        self.caller_sleeps.store(true, Ordering::SeqCst);
        while !is_done() {
            guard = self.done.wait(guard).unwrap_or_else(PoisonError::into_inner);
        }
        self.caller_sleeps.store(false, Ordering::SeqCst);
    }
}

/// Looks again and again, for this long at most; whether it came true. Lets other threads have the CPU now and then: the
/// one that is waited for may be among them.
fn spin(time: Duration, is_true: impl Fn() -> bool) -> bool {
    /// Looks between two looks at the clock.
    const LOOKS: u32 = 32;
    if is_true() {
        return true;
    }
    let start = Instant::now();
    loop {
        for _ in 0..LOOKS {
            std::hint::spin_loop();
            if is_true() {
                return true;
            }
        }
        if start.elapsed() > time {
            return false;
        }
        thread::yield_now();
    }
}
