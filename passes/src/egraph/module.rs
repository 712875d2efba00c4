//! From operations of MLIR to e-nodes, in memory. The way back is `optimize/write.rs`, which knows what was chosen.

use std::collections::{HashMap, HashSet};

use egg::Id;
use hwc_dialects::mlir::{OpView, tensor_type_from_mlir};
use hwc_dialects::{Attrs, Op};
use melior::ir::operation::OperationLike;
use melior::ir::{AttributeLike, TypeLike, ValueLike};

use super::facts::{Graph, splat};
use super::language::{Kind, Node};
use crate::codegen::ir::{self, Val};
use crate::graph::{GraphError, edit};

/// Consecutive operations of a block, with what they take and what others read of them.
pub struct Part<'c> {
    /// Without constants.
    pub operations: Vec<ir::Op<'c>>,
    /// In the order in which they are first read: values of other parts, arguments, and constants of which no more than
    /// the type is known. Other constants are part of the operations that read them.
    pub inputs: Vec<Val<'c>>,
    pub outputs: Vec<Val<'c>>,
}

/// The e-classes of a part.
pub struct Imported {
    /// Those of its inputs.
    pub inputs: Vec<Id>,
    /// Those of its outputs.
    pub roots: Vec<Id>,
    /// Those of its operations, in order.
    pub operations: Vec<Id>,
}

impl<'c> Part<'c> {
    pub fn new(operations: Vec<ir::Op<'c>>) -> Part<'c> {
        let inside: HashSet<usize> = operations.iter().map(|op| ir::op_key(*op)).collect();
        let mut made: HashSet<usize> = HashSet::new();
        let (mut inputs, mut outputs) = (vec![], vec![]);
        for operation in &operations {
            for value in ir::operands(*operation) {
                if !is_small_constant(value) && made.insert(ir::key(value)) {
                    inputs.push(value);
                }
            }
            for value in ir::results(*operation) {
                made.insert(ir::key(value));
                if ir::users(value).into_iter().any(|user| !inside.contains(&ir::op_key(user))) {
                    outputs.push(value);
                }
            }
        }
        Part { operations, inputs, outputs }
    }

    /// All operations of a block.
    pub fn whole(block: ir::Blk<'c>) -> Part<'c> {
        Part::new(ir::block_ops(block).into_iter().filter(|op| is_operation(*op)).collect())
    }

    /// Numbers that are the same for parts of a module that compute the same of their inputs.
    ///
    /// # Errors
    /// Where an operation is none of the dialect's.
    pub fn signature(&self) -> Result<Vec<usize>, GraphError> {
        let mut numbers: HashMap<usize, usize> = HashMap::new();
        let mut signature = vec![self.inputs.len()];
        for value in &self.inputs {
            numbers.insert(ir::key(*value), numbers.len());
            signature.extend([usize::from(is_constant(*value)), type_key(*value)]);
        }
        for operation in &self.operations {
            signature.extend(own(*operation)?);
            for value in ir::operands(*operation) {
                if let Some(number) = numbers.get(&ir::key(value)) {
                    signature.push(*number);
                    continue;
                }
                let known = edit::constant(value).ok_or_else(|| malformed("reads what nothing makes"))?;
                signature.push(usize::MAX);
                // Of many bytes all elements are the same.
                let bytes = &known.bytes()[..known.bytes().len().min(SMALL)];
                signature.extend(bytes.iter().map(|byte| usize::from(*byte)));
            }
            for value in ir::results(*operation) {
                let next = numbers.len();
                numbers.insert(ir::key(value), next);
            }
        }
        let outputs = self.outputs.iter().map(|value| numbers.get(&ir::key(*value)).copied().unwrap_or(usize::MAX));
        signature.extend(outputs);
        Ok(signature)
    }

    /// Adds the part to an e-graph, whose inputs get the numbers of the part's.
    ///
    /// # Errors
    /// Where an operation is none of the dialect's or not well formed.
    pub fn import(&self, graph: &mut Graph) -> Result<Imported, GraphError> {
        let mut classes: HashMap<usize, Id> = HashMap::new();
        let mut inputs = vec![];
        for &value in &self.inputs {
            let ty = tensor_type_from_mlir(value.r#type());
            let ty = ty.ok_or_else(|| malformed(&format!("takes a {}", value.r#type())))?;
            let number = graph.analysis.tables.input(ty, is_constant(value));
            let id = graph.add(Node::leaf(Kind::Input(number)));
            inputs.push(id);
            classes.insert(ir::key(value), id);
        }
        let absent = graph.add(Node::leaf(Kind::Absent));
        let mut operations = vec![];
        for &operation in &self.operations {
            let call = call(operation)?;
            let mut operands = vec![];
            for operand in call.operands {
                operands.push(match operand {
                    None => absent,
                    Some(value) => match classes.get(&ir::key(value)) {
                        Some(id) => *id,
                        None => {
                            let value = edit::constant(value).ok_or_else(|| malformed("reads what nothing makes"))?;
                            let number = graph.analysis.tables.constant(&value);
                            graph.add(Node::leaf(Kind::Constant(number)))
                        }
                    },
                });
            }
            while operands.last() == Some(&absent) {
                operands.pop();
            }
            let attrs = graph.analysis.tables.attrs(call.op, &call.attrs).map_err(|e| malformed(&e.join("; ")))?;
            let id = graph.add(Node { kind: Kind::Op(call.op, attrs), operands: operands.into() });
            operations.push(id);
            match &ir::results(operation)[..] {
                [one] => {
                    classes.insert(ir::key(*one), id);
                }
                results => {
                    for (i, result) in results.iter().enumerate() {
                        let node = Node { kind: Kind::Result(i as u32), operands: Box::new([id]) };
                        classes.insert(ir::key(*result), graph.add(node));
                    }
                }
            }
        }
        graph.rebuild();
        let roots = self.outputs.iter().map(|value| classes.get(&ir::key(*value)).copied());
        let roots = roots.collect::<Option<_>>().ok_or_else(|| malformed("gives what nothing makes"))?;
        Ok(Imported { inputs, roots, operations })
    }
}

/// What an operation does, whatever its operands, and the types of its values. MLIR keeps one of equal attributes and
/// types, so the places where they are stand for them.
///
/// # Errors
/// Where it is none of the dialect's.
pub fn own(operation: ir::Op) -> Result<Vec<usize>, GraphError> {
    let name = ir::name_of(operation);
    let op = Op::from_name(name).ok_or_else(|| malformed(&format!("holds {name}")))?;
    let names = op.info().attributes.iter().map(|info| info.name).chain(["operandSegmentSizes"]);
    let attributes = names.map(|name| operation.attribute(name).map_or(0, |attribute| attribute.to_raw().ptr as usize));
    let operands = ir::operands(operation);
    let head = [op as usize, operands.len()].into_iter().chain(attributes);
    Ok(head.chain(operands.into_iter().chain(ir::results(operation)).map(type_key)).collect())
}

fn type_key(value: Val) -> usize {
    value.r#type().to_raw().ptr as usize
}

/// An operation, with its operands by slot.
struct Call<'c> {
    op: Op,
    attrs: Attrs,
    operands: Vec<Option<Val<'c>>>,
}

fn call(operation: ir::Op) -> Result<Call, GraphError> {
    let view = OpView::of(&*operation).ok_or_else(|| malformed(&format!("holds {}", ir::name_of(operation))))?;
    let OpView { op, attrs, operands: slots, .. } = view.map_err(|e| malformed(&e.to_string()))?;
    let mut given = ir::operands(operation).into_iter();
    let operands = slots.iter().map(|slot| slot.and_then(|_| given.next())).collect();
    Ok(Call { op, attrs, operands })
}

pub fn malformed(message: &str) -> GraphError {
    GraphError::Malformed(message.to_string())
}

fn is_constant(value: Val) -> bool {
    ir::defining_op(value).is_some_and(|op| ir::is(op, "hwc.constant"))
}

/// Constants of more bytes are known to rules only where all of their elements are the same.
const SMALL: usize = 64;

/// Constants whose values are known to rules. Others differ between layers that are otherwise the same.
fn is_small_constant(value: Val) -> bool {
    let bytes = || tensor_type_from_mlir(value.r#type()).and_then(|ty| Some(ty.elements()? * ty.dtype.size()));
    is_constant(value)
        && (bytes().is_some_and(|bytes| bytes <= SMALL) || edit::constant(value).is_some_and(|t| splat(&t).is_some()))
}

/// Whether an operation is a row of the operator table.
pub fn is_operation(operation: ir::Op) -> bool {
    Op::from_name(ir::name_of(operation)).is_some_and(|op| op != Op::Constant)
}
