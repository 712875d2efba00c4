//! The worker's side: compiles kernels and times them.

use std::collections::HashMap;
use std::io::{self, BufRead, Write};
use std::num::NonZeroUsize;

use hwc_cost_model::dataset::Code;
use hwc_runtime::{Session, TensorView, TensorViewMut, Threads};

use super::MachineCode;
use super::clock::{elapsed_seconds, thread_seconds};
use super::protocol::{Reply, Request};
use crate::{Compiler, DType, Error, Model, Options};

/// What a sample takes at least, in seconds: long beside the clock's resolution.
const SAMPLE: f64 = 1e-3;
/// Runs of one sample at most.
const MOST_RUNS: f64 = 10_000.0;
/// Bytes that replace what is in the caches.
const CACHES: usize = 64 << 20;
/// Tensors begin on cache lines.
const ALIGNMENT: usize = 64;

/// Answers requests until they end.
///
/// # Errors
/// Where requests cannot be read or replies not written.
pub fn serve(requests: impl BufRead, mut replies: impl Write) -> io::Result<()> {
    let mut worker = Worker::default();
    for line in requests.lines() {
        let reply = match serde_json::from_str(&line?) {
            Ok(request) => worker.answer(request),
            Err(error) => Reply::Refused(format!("not understood: {error}")),
        };
        writeln!(replies, "{}", serde_json::to_string(&reply)?)?;
        replies.flush()?;
    }
    Ok(())
}

#[derive(Default)]
struct Worker {
    kernels: HashMap<usize, Kernel>,
    elsewhere: Vec<u8>,
}

impl Worker {
    fn answer(&mut self, request: Request) -> Reply {
        match request {
            Request::Load { id, text, threads } => match Kernel::new(&text, threads) {
                Ok(kernel) => {
                    let code = kernel.code;
                    self.kernels.insert(id, kernel);
                    Reply::Loaded { code }
                }
                Err(error) => Reply::Refused(error.to_string()),
            },
            Request::Time { id, cold } => {
                let Some(kernel) = self.kernels.get_mut(&id) else {
                    return Reply::Refused(format!("kernel {id} is not loaded"));
                };
                if let Err(why) = kernel.prepare() {
                    return Reply::Refused(why);
                }
                if cold {
                    self.elsewhere.resize(CACHES, 0);
                    self.elsewhere.chunks_mut(ALIGNMENT).for_each(|line| line[0] = line[0].wrapping_add(1));
                }
                kernel.time(cold).unwrap_or_else(Reply::Refused)
            }
        }
    }
}

/// A compiled kernel with memory to run on.
struct Kernel {
    code: Option<Code>,
    session: Session,
    inputs: Vec<Vec<u8>>,
    outputs: Vec<Vec<u8>>,
    clock: fn() -> f64,
    /// Runs of one sample, once they are known.
    runs: Option<u32>,
}

impl Kernel {
    fn new(text: &str, threads: NonZeroUsize) -> Result<Kernel, Error> {
        let options = Options { in_place: true, ..Options::new() };
        let artifact = Compiler::new(options).compile(&Model::from_mlir(text))?;
        let code = MachineCode::read(&artifact).ok().map(|code| code.numbers());
        let mut session = artifact.session()?;
        session.set_threads(Threads::AtMost(threads));
        let manifest = session.manifest();
        let room =
            |dtype: DType, shape: &[usize]| vec![0u8; shape.iter().product::<usize>() * dtype.size() + ALIGNMENT];
        let input = |(i, input): (usize, &hwc_runtime::manifest::Input)| {
            let mut bytes = room(input.dtype, &input.shape);
            // Zeros of other types are in range as indices.
            if input.dtype == DType::F32 {
                fill(aligned_mut(&mut bytes), i as u32);
            }
            bytes
        };
        let inputs = manifest.inputs.iter().enumerate().map(input).collect();
        let outputs = manifest.outputs.iter().map(|output| room(output.dtype, &output.shape)).collect();
        let clock = if threads == NonZeroUsize::MIN { thread_seconds } else { elapsed_seconds };
        Ok(Kernel { code, session, inputs, outputs, clock, runs: None })
    }

    /// Finds how many runs make a sample, unless that is known.
    fn prepare(&mut self) -> Result<(), String> {
        if self.runs.is_none() {
            // The first run pages memory in and allocates scratch.
            self.run(1)?;
            let once = self.run(1)?.max(1e-9);
            self.runs = Some((SAMPLE / once).clamp(1.0, MOST_RUNS) as u32);
        }
        Ok(())
    }

    /// Takes a sample; for a cold one the caches hold something else.
    fn time(&mut self, cold: bool) -> Result<Reply, String> {
        let runs = if cold { 1 } else { self.runs.unwrap_or(1) };
        if !cold {
            // Whatever ran before has left other things in the caches.
            self.run(1)?;
        }
        let seconds = self.run(runs)?;
        let work = self.session.manifest().kernels.iter();
        let (flops, bytes) = work.fold((0.0, 0.0), |(flops, bytes), kernel| {
            (flops + (kernel.flops * kernel.calls) as f64, bytes + (kernel.bytes * kernel.calls) as f64)
        });
        Ok(Reply::Time { seconds, flops, bytes })
    }

    /// Seconds of one of several runs.
    fn run(&mut self, runs: u32) -> Result<f64, String> {
        let manifest = self.session.manifest();
        let mut total = 0.0;
        for _ in 0..runs {
            let inputs = manifest.inputs.iter().zip(&self.inputs).map(|(input, bytes)| {
                let length = input.shape.iter().product::<usize>() * input.dtype.size();
                let data = &aligned(bytes)[..length];
                (input.name.as_str(), TensorView { dtype: input.dtype, shape: &input.shape, data })
            });
            let outputs = manifest.outputs.iter().zip(&mut self.outputs).map(|(output, bytes)| {
                let length = output.shape.iter().product::<usize>() * output.dtype.size();
                let data = &mut aligned_mut(bytes)[..length];
                (output.name.as_str(), TensorViewMut { dtype: output.dtype, shape: &output.shape, data })
            });
            let started = (self.clock)();
            self.session.run_into(inputs, outputs).map_err(|e| e.to_string())?;
            total += (self.clock)() - started;
        }
        Ok(total / f64::from(runs))
    }
}

/// Numbers from -1 to 1, neither special nor denormal.
fn fill(bytes: &mut [u8], seed: u32) {
    let mut state = seed.wrapping_mul(2).wrapping_add(1);
    for element in bytes.chunks_exact_mut(4) {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let value = (state >> 8) as f32 / (1 << 23) as f32 - 1.0;
        element.copy_from_slice(&value.to_le_bytes());
    }
}

fn aligned(bytes: &[u8]) -> &[u8] {
    &bytes[bytes.as_ptr().align_offset(ALIGNMENT).min(ALIGNMENT)..]
}

fn aligned_mut(bytes: &mut [u8]) -> &mut [u8] {
    let start = bytes.as_ptr().align_offset(ALIGNMENT).min(ALIGNMENT);
    &mut bytes[start..]
}
