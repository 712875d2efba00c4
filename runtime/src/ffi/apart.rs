//! Keeps threads off the CPU of the thread they work for.
//!
//! The system may wake a thread on the CPU of the one that wakes it. That one goes on computing, so the thread waits for
//! milliseconds beside an idle CPU. Saying where it must not run is what tells the system to look elsewhere.

use std::os::unix::thread::JoinHandleExt;
use std::sync::atomic::{AtomicI32, Ordering};
use std::thread::JoinHandle;

/// No CPU has this number.
const NOWHERE: i32 = -1;

/// The CPU that a group of threads stays away from.
pub struct Apart(AtomicI32);

impl Default for Apart {
    fn default() -> Apart {
        Apart(AtomicI32::new(NOWHERE))
    }
}

impl Apart {
    /// Lets threads run wherever the calling thread may, but not on the CPU that it is on. Costs a look at the number of
    /// that CPU unless the calling thread has moved. Does nothing if it may run on one CPU only; where the system refuses,
    /// threads stay where they were.
    pub fn leave_caller(&self, threads: &[JoinHandle<()>]) {
        // SAFETY: it takes nothing and gives a number.
        let here = unsafe { libc::sched_getcpu() };
        if here == self.0.load(Ordering::Relaxed) {
            return;
        }
        self.0.store(here, Ordering::Relaxed);
        let Some(others) = usize::try_from(here).ok().and_then(others) else { return };
        for thread in threads {
            // SAFETY: a thread that has not been joined has a handle that is valid; the set is of the size given.
            unsafe { libc::pthread_setaffinity_np(thread.as_pthread_t(), size_of_val(&others), &others) };
        }
    }
}

/// The CPUs that the calling thread may run on, without this one; `None` if there are none.
fn others(cpu: usize) -> Option<libc::cpu_set_t> {
    // SAFETY: a set of CPUs is an array of bits, so zeros are the empty set; the call writes no more than the size given.
    // The number of a CPU beyond the array is refused by the call before it is used.
    unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        if libc::sched_getaffinity(0, size_of_val(&set), &mut set) != 0 {
            return None;
        }
        libc::CPU_CLR(cpu, &mut set);
        (libc::CPU_COUNT(&set) > 0).then_some(set)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_may_run_on_all_cpus_but_the_callers() {
        let apart = Apart::default();
        let (tell, told) = std::sync::mpsc::channel::<()>();
        let thread = std::thread::spawn(move || _ = told.recv());
        apart.leave_caller(std::slice::from_ref(&thread));
        let away = apart.0.load(Ordering::Relaxed);
        // SAFETY: as above; the thread waits for `tell`.
        let (mine, its) = unsafe {
            let [mut mine, mut its]: [libc::cpu_set_t; 2] = std::mem::zeroed();
            assert_eq!(libc::sched_getaffinity(0, size_of_val(&mine), &mut mine), 0);
            assert_eq!(libc::pthread_getaffinity_np(thread.as_pthread_t(), size_of_val(&its), &mut its), 0);
            (mine, its)
        };
        drop(tell);
        thread.join().expect("it waits only");
        for cpu in 0..libc::CPU_SETSIZE as usize {
            // SAFETY: the number is below the size of the set.
            let (mine_has, it_has) = unsafe { (libc::CPU_ISSET(cpu, &mine), libc::CPU_ISSET(cpu, &its)) };
            // SAFETY: reads the set.
            let alone = unsafe { libc::CPU_COUNT(&mine) } == 1;
            assert_eq!(it_has, mine_has && (alone || cpu as i32 != away), "CPU {cpu}");
        }
    }
}
