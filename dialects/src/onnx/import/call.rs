//! What the import function of an operator sees: one node with its inputs, and the means to add operations.

use std::sync::Arc;

use hwc_runtime::{DType, Tensor};

use super::engine::Engine;
use super::failure::{Failure, invalid, unsupported};
use super::value::{Value, Var};
use crate::attrs::{Attr, Attrs};
use crate::infer::axis;
use crate::onnx::attribute::{Attribute, Constant};
use crate::onnx::graph::{Graph, Node};
use crate::op::{AttributeKind, Op};
use crate::reference::number::{floats, from_floats, integers};
use crate::types::TensorType;

/// The values of the outputs of a node, in order. There may be more than the node asks for.
pub type Outputs = Result<Vec<Value>, Failure>;

/// One node in the course of import.
pub struct Call<'e, 'm> {
    pub(super) engine: &'e mut Engine<'m>,
    /// Gives attributes with their defaults: `call.node.int_or("axis", -1)?`.
    pub node: &'m Node,
    pub(super) inputs: Vec<Option<Value>>,
    pub(super) name: Arc<str>,
}

impl<'m> Call<'_, 'm> {
    /// The version of the operator set that the node is written for.
    pub fn version(&self) -> i64 {
        self.node.version
    }

    /// Number of inputs, up to the last that is given.
    pub fn input_count(&self) -> usize {
        self.inputs.len()
    }

    /// Number of outputs, up to the last that is asked for.
    pub fn output_count(&self) -> usize {
        self.node.outputs.len()
    }

    /// An input that must be given.
    pub fn input(&self, index: usize) -> Result<Value, Failure> {
        self.optional(index).ok_or_else(|| Failure::Invalid(format!("input {index} is missing")))
    }

    /// An input that may be left out.
    pub fn optional(&self, index: usize) -> Option<Value> {
        self.inputs.get(index).cloned().flatten()
    }

    /// Every input, `None` where one is left out.
    pub fn inputs(&self) -> &[Option<Value>] {
        &self.inputs
    }

    /// Every input, none of which may be left out.
    pub fn all_inputs(&self) -> Result<Vec<Value>, Failure> {
        (0..self.inputs.len()).map(|index| self.input(index)).collect()
    }

    /// The tensor that a value is; fails where it is known only when the model runs. `what` names it to people: `axes`.
    pub fn known(&self, value: &Value, what: &str) -> Result<Tensor, Failure> {
        match value {
            Value::Const(tensor) => Ok(tensor.clone()),
            Value::Var(var) => match self.engine.program.demand(var) {
                Some(tensor) => Ok(tensor),
                None => Err(Failure::Needs { what: format!("`{what}`"), var: var.clone() }),
            },
            other => other.ty().and_then(|_| unsupported(format!("`{what}` that is not a tensor"))),
        }
    }

    /// Fails unless each of these inputs, by number and name, is left out or known, and reports all that are not: asked
    /// for one by one, they would be reported one by one.
    pub fn all_known(&mut self, inputs: &[(usize, &str)]) -> Result<(), Failure> {
        let check = |&(index, what): &(usize, &str)| self.optional(index).and_then(|v| self.known(&v, what).err());
        let mut failures: Vec<Failure> = inputs.iter().filter_map(check).collect();
        let last = failures.pop();
        for failure in failures {
            self.engine.failed(self.node, failure);
        }
        last.map_or(Ok(()), Err)
    }

    /// The value of an input that must be given and must be known at compile time.
    pub fn constant(&self, index: usize, what: &str) -> Result<Tensor, Failure> {
        self.known(&self.input(index)?, what)
    }

    /// The value of an input that may be left out and must be known at compile time otherwise.
    pub fn optional_constant(&self, index: usize, what: &str) -> Result<Option<Tensor>, Failure> {
        self.optional(index).map(|value| self.known(&value, what)).transpose()
    }

    /// The integers of an input that must be given and known at compile time, of any rank.
    pub fn ints(&self, index: usize, what: &str) -> Result<Vec<i64>, Failure> {
        to_ints(&self.constant(index, what)?, what)
    }

    /// The integers of an input that may be left out.
    pub fn optional_ints(&self, index: usize, what: &str) -> Result<Option<Vec<i64>>, Failure> {
        self.optional_constant(index, what)?.map(|tensor| to_ints(&tensor, what)).transpose()
    }

    /// The one integer of an input that may be left out.
    pub fn optional_int(&self, index: usize, what: &str) -> Result<Option<i64>, Failure> {
        match self.optional_ints(index, what)?.as_deref() {
            None => Ok(None),
            Some([value]) => Ok(Some(*value)),
            Some(values) => invalid(format!("`{what}` must be one number, not {}", values.len())),
        }
    }

    /// The numbers of an input that may be left out.
    pub fn optional_floats(&self, index: usize, what: &str) -> Result<Option<Vec<f64>>, Failure> {
        Ok(self.optional_constant(index, what)?.map(|tensor| floats(&tensor)))
    }

    /// Integers that are an attribute in older versions and an input in newer ones: whichever is given.
    pub fn attribute_or_input(&self, name: &'static str, index: usize) -> Result<Option<Vec<i64>>, Failure> {
        match self.node.ints(name)? {
            Some(values) => Ok(Some(values.to_vec())),
            None => self.optional_ints(index, name),
        }
    }

    /// The axis given by the attribute `axis`, counted from the front, of a tensor of this rank.
    pub fn axis(&self, default: i64, rank: usize) -> Result<usize, Failure> {
        Ok(axis(self.node.int_or("axis", default)?, rank)?)
    }

    /// The element type that an attribute gives by its number.
    pub fn dtype(&self, name: &'static str) -> Result<Option<DType>, Failure> {
        self.node.int(name)?.map(dtype_from_number).transpose()
    }

    /// The tensor given by an attribute.
    pub fn tensor(&self, name: &'static str) -> Result<Option<Tensor>, Failure> {
        match self.node.tensor(name)? {
            None => Ok(None),
            Some(Constant::Tensor(tensor)) => Ok(Some(tensor.clone())),
            Some(Constant::Unsupported(what)) => unsupported(format!("tensors of {what}")),
        }
    }

    /// Pays for a constant that is made out of nothing but a shape: a small file can ask for many.
    pub fn make(&mut self, bytes: usize) -> Result<(), Failure> {
        self.engine.program.make(bytes)
    }

    /// A sequence of tensors; a sequence of sequences could double in size with each node.
    pub fn sequence(&mut self, values: Vec<Value>) -> Result<Value, Failure> {
        values.iter().try_for_each(|value| value.ty().map(|_| ()))?;
        // About what an element takes, its shape included: a small file can make many sequences out of one.
        self.make(values.len().saturating_mul(128))?;
        Ok(Value::Sequence(Arc::new(values)))
    }

    /// Names a constant after the node, for as long as its data is not changed.
    pub fn name_constant(&mut self, tensor: &Tensor) {
        self.engine.program.name_constant(tensor, &self.name);
    }

    /// A constant of rank 0.
    pub fn scalar(&self, dtype: DType, value: f64) -> Result<Value, Failure> {
        Ok(Value::Const(from_floats(dtype, &[], [value])?))
    }

    /// Adds an operation with one result.
    pub fn op(&mut self, op: Op, attrs: Attrs, operands: &[&Value]) -> Result<Value, Failure> {
        let operands: Vec<_> = operands.iter().map(|&value| Some(value.clone())).collect();
        let results = self.ops(op, attrs, operands)?;
        results.into_iter().next().ok_or_else(|| Failure::Invalid(format!("{} has no result", op.info().name)))
    }

    /// Adds an operation with operands that may be left out and any number of results.
    pub fn ops(&mut self, op: Op, attrs: Attrs, operands: Vec<Option<Value>>) -> Outputs {
        self.engine.program.add(op, attrs, operands, &[], &self.name)
    }

    /// Adds the operation that has the same operands and, by name, the same attributes as the node. Fails where the
    /// node has something that the operation does not.
    pub fn direct(&mut self, op: Op) -> Outputs {
        let attrs = self.same_attributes(op)?;
        let slots = op.info().operands;
        let variadic = slots.last().is_some_and(|slot| slot.arity == crate::op::Arity::Variadic);
        if self.inputs.len() > slots.len() && !variadic {
            return invalid(format!("has {} inputs and may have at most {}", self.inputs.len(), slots.len()));
        }
        let known = self.engine.declared(self.node);
        let results = self.engine.program.add(op, attrs, self.inputs.clone(), &known, &self.name)?;
        if results.len() < self.output_count() {
            return unsupported(format!("more than {} outputs", results.len()));
        }
        Ok(results)
    }

    fn same_attributes(&self, op: Op) -> Result<Attrs, Failure> {
        let mut attrs = Attrs::default();
        for (name, value) in &self.node.attributes {
            let Some(declared) = op.info().attributes.iter().find(|a| a.name == name) else {
                return unsupported(format!("attribute `{name}`"));
            };
            let value = match (value, declared.kind) {
                (Attribute::Int(v), AttributeKind::Int) => Attr::Int(*v),
                (Attribute::Int(v), AttributeKind::Bool) => Attr::Bool(*v != 0),
                (Attribute::Int(v), AttributeKind::Type) => Attr::Type(dtype_from_number(*v)?),
                (Attribute::Float(v), AttributeKind::Float) => Attr::Float(f64::from(*v)),
                (Attribute::Ints(v), AttributeKind::Ints) => Attr::Ints(v.to_vec()),
                (Attribute::Floats(v), AttributeKind::Floats) => Attr::Floats(v.iter().map(|&v| v.into()).collect()),
                (Attribute::String(v), AttributeKind::Str) => Attr::Str(String::from_utf8_lossy(v).into_owned()),
                (other, kind) => {
                    return invalid(format!("attribute `{name}` is {}, not of kind {kind:?}", other.kind()));
                }
            };
            attrs.set(declared.name, value);
        }
        Ok(attrs)
    }

    /// Imports a subgraph in place, `inputs` being its inputs. `step` names this copy of it in locations.
    pub fn inline(&mut self, graph: &'m Graph, inputs: Vec<Value>, step: &str) -> Outputs {
        if graph.inputs.len() != inputs.len() {
            return invalid(format!("a body of {} inputs is given {}", graph.inputs.len(), inputs.len()));
        }
        self.engine.inline(graph, inputs, &format!("{}{step}/", self.name))
    }

    /// How many rules are found broken so far.
    pub fn invalid_count(&self) -> usize {
        self.engine.report.invalid.len()
    }

    /// Forgets broken rules that were found since there were `count`, in nodes that may never run.
    pub fn forget_invalid(&mut self, count: usize) {
        self.engine.report.invalid.truncate(count);
    }

    /// Warns that both branches are computed because of a condition that depends on inputs.
    pub fn warn_of_choice(&mut self, condition: &Var) {
        let inputs: Vec<_> = self.engine.program.inputs_of(condition).iter().map(|i| format!("`{}`", i.name)).collect();
        let text = format!(
            "node `{}` ({}): both branches are computed, for which one is taken depends on {}",
            self.name,
            self.node.op_type,
            inputs.join(", ")
        );
        self.engine.warn(text);
    }

    /// The type declared for an output, where all of it is known.
    pub fn declared_output(&self, index: usize) -> Option<TensorType> {
        self.engine.declared(self.node).into_iter().nth(index).flatten()
    }
}

/// The element type of this number.
pub fn dtype_from_number(number: i64) -> Result<DType, Failure> {
    use crate::onnx::tensor::{TensorReadError, element_type};
    match element_type(i32::try_from(number).unwrap_or(-1)) {
        Ok(dtype) => Ok(dtype),
        Err(TensorReadError::Unsupported(what)) => unsupported(format!("tensors of {what}")),
        Err(error) => invalid(error.to_string()),
    }
}

/// The elements of an integer tensor.
pub fn to_ints(tensor: &Tensor, what: &str) -> Result<Vec<i64>, Failure> {
    if tensor.dtype().is_float() {
        return invalid(format!("`{what}` must be integers, not {}", tensor.dtype()));
    }
    integers(tensor)
        .into_iter()
        .map(|v| i64::try_from(v).map_err(|_| Failure::Invalid(format!("`{what}` has the element {v}"))))
        .collect()
}
