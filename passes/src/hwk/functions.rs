//! Pass `hwk-to-functions`: kernels become functions for the passes below, which work on those.

use std::collections::HashMap;

use hwc_dialects::TensorType;
use hwc_dialects::mlir::hwk::{CLAUSES, CONSTANTS, Choice, LAUNCH, STRIDES, YIELD};
use hwc_dialects::mlir::{constant_attribute, tensor_type_from_mlir};
use hwc_runtime::{DType, Tensor};
use melior::Context;
use melior::ir::attribute::{DenseI32ArrayAttribute, DenseI64ArrayAttribute, FlatSymbolRefAttribute};
use melior::ir::operation::OperationLike;
use melior::ir::r#type::RankedTensorType;
use melior::ir::{BlockLike, Module, Type, ValueLike};

use super::GraphError;
use crate::codegen::error::Result as CodegenResult;
use crate::codegen::ir::{self, Builder, Val};
use crate::codegen::kernel::destination;
use crate::codegen::structured::attribute;

/// Replaces each `hwk.kernel` by a private function and each `hwk.launch` by a call of it. Clauses of kernels become
/// attributes of functions, `hwk.space` and so on. Functions of kernels that are `known` get no body.
pub fn to_functions<'c>(
    context: &'c Context,
    module: ir::Op<'c>,
    known: impl Fn(&str) -> bool,
) -> Result<(), GraphError> {
    let malformed = |what: &str| GraphError::Malformed(what.to_string());
    for kernel in ir::hwk_kernels(module) {
        let block = ir::entry(kernel).ok_or_else(|| malformed("a kernel has no body"))?;
        let builder = Builder::before(context, kernel).ok_or_else(|| malformed("a kernel is in no module"))?;
        let ty = kernel.attribute("function_type").map_err(|_| malformed("a kernel has no type"))?;
        let types: Vec<Type> = ir::arguments(block).iter().map(|a| a.r#type()).collect();
        let mut attributes = vec![
            ("sym_name".to_string(), builder.string(ir::symbol(kernel).unwrap_or("?"))),
            ("function_type".into(), ty),
            ("sym_visibility".into(), builder.string("private")),
        ];
        for clause in CLAUSES {
            attributes.extend(kernel.attribute(clause).ok().map(|value| (attribute::attribute_name(clause), value)));
        }
        for name in [CONSTANTS, STRIDES] {
            attributes.extend(kernel.attribute(name).ok().map(|value| (name.into(), value)));
        }
        let attributes: Vec<_> = attributes.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        if ir::symbol(kernel).is_some_and(&known) {
            builder.declaration("func.func", &attributes);
            ir::erase(kernel);
            continue;
        }
        let function = builder.op_with_regions("func.func", &[], &[], &attributes, &[&types]);
        let body = ir::entry(function).ok_or_else(|| malformed("a function has no body"))?;
        let mut values: HashMap<usize, Val<'c>> =
            ir::arguments(block).into_iter().map(ir::key).zip(ir::arguments(body)).collect();
        let inner = Builder::at_end(context, kernel.location(), body);
        let (end, operations): (Vec<_>, Vec<_>) = ir::block_ops(block).into_iter().partition(|op| ir::is(*op, YIELD));
        ir::copy_ops(&inner, &operations, &mut values);
        let given = end.into_iter().flat_map(ir::operands).filter_map(|v| values.get(&ir::key(v)).copied());
        inner.op("func.return", &given.collect::<Vec<_>>(), &[], &[]);
        ir::erase(kernel);
    }
    for launch in ir::walk(module).into_iter().filter(|op| ir::is(*op, LAUNCH)) {
        let builder = Builder::before(context, launch).ok_or_else(|| malformed("a launch is in no block"))?;
        let kernel = launch.attribute("kernel").map_err(|_| malformed("a launch names no kernel"))?;
        let types: Vec<Type> = ir::results(launch).iter().map(|r| r.r#type()).collect();
        let call = builder.op("func.call", &ir::operands(launch), &types, &[("callee", kernel)]);
        for (old, new) in ir::results(launch).into_iter().zip(ir::results(call)) {
            ir::replace_uses(old, new);
        }
        ir::erase(launch);
    }
    Ok(())
}

/// Gives a module that is one kernel and nothing else a `main` that launches it. Arguments that are constants wherever
/// the kernel is launched (`hwk.constants`) are constants here too, of values made up. Results that are written as parts of
/// larger tensors (`hwk.strides`) are whole, unless they are to be `in_place`: then those tensors are what `main` gives,
/// whose other elements are left as they are.
///
/// # Errors
/// Where there is no `main` and not exactly one kernel, or the kernel's types are not static.
pub fn main_of_one<'c>(context: &'c Context, module: &Module<'c>, in_place: bool) -> Result<(), GraphError> {
    let root = ir::module_op(module);
    if ir::functions(root).iter().any(|f| ir::symbol(*f) == Some("main")) {
        return Ok(());
    }
    let kernels = ir::hwk_kernels(root);
    let [kernel] = kernels[..] else {
        return Err(GraphError::Malformed(format!(
            "expected a function @main, or one hwk.kernel; found {} kernels and no @main",
            kernels.len()
        )));
    };
    let name = ir::symbol(kernel).unwrap_or("?");
    if !in_place {
        ir::remove_attribute(kernel, STRIDES);
    }
    let (Some(block), Some(body)) = (ir::entry(kernel), ir::op_blocks(root).first().copied()) else {
        return Err(GraphError::Malformed(format!("@{name} has no body")));
    };
    let types: Vec<Type> = ir::arguments(block).iter().map(|a| a.r#type()).collect();
    let end = block.terminator().ok_or_else(|| GraphError::Malformed(format!("@{name} has no end")))?;
    let results: Vec<Type> = ir::operands(end).iter().map(|v| v.r#type()).collect();
    let strides = destination::strides(kernel);
    let whole = |(i, ty): (usize, &Type<'c>)| strides.get(i).map_or(Some(*ty), |strides| whole(*ty, strides));
    let made: Option<Vec<Type>> = results.iter().enumerate().map(whole).collect();
    let part = || GraphError::Malformed(format!("@{name}: {STRIDES} is not how a part of a larger tensor lies"));
    let made = made.ok_or_else(part)?;
    let dynamic = |ty: &&Type| tensor_type_from_mlir(**ty).is_none_or(|ty| ty.static_shape().is_none());
    if let Some(ty) = types.iter().chain(&results).find(dynamic) {
        return Err(GraphError::Malformed(format!("@{name} takes or gives a {ty}; only static shapes are compiled")));
    }
    let constants = kernel.attribute(CONSTANTS).ok().and_then(ir::dense_i64).unwrap_or_default();
    let is_constant = |i: usize| constants.contains(&(i as i64));
    let (all, mut types) = (types, vec![]);
    types.extend(all.iter().enumerate().filter(|(i, _)| !is_constant(*i)).map(|(_, ty)| *ty));
    let builder = Builder::at_end(context, kernel.location(), body);
    let main = builder.op_with_regions(
        "func.func",
        &[],
        &[],
        &[
            ("sym_name", builder.string("main")),
            ("function_type", builder.type_attribute(builder.function_type(&types, &made))),
        ],
        &[&types],
    );
    let Some(block) = ir::entry(main) else { return Ok(()) };
    let inner = Builder::at_end(context, kernel.location(), block);
    let callee = FlatSymbolRefAttribute::new(context, name).into();
    let mut given = ir::arguments(block).into_iter();
    let mut operands = vec![];
    for (i, ty) in all.into_iter().enumerate() {
        let value = tensor_type_from_mlir(ty).filter(|_| is_constant(i)).and_then(|ty| some_values(&ty));
        let constant = value.and_then(|value| constant_attribute(context, &value, "constant"));
        operands.extend(match constant {
            Some(value) => Some(inner.value("hwc.constant", &[], ty, &[("value", value)])),
            None => given.next(),
        });
    }
    let launch = inner.op(LAUNCH, &operands, &results, &[("kernel", callee)]);
    let place = |(result, ty): (Val<'c>, &Type<'c>)| {
        if result.r#type() == *ty {
            return result;
        }
        let sizes = ir::static_shape(result.r#type()).unwrap_or_default();
        let numbers = |values: &[i64]| DenseI64ArrayAttribute::new(context, values).into();
        let attributes = [
            ("static_offsets", numbers(&vec![0; sizes.len()])),
            ("static_sizes", numbers(&sizes)),
            ("static_strides", numbers(&vec![1; sizes.len()])),
            ("operandSegmentSizes", DenseI32ArrayAttribute::new(context, &[1, 1, 0, 0, 0]).into()),
        ];
        let into = inner.value("tensor.empty", &[], *ty, &[]);
        inner.value("tensor.insert_slice", &[result, into], *ty, &attributes)
    };
    let results: Vec<Val> = ir::results(launch).into_iter().zip(&made).map(place).collect();
    inner.op("func.return", &results, &[], &[]);
    Ok(())
}

/// The tensor that a result with these strides is a part of, as far as they tell: as long as the part along the first
/// axis. `None` where there is no such tensor.
fn whole<'c>(part: Type<'c>, strides: &[i64]) -> Option<Type<'c>> {
    if strides.is_empty() {
        return Some(part);
    }
    let sizes = ir::static_shape(part)?;
    let mut shape: Vec<u64> = sizes.first().map(|size| size.unsigned_abs()).into_iter().collect();
    for pair in strides.windows(2) {
        let (size, rest) = (pair[0].checked_div(pair[1])?, pair[0].checked_rem(pair[1])?);
        shape.push(u64::try_from(size).ok().filter(|_| rest == 0)?);
    }
    let holds = |(whole, part): (&u64, &i64)| *whole >= part.unsigned_abs();
    let is_larger = shape.len() == sizes.len() && shape.iter().zip(&sizes).all(holds) && strides.last() == Some(&1);
    is_larger.then(|| RankedTensorType::new(&shape, ir::element_type(part), None).into())
}

/// Values for a constant that nobody knows: from -1 to 1 for `f32`, zeros of other types.
fn some_values(ty: &TensorType) -> Option<Tensor> {
    let shape = ty.static_shape()?;
    let count = ty.elements()?;
    if ty.dtype != DType::F32 {
        return Tensor::from_bytes(ty.dtype, shape, vec![0u8; count.checked_mul(ty.dtype.size())?]).ok();
    }
    // A multiplicative generator modulo a power of two; its upper bits are good enough to be no special values.
    let mut state = 1u32;
    let next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 23) as f32 - 1.0
    };
    Tensor::from_vec(shape, std::iter::repeat_with(next).take(count).collect::<Vec<f32>>()).ok()
}

/// Tells the kernels of one module what code generation chose for the functions of the same names in another one.
///
/// # Errors
/// Where the functions' attributes are not those of a choice.
pub fn write_back<'c>(context: &'c Context, kernels: ir::Op<'c>, functions: ir::Op<'_>) -> CodegenResult<()> {
    let functions = ir::functions(functions);
    for kernel in ir::hwk_kernels(kernels) {
        let Some(function) = functions.iter().find(|f| ir::symbol(**f) == ir::symbol(kernel)) else { continue };
        let choice: Choice = attribute::read(*function)?;
        super::choose(context, kernel, &choice);
    }
    Ok(())
}
