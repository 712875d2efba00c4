//! The loops around the register tiles of a contraction, cut such that what is read again is still in a cache.

use super::{
    super::{
        Shape,
        analyze::Structured,
        nest::{Kind, Nest, ceil_div},
        schedule::{self, Facts, Schedule, Vector},
    },
    Choice, Roles, elements,
    panels::{Layout, Part},
};

/// Reductions that are summed in registers at a stretch, at least, if they are cut at all.
const DEPTH: i64 = 1024;

/// Some of the reductions of a part. What the first stretches have summed waits in the memory of the result.
pub struct Stretch<'c> {
    pub part: Part,
    pub source: Structured<'c>,
}

/// Where to cut the reductions: where both operands are too large for the second-level cache, so that more rows fit in.
pub fn stretch(nest: &Nest, roles: Roles, facts: &Facts, shape: Shape) -> Option<(usize, i64)> {
    let depth: i64 = nest.of_kind(Kind::Reduction).map(|d| nest.dims[d].extent).product();
    let longest = nest.of_kind(Kind::Reduction).max_by_key(|&d| nest.dims[d].extent)?;
    let is_exact = nest.outputs[0].bytes == facts.widest;
    let cuts = depth / DEPTH > 1 && is_exact && exceeds(nest, roles, shape);
    cuts.then(|| (longest, ceil_div(nest.dims[longest].extent, depth / DEPTH)))
}

/// The stretches of a part.
pub fn stretches<'c>(part: Part, source: &Structured<'c>, choice: &Choice) -> Vec<Stretch<'c>> {
    let Some((dim, size)) = choice.stretch else { return vec![Stretch { part, source: source.clone() }] };
    let dim = part.moved(dim);
    let extent = part.nest.dims[dim].extent;
    let cut = |start: i64| {
        let (is_first, is_last) = (start == 0, start + size >= extent);
        let nest = part.nest.narrowed(dim, start, size.min(extent - start));
        let mut source = source.clone();
        if !is_first {
            source.before = vec![None];
        }
        if !is_last {
            source.after = None;
            source.keeps_result = true;
        }
        Stretch { part: Part { nest, ..part }, source }
    };
    (0..extent).step_by(size as usize).map(cut).collect()
}

/// Bytes of an operand in one batch.
fn bytes(nest: &Nest, roles: Roles, input: usize) -> i64 {
    let (left, right) = (&nest.inputs[roles.left], &nest.inputs[roles.right]);
    let batch = nest.of_kind(Kind::Parallel).filter(|&d| left.strides[d] != 0 && right.strides[d] != 0);
    elements(nest, input) * nest.inputs[input].bytes / batch.map(|d| nest.dims[d].extent).product::<i64>().max(1)
}

/// Whether neither operand can stay in the second-level cache while the other one passes.
fn exceeds(nest: &Nest, roles: Roles, shape: Shape) -> bool {
    let l2 = shape.l2().bytes;
    bytes(nest, roles, roles.right) > l2 / 3 && bytes(nest, roles, roles.left) > l2 / 2
}

/// The dimensions along which only the left operand moves.
pub fn rows(nest: &Nest, roles: Roles) -> Vec<usize> {
    let (left, right) = (&nest.inputs[roles.left], &nest.inputs[roles.right]);
    nest.of_kind(Kind::Parallel).filter(|&d| right.strides[d] == 0 && left.strides[d] != 0).collect()
}

/// Rows of a tile in registers, at most `most`, rows of a block, and whether panels pass inside of the rows: either operand
/// may stay in the second-level cache while the other one passes; where neither fits, the left one is cut into blocks that
/// do.
#[expect(clippy::type_complexity, reason = "three parts of a choice")]
pub fn tile(
    nest: &Nest,
    roles: Roles,
    vector: Vector,
    stretch: Option<(usize, i64)>,
    most: i64,
    facts: &Facts,
    shape: Shape,
) -> Option<(Vec<(usize, i64)>, Option<(usize, i64)>, bool)> {
    let l2 = shape.l2().bytes;
    let one = stretch.map_or(nest.clone(), |(dim, size)| nest.narrowed(dim, 0, size));
    let part = Layout::new(&one, roles, vector).parts(&one, roles).into_iter().next()?;
    let tile: Vec<(usize, i64)> =
        part.schedule(roles, most, facts)?.unroll.into_iter().map(|(d, size)| (part.original(d), size)).collect();
    let left = bytes(&one, roles, roles.left);
    let row = rows(&one, roles).into_iter().max_by_key(|&d| one.dims[d].extent);
    let Some(row) = row.filter(|_| exceeds(&one, roles, shape)) else { return Some((tile, None, left > l2 / 2)) };
    let rows = tile.iter().find(|(d, _)| *d == row).map_or(1, |(_, size)| *size);
    let per_row = (left / one.dims[row].extent).max(1);
    let block = (l2 * 3 / 8 / per_row / rows).max(1) * rows;
    Some((tile, Some((row, block.min(one.dims[row].extent))), false))
}

/// The loops of a part around each other, and which dimension of the whole nest each of theirs is a part of.
pub fn blocked(
    part: &Part,
    roles: Roles,
    choice: &Choice,
    most: i64,
    facts: &Facts,
) -> Vec<(Nest, Schedule, Vec<usize>)> {
    // What is left of the columns has a tile of its own.
    let is_whole = part.nest.dims[part.panel + 1].extent == choice.vector.lanes * choice.vector.count;
    let own = if is_whole { None } else { part.schedule(roles, most, facts) };
    let chosen = || choice.tile.iter().map(|(d, size)| (part.moved(*d), *size)).collect();
    let unroll: Vec<(usize, i64)> = own.map_or_else(chosen, |schedule| schedule.unroll);
    let nest = &part.nest;
    let Some((row, block)) = choice.block.map(|(d, size)| (part.moved(d), size)) else {
        let order = order(nest, roles, part.panel, None, choice.panels_inside);
        let dims = (0..nest.dims.len()).map(|d| part.original(d)).collect();
        return vec![(nest.clone(), schedule::given(nest, facts, Some(part.vector), unroll, Some(order)), dims)];
    };
    let extent = nest.dims[row].extent;
    let whole = extent / block * block;
    let cuts = [(0, whole, block), (whole, extent - whole, extent - whole)];
    cuts.into_iter()
        .filter(|(_, extent, _)| *extent > 0)
        .map(|(first, extent, block)| {
            let cut = nest.narrowed(row, first, extent).split(row, block);
            let moved = |d: usize| if d >= row { d + 1 } else { d };
            let vector = Vector { dim: moved(part.vector.dim), ..part.vector };
            let unroll = unroll.iter().map(|(d, size)| (moved(*d), *size)).collect();
            let order = order(&cut, roles, moved(part.panel), Some(row), choice.panels_inside);
            let schedule = schedule::given(&cut, facts, Some(vector), unroll, Some(order));
            let uncut = |d: usize| if d > row { d - 1 } else { d };
            let dims = (0..cut.dims.len()).map(|d| part.original(uncut(d))).collect();
            (cut, schedule, dims)
        })
        .collect()
}

/// The loops: batches, blocks of rows, panels, rows, columns, or panels inside of rows; then the reductions.
fn order(nest: &Nest, roles: Roles, panel: usize, block: Option<usize>, panels_inside: bool) -> Vec<usize> {
    let (left, right) = (&nest.inputs[roles.left], &nest.inputs[roles.right]);
    let rank = |d: usize| match (left.strides[d] != 0, right.strides[d] != 0) {
        _ if nest.is_reduction(d) => 6,
        _ if d == panel + 1 => 5,
        _ if Some(d) == block => 1,
        (true, true) => 0,
        (false, true) if panels_inside => 4,
        (false, true) => 2,
        _ => 3,
    };
    let mut order: Vec<usize> = (0..nest.dims.len()).collect();
    order.sort_by_key(|&d| (rank(d), d));
    order
}
