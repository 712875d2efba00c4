//! Fills of which the middle is overwritten at once, as in padding, write only the border.

use melior::ir::{ValueLike, operation::OperationLike};

use super::{
    analyze::Structured,
    memory_use::{is_view, root, touches},
    nest::{Kind, Nest},
};
use crate::codegen::ir::{self, Op};

/// The nests that a structured operation is written as: one, or for such a fill one per side.
pub fn parts<'c>(source: &Structured<'c>, all: &[Structured<'c>]) -> Vec<Nest> {
    slabs(source, all).unwrap_or_else(|| vec![source.nest.clone()])
}

fn slabs<'c>(fill: &Structured<'c>, all: &[Structured<'c>]) -> Option<Vec<Nest>> {
    let body = fill.body.as_ref().filter(|b| b.ops.is_empty() && fill.outputs.len() == 1)?;
    let reads_memory = fill.inputs.iter().any(|i| matches!(i, super::analyze::Operand::Buffer(_)));
    if reads_memory || fill.nest.has_reductions() || body.outputs.contains(&body.yields[0]) {
        return None;
    }
    let buffer = fill.outputs[0];
    let memory = root(buffer)?;
    // The dimensions of the nest are those of the buffer.
    let shape = ir::static_shape(buffer.r#type())?;
    let strides = ir::strides(buffer.r#type())?;
    let extents: Vec<i64> = fill.nest.dims.iter().map(|d| d.extent).collect();
    if extents != shape || fill.nest.outputs[0].strides != strides {
        return None;
    }
    let next = next_use(fill.op, |op| touches(op, memory))?;
    let writer = all.iter().find(|s| s.op == next)?;
    let [target] = writer.outputs[..] else { return None };
    let view =
        ir::defining_op(target).filter(|op| ir::is(*op, "memref.subview") && ir::operand(*op, 0) == Some(buffer))?;
    let attribute = |name: &str| ir::dense_i64(view.attribute(name).ok()?);
    let (offsets, sizes) = (attribute("static_offsets")?, attribute("static_sizes")?);
    let is_box = attribute("static_strides")?.iter().all(|s| *s == 1)
        && offsets.iter().zip(&sizes).zip(&shape).all(|((o, n), e)| *o >= 0 && *n >= 0 && o + n <= *e);
    if !is_box || !overwrites(writer, memory, sizes.iter().product()) {
        return None;
    }
    Some(around(&fill.nest, &offsets, &sizes))
}

/// The next operation of the block, views aside, for which `is` holds.
fn next_use<'c>(op: Op<'c>, is: impl Fn(Op<'c>) -> bool) -> Option<Op<'c>> {
    let mut next = op.next_in_block();
    while let Some(op) = next {
        if !is_view(op) && is(op) {
            return Some(op);
        }
        next = op.next_in_block();
    }
    None
}

/// Whether an operation writes so many elements of its only output and reads nothing of that memory.
fn overwrites<'c>(writer: &Structured<'c>, memory: ir::Val<'c>, count: i64) -> bool {
    let written: i64 = writer.nest.of_kind(Kind::Parallel).map(|d| writer.nest.dims[d].extent).product();
    let reads_output = writer.body.as_ref().is_some_and(|b| b.outputs.iter().any(|o| b.reads(*o)));
    let reads_memory = writer.inputs.iter().any(|input| match input {
        super::analyze::Operand::Buffer(buffer) => root(*buffer).is_none_or(|r| r == memory),
        super::analyze::Operand::Value(_) | super::analyze::Operand::Computed(_) => false,
    });
    written == count && !writer.nest.has_reductions() && !reads_output && !reads_memory
}

/// The nest without the box: for each dimension the part before and the part after it, within the box of the dimensions
/// before.
fn around(nest: &Nest, offsets: &[i64], sizes: &[i64]) -> Vec<Nest> {
    let mut parts = vec![];
    let mut inside = nest.clone();
    for d in 0..offsets.len() {
        let extent = nest.dims[d].extent;
        for (start, size) in [(0, offsets[d]), (offsets[d] + sizes[d], extent - offsets[d] - sizes[d])] {
            if size > 0 {
                parts.push(inside.narrowed(d, start, size));
            }
        }
        inside = inside.narrowed(d, offsets[d], sizes[d]);
    }
    parts.retain(|part| !part.is_empty());
    parts
}

#[cfg(test)]
mod tests {
    use super::super::nest::{Access, Dim};
    use super::*;

    #[test]
    fn a_border_covers_everything_but_the_box_once() {
        let dims = [3, 5, 7].map(|extent| Dim { extent, kind: Kind::Parallel, index_of: None });
        let whole = Nest {
            dims: dims.to_vec(),
            inputs: vec![],
            outputs: vec![Access { strides: vec![35, 7, 1], offset: 0, bytes: 4 }],
        };
        for (offsets, sizes) in
            [([0, 1, 2], [3, 3, 4]), ([1, 0, 0], [1, 5, 7]), ([0, 0, 0], [3, 5, 7]), ([2, 4, 6], [1, 1, 1])]
        {
            let mut times = vec![0; 105];
            for part in around(&whole, &offsets, &sizes) {
                for i in 0..part.dims.iter().map(|d| d.extent).product::<i64>() {
                    let (b, c) = (part.dims[1].extent, part.dims[2].extent);
                    let index = [i / (b * c), i / c % b, i % c];
                    let at: i64 = part.outputs[0].strides.iter().zip(index).map(|(s, i)| s * i).sum();
                    times[(part.outputs[0].offset + at) as usize] += 1;
                }
            }
            for (at, times) in times.into_iter().enumerate() {
                let index = [at / 35, at / 7 % 5, at % 7].map(|i| i as i64);
                let inside = (0..3).all(|d| (offsets[d]..offsets[d] + sizes[d]).contains(&index[d]));
                assert_eq!(times, i32::from(!inside), "{index:?} around {offsets:?} {sizes:?}");
            }
        }
    }
}
