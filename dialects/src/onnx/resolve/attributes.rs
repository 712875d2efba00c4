//! Attributes of nodes, with references to those of a function call filled in.

use std::collections::HashSet;
use std::sync::Arc;

use super::super::attribute::{Attribute, Constant};
use super::super::error::ProblemKind;
use super::super::graph::Graph;
use super::super::limits::{BudgetExceeded, shorten};
use super::super::proto::{AttributeProto, GraphProto, TensorProto, attribute_type as kind};
use super::super::types::Type;
use super::{Context, Resolver, Scope};

impl Resolver<'_> {
    /// The attributes of a node, each once.
    pub(super) fn attributes(
        &mut self,
        protos: Vec<AttributeProto>,
        scope: &Scope,
        context: &Context,
        place: &str,
    ) -> Vec<(String, Attribute)> {
        let mut attributes: Vec<(String, Attribute)> = Vec::with_capacity(protos.len());
        let mut seen = HashSet::new();
        for mut proto in protos {
            let name = std::mem::take(&mut proto.name);
            if name.is_empty() {
                self.problems.push(place, ProblemKind::Missing("the name of an attribute"));
            } else if !seen.insert(name.clone()) {
                self.wrong_attribute(place, &name, "is given more than once");
                continue;
            }
            if let Some(value) = self.attribute(proto, &name, scope, context, place) {
                attributes.push((name, value));
            }
        }
        attributes
    }

    fn wrong_attribute(&mut self, place: &str, name: &str, reason: impl Into<String>) {
        self.problems.push(place, ProblemKind::Attribute { name: name.to_owned(), reason: reason.into() });
    }

    /// The value of an attribute, `None` where it is wrong or refers to one that the call does not give.
    pub(super) fn attribute(
        &mut self,
        proto: AttributeProto,
        name: &str,
        scope: &Scope,
        context: &Context,
        place: &str,
    ) -> Option<Attribute> {
        if !proto.ref_attr_name.is_empty() {
            if context.attributes.is_none() {
                self.wrong_attribute(place, name, "refers to an attribute of a function, outside of any function");
            }
            return context.attributes?.get(&proto.ref_attr_name).cloned();
        }
        let Some(r#type) = proto.r#type.filter(|&t| t != 0).or_else(|| guess_type(&proto)) else {
            self.wrong_attribute(place, name, "has no value");
            return None;
        };
        Some(match r#type {
            kind::FLOAT => Attribute::Float(proto.f.unwrap_or_default()),
            kind::INT => Attribute::Int(proto.i.unwrap_or_default()),
            kind::STRING => Attribute::String(proto.s.unwrap_or_default()),
            kind::FLOATS => Attribute::Floats(proto.floats.into()),
            kind::INTS => Attribute::Ints(proto.ints.into()),
            kind::STRINGS => Attribute::Strings(proto.strings.into()),
            kind::TENSOR => match proto.t {
                Some(tensor) => Attribute::Tensor(self.tensor(*tensor, name, place)?),
                None => return self.no_value(name, "tensor", place),
            },
            kind::SPARSE_TENSOR => match proto.sparse_tensor {
                Some(tensor) => {
                    let tensor = self.reader.read_sparse(*tensor);
                    Attribute::Tensor(self.constant(tensor, &format!("{place}, attribute `{name}`"))?)
                }
                None => return self.no_value(name, "sparse tensor", place),
            },
            kind::TENSORS => {
                let tensors = proto.tensors.into_iter().filter_map(|tensor| self.tensor(tensor, name, place));
                Attribute::Tensors(tensors.collect())
            }
            kind::GRAPH => match proto.g {
                Some(graph) => Attribute::Graph(self.subgraph(*graph, name, scope, context, place)),
                None => return self.no_value(name, "graph", place),
            },
            kind::GRAPHS => {
                let graphs = proto.graphs.into_iter();
                Attribute::Graphs(graphs.map(|graph| self.subgraph(graph, name, scope, context, place)).collect())
            }
            kind::TYPE_PROTO => match proto.tp.as_deref().map(Type::from_proto) {
                Some(Ok(declared)) => Attribute::Type(declared),
                Some(Err(error)) => {
                    self.problems.push(format!("{place}, attribute `{name}`"), error);
                    return None;
                }
                None => return self.no_value(name, "type", place),
            },
            kind::TYPE_PROTOS => Attribute::Other("types"),
            kind::SPARSE_TENSORS => Attribute::Other("sparse tensors"),
            other => {
                self.wrong_attribute(place, name, format!("has the unknown type {other}"));
                return None;
            }
        })
    }

    fn no_value(&mut self, name: &str, what: &str, place: &str) -> Option<Attribute> {
        self.wrong_attribute(place, name, format!("is to be a {what} and has none"));
        None
    }

    fn tensor(&mut self, proto: TensorProto, name: &str, place: &str) -> Option<Constant> {
        let tensor = self.reader.read(proto);
        self.constant(tensor, &format!("{place}, attribute `{name}`"))
    }

    fn subgraph(&mut self, proto: GraphProto, name: &str, scope: &Scope, context: &Context, place: &str) -> Arc<Graph> {
        let place = shorten(format!("{place}, `{name}`: "));
        let context = Context { place: &place, depth: context.depth + 1, ..*context };
        Arc::new(self.graph(proto, Some(scope), &context))
    }

    /// Pays for a copy of a message of this size.
    pub(super) fn charge(&mut self, bytes: u64) -> Result<(), BudgetExceeded> {
        self.reader.budget.charge(bytes)
    }
}

/// The type of an attribute that does not tell it, as files of IR version 1 may not.
fn guess_type(proto: &AttributeProto) -> Option<i32> {
    let present = [
        (proto.f.is_some(), kind::FLOAT),
        (proto.i.is_some(), kind::INT),
        (proto.s.is_some(), kind::STRING),
        (proto.t.is_some(), kind::TENSOR),
        (proto.g.is_some(), kind::GRAPH),
        (proto.tp.is_some(), kind::TYPE_PROTO),
        (proto.sparse_tensor.is_some(), kind::SPARSE_TENSOR),
        (!proto.floats.is_empty(), kind::FLOATS),
        (!proto.ints.is_empty(), kind::INTS),
        (!proto.strings.is_empty(), kind::STRINGS),
        (!proto.tensors.is_empty(), kind::TENSORS),
        (!proto.graphs.is_empty(), kind::GRAPHS),
        (!proto.type_protos.is_empty(), kind::TYPE_PROTOS),
        (!proto.sparse_tensors.is_empty(), kind::SPARSE_TENSORS),
    ];
    present.iter().find(|(present, _)| *present).map(|&(_, kind)| kind)
}
