//! What `main` does, read out of the IR: inputs, constants, calls and results, and where each value lives.

use std::collections::{BTreeMap, HashMap};

use hwc_dialects::mlir::hwk::CONSTANTS;
use melior::ir::{ValueLike, operation::OperationLike};
use serde::{Deserialize, Serialize};

use super::{
    arena::{self, Lifetime},
    order::Order,
    weights::{self, Weights},
};
use crate::codegen::kernel::{destination, phases::Phase};
use crate::codegen::{
    error::{CodegenError, Result},
    ffi::{self, Elements},
    ir::{self, Op, Val},
};

/// The name of the function that is the model.
pub const MAIN: &str = "main";

/// Buffers larger than this are refused: they cannot be allocated, and offsets stay far from overflow.
const LARGEST: u64 = 1 << 44;

/// Operations in `main` that give the same bytes another shape.
const VIEWS: &[&str] = &["tensor.collapse_shape", "tensor.expand_shape", "tensor.cast"];

/// Where a value is in the arena before it has a place.
const UNPLACED: Place = Place::Arena(u64::MAX);

/// Index of a value in [`Program::values`].
pub type ValueId = usize;

/// Where the bytes of a value are while the model runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The n-th input, bound by the caller.
    Input(usize),
    /// The n-th output, bound by the caller.
    Output(usize),
    /// An offset in the weights; a constant has none before [`Program::place`].
    Weights(u64),
    /// An offset in the arena.
    Arena(u64),
    /// An offset in another value, of which it is a part.
    Part(ValueId, u64),
}

/// A value of `main` that has bytes of its own; views name the value they look at.
#[derive(Clone, Copy, Debug)]
pub struct Value {
    pub bytes: u64,
    pub place: Place,
}

/// The elements of a constant, and the order in which its readers expect them if not row-major.
#[derive(Clone, Debug)]
struct Constant<'c> {
    value: ValueId,
    elements: Elements<'c>,
    count: u64,
    order: Option<Order>,
}

/// A call of a kernel. `scratch` is its offset in the arena.
#[derive(Clone, Debug)]
pub struct Call {
    pub kernel: usize,
    pub arguments: Vec<ValueId>,
    pub results: Vec<ValueId>,
    pub scratch: u64,
}

/// Bytes to copy after the last call, into an output that is an input, a constant or another output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copy {
    pub from: ValueId,
    pub output: usize,
    pub bytes: u64,
}

/// What those who call a kernel have to know of its code.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interface {
    /// The functions that it has become, to be called one after the other.
    pub phases: Vec<Phase>,
    /// Bytes of memory it works in, beside its arguments and results.
    pub scratch: u64,
    /// Arguments whose elements it takes in another order; all are [constants](Program::constant_arguments).
    pub orders: Vec<(usize, Order)>,
}

/// A kernel as machine code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KernelCode {
    pub interface: Interface,
    /// ELF relocatable object; defines what [`Interface::phases`] names, hidden from other libraries.
    pub object: Vec<u8>,
}

/// A kernel that is called.
#[derive(Clone, Debug, Default)]
pub struct Kernel {
    pub name: String,
    /// The arguments that may be treated as constants, if not all that are.
    constants: Option<Vec<i64>>,
    pub interface: Interface,
}

/// The model as straight-line calls.
#[derive(Debug, Default)]
pub struct Program<'c> {
    pub values: Vec<Value>,
    constants: Vec<Constant<'c>>,
    pub calls: Vec<Call>,
    pub copies: Vec<Copy>,
    /// The kernels, in order of first call.
    pub kernels: Vec<Kernel>,
    pub weights: Weights<'c>,
    pub input_count: usize,
    pub output_count: usize,
    pub arena_bytes: u64,
}

/// Reads `main`. Values that kernels compute get their final place only from [`Program::place`]. Kernels need no body
/// whose code is known.
///
/// # Errors
/// [`CodegenError::KernelForm`] with everything in `main` that is not in kernel form.
pub fn read<'c>(module: Op<'c>, known: &BTreeMap<String, KernelCode>) -> Result<Program<'c>> {
    let functions = ir::functions(module);
    let main = functions.iter().copied().find(|f| ir::symbol(*f) == Some(MAIN));
    let Some(block) = main.and_then(ir::entry) else {
        return Err(CodegenError::KernelForm(vec![format!("there is no function @{MAIN} with a body")]));
    };
    let (of, kernels, strides) = (HashMap::new(), HashMap::new(), BTreeMap::new());
    let mut reader = Reader { program: Program::default(), known, of, kernels, strides, problems: vec![] };
    for (i, argument) in ir::arguments(block).into_iter().enumerate() {
        reader.define(argument, Place::Input(i), &format!("input {i}"));
        reader.program.input_count += 1;
    }
    for op in ir::block_ops(block) {
        reader.operation(op, &functions);
    }
    let values = &reader.program.values;
    let lost = reader.strides.iter().filter(|(value, strides)| !strides.is_empty() && values[**value].bytes > 0);
    let lost = lost.count();
    if lost > 0 {
        reader.problems.push(format!("{lost} results in @{MAIN} are written as parts of tensors that are not there"));
    }
    if reader.problems.is_empty() { Ok(reader.program) } else { Err(CodegenError::KernelForm(reader.problems)) }
}

struct Reader<'c, 'k> {
    program: Program<'c>,
    known: &'k BTreeMap<String, KernelCode>,
    of: HashMap<usize, ValueId>,
    kernels: HashMap<&'c str, usize>,
    /// How the results of calls lie, that are no parts so far.
    strides: BTreeMap<ValueId, Vec<i64>>,
    problems: Vec<String>,
}

impl<'c> Reader<'c, '_> {
    fn problem(&mut self, op: Op<'c>, what: &str) {
        self.problems.push(format!("{}: {} in @{MAIN}: {what}", op.location(), ir::name_of(op)));
    }

    fn define(&mut self, value: Val<'c>, place: Place, what: &str) -> ValueId {
        let bytes = match ir::type_bytes(value.r#type()) {
            Some(bytes) if bytes <= LARGEST && ir::is_tensor(value.r#type()) => bytes,
            _ => {
                self.problems.push(format!("{what} of @{MAIN} has type {}: not a static tensor", value.r#type()));
                0
            }
        };
        let id = self.program.values.len();
        self.program.values.push(Value { bytes, place });
        self.of.insert(ir::key(value), id);
        id
    }

    fn operation(&mut self, op: Op<'c>, functions: &[Op<'c>]) {
        let name = ir::name_of(op);
        let operands: Vec<ValueId> =
            op.operands().map(|v| self.of.get(&ir::key(v)).copied().unwrap_or_default()).collect();
        if name == "func.return" {
            self.returns(&operands);
        } else if name == "func.call" {
            self.call(op, operands, functions);
        } else if VIEWS.contains(&name) {
            if let Some(&viewed) = operands.first() {
                self.of.insert(ir::key(ir::result(op, 0)), viewed);
            }
        } else if name == "tensor.empty" {
            // Concatenations begin with one, and may share it: it has no elements yet.
        } else if name == "tensor.insert_slice" {
            self.insert(op, &operands);
        } else if op.operand_count() == 0 && op.result_count() == 1 && op.region_count() == 0 {
            self.constant(op);
        } else {
            self.problem(op, "only constants, calls of kernels, reshapes, concatenations of what they make and the return may stand here");
        }
    }

    fn constant(&mut self, op: Op<'c>) {
        let Some(elements) = op.attribute("value").ok().and_then(ffi::elements) else {
            return self.problem(op, "a constant has an attribute `value` that holds its elements");
        };
        let value = ir::result(op, 0);
        let id = self.define(value, Place::Weights(0), "a constant");
        let bytes = self.program.values[id].bytes;
        let count = ir::static_shape(value.r#type()).and_then(|s| ir::element_count(&s)).unwrap_or(0);
        if !weights::fill(elements, count, bytes) {
            return self.problem(op, &format!("the elements held do not fill {}", value.r#type()));
        }
        self.program.constants.push(Constant { value: id, elements, count, order: None });
    }

    fn call(&mut self, op: Op<'c>, arguments: Vec<ValueId>, functions: &[Op<'c>]) {
        let callee = op.attribute("callee").ok().and_then(ir::string_value).unwrap_or("");
        let known = self.known.get(callee);
        let function = functions.iter().find(|f| ir::symbol(**f) == Some(callee));
        let function = function.filter(|f| callee != MAIN && (known.is_some() || ir::entry(**f).is_some()));
        let Some(function) = function else {
            return self.problem(op, &format!("@{callee} is not a kernel with a body"));
        };
        let next = self.kernels.len();
        let kernel = *self.kernels.entry(callee).or_insert(next);
        if kernel == next {
            let constants = function.attribute(CONSTANTS).ok().and_then(ir::dense_i64);
            let interface = known.map(|code| code.interface.clone()).unwrap_or_default();
            self.program.kernels.push(Kernel { name: callee.to_owned(), constants, interface });
        }
        let results: Vec<ValueId> =
            op.results().map(|r| self.define(r.into(), UNPLACED, "a result of a call")).collect();
        let strides = destination::strides(*function);
        for (i, result) in results.iter().enumerate() {
            let whole = row_major(&ir::static_shape(ir::result(op, i).r#type()).unwrap_or_default());
            let strides = strides.get(i).cloned().filter(|strides| *strides != whole).unwrap_or_default();
            self.strides.insert(*result, strides);
        }
        self.program.calls.push(Call { kernel, arguments, results, scratch: 0 });
    }

    /// A call's result becomes a part of another value.
    fn insert(&mut self, op: Op<'c>, operands: &[ValueId]) {
        let &[part, whole] = operands else { return self.problem(op, "the place is not static") };
        let is_first = ir::operand(op, 1).and_then(ir::defining_op).is_some_and(|op| ir::is(op, "tensor.empty"));
        let result = ir::result(op, 0);
        let whole = if is_first { self.define(result, UNPLACED, "a concatenation") } else { whole };
        self.of.insert(ir::key(result), whole);
        let ty = |i: usize| ir::operand(op, i).map(|v| v.r#type());
        let shape = |i: usize| ty(i).and_then(ir::static_shape).unwrap_or_default();
        let strides = row_major(&shape(1));
        let offsets = op.attribute("static_offsets").ok().and_then(ir::dense_i64).unwrap_or_default();
        let offset: i64 = offsets.iter().zip(&strides).map(|(offset, stride)| offset * stride).sum();
        let bytes = ty(0).map_or(0, |ty| ir::byte_width(ir::element_type(ty)));
        let steps = op.attribute("static_strides").ok().and_then(ir::dense_i64).unwrap_or_default();
        let own = match self.strides.remove(&part) {
            Some(own) if !own.is_empty() => own,
            Some(_) => row_major(&shape(0)),
            None => return self.problem(op, "only a result of a call that is nowhere else is written to its place"),
        };
        let fits = shape(0).iter().zip(own.iter().zip(&strides)).all(|(n, (a, b))| *n < 2 || a == b);
        let is_inside = offset >= 0 && offsets.len() == strides.len() && steps.iter().all(|step| *step == 1);
        if !fits || !is_inside || self.program.values[whole].place != UNPLACED {
            return self.problem(op, "the kernel does not write to this place");
        }
        self.program.values[part].place = Place::Part(whole, offset as u64 * bytes);
    }

    fn returns(&mut self, operands: &[ValueId]) {
        self.program.output_count = operands.len();
        for (output, &from) in operands.iter().enumerate() {
            let Value { bytes, place } = &mut self.program.values[from];
            match place {
                // The kernel that computes the value writes the output itself.
                Place::Arena(_) => *place = Place::Output(output),
                _ if *bytes == 0 => {}
                _ => self.program.copies.push(Copy { from, output, bytes: *bytes }),
            }
        }
    }
}

/// How far apart the elements of a row-major tensor lie along each axis.
fn row_major(shape: &[i64]) -> Vec<i64> {
    (0..shape.len()).map(|i| shape[i + 1..].iter().product()).collect()
}

impl<'c> Program<'c> {
    /// The number of a kernel's function in [`Self::kernels`], if it is called.
    pub fn number_of(&self, kernel: Op<'_>) -> Option<usize> {
        self.kernels.iter().position(|k| ir::symbol(kernel) == Some(&k.name))
    }

    /// For each argument of a kernel whether it is a constant in all calls. Arguments without elements, which are no
    /// arguments of the code, are left out.
    pub fn constant_arguments(&self, kernel: usize) -> Vec<bool> {
        let may_be = |i: usize| self.kernels[kernel].constants.as_ref().is_none_or(|all| all.contains(&(i as i64)));
        let mut all: Option<Vec<bool>> = None;
        for call in self.calls.iter().filter(|call| call.kernel == kernel) {
            let arguments = call.arguments.iter().map(|v| self.values[*v]).enumerate();
            let arguments = arguments.filter(|(_, value)| value.bytes > 0);
            let constant = arguments.map(|(i, value)| may_be(i) && matches!(value.place, Place::Weights(_)));
            let constant: Vec<bool> = constant.collect();
            all = Some(all.map_or(constant.clone(), |all| all.iter().zip(constant).map(|(a, b)| *a && b).collect()));
        }
        all.unwrap_or_default()
    }

    fn with_elements(&self, call: &Call) -> impl Iterator<Item = ValueId> {
        call.arguments.iter().copied().filter(|v| self.values[*v].bytes > 0)
    }

    /// The values that a call hands to its kernel's code, by address: arguments, then results. What has no elements is
    /// left out.
    pub fn addressed(&self, call: &Call) -> impl Iterator<Item = ValueId> {
        let results = call.results.iter().copied().filter(|v| self.values[*v].bytes > 0);
        self.with_elements(call).chain(results)
    }

    /// How many addresses the code of a kernel takes: those of [values](Self::addressed) and of its scratch memory.
    pub fn pointers(&self, kernel: usize) -> usize {
        let call = self.calls.iter().find(|call| call.kernel == kernel);
        call.map_or(0, |call| self.addressed(call).count() + 1)
    }

    /// Gives each kernel that is called its arguments in the orders it takes.
    ///
    /// # Errors
    /// An internal error where such an argument is not a constant.
    fn reorder_constants(&mut self) -> Result<()> {
        let called = self.call_counts();
        for kernel in (0..self.kernels.len()).filter(|kernel| called[*kernel] > 0) {
            let constant = self.constant_arguments(kernel);
            for (argument, order) in self.kernels[kernel].interface.orders.clone() {
                if constant.get(argument) != Some(&true) {
                    let name = &self.kernels[kernel].name;
                    return Err(CodegenError::internal(format!("@{name} takes another order of what is not constant")));
                }
                self.reorder(kernel, argument, &order);
            }
        }
        Ok(())
    }

    /// Hands a kernel one of its [constant arguments](Self::constant_arguments) in another order.
    fn reorder(&mut self, kernel: usize, argument: usize, order: &Order) {
        let calls: Vec<usize> = (0..self.calls.len()).filter(|&c| self.calls[c].kernel == kernel).collect();
        for call in calls {
            let Some(value) = self.with_elements(&self.calls[call]).nth(argument) else { continue };
            let Some(constant) = self.constants.iter().find(|c| c.value == value).cloned() else { continue };
            let known = self.constants.iter().find(|c| {
                c.order.as_ref() == Some(order) && c.elements == constant.elements && c.count == constant.count
            });
            let reordered = known.map(|c| c.value).unwrap_or_else(|| {
                self.values.push(self.values[value]);
                let constant = Constant { value: self.values.len() - 1, order: Some(order.clone()), ..constant };
                self.constants.push(constant);
                self.values.len() - 1
            });
            let values = &self.values;
            let slots = self.calls[call].arguments.iter_mut().filter(|v| values[**v].bytes > 0);
            slots.skip(argument).take(1).for_each(|slot| *slot = reordered);
        }
    }

    /// Lays out the constants that are read.
    fn place_weights(&mut self) -> Result<()> {
        let mut read = vec![false; self.values.len()];
        self.calls.iter().flat_map(|call| &call.arguments).for_each(|&v| read[v] = true);
        self.copies.iter().for_each(|copy| read[copy.from] = true);
        for constant in self.constants.iter().filter(|c| read[c.value]) {
            let Constant { value, elements, count, order } = constant;
            let bytes = self.values[*value].bytes;
            let offset = self.weights.add(*elements, *count, bytes, order.as_ref());
            let offset = offset.ok_or_else(|| CodegenError::internal("a constant without its elements"))?;
            self.values[*value].place = Place::Weights(offset);
        }
        Ok(())
    }

    /// Gives every constant its place in the weights, every computed value and every call's scratch memory its place in
    /// the arena.
    ///
    /// # Errors
    /// An internal error if a constant's elements are not there.
    pub fn place(&mut self) -> Result<()> {
        self.reorder_constants()?;
        self.place_weights()?;
        let mut lives: Vec<Lifetime> = Vec::new();
        let mut last_use: HashMap<ValueId, usize> = HashMap::new();
        for (step, call) in self.calls.iter().enumerate() {
            for &value in call.arguments.iter().chain(&call.results) {
                last_use.insert(self.whole(value), step);
            }
        }
        for copy in &self.copies {
            last_use.insert(self.whole(copy.from), self.calls.len());
        }
        let mut owners = Vec::new();
        let mut begun = vec![false; self.values.len()];
        for (step, call) in self.calls.iter().enumerate() {
            lives.push(Lifetime { bytes: self.kernels[call.kernel].interface.scratch, first: step, last: step });
            owners.push(None);
            let results = call.results.iter().map(|&r| self.whole(r));
            for result in results.filter(|&r| matches!(self.values[r].place, Place::Arena(_))) {
                if std::mem::replace(&mut begun[result], true) {
                    continue;
                }
                let last = last_use.get(&result).copied().unwrap_or(step);
                lives.push(Lifetime { bytes: self.values[result].bytes, first: step, last });
                owners.push(Some(result));
            }
        }
        let layout = arena::assign(&lives);
        let mut calls = self.calls.iter_mut();
        for (owner, &offset) in owners.iter().zip(&layout.offsets) {
            match owner {
                Some(value) => self.values[*value].place = Place::Arena(offset),
                None => {
                    if let Some(call) = calls.next() {
                        call.scratch = offset;
                    }
                }
            }
        }
        self.arena_bytes = layout.bytes;
        Ok(())
    }

    /// The value that has memory of its own, of which a value is a part or the whole.
    fn whole(&self, value: ValueId) -> ValueId {
        match self.values[value].place {
            Place::Part(whole, _) => self.whole(whole),
            _ => value,
        }
    }

    /// Drops the calls whose results nobody reads, or have no elements.
    pub fn drop_dead_calls(&mut self) {
        let mut read = vec![false; self.values.len()];
        for copy in &self.copies {
            read[self.whole(copy.from)] = true;
        }
        let mut live = Vec::with_capacity(self.calls.len());
        for call in std::mem::take(&mut self.calls).into_iter().rev() {
            let is_read = |r: ValueId| {
                let whole = self.whole(r);
                read[whole] || matches!(self.values[whole].place, Place::Output(_))
            };
            let needed = call.results.iter().any(|&r| self.values[r].bytes > 0 && is_read(r));
            if needed {
                call.arguments.iter().for_each(|&a| read[self.whole(a)] = true);
                live.push(call);
            }
        }
        live.reverse();
        self.calls = live;
    }

    /// The kernels that are called, and how often.
    pub fn called(&self) -> impl Iterator<Item = (&Kernel, usize)> {
        self.kernels.iter().zip(self.call_counts()).filter(|(_, calls)| *calls > 0)
    }

    /// How often each kernel is called.
    fn call_counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.kernels.len()];
        self.calls.iter().for_each(|call| counts[call.kernel] += 1);
        counts
    }
}
