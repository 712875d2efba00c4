//! The language of the e-graph: an e-node for each operation of the graph, generic over the operator table.

use egg::{Id, Language};
use hwc_dialects::Op;

use super::tables::AttrsId;

/// What an e-node is, without its operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A value from outside of the e-graph: an argument of the graph.
    Input(u32),
    /// A constant, by its number in [`super::tables::Tables`].
    Constant(u32),
    /// An operation; one with several results is a tuple.
    Op(Op, AttrsId),
    /// A result of the operation with several results that is the operand.
    Result(u32),
    /// The place of an optional operand that is not given and stands before one that is.
    Absent,
}

/// An e-node. Attributes are part of its kind, so that patterns and equality see one number instead of a child each.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Node {
    pub kind: Kind,
    /// By slot; a variadic slot's values stand at the end. Absent operands at the end are left out.
    pub operands: Box<[Id]>,
}

/// By what the e-graph finds e-nodes: an operator whatever its attributes, or one of what are no operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    Input,
    Constant,
    Op(Op),
    Result,
    Absent,
}

impl Node {
    pub fn leaf(kind: Kind) -> Node {
        Node { kind, operands: Box::new([]) }
    }

    pub fn op(&self) -> Option<Op> {
        match self.kind {
            Kind::Op(op, _) => Some(op),
            _ => None,
        }
    }
}

impl Language for Node {
    type Discriminant = Family;

    fn discriminant(&self) -> Family {
        match self.kind {
            Kind::Input(_) => Family::Input,
            Kind::Constant(_) => Family::Constant,
            Kind::Op(op, _) => Family::Op(op),
            Kind::Result(_) => Family::Result,
            Kind::Absent => Family::Absent,
        }
    }

    fn matches(&self, other: &Node) -> bool {
        self.kind == other.kind && self.operands.len() == other.operands.len()
    }

    fn children(&self) -> &[Id] {
        &self.operands
    }

    fn children_mut(&mut self) -> &mut [Id] {
        &mut self.operands
    }
}
