//! What kernels of operations of MLIR are expected to take, by the same costs as those that plans are made by.

use std::collections::HashSet;

use hwc_dialects::mlir::hwk::{CONSTANTS, YIELD};
use hwc_dialects::mlir::{OpView, tensor_type_from_mlir};
use hwc_dialects::{CostClass, TensorType};
use melior::ir::ValueLike;
use melior::ir::operation::OperationLike;

use super::work::Call;
use super::{GraphError, views};
use crate::codegen::ir::{self, Val};
use crate::optimize::cost::{Cost, Group, bytes};

/// Seconds of one run of a kernel (`hwk.kernel`); nothing where its cost is not known.
///
/// # Errors
/// Where it holds malformed operations.
pub fn kernel_seconds(kernel: ir::Op, cost: &dyn Cost) -> Result<Option<f64>, GraphError> {
    let Some(block) = ir::entry(kernel) else { return Ok(None) };
    let constants = kernel.attribute(CONSTANTS).ok().and_then(ir::dense_i64).unwrap_or_default();
    let constants = constants.into_iter().filter_map(|i| ir::arguments(block).get(i as usize).copied());
    let constants: HashSet<usize> = constants.map(ir::key).collect();
    let (ends, operations): (Vec<ir::Op>, _) = ir::block_ops(block).into_iter().partition(|op| ir::is(*op, YIELD));
    let stored: Vec<Val> = ends.into_iter().flat_map(ir::operands).collect();
    seconds(&operations, &stored, &|value| constants.contains(&ir::key(value)), cost)
}

/// Seconds of a kernel of these operations that stores these values. Slices and constants among them cost what reading them
/// does.
///
/// # Errors
/// Where an operation is malformed.
pub fn seconds<'c>(
    operations: &[ir::Op<'c>],
    stored: &[Val<'c>],
    is_constant: &dyn Fn(Val<'c>) -> bool,
    cost: &dyn Cost,
) -> Result<Option<f64>, GraphError> {
    let is_read = |op: &&ir::Op| ir::is(**op, views::SLICE) && operations.len() > 1 || ir::is(**op, "hwc.constant");
    let (read, computed): (Vec<&ir::Op>, Vec<&ir::Op>) = operations.iter().partition(is_read);
    let small: HashSet<usize> =
        read.iter().filter(|op| !ir::is(***op, views::SLICE)).flat_map(|op| ir::results(**op)).map(ir::key).collect();
    let inside: HashSet<usize> = computed.iter().flat_map(|op| ir::results(**op)).map(ir::key).collect();
    let views = computed.iter().filter_map(|op| OpView::of(&***op)).collect::<Result<Vec<_>, _>>();
    let views = views.map_err(|e| GraphError::Malformed(e.to_string()))?;
    let operands: Vec<Vec<Option<&TensorType>>> =
        views.iter().map(|view| view.operand_types.iter().map(Option::as_ref).collect()).collect();
    let calls: Vec<Call> = views
        .iter()
        .zip(&operands)
        .map(|(view, operands)| Call { op: view.op, attrs: &view.attrs, operands, results: &view.result_types })
        .collect();
    let mut seen: HashSet<usize> = HashSet::new();
    let (mut reads, mut weights) = (vec![], 0.0);
    for value in computed.iter().flat_map(|op| ir::operands(**op)) {
        let key = ir::key(value);
        if inside.contains(&key) || small.contains(&key) || !seen.insert(key) {
            continue;
        }
        // Of what is gathered from, as much is read as is made of it.
        let mut readers = views
            .iter()
            .zip(&computed)
            .filter(|(_, op)| ir::operands(***op).into_iter().any(|operand| ir::key(operand) == key));
        let first = readers.clone().next().and_then(|(view, _)| view.result_types.first().cloned());
        let gathered = readers.all(|(view, _)| view.op.info().cost == CostClass::Gather);
        let Some(ty) = first.filter(|_| gathered).or_else(|| tensor_type_from_mlir(value.r#type())) else { continue };
        if ty.elements().is_some_and(|n| n <= 1) && is_constant(value) {
            continue;
        }
        weights += if is_constant(value) { bytes(&ty) } else { 0.0 };
        reads.push(ty);
    }
    let writes: Vec<TensorType> = stored.iter().filter_map(|value| tensor_type_from_mlir(value.r#type())).collect();
    let (reads, writes): (Vec<_>, Vec<_>) = (reads.iter().collect(), writes.iter().collect());
    Ok(cost.seconds(&Group { calls: &calls, reads: &reads, writes: &writes, weights, order: None }))
}
