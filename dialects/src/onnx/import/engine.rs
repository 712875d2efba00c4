//! Walks a graph and imports its nodes one by one.
//!
//! A node that fails leaves poisoned values behind: what reads them is skipped without a word, and everything else is
//! imported, so that one run finds all there is to report.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use super::call::{Call, Outputs};
use super::failure::{Failure, invalid};
use super::program::Program;
use super::report::{Report, UnsupportedOp};
use super::value::Value;
use crate::onnx::attribute::Constant;
use crate::onnx::error::Plain;
use crate::onnx::graph::{Graph, Model, Node, ValueId};
use crate::onnx::limits::{MAX_DEPTH, MAX_PROBLEMS, shorten};
use crate::onnx::ops;
use crate::onnx::types::{Dim, Element, Type};
use crate::types::{self, TensorType};

/// Nodes that are imported: nested loops whose bodies fold away leave nothing else to count.
const MAX_STEPS: usize = 1 << 21;

pub struct Engine<'m> {
    model: &'m Model,
    pub program: Program,
    pub report: Report,
    /// What does not keep the model from being compiled and looks wrong.
    pub warnings: Vec<String>,
    /// Sizes of symbolic dimensions.
    pub dims: BTreeMap<String, usize>,
    /// By [`ValueId::index`].
    values: Vec<Option<Value>>,
    /// Stands before node names: the bodies that lead here, with slashes.
    prefix: String,
    depth: usize,
    /// Nodes imported so far, those of unrolled bodies each time.
    steps: usize,
    /// Nodes that needed a value that is not known.
    needs: usize,
    /// Values of which the declared type is checked already: those of an unrolled body come again.
    checked: HashSet<ValueId>,
}

impl<'m> Engine<'m> {
    pub fn new(model: &'m Model) -> Self {
        Engine {
            model,
            program: Program::default(),
            report: Report::default(),
            warnings: Vec::new(),
            dims: BTreeMap::new(),
            values: vec![None; model.values.len()],
            prefix: String::new(),
            depth: 0,
            steps: 0,
            needs: 0,
            checked: HashSet::new(),
        }
    }

    pub fn set(&mut self, id: ValueId, value: Value) {
        self.values[id.index()] = Some(value);
    }

    /// The value of a name; one that was never set is behind a problem that is reported.
    pub fn get(&self, id: ValueId) -> Value {
        self.values[id.index()].clone().unwrap_or(Value::Poison)
    }

    /// Imports the constants and nodes of a graph whose inputs are set.
    pub fn graph(&mut self, graph: &'m Graph) {
        for (id, constant) in &graph.initializers {
            let value = match constant {
                Constant::Tensor(tensor) => {
                    self.program.name_constant(tensor, &self.model.value(*id).name);
                    Value::Const(tensor.clone())
                }
                Constant::Unsupported(what) => Value::Foreign(what),
            };
            self.set(*id, value);
        }
        for node in &graph.nodes {
            self.node(node);
        }
    }

    /// Imports the body of a control-flow operator in place.
    pub fn inline(&mut self, graph: &'m Graph, inputs: Vec<Value>, prefix: &str) -> Outputs {
        if self.depth >= MAX_DEPTH {
            return Err(Failure::Limit(format!("bodies are nested more than {MAX_DEPTH} deep")));
        }
        for (&id, value) in graph.inputs.iter().zip(inputs) {
            self.set(id, value);
        }
        let outer = std::mem::replace(&mut self.prefix, shorten(prefix.to_owned()));
        self.depth += 1;
        self.graph(graph);
        self.depth -= 1;
        self.prefix = outer;
        Ok(graph.outputs.iter().map(|output| self.get(output.value)).collect())
    }

    fn node(&mut self, node: &'m Node) {
        let outputs = match self.outputs(node) {
            Ok(outputs) => outputs,
            Err(failure) => {
                self.failed(node, failure);
                Vec::new()
            }
        };
        let mut outputs = outputs.into_iter();
        for id in &node.outputs {
            let value = outputs.next();
            if let Some(id) = id {
                let value = value.unwrap_or(Value::Poison);
                self.check(node, *id, &value);
                self.set(*id, value);
            }
        }
    }

    fn outputs(&mut self, node: &'m Node) -> Outputs {
        self.steps += 1;
        if self.steps > MAX_STEPS {
            // One report is enough.
            let limit =
                Failure::Limit(format!("more than {MAX_STEPS} nodes, those of unrolled loops counted each time"));
            return Err(if self.steps == MAX_STEPS + 1 { limit } else { Failure::Poisoned });
        }
        let rule = match ops::find(&node.domain, &node.op_type, node.version) {
            Ok(rule) => rule,
            Err(reason) => {
                self.scan(node);
                return Err(Failure::Unsupported(reason));
            }
        };
        let inputs: Vec<Option<Value>> = node.inputs.iter().map(|id| id.map(|id| self.get(id))).collect();
        if inputs.iter().flatten().any(Value::is_poison) {
            self.scan(node);
            return Err(Failure::Poisoned);
        }
        let name: Arc<str> = format!("{}{}", self.prefix, node.name).into();
        let outputs = rule.import(&mut Call { engine: self, node, inputs, name })?;
        if outputs.len() < node.outputs.len() {
            return invalid(format!("has {} outputs, of which {} exist", node.outputs.len(), outputs.len()));
        }
        Ok(outputs)
    }

    /// Reports the operators in the bodies of a node that are not known; the bodies cannot be imported.
    fn scan(&mut self, node: &'m Node) {
        for inner in node.subgraphs().flat_map(|graph| &graph.nodes) {
            if let Err(reason) = ops::find(&inner.domain, &inner.op_type, inner.version) {
                self.failed(inner, Failure::Unsupported(reason));
            }
            self.scan(inner);
        }
    }

    pub(super) fn failed(&mut self, node: &Node, failure: Failure) {
        let name = format!("{}{}", self.prefix, node.name);
        let place = || format!("node `{name}` ({})", node.op_type);
        match failure {
            Failure::Poisoned => {}
            Failure::Invalid(message) => self.report.invalid(place(), message),
            Failure::Limit(message) => self.report.beyond(place(), message),
            Failure::Unsupported(reason) => {
                let (domain, op_type, version) = (node.domain.clone(), node.op_type.clone(), node.version);
                self.report
                    .unsupported
                    .entry(UnsupportedOp { domain, op_type, version, reason })
                    .or_default()
                    .push(name);
            }
            Failure::Needs { ref var, .. } => {
                self.needs += 1;
                if self.needs > MAX_PROBLEMS {
                    return; // what to bind is told by those before
                }
                let inputs: Vec<String> = self.program.inputs_of(var).iter().map(|input| input.name.clone()).collect();
                if inputs.is_empty() {
                    self.report.beyond(place(), format!("{failure}, which takes too long to work out"));
                }
                let reader = format!("{name} ({})", node.op_type);
                for input in inputs {
                    let readers = self.report.values.entry(input).or_default();
                    if readers.last() != Some(&reader) {
                        readers.push(reader.clone());
                    }
                }
            }
        }
    }

    /// Notes what looks wrong and does not matter; names in it may have control characters.
    pub fn warn(&mut self, text: String) {
        if self.warnings.len() < MAX_PROBLEMS {
            self.warnings.push(Plain(&text).to_string());
        }
    }

    /// Compares a value with its declared type.
    fn check(&mut self, node: &Node, id: ValueId, value: &Value) {
        let declared = &self.model.value(id).declared;
        if value.is_poison() || declared.is_none() || !self.checked.insert(id) {
            return;
        }
        let place =
            format!("node `{}{}` ({}), output `{}`", self.prefix, node.name, node.op_type, self.model.value(id).name);
        self.compare(declared.as_ref(), value, place);
    }

    /// Compares a value with a declared type: another kind of value or of element is an error; another shape is a
    /// warning, since exporters write down shapes that held for one example only.
    pub fn compare(&mut self, declared: Option<&Type>, value: &Value, place: String) {
        match (declared, value) {
            (Some(Type::Tensor { element: Element::Known(dtype), .. }), Value::Const(_) | Value::Var(_)) => {
                let Ok(actual) = value.ty() else { return };
                if actual.dtype != *dtype {
                    self.report.invalid(place, format!("is of type {}, declared as {dtype}", actual.dtype));
                } else if let Some(declared) = declared.and_then(|declared| self.tensor_type(declared))
                    && !declared.compatible(&actual)
                {
                    self.warn(format!("{place}: is {actual}, declared as {declared}"));
                }
            }
            (Some(Type::Sequence(_)), Value::Sequence(_)) | (Some(Type::Optional(_)), _) | (None, _) => {}
            (_, Value::Poison | Value::Foreign(_) | Value::Optional(_)) => {}
            (Some(declared), Value::Sequence(_)) => {
                self.report.invalid(place, format!("is a sequence, declared as {declared}"))
            }
            (Some(declared), _) => self.report.invalid(place, format!("is a tensor, declared as {declared}")),
        }
    }

    /// A declared type with symbolic dimensions replaced where their sizes are known; `None` unless it is a tensor of
    /// known rank and element type.
    pub fn tensor_type(&self, declared: &Type) -> Option<TensorType> {
        let Type::Tensor { element: Element::Known(dtype), shape: Some(shape) } = declared else { return None };
        let dims = shape.iter().map(|dim| match dim {
            Dim::Known(size) => usize::try_from(*size).map_or(types::Dim::Unknown, types::Dim::Fixed),
            Dim::Symbol(name) => match self.dims.get(name) {
                Some(&size) => types::Dim::Fixed(size),
                None => types::Dim::Symbol(name.as_str().into()),
            },
            Dim::Unknown => types::Dim::Unknown,
        });
        Some(TensorType::new(*dtype, dims.collect::<Vec<_>>()))
    }

    /// The declared types of the outputs of a node.
    pub fn declared(&self, node: &Node) -> Vec<Option<TensorType>> {
        let declared = |id: &Option<ValueId>| self.tensor_type(self.model.value((*id)?).declared.as_ref()?);
        node.outputs.iter().map(declared).collect()
    }
}
