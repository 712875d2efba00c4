//! Which operations work with channels last: the division of the graph with the least estimated time.

use std::collections::HashMap;

use hwc_dialects::Op;
use hwc_dialects::mlir::tensor_type_from_mlir;
use melior::ir::ValueLike;

use super::cost;
use super::cut::{End, NEVER, Network};
use super::node::{Node, Reading, Role, View};
use crate::codegen::ir;

/// For each operation, whether it is to work with channels last.
pub fn channels_last<'c>(block: ir::Blk<'c>, nodes: &[Node<'c>]) -> Vec<bool> {
    let views = || nodes.iter().enumerate().filter_map(|(i, node)| Some((i, node.view.as_ref()?)));
    if !views().any(|(_, view)| view.more[0] > 0) {
        return vec![false; nodes.len()];
    }
    let mut network = Network::new(nodes.len());
    for (i, view) in views().filter(|(_, view)| view.role != Role::Fixed) {
        network.edge(End::Node(i), End::Last, view.more[0]);
        network.edge(End::First, End::Node(i), operand_cost(view).saturating_add(view.more[1]));
    }
    let numbers: HashMap<usize, usize> =
        nodes.iter().enumerate().map(|(i, node)| (ir::op_key(node.operation), i)).collect();
    let results = nodes.iter().flat_map(|node| ir::results(node.operation));
    for value in ir::arguments(block).into_iter().chain(results) {
        let Some(cost) = tensor_type_from_mlir(value.r#type()).and_then(|ty| cost::relayout(&ty)) else { continue };
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

/// What bringing operands that are no images into order for channels last costs.
fn operand_cost(view: &View) -> u64 {
    let cost = |(i, operand): (usize, &Option<ir::Val>)| {
        let (value, ty) = ((*operand)?, view.operand_types[i].as_ref()?);
        let is_known = ir::defining_op(value).is_some_and(|op| ir::is(op, "hwc.constant"));
        if is_known { None } else { cost::operand(ty, view.reading(i)) }
    };
    view.operands.iter().enumerate().filter_map(cost).sum()
}
