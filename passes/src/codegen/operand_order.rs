//! Operands of contractions, transposed once where that lets every multiplication run in vectors.
//!
//! A contraction runs in vectors along the innermost dimension of its result. An operand that has this dimension
//! elsewhere than innermost, as the second of `a * transpose(b)`, would be gathered element by element. If each of its
//! elements is used often, a copy in the right order costs less.

use melior::{
    Context,
    ir::{
        AffineExpr, AffineMap, Attribute, ValueLike,
        attribute::{ArrayAttribute, DenseI32ArrayAttribute},
        operation::OperationLike,
    },
};

use super::{
    error::{CodegenError, Result},
    fusion::Generic,
    ir::{self, Builder, Op, Val},
};

/// Uses of each element from which a transposed copy pays.
const OFTEN: i64 = 24;

/// Transposes operands of the contractions of a module.
pub fn transpose<'c>(context: &'c Context, module: Op<'c>) -> Result<()> {
    for op in ir::walk(module) {
        let Some(contraction) = Generic::new(op).filter(Generic::has_reductions) else { continue };
        let b = Builder::before(context, op).ok_or_else(|| CodegenError::internal("a detached operation"))?;
        let inputs = op.operand_count().saturating_sub(op.result_count());
        for input in 0..inputs {
            if let Some(order) = better_order(&contraction, input) {
                reorder(&b, &contraction, input, &order);
            }
        }
    }
    Ok(())
}

/// The order of dimensions in which an operand is better stored, or nothing if it is well as it is.
fn better_order(contraction: &Generic<'_>, input: usize) -> Option<Vec<usize>> {
    let result = contraction.maps.last()?;
    let vector = dims(result)?.last().copied()?;
    let operand = contraction.op.operand(input).ok()?;
    let shape = ir::static_shape(operand.r#type()).filter(|_| ir::is_tensor(operand.r#type()))?;
    let used = dims(contraction.maps.get(input)?)?;
    let at = used.iter().position(|d| *d == vector)?;
    // Moving a dimension of one element changes nothing, and a short one makes no vectors.
    let is_innermost = shape[at + 1..].iter().all(|extent| *extent == 1);
    if is_innermost || shape[at] < 8 {
        return None;
    }
    let extents = contraction.extents()?;
    let uses: i64 =
        (0..extents.len()).filter(|d| contraction.is_parallel(*d) && !used.contains(d)).map(|d| extents[d]).product();
    if uses < OFTEN {
        return None;
    }
    let mut order: Vec<usize> = (0..used.len()).filter(|i| *i != at).collect();
    order.push(at);
    Some(order)
}

/// The dimensions a map lists; nothing if it computes with them.
fn dims(map: &AffineMap) -> Option<Vec<usize>> {
    (0..map.result_count()).map(|r| map.result(r).ok().filter(|e| e.is_dim()).map(|e| e.dim_position())).collect()
}

/// Copies an operand in another order and lets the contraction read the copy.
fn reorder<'c>(b: &Builder<'c>, contraction: &Generic<'c>, input: usize, order: &[usize]) {
    let Ok(operand) = contraction.op.operand(input) else { return };
    let Some(shape) = ir::static_shape(operand.r#type()) else { return };
    let element = ir::element_type(operand.r#type());
    let permuted: Vec<i64> = order.iter().map(|&d| shape[d]).collect();
    let rank = order.len();
    // Loops run over the copy: its dimension i is dimension `order[i]` of the operand.
    let reads: Vec<AffineExpr> =
        (0..rank).map(|d| AffineExpr::dim(b.context, order.iter().position(|o| *o == d).unwrap_or(d))).collect();
    let maps = [ir::map_attribute(AffineMap::new(b.context, rank, 0, &reads)), ir::identity_map(b.context, rank)];
    let copy = generic(b, &maps, operand, b.value("tensor.empty", &[], b.tensor(element, &permuted), &[]));

    let map = &contraction.maps[input];
    let results: Vec<AffineExpr> = order.iter().filter_map(|&d| map.result(d).ok()).collect();
    let new_map = ir::map_attribute(AffineMap::new(b.context, map.dim_count(), 0, &results));
    let current = contraction.op.attribute("indexing_maps").ok().and_then(ir::array);
    let Some(mut all) = current else { return };
    all[input] = new_map;
    ir::set_operand(contraction.op, input, copy);
    ir::set_attribute(contraction.op, "indexing_maps", ArrayAttribute::new(b.context, &all).into());
}

/// An elementwise copy.
fn generic<'c>(b: &Builder<'c>, maps: &[Attribute<'c>], from: Val<'c>, into: Val<'c>) -> Val<'c> {
    let rank = ir::static_shape(into.r#type()).map_or(0, |s| s.len());
    let parallel = Attribute::parse(b.context, "#linalg.iterator_type<parallel>").unwrap_or_else(|| b.unit());
    let attributes = [
        ("indexing_maps", ArrayAttribute::new(b.context, maps).into()),
        ("iterator_types", ArrayAttribute::new(b.context, &vec![parallel; rank]).into()),
        ("operandSegmentSizes", DenseI32ArrayAttribute::new(b.context, &[1, 1]).into()),
    ];
    let element = ir::element_type(into.r#type());
    let op = b.op_with_regions("linalg.generic", &[from, into], &[into.r#type()], &attributes, &[&[element, element]]);
    for block in ir::op_blocks(op) {
        b.in_block(block).op("linalg.yield", &ir::arguments(block)[..1], &[], &[]);
    }
    ir::result(op, 0)
}
