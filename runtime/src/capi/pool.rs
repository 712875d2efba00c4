//! Pools of threads, for code that is called without a session.

use std::num::NonZeroUsize;
use std::thread::available_parallelism;

use super::error::{Failure, guard};
use crate::abi::Workers;
use crate::ffi::pool::Pool;
use crate::ffi::workers;

/// A pool, with what compiled code reads of it. It is boxed, so that the context in `workers` stays where it is.
#[expect(non_camel_case_types, reason = "the name in C")]
pub struct hwc_pool {
    workers: Workers,
    _pool: Box<Pool>,
}

/// # Safety
/// `pool` is null or can be written to.
#[unsafe(no_mangle)]
unsafe extern "C" fn hwc_pool_create(threads: u32, pool: *mut *mut hwc_pool) -> i32 {
    guard(|| {
        // SAFETY: the caller's promise.
        let pool = unsafe { pool.as_mut() }.ok_or(Failure::call("`pool` is null"))?;
        let all = || available_parallelism().unwrap_or(NonZeroUsize::MIN);
        let made = Box::new(Pool::new(NonZeroUsize::new(threads as usize).unwrap_or_else(all)));
        *pool = Box::into_raw(Box::new(hwc_pool { workers: workers::of_pool(&made), _pool: made }));
        Ok(())
    })
}

/// # Safety
/// `pool` is null or came from [`hwc_pool_create`] and is not destroyed.
#[unsafe(no_mangle)]
unsafe extern "C" fn hwc_pool_workers(pool: *const hwc_pool) -> *const Workers {
    // SAFETY: the caller's promise.
    unsafe { pool.as_ref() }.map_or(std::ptr::null(), |pool| &raw const pool.workers)
}

/// # Safety
/// As in [`hwc_pool_workers`], and nothing uses the pool now or later.
#[unsafe(no_mangle)]
unsafe extern "C" fn hwc_pool_destroy(pool: *mut hwc_pool) {
    guard(|| {
        if !pool.is_null() {
            // SAFETY: the caller's promise.
            drop(unsafe { Box::from_raw(pool) });
        }
        Ok(())
    });
}
