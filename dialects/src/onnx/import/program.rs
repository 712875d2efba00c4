//! What a graph is imported to: a list of operations of the dialect, before it is written to MLIR.
//!
//! Operations on constants are evaluated when they are added, where the result is small. What is not evaluated then
//! can be on demand, so that a value that only depends on constants is never unknown.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use hwc_runtime::{Tensor, tensor::byte_len};

use super::failure::Failure;
use super::value::{Value, Var};
use crate::attrs::Attrs;
use crate::infer::infer;
use crate::onnx::limits::{MAX_RANK, MAX_TENSOR_BYTES};
use crate::op::{CostClass, Op};
use crate::reference::evaluate;
use crate::types::TensorType;

/// Operations of a program.
const MAX_OPERATIONS: usize = 1 << 18;
/// Elements that folding reads and writes in all; beyond, only what must be known is evaluated.
const FOLD_BUDGET: usize = 1 << 28;
/// Elements read and written by one operation that is evaluated on demand.
const MAX_DEMAND: usize = 1 << 24;
/// Elements of a value that is kept after it was evaluated on demand.
const MAX_KEPT: usize = 1 << 16;
/// Bytes of constants and sequences that are made while importing.
const CONSTANT_BUDGET: usize = 1 << 29;

/// A program in the making.
#[derive(Debug, Default)]
pub struct Program {
    pub inputs: Vec<Input>,
    pub operations: Vec<Operation>,
    pub outputs: Vec<(String, Value)>,
    /// How each value comes about, by [`Var::index`].
    definitions: Vec<Definition>,
    /// Names of constants by the place of their data, so that one keeps its name wherever it goes.
    names: HashMap<usize, String>,
    /// Elements that folding has read and written.
    folded: Cell<usize>,
    /// Values that were evaluated on demand, by the index of their variable.
    demanded: RefCell<HashMap<usize, Tensor>>,
    /// Bytes of constants made.
    made: usize,
}

/// An input of the program.
#[derive(Clone, Debug)]
pub struct Input {
    pub name: String,
    pub ty: TensorType,
    /// The one value that the program is compiled for, if so.
    pub bound: Option<Tensor>,
    /// Of no use where the input is bound: the program then contains the value.
    pub var: Var,
}

/// An application of an operator of the dialect.
#[derive(Clone, Debug)]
pub struct Operation {
    pub op: Op,
    pub attrs: Attrs,
    /// Constants and variables only; `None` where an optional operand is left out.
    pub operands: Vec<Option<Value>>,
    pub results: Vec<Var>,
    /// The node that it comes from.
    pub name: Arc<str>,
}

#[derive(Clone, Copy, Debug)]
enum Definition {
    /// An input, by place.
    Input(usize),
    /// A result of the operation at this place, which may depend on constants only.
    Result { operation: usize, constant: bool },
}

impl Program {
    /// Adds an input.
    pub fn input(&mut self, name: &str, ty: TensorType, bound: Option<Tensor>) -> Var {
        let var = self.define(Definition::Input(self.inputs.len()), ty.clone());
        self.inputs.push(Input { name: name.to_owned(), ty, bound, var: var.clone() });
        var
    }

    fn define(&mut self, definition: Definition, ty: TensorType) -> Var {
        let index = self.definitions.len() as u32;
        self.definitions.push(definition);
        Var { index, ty: Arc::new(ty) }
    }

    /// Gives a constant a name.
    pub fn name_constant(&mut self, tensor: &Tensor, name: &str) {
        self.names.insert(tensor.bytes().as_ptr() as usize, name.to_owned());
    }

    /// The name that was given to a constant.
    pub fn constant_name(&self, tensor: &Tensor) -> Option<&str> {
        self.names.get(&(tensor.bytes().as_ptr() as usize)).map(String::as_str)
    }

    /// Adds an operation. Its results are constants where the operands are and evaluating is cheap.
    ///
    /// `known` are types that are declared for the results, or nothing; they fill in dimensions that type inference
    /// does not know.
    pub fn add(
        &mut self,
        op: Op,
        attrs: Attrs,
        operands: Vec<Option<Value>>,
        known: &[Option<TensorType>],
        name: &Arc<str>,
    ) -> Result<Vec<Value>, Failure> {
        let types = operands.iter().map(|o| o.as_ref().map(Value::ty).transpose()).collect::<Result<Vec<_>, _>>()?;
        let types: Vec<Option<&TensorType>> = types.iter().map(Option::as_ref).collect();
        let mut results =
            infer(op, &attrs, &types).map_err(|e| Failure::Invalid(format!("{e} ({})", op.info().name)))?;
        for (result, known) in results.iter_mut().zip(known) {
            refine(result, known.as_ref());
        }
        let sizes = results.iter().map(check_size).collect::<Result<Vec<_>, _>>()?;

        let constants: Option<Vec<Option<&Tensor>>> =
            operands.iter().map(|o| o.as_ref().map_or(Some(None), |v| v.known().map(Some))).collect();
        if let Some(constants) = constants {
            let read: usize = constants.iter().flatten().map(|tensor| tensor.len()).sum();
            let free = op.info().cost == CostClass::Free;
            let work = if free { 0 } else { read.saturating_add(sizes.iter().sum()) };
            if work <= fold_limit(op.info().cost)
                && self.spend(work)
                && let Ok(values) = evaluate(op, &attrs, &constants)
            {
                return Ok(values.into_iter().map(Value::Const).collect());
            }
        }
        if self.operations.len() >= MAX_OPERATIONS {
            return Err(Failure::Limit(format!("the program has more than {MAX_OPERATIONS} operations")));
        }
        let operation = self.operations.len();
        let constant = operands.iter().flatten().all(|value| self.is_constant(value));
        let definition = Definition::Result { operation, constant };
        let results: Vec<Var> = results.into_iter().map(|ty| self.define(definition, ty)).collect();
        let values = results.iter().cloned().map(Value::Var).collect();
        self.operations.push(Operation { op, attrs, operands, results, name: name.clone() });
        Ok(values)
    }

    /// The value of a variable, where it depends on constants only and is not too large to work out.
    pub fn demand(&self, var: &Var) -> Option<Tensor> {
        if !self.is_constant(&Value::Var(var.clone())) {
            return None;
        }
        if let Some(known) = self.demanded.borrow().get(&var.index()) {
            return Some(known.clone());
        }
        let (needed, _) = self.depends_on(var);
        let mut values: HashMap<usize, Tensor> = HashMap::new();
        for index in needed {
            let work = self.work(index);
            if work > MAX_DEMAND || !self.spend(work) {
                return None;
            }
            evaluate_operation(&self.operations[index], &mut values).ok()?;
        }
        let value = values.remove(&var.index())?;
        if value.len() <= MAX_KEPT {
            self.demanded.borrow_mut().insert(var.index(), value.clone());
        }
        Some(value)
    }

    /// True where a value does not depend on inputs.
    fn is_constant(&self, value: &Value) -> bool {
        match value {
            Value::Const(_) => true,
            Value::Var(var) => matches!(self.definitions[var.index()], Definition::Result { constant: true, .. }),
            _ => false,
        }
    }

    /// Pays for the evaluation of an operation; false where the budget is used up.
    fn spend(&self, work: usize) -> bool {
        let spent = self.folded.get().saturating_add(work);
        let within = spent <= FOLD_BUDGET;
        if within {
            self.folded.set(spent);
        }
        within
    }

    /// Pays for memory that the file does not account for: a constant made out of nothing but a shape, a sequence.
    pub fn make(&mut self, bytes: usize) -> Result<(), Failure> {
        self.made = self.made.saturating_add(bytes);
        if self.made <= CONSTANT_BUDGET {
            return Ok(());
        }
        Err(Failure::Limit(format!(
            "constants and sequences made while importing take more than {} MiB",
            CONSTANT_BUDGET >> 20
        )))
    }

    /// Elements that an operation reads and writes.
    fn work(&self, operation: usize) -> usize {
        let operation = &self.operations[operation];
        let read = operation.operands.iter().flatten().filter_map(|v| v.ty().ok()?.elements());
        let written = operation.results.iter().filter_map(|var| var.ty.elements());
        read.chain(written).fold(0, usize::saturating_add)
    }

    /// The values of the outputs for values of the inputs, by the reference evaluator.
    pub fn evaluate(&self, inputs: &[Tensor]) -> Result<Vec<Tensor>, String> {
        let mut values: HashMap<usize, Tensor> = HashMap::new();
        for (input, value) in self.inputs.iter().zip(inputs) {
            if TensorType::of(value) != input.ty {
                return Err(format!("input `{}` must be {}, got {}", input.name, input.ty, TensorType::of(value)));
            }
            values.insert(input.var.index(), value.clone());
        }
        for operation in &self.operations {
            evaluate_operation(operation, &mut values).map_err(|e| format!("{}: {e}", operation.name))?;
        }
        let output = |(name, value): &(String, Value)| match value {
            Value::Const(tensor) => Ok(tensor.clone()),
            Value::Var(var) => {
                values.get(&var.index()).cloned().ok_or_else(|| format!("output `{name}` is not defined"))
            }
            _ => Err(format!("output `{name}` is not a tensor")),
        };
        self.outputs.iter().map(output).collect()
    }

    /// The inputs that a variable depends on.
    pub fn inputs_of(&self, var: &Var) -> Vec<&Input> {
        self.depends_on(var).1.into_iter().map(|i| &self.inputs[i]).collect()
    }

    /// The operations and the inputs that a variable depends on, each in their order.
    fn depends_on(&self, var: &Var) -> (Vec<usize>, Vec<usize>) {
        let (mut operations, mut inputs) = (BTreeSet::new(), BTreeSet::new());
        let mut open = vec![var.index()];
        while let Some(index) = open.pop() {
            match self.definitions[index] {
                Definition::Input(input) => {
                    inputs.insert(input);
                }
                Definition::Result { operation, .. } => {
                    if operations.insert(operation) {
                        let operands = self.operations[operation].operands.iter().flatten();
                        open.extend(
                            operands.filter_map(|v| if let Value::Var(var) = v { Some(var.index()) } else { None }),
                        );
                    }
                }
            }
        }
        (operations.into_iter().collect(), inputs.into_iter().collect())
    }

    /// Removes the operations that no output depends on.
    pub fn prune(&mut self) {
        let mut live = vec![false; self.definitions.len()];
        let mark = |value: &Value, live: &mut Vec<bool>| {
            if let Value::Var(var) = value {
                live[var.index()] = true;
            }
        };
        self.outputs.iter().for_each(|(_, value)| mark(value, &mut live));
        let mut keep = vec![false; self.operations.len()];
        for (operation, keep) in self.operations.iter().zip(&mut keep).rev() {
            *keep = operation.results.iter().any(|var| live[var.index()]);
            if *keep {
                operation.operands.iter().flatten().for_each(|value| mark(value, &mut live));
            }
        }
        let mut moved = Vec::with_capacity(keep.len());
        let mut count = 0;
        for &keep in &keep {
            moved.push(count);
            count += usize::from(keep);
        }
        for definition in &mut self.definitions {
            if let Definition::Result { operation, .. } = definition {
                *operation = moved[*operation];
            }
        }
        let mut keep = keep.into_iter();
        self.operations.retain(|_| keep.next().unwrap_or(true));
    }
}

/// Adds the results of an operation to `values`, by the index of their variables.
fn evaluate_operation(operation: &Operation, values: &mut HashMap<usize, Tensor>) -> Result<(), String> {
    let operand = |operand: &Option<Value>| match operand {
        None => Ok(None),
        Some(Value::Const(tensor)) => Ok(Some(tensor.clone())),
        Some(Value::Var(var)) => values.get(&var.index()).cloned().map(Some).ok_or("an operand is not defined"),
        Some(_) => Err("an operand is not a tensor"),
    };
    let operands = operation.operands.iter().map(operand).collect::<Result<Vec<_>, _>>()?;
    let operands: Vec<Option<&Tensor>> = operands.iter().map(Option::as_ref).collect();
    let results = evaluate(operation.op, &operation.attrs, &operands).map_err(|errors| errors.to_string())?;
    values.extend(operation.results.iter().map(Var::index).zip(results));
    Ok(())
}

/// Fills in dimensions that are not known from a declared type, where it fits otherwise.
fn refine(result: &mut TensorType, known: Option<&TensorType>) {
    if let Some(known) = known.filter(|known| result.compatible(known)) {
        for (dim, known) in result.shape.iter_mut().zip(&known.shape) {
            if dim.fixed().is_none() && known.fixed().is_some() {
                dim.clone_from(known);
            }
        }
    }
}

/// The number of elements of a result, whose dimensions must all be known.
pub(super) fn check_size(ty: &TensorType) -> Result<usize, Failure> {
    if ty.rank() > MAX_RANK {
        return Err(Failure::Limit(format!("a tensor of {} dimensions, more than {MAX_RANK}", ty.rank())));
    }
    let Some(shape) = ty.static_shape() else {
        return Err(Failure::Unsupported(format!("the shape {ty} of a result depends on data")));
    };
    match byte_len(ty.dtype, &shape) {
        Some(bytes) if bytes as u64 <= MAX_TENSOR_BYTES => Ok(bytes / ty.dtype.size()),
        _ => Err(Failure::Limit(format!("a result of type {ty} takes more than {} GiB", MAX_TENSOR_BYTES >> 30))),
    }
}

/// Elements read and written up to which an operation on constants is evaluated at once: the evaluator is naive, and
/// a constant that is computed takes memory that one in the file does not.
fn fold_limit(cost: CostClass) -> usize {
    match cost {
        // Another shape over the same memory.
        CostClass::Free => usize::MAX,
        CostClass::Elementwise | CostClass::Movement | CostClass::Gather => 1 << 16,
        _ => 1 << 12,
    }
}
