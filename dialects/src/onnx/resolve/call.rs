//! Inlining of the functions that a model defines.

use std::collections::{BTreeMap, HashMap};

use super::super::attribute::Attribute;
use super::super::error::{ProblemKind, Problems};
use super::super::graph::{Node, ValueId};
use super::super::limits::shorten;
use super::super::opset::{self, Opsets};
use super::super::proto::{AttributeProto, FunctionProto, GraphProto, NodeProto, TensorProto};
use super::{Context, Resolver, Scope};

/// The functions of a model by domain, name and overload.
pub(super) struct Functions<'a> {
    list: Vec<Function<'a>>,
    index: HashMap<(String, &'a str, &'a str), usize>,
}

#[derive(Clone)]
struct Function<'a> {
    proto: &'a FunctionProto,
    opsets: std::rc::Rc<Opsets>,
    /// Bytes that a copy of the body takes.
    weight: u64,
}

/// A node that stands for a function.
pub(super) struct Call<'a> {
    pub name: &'a str,
    pub place: &'a str,
    pub inputs: Vec<Option<ValueId>>,
    pub outputs: &'a [String],
    pub attributes: Vec<(String, Attribute)>,
}

impl<'a> Functions<'a> {
    pub fn new(protos: &'a [FunctionProto], problems: &mut Problems) -> Self {
        let mut functions = Functions { list: Vec::with_capacity(protos.len()), index: HashMap::new() };
        for proto in protos {
            let place = describe(proto);
            if proto.name.is_empty() {
                problems.push(&place, ProblemKind::Missing("the name"));
            }
            let (opsets, errors) = Opsets::from_proto(&proto.opset_import);
            errors.into_iter().for_each(|error| problems.push(&place, error));
            let weight = proto.node.iter().map(node_weight).sum();
            let key = (opset::canonical(&proto.domain).to_owned(), &*proto.name, &*proto.overload);
            if functions.index.insert(key, functions.list.len()).is_some() {
                problems.push(&place, ProblemKind::Duplicate);
            }
            functions.list.push(Function { proto, opsets: opsets.into(), weight });
        }
        functions
    }

    pub fn find(&self, domain: &str, name: &str, overload: &str) -> Option<usize> {
        if self.list.is_empty() {
            return None;
        }
        self.index.get(&(domain.to_owned(), name, overload)).copied()
    }
}

impl Resolver<'_> {
    /// Puts the body of a function in the place of a call.
    pub(super) fn inline(
        &mut self,
        index: usize,
        call: Call,
        scope: &mut Scope,
        context: &Context,
        nodes: &mut Vec<Node>,
    ) {
        let function = self.functions.list[index].clone();
        let proto = function.proto;
        if let Err(problem) = self.check_call(index, &call, context) {
            self.problems.push(call.place, problem);
            call.outputs.iter().filter(|name| !name.is_empty()).for_each(|name| {
                self.define(scope, name);
            });
            return;
        }
        let prefix = shorten(format!("{}/", call.name));
        let place = shorten(format!("{}, {}: ", call.place, describe(proto)));
        let calls = [context.calls, &[index]].concat();
        let outer = Context { attributes: None, place: &place, depth: context.depth + 1, ..*context };
        let mut body = Scope { outer: None, names: HashMap::new(), declared: BTreeMap::new() };
        let mut attributes: HashMap<String, Attribute> = call.attributes.into_iter().collect();
        for default in &proto.attribute_proto {
            if !attributes.contains_key(&default.name)
                && let Some(value) = self.attribute(default.clone(), &default.name, &body, &outer, &place)
            {
                attributes.insert(default.name.clone(), value);
            }
        }
        self.declare("value", &proto.value_info, &mut body, &place);
        let actual = call.inputs.into_iter().chain(std::iter::repeat(None));
        body.names.extend(proto.input.iter().cloned().zip(actual));
        let first = self.values.len();
        let inner = Context {
            opsets: &function.opsets,
            attributes: Some(&attributes),
            prefix: &prefix,
            calls: &calls,
            ..outer
        };
        nodes.extend(self.nodes(proto.node.clone(), &mut body, &inner));
        for (formal, actual) in proto.output.iter().zip(call.outputs).filter(|(_, actual)| !actual.is_empty()) {
            let value = body.find(formal).unwrap_or_else(|| {
                self.problems.push(format!("{place}output"), ProblemKind::UnknownValue(formal.clone()));
                Some(self.define(&mut body, formal))
            });
            if let Some(id) = value.filter(|id| id.index() >= first) {
                let value = &mut self.values[id.index()];
                value.name.clone_from(actual);
                value.declared = scope.declared.get(actual).cloned().or(value.declared.take());
            }
            scope.names.insert(actual.clone(), value);
        }
    }

    /// Why a call cannot be inlined.
    fn check_call(&mut self, index: usize, call: &Call, context: &Context) -> Result<(), ProblemKind> {
        let function = self.functions.list[index].clone();
        let proto = function.proto;
        if let Some(first) = context.calls.iter().position(|&other| other == index) {
            let cycle = context.calls[first..].iter().chain([&index]).map(|&i| describe(self.functions.list[i].proto));
            let text = format!("functions call themselves: {}", cycle.collect::<Vec<_>>().join(" -> "));
            return Err(ProblemKind::Call(text));
        }
        for (what, given, taken) in
            [("inputs", call.inputs.len(), proto.input.len()), ("outputs", call.outputs.len(), proto.output.len())]
        {
            if given > taken {
                return Err(ProblemKind::Call(format!("{} has {taken} {what}, not {given}", describe(proto))));
            }
        }
        self.charge(function.weight)
            .map_err(|error| ProblemKind::Limit(format!("inlining {}: {error}", describe(proto))))
    }
}

fn describe(proto: &FunctionProto) -> String {
    let colon = if proto.overload.is_empty() { "" } else { ":" };
    format!("function `{}.{}{colon}{}`", opset::display(opset::canonical(&proto.domain)), proto.name, proto.overload)
}

/// Bytes that a copy of a node takes, about.
fn node_weight(node: &NodeProto) -> u64 {
    let names = node.input.iter().chain(&node.output).map(|name| size_of::<String>() + name.len()).sum::<usize>();
    let attributes = node.attribute.iter().map(attribute_weight).sum::<u64>();
    (size_of::<NodeProto>() + names) as u64 + attributes
}

fn attribute_weight(attribute: &AttributeProto) -> u64 {
    let lists = attribute.ints.len() * 8 + attribute.floats.len() * 4 + attribute.strings.len() * 32;
    let tensors = attribute.t.as_deref().into_iter().chain(&attribute.tensors).map(tensor_weight).sum::<u64>();
    let graphs = attribute.g.as_deref().into_iter().chain(&attribute.graphs).map(graph_weight).sum::<u64>();
    (size_of::<AttributeProto>() + lists) as u64 + tensors + graphs
}

fn graph_weight(graph: &GraphProto) -> u64 {
    let values = (graph.input.len() + graph.output.len() + graph.value_info.len()) as u64 * 256;
    let tensors = graph.initializer.iter().map(tensor_weight).sum::<u64>();
    values + tensors + graph.node.iter().map(node_weight).sum::<u64>()
}

fn tensor_weight(tensor: &TensorProto) -> u64 {
    let wide = tensor.int64_data.len() + tensor.uint64_data.len() + tensor.double_data.len() + tensor.dims.len();
    let narrow = tensor.float_data.len() + tensor.int32_data.len();
    (size_of::<TensorProto>() + wide * 8 + narrow * 4 + tensor.string_data.len() * 32) as u64
}
