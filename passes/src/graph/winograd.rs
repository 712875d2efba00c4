//! Pass `hwc-winograd`: convolutions of 3 by 3 taps become Winograd's where that is expected to be faster.
//!
//! Before: convolutions with channels last and constant filters. After: those of them that gain are `hwc.winograd_conv`,
//! with filters that are transformed here. Results differ by roundings, see the module `winograd` of the dialect's crate.

use hwc_dialects::image::is_channels_last;
use hwc_dialects::mlir::OpView;
use hwc_dialects::window::Window;
use hwc_dialects::winograd::{OUTPUTS, TAPS, TILE, transformed};
use hwc_dialects::{Attrs, Op, TensorType};
use hwc_runtime::{DType, Tensor};
use melior::Context;

use super::edit::{constant, literal};
use super::{GraphError, chosen};
use crate::codegen::ir::{self, Builder};

/// Picoseconds of a multiplication and an addition at full rate. Here and below only the proportion matters.
const PRODUCT: f64 = 8.0;

/// Picoseconds that the transforms take for a channel or a filter of a tile.
const TRANSFORMS: f64 = 5_500.0;

/// Picoseconds in which a number of a filter is read, by the bytes of it at most: one that stays in the second-level cache,
/// and one that comes from far.
const FILTER: [(usize, f64); 2] = [(512 << 10, 15.0), (usize::MAX, 100.0)];

/// What the estimate for Winograd's may be at most of that for the direct convolution.
const MOST: f64 = 0.9;

/// Filters are computed with in vectors of this many.
const LANES: usize = 16;

/// Rewrites the convolutions that gain.
///
/// # Errors
/// Where the module holds malformed operations.
pub fn winograd<'c>(context: &'c Context, module: ir::Op<'c>) -> Result<(), GraphError> {
    for function in ir::functions(module) {
        let Some(block) = ir::entry(function) else { continue };
        for operation in ir::block_ops(block).into_iter().filter(|op| ir::is(*op, "hwc.conv")) {
            let Some(view) = OpView::of(&*operation) else { continue };
            let view = view.map_err(|e| GraphError::Malformed(e.to_string()))?;
            if gains(&view)
                && let Some(filter) = ir::operands(operation).get(1).and_then(|filter| constant(*filter))
                && let Ok(filter) = transformed(&filter)
            {
                replace(context, operation, &view, &filter);
            }
        }
    }
    Ok(())
}

fn gains(view: &OpView) -> bool {
    let shape = |ty: Option<&TensorType>| ty.and_then(TensorType::static_shape);
    let (Some(input), Some(filter), Some(result)) = (
        shape(view.operand_types.first().and_then(Option::as_ref)),
        shape(view.operand_types.get(1).and_then(Option::as_ref)),
        shape(view.result_types.first()),
    ) else {
        return false;
    };
    let plain = is_channels_last(&view.attrs)
        && view.result_types.iter().all(|ty| ty.dtype == DType::F32)
        && filter.len() == 4
        && filter[..2] == [TAPS, TAPS]
        && view.attrs.int("group").unwrap_or(1) == 1
        && Window::with_kernel(&view.attrs, &filter[..2])
            .is_ok_and(|windows| windows.iter().all(|w| w.stride == 1 && w.dilation == 1));
    plain && estimate(&input, &result) < MOST * direct(&input, &result)
}

/// Picoseconds of the direct convolution.
fn direct(input: &[usize], result: &[usize]) -> f64 {
    let taps = TAPS * TAPS * input[3];
    let products = result[..3].iter().product::<usize>() * result[3].next_multiple_of(LANES) * taps;
    products as f64 * PRODUCT + reading(taps * result[3])
}

/// Picoseconds of Winograd's: the products over channels, and the transforms.
fn estimate(input: &[usize], result: &[usize]) -> f64 {
    let (channels, filters) = (input[3], result[3]);
    let tiles = result[0] * result[1].div_ceil(OUTPUTS) * result[2].div_ceil(OUTPUTS);
    let products = TILE * TILE * tiles * channels * filters.next_multiple_of(LANES);
    let transformed = tiles * (channels + filters);
    products as f64 * PRODUCT + transformed as f64 * TRANSFORMS + reading(TILE * TILE * channels * filters)
}

/// Picoseconds in which a filter of so many numbers is read.
fn reading(numbers: usize) -> f64 {
    let bytes = numbers * size_of::<f32>();
    FILTER.iter().find(|(most, _)| bytes <= *most).map_or(0.0, |(_, each)| numbers as f64 * each)
}

fn replace<'c>(context: &'c Context, operation: ir::Op<'c>, view: &OpView, filter: &Tensor) -> Option<()> {
    let builder = Builder::before(context, operation)?;
    let mut operands = ir::operands(operation);
    operands[1] = literal(context, operation, filter, "transformed")?;
    let pads = Attrs::get(&view.attrs, "pads").and_then(|pads| hwc_dialects::mlir::attribute_to_mlir(context, pads));
    let attributes: Vec<_> = pads.into_iter().map(|pads| ("pads", pads)).collect();
    let result = ir::result(operation, 0);
    let made =
        builder.value(Op::WinogradConv.info().name, &operands, melior::ir::ValueLike::r#type(&result), &attributes);
    ir::defining_op(made).into_iter().for_each(|made| chosen::copy(operation, made));
    ir::replace_uses(result, made);
    ir::erase(operation);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(image: [usize; 4], filters: usize) -> bool {
        let result = [image[0], image[1], image[2], filters];
        estimate(&image, &result) < MOST * direct(&image, &result)
    }

    #[test]
    fn many_channels_gain() {
        assert!(chosen([1, 56, 56, 64], 64));
        assert!(chosen([1, 14, 14, 256], 256));
        assert!(chosen([1, 28, 28, 128], 128));
        assert!(!chosen([1, 224, 224, 3], 32));
        assert!(!chosen([1, 4, 4, 8], 8));
        assert!(chosen([1, 56, 56, 16], 16));
        assert!(chosen([1, 160, 160, 96], 24));
        assert!(!chosen([1, 1, 1, 512], 512));
        // The transformed filter is four times as long.
        assert!(!chosen([1, 7, 7, 512], 512));
    }
}
