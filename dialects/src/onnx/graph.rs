//! A model after loading: checked, names resolved, functions inlined, nodes in order, what nothing uses left out.

use super::attribute::{Attribute, Constant};
use super::types::Type;

/// A value of the model: an input, an initializer or an output of a node. Unique in the whole model: a subgraph reads
/// a value of the graph around it by the same number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ValueId(pub u32);

impl ValueId {
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// What the model says about a value.
#[derive(Clone, Debug, PartialEq)]
pub struct Value {
    /// The name in the model; values of inlined functions have the same name in each call.
    pub name: String,
    /// The declared type, where there is one.
    pub declared: Option<Type>,
}

/// A loaded model.
#[derive(Debug)]
pub struct Model {
    /// Program that wrote the file, with its version.
    pub producer: String,
    pub metadata: Vec<(String, String)>,
    pub graph: Graph,
    /// By [`ValueId::index`].
    pub values: Vec<Value>,
}

impl Model {
    pub fn value(&self, id: ValueId) -> &Value {
        &self.values[id.index()]
    }
}

/// A graph, or the body of `If`, `Loop` or `Scan`.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    pub name: String,
    /// The inputs that a caller passes. One that also has an initializer is a constant and not among them.
    pub inputs: Vec<ValueId>,
    pub outputs: Vec<Output>,
    /// Constants that some node reads or that are outputs.
    pub initializers: Vec<(ValueId, Constant)>,
    /// Each after those that it reads from.
    pub nodes: Vec<Node>,
}

/// An output of a graph.
#[derive(Clone, Debug, PartialEq)]
pub struct Output {
    /// The name in the signature; the value may have another where it comes out of a function.
    pub name: String,
    pub value: ValueId,
    /// The declared type, where there is one.
    pub declared: Option<Type>,
}

/// An application of an operator.
#[derive(Clone, Debug, Default)]
pub struct Node {
    /// The name in the model, or the name of its first output where it has none; calls of functions that it is
    /// inlined from stand before it, with slashes between.
    pub name: String,
    pub op_type: String,
    /// Empty for the standard operators.
    pub domain: String,
    /// The version of the domain's operator set.
    pub version: i64,
    /// `None` where an optional input is left out.
    pub inputs: Vec<Option<ValueId>>,
    /// `None` where an optional output is left out.
    pub outputs: Vec<Option<ValueId>>,
    pub attributes: Vec<(String, Attribute)>,
}

impl Node {
    /// The input at this place, if it is given.
    pub fn input(&self, index: usize) -> Option<ValueId> {
        self.inputs.get(index).copied().flatten()
    }

    /// The output at this place, if it is asked for.
    pub fn output(&self, index: usize) -> Option<ValueId> {
        self.outputs.get(index).copied().flatten()
    }

    /// The graphs among the attributes.
    pub fn subgraphs(&self) -> impl Iterator<Item = &Graph> {
        self.attributes
            .iter()
            .flat_map(|(_, attribute)| match attribute {
                Attribute::Graph(graph) => std::slice::from_ref(graph),
                Attribute::Graphs(graphs) => &graphs[..],
                _ => &[],
            })
            .map(|graph| &**graph)
    }
}
