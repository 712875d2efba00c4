//! Loops taken out of nests so that several nests can share them, on numbers alone.

use super::super::nest::{Access, Kind, Nest};

/// A nest whose outer loops are shared with others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// One per shared loop, from the outside in.
    pub steps: Vec<Step>,
    /// What remains inside.
    pub inner: Nest,
}

/// How far each access moves, in elements, from one iteration of a shared loop to the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub inputs: Vec<i64>,
    pub outputs: Vec<i64>,
}

/// All ways to take loops of these extents, from the outside in, out of the parallel dimensions of a nest. Dimensions
/// with the longest steps through the first output come first.
pub fn splits(nest: &Nest, shared: &[i64]) -> Vec<Split> {
    let mut all = vec![Split { steps: vec![], inner: nest.clone() }];
    for &extent in shared {
        all = all.iter().flat_map(|split| one_more(split, extent)).collect();
    }
    for split in &mut all {
        split.inner.simplify();
    }
    all
}

fn one_more(split: &Split, extent: i64) -> Vec<Split> {
    let nest = &split.inner;
    let fits = |d: &usize| {
        let dim = &nest.dims[*d];
        dim.kind == Kind::Parallel && dim.index_of.is_none() && dim.extent >= extent && dim.extent % extent == 0
    };
    let mut dims: Vec<usize> = (0..nest.dims.len()).filter(fits).collect();
    dims.sort_by_key(|d| std::cmp::Reverse(nest.outputs.first().map_or(0, |o| o.strides[*d])));
    let taken = |d: usize| {
        let mut next = split.clone();
        next.take(d, extent);
        next
    };
    dims.into_iter().map(taken).collect()
}

impl Split {
    /// Takes one more loop out, of so many iterations; their number divides the extent of the dimension.
    pub fn take(&mut self, dim: usize, count: i64) {
        let rest = self.inner.dims[dim].extent / count;
        self.inner.dims[dim].extent = rest;
        let steps = |accesses: &[Access]| accesses.iter().map(|a| a.strides[dim] * rest).collect();
        self.steps.push(Step { inputs: steps(&self.inner.inputs), outputs: steps(&self.inner.outputs) });
    }

    /// Divides the outermost loop into blocks of so many iterations.
    pub fn block(&mut self, size: i64) {
        let Some(first) = self.steps.first() else { return };
        let steps = |all: &[i64]| all.iter().map(|step| step * size).collect();
        let outer = Step { inputs: steps(&first.inputs), outputs: steps(&first.outputs) };
        self.steps.insert(0, outer);
    }
}

/// The elements of a buffer that an access may touch in one iteration of the shared loops.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Footprint {
    /// How far apart the iterations of each shared loop are.
    pub steps: Vec<i64>,
    /// The first and last element in the first iteration.
    pub first: i64,
    pub last: i64,
}

impl Footprint {
    /// `steps` are those of the access, `inner` its nest without the shared loops, `start` where its buffer starts.
    pub fn new(access: &Access, inner: &Nest, steps: Vec<i64>, start: i64) -> Self {
        let start = start + access.offset;
        let mut reach = Self { steps, first: start, last: start };
        for (dim, stride) in inner.dims.iter().zip(&access.strides) {
            let end = stride * (dim.extent - 1);
            reach.first += end.min(0);
            reach.last += end.max(0);
        }
        reach
    }

    /// Whether two accesses never meet in different iterations of the shared loops of these extents.
    pub fn meets_only_within(&self, other: &Self, shared: &[i64]) -> bool {
        let mut length = self.last.max(other.last) - self.first.min(other.first) + 1;
        self.steps == other.steps
            && shared.iter().zip(&self.steps).rev().all(|(extent, step)| {
                let apart = *step >= length;
                length += step * (extent - 1);
                apart
            })
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::nest::{Dim, Kind::*};
    use super::*;

    fn nest(dims: &[(i64, Kind)], inputs: &[&[i64]], output: &[i64]) -> Nest {
        let access = |strides: &[i64]| Access { strides: strides.to_vec(), offset: 0, bytes: 4 };
        Nest {
            dims: dims.iter().map(|&(extent, kind)| Dim { extent, kind, index_of: None }).collect(),
            inputs: inputs.iter().map(|s| access(s)).collect(),
            outputs: vec![access(output)],
        }
    }

    #[test]
    fn rows_are_taken_out_of_a_flat_loop() {
        let add = nest(&[(4096, Parallel)], &[&[1], &[0]], &[1]);
        let [split] = &splits(&add, &[4, 32])[..] else { panic!("one way") };
        assert_eq!(split.steps[0], Step { inputs: vec![1024, 0], outputs: vec![1024] });
        assert_eq!(split.steps[1], Step { inputs: vec![32, 0], outputs: vec![32] });
        assert_eq!(split.inner.dims[0].extent, 32);
        assert!(splits(&add, &[3]).is_empty());
    }

    #[test]
    fn reductions_and_used_indices_are_not_shared() {
        let sum = nest(&[(6, Reduction)], &[&[1]], &[0]);
        assert!(splits(&sum, &[6]).is_empty());
        let mut iota = nest(&[(6, Parallel)], &[], &[1]);
        iota.dims[0].index_of = Some(0);
        assert!(splits(&iota, &[6]).is_empty());
    }

    #[test]
    fn equal_extents_are_tried_from_the_longest_step_on() {
        let square = nest(&[(8, Parallel), (8, Parallel)], &[&[8, 1]], &[8, 1]);
        let ways = splits(&square, &[8]);
        assert_eq!(ways.iter().map(|s| s.steps[0].outputs[0]).collect::<Vec<_>>(), [8, 1]);
    }

    #[test]
    fn iterations_that_share_elements_are_told() {
        let rows = |first, last| Footprint { steps: vec![60, 10], first, last };
        assert!(rows(0, 9).meets_only_within(&rows(0, 9), &[3, 6]));
        assert!(rows(0, 4).meets_only_within(&rows(5, 9), &[3, 6]));
        // One element more is another row's.
        assert!(!rows(0, 9).meets_only_within(&rows(1, 10), &[3, 6]));
        // Seven rows of ten reach into what comes sixty later.
        assert!(!rows(0, 9).meets_only_within(&rows(0, 9), &[3, 7]));
        // A column of all rows meets every row.
        let columns = Footprint { steps: vec![1], first: 0, last: 90 };
        assert!(!columns.meets_only_within(&columns, &[10]));
    }
}
