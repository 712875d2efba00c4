//! In which orders of axes operations may work together, and how what they read must lie for that.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use egg::Id;
use hwc_dialects::Op;
use hwc_dialects::image::{Axes, permuted};
use melior::Context;

use super::Optimized;
use super::cost::PICO;
use super::fusion::types;
use super::measured::made_for;
use super::space::Orders;
use crate::codegen::ir;
use crate::egraph::facts::Graph;
use crate::egraph::language::{Kind, Node};
use crate::egraph::module::{Imported, Part};
use crate::graph::layout::{self, Order, Reading, Role, cost};
use crate::graph::{Call, GraphError, fold_constants};

/// One way for a group of operations to work.
#[derive(Clone, Debug, PartialEq)]
pub struct Variant {
    pub order: Order,
    /// How its result lies.
    pub result: Order,
    pub reads: Vec<(Id, Order)>,
    /// Seconds to bring operands into order that are no images.
    pub more: f64,
}

/// Seconds to bring an e-class into the other order; `None` where it is none, because it is no image or known when the
/// model is compiled.
pub fn relayout(graph: &Graph, id: Id) -> Option<f64> {
    match types(graph, id) {
        [ty] if !graph[id].data.weights => Some(cost::relayout(ty)? as f64 * PICO),
        _ => None,
    }
}

/// Whether any operation of an e-graph gains from channels last.
pub fn matter(graph: &Graph) -> bool {
    let gains = |class: &egg::EClass<Node, _>, node| {
        with_call(graph, class.id, node, |call| cost::more(call, Role::of(call))[0] > 0)
    };
    graph.classes().any(|class| class.nodes.iter().any(|node| gains(class, node)))
}

/// The orders that suit a part as it is best, where the values with these keys have their channels last then.
pub fn as_it_is(part: &Part, graph: &Graph, imported: &Imported, last: &HashSet<usize>) -> Orders {
    let order = |value: &ir::Val| if last.contains(&ir::key(*value)) { Order::Last } else { Order::First };
    let result = |op: &ir::Op| ir::results(*op).first().map_or(Order::First, order);
    let inputs: Vec<Order> = part.inputs.iter().map(order).collect();
    let operations = imported.operations.iter().zip(part.operations.iter().map(result));
    let known = operations.chain(imported.inputs.iter().zip(inputs.iter().copied()));
    let made = made(graph, &known.map(|(id, order)| (graph.find(*id), order)).collect());
    Orders { inputs, outputs: part.outputs.iter().map(order).collect(), made }
}

/// The orders that suit a plan best, by the parts' numbers. The plan is written to a module.
///
/// # Errors
/// Where the module is no graph.
pub fn of_plan<'c>(
    context: &'c Context,
    written: ir::Op<'c>,
    parts: &[Part<'c>],
    of_part: &[usize],
    optimized: &[Optimized],
) -> Result<Vec<Orders>, GraphError> {
    // What rules compute of weights is in order already where it is read.
    fold_constants(context, written)?;
    let block = super::body(written)?;
    let last = layout::made_last(block)?;
    let mut all = vec![Orders::default(); optimized.len()];
    for operation in ir::block_ops(block) {
        let is_last = |value: &ir::Val| last.contains(&ir::key(*value));
        let order = if ir::results(operation).iter().any(is_last) { Order::Last } else { Order::First };
        for (part, class) in made_for(operation)? {
            // The last of a kernel's operations makes what it is for.
            all[part].made.insert(optimized[part].space.places[class].id, order);
        }
    }
    let mut lies: HashMap<usize, Order> = HashMap::new();
    let mut told = vec![false; optimized.len()];
    for (part, &number) in parts.iter().zip(of_part) {
        let Optimized { graph, imported, .. } = &optimized[number];
        // Parts that compute the same may be fed differently: the first one decides.
        if !std::mem::replace(&mut told[number], true) {
            let orders = &mut all[number];
            let input = |value: &ir::Val| lies.get(&ir::key(*value)).copied().unwrap_or(Order::First);
            orders.inputs = part.inputs.iter().map(input).collect();
            for (id, order) in imported.inputs.iter().zip(&orders.inputs) {
                orders.made.entry(graph.find(*id)).or_insert(*order);
            }
            orders.made = made(graph, &orders.made);
            let made = |id: &Id| orders.made.get(&graph.find(*id)).copied().unwrap_or(Order::First);
            orders.outputs = imported.roots.iter().map(made).collect();
        }
        lies.extend(part.outputs.iter().map(|value| ir::key(*value)).zip(all[number].outputs.iter().copied()));
    }
    Ok(all)
}

/// The order in which each e-class is made that is an image; of the others nothing.
///
/// Those of the plan before are `known`. The others go with the images that they are made of, or have their channels last
/// where they are convolutions that gain by that.
fn made(graph: &Graph, known: &HashMap<Id, Order>) -> HashMap<Id, Order> {
    let mut made: HashMap<Id, Order> = HashMap::new();
    let mut images: Vec<Id> =
        graph.classes().map(|class| class.id).filter(|id| relayout(graph, *id).is_some()).collect();
    images.sort_unstable();
    made.extend(images.iter().map(|id| (*id, known.get(id).copied().unwrap_or(Order::First))));
    images.retain(|id| !known.contains_key(id));
    loop {
        let is_last = |id: &Id| {
            graph[*id].nodes.iter().any(|node| {
                let (role, more) = with_call(graph, *id, node, |call| {
                    let role = Role::of(call);
                    (role, cost::more(call, role))
                });
                let mut operands = node.operands.iter().map(|o| graph.find(*o));
                matches!(role, Role::Either(_)) && (more[0] > 0 || operands.any(|o| made.get(&o) == Some(&Order::Last)))
            })
        };
        let (last, rest): (Vec<Id>, Vec<Id>) = images.into_iter().partition(is_last);
        if last.is_empty() {
            return made;
        }
        made.extend(last.into_iter().map(|id| (id, Order::Last)));
        images = rest;
    }
}

/// The sizes of an e-class as they lie in memory.
pub fn lying(graph: &Graph, id: Id, order: Order) -> Option<Vec<usize>> {
    let shape = types(graph, id).first()?.static_shape()?;
    let is_last = order == Order::Last && relayout(graph, id).is_some();
    Some(if is_last { permuted(&shape, &Axes::Image.to_last(shape.len())) } else { shape })
}

/// The ways of e-nodes to make the e-class of the last one, by e-class, reading others.
pub fn variants(graph: &Graph, members: &BTreeMap<Id, usize>, root: Id, reads: &BTreeSet<Id>) -> Vec<Variant> {
    let plain = |order_of: &dyn Fn(Id) -> Order| reads.iter().map(|id| (*id, order_of(*id))).collect::<Vec<_>>();
    let first = Variant { order: Order::First, result: Order::First, reads: plain(&|_| Order::First), more: 0.0 };
    let mut all = vec![first.clone()];
    // A transposition takes an operand in either order, and leaves its result in either.
    let nodes = || members.iter().map(|(id, place)| (*id, &graph[*id].nodes[*place]));
    let is_transposed = |(_, node): &(Id, &Node)| node.op() == Some(Op::Transpose);
    let readers = |id: Id| nodes().filter(move |(_, node)| node.operands.iter().any(|o| graph.find(*o) == id));
    let transposed = |id: Id| relayout(graph, id).is_some() && readers(id).all(|reader| is_transposed(&reader));
    if reads.iter().any(|id| transposed(*id)) {
        let order_of = |id| if transposed(id) { Order::Last } else { Order::First };
        all.push(Variant { reads: plain(&order_of), ..first });
    }
    if members.len() == 1 && nodes().all(|node| is_transposed(&node)) && relayout(graph, root).is_some() {
        all.extend(all.clone().into_iter().map(|variant| Variant { result: Order::Last, ..variant }));
    }
    all.extend(last(graph, members, root, reads));
    all
}

/// The way with channels last.
fn last(graph: &Graph, members: &BTreeMap<Id, usize>, root: Id, reads: &BTreeSet<Id>) -> Option<Variant> {
    let order_of = |id: Id| if relayout(graph, id).is_some() { Order::Last } else { Order::First };
    let mut result = order_of(root);
    let mut needs: BTreeSet<(Id, Order)> = BTreeSet::new();
    let mut more = 0;
    for (&id, &place) in members {
        let node = &graph[id].nodes[place];
        let op = node.op()?;
        let role = with_call(graph, id, node, Role::of);
        match role {
            Role::Either(_) => {}
            Role::Reads(_) if id == root => result = Order::First,
            _ => return None,
        }
        for (i, operand) in node.operands.iter().enumerate() {
            let operand = graph.find(*operand);
            let ty = types(graph, operand).first();
            let reading = role.reading(op, i, ty);
            if members.contains_key(&operand) {
                if reading != Reading::Image && relayout(graph, operand).is_some() {
                    return None;
                }
            } else if reads.contains(&operand) {
                needs.insert((operand, if reading == Reading::Image { order_of(operand) } else { Order::First }));
                if !graph[operand].data.weights {
                    more += ty.and_then(|ty| cost::operand(ty, reading)).unwrap_or(0);
                }
            }
        }
    }
    Some(Variant { order: Order::Last, result, reads: needs.into_iter().collect(), more: more as f64 * PICO })
}

/// What is so of an operation; the default for an e-node that is none.
fn with_call<T: Default>(graph: &Graph, id: Id, node: &Node, of: impl FnOnce(&Call) -> T) -> T {
    let Kind::Op(op, attrs) = node.kind else { return T::default() };
    let operands: Vec<_> = node.operands.iter().map(|o| types(graph, *o).first()).collect();
    let attrs = graph.analysis.tables.attrs_of(attrs);
    of(&Call { op, attrs, operands: &operands, results: types(graph, id) })
}
