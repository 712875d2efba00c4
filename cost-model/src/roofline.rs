//! The analytic model: a kernel takes as long as its arithmetic or its memory traffic, whichever is longer.
//!
//! Williams, Waterman, Patterson: Roofline: an insightful visual performance model for multicore architectures (2009).

use std::iter::Sum;
use std::ops::Add;

/// What a kernel does, whatever machine does it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Work {
    /// Arithmetic operations; a multiplication and an addition count as two.
    pub flops: f64,
    /// Bytes read and written, each operand and result counted once.
    pub bytes: f64,
}

impl Work {
    /// Arithmetic intensity in operations per byte; infinite where nothing is read or written.
    pub fn intensity(self) -> f64 {
        self.flops / self.bytes
    }

    /// The same work `count` times.
    pub fn times(self, count: u64) -> Work {
        Work { flops: self.flops * count as f64, bytes: self.bytes * count as f64 }
    }
}

impl Add for Work {
    type Output = Work;

    fn add(self, other: Work) -> Work {
        Work { flops: self.flops + other.flops, bytes: self.bytes + other.bytes }
    }
}

impl Sum for Work {
    fn sum<I: Iterator<Item = Work>>(works: I) -> Work {
        works.fold(Work::default(), Add::add)
    }
}

/// What a machine can do at best.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Machine {
    /// Peak arithmetic rate, in operations per second.
    pub flops_per_second: f64,
    /// Memory bandwidth, in bytes per second.
    pub bytes_per_second: f64,
}

/// What limits a kernel on a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    Arithmetic,
    Memory,
}

impl Machine {
    /// The least time that the work takes, in seconds.
    pub fn seconds(&self, work: Work) -> f64 {
        (work.flops / self.flops_per_second).max(work.bytes / self.bytes_per_second)
    }

    /// What that time goes into.
    pub fn bound(&self, work: Work) -> Bound {
        let arithmetic = work.flops / self.flops_per_second > work.bytes / self.bytes_per_second;
        if arithmetic { Bound::Arithmetic } else { Bound::Memory }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MACHINE: Machine = Machine { flops_per_second: 100e9, bytes_per_second: 20e9 };

    #[test]
    fn the_longer_of_both_decides() {
        let matmul = Work { flops: 2.0 * 512f64.powi(3), bytes: 3.0 * 4.0 * 512f64.powi(2) };
        assert_eq!(MACHINE.bound(matmul), Bound::Arithmetic);
        assert!((MACHINE.seconds(matmul) - 2.68435456e-3).abs() < 1e-9);
        let copy = Work { flops: 0.0, bytes: 8e9 };
        assert_eq!(MACHINE.bound(copy), Bound::Memory);
        assert_eq!(MACHINE.seconds(copy), 0.4);
        assert_eq!(MACHINE.seconds(Work::default()), 0.0);
    }

    #[test]
    fn work_adds_up() {
        let one = Work { flops: 2.0, bytes: 4.0 };
        assert_eq!([one, one.times(2)].into_iter().sum::<Work>(), Work { flops: 6.0, bytes: 12.0 });
        assert_eq!(one.intensity(), 0.5);
    }
}
