//! Compiles MLIR text in kernel form, runs the code in this process and compares it with plain Rust.
#![allow(unsafe_code)]

mod basics;
mod contractions;
mod elementwise;
mod merging;
mod packing;
mod products;
mod rows;

use std::{collections::BTreeMap, ffi::c_void};

use hwc_runtime::abi::{Task, Workers};
use melior::{Context, ir::Module};

use super::{Compiled, Cpu, Loaded, Objects, Silent, TargetOptions, compile, context};

/// A compiled and loaded model.
pub struct Model {
    loaded: Loaded,
    compiled: Compiled,
    weights: Vec<u8>,
}

/// Ways to run the parts of a loop: one after the other in both directions, and at once.
const WORKERS: &[Workers] = &[
    Workers { threads: 1, parallel: forwards, context: std::ptr::null_mut() },
    Workers { threads: 2, parallel: backwards, context: std::ptr::null_mut() },
    Workers { threads: 7, parallel: forwards, context: std::ptr::null_mut() },
    Workers { threads: 3, parallel: at_once, context: std::ptr::null_mut() },
];

unsafe extern "C" fn forwards(_: *mut c_void, task: Task, frame: *mut c_void, parts: u32) {
    (0..parts).for_each(|part| unsafe { task(frame, part, parts) });
}

unsafe extern "C" fn backwards(_: *mut c_void, task: Task, frame: *mut c_void, parts: u32) {
    (0..parts).rev().for_each(|part| unsafe { task(frame, part, parts) });
}

unsafe extern "C" fn at_once(_: *mut c_void, task: Task, frame: *mut c_void, parts: u32) {
    let frame = frame as usize;
    std::thread::scope(|scope| {
        (0..parts).for_each(|part| _ = scope.spawn(move || unsafe { task(frame as *mut c_void, part, parts) }));
    });
}

/// Memory that starts at a multiple of 64 bytes.
#[repr(C, align(64))]
#[derive(Clone, Copy)]
struct Line([u8; 64]);

fn aligned(bytes: &[u8], fill: u8) -> Vec<Line> {
    let mut lines = vec![Line([fill; 64]); bytes.len().div_ceil(64)];
    for (line, chunk) in lines.iter_mut().zip(bytes.chunks(64)) {
        line.0[..chunk.len()].copy_from_slice(chunk);
    }
    lines
}

impl Model {
    pub fn new(text: &str) -> Self {
        Self::with(text, &TargetOptions::default())
    }

    pub fn with(text: &str, options: &TargetOptions) -> Self {
        let context = context::new();
        let mut module = Module::parse(&context, text).expect("the test's module parses");
        Self::compile(&context, &mut module, options)
    }

    /// Compiles a module in kernel form.
    pub fn compile<'c>(context: &'c Context, module: &mut Module<'c>, options: &TargetOptions) -> Self {
        // Whatever can be split is, however small.
        let options = &TargetOptions { split_from: Some(1), ..options.clone() };
        let objects = Objects::Kernels { known: BTreeMap::new(), entry: &mut |_| None };
        let (compiled, weights) =
            compile(context, module, options, objects, |_| Ok(vec![]), |_, _| "{\"abi\":1}".into(), &mut Silent)
                .unwrap_or_else(|error| panic!("{error}"));
        let loaded = Loaded::load(compiled.objects()).expect("the object loads");
        assert_eq!(loaded.manifest(), "{\"abi\":1}");
        Self { loaded, compiled, weights }
    }

    /// Runs by one thread, and in several ways by more, which must give the same; `outputs` are the sizes of the results
    /// in bytes.
    pub fn run(&self, inputs: &[Vec<u8>], outputs: &[usize]) -> Vec<Vec<u8>> {
        let alone = self.run_with(inputs, outputs, std::ptr::null());
        for workers in WORKERS {
            let together = self.run_with(inputs, outputs, workers);
            assert!(together == alone, "other results in {} parts", workers.threads);
        }
        alone
    }

    /// Runs once. Memory that the code owns starts out as garbage, and bytes beyond each output must stay as they were.
    fn run_with(&self, inputs: &[Vec<u8>], outputs: &[usize], workers: *const Workers) -> Vec<Vec<u8>> {
        self.run_at(16, inputs, outputs, workers)
    }

    /// As [`Self::run_with`]; results start so many bytes after a multiple of 64.
    pub fn run_at(&self, start: usize, inputs: &[Vec<u8>], outputs: &[usize], workers: *const Workers) -> Vec<Vec<u8>> {
        const GUARD: usize = 256;
        const GARBAGE: u8 = 0xA5;
        let weights = aligned(&self.weights, 0);
        let mut arena = aligned(&vec![GARBAGE; self.compiled.summary.arena_bytes as usize + GUARD], GARBAGE);
        let mut memory: Vec<Vec<Line>> =
            outputs.iter().map(|&n| vec![Line([GARBAGE; 64]); (start + n + GUARD).div_ceil(64)]).collect();
        let input_pointers: Vec<_> = inputs.iter().map(|i| i.as_ptr()).collect();
        let output_pointers: Vec<_> =
            memory.iter_mut().map(|o| o.as_mut_ptr().cast::<u8>().wrapping_add(start)).collect();
        let status = unsafe {
            self.loaded.entry()(
                weights.as_ptr().cast(),
                arena.as_mut_ptr().cast(),
                input_pointers.as_ptr().cast(),
                output_pointers.as_ptr().cast(),
                workers,
            )
        };
        assert_eq!(status, 0);
        let end: Vec<u8> = arena.iter().flat_map(|line| line.0).collect();
        assert!(
            end[self.compiled.summary.arena_bytes as usize..].iter().all(|b| *b == GARBAGE),
            "wrote past the arena"
        );
        let results = memory.into_iter().zip(outputs).map(|(lines, &size)| {
            let mut bytes: Vec<u8> = lines.iter().flat_map(|line| line.0).collect();
            let around = bytes[..start].iter().chain(&bytes[start + size..]).all(|b| *b == GARBAGE);
            assert!(around, "wrote past an output");
            bytes.drain(..start);
            bytes.truncate(size);
            bytes
        });
        results.collect()
    }

    /// Runs a model of f32 inputs and one f32 output of `count` elements.
    pub fn run_f32(&self, inputs: &[&[f32]], count: usize) -> Vec<f32> {
        let inputs: Vec<_> = inputs.iter().map(|i| bytes(i)).collect();
        floats(&self.run(&inputs, &[count * 4])[0])
    }
}

pub fn bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

pub fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()
}

/// Numbers in [-1, 1), the same for the same seed.
pub fn noise(count: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    (0..count)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
        })
        .collect()
}

/// Fails unless each value is within `tolerance` of the other, relative to the largest expected value.
#[track_caller]
pub fn assert_close(got: &[f32], expected: &[f32], tolerance: f32) {
    assert_eq!(got.len(), expected.len());
    let scale = expected.iter().fold(1e-6f32, |m, v| m.max(v.abs()));
    for (i, (g, e)) in got.iter().zip(expected).enumerate() {
        assert!((g - e).abs() <= tolerance * scale, "element {i}: {g}, expected {e} (scale {scale})");
    }
}
