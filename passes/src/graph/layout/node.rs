//! What the operations of a graph can do with another order of axes.

use hwc_dialects::image::{Axes, is_channels_last};
use hwc_dialects::infer::axes;
use hwc_dialects::mlir::OpView;
use hwc_dialects::{Attrs, AxisOrder, Op, TensorType};
use melior::ir::ValueLike;

use super::super::{Call, GraphError};
use super::cost;
use crate::codegen::ir;

/// The least rank of an image.
pub const LEAST_RANK: usize = 3;

/// An operation of the graph; `None` stands for what is not of the dialect, such as the return.
pub struct Node<'c> {
    pub operation: ir::Op<'c>,
    pub view: Option<View<'c>>,
}

/// An operation of the dialect.
pub struct View<'c> {
    pub op: Op,
    /// Complete: defaults are filled in.
    pub attrs: Attrs,
    pub operands: Vec<Option<ir::Val<'c>>>,
    pub operand_types: Vec<Option<TensorType>>,
    pub result_types: Vec<TensorType>,
    pub role: Role,
    /// What it takes more in each order, as [`cost::more`] says.
    pub more: [u64; 2],
}

/// What an operation can do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// Works with channels first only.
    #[default]
    Fixed,
    /// Works on images of this rank in either order, and has results in the same.
    Either(usize),
    /// Reads images of this rank in either order; its results are the same for both.
    Reads(usize),
}

/// How an operation that works with channels last reads an operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// As it is.
    Plain,
    /// With its channels last.
    Image,
    /// With axes of size one before its own up to this rank, then with its channels last.
    Widened(usize),
    Filter(Axes),
}

/// Reads the operations of a graph.
pub fn read<'c>(operations: &[ir::Op<'c>]) -> Result<Vec<Node<'c>>, GraphError> {
    operations.iter().map(|&operation| Ok(Node { operation, view: view(operation)? })).collect()
}

fn view<'c>(operation: ir::Op<'c>) -> Result<Option<View<'c>>, GraphError> {
    let Some(view) = OpView::of(&*operation) else { return Ok(None) };
    let malformed = |e: String| GraphError::Malformed(e);
    let view = view.map_err(|e| malformed(e.to_string()))?;
    let attrs = view.attrs.complete(view.op).map_err(|e| malformed(e.join("; ")))?;
    // By the same handles as the block has, which live as long as the context.
    let mut values = ir::operands(operation).into_iter();
    let operands = view.operands.iter().map(|o| o.and_then(|_| values.next())).collect();
    let (op, operand_types, result_types) = (view.op, view.operand_types, view.result_types);
    let types: Vec<Option<&TensorType>> = operand_types.iter().map(Option::as_ref).collect();
    let call = Call { op, attrs: &attrs, operands: &types, results: &result_types };
    let role = Role::of(&call);
    let more = cost::more(&call, role);
    Ok(Some(View { op, attrs, operands, operand_types, result_types, role, more }))
}

/// Sizes of a type whose dimensions are all known.
pub fn sizes(ty: &TensorType) -> Vec<usize> {
    ty.static_shape().unwrap_or_default()
}

/// Whether elements that lie by `shape` lie the same way in another order of its axes.
pub fn is_same_in_memory(shape: &[usize], permutation: &[usize]) -> bool {
    permutation.iter().filter(|&&axis| shape[axis] != 1).is_sorted() || shape.contains(&0)
}

impl Role {
    /// That of an operation whose attributes are complete.
    pub fn of(call: &Call) -> Role {
        let all = call.operands.iter().copied().flatten().chain(call.results);
        let (Some(Some(operand)), Some(result)) = (call.operands.first(), call.results.first()) else {
            return Role::Fixed;
        };
        if all.clone().any(|ty| ty.static_shape().is_none())
            || result.rank() < LEAST_RANK && operand.rank() < LEAST_RANK
        {
            return Role::Fixed;
        }
        match call.op.info().order {
            AxisOrder::Fixed => reshape_role(call.op, operand, result),
            AxisOrder::Pointwise => Role::Either(result.rank()),
            // What has its channels last by itself stays as it is.
            AxisOrder::Image if is_channels_last(call.attrs) => Role::Fixed,
            AxisOrder::Image => Role::Either(operand.rank()),
            AxisOrder::Named if operand.rank() < LEAST_RANK => Role::Fixed,
            AxisOrder::Named if call.attrs.bool("keepdims").unwrap_or(true) => Role::Either(operand.rank()),
            AxisOrder::Named => {
                let rank = operand.rank();
                // The axes that are left may not stand in another order.
                let named = [
                    call.attrs.int("axis").ok().into_iter().collect(),
                    call.attrs.ints("axes").unwrap_or(&[]).to_vec(),
                ];
                let Ok(named) = axes(&named.concat(), rank) else { return Role::Fixed };
                let left = Axes::Image.to_last(rank).into_iter().filter(|axis| !named.contains(axis));
                if left.is_sorted() { Role::Reads(rank) } else { Role::Fixed }
            }
        }
    }

    /// How an operation with this role reads an operand where it works with channels last.
    pub fn reading(self, op: Op, index: usize, ty: Option<&TensorType>) -> Reading {
        let (Some(ty), Role::Either(rank) | Role::Reads(rank)) = (ty, self) else { return Reading::Plain };
        match (op.info().order, index) {
            (AxisOrder::Image, 1) if op == Op::Conv => Reading::Filter(Axes::Filter),
            (AxisOrder::Image, 1) if op == Op::ConvTranspose => Reading::Filter(Axes::TransposedFilter),
            (AxisOrder::Image, 0) => Reading::Image,
            (AxisOrder::Image, _) => Reading::Plain,
            _ if ty.rank() == rank => Reading::Image,
            (AxisOrder::Pointwise, _) if sizes(ty).iter().any(|&n| n != 1) => Reading::Widened(rank),
            _ => Reading::Plain,
        }
    }
}

/// A reshape that keeps batch and channels only rearranges the pixels.
fn reshape_role(op: Op, operand: &TensorType, result: &TensorType) -> Role {
    let keeps = op == Op::Reshape
        && operand.rank() >= LEAST_RANK
        && result.rank() >= LEAST_RANK
        && operand.shape[..2] == result.shape[..2];
    if keeps { Role::Either(operand.rank()) } else { Role::Fixed }
}

impl View<'_> {
    /// How an operand is read where the operation works with channels last.
    pub fn reading(&self, index: usize) -> Reading {
        self.role.reading(self.op, index, self.operand_types.get(index).and_then(Option::as_ref))
    }
}

/// The rank of a value's type.
pub fn rank(value: ir::Val) -> usize {
    ir::static_shape(value.r#type()).map_or(0, |shape| shape.len())
}
