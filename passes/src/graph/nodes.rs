//! Reads the operations of a graph as grouping sees them.

use std::collections::HashMap;

use hwc_dialects::mlir::{OpView, tensor_type_from_mlir};
use hwc_dialects::{Attrs, CostClass, Op, TensorType};
use melior::ir::ValueLike;

use super::group::{Node, Rows};
use super::{GraphError, chosen};
use crate::codegen::ir;

/// The graph as grouping sees it; the return is a node without group.
pub fn nodes(operations: &[ir::Op]) -> Result<Vec<Node>, GraphError> {
    let numbers: HashMap<usize, usize> = operations.iter().enumerate().map(|(i, op)| (ir::op_key(*op), i)).collect();
    let mut nodes = Vec::with_capacity(operations.len());
    for &operation in operations {
        let op = Op::from_name(ir::name_of(operation));
        let end = ir::is(operation, "func.return");
        if op.is_none() && !end {
            return Err(GraphError::Malformed(format!("`main` holds {}", ir::name_of(operation))));
        }
        let producers = ir::operands(operation)
            .into_iter()
            .filter_map(|v| numbers.get(&ir::op_key(ir::defining_op(v)?)).copied())
            .collect();
        let users = ir::results(operation)
            .into_iter()
            .flat_map(ir::users)
            .map(|user| numbers.get(&ir::op_key(user)).copied().filter(|&u| !ir::is(operations[u], "func.return")))
            .map(|user| user.unwrap_or(usize::MAX))
            .collect();
        let result = ir::results(operation).first().and_then(|r| tensor_type_from_mlir(r.r#type())?.elements());
        let free = end || op.is_some_and(|op| op.info().cost == CostClass::Free);
        let (op, elements, rows) = (op.unwrap_or(Op::Constant), result.unwrap_or_default(), rows(operation));
        let (border, chosen) = (is_border_of(operation), chosen::read(operation)?);
        nodes.push(Node { op, producers, users, elements, rows, border, free, chosen });
    }
    Ok(nodes)
}

fn is_border_of(operation: ir::Op) -> bool {
    let Some(Ok(view)) = OpView::of(&*operation) else { return false };
    is_border(view.op, &view.attrs, view.operands.iter().flatten().count())
}

/// Whether an operation with so many operands puts the first one into a larger tensor of zeros.
pub fn is_border(op: Op, attrs: &Attrs, operands: usize) -> bool {
    if op != Op::Pad || operands != 1 {
        return false;
    }
    let Ok(attrs) = attrs.clone().complete(op) else { return false };
    let adds = |name: &str| attrs.ints(name).is_ok_and(|ends| ends.iter().all(|n| *n >= 0));
    attrs.str("mode").is_ok_and(|mode| mode == "constant") && adds("low") && adds("high")
}

/// The rows along which an operation combines elements: all of its axes are the last ones of its first operand.
fn rows(operation: ir::Op) -> Option<Rows> {
    let view = OpView::of(&*operation)?.ok()?;
    rows_of(view.op, &view.attrs, view.operand_types.first()?.as_ref())
}

/// [`rows`] of an operation that is known by its operator, attributes and first operand.
pub fn rows_of(op: Op, attrs: &Attrs, operand: Option<&TensorType>) -> Option<Rows> {
    if !matches!(op.info().cost, CostClass::Reduction | CostClass::Normalization) {
        return None;
    }
    let shape = operand?.static_shape()?;
    let rank = shape.len();
    let at = |axis: i64| usize::try_from(if axis < 0 { axis + rank as i64 } else { axis }).ok();
    let mut axes: Vec<usize> = match (attrs.ints("axes"), attrs.int("axis")) {
        (Ok([]), _) => (0..rank).collect(),
        (Ok(axes), _) => axes.iter().map(|&axis| at(axis)).collect::<Option<_>>()?,
        // A normalization's axis is the first of those it runs along, a softmax's the only one.
        (_, Ok(axis)) => vec![at(axis).filter(|axis| axis + 1 == rank)?],
        _ => return None,
    };
    axes.sort_unstable();
    axes.dedup();
    let first = rank - axes.len();
    let are_last = axes.iter().copied().eq(first..rank);
    are_last.then(|| Rows { count: shape[..first].iter().product(), length: shape[first..].iter().product() })
}
