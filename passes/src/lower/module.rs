//! Lowers every function of a module.

use std::collections::HashMap;

use hwc_dialects::mlir::{OpView, tensor_type_from_mlir};
use melior::Context;
use melior::ir::attribute::TypeAttribute;
use melior::ir::operation::OperationLike;
use melior::ir::r#type::FunctionType;
use melior::ir::{BlockLike, Type, ValueLike};

use super::{Emitter, LowerCall, lower_operation};
use crate::codegen::ir::{self, Blk, Builder, Val};

/// Why a module could not be lowered.
#[derive(Debug, thiserror::Error)]
pub enum LowerError {
    /// The program is valid, but parts of it cannot be turned into native code: one line per operation.
    #[error("no native code for {} operation{}:\n  {}", .0.len(), if .0.len() == 1 { "" } else { "s" }, .0.join("\n  "))]
    Unsupported(Vec<String>),
    /// The module is not what the pass expects: a defect of the pass before it, or of hand-written input.
    #[error("cannot lower this module: {0}")]
    Malformed(String),
}

/// Replaces the `hwc` operations of every function by upstream dialects on tensors of storage types.
///
/// Expects functions of one block whose tensors have static shapes; calls and returns are kept.
pub fn lower<'c>(context: &'c Context, module: ir::Op<'c>) -> Result<(), LowerError> {
    let mut problems = Vec::new();
    for function in ir::functions(module) {
        lower_function(context, function, &mut problems)?;
    }
    if problems.is_empty() { Ok(()) } else { Err(LowerError::Unsupported(problems)) }
}

fn lower_function<'c>(
    context: &'c Context,
    function: ir::Op<'c>,
    problems: &mut Vec<String>,
) -> Result<(), LowerError> {
    let malformed = |what: &str| LowerError::Malformed(format!("{}: {what}", ir::symbol(function).unwrap_or("?")));
    let Some(block) = ir::entry(function) else {
        return retype_declaration(context, function).ok_or_else(|| malformed("has no static type"));
    };
    let operations = ir::block_ops(block);
    let emit = Emitter::new(Builder::at_end(context, function.location(), block));

    let mut values: HashMap<usize, Val<'c>> = HashMap::new();
    let count = block.argument_count();
    for argument in ir::arguments(block) {
        let ty =
            storage_type(&emit, argument.r#type()).ok_or_else(|| malformed("an argument has no static tensor type"))?;
        values.insert(ir::key(argument), block.add_argument(ty, function.location()));
    }
    for &operation in &operations {
        let emit = emit.at(operation.location());
        if lower_one(&emit, operation, &mut values, problems).map_err(|e| malformed(&e))?.is_none() {
            // Nothing stands for its results, so what follows cannot be built either; only look for more that is unsupported.
            for result in ir::results(operation) {
                if let Some(ty) = storage_type(&emit, result.r#type()) {
                    let placeholder = emit.value("tensor.empty", &[], ty, &[]);
                    values.insert(ir::key(result), placeholder);
                }
            }
        }
    }
    for &operation in operations.iter().rev() {
        ir::erase(operation);
    }
    for _ in 0..count {
        ir::erase_argument(block, 0);
    }
    retype(&emit, function, block).ok_or_else(|| malformed("has no return"))
}

/// Emits what stands for one operation; `None` where it was reported as a problem.
fn lower_one<'c>(
    emit: &Emitter<'c>,
    operation: ir::Op<'c>,
    values: &mut HashMap<usize, Val<'c>>,
    problems: &mut Vec<String>,
) -> Result<Option<()>, String> {
    let results = match OpView::of(&*operation) {
        None => keep(emit, operation, values)?,
        Some(view) => {
            let view = view.map_err(|e| e.to_string())?;
            let attrs = view.attrs.complete(view.op).map_err(|e| e.join("; "))?;
            let operands: Vec<Option<Val>> =
                view.operands.iter().map(|o| o.and_then(|v| values.get(&(v.to_raw().ptr as usize)).copied())).collect();
            let (operand_types, result_types) = (&view.operand_types, &view.result_types);
            let call =
                LowerCall { emit: *emit, op: view.op, attrs: &attrs, operands: &operands, operand_types, result_types };
            match lower_operation(&call) {
                Ok(results) => results,
                Err(reason) => {
                    problems.push(format!("{}: {}: {reason}", place(operation), view.op.info().name));
                    return Ok(None);
                }
            }
        }
    };
    let old = ir::results(operation);
    if old.len() != results.len() {
        return Err(format!("{} lowered to {} results, has {}", ir::name_of(operation), results.len(), old.len()));
    }
    for (old, new) in old.into_iter().zip(results) {
        let expected = storage_type(emit, old.r#type()).ok_or("a result has no static tensor type")?;
        if new.r#type() != expected {
            return Err(format!("{} lowered to {}, expected {expected}", ir::name_of(operation), new.r#type()));
        }
        values.insert(ir::key(old), new);
    }
    Ok(Some(()))
}

/// Calls, returns and places of parts stay, on the new values.
fn keep<'c>(
    emit: &Emitter<'c>,
    operation: ir::Op<'c>,
    values: &HashMap<usize, Val<'c>>,
) -> Result<Vec<Val<'c>>, String> {
    let operands = ir::operands(operation)
        .into_iter()
        .map(|v| values.get(&ir::key(v)).copied().ok_or("an operand is defined outside of the function"))
        .collect::<Result<Vec<_>, _>>()?;
    match ir::name_of(operation) {
        "func.return" => Ok(ir::results(emit.op("func.return", &operands, &[], &[]))),
        "func.call" => {
            let callee = operation.attribute("callee").map_err(|e| e.to_string())?;
            let types: Option<Vec<Type>> =
                ir::results(operation).iter().map(|r| storage_type(emit, r.r#type())).collect();
            let types = types.ok_or("a call has a result without static tensor type")?;
            Ok(ir::results(emit.op("func.call", &operands, &types, &[("callee", callee)])))
        }
        // The place of a result that is a part of a larger tensor.
        "tensor.empty" => {
            let ty = ir::results(operation).first().and_then(|r| storage_type(emit, r.r#type()));
            Ok(vec![emit.value("tensor.empty", &[], ty.ok_or("a tensor has no static type")?, &[])])
        }
        "tensor.insert_slice" => {
            let &[part, into] = &operands[..] else { return Err("a part has no static place".into()) };
            let offsets = operation.attribute("static_offsets").ok().and_then(ir::dense_i64).unwrap_or_default();
            let offsets: Vec<usize> = offsets.into_iter().map(|offset| offset.max(0) as usize).collect();
            Ok(vec![emit.insert_slice(part, into, &offsets, &vec![1; offsets.len()])])
        }
        name => Err(format!("holds {name}, which is neither of the dialect `hwc` nor a call nor a return")),
    }
}

/// Where an operation comes from: the node's name, or file, line and column.
fn place(operation: ir::Op) -> String {
    let location = operation.location();
    if location.is_name() {
        return format!("node `{}`", location.name_value().as_string_ref().as_str().unwrap_or("?"));
    }
    let text = location.to_string();
    text.trim_start_matches("loc(").trim_end_matches(')').replace('"', "")
}

fn storage_type<'c>(emit: &Emitter<'c>, ty: Type<'c>) -> Option<Type<'c>> {
    emit.tensor_of(&tensor_type_from_mlir(ty)?)
}

/// Gives a function without a body the type that it has once it is lowered.
fn retype_declaration<'c>(context: &'c Context, function: ir::Op<'c>) -> Option<()> {
    let emit = Emitter::new(Builder::before(context, function)?);
    let ty = TypeAttribute::try_from(function.attribute("function_type").ok()?).ok()?;
    let ty = FunctionType::try_from(ty.value()).ok()?;
    let inputs: Vec<Type> =
        (0..ty.input_count()).map(|i| storage_type(&emit, ty.input(i).ok()?)).collect::<Option<_>>()?;
    let results: Vec<Type> =
        (0..ty.result_count()).map(|i| storage_type(&emit, ty.result(i).ok()?)).collect::<Option<_>>()?;
    ir::set_attribute(function, "function_type", emit.type_attribute(emit.function_type(&inputs, &results)));
    Some(())
}

/// Gives a function the type that its block's arguments and return have.
fn retype<'c>(emit: &Emitter<'c>, function: ir::Op<'c>, block: Blk<'c>) -> Option<()> {
    let inputs: Vec<Type> = ir::arguments(block).iter().map(|a| a.r#type()).collect();
    let end = *ir::block_ops(block).last().filter(|op| ir::is(**op, "func.return"))?;
    let results: Vec<Type> = ir::operands(end).iter().map(|r| r.r#type()).collect();
    ir::set_attribute(function, "function_type", emit.type_attribute(emit.function_type(&inputs, &results)));
    Some(())
}
