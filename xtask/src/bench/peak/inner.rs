//! The inner loops, by what the CPU has.
//!
//! `unsafe` because vector instructions may be run only where the CPU has them, which is asked at run time.
#![allow(unsafe_code)]

use std::arch::x86_64::*;
use std::hint::black_box;

/// Memory in whole cache lines, all of whose pages are there.
pub struct Buffer(Vec<Line>);

#[derive(Clone, Copy)]
#[repr(align(64))]
struct Line([f32; 16]);

impl Buffer {
    pub fn new(bytes: usize) -> Buffer {
        Buffer(vec![Line([1.0; 16]); bytes / size_of::<Line>()])
    }

    fn bytes(&self) -> u64 {
        size_of_val(self.0.as_slice()) as u64
    }
}

/// About a millisecond of work.
const FMA_STEPS: u64 = 200_000;
const CHAINS: usize = 16;

/// Multiplies and adds; says how many operations.
pub fn fma() -> Option<fn() -> u64> {
    // SAFETY: only called where the CPU has the instructions, as asked here; so below.
    if is_x86_feature_detected!("avx512f") {
        return Some(|| unsafe { fma_512() });
    }
    has_avx2().then_some(|| unsafe { fma_256() })
}

/// Reads a buffer; says how many bytes.
pub fn read() -> Option<fn(&Buffer) -> u64> {
    // SAFETY: as above.
    if is_x86_feature_detected!("avx512f") {
        return Some(|buffer| unsafe { read_512(buffer) });
    }
    has_avx2().then_some(|buffer| unsafe { read_256(buffer) })
}

/// Copies a buffer to another of the same size; says how many bytes it read and wrote.
type Copy = fn(&Buffer, &mut Buffer) -> u64;

/// With stores that go through the caches, and past them.
pub fn copies() -> Option<[Copy; 2]> {
    // SAFETY: as above.
    if is_x86_feature_detected!("avx512f") {
        return Some([|from, to| unsafe { copy_512(from, to) }, |from, to| unsafe { stream_512(from, to) }]);
    }
    has_avx2().then_some([|from, to| unsafe { copy_256(from, to) }, |from, to| unsafe { stream_256(from, to) }])
}

fn has_avx2() -> bool {
    is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")
}

/// The loops for one vector width.
macro_rules! loops {
    ($feature:literal, $lanes:literal, $set:ident, $add:ident, $fma:ident, $load:ident, $store:ident, $stream:ident,
     ($fma_name:ident, $read_name:ident, $copy_name:ident, $stream_name:ident)) => {
        #[target_feature(enable = $feature)]
        unsafe fn $fma_name() -> u64 {
            let mut sums = [$set(0.0); CHAINS];
            let (x, y) = (black_box($set(0.5)), black_box($set(0.25)));
            for _ in 0..FMA_STEPS {
                for sum in &mut sums {
                    *sum = $fma(x, *sum, y);
                }
            }
            black_box(sums);
            FMA_STEPS * (CHAINS * $lanes * 2) as u64
        }

        #[target_feature(enable = $feature)]
        unsafe fn $read_name(buffer: &Buffer) -> u64 {
            let mut sums = [$set(0.0); 8];
            for lines in buffer.0.chunks_exact(8) {
                for (sum, line) in sums.iter_mut().zip(lines) {
                    for part in line.0.chunks_exact($lanes) {
                        // SAFETY: a part has as many elements as a vector, and is aligned as one.
                        *sum = $add(*sum, unsafe { $load(part.as_ptr()) });
                    }
                }
            }
            black_box(sums);
            buffer.bytes()
        }

        #[target_feature(enable = $feature)]
        unsafe fn $copy_name(from: &Buffer, to: &mut Buffer) -> u64 {
            for (from, to) in from.0.iter().zip(&mut to.0) {
                for (from, to) in from.0.chunks_exact($lanes).zip(to.0.chunks_exact_mut($lanes)) {
                    // SAFETY: as above.
                    unsafe { $store(to.as_mut_ptr(), $load(from.as_ptr())) };
                }
            }
            black_box(&to);
            2 * from.bytes()
        }

        #[target_feature(enable = $feature)]
        unsafe fn $stream_name(from: &Buffer, to: &mut Buffer) -> u64 {
            for (from, to) in from.0.iter().zip(&mut to.0) {
                for (from, to) in from.0.chunks_exact($lanes).zip(to.0.chunks_exact_mut($lanes)) {
                    // SAFETY: as above.
                    unsafe { $stream(to.as_mut_ptr(), $load(from.as_ptr())) };
                }
            }
            _mm_sfence();
            black_box(&to);
            2 * from.bytes()
        }
    };
}

loops!(
    "avx512f",
    16,
    _mm512_set1_ps,
    _mm512_add_ps,
    _mm512_fmadd_ps,
    _mm512_load_ps,
    _mm512_store_ps,
    _mm512_stream_ps,
    (fma_512, read_512, copy_512, stream_512)
);
loops!(
    "avx2,fma",
    8,
    _mm256_set1_ps,
    _mm256_add_ps,
    _mm256_fmadd_ps,
    _mm256_load_ps,
    _mm256_store_ps,
    _mm256_stream_ps,
    (fma_256, read_256, copy_256, stream_256)
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_copy() {
        for copy in copies().into_iter().flatten() {
            let (mut from, mut to) = (Buffer::new(64 * 40), Buffer::new(64 * 40));
            from.0.iter_mut().enumerate().for_each(|(i, line)| line.0 = [i as f32; 16]);
            assert_eq!(copy(&from, &mut to), 2 * 64 * 40);
            assert!(from.0.iter().zip(&to.0).all(|(from, to)| from.0 == to.0));
        }
    }

    #[test]
    fn work_is_counted() {
        assert!(read().is_none_or(|read| read(&Buffer::new(6400)) == 6400));
        assert!(fma().is_none_or(|fma| fma() >= FMA_STEPS * 2 * CHAINS as u64));
    }
}
