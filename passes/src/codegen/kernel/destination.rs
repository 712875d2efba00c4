//! Pass `hwc-kernel-destinations`: kernels write their results into buffers they are given.
//!
//! Before: `func @k(tensor inputs) -> (tensor results)`.
//! After: `func @k(memref inputs, memref outputs)`, every argument `llvm.noalias`, the function `llvm.bareptr`; the body
//! still works on tensors, reading inputs through `bufferization.to_tensor restrict` (read-only) and ending in one
//! `bufferization.materialize_in_destination` per result. Tensors without elements are not passed at all. The attribute
//! `hwk.strides` says which results are parts of larger tensors.

use hwc_dialects::mlir::hwk::STRIDES;
use melior::{
    Context,
    ir::{Attribute, BlockLike, Type, ValueLike, attribute::ArrayAttribute, operation::OperationLike},
};

use crate::codegen::{
    error::{CodegenError, Result},
    ir::{self, Builder, Op},
};

/// Converts one kernel.
pub fn convert<'c>(context: &'c Context, kernel: Op<'c>) -> Result<()> {
    let malformed = || CodegenError::internal("a kernel without a terminated block");
    let block = ir::entry(kernel).ok_or_else(malformed)?;
    let terminator = block.terminator().ok_or_else(malformed)?;
    let first = block.first_operation().ok_or_else(malformed)?;
    let start = Builder::before(context, first).ok_or_else(malformed)?;
    let end = Builder::before(context, terminator).ok_or_else(malformed)?;
    // Nothing is read from or written to a tensor without elements, and a memref with a stride of 0 is not LLVM's.
    let is_empty = |ty: Type<'c>| ir::static_shape(ty).is_some_and(|shape| shape.contains(&0));
    let memref = |ty: Type<'c>| {
        let shape = if is_empty(ty) { vec![0] } else { ir::static_shape(ty).unwrap_or_default() };
        start.memref(ir::element_type(ty), &shape)
    };

    let tensors = ir::arguments(block);
    let mut types = Vec::new();
    for tensor in &tensors {
        if ir::type_bytes(tensor.r#type()) == Some(0) {
            ir::replace_uses(*tensor, start.value("tensor.empty", &[], tensor.r#type(), &[]));
            continue;
        }
        let ty = memref(tensor.r#type());
        types.push(ty);
        let buffer = block.add_argument(ty, kernel.location());
        let read = if is_empty(tensor.r#type()) {
            start.value("tensor.empty", &[], tensor.r#type(), &[])
        } else {
            start.value("bufferization.to_tensor", &[buffer], tensor.r#type(), &[("restrict", start.unit())])
        };
        ir::replace_uses(*tensor, read);
    }
    let strides = strides(kernel);
    for (number, value) in ir::operands(terminator).into_iter().enumerate() {
        if ir::type_bytes(value.r#type()) == Some(0) {
            continue;
        }
        let ty = match strides.get(number).filter(|strides| !strides.is_empty()) {
            None => memref(value.r#type()),
            Some(strides) => {
                let shape = ir::static_shape(value.r#type()).unwrap_or_default();
                start.strided_memref(ir::element_type(value.r#type()), &shape, strides)?
            }
        };
        types.push(ty);
        let buffer = block.add_argument(ty, kernel.location());
        if is_empty(value.r#type()) {
            continue;
        }
        let attributes = [("restrict", end.unit()), ("writable", end.unit())];
        end.op("bufferization.materialize_in_destination", &[value, buffer], &[], &attributes);
    }
    for index in (0..tensors.len()).rev() {
        ir::erase_argument(block, index);
    }
    end.op("func.return", &[], &[], &[]);
    ir::erase(terminator);
    set_signature(context, kernel, &types);
    Ok(())
}

/// How far apart the elements of each result of a kernel lie; empty for those that are row-major, and if all are.
pub fn strides(kernel: Op<'_>) -> Vec<Vec<i64>> {
    let all = kernel.attribute(STRIDES).ok().and_then(ir::array).unwrap_or_default();
    all.into_iter().map(|strides| ir::dense_i64(strides).unwrap_or_default()).collect()
}

/// Gives a kernel the type of its block arguments and marks each buffer as not aliasing any other.
pub fn set_signature<'c>(context: &'c Context, kernel: Op<'c>, types: &[Type<'c>]) {
    let Some(block) = ir::entry(kernel) else { return };
    let builder = Builder::at_end(context, kernel.location(), block);
    let parse = |text| Attribute::parse(context, text).unwrap_or_else(|| builder.unit());
    let [noalias, nothing] = ["{llvm.noalias}", "{}"].map(parse);
    let attributes: Vec<_> = types.iter().map(|ty| if ir::is_memref(*ty) { noalias } else { nothing }).collect();
    ir::set_attribute(kernel, "function_type", builder.type_attribute(builder.function_type(types, &[])));
    ir::set_attribute(kernel, "arg_attrs", ArrayAttribute::new(context, &attributes).into());
    ir::set_attribute(kernel, "llvm.bareptr", builder.unit());
    ir::remove_attribute(kernel, "res_attrs");
}
