//! Copies of operands, made before a contraction.

use melior::ir::{ValueLike, attribute::DenseI32ArrayAttribute};

use super::{
    super::{
        Shape,
        analyze::{Operand, Structured},
        nest::{Access, Dim, Kind, Nest, ceil_div},
        schedule::{self, Facts, Schedule, Vector},
    },
    Piece, Roles,
    cache::LINE,
    is_injective, used,
};
use crate::codegen::ir::{self, Builder, Op, Val};

/// A copy of what one access visits to where another one visits.
pub fn copy<'c>(
    op: Op<'c>,
    from: Operand<'c>,
    read: &Access,
    to: Val<'c>,
    written: &Access,
    dims: &[Dim],
    facts: &Facts,
) -> Piece<'c> {
    let kept: Vec<usize> = (0..dims.len()).filter(|&d| written.strides[d] != 0).collect();
    let only = |access: &Access| Access { strides: kept.iter().map(|&d| access.strides[d]).collect(), ..*access };
    let mut nest = Nest {
        dims: kept.iter().map(|&d| Dim { kind: Kind::Parallel, ..dims[d].clone() }).collect(),
        inputs: vec![only(read)],
        outputs: vec![only(written)],
    };
    nest.simplify();
    let facts =
        Facts { widest: read.bytes, work: 0.5, vectorizable: true, associative: false, reads: vec![true], ..*facts };
    let schedule = schedule::choose(&nest, &facts);
    let (nest, schedule) = few_rows_at_a_time(nest, schedule, &facts);
    Piece { source: Structured::copy_of(op, nest, from, to), schedule, dims: None, packed: None }
}

/// Lets a copy of long rows into panels go over a few rows at a time: a panel after the other would touch a page of
/// memory for every few elements.
fn few_rows_at_a_time(nest: Nest, schedule: Schedule, facts: &Facts) -> (Nest, Schedule) {
    const PAGE: i64 = 4096;
    const MOST: i64 = 32;
    let read = &nest.inputs[0];
    let Some(vector) = schedule.vector.filter(|v| read.strides[v.dim] == 1) else { return (nest, schedule) };
    let far = |d: &usize| *d != vector.dim && read.strides[*d] * read.bytes >= PAGE / 2;
    let Some(rows) = schedule.parallel.iter().copied().filter(far).min_by_key(|&d| read.strides[d]) else {
        return (nest, schedule);
    };
    let extent = nest.dims[rows].extent;
    let Some(size) = (1..=MOST.min(extent)).rev().find(|size| extent % size == 0) else { return (nest, schedule) };
    let split = nest.split(rows, size);
    let moved = |d: usize| if d >= rows { d + 1 } else { d };
    let vector = Vector { dim: moved(vector.dim), ..vector };
    let Some(mut schedule) = schedule::choose_for(&split, facts, vector, &[], 1) else { return (nest, schedule) };
    let stride = |d: usize| split.inputs[0].strides[d];
    schedule.parallel.sort_by_key(|&d| (d == vector.dim, d == rows + 1, std::cmp::Reverse(stride(d))));
    (split, schedule)
}

/// Memory for so many elements of the type of `like`.
pub fn allocate<'c>(b: &Builder<'c>, like: Val<'c>, elements: i64) -> Val<'c> {
    let ty = b.memref(ir::element_type(like.r#type()), &[elements]);
    let segments = DenseI32ArrayAttribute::new(b.context, &[0, 0]).into();
    b.value("memref.alloc", &[], ty, &[("operandSegmentSizes", segments)])
}

/// Rows and columns of the left operand, if it is a matrix of which rows are summed along.
pub fn matrix(nest: &Nest, roles: Roles) -> Option<(usize, usize)> {
    let left = &nest.inputs[roles.left];
    let dims: Vec<usize> = used(left).collect();
    let [rows, depth] = dims[..] else { return None };
    let is_matrix = !nest.is_reduction(rows) && nest.is_reduction(depth) && left.strides[depth] == 1;
    (is_matrix && is_injective(nest, left)).then_some((rows, depth))
}

/// The most rows of a tile: where rows of the left operand compete for the sets of the first-level cache and are read often,
/// as many as it can hold together.
pub fn most_rows(nest: &Nest, roles: Roles, facts: &Facts, shape: Shape) -> i64 {
    let left = &nest.inputs[roles.left];
    let Some((rows, _)) = matrix(nest, roles) else { return i64::MAX };
    let fit = |count: &i64| shape.l1().holds(*count, left.strides[rows] * left.bytes, 1);
    let panels = nest.dims[roles.columns].extent / (2 * facts.lanes());
    if panels < 4 || fit(&nest.dims[rows].extent.min(schedule::MOST_UNROLLED)) {
        return i64::MAX;
    }
    (1..=schedule::MOST_UNROLLED).rev().find(fit).unwrap_or(1)
}

/// Lets the left operand be a copy whose rows do not compete for the sets of a cache: they are an odd number of lines
/// apart.
pub fn set_rows_apart<'c>(
    b: &Builder<'c>,
    source: &mut Structured<'c>,
    roles: Roles,
    facts: &Facts,
) -> Option<Piece<'c>> {
    let nest = &source.nest;
    let left = nest.inputs[roles.left].clone();
    let (rows, depth) = matrix(nest, roles)?;
    let lines = ceil_div(nest.dims[depth].extent * left.bytes, LINE);
    let step = (lines + 1 - lines % 2) * LINE / left.bytes;
    let copied = allocate(b, source.inputs[roles.left].buffer()?, nest.dims[rows].extent * step);
    let mut strides = vec![0; nest.dims.len()];
    strides[rows] = step;
    strides[depth] = 1;
    let access = Access { strides, offset: 0, bytes: left.bytes };
    let piece = copy(source.op, source.inputs[roles.left], &left, copied, &access, &nest.dims, facts);
    source.inputs[roles.left] = Operand::Buffer(copied);
    source.nest.inputs[roles.left] = access;
    Some(piece)
}
