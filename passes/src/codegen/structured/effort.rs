//! What a scheduled nest asks of a core whose nearest cache holds everything.

use std::ops::{Add, Mul};

use super::nest::{Access, Kind, Nest, ceil_div};
use super::schedule::{Facts, Load, Schedule, registers_per_vector};

/// Estimated cycles.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Effort {
    /// Of all that follows together: some of it runs at once.
    pub cycles: f64,
    /// Of loading what steps read, of sorting it out in registers, and of computing with it.
    pub loads: f64,
    pub shuffles: f64,
    pub arithmetic: f64,
    /// Of combining what is left of reductions, and of storing results.
    pub stores: f64,
}

impl Add for Effort {
    type Output = Effort;

    fn add(self, other: Effort) -> Effort {
        Effort {
            cycles: self.cycles + other.cycles,
            loads: self.loads + other.loads,
            shuffles: self.shuffles + other.shuffles,
            arithmetic: self.arithmetic + other.arithmetic,
            stores: self.stores + other.stores,
        }
    }
}

impl Mul<f64> for Effort {
    type Output = Effort;

    fn mul(self, times: f64) -> Effort {
        Effort {
            cycles: self.cycles * times,
            loads: self.loads * times,
            shuffles: self.shuffles * times,
            arithmetic: self.arithmetic * times,
            stores: self.stores * times,
        }
    }
}

/// Cycles of a fused multiply-add that the next one on the same accumulator waits for.
const LATENCY: f64 = 4.0;

/// The sizes of tiles a dimension falls into: how many of which size.
fn parts(extent: i64, tile: i64) -> Vec<(i64, i64)> {
    let mut all = vec![];
    if extent / tile > 0 {
        all.push((extent / tile, tile));
    }
    if extent % tile > 0 {
        all.push((1, extent % tile));
    }
    all
}

/// What a whole nest takes.
pub fn effort(nest: &Nest, facts: &Facts, schedule: &Schedule) -> Effort {
    let tiled: Vec<usize> = schedule
        .vector
        .iter()
        .map(|v| v.dim)
        .filter(|&d| !nest.is_reduction(d))
        .chain(schedule.unroll.iter().map(|(d, _)| *d))
        .collect();
    let plain: f64 =
        nest.of_kind(Kind::Parallel).filter(|d| !tiled.contains(d)).map(|d| nest.dims[d].extent as f64).product();
    let mut total = Effort::default();
    let mut combinations = vec![(1.0, vec![])];
    for &d in &tiled {
        let mut next = vec![];
        for (times, sizes) in &combinations {
            for (count, size) in parts(nest.dims[d].extent, schedule.tile(d)) {
                let mut sizes: Vec<(usize, i64)> = sizes.clone();
                sizes.push((d, size));
                next.push((times * count as f64, sizes));
            }
        }
        combinations = next;
    }
    // Every shape of tile is code of its own.
    let code = 20.0 * combinations.len() as f64;
    for (times, sizes) in combinations {
        total = total + of_tile(nest, facts, schedule, &sizes) * times;
    }
    total = total * plain;
    Effort { cycles: total.cycles + code, ..total }
}

/// One tile with all of its reductions.
fn of_tile(nest: &Nest, facts: &Facts, schedule: &Schedule, sizes: &[(usize, i64)]) -> Effort {
    let size = |d: usize| sizes.iter().find(|(s, _)| *s == d).map_or(1, |(_, n)| *n);
    let (dim, lanes, count) = schedule.vector.map_or((usize::MAX, 1, 1), |v| (v.dim, v.lanes, v.count));
    let reduces = dim < nest.dims.len() && nest.is_reduction(dim);
    let vectors = if reduces || dim == usize::MAX { count } else { ceil_div(size(dim), lanes) };
    let registers = schedule.vector.map_or(1, |v| registers_per_vector(facts, &v)) as f64;
    let points: i64 = schedule.unroll.iter().map(|(d, _)| size(*d)).product();

    // What one step of the reductions asks of the load pipes and of the shuffle pipe, in cycles.
    let (mut loads, mut shuffles) = (0.0, 0.0);
    for ((access, how), _) in nest.inputs.iter().zip(&schedule.loads).zip(&facts.reads).filter(|(_, read)| **read) {
        let distinct: i64 =
            schedule.unroll.iter().filter(|(d, _)| access.strides[*d] != 0).map(|(d, _)| size(*d)).product();
        let narrow = (access.bytes as f64 / facts.widest as f64 * registers).max(0.25);
        let vectors = vectors as f64;
        let (load, shuffle) = match how {
            Load::Broadcast => (0.5, 0.0),
            // A load that is not aligned to the width of a vector mostly straddles two cache lines.
            Load::Contiguous if is_aligned(access, dim, lanes) => (0.5 * narrow * vectors, 0.0),
            Load::Contiguous => (narrow * vectors, 0.0),
            Load::Strided(n) => (*n as f64 * registers * vectors, (*n as f64 - 1.0) * registers * vectors),
            Load::Transposed { .. } => (narrow, 0.5 * (lanes as f64).log2() * narrow),
            Load::Gathered => {
                // Lanes a multiple of this far apart compete for the same few lines of the cache.
                const CONFLICT: i64 = 2048;
                let stride = access.strides.get(dim).copied().unwrap_or(0) * access.bytes;
                let each = if stride % CONFLICT == 0 { 4.0 } else { 0.5 };
                (each * lanes as f64 * vectors, 0.5 * lanes as f64 * vectors)
            }
        };
        loads += load * distinct as f64;
        shuffles += shuffle * distinct as f64;
    }
    let compute = facts.work * 0.5 * registers * (points * vectors) as f64;
    let accumulators = (points * vectors) as f64 * nest.outputs.len() as f64 * registers;
    let mut step = loads.max(shuffles).max(compute + 0.25 * shuffles);
    if nest.has_reductions() {
        step = step.max(LATENCY) + 0.5;
        // A load that is put together in registers needs some for its parts.
        let shuffled = schedule.loads.iter().any(|l| !matches!(l, Load::Broadcast | Load::Contiguous));
        let loaded = vectors as f64 + if shuffled { 3.0 } else { 1.0 };
        if accumulators + loaded > facts.registers as f64 {
            step += accumulators;
        }
    } else {
        step = loads + shuffles + compute + 0.5;
    }
    let steps: f64 = nest
        .of_kind(Kind::Reduction)
        .map(|d| {
            if d == dim {
                (nest.dims[d].extent as f64 / (lanes * count) as f64).ceil()
            } else {
                nest.dims[d].extent as f64
            }
        })
        .product();

    let mut ends = 0.0;
    for access in &nest.outputs {
        let distinct: i64 =
            schedule.unroll.iter().filter(|(d, _)| access.strides[*d] != 0).map(|(d, _)| size(*d)).product();
        let each = if reduces {
            2.0 * (lanes as f64).log2() + count as f64
        } else {
            match access.strides.get(dim).copied().unwrap_or(0) {
                1 => vectors as f64 * registers,
                _ => (vectors * lanes) as f64,
            }
        };
        ends += each * distinct as f64 * if nest.has_reductions() { 2.0 } else { 1.0 };
    }
    Effort {
        cycles: steps * step + ends + 1.0,
        loads: steps * loads,
        shuffles: steps * shuffles,
        arithmetic: steps * compute,
        stores: ends,
    }
}

/// Whether the vectors of an access all start a whole number of vectors apart.
fn is_aligned(access: &Access, dim: usize, lanes: i64) -> bool {
    access.strides.iter().enumerate().all(|(d, stride)| d == dim || stride % lanes == 0)
}
