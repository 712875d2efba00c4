//! Pass `hwc-fuse-elementwise`: which elementwise operations are computed where they are used.
//!
//! Before: kernels on tensors. After: the same computation; producers that [`may_fuse`] are part of their consumers,
//! reshapes between structured operations are folded into them, `tensor.pad` and `tensor.concat` are fills and slices,
//! and elementwise operations write over an operand that nobody else needs instead of a new tensor.

use melior::ir::{AffineMap, ValueLike, operation::OperationLike};

use super::{
    error::{CodegenError, Result},
    ffi,
    ir::{self, Op, Val},
};

/// Instructions that may be repeated for every element of a larger consumer.
const CHEAP: usize = 4;

/// Fuses within the kernels of a module.
///
/// # Errors
/// An internal error if rewriting does not come to an end.
pub fn fuse(module: Op<'_>) -> Result<()> {
    if !ffi::fuse_elementwise(module) {
        return Err(CodegenError::internal("fusion does not come to an end"));
    }
    for op in ir::walk(module).into_iter().filter(|op| ir::is(*op, "linalg.generic")) {
        write_over_an_input(op);
    }
    Ok(())
}

/// Whether an elementwise producer is to be computed inside a consumer.
///
/// It must not be needed elsewhere, unless it costs nothing. It must not be computed many times over: a consumer that
/// visits each element often (a broadcast, a contraction) takes only what is cheap. And a contraction takes nothing that
/// reorders memory, since a transposed copy is made once but its operand is read many times.
pub fn may_fuse<'c>(producer: Op<'c>, consumer: Op<'c>, operand: usize) -> bool {
    let (Some(producer), Some(consumer)) = (Generic::new(producer), Generic::new(consumer)) else { return false };
    let is_free = producer.cost == 0;
    let needed_elsewhere = ir::results(producer.op).into_iter().flat_map(ir::users).any(|user| user != consumer.op);
    if needed_elsewhere && !is_free {
        return false;
    }
    let Some(map) = consumer.maps.get(operand) else { return false };
    let loops = consumer.kinds.len();
    let visits_each_once = (0..loops).all(|d| uses_dim(map, d));
    if visits_each_once {
        return true;
    }
    if consumer.has_reductions() {
        return is_free && producer.maps.iter().all(keeps_order);
    }
    producer.cost <= CHEAP
}

/// A `linalg.generic`, taken apart.
struct Generic<'c> {
    op: Op<'c>,
    maps: Vec<AffineMap<'c>>,
    kinds: Vec<String>,
    /// Operations of the body, without conversions between types and constants.
    cost: usize,
}

impl<'c> Generic<'c> {
    fn new(op: Op<'c>) -> Option<Self> {
        if !ir::is(op, "linalg.generic") {
            return None;
        }
        let array = |name: &str| ir::array(op.attribute(name).ok()?);
        let maps = array("indexing_maps")?.into_iter().map(ir::affine_map).collect::<Option<_>>()?;
        let kinds = array("iterator_types")?.iter().map(|k| k.to_string()).collect();
        let body = ir::block_ops(*ir::op_blocks(op).first()?);
        let cost = body.iter().filter(|op| !is_free(ir::name_of(**op))).count();
        Some(Self { op, maps, kinds, cost })
    }

    fn has_reductions(&self) -> bool {
        self.kinds.iter().any(|k| k.contains("reduction"))
    }
}

fn is_free(name: &str) -> bool {
    const FREE: &[&str] = &[
        "linalg.yield",
        "arith.constant",
        "arith.extf",
        "arith.extsi",
        "arith.extui",
        "arith.truncf",
        "arith.trunci",
        "arith.sitofp",
        "arith.uitofp",
        "arith.bitcast",
    ];
    FREE.contains(&name)
}

fn uses_dim(map: &AffineMap, dim: usize) -> bool {
    (0..map.result_count()).filter_map(|r| map.result(r).ok()).any(|e| e.is_function_of_dim(dim))
}

/// Whether a map lists dimensions in ascending order: memory is walked in the order of the loops.
fn keeps_order(map: &AffineMap) -> bool {
    let dims: Vec<Option<usize>> = (0..map.result_count())
        .filter_map(|r| map.result(r).ok())
        .filter(|e| !e.is_constant())
        .map(|e| e.is_dim().then(|| e.dim_position()))
        .collect();
    dims.iter().all(Option::is_some) && dims.is_sorted()
}

/// Lets an elementwise operation write over an input whose value is not needed afterwards, if its output starts empty.
fn write_over_an_input(op: Op<'_>) {
    let Some(generic) = Generic::new(op).filter(|g| !g.has_reductions()) else { return };
    let operands = ir::operands(op);
    let outputs = op.result_count();
    let inputs = operands.len() - outputs;
    let Some(&block) = ir::op_blocks(op).first() else { return };
    let arguments = ir::arguments(block);
    let mut taken = vec![];
    for output in inputs..operands.len() {
        let starts_empty = ir::defining_op(operands[output]).is_some_and(|d| ir::is(d, "tensor.empty"));
        let is_read = !ir::uses(arguments[output]).is_empty();
        if !starts_empty || is_read {
            continue;
        }
        let may_be_overwritten = |input: &usize| {
            let value = operands[*input];
            value.r#type() == operands[output].r#type()
                && generic.maps[*input] == generic.maps[output]
                && owns_its_memory(value)
                && ir::users(value).len() == 1
                && !taken.contains(input)
        };
        if let Some(input) = (0..inputs).find(may_be_overwritten) {
            taken.push(input);
            ir::set_operand(op, output, operands[input]);
        }
    }
}

/// Whether a tensor is computed here, into memory of its own, and is no constant or input.
fn owns_its_memory(value: Val<'_>) -> bool {
    ir::defining_op(value).is_some_and(|op| {
        let name = ir::name_of(op);
        (name.starts_with("linalg.") && op.result_count() == 1)
            || name == "tensor.insert_slice"
            || name == "tensor.insert"
    })
}
