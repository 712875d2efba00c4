//! Which operations work with channels last: the division of the graph with the least estimated time.

use std::collections::HashMap;

use hwc_dialects::image::{Axes, permuted};
use hwc_dialects::mlir::tensor_type_from_mlir;
use hwc_dialects::{Op, TensorType};
use melior::ir::ValueLike;

use super::cut::{End, NEVER, Network};
use super::node::{LEAST_RANK, Node, Reading, Role, View, is_same_in_memory, sizes};
use crate::codegen::ir;

/// Picoseconds by which a multiplication and an addition of a convolution are faster with channels last, by which they are
/// slower where there are fewer filters than fill half a vector, and those that bringing a byte into another order takes.
/// Only their proportion matters.
const GAIN_PER_PRODUCT: u64 = 8;
const LOSS_PER_PRODUCT: u64 = 60;
const COST_PER_BYTE: u64 = 60;
const FEW_FILTERS: u64 = 6;

/// For each operation, whether it is to work with channels last.
pub fn channels_last<'c>(block: ir::Blk<'c>, nodes: &[Node<'c>]) -> Vec<bool> {
    let views = || nodes.iter().enumerate().filter_map(|(i, node)| Some((i, node.view.as_ref()?)));
    if !views().any(|(_, view)| gain(view) > 0) {
        return vec![false; nodes.len()];
    }
    let mut network = Network::new(nodes.len());
    for (i, view) in views().filter(|(_, view)| view.role != Role::Fixed) {
        network.edge(End::Node(i), End::Last, gain(view));
        network.edge(End::First, End::Node(i), operand_cost(view).saturating_add(loss(view)));
    }
    let numbers: HashMap<usize, usize> =
        nodes.iter().enumerate().map(|(i, node)| (ir::op_key(node.operation), i)).collect();
    let results = nodes.iter().flat_map(|node| ir::results(node.operation));
    for value in ir::arguments(block).into_iter().chain(results) {
        let Some(cost) = order_cost(value) else { continue };
        let Some(producer) = producer(value, nodes, &numbers) else { continue };
        let users: Vec<End> = ir::uses(value)
            .into_iter()
            .filter_map(|(user, operand)| reader(nodes, *numbers.get(&ir::op_key(user))?, value, operand))
            .collect();
        // Channels first is made once for all that read it so, and channels last is.
        let (to_last, to_first) = (network.node(), network.node());
        network.edge(producer, to_last, cost);
        network.edge(to_first, producer, cost);
        for user in users {
            network.edge(to_last, user, NEVER);
            network.edge(user, to_first, NEVER);
        }
    }
    let mut last = network.last_side();
    last.truncate(nodes.len());
    for (last, node) in last.iter_mut().zip(nodes) {
        *last &= node.view.as_ref().is_some_and(|view| view.role != Role::Fixed);
    }
    last
}

/// What bringing a value into the other order costs; `None` where it is none.
fn order_cost(value: ir::Val) -> Option<u64> {
    let ty = tensor_type_from_mlir(value.r#type())?;
    let shape = ty.static_shape().filter(|shape| shape.len() >= LEAST_RANK)?;
    let same = is_same_in_memory(&shape, &Axes::Image.to_last(shape.len()));
    (!same).then(|| bytes(&ty).saturating_mul(COST_PER_BYTE))
}

fn bytes(ty: &TensorType) -> u64 {
    (ty.elements().unwrap_or(0) as u64).saturating_mul(ty.dtype.size() as u64)
}

/// In which order a value is made; `None` where either costs the same: it is known or transposed anyway.
fn producer(value: ir::Val, nodes: &[Node], numbers: &HashMap<usize, usize>) -> Option<End> {
    let Some(&i) = ir::defining_op(value).and_then(|op| numbers.get(&ir::op_key(op))) else { return Some(End::First) };
    match nodes[i].view.as_ref() {
        Some(view) if matches!(view.op, Op::Constant | Op::Transpose) => None,
        Some(View { role: Role::Either(_), .. }) => Some(End::Node(i)),
        _ => Some(End::First),
    }
}

/// In which order an operand is read; `None` where either costs the same.
fn reader(nodes: &[Node], user: usize, value: ir::Val, operand: usize) -> Option<End> {
    let Some(view) = nodes[user].view.as_ref() else { return Some(End::First) };
    if view.op == Op::Transpose {
        return None;
    }
    let slot = view.operands.iter().enumerate().filter(|(_, o)| o.is_some()).nth(operand).map_or(operand, |(i, _)| i);
    let image = view.role != Role::Fixed && view.reading(slot) == Reading::Image;
    debug_assert!(view.operands.get(slot).copied().flatten().is_none_or(|v| ir::key(v) == ir::key(value)));
    Some(if image { End::Node(user) } else { End::First })
}

/// Picoseconds by which an operation is faster with channels last.
fn gain(view: &View) -> u64 {
    products(view).filter(|(_, filters)| *filters >= FEW_FILTERS).map_or(0, |(n, _)| n.saturating_mul(GAIN_PER_PRODUCT))
}

/// Picoseconds by which it is slower.
fn loss(view: &View) -> u64 {
    products(view).filter(|(_, filters)| *filters < FEW_FILTERS).map_or(0, |(n, _)| n.saturating_mul(LOSS_PER_PRODUCT))
}

/// The products of a convolution, and how many of its results stand side by side with channels last.
fn products(view: &View) -> Option<(u64, u64)> {
    let (Role::Either(_), Op::Conv | Op::ConvTranspose) = (view.role, view.op) else { return None };
    let (input, filter) = (view.operand_types.first()?.as_ref()?, view.operand_types.get(1)?.as_ref()?);
    let result = view.result_types.first()?;
    let elements = |ty: &TensorType| ty.elements().unwrap_or(0) as u64;
    let first = sizes(filter).first().copied().unwrap_or(1).max(1) as u64;
    let read = if view.op == Op::Conv { result } else { input };
    let filters = sizes(result).get(1).copied().unwrap_or(0) as u64;
    Some((elements(read).saturating_mul(elements(filter) / first), filters))
}

/// What bringing operands that are no images into order for channels last costs.
fn operand_cost(view: &View) -> u64 {
    let cost = |(i, operand): (usize, &Option<ir::Val>)| {
        let (value, ty) = ((*operand)?, view.operand_types[i].as_ref()?);
        if ir::defining_op(value).is_some_and(|op| ir::is(op, "hwc.constant")) {
            return None;
        }
        let shape = sizes(ty);
        let (shape, order) = match view.reading(i) {
            Reading::Filter(axes) => (shape.clone(), axes.to_last(shape.len())),
            Reading::Widened(rank) => (
                permuted(&[vec![1; rank - shape.len()], shape].concat(), &(0..rank).collect::<Vec<_>>()),
                Axes::Image.to_last(rank),
            ),
            Reading::Plain | Reading::Image => return None,
        };
        (!is_same_in_memory(&shape, &order)).then(|| bytes(ty).saturating_mul(COST_PER_BYTE))
    };
    view.operands.iter().enumerate().filter_map(cost).sum()
}
