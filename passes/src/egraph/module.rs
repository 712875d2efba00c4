//! From operations of MLIR to e-nodes and back, in memory.

use std::collections::HashMap;

use egg::Id;
use hwc_dialects::mlir::{OpView, tensor_type_from_mlir};
use hwc_dialects::{Attrs, Op};
use melior::Context;
use melior::ir::operation::OperationLike;
use melior::ir::{Location, ValueLike};

use super::facts::Graph;
use super::language::{Kind, Node};
use super::rules::search::is_default;
use crate::codegen::ir::{self, Val};
use crate::graph::{GraphError, edit};

/// A function's block as e-classes.
pub struct Imported<'c> {
    /// What each input of the e-graph is.
    pub inputs: Vec<Val<'c>>,
    /// The constants that there are, by their numbers.
    constants: HashMap<u32, Val<'c>>,
    /// What the function gives.
    pub roots: Vec<Id>,
    /// Where each operation was written.
    locations: HashMap<Id, Location<'c>>,
    block: ir::Blk<'c>,
}

/// The chosen e-node of each e-class that is needed.
pub type Chosen = HashMap<Id, Node>;

/// Adds the operations of a block that ends with a return.
///
/// # Errors
/// Where an operation is none of the dialect's or not well formed.
pub fn import<'c>(graph: &mut Graph, block: ir::Blk<'c>) -> Result<Imported<'c>, GraphError> {
    let mut classes: HashMap<usize, Id> = HashMap::new();
    let mut imported =
        Imported { inputs: vec![], constants: HashMap::new(), roots: vec![], locations: HashMap::new(), block };
    for argument in ir::arguments(block) {
        classes.insert(ir::key(argument), input(graph, &mut imported, argument)?);
    }
    for operation in ir::block_ops(block) {
        if ir::is(operation, "func.return") {
            let given = ir::operands(operation).into_iter().map(|v| classes.get(&ir::key(v)).copied());
            imported.roots = given.collect::<Option<_>>().ok_or_else(|| malformed("returns what nothing makes"))?;
            continue;
        }
        let Some(view) = OpView::of(&*operation) else {
            return Err(malformed(&format!("holds {}", ir::name_of(operation))));
        };
        let view = view.map_err(|e| malformed(&e.to_string()))?;
        let results = ir::results(operation);
        if view.op == Op::Constant {
            let (Ok(value), [result]) = (view.attrs.elements("value"), &results[..]) else {
                return Err(malformed("holds a constant without value"));
            };
            let number = graph.analysis.tables.constant(value);
            imported.constants.entry(number).or_insert(*result);
            classes.insert(ir::key(*result), graph.add(Node::leaf(Kind::Constant(number))));
            continue;
        }
        let absent = graph.add(Node::leaf(Kind::Absent));
        let mut operands = vec![];
        for operand in &view.operands {
            let id = operand.map(|v| classes.get(&(v.to_raw().ptr as usize)).copied());
            operands.push(id.unwrap_or(Some(absent)).ok_or_else(|| malformed("reads what nothing makes"))?);
        }
        while operands.last() == Some(&absent) {
            operands.pop();
        }
        let attrs = graph.analysis.tables.attrs(view.op, &view.attrs).map_err(|e| malformed(&e.join("; ")))?;
        let id = graph.add(Node { kind: Kind::Op(view.op, attrs), operands: operands.into() });
        imported.locations.entry(id).or_insert(operation.location());
        match &results[..] {
            [one] => {
                classes.insert(ir::key(*one), id);
            }
            _ => {
                for (i, result) in results.iter().enumerate() {
                    let node = Node { kind: Kind::Result(i as u32), operands: Box::new([id]) };
                    classes.insert(ir::key(*result), graph.add(node));
                }
            }
        }
    }
    graph.rebuild();
    Ok(imported)
}

fn malformed(message: &str) -> GraphError {
    GraphError::Malformed(message.to_string())
}

fn input<'c>(graph: &mut Graph, imported: &mut Imported<'c>, value: Val<'c>) -> Result<Id, GraphError> {
    let ty = tensor_type_from_mlir(value.r#type()).ok_or_else(|| malformed(&format!("takes a {}", value.r#type())))?;
    let number = graph.analysis.tables.input(ty, false);
    imported.inputs.push(value);
    Ok(graph.add(Node::leaf(Kind::Input(number))))
}

/// Writes what was chosen in place of the operations of the block. `chosen` has an e-node, of canonical operands, for
/// every canonical e-class that is needed, without cycles.
///
/// # Errors
/// Where an operation cannot be built: a defect.
pub fn export<'c>(
    context: &'c Context,
    graph: &Graph,
    imported: &Imported<'c>,
    chosen: &Chosen,
) -> Result<(), GraphError> {
    let operations = ir::block_ops(imported.block);
    let Some((&end, _)) = operations.split_last() else { return Ok(()) };
    let locations: HashMap<Id, Location> =
        imported.locations.iter().map(|(id, location)| (graph.find(*id), *location)).collect();
    let mut writer = Writer { context, graph, imported, chosen, locations, end, values: HashMap::new() };
    for (i, root) in imported.roots.iter().enumerate() {
        let value = writer.value(graph.find(*root))?;
        ir::set_operand(end, i, value);
    }
    Ok(())
}

struct Writer<'a, 'c> {
    context: &'c Context,
    graph: &'a Graph,
    imported: &'a Imported<'c>,
    chosen: &'a Chosen,
    locations: HashMap<Id, Location<'c>>,
    /// The return, before which all is written.
    end: ir::Op<'c>,
    values: HashMap<Id, Vec<Val<'c>>>,
}

impl<'c> Writer<'_, 'c> {
    fn value(&mut self, root: Id) -> Result<Val<'c>, GraphError> {
        // Without recursion: graphs are deeper than stacks.
        let mut stack = vec![root];
        let mut open = std::collections::HashSet::new();
        while let Some(&id) = stack.last() {
            if self.values.contains_key(&id) {
                stack.pop();
                continue;
            }
            let node = self.chosen.get(&id).ok_or_else(|| malformed("nothing was chosen for what is needed"))?;
            let missing = node.operands.iter().map(|id| self.graph.find(*id));
            let missing: Vec<Id> = missing.filter(|id| !self.values.contains_key(id)).collect();
            if missing.is_empty() {
                let values = self.write(id, node)?;
                self.values.insert(id, values);
                stack.pop();
            } else if open.insert(id) {
                stack.extend(missing);
            } else {
                return Err(malformed("what was chosen needs itself"));
            }
        }
        self.values[&root].first().copied().ok_or_else(|| malformed("what is needed has no value"))
    }

    /// The values of an e-node whose operands are written: none of what is absent, several of a tuple.
    fn write(&self, id: Id, node: &Node) -> Result<Vec<Val<'c>>, GraphError> {
        let operand = |id: &Id| self.values.get(&self.graph.find(*id));
        match node.kind {
            Kind::Absent => Ok(vec![]),
            Kind::Input(number) => {
                let value = self.imported.inputs.get(number as usize).copied();
                Ok(vec![value.ok_or_else(|| malformed("an input that there is not"))?])
            }
            Kind::Constant(number) => match self.imported.constants.get(&number) {
                Some(value) => {
                    // It may stand behind what now reads it.
                    if let Some(first) = ir::defining_op(*value) {
                        ir::move_before(first, self.end);
                    }
                    Ok(vec![*value])
                }
                None => {
                    let value = self.graph.analysis.tables.constant_of(number);
                    let made = edit::literal(self.context, self.end, value, "folded");
                    Ok(vec![made.ok_or_else(|| malformed("a constant that MLIR refuses"))?])
                }
            },
            Kind::Result(i) => {
                let value = node.operands.first().and_then(operand).and_then(|tuple| tuple.get(i as usize));
                Ok(vec![*value.ok_or_else(|| malformed("a result that there is not"))?])
            }
            Kind::Op(op, attrs) => {
                let operands: Vec<Option<Val>> =
                    node.operands.iter().map(|id| operand(id).and_then(|values| values.first()).copied()).collect();
                let given = self.graph.analysis.tables.attrs_of(attrs);
                let mut attrs = Attrs::default();
                for info in op.info().attributes.iter().filter(|info| !is_default(info, given)) {
                    attrs.set_some(info.name, given.get(info.name).cloned());
                }
                let location = self.locations.get(&id).copied().unwrap_or_else(|| self.end.location());
                edit::insert(self.context, self.end, location, op, &attrs, &operands)
                    .map_err(|e| malformed(&format!("{} {e}", op.info().name)))
            }
        }
    }
}
