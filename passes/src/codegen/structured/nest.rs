//! A structured operation as numbers: loops over dimensions and linear accesses to memory.

/// Whether iterations of a dimension are independent or combine into one result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Parallel,
    Reduction,
}

/// `a / b`, rounded up, of positive numbers.
pub const fn ceil_div(a: i64, b: i64) -> i64 {
    (a + b - 1) / b
}

/// One loop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dim {
    pub extent: i64,
    pub kind: Kind,
    /// The dimension of the operation that this is, if the body asks for its index; such a dimension is never merged.
    pub index_of: Option<usize>,
}

/// The element an operand is accessed at: `offset + sum(strides[d] * i[d])`, in elements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    pub strides: Vec<i64>,
    pub offset: i64,
    /// Bytes of an element.
    pub bytes: i64,
}

/// The loops of an operation and what they access. Outputs do not depend on reduction dimensions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nest {
    pub dims: Vec<Dim>,
    pub inputs: Vec<Access>,
    pub outputs: Vec<Access>,
}

impl Nest {
    /// Whether there is no iteration at all.
    pub fn is_empty(&self) -> bool {
        self.dims.iter().any(|d| d.extent == 0)
    }

    /// Removes dimensions of extent one and merges pairs that every access walks as one.
    pub fn simplify(&mut self) {
        for d in (0..self.dims.len()).rev() {
            if self.dims[d].extent == 1 {
                self.remove(d);
            }
        }
        while let Some((outer, inner)) = self.mergeable() {
            self.dims[inner].extent *= self.dims[outer].extent;
            self.remove(outer);
        }
    }

    /// A pair of dimensions of one kind such that a step of the outer is as long as the whole inner one, everywhere.
    fn mergeable(&self) -> Option<(usize, usize)> {
        let fits = |outer: usize, inner: usize| {
            let (o, i) = (&self.dims[outer], &self.dims[inner]);
            outer != inner
                && o.kind == i.kind
                && o.index_of.is_none()
                && i.index_of.is_none()
                && self.accesses().all(|a| a.strides[outer] == a.strides[inner] * i.extent)
        };
        let n = self.dims.len();
        (0..n).flat_map(|o| (0..n).map(move |i| (o, i))).find(|&(o, i)| fits(o, i))
    }

    /// The iterations `start .. start + extent` of a dimension.
    pub fn narrowed(&self, dim: usize, start: i64, extent: i64) -> Self {
        let mut part = self.clone();
        part.dims[dim].extent = extent;
        let shift = |a: &mut Access| a.offset += start * a.strides[dim];
        part.inputs.iter_mut().chain(&mut part.outputs).for_each(shift);
        part
    }

    /// The same iterations with a dimension cut into pieces of `size`, which divides its extent: dimension `dim` goes from
    /// piece to piece, the one after it runs within a piece.
    pub fn split(&self, dim: usize, size: i64) -> Self {
        let mut cut = self.clone();
        cut.dims.insert(dim, Dim { extent: self.dims[dim].extent / size, ..self.dims[dim].clone() });
        cut.dims[dim + 1].extent = size;
        for access in cut.inputs.iter_mut().chain(&mut cut.outputs) {
            access.strides.insert(dim, access.strides[dim] * size);
        }
        cut
    }

    fn remove(&mut self, dim: usize) {
        self.dims.remove(dim);
        for access in self.inputs.iter_mut().chain(&mut self.outputs) {
            access.strides.remove(dim);
        }
    }

    /// All accesses, inputs first.
    pub fn accesses(&self) -> impl Iterator<Item = &Access> {
        self.inputs.iter().chain(&self.outputs)
    }

    /// The dimensions of one kind.
    pub fn of_kind(&self, kind: Kind) -> impl Iterator<Item = usize> + '_ {
        (0..self.dims.len()).filter(move |&d| self.dims[d].kind == kind)
    }

    pub fn is_reduction(&self, dim: usize) -> bool {
        self.dims[dim].kind == Kind::Reduction
    }

    pub fn has_reductions(&self) -> bool {
        self.of_kind(Kind::Reduction).next().is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Kind::*;

    fn nest(dims: &[(i64, Kind)], inputs: &[&[i64]], outputs: &[&[i64]]) -> Nest {
        let access = |strides: &&[i64]| Access { strides: strides.to_vec(), offset: 0, bytes: 4 };
        Nest {
            dims: dims.iter().map(|&(extent, kind)| Dim { extent, kind, index_of: None }).collect(),
            inputs: inputs.iter().map(access).collect(),
            outputs: outputs.iter().map(access).collect(),
        }
    }

    fn extents(nest: &Nest) -> Vec<i64> {
        nest.dims.iter().map(|d| d.extent).collect()
    }

    #[test]
    fn contiguous_elementwise_becomes_one_loop() {
        let mut add = nest(&[(2, Parallel), (3, Parallel), (4, Parallel)], &[&[12, 4, 1], &[0, 0, 0]], &[&[12, 4, 1]]);
        add.simplify();
        assert_eq!(extents(&add), [24]);
        assert_eq!(add.inputs[0].strides, [1]);
        assert_eq!(add.inputs[1].strides, [0]);
    }

    #[test]
    fn a_broadcast_along_the_outer_dimension_keeps_it() {
        let mut add = nest(&[(2, Parallel), (3, Parallel), (4, Parallel)], &[&[12, 4, 1], &[0, 4, 1]], &[&[12, 4, 1]]);
        add.simplify();
        assert_eq!(extents(&add), [2, 12]);
    }

    #[test]
    fn a_pointwise_convolution_is_a_matmul() {
        // n, f, h, w, c, kh, kw of a 1x1 convolution, 8 channels to 4 over 5x6.
        let dims = [
            (1, Parallel),
            (4, Parallel),
            (5, Parallel),
            (6, Parallel),
            (8, Reduction),
            (1, Reduction),
            (1, Reduction),
        ];
        let mut conv = nest(&dims, &[&[240, 0, 6, 1, 30, 6, 1], &[0, 8, 0, 0, 1, 1, 1]], &[&[120, 30, 6, 1, 0, 0, 0]]);
        conv.simplify();
        assert_eq!(extents(&conv), [4, 30, 8]);
        assert_eq!(conv.inputs[0].strides, [0, 1, 30]);
    }

    #[test]
    fn kinds_and_used_indices_are_not_merged() {
        let mut sum = nest(&[(4, Parallel), (5, Reduction)], &[&[5, 1]], &[&[1, 0]]);
        sum.simplify();
        assert_eq!(extents(&sum), [4, 5]);
        let mut iota = nest(&[(4, Parallel), (5, Parallel)], &[&[5, 1]], &[&[5, 1]]);
        iota.dims[1].index_of = Some(1);
        iota.simplify();
        assert_eq!(extents(&iota), [4, 5]);
    }
}
