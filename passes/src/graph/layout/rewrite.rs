//! Makes the operations that were chosen work with channels last.

use std::collections::HashMap;

use hwc_dialects::image::{Axes, inverse, permuted};
use hwc_dialects::infer::axis;
use hwc_dialects::mlir::OpView;
use hwc_dialects::{Attrs, AxisOrder, Op, attrs};
use melior::Context;
use melior::ir::ValueLike;
use melior::ir::operation::OperationLike;

use super::super::edit::{erase_unused, insert};
use super::super::{GraphError, chosen};
use super::node::{Node, Reading, Role, View, is_same_in_memory, rank, sizes};
use crate::codegen::ir::{self, Val};

/// Rewrites the operations of a block for which `last` is true, and what stands between them and the others.
pub fn rewrite<'c>(
    context: &'c Context,
    block: ir::Blk<'c>,
    nodes: &[Node<'c>],
    last: &[bool],
) -> Result<(), GraphError> {
    let mut rewriter = Rewriter { context, last: HashMap::new(), first: HashMap::new() };
    for (node, &last) in nodes.iter().zip(last) {
        match &node.view {
            Some(view) if last => rewriter.work_on_last(node.operation, view)?,
            Some(view) if view.op == Op::Transpose => rewriter.transpose(node.operation, view)?,
            _ => rewriter.work_on_first(node.operation)?,
        }
    }
    erase_unused(block);
    Ok(())
}

struct Rewriter<'c> {
    context: &'c Context,
    /// Values with their channels last, by the key of the value of the graph that they stand for.
    last: HashMap<usize, Val<'c>>,
    /// Values with their channels first, of those that are made with channels last.
    first: HashMap<usize, Val<'c>>,
}

impl<'c> Rewriter<'c> {
    /// An operation in the place of `before`.
    fn insert(
        &self,
        before: ir::Op<'c>,
        op: Op,
        attrs: &Attrs,
        operands: &[Option<Val<'c>>],
    ) -> Result<Vec<Val<'c>>, GraphError> {
        insert(self.context, before, before.location(), op, attrs, operands)
            .map_err(|e| GraphError::Malformed(format!("{} with channels last: {e}", op.info().name)))
    }

    /// The operation as it is, on values with channels first.
    fn work_on_first(&mut self, operation: ir::Op<'c>) -> Result<(), GraphError> {
        for (i, value) in ir::operands(operation).into_iter().enumerate() {
            if self.last_only(value).is_some() {
                let first = self.first_form(operation, value)?;
                ir::set_operand(operation, i, first);
            }
        }
        Ok(())
    }

    /// A value that is made with channels last.
    fn last_only(&self, value: Val<'c>) -> Option<Val<'c>> {
        // What is made with channels first stands in `last` too once somebody reads it so; its own operation is kept.
        let made = self.last.get(&ir::key(value)).copied()?;
        self.first.contains_key(&ir::key(value)).then_some(made)
    }

    fn first_form(&mut self, before: ir::Op<'c>, value: Val<'c>) -> Result<Val<'c>, GraphError> {
        let (Some(last), Some(first)) = (self.last_only(value), self.first.get(&ir::key(value)).copied()) else {
            return Ok(value);
        };
        if ir::key(first) != ir::key(value) {
            return Ok(first);
        }
        let first = self.transposed(before, last, &Axes::Image.to_first(rank(last)))?;
        self.first.insert(ir::key(value), first);
        Ok(first)
    }

    fn last_form(&mut self, before: ir::Op<'c>, value: Val<'c>) -> Result<Val<'c>, GraphError> {
        if let Some(last) = self.last.get(&ir::key(value)) {
            return Ok(*last);
        }
        let last = self.transposed(before, value, &Axes::Image.to_last(rank(value)))?;
        self.last.insert(ir::key(value), last);
        Ok(last)
    }

    /// The value with its axes in another order; of a value that is transposed itself only one transposition is left.
    fn transposed(&self, before: ir::Op<'c>, value: Val<'c>, permutation: &[usize]) -> Result<Val<'c>, GraphError> {
        if let Some((source, inner)) = transposition(value) {
            return self.transposed(before, source, &permuted(&inner, permutation));
        }
        let shape: Vec<usize> =
            ir::static_shape(value.r#type()).unwrap_or_default().into_iter().map(|n| n as usize).collect();
        let same = is_same_in_memory(&shape, permutation);
        if permutation.is_sorted() || same && permuted(&shape, permutation) == shape {
            return Ok(value);
        }
        let ints = |list: &[usize]| list.iter().map(|&n| n as i64).collect::<Vec<_>>();
        let made = if same {
            let attrs = attrs! { "shape" => ints(&permuted(&shape, permutation)) };
            self.insert(before, Op::Reshape, &attrs, &[Some(value)])?
        } else {
            let attrs = attrs! { "permutation" => ints(permutation) };
            self.insert(before, Op::Transpose, &attrs, &[Some(value)])?
        };
        made.first().copied().ok_or_else(|| GraphError::Malformed("a transposition without result".into()))
    }

    /// A transposition of the graph, of which the operand may have its channels last.
    fn transpose(&mut self, operation: ir::Op<'c>, view: &View<'c>) -> Result<(), GraphError> {
        let Some(last) = ir::operands(operation).first().and_then(|value| self.last_only(*value)) else {
            return Ok(());
        };
        let permutation = view.attrs.sizes("permutation").map_err(GraphError::Malformed)?;
        let to_first = Axes::Image.to_first(permutation.len());
        let made = self.transposed(operation, last, &permuted(&to_first, &permutation))?;
        for result in ir::results(operation) {
            ir::replace_uses(result, made);
        }
        Ok(())
    }

    fn work_on_last(&mut self, operation: ir::Op<'c>, view: &View<'c>) -> Result<(), GraphError> {
        let mut operands = Vec::with_capacity(view.operands.len());
        for (i, operand) in ir::operands(operation).into_iter().enumerate() {
            let slot = view.operands.iter().enumerate().filter(|(_, o)| o.is_some()).nth(i).map_or(i, |(slot, _)| slot);
            operands.resize(slot, None);
            operands.push(Some(match view.reading(slot) {
                Reading::Plain => self.first_form(operation, operand)?,
                Reading::Image => self.last_form(operation, operand)?,
                Reading::Filter(axes) => self.transposed(operation, operand, &axes.to_last(rank(operand)))?,
                Reading::Widened(rank) => {
                    let operand = self.first_form(operation, operand)?;
                    self.widened(operation, operand, rank)?
                }
            }));
        }
        let attrs = attributes(view).map_err(GraphError::Malformed)?;
        let made = self.insert(operation, view.op, &attrs, &operands)?;
        made.first().and_then(|made| ir::defining_op(*made)).into_iter().for_each(|made| chosen::copy(operation, made));
        for (old, new) in ir::results(operation).into_iter().zip(made) {
            if let Role::Reads(_) = view.role {
                ir::replace_uses(old, new);
                continue;
            }
            self.last.insert(ir::key(old), new);
            self.first.insert(ir::key(old), old);
        }
        Ok(())
    }

    /// A value that broadcasts against images of a rank, brought to that rank and to channels last.
    fn widened(&self, before: ir::Op<'c>, value: Val<'c>, rank: usize) -> Result<Val<'c>, GraphError> {
        let shape = ir::static_shape(value.r#type()).unwrap_or_default();
        let wide = [vec![1; rank - shape.len()], shape].concat();
        let made = self.insert(before, Op::Reshape, &attrs! { "shape" => wide }, &[Some(value)])?;
        let made = made.first().ok_or_else(|| GraphError::Malformed("a reshape without result".into()))?;
        self.transposed(before, *made, &Axes::Image.to_last(rank))
    }
}

/// What a value transposes, if it is the result of a transposition, and how.
fn transposition<'c>(value: Val<'c>) -> Option<(Val<'c>, Vec<usize>)> {
    let operation = ir::defining_op(value).filter(|op| ir::is(*op, "hwc.transpose"))?;
    let permutation = OpView::of(&*operation)?.ok()?.attrs.sizes("permutation").ok()?;
    Some((ir::operands(operation).first().copied()?, permutation))
}

/// The attributes of an operation that works with channels last.
fn attributes(view: &View) -> Result<Attrs, String> {
    let mut attrs = view.attrs.clone();
    match view.op.info().order {
        AxisOrder::Pointwise => {}
        AxisOrder::Image => attrs.set("channels_last", true),
        AxisOrder::Fixed => {
            let shape = view.result_types.first().map(sizes).unwrap_or_default();
            let shape = permuted(&shape, &Axes::Image.to_last(shape.len()));
            attrs.set("shape", shape.into_iter().map(|n| n as i64).collect::<Vec<_>>());
        }
        AxisOrder::Named => {
            let (Role::Either(rank) | Role::Reads(rank)) = view.role else { return Ok(attrs) };
            let to_last = Axes::Image.to_last(rank);
            let place = inverse(&to_last);
            if let Ok(named) = attrs.int("axis") {
                attrs.set("axis", place[axis(named, rank)?] as i64);
            }
            if let Ok(named) = attrs.ints("axes") {
                let named = named.iter().map(|&a| Ok(place[axis(a, rank)?] as i64));
                attrs.set("axes", named.collect::<Result<Vec<_>, String>>()?);
            }
            for name in ["low", "high", "repeats"] {
                if let Ok(entries) = attrs.ints(name) {
                    attrs.set(name, permuted(entries, &to_last));
                }
            }
        }
    }
    Ok(attrs)
}
