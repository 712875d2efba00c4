//! Which loops of a nest threads divide.
//!
//! A part reads all of an operand that the divided dimension does not move, but only its share of another one. What it
//! writes should be what it reads in the next nest: rows of results, which is what nests mostly begin with, so the
//! dimension with the longest steps through the result is preferred where operands leave a choice.

use melior::ir::attribute::DenseI64ArrayAttribute;

use super::{
    nest::{Access, Nest, ceil_div},
    schedule::Schedule,
};
use crate::codegen::ir::{self, ANCHOR, Builder, DIM, THREADS};

/// The number of threads that the choice is for; it is made once for all.
const PARTS: i64 = 2;
/// Bytes of an operand that a thread reads in a cycle while it computes.
const READ: f64 = 16.0;
/// Bytes that it reads in a cycle of what another thread has written.
const SHARED: f64 = 8.0;

/// How the loops of a nest are divided.
#[derive(Clone, Debug, Default)]
pub struct Division {
    /// What its dimensions are called, by number; as they are where there is nothing.
    pub names: Option<Vec<usize>>,
    /// The dimensions that somebody else chose.
    pub given: Option<Vec<usize>>,
    /// Whether a kernel's schedule is about this nest.
    pub is_anchor: bool,
    /// The input that the kernel has just packed: by columns, so that a thread that works on columns has packed them.
    pub packed: Option<usize>,
}

impl Division {
    fn name(&self, dim: usize) -> usize {
        self.names.as_ref().and_then(|names| names.get(dim).copied()).unwrap_or(dim)
    }

    /// The same for a part of the nest whose dimensions are parts of these of the whole.
    pub fn of_piece(&self, dims: Vec<usize>, packed: Option<usize>) -> Self {
        Self { names: Some(dims.into_iter().map(|d| self.name(d)).collect()), packed, ..self.clone() }
    }

    /// Tells a loop over a dimension, whose body `inner` writes.
    pub fn mark_loop(&self, inner: &Builder<'_>, dim: usize) {
        if let Some(around) = inner.around() {
            let name = inner.integer(inner.integer_type(64), self.name(dim) as i64);
            ir::set_attribute(around, DIM, name);
        }
    }

    /// Tells the group around all loops, whose body `inner` writes, which of them are divided: those given, or the best
    /// ones of a nest.
    pub fn mark_group(&self, inner: &Builder<'_>, nest: Option<(&Nest, &Schedule)>) {
        let Some(group) = inner.around() else { return };
        let mut names: Vec<i64> = vec![];
        let chosen =
            nest.map(|(nest, schedule)| choose(nest, schedule, self).into_iter().map(|d| self.name(d)).collect());
        let Some(all): Option<Vec<usize>> = self.given.clone().or(chosen) else { return };
        for name in all {
            if !names.contains(&(name as i64)) {
                names.push(name as i64);
            }
        }
        ir::set_attribute(group, THREADS, DenseI64ArrayAttribute::new(inner.context, &names).into());
    }

    /// Tells that the group around all loops belongs to the nest that the kernel's schedule is about.
    pub fn mark_anchor(&self, inner: &Builder<'_>) {
        if let Some(group) = inner.around().filter(|_| self.is_anchor) {
            ir::set_attribute(group, ANCHOR, inner.unit());
        }
    }
}

/// The dimensions to divide, the most important one first: the others are divided where iterations of it are long.
fn choose(nest: &Nest, schedule: &Schedule, division: &Division) -> Vec<usize> {
    let trips = |d: usize| ceil_div(nest.dims[d].extent, schedule.tile(d));
    let has_loop = |d: &usize| nest.dims[*d].extent / schedule.tile(*d) > 1;
    let loops: Vec<usize> = schedule.parallel.iter().copied().filter(has_loop).collect();
    let longest = |d: usize| nest.outputs.last().map_or(0, |o| o.strides[d].abs());
    let rows = loops.iter().map(|&d| longest(d)).max().unwrap_or(0);
    // Dividing a dimension divides all loops over it, also those around.
    let around = |place: usize, d: usize| {
        let mut outside = schedule.parallel.iter().take_while(|&&outer| outer != loops[place]);
        outside.any(|&outer| division.name(outer) == division.name(d))
    };
    let from = |place: usize| loops[place..].iter().copied().filter(move |&d| !around(place, d));
    let cost = |place: usize| -> f64 {
        let d = loops[place];
        let largest = if from(place).count() > 1 {
            1.0 / PARTS as f64
        } else {
            ceil_div(trips(d), PARTS) as f64 / trips(d) as f64
        };
        let read: f64 = nest
            .inputs
            .iter()
            .map(|access| bytes(nest, access) / if access.strides[d] == 0 { 1.0 } else { PARTS as f64 })
            .sum();
        let written: f64 = nest.outputs.iter().map(|access| bytes(nest, access)).sum();
        let unread = if longest(d) < rows { written } else { 0.0 };
        // What another thread has packed is read, and is taken from its reader's cache when it is packed next time.
        let packed = division.packed.map(|i| &nest.inputs[i]).filter(|access| access.strides[d] == 0);
        let from_others = (unread + 2.0 * packed.map_or(0.0, |access| bytes(nest, access))) / PARTS as f64;
        schedule.cost * largest + read / READ + from_others / SHARED
    };
    let places = (0..loops.len()).filter(|&place| !around(place, loops[place]));
    let best = places.map(|place| (cost(place), place)).min_by(|a, b| a.0.total_cmp(&b.0));
    best.map_or(vec![], |(_, place)| from(place).collect())
}

/// Bytes of an operand that a nest visits.
fn bytes(nest: &Nest, access: &Access) -> f64 {
    let moved = || nest.dims.iter().zip(&access.strides).filter(|(_, stride)| **stride != 0);
    let points: f64 = moved().map(|(dim, _)| dim.extent as f64).product();
    // Windows that overlap visit an element several times.
    let reach: f64 = 1.0 + moved().map(|(dim, stride)| (stride.abs() * (dim.extent - 1)) as f64).sum::<f64>();
    points.min(reach) * access.bytes as f64
}

#[cfg(test)]
mod tests {
    use super::super::nest::{Dim, Kind::*};
    use super::*;

    fn product(m: i64, n: i64, k: i64) -> (Nest, Schedule) {
        let access = |strides: [i64; 3]| Access { strides: strides.to_vec(), offset: 0, bytes: 4 };
        let dims = [(m, Parallel), (n, Parallel), (k, Reduction)];
        let nest = Nest {
            dims: dims.iter().map(|&(extent, kind)| Dim { extent, kind, index_of: None }).collect(),
            inputs: vec![access([k, 0, 1]), access([0, 1, n])],
            outputs: vec![access([n, 1, 0])],
        };
        let schedule = Schedule {
            vector: None,
            unroll: vec![(0, 6.min(m)), (1, 32.min(n))],
            parallel: vec![1, 0],
            reduction: vec![2],
            loads: vec![],
            cost: (m * n * k) as f64 / 32.0,
        };
        (nest, schedule)
    }

    #[test]
    fn the_rows_of_a_small_filter_are_divided_and_the_columns_of_a_large_one() {
        let divided = |m, n, k| {
            let (nest, schedule) = product(m, n, k);
            choose(&nest, &schedule, &Division::default())
        };
        assert_eq!(divided(3136, 192, 32), [0]);
        assert_eq!(divided(128, 3072, 768), [1, 0]);
        assert_eq!(divided(1, 4096, 4096), [1]);
        // A tile holds everything.
        assert_eq!(divided(6, 32, 64), [] as [usize; 0]);
    }

    #[test]
    fn columns_that_the_kernel_packs_are_divided() {
        let (nest, mut schedule) = product(512, 512, 512);
        schedule.parallel = vec![0, 1];
        let divided = |packed| choose(&nest, &schedule, &Division { packed, ..Division::default() });
        assert_eq!((divided(None), divided(Some(1))), (vec![0, 1], vec![1]));
    }

    #[test]
    fn a_dimension_is_not_divided_inside_of_a_loop_over_it_that_is_not() {
        // Rows in blocks: dimensions 0 and 1 are both rows of the whole.
        let access = |strides: [i64; 4]| Access { strides: strides.to_vec(), offset: 0, bytes: 4 };
        let dims = [(4, Parallel), (128, Parallel), (512, Parallel), (512, Reduction)];
        let nest = Nest {
            dims: dims.iter().map(|&(extent, kind)| Dim { extent, kind, index_of: None }).collect(),
            inputs: vec![access([128 * 512, 512, 0, 1]), access([0, 0, 1, 512])],
            outputs: vec![access([128 * 512, 512, 1, 0])],
        };
        let (_, schedule) = product(512, 512, 512);
        let schedule =
            Schedule { unroll: vec![(1, 8), (2, 32)], parallel: vec![0, 2, 1], reduction: vec![3], ..schedule };
        let whole = Division::default();
        assert_eq!(choose(&nest, &schedule, &whole.of_piece(vec![0, 0, 1, 2], Some(1))), [2]);
        assert_eq!(choose(&nest, &schedule, &whole.of_piece(vec![3, 0, 1, 2], Some(1))), [2, 1]);
    }
}
