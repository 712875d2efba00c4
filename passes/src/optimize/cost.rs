//! What a kernel is expected to cost, before it is made.

use hwc_cost_model::{Machine, Work};
use hwc_dialects::hwk::Cpu;
use hwc_dialects::image::is_channels_last;
use hwc_dialects::{CostClass, Op, TensorType};

use crate::graph::layout::{self, Order, Role};
use crate::graph::{Call, flops};

/// A kernel that is not made yet: its operations, and what it reads and writes in memory.
pub struct Group<'a> {
    pub calls: &'a [Call<'a>],
    pub reads: &'a [&'a TensorType],
    pub writes: &'a [&'a TensorType],
    /// Bytes of what it reads that are weights.
    pub weights: f64,
    /// The order that its operations work in; nothing for the better one of each.
    pub order: Option<Order>,
}

/// What predicts the time of kernels.
pub trait Cost {
    /// Says where a time comes from: `analytic`, `measured`.
    fn name(&self) -> &'static str;

    /// Seconds that a kernel takes; nothing if this cost does not know it, and the next one is to be asked.
    fn seconds(&self, group: &Group) -> Option<f64>;
}

/// Arithmetic at the rate that its class reaches, or memory traffic, whichever takes longer; and what a call costs.
#[derive(Clone, Debug)]
pub struct Analytic {
    /// Elements of `f32` in a vector.
    lanes: f64,
    /// Arithmetic operations of all threads in a second at best.
    flops_per_second: f64,
    /// Bytes in a second, by the bytes up to which a working set is so fast.
    levels: [(f64, f64); 3],
    /// Seconds to start a kernel.
    call: f64,
    /// Bytes of all weights of the model.
    weights: f64,
}

/// Cycles in a second of the machines that are meant; times are compared with each other only.
const HERTZ: f64 = 3.5e9;
/// Vector multiplications and additions started in a cycle.
const UNITS: f64 = 2.0;
/// Bytes in a second that one thread gets from the second-level cache, from the last and from memory.
const BANDWIDTHS: [f64; 3] = [150e9, 90e9, 35e9];
/// Seconds that a call takes, and with several threads until they have begun and ended.
const CALL: f64 = 0.2e-6;
const THREADS: f64 = 3e-6;

impl Analytic {
    /// `weights` are the bytes of all weights of the model: in which cache a kernel finds its own is a matter of how many
    /// others are read before it runs again.
    pub fn new(cpu: &Cpu, threads: usize, weights: f64) -> Analytic {
        let threads = threads.clamp(1, usize::try_from(cpu.cores).unwrap_or(1).max(1)) as f64;
        let lanes = (cpu.vector as f64 / 32.0).max(4.0);
        let [l2, l3, memory] = BANDWIDTHS;
        Analytic {
            lanes,
            flops_per_second: 2.0 * lanes * UNITS * HERTZ * threads,
            // Two threads do not get twice as much from what they share.
            levels: [
                (cpu.l2 as f64 * threads, l2 * threads),
                (cpu.l3 as f64, l3 * threads.sqrt()),
                (f64::INFINITY, memory * threads.sqrt()),
            ],
            call: if threads > 1.0 { THREADS } else { CALL },
            weights,
        }
    }

    /// Bytes in a second of a working set.
    fn speed(&self, bytes: f64) -> f64 {
        self.levels.iter().find(|(most, _)| bytes <= *most).map_or(BANDWIDTHS[2], |(_, speed)| *speed)
    }
}

impl Cost for Analytic {
    fn name(&self) -> &'static str {
        "analytic"
    }

    fn seconds(&self, group: &Group) -> Option<f64> {
        let moved: f64 = group.reads.iter().chain(group.writes).map(|ty| bytes(ty)).sum();
        let work: f64 = group.calls.iter().map(|call| weighted(call, self.lanes)).sum();
        let repeats = group.calls.iter().map(rereading).fold(1.0, f64::max);
        let speed = self.speed(moved);
        // Weights as so many bytes of the others as take as long.
        let weights = group.weights * (speed / self.speed(moved.max(self.weights)) - 1.0);
        let machine = Machine { flops_per_second: self.flops_per_second, bytes_per_second: speed };
        let seconds = machine.seconds(Work { flops: work, bytes: moved * repeats + weights });
        let orders: f64 = group.calls.iter().map(|call| ordered(call, group.order)).sum();
        Some(seconds + orders + self.call)
    }
}

/// Seconds of a picosecond.
pub const PICO: f64 = 1e-12;

/// Seconds that an operation takes more in an order than in the better one.
fn ordered(call: &Call, order: Option<Order>) -> f64 {
    let Some(order) = order else { return 0.0 };
    let [first, last] = layout::cost::more(call, Role::of(call));
    (if order == Order::First { first } else { last }) as f64 * PICO
}

/// Bytes of a tensor.
pub fn bytes(ty: &TensorType) -> f64 {
    ty.elements().unwrap_or(0) as f64 * ty.dtype.size() as f64
}

/// Arithmetic in operations at full rate that would take as long.
fn weighted(call: &Call, lanes: f64) -> f64 {
    let last = |ty: Option<&TensorType>, axis: usize| {
        ty.and_then(|ty| ty.shape.get(ty.rank().checked_sub(axis)?)?.fixed()).unwrap_or(1) as f64
    };
    let first = |ty: Option<&TensorType>| ty.and_then(|ty| ty.shape.first()?.fixed()).unwrap_or(1) as f64;
    let operand = |i: usize| call.operands.get(i).copied().flatten();
    let filled = |n: f64| n / ((n / lanes).ceil() * lanes).max(1.0);
    let rate = match call.op {
        // Columns fill vectors; a product with one row reads its right operand once.
        Op::Matmul => {
            0.85 * filled(last(call.results.first(), 1)) * if last(call.results.first(), 2) < 4.0 { 0.25 } else { 1.0 }
        }
        Op::Conv | Op::ConvTranspose | Op::WinogradConv => {
            let is_last = call.op == Op::WinogradConv || is_channels_last(call.attrs);
            let filters = if is_last { last(operand(1), 1) } else { first(operand(1)) };
            let depthwise = call.attrs.int("group").is_ok_and(|group| group > 1);
            if depthwise { 0.12 } else { 0.85 * filled(filters) }
        }
        Op::Einsum => 0.6,
        // Its lowering keeps all scores; the same written out as products and softmax takes a third as long.
        Op::Attention => 0.15,
        Op::Lstm | Op::Gru | Op::Rnn => 0.3,
        op => match op.info().cost {
            // One instruction each, where a product is two operations.
            CostClass::Elementwise => 0.5 / instructions(op),
            CostClass::Normalization => 0.1,
            CostClass::Reduction | CostClass::Pooling => 0.2,
            _ => 0.02,
        },
    };
    flops(call) / f64::max(rate, 1e-3)
}

/// How many instructions an element of an elementwise operator takes.
fn instructions(op: Op) -> f64 {
    match op {
        Op::Div | Op::Sqrt | Op::Reciprocal => 5.0,
        Op::Exp | Op::Sigmoid | Op::Swish => 16.0,
        Op::Tanh | Op::Log | Op::Sin | Op::Cos => 16.0,
        Op::Erf | Op::Gelu | Op::Mish | Op::Softplus => 24.0,
        Op::Pow | Op::Tan | Op::Mod | Op::Fmod => 40.0,
        Op::HardSwish | Op::HardSigmoid | Op::Clip | Op::BatchNormalization => 3.0,
        _ => 1.0,
    }
}

/// Seconds that readers of a slice lose against readers of a whole tensor: nothing where it is one piece of memory, else
/// as much as a copy would take. The shapes are those of what is sliced and of the slice, as they lie in memory.
pub fn slicing(sliced: &[usize], slice: &[usize], bytes: f64) -> f64 {
    let first = sliced.iter().zip(slice).position(|(a, b)| a != b).unwrap_or(sliced.len());
    let in_one_piece =
        sliced[..first].iter().all(|n| *n == 1) && sliced.iter().zip(slice).skip(first + 1).all(|(a, b)| a == b);
    if in_one_piece { 0.0 } else { CALL + 2.0 * bytes / BANDWIDTHS[1] }
}

/// How often what is moved is moved: elements out of order use a part of each line of the cache.
fn rereading(call: &Call) -> f64 {
    match call.op.info().cost {
        CostClass::Movement if call.op == Op::Transpose => 2.5,
        CostClass::Gather | CostClass::Sort => 4.0,
        _ => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use hwc_dialects::Attrs;
    use hwc_runtime::DType;

    use super::*;

    fn cpu() -> Cpu {
        Cpu { vector: 512, l1: 32 << 10, l2: 1 << 20, l3: 32 << 20, cores: 2, ..Cpu::default() }
    }

    fn product(m: usize, k: usize, n: usize) -> f64 {
        let [a, b, c] = [[m, k], [k, n], [m, n]].map(|shape| TensorType::fixed(DType::F32, &shape));
        let call = Call {
            op: Op::Matmul,
            attrs: &Attrs::default(),
            operands: &[Some(&a), Some(&b)],
            results: std::slice::from_ref(&c),
        };
        Analytic::new(&cpu(), 1, 0.0)
            .seconds(&Group { calls: &[call], reads: &[&a, &b], writes: &[&c], weights: 0.0, order: None })
            .unwrap()
    }

    #[test]
    fn a_product_takes_as_long_as_its_arithmetic() {
        let peak = 2.0 * 1024f64.powi(3) / (2.0 * 16.0 * 2.0 * 3.5e9);
        let seconds = product(1024, 1024, 1024);
        assert!(seconds > peak && seconds < 1.5 * peak, "{seconds} {peak}");
        // A row times a matrix reads the matrix.
        let seconds = product(1, 4096, 4096);
        assert!(seconds > 4096.0 * 4096.0 * 4.0 / BANDWIDTHS[2], "{seconds}");
    }

    #[test]
    fn a_piece_of_memory_costs_nothing() {
        assert_eq!(slicing(&[1, 36, 128, 32], &[1, 12, 128, 32], 196608.0), 0.0);
        assert!(slicing(&[1, 128, 32, 36], &[1, 128, 32, 12], 196608.0) > 0.0);
        assert!(slicing(&[2, 36, 128, 32], &[2, 12, 128, 32], 393216.0) > 0.0);
        assert!(slicing(&[36, 128], &[12, 100], 4800.0) > 0.0);
    }

    #[test]
    fn narrow_results_waste_lanes() {
        assert!(product(512, 512, 17) > 1.5 * product(512, 512, 16));
    }
}
