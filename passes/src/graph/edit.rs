//! What passes over the graph do to it: read and make constants, insert operations, remove those that nobody reads.

use hwc_dialects::mlir::{OpView, build, constant_attribute, tensor_type_to_mlir};
use hwc_dialects::{Attrs, Errors, Op, TensorType};
use hwc_runtime::Tensor;
use melior::Context;
use melior::ir::Location;
use melior::ir::operation::OperationLike;

use crate::codegen::ir::{self, Builder, Val};

/// The constant that a value is.
pub fn constant(value: Val) -> Option<Tensor> {
    let operation = ir::defining_op(value).filter(|op| ir::is(*op, "hwc.constant"))?;
    OpView::of(&*operation)?.ok()?.attrs.elements("value").ok().cloned()
}

/// A constant before an operation; `name` is that of its elements, where they are kept apart from the text.
pub fn literal<'c>(context: &'c Context, before: ir::Op<'c>, value: &Tensor, name: &str) -> Option<Val<'c>> {
    let ty = tensor_type_to_mlir(context, &TensorType::of(value))?;
    let attribute = constant_attribute(context, value, name)?;
    Some(Builder::before(context, before)?.value("hwc.constant", &[], ty, &[("value", attribute)]))
}

/// The results of a new operation before another one.
///
/// # Errors
/// What type inference says against its operands and attributes.
pub fn insert<'c>(
    context: &'c Context,
    before: ir::Op<'c>,
    location: Location<'c>,
    op: Op,
    attrs: &Attrs,
    operands: &[Option<Val<'c>>],
) -> Result<Vec<Val<'c>>, Errors> {
    let Some(block) = before.block() else { return Ok(vec![]) };
    let results = build(context, block, location, op, attrs, operands, &[])?;
    if let Some(made) = results.first().and_then(|value| ir::defining_op(*value)) {
        ir::move_before(made, before);
    }
    Ok(results)
}

/// Removes the `hwc` operations of a block whose results nobody reads.
pub fn erase_unused(block: ir::Blk) {
    for operation in ir::block_ops(block).into_iter().rev() {
        let unused = ir::results(operation).into_iter().all(|r| ir::uses(r).is_empty());
        if unused && Op::from_name(ir::name_of(operation)).is_some() {
            ir::erase(operation);
        }
    }
}

/// The text of a module after a pass, which must leave it valid.
#[cfg(test)]
pub fn text_after(
    pass: impl for<'c> Fn(&'c Context, ir::Op<'c>) -> Result<(), super::GraphError>,
    text: &str,
) -> String {
    let context = crate::codegen::context::new();
    hwc_dialects::mlir::load(&context);
    let module = melior::ir::Module::parse(&context, text).unwrap();
    pass(&context, ir::module_op(&module)).unwrap();
    assert!(module.as_operation().verify());
    module.as_operation().to_string()
}
