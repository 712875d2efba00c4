//! Compiles MLIR files in kernel form and times them: `time_kernel FILE.mlir...`
//!
//! Inputs are small pseudo-random floats. Prints how long each step took and the best run of several; with a comment
//! `// flops: N` in the file also the rate.
#![allow(unsafe_code)]

use std::{error::Error, time::Instant};

use hwc_passes::codegen::{Loaded, Objects, Observer, TargetOptions, compile, context};
use melior::ir::{BlockLike, Module, RegionLike, ValueLike, operation::OperationLike};

fn main() -> Result<(), Box<dyn Error>> {
    for path in std::env::args().skip(1) {
        time(&path)?;
    }
    Ok(())
}

/// The time since the last phase, for each phase.
struct Phases(f64, String);

impl Phases {
    fn mark(&mut self, name: &str) {
        self.1 += &format!(",{name}:{:.1}", processor_ms() - self.0);
        self.0 = processor_ms();
    }
}

/// Milliseconds this thread has run: unlike the clock, not disturbed by other work on the machine.
fn processor_ms() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split_whitespace().next().and_then(|ns| ns.parse::<f64>().ok()).unwrap_or(0.0) * 1e-6
}

impl Observer for Phases {
    fn phase(&mut self, name: &'static str, _module: &Module) {
        self.mark(name);
    }
}

/// Bytes of a static tensor type, by its text.
fn bytes(ty: &str) -> usize {
    let inner = ty.trim_start_matches("tensor<").trim_end_matches('>');
    let mut parts: Vec<&str> = inner.split('x').collect();
    let element = parts.pop().unwrap_or("f32");
    let bits: usize = element.trim_start_matches(|c: char| !c.is_ascii_digit()).parse().unwrap_or(32);
    parts.iter().filter_map(|p| p.parse::<usize>().ok()).product::<usize>() * bits.div_ceil(8)
}

fn buffer(bytes: usize, seed: u32) -> Vec<u64> {
    let mut state = seed | 1;
    let mut next = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 9) as f32 / (1 << 22) as f32 - 1.0
    };
    let mut row = vec![0u64; bytes / 8 + 16];
    for pair in &mut row {
        *pair = u64::from(next().to_bits()) << 32 | u64::from(next().to_bits());
    }
    row
}

fn aligned(row: &mut [u64]) -> *mut u8 {
    let start = row.as_mut_ptr().cast::<u8>();
    // SAFETY: buffers are 128 bytes longer than asked for.
    unsafe { start.add(start.align_offset(64)) }
}

fn time(path: &str) -> Result<(), Box<dyn Error>> {
    let text = std::fs::read_to_string(path)?;
    let started = processor_ms();
    let context = context::new();
    let prepared = processor_ms() - started;
    let mut module = Module::parse(&context, &text).ok_or("the file does not parse")?;
    let main = {
        let mut next = module.body().first_operation();
        loop {
            let op = next.ok_or("no @main")?;
            if op.attribute("sym_name")?.to_string() == "\"main\"" {
                break op;
            }
            next = op.next_in_block();
        }
    };
    let block = main.region(0)?.first_block().ok_or("no body")?;
    let types = |n: usize, get: &dyn Fn(usize) -> String| (0..n).map(get).map(|t| bytes(&t)).collect::<Vec<_>>();
    let inputs =
        types(block.argument_count(), &|i| block.argument(i).map(|a| a.r#type().to_string()).unwrap_or_default());
    let last = block.terminator().ok_or("no return")?;
    let outputs = types(last.operand_count(), &|i| last.operand(i).map(|a| a.r#type().to_string()).unwrap_or_default());

    let compiling = processor_ms();
    let mut phases = Phases(compiling, String::new());
    let (compiled, weights) = compile(
        &context,
        &mut module,
        &TargetOptions::default(),
        Objects::One,
        |_| Ok(vec![]),
        |_, _| "{}".into(),
        &mut phases,
    )?;
    phases.mark("object");
    let compiled_in = processor_ms() - compiling;
    let loading = processor_ms();
    let loaded = Loaded::load(compiled.objects())?;
    let loaded_in = processor_ms() - loading;

    let mut memory: Vec<Vec<u64>> = inputs.iter().chain(&outputs).zip(1..).map(|(b, seed)| buffer(*b, seed)).collect();
    let pointers: Vec<*mut u8> = memory.iter_mut().map(|row| aligned(row)).collect();
    let mut arena = buffer(compiled.summary.arena_bytes as usize, 1);
    let mut constants = buffer(weights.len(), 1);
    let constants = aligned(&mut constants);
    let arena = aligned(&mut arena);
    // SAFETY: the buffer is at least as long as the weights.
    unsafe { std::ptr::copy_nonoverlapping(weights.as_ptr(), constants, weights.len()) };
    // SAFETY: the entry point gets buffers of the sizes it was made for.
    let run = || unsafe {
        let (ins, outs) = pointers.split_at(inputs.len());
        loaded.entry()(constants.cast(), arena.cast(), ins.as_ptr().cast(), outs.as_ptr().cast(), std::ptr::null_mut())
    };
    let started = Instant::now();
    let mut best = f64::INFINITY;
    while started.elapsed().as_millis() < 150 {
        let once = Instant::now();
        let status = run();
        assert_eq!(status, 0);
        best = best.min(once.elapsed().as_secs_f64());
    }
    let flops: Option<f64> = text.split("// flops:").nth(1).and_then(|t| t.split_whitespace().next()?.parse().ok());
    let rate = flops.map_or(String::new(), |f| format!(" gflops={:.1}", f / best * 1e-9));
    println!(
        "{path}: context_ms={:.1} compile_ms={:.1} load_ms={:.1} object={} arena={} run_us={:.1}{rate} phases_ms={}",
        prepared,
        compiled_in,
        loaded_in,
        compiled.entry.len(),
        compiled.summary.arena_bytes,
        best * 1e6,
        phases.1.trim_start_matches(','),
    );
    Ok(())
}
