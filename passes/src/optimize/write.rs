//! Writes a plan as operations of MLIR, which carry the groups that it computes them in.

use std::collections::HashMap;

use bytes::Bytes;
use egg::Id;
use hwc_dialects::attrs::Attrs;
use hwc_dialects::op::OpInfo;
use hwc_dialects::{Op, TensorType};
use melior::Context;
use melior::ir::Location;
use melior::ir::operation::OperationLike;

use super::space::{Alternative, Place, Space, Way};
use crate::codegen::ir::{self, Val};
use crate::egraph::facts::Graph;
use crate::egraph::language::{Kind, Node};
use crate::egraph::module::{Imported, Part, malformed};
use crate::egraph::rules::is_default;
use crate::egraph::tables::AttrsId;
use crate::graph::chosen::{self, Chosen};
use crate::graph::layout::Order;
use crate::graph::{GraphError, edit};

/// Writes plans of the parts of a block before its end.
pub struct Writer<'c> {
    context: &'c Context,
    end: ir::Op<'c>,
    /// What stands for a value of the block, by its key.
    renamed: HashMap<usize, Val<'c>>,
    constants: HashMap<(TensorType, Bytes), Val<'c>>,
    /// Whether groups are of one operation each, and what goes together was not weighed.
    alone: bool,
    /// How many places there are where groups were chosen.
    places: usize,
}

impl<'c> Writer<'c> {
    /// `end` is the last operation of the block; with `alone` the plans' operations were weighed one by one.
    pub fn new(context: &'c Context, end: ir::Op<'c>, alone: bool) -> Writer<'c> {
        Writer { context, end, renamed: HashMap::new(), constants: HashMap::new(), alone, places: 0 }
    }

    /// Writes one part, which is equal to that of this number, after all those that it reads from. The plan is which
    /// alternative was chosen for each e-class that is needed, by its number in the space.
    ///
    /// # Errors
    /// Where an operation cannot be made: a defect.
    pub fn part(
        &mut self,
        part: &Part<'c>,
        number: usize,
        graph: &Graph,
        imported: &Imported,
        space: &Space,
        plan: &[Option<u32>],
    ) -> Result<(), GraphError> {
        let numbers = space.places.iter().enumerate().map(|(number, place)| (*place, number)).collect();
        let mut locations = HashMap::new();
        for (id, operation) in imported.operations.iter().zip(&part.operations) {
            locations.entry(graph.find(*id)).or_insert(operation.location());
        }
        self.places += 1;
        let mut scribe = Scribe {
            writer: self,
            part,
            part_number: number,
            group: None,
            graph,
            space,
            plan,
            numbers,
            locations,
            stored: HashMap::new(),
            made: HashMap::new(),
        };
        // In the order of the graph as it was, as far as its values are still computed.
        for id in imported.operations.iter().map(|id| graph.find(*id)) {
            for order in [Order::First, Order::Last] {
                let place = Place { id, order };
                if scribe.numbers.get(&place).is_some_and(|number| plan[*number].is_some()) {
                    scribe.stored(place)?;
                }
            }
        }
        for (root, output) in space.roots.iter().zip(&part.outputs) {
            let values = scribe.stored(space.places[*root as usize])?;
            let value = values.first().copied().ok_or_else(|| malformed("an output has no value"))?;
            scribe.writer.renamed.insert(ir::key(*output), value);
        }
        Ok(())
    }

    /// Lets the end of the block read what was written.
    pub fn finish(self) {
        for (i, value) in ir::operands(self.end).into_iter().enumerate() {
            ir::set_operand(self.end, i, self.value(value));
        }
    }

    fn value(&self, value: Val<'c>) -> Val<'c> {
        self.renamed.get(&ir::key(value)).copied().unwrap_or(value)
    }
}

/// An operation by its operator, attributes, the keys of its operands and the order it works in.
type Made = (Op, AttrsId, Vec<Option<usize>>, Order);

/// Writes one part.
struct Scribe<'w, 'c> {
    writer: &'w mut Writer<'c>,
    part: &'w Part<'c>,
    part_number: usize,
    /// The group that is being written, and whether its last operation is next.
    group: Option<(Chosen, bool)>,
    graph: &'w Graph,
    space: &'w Space,
    plan: &'w [Option<u32>],
    numbers: HashMap<Place, usize>,
    locations: HashMap<Id, Location<'c>>,
    /// What is in memory.
    stored: HashMap<Place, Vec<Val<'c>>>,
    /// What kernels compute, which others that compute the same may read.
    made: HashMap<Made, Vec<Val<'c>>>,
}

/// What the operations of one kernel read.
struct Reads<'c> {
    /// The order that they work in.
    order: Order,
    /// What they compute themselves.
    inside: HashMap<Id, Vec<Val<'c>>>,
    /// Where the rest lies; what is not here is known when the model is compiled.
    places: HashMap<Id, Place>,
}

impl Reads<'_> {
    fn new(order: Order) -> Self {
        Reads { order, inside: HashMap::new(), places: HashMap::new() }
    }
}

/// How deep plans may be: each level is a call.
const DEEPEST: usize = 20_000;

impl<'c> Scribe<'_, 'c> {
    fn stored(&mut self, place: Place) -> Result<Vec<Val<'c>>, GraphError> {
        // Graphs are deeper than calls may be nested, so what is missing is made first.
        let mut stack = vec![place];
        while let Some(&next) = stack.last() {
            if stack.len() > DEEPEST {
                return Err(malformed("what was chosen needs itself"));
            }
            if self.stored.contains_key(&next) {
                stack.pop();
                continue;
            }
            let mut missing = self.needs(next)?;
            missing.retain(|place| !self.stored.contains_key(place));
            if missing.is_empty() {
                let values = self.make(next)?;
                self.stored.insert(next, values);
                stack.pop();
            } else {
                stack.extend(missing);
            }
        }
        Ok(self.stored[&place].clone())
    }

    fn chosen(&self, place: Place) -> Result<&Alternative, GraphError> {
        let number = self.numbers.get(&place).ok_or_else(|| malformed("what is needed has no alternative"))?;
        let chosen = self.plan.get(*number).copied().flatten();
        let chosen = chosen.and_then(|chosen| self.space.alternatives[*number].get(chosen as usize));
        chosen.ok_or_else(|| malformed("nothing was chosen for what is needed"))
    }

    /// What must be stored before a value.
    fn needs(&self, place: Place) -> Result<Vec<Place>, GraphError> {
        let plain = |o: &Id| Place::plain(self.graph.find(*o));
        if self.graph[place.id].data.weights {
            return Ok(self.weights(place.id)?.operands.iter().map(plain).collect());
        }
        let chosen = self.chosen(place)?;
        let mut needs: Vec<Place> = chosen.needs.iter().map(|number| self.space.places[*number as usize]).collect();
        // Scalars that are part of the code are operands too.
        if let Way::Kernel(kernel) = &chosen.way {
            let members = kernel.members.iter().map(|(id, place)| &self.graph[*id].nodes[*place]);
            let operands = members.flat_map(|node| &node.operands).map(plain);
            needs.extend(operands.filter(|o| !kernel.members.contains_key(&o.id) && !kernel.reads.contains(&o.id)));
        }
        Ok(needs)
    }

    fn weights(&self, id: Id) -> Result<&Node, GraphError> {
        self.space.weights.node(self.graph, id).ok_or_else(|| malformed("weights that nothing computes"))
    }

    fn make(&mut self, place: Place) -> Result<Vec<Val<'c>>, GraphError> {
        let id = place.id;
        if self.graph[id].data.weights {
            let node = self.weights(id)?.clone();
            return self.node(id, &node, &Reads::new(Order::First));
        }
        let Alternative { way, order, needs, .. } = self.chosen(place)?.clone();
        let mut reads = Reads::new(order);
        for need in needs.into_iter().map(|number| self.space.places[number as usize]) {
            // Of what is there in both orders, the one that the operations work in.
            if need.order == order || !reads.places.contains_key(&need.id) {
                reads.places.insert(need.id, need);
            }
        }
        match way {
            Way::Weights => Err(malformed("weights that are none")),
            Way::Input => {
                let inputs = self.graph[id].nodes.iter().find(|node| matches!(node.kind, Kind::Input(_)));
                let node = inputs.ok_or_else(|| malformed("an input that is none"))?.clone();
                self.node(id, &node, &reads)
            }
            Way::View(place) => {
                let node = self.graph[id].nodes[place].clone();
                self.node(id, &node, &reads)
            }
            // What brings it into order is put in between when orders become real (`graph/layout`).
            Way::Relayout => {
                let from = reads.places.get(&id).and_then(|place| self.stored.get(place));
                Ok(from.ok_or_else(|| malformed("an order of what was not made"))?.clone())
            }
            Way::Kernel(kernel) => {
                let group = self.group_for(place)?;
                for member in kernel.order(self.graph).ok_or_else(|| malformed("a kernel that needs itself"))? {
                    let node = self.graph[member].nodes[kernel.members[&member]].clone();
                    self.group = Some((group, member == id));
                    let values = self.node(member, &node, &reads)?;
                    reads.inside.insert(member, values);
                }
                self.group = None;
                reads.inside.remove(&id).ok_or_else(|| malformed("a kernel without its root"))
            }
        }
    }

    /// The values of an e-node whose operands are written: none of what is absent, several of a tuple.
    fn node(&mut self, id: Id, node: &Node, reads: &Reads<'c>) -> Result<Vec<Val<'c>>, GraphError> {
        let operand = |o: &Id| {
            let o = self.graph.find(*o);
            let place = reads.places.get(&o).copied().unwrap_or_else(|| Place::plain(o));
            reads.inside.get(&o).or_else(|| self.stored.get(&place))
        };
        match node.kind {
            Kind::Absent => Ok(vec![]),
            Kind::Input(number) => {
                let value = self.part.inputs.get(number as usize).map(|value| self.writer.value(*value));
                Ok(vec![value.ok_or_else(|| malformed("an input that there is not"))?])
            }
            Kind::Constant(number) => {
                let value = self.graph.analysis.tables.constant_of(number);
                let key = (TensorType::of(value), value.bytes().clone());
                if let Some(known) = self.writer.constants.get(&key) {
                    return Ok(vec![*known]);
                }
                let made = edit::literal(self.writer.context, self.writer.end, value, "folded");
                let made = made.ok_or_else(|| malformed("a constant that MLIR refuses"))?;
                self.writer.constants.insert(key, made);
                Ok(vec![made])
            }
            Kind::Result(i) => {
                let value = node.operands.first().and_then(operand).and_then(|tuple| tuple.get(i as usize));
                Ok(vec![*value.ok_or_else(|| malformed("a result that there is not"))?])
            }
            Kind::Op(op, attrs) => {
                let operands: Vec<Option<Val>> =
                    node.operands.iter().map(|o| operand(o).and_then(|values| values.first()).copied()).collect();
                let key = (op, attrs, operands.iter().map(|value| value.map(ir::key)).collect(), reads.order);
                if let Some(known) = self.made.get(&key).cloned() {
                    self.tell_group(&known)?;
                    return Ok(known);
                }
                let given = without_defaults(op.info(), self.graph.analysis.tables.attrs_of(attrs));
                let (context, end) = (self.writer.context, self.writer.end);
                let location = self.locations.get(&id).copied().unwrap_or_else(|| end.location());
                let results = edit::insert(context, end, location, op, &given, &operands);
                let results = results.map_err(|e| malformed(&format!("{} {e}", op.info().name)))?;
                self.tell_group(&results)?;
                self.made.insert(key, results.clone());
                Ok(results)
            }
        }
    }
}

impl<'c> Scribe<'_, 'c> {
    /// The group that makes a value.
    fn group_for(&mut self, place: Place) -> Result<Chosen, GraphError> {
        let class = self.numbers.get(&place).copied().ok_or_else(|| malformed("what is needed has no alternative"))?;
        // What was not weighed together is as if it was chosen at places of its own.
        self.writer.places += usize::from(self.writer.alone);
        Ok(Chosen { place: self.writer.places, part: self.part_number, class })
    }

    /// Lets the operation that makes these values tell which group it is written for; first the one that stores it.
    fn tell_group(&self, values: &[Val<'c>]) -> Result<(), GraphError> {
        let operation = values.first().and_then(|value| ir::defining_op(*value));
        let (Some((group, is_last)), Some(operation)) = (self.group, operation) else { return Ok(()) };
        let mut groups = chosen::read(operation)?;
        if !groups.contains(&group) {
            groups.insert(if is_last { 0 } else { groups.len() }, group);
            chosen::write(self.writer.context, operation, &groups);
        }
        Ok(())
    }
}

fn without_defaults(info: &OpInfo, given: &Attrs) -> Attrs {
    let mut attrs = Attrs::default();
    for info in info.attributes.iter().filter(|info| !is_default(info, given)) {
        attrs.set_some(info.name, given.get(info.name).cloned());
    }
    attrs
}
