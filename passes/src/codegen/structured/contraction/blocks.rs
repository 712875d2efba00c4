//! The loops around the register tiles of a contraction, cut such that what is read again is still in a cache.

use super::{
    super::{
        Shape,
        analyze::Structured,
        nest::{Kind, Nest, ceil_div},
        schedule::{self, Facts, Schedule, Vector},
    },
    Roles, elements,
    panels::Part,
};

/// Reductions that are summed in registers at a stretch, at least, if they are cut at all.
const DEPTH: i64 = 1024;

/// Some of the reductions of a part. What the first stretches have summed waits in the memory of the result.
pub struct Stretch<'c> {
    pub part: Part,
    pub source: Structured<'c>,
}

/// Cuts the reductions where both operands are too large for the second-level cache, so that more rows fit into it.
pub fn stretches<'c>(
    part: Part,
    source: &Structured<'c>,
    roles: Roles,
    facts: &Facts,
    shape: Shape,
) -> Vec<Stretch<'c>> {
    let nest = &part.nest;
    let depth: i64 = nest.of_kind(Kind::Reduction).map(|d| nest.dims[d].extent).product();
    let longest = nest.of_kind(Kind::Reduction).max_by_key(|&d| nest.dims[d].extent);
    let count = depth / DEPTH;
    let is_exact = nest.outputs[0].bytes == facts.widest;
    let Some(dim) = longest.filter(|_| count > 1 && is_exact && exceeds(nest, roles, shape)) else {
        return vec![Stretch { part, source: source.clone() }];
    };
    let extent = nest.dims[dim].extent;
    let size = ceil_div(extent, count);
    let starts: Vec<i64> = (0..extent).step_by(size as usize).collect();
    let cut = |start: i64| {
        let (is_first, is_last) = (start == 0, start + size >= extent);
        let nest = nest.narrowed(dim, start, size.min(extent - start));
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
    starts.into_iter().map(cut).collect()
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

/// The loops of a part around each other such that what is read again is still in a cache.
pub fn blocked(part: &Part, roles: Roles, facts: &Facts, shape: Shape) -> Vec<(Nest, Schedule)> {
    let Some(schedule) = part.schedule(roles, facts) else { return vec![] };
    let nest = &part.nest;
    let row = rows(nest, roles).into_iter().max_by_key(|&d| nest.dims[d].extent);
    // Either operand may stay in the cache while the other one passes; else the left one is cut into blocks that do.
    let l2 = shape.l2().bytes;
    let (Some(row), true) = (row, exceeds(nest, roles, shape)) else {
        let right_stays = bytes(nest, roles, roles.left) > l2 / 2;
        return vec![(nest.clone(), ordered(nest, roles, part.panel, None, right_stays, schedule))];
    };
    let tile = schedule.tile(row).max(1);
    let per_row = (bytes(nest, roles, roles.left) / nest.dims[row].extent).max(1);
    let block = (l2 * 3 / 8 / per_row / tile).max(1) * tile;
    let extent = nest.dims[row].extent;
    let blocks = extent / block;
    let cuts = [(0, blocks * block, block), (blocks * block, extent % block, extent % block)];
    cuts.into_iter()
        .filter(|(_, extent, _)| *extent > 0)
        .filter_map(|(first, extent, block)| {
            let cut = nest.narrowed(row, first, extent).split(row, block);
            let moved = |d: usize| if d >= row { d + 1 } else { d };
            let vector = Vector { dim: moved(part.vector.dim), ..part.vector };
            let unrollable: Vec<usize> = rows(&cut, roles).into_iter().filter(|&d| d != row).collect();
            let schedule = schedule::choose_for(&cut, facts, vector, &unrollable)?;
            let schedule = ordered(&cut, roles, moved(part.panel), Some(row), false, schedule);
            Some((cut, schedule))
        })
        .collect()
}

/// The parallel loops: batches, blocks of rows, panels, rows, columns; or panels inside of rows.
fn ordered(
    nest: &Nest,
    roles: Roles,
    panel: usize,
    block: Option<usize>,
    panels_inside: bool,
    schedule: Schedule,
) -> Schedule {
    let (left, right) = (&nest.inputs[roles.left], &nest.inputs[roles.right]);
    let rank = |d: usize| {
        if d == panel + 1 {
            5
        } else if Some(d) == block {
            1
        } else if right.strides[d] != 0 && left.strides[d] != 0 {
            0
        } else if right.strides[d] != 0 {
            if panels_inside { 4 } else { 2 }
        } else {
            3
        }
    };
    let mut parallel = schedule.parallel.clone();
    parallel.sort_by_key(|&d| (rank(d), d));
    Schedule { parallel, ..schedule }
}
