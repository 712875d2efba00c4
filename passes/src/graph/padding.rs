//! Pass `hwc-pad-images`: who makes an image makes it with the border that convolutions read.
//!
//! Before: convolutions with channels last that have padding. After: where all readers of an image want the same padding,
//! a `hwc.pad` follows the operation that makes the image, and the readers have none. The border joins the kernel of its
//! operand, which writes into the larger image; a convolution with padding of its own copies the image first.

use hwc_dialects::image::is_channels_last;
use hwc_dialects::mlir::{OpView, attribute_to_mlir};
use hwc_dialects::window::Window;
use hwc_dialects::winograd::{OUTPUTS, TAPS};
use hwc_dialects::{CostClass, Op, TensorType, attrs};
use melior::Context;
use melior::ir::operation::OperationLike;

use super::GraphError;
use super::edit::insert;
use crate::codegen::ir::{self, Val};

/// Elements before and after each spatial dimension.
type Border = Vec<(usize, usize)>;

/// Adds the borders.
///
/// # Errors
/// Where the module holds malformed operations.
pub fn pad_images<'c>(context: &'c Context, module: ir::Op<'c>) -> Result<(), GraphError> {
    for function in ir::functions(module) {
        let Some(block) = ir::entry(function) else { continue };
        for maker in ir::block_ops(block) {
            let Some(op) = Op::from_name(ir::name_of(maker)).filter(|op| op.info().cost != CostClass::Free) else {
                continue;
            };
            let [image] = ir::results(maker)[..] else { continue };
            if op != Op::Pad
                && let Some(border) = border_of_all(image)?
            {
                add(context, maker, image, &border)?;
            }
        }
    }
    Ok(())
}

/// What all readers of an image pad it with; nothing if they differ, or one of them does not pad.
fn border_of_all(image: Val) -> Result<Option<Border>, GraphError> {
    let mut common: Option<Border> = None;
    for (reader, operand) in ir::uses(image) {
        let own = if operand == 0 { border_of(reader)? } else { None };
        let Some(own) = own.filter(|own| common.as_ref().is_none_or(|common| common == own)) else { return Ok(None) };
        common = Some(own);
    }
    Ok(common.filter(|border| border.iter().any(|n| *n != (0, 0))))
}

/// What an operation pads its image with, if it could as well read one that is padded.
fn border_of(reader: ir::Op) -> Result<Option<Border>, GraphError> {
    let Some(view) = OpView::of(&*reader) else { return Ok(None) };
    let view = view.map_err(|e| GraphError::Malformed(e.to_string()))?;
    let shape = |ty: Option<&TensorType>| ty.and_then(TensorType::static_shape);
    let filter = shape(view.operand_types.get(1).and_then(Option::as_ref));
    let (Some(filter), Some(result)) = (filter, shape(view.result_types.first())) else { return Ok(None) };
    let (taps, spatial) = match view.op {
        Op::Conv if is_channels_last(&view.attrs) => (filter[..filter.len() - 2].to_vec(), filter.len() - 2),
        // Other sizes are padded to whole tiles anyway.
        Op::WinogradConv if result[1..3].iter().all(|n| n % OUTPUTS == 0) => (vec![TAPS; 2], 2),
        _ => return Ok(None),
    };
    let windows = Window::with_kernel(&view.attrs, &taps).map_err(|e| GraphError::Malformed(e.to_string()))?;
    Ok(Some(windows.iter().take(spatial).map(|window| (window.before, window.after)).collect()))
}

/// Puts a border around an image, and lets its readers read that.
fn add<'c>(
    context: &'c Context,
    maker: ir::Op<'c>,
    image: Val<'c>,
    border: &[(usize, usize)],
) -> Result<(), GraphError> {
    let readers: Vec<ir::Op> = ir::users(image);
    let malformed = |e: hwc_dialects::Errors| GraphError::Malformed(e.to_string());
    let ends = |end: fn(&(usize, usize)) -> usize| -> Vec<i64> {
        let inner = border.iter().map(|n| end(n) as i64);
        [0].into_iter().chain(inner).chain([0]).collect()
    };
    let attrs = attrs! { "low" => ends(|n| n.0), "high" => ends(|n| n.1) };
    let Some(after) = maker.next_in_block() else { return Ok(()) };
    let made = insert(context, after, maker.location(), Op::Pad, &attrs, &[Some(image)]).map_err(malformed)?;
    let Some(&padded) = made.first() else { return Ok(()) };
    let none = attribute_to_mlir(context, &vec![0i64; 2 * border.len()].into());
    for (reader, none) in readers.into_iter().zip(none.into_iter().cycle()) {
        ir::set_operand(reader, 0, padded);
        ir::set_attribute(reader, "pads", none);
    }
    Ok(())
}
