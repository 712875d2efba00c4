//! Global features: numbers about a whole kernel, from its text alone.

use super::effort::Sum;
use super::machine::Cpu;
use super::reader::Draft;
use super::spec::{Dim, Schedule, Space, reduces};
use super::vocabulary::Mark;

/// A feature. Adding one is a row in [`FEATURES`].
pub struct Feature {
    pub name: &'static str,
    pub unit: &'static str,
    /// How it is computed, in words of the other rows.
    pub formula: &'static str,
    scale: Scale,
    of: fn(&Facts) -> f64,
}

/// How a number becomes a feature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scale {
    /// ln(1 + x).
    Log,
    /// log2(x), 0 where x is 0.
    Ratio,
    /// As it is.
    Plain,
}

impl Feature {
    /// What is done to it: sizes become logarithms.
    pub fn scaling(&self) -> &'static str {
        match self.scale {
            Scale::Log => "ln(1 + x)",
            Scale::Ratio => "log2(x), 0 of 0",
            Scale::Plain => "x",
        }
    }
}

/// How many features there are.
pub const FEATURE_COUNT: usize = 48;

/// Numbers of the attribute `hwk.estimate`: cycles with everything in the nearest cache; of these, those of loads, shuffles,
/// arithmetic and ends of tiles; cache lines from beyond the first, second and third cache.
pub const ESTIMATES: usize = 8;

/// The place of the first of as many features that are made of them, `estimate`.
pub(super) const ESTIMATE: usize = 35;

use Scale::{Log, Plain, Ratio};

macro_rules! features {
    ($($name:literal, $unit:literal, $scale:ident, $of:expr, $formula:literal;)*) => {
        /// All features, in their order.
        pub const FEATURES: [Feature; FEATURE_COUNT] = [
            $(Feature { name: $name, unit: $unit, formula: $formula, scale: $scale, of: $of }),*
        ];
    };
}

features! {
    "flops", "operations", Log, |f| f.sum.flops, "sum over operations, by the table of efforts";
    "functions", "calls", Log, |f| f.sum.functions, "the same, of exponentials, logarithms and their like";
    "bytes_read", "bytes", Log, |f| f.read, "arguments; of those that are only sliced or looked up, what is taken";
    "bytes_written", "bytes", Log, |f| f.written, "results";
    "bytes_constant", "bytes", Log, |f| f.constant, "arguments that are the same in each call";
    "intensity", "operations a byte", Log, |f| ratio(f.sum.flops, f.read + f.written), "flops / (bytes_read + bytes_written)";
    "operations", "", Log, |f| f64::from(f.draft.operations), "operations in the text, those of regions too";
    "depth", "operations", Log, |f| f64::from(f.draft.depth), "longest chain of definitions and uses";
    "arguments", "", Log, |f| f.draft.arguments.len() as f64, "arguments of the kernel";
    "parallel", "iterations", Log, |f| f.parallel, "product of the space's dimensions that do not reduce; without a space, of the operation that does most";
    "reduction", "iterations", Log, |f| f.reduction, "product of those that do";
    "bits", "bits", Ratio, |f| f.space.bits / 32.0, "widest value of the loops / 32";
    "vector_extent", "iterations", Log, |f| f.vector_extent, "extent of the dimension that runs in vectors";
    "lanes", "", Ratio, |f| f.lanes(), "lanes of the schedule's vectors / elements of a register";
    "side", "vectors", Log, |f| f.vector.map_or(0.0, |(_, _, count)| count), "vectors side by side";
    "tile_points", "iterations", Log, |f| f.tile_points, "product of the tile in registers over all dimensions";
    "accumulators", "", Plain, |f| f.accumulators(), "vectors of results that a tile keeps / registers; at most 4";
    "tiles", "tiles", Log, |f| f.tiles, "tiles in registers that cover the dimensions that do not reduce";
    "waste", "", Plain, |f| f.waste, "1 - iterations / iterations of whole tiles in registers";
    "vector_rest", "", Plain, |f| f.vector_rest(), "vector_extent mod lanes of a vector, / lanes";
    "tile_rest", "", Plain, |f| f.tile_rest(), "largest size mod tile, / tile, over tiles in registers";
    "blocks", "blocks", Log, |f| f.blocks, "tiles of the outermost level but registers that cover the space; 1 without such tiles";
    "block_rest", "", Plain, |f| f.block_rest, "largest size mod tile, / tile, over these";
    "stripe", "", Ratio, |f| ratio(f.stripe, f.cpu.l1), "bytes that a tile in registers touches over all its reductions / L1";
    "block", "", Ratio, |f| ratio(f.block, f.cpu.l2), "bytes that a block touches / L2; the whole space without blocks";
    "whole", "", Ratio, |f| ratio(f.footprint, f.cpu.l3), "bytes of the whole space's operands / L3";
    "memory", "", Ratio, |f| ratio(f.read + f.written, f.cpu.l2), "(bytes_read + bytes_written) / L2";
    "loops", "", Log, |f| f.draft.schedule.order.len() as f64, "loops of the order";
    "packed_constant", "operands", Plain, |f| f.packed(true), "operands that are packed at compile time";
    "packed_block", "operands", Plain, |f| f.packed(false), "operands that are packed block by block";
    "streams", "", Plain, |f| flag(f.draft.schedule.stream), "1: results are written past the caches";
    "trips", "iterations", Log, |f| f.trips, "iterations of the loops that threads share, at most; 1 where they share none";
    "threads", "", Log, |f| f.threads(), "min(trips, cores); 1 where threads share nothing";
    "wave_rest", "", Plain, |f| f.wave_rest(), "1 - trips / (ceil(trips / threads) * threads): what of the last wave is idle";
    "cycles", "cycles", Log, |f| f.cycles(), "flops / (4 * elements of a register * threads): two multiplications with additions a cycle";
    "estimate", "cycles", Log, |f| expected(&f.draft.estimate, 0), "what the kernel's `hwk.estimate` says: code generation's own estimate of its most expensive loops, with everything in the nearest cache";
    "loads", "", Plain, |f| expected(&f.draft.estimate, 1), "what loads take of them by themselves / estimate, at most 4";
    "shuffles", "", Plain, |f| expected(&f.draft.estimate, 2), "the same of shuffles";
    "arithmetic", "", Plain, |f| expected(&f.draft.estimate, 3), "of arithmetic";
    "stores", "", Plain, |f| expected(&f.draft.estimate, 4), "of the ends of reductions and of stores";
    "beyond_l1", "lines a cycle", Log, |f| expected(&f.draft.estimate, 5), "2 * cache lines from beyond L1 / estimate";
    "beyond_l2", "lines a cycle", Log, |f| expected(&f.draft.estimate, 6), "4 * lines from beyond L2 / estimate";
    "beyond_l3", "lines a cycle", Log, |f| expected(&f.draft.estimate, 7), "10 * lines from beyond L3 / estimate";
    "register_bits", "bits", Ratio, |f| ratio(f.cpu.vector, 128.0), "bits of a register / 128";
    "registers", "", Log, |f| f.cpu.registers, "vector registers";
    "cores", "", Log, |f| f.cpu.cores, "cores of the machine";
    "instruction_set", "", Plain, |f| flag(f.cpu.has("fma")) + flag(f.cpu.has("avx512f")) + flag(f.cpu.has("avx512vnni")), "1 for fma, 1 for avx512f, 1 for avx512vnni";
    "known", "", Plain, |f| flag(f.draft.space.given) + 2.0 * flag(f.draft.schedule.given) + 4.0 * flag(f.cpu.given), "1 with a space, 2 with a schedule, 4 with a machine";
}

fn ratio(a: f64, b: f64) -> f64 {
    if b > 0.0 { a / b } else { 0.0 }
}

fn flag(given: bool) -> f64 {
    f64::from(u8::from(given))
}

fn ceil_div(a: f64, b: f64) -> f64 {
    (a / b.max(1.0)).ceil().max(1.0)
}

/// Which dimensions index which operands of a class; the last one is the result. Those of other classes are indexed by
/// all dimensions, and reductions' results by those that do not reduce.
const OPERANDS: &[(Mark, &[&str])] = &[
    (Mark::Contraction, &["mk", "kn", "mn"]),
    (Mark::BatchedContraction, &["bmk", "bkn", "bmn"]),
    (Mark::Convolution, &["bmk", "bkn", "bmn"]),
    (Mark::Depthwise, &["bmk", "bk", "bm"]),
];

/// What features are computed from.
struct Facts<'a> {
    draft: &'a Draft,
    space: &'a Space,
    cpu: &'a Cpu,
    vector: Option<(Dim, f64, f64)>,
    sum: Sum,
    read: f64,
    written: f64,
    constant: f64,
    parallel: f64,
    reduction: f64,
    vector_extent: f64,
    tile_points: f64,
    tiles: f64,
    waste: f64,
    blocks: f64,
    block_rest: f64,
    stripe: f64,
    block: f64,
    footprint: f64,
    trips: f64,
}

/// The features of a kernel, on a machine that its text or its caller names.
pub(super) fn features(draft: &Draft, cpu: &Cpu) -> [f32; FEATURE_COUNT] {
    let facts = Facts::new(draft, cpu);
    std::array::from_fn(|i| {
        let feature = &FEATURES[i];
        scaled(feature.scale, (feature.of)(&facts))
    })
}

fn scaled(scale: Scale, x: f64) -> f32 {
    let x = match scale {
        Log => x.max(0.0).ln_1p(),
        Ratio if x > 0.0 => x.log2(),
        Ratio => 0.0,
        Plain => x,
    };
    // A text can say anything; a network shall not be handed what is not finite.
    if x.is_finite() { x.clamp(-64.0, 128.0) as f32 } else { 0.0 }
}

/// The features of an estimate's numbers.
pub(super) fn of_estimate(estimate: &[f64; ESTIMATES]) -> [f32; ESTIMATES] {
    std::array::from_fn(|number| scaled(FEATURES[ESTIMATE + number].scale, expected(estimate, number)))
}

/// A number of an estimate by its cycles, which are the first one.
fn expected(estimate: &[f64; ESTIMATES], number: usize) -> f64 {
    /// About the cycles that a line takes more from beyond each cache.
    const LINE: [f64; 3] = [2.0, 4.0, 10.0];
    let cycles = estimate[0].max(1.0);
    match number {
        0 => estimate[0].max(0.0),
        1..5 => (estimate[number] / cycles).min(4.0),
        _ => LINE[number - 5] * estimate[number] / cycles,
    }
}

impl<'a> Facts<'a> {
    fn new(draft: &'a Draft, cpu: &'a Cpu) -> Facts<'a> {
        let Draft { space, schedule, arguments, .. } = draft;
        let bytes = |ty: u32| draft.types.get(ty as usize).map_or(0.0, |shape| shape.bytes());
        let register = |dim: Dim| schedule.tile(Mark::Registers, dim);
        let outer = |dim: Dim| outermost(schedule, dim);
        let product = |keep: &dyn Fn(Dim) -> bool, of: &dyn Fn(Dim, f64) -> f64| {
            let dims = space.dims.iter().filter(|(dim, _)| keep(*dim));
            dims.map(|(dim, extent)| of(*dim, *extent)).product::<f64>()
        };
        let (mut parallel, mut reduction) = (product(&|d| !reduces(d), &|_, e| e), product(&reduces, &|_, e| e));
        if space.dims.is_empty() {
            (parallel, reduction) = (draft.anchor.2, draft.anchor.3);
        }
        let tiles = product(&|d| !reduces(d), &|d, e| ceil_div(e, register(d).unwrap_or(1.0)));
        let covered = product(&|_| true, &|d, e| register(d).map_or(e, |t| ceil_div(e, t) * t));
        let rests = |tile: &dyn Fn(Dim) -> Option<f64>| {
            let rests = space.dims.iter().filter_map(|(d, e)| tile(*d).map(|t| (e % t.max(1.0)) / t.max(1.0)));
            rests.fold(0.0, f64::max)
        };
        let stripe = |d: Dim, e: f64| if reduces(d) { e } else { register(d).unwrap_or(1.0).min(e) };
        let block = |d: Dim, e: f64| outer(d).unwrap_or(e).min(e);
        let shared = schedule.threads.iter().flatten();
        let trips = shared.filter_map(|d| {
            let tile = outer(*d).or_else(|| register(*d)).unwrap_or(1.0);
            space.extent(*d).map(|extent| ceil_div(extent, tile))
        });
        let scheduled = |x: f64| if schedule.given { x } else { 0.0 };
        Facts {
            draft,
            space,
            cpu,
            vector: schedule.vector,
            sum: draft.sum,
            read: arguments.iter().map(|a| if a.whole { bytes(a.ty) } else { a.parts.min(bytes(a.ty)) }).sum(),
            written: draft.results.iter().map(|ty| bytes(*ty)).sum(),
            constant: arguments.iter().filter(|a| a.constant).map(|a| bytes(a.ty)).sum(),
            parallel,
            reduction,
            vector_extent: schedule.vector.and_then(|(dim, _, _)| space.extent(dim)).unwrap_or(0.0),
            tile_points: scheduled(product(&|d| register(d).is_some(), &|d, _| register(d).unwrap_or(1.0))),
            tiles: scheduled(tiles),
            waste: 1.0 - ratio(product(&|_| true, &|_, e| e), covered),
            blocks: scheduled(product(&|_| true, &|d, e| outer(d).map_or(1.0, |t| ceil_div(e, t)))),
            block_rest: rests(&outer),
            stripe: footprint(space, &stripe),
            block: footprint(space, &block),
            footprint: footprint(space, &|_, e| e),
            trips: scheduled(trips.product()),
        }
    }

    /// Elements of a register.
    fn elements(&self) -> f64 {
        (self.cpu.vector / self.space.bits.max(1.0)).max(1.0)
    }

    fn lanes(&self) -> f64 {
        self.vector.map_or(0.0, |(_, lanes, _)| lanes / self.elements())
    }

    fn accumulators(&self) -> f64 {
        let lanes = self.vector.map_or(1.0, |(_, lanes, _)| lanes).max(1.0);
        ratio(ratio(self.tile_points, lanes), self.cpu.registers).min(4.0)
    }

    fn vector_rest(&self) -> f64 {
        self.vector.map_or(0.0, |(_, lanes, _)| (self.vector_extent % lanes.max(1.0)) / lanes.max(1.0))
    }

    fn tile_rest(&self) -> f64 {
        let tiles = self.draft.schedule.tiles.iter().filter(|(level, _, _)| *level == Mark::Registers);
        let rests = tiles.filter_map(|(_, d, t)| self.space.extent(*d).map(|e| (e % t.max(1.0)) / t.max(1.0)));
        rests.fold(0.0, f64::max)
    }

    fn packed(&self, constant: bool) -> f64 {
        let is = |mark: &Mark| matches!(mark, Mark::LhsConstant | Mark::RhsConstant) == constant;
        self.draft.schedule.pack.iter().flatten().filter(|mark| is(mark)).count() as f64
    }

    fn threads(&self) -> f64 {
        self.trips.min(self.cpu.cores.max(1.0)).max(1.0)
    }

    fn wave_rest(&self) -> f64 {
        let threads = self.threads();
        1.0 - ratio(self.trips, ceil_div(self.trips, threads) * threads)
    }

    fn cycles(&self) -> f64 {
        if self.cpu.given { self.sum.flops / (4.0 * self.elements() * self.threads()) } else { 0.0 }
    }
}

/// The tile of a dimension at the outermost level but registers.
fn outermost(schedule: &Schedule, dim: Dim) -> Option<f64> {
    let levels = [Mark::L3, Mark::L2, Mark::L1];
    levels.into_iter().find_map(|level| schedule.tile(level, dim))
}

/// Bytes that so many iterations of each dimension touch; neighbouring windows of convolutions are counted apart.
fn footprint(space: &Space, iterations: &dyn Fn(Dim, f64) -> f64) -> f64 {
    let bytes = (space.bits / 8.0).ceil().max(1.0);
    let over = |keep: &dyn Fn(Dim) -> bool| {
        let dims = space.dims.iter().filter(|(dim, _)| keep(*dim));
        dims.map(|(dim, extent)| iterations(*dim, *extent)).product::<f64>()
    };
    let operands = OPERANDS.iter().find(|(class, _)| *class == space.class);
    let elements: f64 = match operands {
        _ if space.dims.is_empty() => 0.0,
        Some((_, operands)) => operands
            .iter()
            .map(|indices| over(&|dim| super::spec::role(dim).is_some_and(|r| indices.contains(r))))
            .sum(),
        None => over(&|_| true) + over(&|dim| !reduces(dim)),
    };
    elements * bytes
}
