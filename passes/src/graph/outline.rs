//! Moves each group of operations into a kernel of its own.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt::Write;

use hwc_dialects::mlir::hwk::{CONSTANTS, GROUPS, KERNEL, LAUNCH, STRIDES, YIELD};
use hwc_dialects::mlir::{OpView, tensor_type_from_mlir};
use hwc_dialects::{CostClass, Op};
use melior::Context;
use melior::ir::attribute::{ArrayAttribute, DenseI64ArrayAttribute, FlatSymbolRefAttribute};
use melior::ir::operation::OperationLike;
use melior::ir::{Attribute, BlockLike, Location, Type, ValueLike};

use super::edit::erase_unused;
use super::group::{Group, Node, groups};
use super::nodes::nodes;
use super::{GraphError, chosen, pricing, views};
use crate::codegen::ir::{self, Builder, Val};
use crate::optimize::cost::Cost;

/// Replaces the operations of `main` by launches of kernels (`hwk.kernel`), one per distinct group of operations.
///
/// Expects one function, `main`, of `hwc` operations. Afterwards `main` holds launches, constants, reshapes,
/// concatenations that the kernels of all operands write to, and a return; the kernels hold `hwc` operations. Groups that
/// differ only in the values they work on share a kernel.
///
/// Operations may carry the groups that they were chosen for ([`super::chosen`]); each launch carries those that it does
/// the work of. Such groups are merged only where that costs no more.
///
/// # Errors
/// Where the module is no graph.
pub fn form_kernels<'c>(context: &'c Context, module: ir::Op<'c>, cost: Option<&dyn Cost>) -> Result<(), GraphError> {
    let functions = ir::functions(module);
    let [main] = functions[..] else {
        return Err(GraphError::Malformed(format!("expected one function, found {}", functions.len())));
    };
    let block = ir::entry(main).ok_or_else(|| GraphError::Malformed("the function has no body".into()))?;
    let operations = ir::block_ops(block);
    let mut nodes = nodes(&operations)?;
    views::free(&operations, &mut nodes);
    let price = |members: &BTreeSet<usize>, stored: &[usize]| {
        let members: Vec<ir::Op> = members.iter().map(|number| operations[*number]).collect();
        let stored: Vec<Val> = stored.iter().flat_map(|number| ir::results(operations[*number])).collect();
        let is_constant = |value| ir::defining_op(value).is_some_and(|op| ir::is(op, "hwc.constant"));
        pricing::seconds(&members, &stored, &is_constant, cost?).ok()?
    };
    let groups = groups(&nodes, &price);

    let body = *ir::op_blocks(module).first().ok_or_else(|| GraphError::Malformed("no module".into()))?;
    let free = |op| operations.iter().zip(&nodes).filter(move |(_, node)| node.free && node.op == op);
    let concats = free(Op::Concat).map(|(operation, _)| ir::op_key(*operation)).collect();
    let copied = operations
        .iter()
        .zip(&nodes)
        .map(|(operation, node)| is_small_constant(*operation) || node.free && ir::is(*operation, views::SLICE));
    let copied: Vec<bool> = copied.collect();
    let mut outliner = Outliner { context, body, concats, names: HashMap::new(), counts: HashMap::new() };
    let separated = separated(context, &operations, &groups);
    for (group, computed) in groups.iter().zip(separated) {
        let Some((&number, &last)) = computed.last_key_value() else { continue };
        let results = leaving(&computed, last, group.own.contains(&number));
        if let Some(launch) = outliner.replace(last, &kernel(&operations, &nodes, &copied, computed), &results) {
            chosen::write(context, launch, &group.chosen.iter().copied().collect::<Vec<_>>());
        }
    }
    mark_constants(context, module);
    // What is left without a reader was moved or copied into kernels, or is dead.
    erase_unused(block);
    sort(block);
    Ok(())
}

/// The operations of each group by number: those that another group stores are copied, so that no two groups share any.
fn separated<'c>(
    context: &'c Context,
    operations: &[ir::Op<'c>],
    groups: &[Group],
) -> Vec<BTreeMap<usize, ir::Op<'c>>> {
    let mut separated = vec![];
    let mut reads = vec![];
    for group in groups {
        // What is copied stands for its original where this group reads it.
        let mut copies: HashMap<usize, Val<'c>> = HashMap::new();
        let mut computed = BTreeMap::new();
        for &number in &group.members {
            let operation = operations[number];
            if group.own.contains(&number) {
                let operands = ir::operands(operation).into_iter().enumerate();
                reads.extend(operands.filter_map(|(i, value)| Some((operation, i, *copies.get(&ir::key(value))?))));
                computed.insert(number, operation);
            } else if let Some(builder) = Builder::before(context, operation) {
                ir::copy_ops(&builder, &[operation], &mut copies);
                let copy =
                    ir::results(operation).first().and_then(|value| ir::defining_op(*copies.get(&ir::key(*value))?));
                computed.extend(copy.map(|copy| (number, copy)));
            }
        }
        separated.push(computed);
    }
    // Only now: copies are made of operations as they were.
    for (operation, i, value) in reads {
        ir::set_operand(operation, i, value);
    }
    separated
}

/// The results of a group that others read, and those of its last operation where it is the one to store them.
fn leaving<'c>(computed: &BTreeMap<usize, ir::Op<'c>>, last: ir::Op<'c>, stores_last: bool) -> Vec<Val<'c>> {
    let inside: HashSet<usize> = computed.values().map(|op| ir::op_key(*op)).collect();
    let is_read = |v: &Val<'c>| ir::users(*v).into_iter().any(|user| !inside.contains(&ir::op_key(user)));
    let early = computed.values().filter(|op| ir::op_key(**op) != ir::op_key(last));
    let early = early.flat_map(|op| ir::results(*op)).filter(is_read);
    early.chain(if stores_last { ir::results(last) } else { vec![] }).collect()
}

/// Puts every operation after those that make its operands: a kernel stands where its last operation was, and what reads
/// an earlier one of it may have stood before.
fn sort(block: ir::Blk) {
    let operations = ir::block_ops(block);
    let Some((&end, rest)) = operations.split_last() else { return };
    let mut placed: HashSet<usize> = HashSet::new();
    let mut stack: Vec<ir::Op> = rest.iter().rev().copied().collect();
    while let Some(&operation) = stack.last() {
        let makers = ir::operands(operation).into_iter().filter_map(ir::defining_op);
        let missing: Vec<ir::Op> = makers.filter(|maker| !placed.contains(&ir::op_key(*maker))).collect();
        if missing.is_empty() {
            stack.pop();
            if placed.insert(ir::op_key(operation)) {
                ir::move_before(operation, end);
            }
        } else {
            stack.extend(missing);
        }
    }
}

/// The operations of one kernel in order: its group, and what becomes part of its code of what it reads: small constants
/// and slices.
fn kernel<'c>(
    operations: &[ir::Op<'c>],
    nodes: &[Node],
    copied: &[bool],
    mut computed: BTreeMap<usize, ir::Op<'c>>,
) -> Vec<ir::Op<'c>> {
    let mut left: Vec<usize> = computed.keys().copied().collect();
    while let Some(member) = left.pop() {
        for &producer in nodes[member].producers.iter().filter(|producer| copied[**producer]) {
            computed.entry(producer).or_insert_with(|| {
                left.push(producer);
                operations[producer]
            });
        }
    }
    computed.into_values().collect()
}

/// Constants of one element become part of the code; larger ones stay data.
fn is_small_constant(operation: ir::Op) -> bool {
    let one = |r: &Val| tensor_type_from_mlir(r.r#type()).and_then(|ty| ty.elements()).is_some_and(|n| n <= 1);
    ir::is(operation, "hwc.constant") && ir::results(operation).first().is_some_and(one)
}

struct Outliner<'c> {
    context: &'c Context,
    /// Where kernels are appended.
    body: ir::Blk<'c>,
    /// Concatenations whose operands are written in place.
    concats: HashSet<usize>,
    /// Names of the kernels made, by the text that is the same for equal groups.
    names: HashMap<String, String>,
    /// How many kernels are named after an operator.
    counts: HashMap<&'static str, usize>,
}

impl<'c> Outliner<'c> {
    /// Puts a launch before `last` and lets it stand for `results`, if there are any.
    fn replace(&mut self, last: ir::Op<'c>, members: &[ir::Op<'c>], results: &[Val<'c>]) -> Option<ir::Op<'c>> {
        if results.is_empty() {
            return None;
        }
        let mut inputs: Vec<Val<'c>> = Vec::new();
        let inside: HashSet<usize> = members.iter().flat_map(|op| ir::results(*op)).map(ir::key).collect();
        for value in members.iter().flat_map(|op| ir::operands(*op)) {
            if !inside.contains(&ir::key(value)) && !inputs.iter().any(|v| ir::key(*v) == ir::key(value)) {
                inputs.push(value);
            }
        }
        let strides: Vec<Vec<i64>> = results.iter().map(|r| self.strides(*r).unwrap_or_default()).collect();
        let signature = format!("{}; {strides:?}", signature(members, &inputs, results));
        let name = match self.names.get(&signature) {
            Some(name) => name.clone(),
            None => {
                let name = self.name(members, last);
                let kernel = self.define(&name, members, &inputs, results, last);
                if strides.iter().any(|strides| !strides.is_empty()) {
                    let all = strides.iter().map(|strides| DenseI64ArrayAttribute::new(self.context, strides).into());
                    let all: Vec<Attribute> = all.collect();
                    kernel.iter().for_each(|kernel| {
                        ir::set_attribute(*kernel, STRIDES, ArrayAttribute::new(self.context, &all).into());
                    });
                }
                self.names.insert(signature, name.clone());
                name
            }
        };
        let mut builder = Builder::before(self.context, last)?;
        // A launch is where all of its operations were.
        let locations: Vec<Location> = members.iter().map(|op| op.location()).collect();
        builder.location = Location::fused(self.context, &locations, builder.unit());
        let types: Vec<Type> = results.iter().map(|r| r.r#type()).collect();
        let kernel = FlatSymbolRefAttribute::new(self.context, &name).into();
        let launch = builder.op(LAUNCH, &inputs, &types, &[("kernel", kernel)]);
        for (old, new) in results.iter().zip(ir::results(launch)) {
            ir::replace_uses(*old, new);
        }
        Some(launch)
    }

    /// How far apart the elements of a result lie, if it is no whole.
    fn strides(&self, result: Val<'c>) -> Option<Vec<i64>> {
        let concat = ir::users(result).into_iter().find(|user| self.concats.contains(&ir::op_key(*user)))?;
        views::strides(concat)
    }

    /// A kernel is named after its anchor, or after its last operation where all are elementwise.
    fn name(&mut self, members: &[ir::Op<'c>], last: ir::Op<'c>) -> String {
        let op = |operation: &ir::Op| Op::from_name(ir::name_of(*operation)).map(Op::info);
        let is_view = |operation: &&ir::Op| **operation != last && ir::is(**operation, views::SLICE);
        let anchor = members
            .iter()
            .filter(|operation| !is_view(operation))
            .filter_map(op)
            .find(|info| !matches!(info.cost, CostClass::Elementwise | CostClass::Free))
            .or_else(|| op(&last));
        let stem = anchor.map_or("kernel", |info| info.mnemonic);
        let count = self.counts.entry(stem).or_default();
        *count += 1;
        format!("{stem}_{}", *count - 1)
    }

    fn define(
        &self,
        name: &str,
        members: &[ir::Op<'c>],
        inputs: &[Val<'c>],
        results: &[Val<'c>],
        last: ir::Op<'c>,
    ) -> Option<ir::Op<'c>> {
        let types: Vec<Type> = inputs.iter().map(|v| v.r#type()).collect();
        let result_types: Vec<Type> = results.iter().map(|r| r.r#type()).collect();
        let builder = Builder::at_end(self.context, last.location(), self.body);
        let kernel = builder.op_with_regions(
            KERNEL,
            &[],
            &[],
            &[
                ("sym_name", builder.string(name)),
                ("function_type", builder.type_attribute(builder.function_type(&types, &result_types))),
            ],
            &[&types],
        );
        let block = ir::entry(kernel)?;
        let mut values: HashMap<usize, Val<'c>> =
            inputs.iter().zip(ir::arguments(block)).map(|(old, new)| (ir::key(*old), new)).collect();
        let inner = Builder::at_end(self.context, last.location(), block);
        ir::copy_ops(&inner, members, &mut values);
        ir::block_ops(block).into_iter().for_each(|op| ir::remove_attribute(op, GROUPS));
        let given: Vec<Val> = results.iter().filter_map(|r| values.get(&ir::key(*r)).copied()).collect();
        inner.op(YIELD, &given, &[], &[]);
        Some(kernel)
    }
}

/// Tells each kernel which of its arguments are constants wherever it is launched.
pub fn mark_constants<'c>(context: &'c Context, module: ir::Op<'c>) {
    let launches: Vec<ir::Op> = ir::walk(module).into_iter().filter(|op| ir::is(*op, LAUNCH)).collect();
    for kernel in ir::hwk_kernels(module) {
        let launched = |op: &&ir::Op<'c>| op.attribute("kernel").ok().and_then(ir::string_value) == ir::symbol(kernel);
        let mine: Vec<&ir::Op> = launches.iter().filter(launched).collect();
        let is_constant = |position: &i64| {
            mine.iter().all(|launch| {
                let operand = ir::operand(**launch, *position as usize);
                operand.and_then(ir::defining_op).is_some_and(|op| ir::is(op, "hwc.constant"))
            })
        };
        let count = ir::entry(kernel).map_or(0, |block| block.argument_count()) as i64;
        let constants: Vec<i64> = (0..count).filter(is_constant).collect();
        if constants.is_empty() {
            ir::remove_attribute(kernel, CONSTANTS);
        } else {
            ir::set_attribute(kernel, CONSTANTS, DenseI64ArrayAttribute::new(context, &constants).into());
        }
    }
}

/// A text that is equal for groups that compute the same function of their inputs.
fn signature<'c>(members: &[ir::Op<'c>], inputs: &[Val<'c>], results: &[Val<'c>]) -> String {
    let mut names: HashMap<usize, usize> = HashMap::new();
    let mut text = String::new();
    for value in inputs {
        let number = names.len();
        names.insert(ir::key(*value), number);
        let _ = write!(text, "{} ", value.r#type());
    }
    for member in members {
        let _ = write!(text, "; {}", ir::name_of(*member));
        if let Some(Ok(view)) = OpView::of(&**member) {
            for (name, value) in view.attrs.iter() {
                match value {
                    // A tensor's debug form shows no elements.
                    hwc_dialects::Attr::Elements(tensor) => {
                        let _ = write!(text, " {name}={tensor:?}{:?}", tensor.bytes());
                    }
                    value => {
                        let _ = write!(text, " {name}={value:?}");
                    }
                }
            }
            for operand in &view.operands {
                let number = operand.and_then(|v| names.get(&(v.to_raw().ptr as usize)).copied());
                let _ = write!(text, " {number:?}");
            }
        }
        for result in ir::results(*member) {
            let number = names.len();
            names.insert(ir::key(result), number);
            let _ = write!(text, " {}", result.r#type());
        }
    }
    for result in results {
        let _ = write!(text, "; {:?}", names.get(&ir::key(*result)));
    }
    text
}
