//! Chooses how a loop nest runs: what is a vector, what stays in registers, in which order the loops are.

use super::effort::effort;
use super::nest::{Access, Kind, Nest, ceil_div};

/// What the choice depends on besides the nest.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts {
    /// Bytes of a vector register, and how many there are.
    pub vector_bytes: i64,
    pub registers: i64,
    /// Bytes of the widest value of the body.
    pub widest: i64,
    /// Simple instructions per iteration.
    pub work: f64,
    /// Whether the body may run on vectors at all, and along reductions.
    pub vectorizable: bool,
    pub associative: bool,
    /// Which inputs are buffers that the body reads, and which outputs it reads.
    pub reads: Vec<bool>,
}

impl Facts {
    /// Values of the body in a vector register.
    pub fn lanes(&self) -> i64 {
        self.vector_bytes / self.widest
    }
}

/// How an input reaches the lanes of a vector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Load {
    /// One element for all lanes.
    Broadcast,
    /// Neighbouring elements.
    Contiguous,
    /// Every n-th element, out of several contiguous loads.
    Strided(i64),
    /// Contiguous along an unrolled dimension: a square of vectors, transposed in registers.
    Transposed { along: usize },
    /// Element by element.
    Gathered,
}

/// A dimension that runs in vectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vector {
    pub dim: usize,
    pub lanes: i64,
    /// Vectors that are kept at once.
    pub count: i64,
}

/// How a nest runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    pub vector: Option<Vector>,
    /// Dimensions of which several iterations run at once in registers.
    pub unroll: Vec<(usize, i64)>,
    /// Parallel loops from the outside in, then reduction loops from the outside in.
    pub parallel: Vec<usize>,
    pub reduction: Vec<usize>,
    /// One per input.
    pub loads: Vec<Load>,
    /// Estimated cycles.
    pub cost: f64,
}

/// The longest stride that is loaded as contiguous vectors and sorted out in registers.
const LONGEST_STRIDE: i64 = 4;
/// At most this many iterations of an unrolled dimension.
pub const MOST_UNROLLED: i64 = 16;
/// At most this many elements are loaded one by one in a tile. Each is code of its own, of which LLVM makes less the longer it
/// takes: a few hundred take seconds.
const MOST_GATHERED: i64 = 64;
/// At most this many simple instructions in a tile of which dimensions are unrolled without a reduction: LLVM takes seconds
/// for a few thousand in a row.
const MOST_WORK: f64 = 256.0;

/// The best schedule by estimated cycles.
pub fn choose(nest: &Nest, facts: &Facts) -> Schedule {
    let mut best = candidate(nest, facts, None, vec![]);
    if !facts.vectorizable {
        return best;
    }
    for dim in 0..nest.dims.len() {
        if nest.is_reduction(dim) && !facts.associative {
            continue;
        }
        let lanes = (facts.vector_bytes / facts.widest).max(1);
        // A row much shorter than a vector takes the next power of two.
        let lanes = lanes.min(nest.dims[dim].extent.max(2).unsigned_abs().next_power_of_two() as i64);
        if lanes < 2 {
            continue;
        }
        for count in [1, 2, 3, 4, 6, 8] {
            if count > 1 && (!nest.has_reductions() || (count - 1) * lanes >= nest.dims[dim].extent) {
                break;
            }
            let vector = Vector { dim, lanes, count };
            for unroll in unrolls(nest, facts, &vector) {
                let next = candidate(nest, facts, Some(vector), unroll);
                if next.cost < best.cost && is_short(nest, facts, &next) {
                    best = next;
                }
            }
        }
    }
    best
}

/// The best schedule that runs in these vectors and unrolls no dimension but those given, to tiles of at most so many rows;
/// nothing if the body cannot.
pub fn choose_for(
    nest: &Nest,
    facts: &Facts,
    vector: Vector,
    unrollable: &[usize],
    most_rows: i64,
) -> Option<Schedule> {
    let fits = |unroll: &[(usize, i64)]| {
        let rows: i64 = unroll.iter().map(|(_, size)| size).product();
        rows <= most_rows && unroll.iter().all(|(d, _)| unrollable.contains(d))
    };
    let all = unrolls(nest, facts, &vector).into_iter().filter(|unroll| facts.vectorizable && fits(unroll));
    let all = all.map(|unroll| candidate(nest, facts, Some(vector), unroll)).filter(|next| is_short(nest, facts, next));
    all.min_by(|a, b| a.cost.total_cmp(&b.cost))
}

/// Ways to keep several iterations of up to two parallel dimensions in registers.
fn unrolls(nest: &Nest, facts: &Facts, vector: &Vector) -> Vec<Vec<(usize, i64)>> {
    let mut all = vec![vec![]];
    let others: Vec<usize> = nest.of_kind(Kind::Parallel).filter(|&d| d != vector.dim).collect();
    if !nest.has_reductions() {
        // Only a transposition gains from it.
        let square = |d: usize| vec![(d, vector.lanes)];
        let transposes =
            |d: usize| nest.inputs.iter().any(|a| matches!(load(a, vector, &square(d)), Load::Transposed { .. }));
        all.extend(others.iter().filter(|&&d| transposes(d)).map(|&d| square(d)));
        return all;
    }
    let per_point = vector.count * registers_per_vector(facts, vector) * nest.outputs.len() as i64;
    let most = (facts.registers - 2) / per_point.max(1);
    for (i, &a) in others.iter().enumerate() {
        for size in 2..=nest.dims[a].extent.min(MOST_UNROLLED).min(most) {
            all.push(vec![(a, size)]);
            for &b in &others[i + 1..] {
                let rest = nest.dims[b].extent.min(MOST_UNROLLED).min(most / size);
                all.extend((2..=rest).map(|other| vec![(a, size), (b, other)]));
            }
        }
    }
    all
}

pub fn registers_per_vector(facts: &Facts, vector: &Vector) -> i64 {
    ceil_div(vector.lanes * facts.widest, facts.vector_bytes)
}

/// How an input is loaded under a choice of vector dimension.
fn load(access: &Access, vector: &Vector, unroll: &[(usize, i64)]) -> Load {
    match access.strides[vector.dim] {
        0 => Load::Broadcast,
        1 => Load::Contiguous,
        stride if (2..=LONGEST_STRIDE).contains(&stride) => Load::Strided(stride),
        _ => match unroll.iter().find(|&&(d, size)| access.strides[d] == 1 && size == vector.lanes) {
            Some(&(along, _)) if vector.count == 1 => Load::Transposed { along },
            _ => Load::Gathered,
        },
    }
}

/// Whether the code of a tile is of a length that LLVM can take.
fn is_short(nest: &Nest, facts: &Facts, schedule: &Schedule) -> bool {
    let points = schedule.unroll.iter().map(|(_, size)| size).product::<i64>();
    if !nest.has_reductions() && points > 1 && points as f64 * facts.work > MOST_WORK {
        return false;
    }
    let vectors = schedule.vector.map_or(1, |v| v.lanes * v.count);
    let gathered = nest.inputs.iter().zip(&schedule.loads).filter(|(_, load)| **load == Load::Gathered);
    let elements = gathered.map(|(access, _)| {
        let distinct = schedule.unroll.iter().filter(|(d, _)| access.strides[*d] != 0).map(|(_, size)| size);
        vectors * distinct.product::<i64>()
    });
    elements.sum::<i64>() <= MOST_GATHERED
}

/// The schedule that follows from a choice, with its cost.
fn candidate(nest: &Nest, facts: &Facts, vector: Option<Vector>, unroll: Vec<(usize, i64)>) -> Schedule {
    let loads: Vec<Load> =
        nest.inputs.iter().map(|a| vector.as_ref().map_or(Load::Broadcast, |v| load(a, v, &unroll))).collect();
    let mut schedule = Schedule {
        vector,
        unroll,
        parallel: nest.of_kind(Kind::Parallel).collect(),
        reduction: nest.of_kind(Kind::Reduction).collect(),
        loads,
        cost: 0.0,
    };
    if let Some(v) = vector {
        // The vector dimension runs innermost of its kind, so that memory is walked in order.
        for order in [&mut schedule.parallel, &mut schedule.reduction] {
            if let Some(at) = order.iter().position(|&d| d == v.dim) {
                order.remove(at);
                order.push(v.dim);
            }
        }
    }
    order_for_reuse(nest, &mut schedule);
    schedule.cost = effort(nest, facts, &schedule).cycles;
    schedule
}

/// The schedule that somebody else chose; in an order of loops of its own, or in ours.
pub fn given(
    nest: &Nest,
    facts: &Facts,
    vector: Option<Vector>,
    unroll: Vec<(usize, i64)>,
    order: Option<Vec<usize>>,
) -> Schedule {
    let mut schedule = candidate(nest, facts, vector, unroll);
    if let Some(order) = order {
        (schedule.reduction, schedule.parallel) = order.into_iter().partition(|&d| nest.is_reduction(d));
        schedule.cost = effort(nest, facts, &schedule).cycles;
    }
    schedule
}

impl Schedule {
    /// Iterations of a dimension that one tile covers.
    pub fn tile(&self, dim: usize) -> i64 {
        if let Some(v) = &self.vector
            && v.dim == dim
        {
            return v.lanes * v.count;
        }
        self.unroll.iter().find(|(d, _)| *d == dim).map_or(1, |(_, size)| *size)
    }
}

/// Orders the parallel loops so that what is loaded again and again is small: the loop whose tiles share the most
/// memory with each other runs innermost.
fn order_for_reuse(nest: &Nest, schedule: &mut Schedule) {
    if !nest.has_reductions() || schedule.parallel.len() < 2 {
        return;
    }
    let reuse = |d: usize| -> f64 {
        // Bytes that stay the same from one tile along `d` to the next.
        let trips = (nest.dims[d].extent as f64 / schedule.tile(d) as f64).ceil();
        if trips <= 1.0 {
            return f64::INFINITY;
        }
        nest.inputs.iter().filter(|a| a.strides[d] == 0).map(|a| tile_bytes(nest, schedule, a)).sum()
    };
    let mut order: Vec<(f64, usize)> = schedule.parallel.iter().map(|&d| (reuse(d), d)).collect();
    // Stable: dimensions with equal reuse keep the operation's order.
    order.sort_by(|a, b| a.0.total_cmp(&b.0));
    schedule.parallel = order.into_iter().map(|(_, d)| d).collect();
}

/// Bytes of an input that one tile reads over all of its reductions.
fn tile_bytes(nest: &Nest, schedule: &Schedule, access: &Access) -> f64 {
    let elements: f64 = (0..nest.dims.len())
        .filter(|&d| access.strides[d] != 0)
        .map(|d| if nest.is_reduction(d) { nest.dims[d].extent } else { schedule.tile(d).min(nest.dims[d].extent) } as f64)
        .product();
    elements * access.bytes as f64
}

#[cfg(test)]
mod tests {
    use super::super::nest::{Dim, Kind::*};
    use super::*;

    fn nest(dims: &[(i64, Kind)], inputs: &[&[i64]], output: &[i64]) -> Nest {
        let access = |strides: &[i64]| Access { strides: strides.to_vec(), offset: 0, bytes: 4 };
        let mut nest = Nest {
            dims: dims.iter().map(|&(extent, kind)| Dim { extent, kind, index_of: None }).collect(),
            inputs: inputs.iter().map(|s| access(s)).collect(),
            outputs: vec![access(output)],
        };
        nest.simplify();
        nest
    }

    fn facts(nest: &Nest, work: f64) -> Facts {
        Facts {
            vector_bytes: 64,
            registers: 32,
            widest: 4,
            work,
            vectorizable: true,
            associative: nest.has_reductions(),
            reads: vec![true; nest.inputs.len()],
        }
    }

    /// Estimated share of the time in which multiply-adds run at full rate.
    fn utilization(nest: &Nest, schedule: &Schedule) -> f64 {
        let iterations: f64 = nest.dims.iter().map(|d| d.extent as f64).product();
        iterations / 32.0 / schedule.cost
    }

    fn conv(c: i64, f: i64, out: i64, k: i64, s: i64) -> Nest {
        let h = (out - 1) * s + k;
        nest(
            &[(f, Parallel), (out, Parallel), (out, Parallel), (c, Reduction), (k, Reduction), (k, Reduction)],
            &[&[0, s * h, s, h * h, h, 1], &[c * k * k, 0, 0, k * k, k, 1]],
            &[out * out, out, 1, 0, 0, 0],
        )
    }

    /// A schedule keeps its accumulators in registers, and covers what it says it covers.
    fn check(nest: &Nest, schedule: &Schedule) {
        let vector = schedule.vector.expect("a vector dimension");
        let points: i64 = schedule.unroll.iter().map(|(_, n)| n).product();
        assert!(points * vector.count <= 30, "{schedule:?}");
        let mut loops: Vec<usize> = schedule.parallel.iter().chain(&schedule.reduction).copied().collect();
        loops.sort_unstable();
        assert_eq!(loops, (0..nest.dims.len()).collect::<Vec<_>>(), "{schedule:?}");
    }

    #[test]
    fn contractions_are_expected_to_keep_the_multipliers_busy() {
        let matmul = |m: i64, n: i64, k: i64| {
            nest(&[(m, Parallel), (n, Parallel), (k, Reduction)], &[&[k, 0, 1], &[0, 1, n]], &[n, 1, 0])
        };
        for (name, nest, share) in [
            ("matmul", matmul(512, 512, 512), 0.9),
            ("wide matmul", matmul(8, 4096, 64), 0.8),
            ("small matmul", matmul(32, 32, 32), 0.6),
            ("3x3 at 56x56", conv(64, 64, 56, 3, 1), 0.75),
            ("3x3 at 28x28, stride 2", conv(64, 128, 28, 3, 2), 0.7),
            ("3x3 at 14x14", conv(256, 256, 14, 3, 1), 0.75),
            ("7x7 at 112x112, stride 2", conv(3, 64, 112, 7, 2), 0.8),
            ("1x1 at 56x56", conv(64, 256, 56, 1, 1), 0.9),
        ] {
            let schedule = choose(&nest, &facts(&nest, 1.0));
            check(&nest, &schedule);
            let got = utilization(&nest, &schedule);
            assert!(got >= share && got <= 1.0, "{name}: {got:.2} by {schedule:?}");
        }
    }

    #[test]
    fn a_row_is_summed_in_vectors_along_the_row() {
        let sum = nest(&[(100, Parallel), (512, Reduction)], &[&[512, 1]], &[1, 0]);
        let schedule = choose(&sum, &facts(&sum, 1.0));
        assert_eq!(schedule.vector.map(|v| v.dim), Some(1), "{schedule:?}");
        let order_matters = Facts { associative: false, ..facts(&sum, 1.0) };
        assert_ne!(choose(&sum, &order_matters).vector.map(|v| v.dim), Some(1));
    }

    #[test]
    fn a_transposition_is_done_in_squares() {
        let transpose = nest(&[(512, Parallel), (512, Parallel)], &[&[1, 512]], &[512, 1]);
        let schedule = choose(&transpose, &facts(&transpose, 0.5));
        assert_eq!(schedule.loads, [Load::Transposed { along: 0 }], "{schedule:?}");
    }

    #[test]
    fn a_statistic_of_each_row_is_no_transposition() {
        // Each element of a row, and one for the row.
        let scale = nest(&[(115, Parallel), (17, Parallel)], &[&[17, 1], &[1, 0]], &[17, 1]);
        let schedule = choose(&scale, &facts(&scale, 1.0));
        assert_eq!(schedule.unroll, [], "{schedule:?}");
    }

    #[test]
    fn squares_of_much_work_are_not_written_out() {
        let transpose = nest(&[(512, Parallel), (512, Parallel)], &[&[1, 512]], &[512, 1]);
        assert_ne!(choose(&transpose, &facts(&transpose, 4.0)).unroll, []);
        let schedule = choose(&transpose, &facts(&transpose, 40.0));
        assert_eq!(schedule.unroll, [], "{schedule:?}");
    }

    #[test]
    fn few_elements_are_gathered_at_once() {
        // Images with channels last, one filter: what is contiguous is reduced.
        let dims = [(240, Parallel), (320, Parallel), (24, Reduction)];
        let conv = nest(&dims, &[&[24 * 320, 24, 1], &[0, 0, 1]], &[1280, 2, 0]);
        let schedule = choose(&conv, &facts(&conv, 1.0));
        assert!(is_short(&conv, &facts(&conv, 1.0), &schedule), "{schedule:?}");
        let vector = Vector { dim: 1, lanes: 16, count: 2 };
        let long = given(&conv, &facts(&conv, 1.0), Some(vector), vec![(0, 13)], None);
        assert!(!is_short(&conv, &facts(&conv, 1.0), &long));
    }

    #[test]
    fn what_cannot_be_a_vector_stays_a_loop() {
        let add = nest(&[(100, Parallel)], &[&[1]], &[1]);
        let scalar = Facts { vectorizable: false, ..facts(&add, 1.0) };
        assert_eq!(choose(&add, &scalar).vector, None);
        assert!(choose(&add, &facts(&add, 1.0)).vector.is_some());
    }

    #[test]
    fn short_rows_take_short_vectors() {
        let add = nest(&[(5, Parallel)], &[&[1]], &[1]);
        assert_eq!(choose(&add, &facts(&add, 1.0)).vector.map(|v| v.lanes), Some(8));
    }
}
