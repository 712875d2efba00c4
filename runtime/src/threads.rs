//! Which threads compute a session's calls.

use std::num::NonZeroUsize;
use std::sync::Arc;

pub use crate::ffi::pool::Pool;

/// Which threads share the work of a session's calls. The outputs are the same to the last bit whatever is chosen.
#[derive(Clone, Default)]
pub enum Threads {
    /// As many as this process may run at once.
    ///
    /// They come from one pool that all sessions of the process share and that one call at a time uses; calls that
    /// find it in use are computed by their own threads. So there are never more busy threads than calls and CPUs.
    #[default]
    All,
    /// At most so many, of the same pool; 1 is the calling thread alone.
    AtMost(NonZeroUsize),
    /// A pool of the caller's, which may be shared between sessions.
    Pool(Arc<Pool>),
    /// Something else of the caller's that runs tasks.
    Own(Arc<dyn Executor>),
}

/// Runs the parts of a loop, for [`Threads::Own`].
///
/// ```
/// use hwc_runtime::threads::Executor;
///
/// struct Scoped;
///
/// impl Executor for Scoped {
///     fn threads(&self) -> usize {
///         2
///     }
///
///     fn run(&self, parts: usize, task: &(dyn Fn(usize) + Sync)) {
///         std::thread::scope(|scope| {
///             (1..parts).for_each(|part| _ = scope.spawn(move || task(part)));
///             task(0);
///         });
///     }
/// }
/// ```
pub trait Executor: Send + Sync {
    /// Into how many parts a loop is split; asked once, when the executor is given to a session.
    fn threads(&self) -> usize;

    /// Calls `task(part)` once for each `part` below `parts`, in any order or at the same time. Parts that have not run
    /// when it returns are run by the calling thread; if it panics, so does the session's call in the end.
    fn run(&self, parts: usize, task: &(dyn Fn(usize) + Sync));
}
