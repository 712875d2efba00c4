//! Pass `hwc-kernel-destinations`: kernels write their results into buffers they are given.
//!
//! Before: `func @k(tensor inputs) -> (tensor results)`.
//! After: `func @k(memref inputs, memref outputs)`, every argument `llvm.noalias`, the function `llvm.bareptr`; the body
//! still works on tensors, reading inputs through `bufferization.to_tensor restrict` (read-only) and ending in one
//! `bufferization.materialize_in_destination` per result. Tensors without elements are not passed at all.

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
    for value in ir::operands(terminator).into_iter().filter(|v| ir::type_bytes(v.r#type()) != Some(0)) {
        let ty = memref(value.r#type());
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
