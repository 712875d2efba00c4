//! From the decoded messages to a [`Model`]: every check that needs no knowledge of operators.
//!
//! Nothing stops at the first problem: what cannot be resolved gets a value of its own, so that whatever reads it is
//! checked too and reports nothing for it.

mod attributes;
mod call;

use std::collections::{BTreeMap, HashMap, HashSet};

use super::attribute::{Attribute, Constant};
use super::error::{ProblemKind, Problems};
use super::graph::{Graph, Model, Node, Output, Value, ValueId};
use super::limits::{MAX_DEPTH, MAX_NODES};
use super::opset::{self, OpsetError, Opsets};
use super::order::order;
use super::proto::{GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto};
use super::tensor::{TensorReadError, TensorReader};
use super::types::Type;
use call::Functions;

/// The model that `proto` describes; what is wrong with it is added to `problems`, and it is of use only where
/// nothing is.
pub fn resolve(proto: ModelProto, reader: TensorReader, problems: &mut Problems) -> Option<Model> {
    match proto.ir_version {
        None => problems.push("model", ProblemKind::Missing("`ir_version`")),
        Some(version) if !(opset::IR_VERSIONS.0..=opset::IR_VERSIONS.1).contains(&version) => {
            problems.push("model", OpsetError::Ir(version));
        }
        Some(_) => {}
    }
    let (opsets, errors) = Opsets::from_proto(&proto.opset_import);
    errors.into_iter().for_each(|error| problems.push("model", error));
    let Some(graph) = proto.graph else {
        problems.push("model", ProblemKind::Missing("the graph"));
        return None;
    };
    let functions = Functions::new(&proto.functions, problems);
    let mut resolver = Resolver { reader, problems: std::mem::take(problems), values: Vec::new(), functions, nodes: 0 };
    let context = Context { opsets: &opsets, attributes: None, prefix: "", place: "", calls: &[], depth: 0 };
    let graph = resolver.graph(*graph, None, &context);
    if graph.outputs.is_empty() {
        resolver.problems.push("graph", ProblemKind::Missing("any output"));
    }
    *problems = resolver.problems;
    let producer = [proto.producer_name, proto.producer_version].join(" ").trim().to_owned();
    let metadata = proto.metadata_props.into_iter().map(|entry| (entry.key, entry.value)).collect();
    Some(Model { producer, metadata, graph, values: resolver.values })
}

struct Resolver<'a> {
    reader: TensorReader,
    problems: Problems,
    values: Vec<Value>,
    functions: Functions<'a>,
    /// Nodes seen so far, those of inlined functions counted for each call.
    nodes: usize,
}

/// Where the nodes that are being resolved stand.
#[derive(Clone, Copy)]
struct Context<'a> {
    opsets: &'a Opsets,
    /// Attributes of the call, inside of a function.
    attributes: Option<&'a HashMap<String, Attribute>>,
    /// Stands before node names: the calls that lead here, with slashes.
    prefix: &'a str,
    /// Stands before places in problems: the subgraph.
    place: &'a str,
    /// The functions being inlined, by index.
    calls: &'a [usize],
    depth: usize,
}

/// The names that are known at some place.
struct Scope<'a> {
    outer: Option<&'a Scope<'a>>,
    /// `None` for an optional input of a function that its caller leaves out.
    names: HashMap<String, Option<ValueId>>,
    /// Declared types of names that are not defined yet.
    declared: BTreeMap<String, Type>,
}

impl Scope<'_> {
    fn find(&self, name: &str) -> Option<Option<ValueId>> {
        self.names.get(name).copied().or_else(|| self.outer?.find(name))
    }
}

impl<'a> Resolver<'a> {
    fn graph(&mut self, proto: GraphProto, outer: Option<&Scope>, context: &Context) -> Graph {
        let place = context.place;
        let mut scope = Scope { outer, names: HashMap::new(), declared: BTreeMap::new() };
        for (what, infos) in [("value", &proto.value_info), ("input", &proto.input), ("output", &proto.output)] {
            self.declare(what, infos, &mut scope, place);
        }
        let outputs: Vec<_> = proto.output.into_iter().map(|info| info.name).collect();
        let declared: Vec<_> = outputs.iter().map(|name| scope.declared.get(name).cloned()).collect();

        let mut inputs = Vec::with_capacity(proto.input.len());
        for ValueInfoProto { name, .. } in proto.input {
            let place = || format!("{place}input `{name}`");
            if name.is_empty() {
                self.problems.push(place(), ProblemKind::Missing("the name"));
            } else if scope.names.contains_key(&name) {
                self.problems.push(place(), ProblemKind::Duplicate);
            }
            inputs.push(self.define(&mut scope, &name));
        }
        let initializers = self.initializers(proto.initializer, proto.sparse_initializer, &mut scope, place);
        let constant: HashSet<_> = initializers.iter().map(|(id, _)| *id).collect();
        inputs.retain(|id| !constant.contains(id));

        let nodes = self.nodes(proto.node, &mut scope, context);
        let mut resolved: Vec<Output> = Vec::with_capacity(outputs.len());
        let mut seen = HashSet::new();
        for (name, declared) in outputs.into_iter().zip(declared) {
            let place = || format!("{place}output `{name}`");
            if name.is_empty() {
                self.problems.push(place(), ProblemKind::Missing("the name"));
            } else if context.depth == 0 && !seen.insert(name.clone()) {
                self.problems.push(place(), ProblemKind::Duplicate);
            }
            let value = match scope.find(&name) {
                Some(Some(value)) => value,
                _ => {
                    self.problems.push(place(), ProblemKind::UnknownValue(name.clone()));
                    self.define(&mut scope, &name)
                }
            };
            resolved.push(Output { name, value, declared });
        }
        Graph { name: proto.name, inputs, outputs: resolved, initializers, nodes }
    }

    /// Notes declared types by name.
    fn declare(&mut self, what: &str, infos: &[ValueInfoProto], scope: &mut Scope, place: &str) {
        for info in infos {
            match info.r#type.as_deref().map(Type::from_proto).transpose() {
                Ok(declared) => {
                    if let Some(declared) = declared.flatten() {
                        scope.declared.insert(info.name.clone(), declared);
                    }
                }
                Err(error) => self.problems.push(format!("{place}{what} `{}`", info.name), error),
            }
        }
    }

    /// A new value of this name, known in the scope from here on.
    fn define(&mut self, scope: &mut Scope, name: &str) -> ValueId {
        let id = ValueId(self.values.len() as u32);
        self.values.push(Value { name: name.to_owned(), declared: scope.declared.get(name).cloned() });
        scope.names.insert(name.to_owned(), Some(id));
        id
    }

    /// The constants of a graph. One of the name of an input gives the input's value.
    fn initializers(
        &mut self,
        dense: Vec<TensorProto>,
        sparse: Vec<super::proto::SparseTensorProto>,
        scope: &mut Scope,
        place: &str,
    ) -> Vec<(ValueId, Constant)> {
        let mut seen = HashSet::new();
        let mut constants = Vec::with_capacity(dense.len() + sparse.len());
        let dense = dense.into_iter().map(|mut tensor| (std::mem::take(&mut tensor.name), Ok(tensor)));
        let sparse = sparse.into_iter().map(|mut tensor| {
            let name = tensor.values.as_deref_mut().map(|values| std::mem::take(&mut values.name));
            (name.unwrap_or_default(), Err(tensor))
        });
        for (name, tensor) in dense.chain(sparse) {
            let place = format!("{place}initializer `{name}`");
            if name.is_empty() {
                self.problems.push(&place, ProblemKind::Missing("the name"));
            }
            let id = match scope.names.get(&name) {
                Some(Some(input)) if !seen.contains(&name) => *input,
                _ => self.define(scope, &name),
            };
            if !seen.insert(name) {
                self.problems.push(&place, ProblemKind::Duplicate);
            }
            let tensor = match tensor {
                Ok(dense) => self.reader.read(dense),
                Err(sparse) => self.reader.read_sparse(sparse),
            };
            if let Some(constant) = self.constant(tensor, &place) {
                constants.push((id, constant));
            }
        }
        constants
    }

    /// A tensor that was read: an element type that is not supported matters only if the tensor is used.
    fn constant(&mut self, tensor: Result<hwc_runtime::Tensor, TensorReadError>, place: &str) -> Option<Constant> {
        match tensor {
            Ok(tensor) => Some(Constant::Tensor(tensor)),
            Err(TensorReadError::Unsupported(what)) => Some(Constant::Unsupported(what)),
            Err(error) => {
                self.problems.push(place, error);
                None
            }
        }
    }

    fn nodes(&mut self, protos: Vec<NodeProto>, scope: &mut Scope, context: &Context) -> Vec<Node> {
        let mut nodes = Vec::with_capacity(protos.len());
        if context.depth > MAX_DEPTH {
            let text = format!("subgraphs and calls are nested more than {MAX_DEPTH} deep");
            self.problems.push(format!("{}graph", context.place), ProblemKind::Limit(text));
            return nodes;
        }
        let mut outputs: HashSet<&str> = HashSet::new();
        for node in &protos {
            for name in node.output.iter().filter(|name| !name.is_empty()) {
                if !outputs.insert(name) || scope.names.contains_key(name) {
                    let text = format!("{}, output `{name}`", describe(node, context));
                    self.problems.push(text, ProblemKind::Duplicate);
                }
            }
        }
        let order = order(&protos);
        for cycle in order.cycles {
            const SHOWN: usize = 16;
            let mut nodes: Vec<String> = cycle.iter().take(SHOWN).map(|&i| node_name(&protos[i], context)).collect();
            if cycle.len() > SHOWN {
                nodes.push(format!("{} more", cycle.len() - SHOWN));
            }
            nodes.extend(nodes.first().cloned());
            self.problems.push(describe(&protos[cycle[0]], context), ProblemKind::Cycle(nodes));
        }
        for &index in &order.unsorted {
            for name in protos[index].output.iter().filter(|name| !name.is_empty()) {
                self.define(scope, name);
            }
        }
        let mut protos: Vec<Option<NodeProto>> = protos.into_iter().map(Some).collect();
        for index in order.sorted.into_iter().chain(order.unsorted) {
            let Some(proto) = protos[index].take() else { continue };
            if self.nodes >= MAX_NODES {
                let text = format!("the model has more than {MAX_NODES} nodes, those of inlined functions counted");
                self.problems.push(describe(&proto, context), ProblemKind::Limit(text));
                return nodes;
            }
            self.nodes += 1;
            self.node(proto, scope, context, &mut nodes);
        }
        nodes
    }

    fn node(&mut self, proto: NodeProto, scope: &mut Scope, context: &Context, nodes: &mut Vec<Node>) {
        let place = describe(&proto, context);
        let name = node_name(&proto, context);
        let domain = opset::canonical(&proto.domain).to_owned();
        if proto.op_type.is_empty() {
            self.problems.push(&place, ProblemKind::Missing("`op_type`"));
        }
        let mut inputs: Vec<_> = proto.input.iter().map(|name| self.read(name, scope, &place)).collect();
        while inputs.last() == Some(&None) {
            inputs.pop();
        }
        let attributes = self.attributes(proto.attribute, scope, context, &place);
        if let Some(function) = self.functions.find(&domain, &proto.op_type, &proto.overload) {
            let call = call::Call { name: &name, place: &place, inputs, outputs: &proto.output, attributes };
            return self.inline(function, call, scope, context, nodes);
        }
        let Some(version) = context.opsets.version(&domain) else {
            self.problems.push(&place, OpsetError::NotImported(domain));
            proto.output.iter().filter(|name| !name.is_empty()).for_each(|name| {
                self.define(scope, name);
            });
            return;
        };
        let mut outputs: Vec<_> =
            proto.output.iter().map(|name| (!name.is_empty()).then(|| self.define(scope, name))).collect();
        while outputs.last() == Some(&None) {
            outputs.pop();
        }
        nodes.push(Node { name, op_type: proto.op_type, domain, version, inputs, outputs, attributes });
    }

    /// The value that a node reads by name; the empty name leaves an optional input out.
    fn read(&mut self, name: &str, scope: &mut Scope, place: &str) -> Option<ValueId> {
        if name.is_empty() {
            return None;
        }
        match scope.find(name) {
            Some(value) => value,
            None => {
                self.problems.push(place, ProblemKind::UnknownValue(name.to_owned()));
                Some(self.define(scope, name))
            }
        }
    }
}

/// The name of a node: its own or, where it has none, that of its first output.
fn node_name(node: &NodeProto, context: &Context) -> String {
    let output = || node.output.iter().find(|name| !name.is_empty());
    let own = if node.name.is_empty() { output().unwrap_or(&node.op_type) } else { &node.name };
    format!("{}{own}", context.prefix)
}

/// A node as the place of a problem.
fn describe(node: &NodeProto, context: &Context) -> String {
    let domain = opset::canonical(&node.domain);
    let dot = if domain.is_empty() { "" } else { "." };
    format!("{}node `{}` ({domain}{dot}{})", context.place, node_name(node, context), node.op_type)
}
