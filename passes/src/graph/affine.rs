//! Pass `hwc-fold-affine`: scaling and shifting the channels of a convolution by constants becomes part of its filter and
//! bias.
//!
//! Before: convolutions with constant filters, followed by batch normalizations, multiplications and additions of one
//! constant a channel. After: the convolution does it all. `a * conv(x, w) + b = conv(x, a * w) + b`: computed in `f64`
//! and rounded once, so that the result differs from that of the model by roundings. A batch normalization by constants
//! that follows anything else becomes a multiplication and an addition.

use hwc_dialects::mlir::{OpView, tensor_type_from_mlir};
use hwc_dialects::reference::number::{floats, from_floats};
use hwc_dialects::{Attrs, Op, TensorType, attrs};
use hwc_runtime::{DType, Tensor};
use melior::Context;
use melior::ir::operation::OperationLike;
use melior::ir::{Attribute, Location, ValueLike};

use super::edit::{self, constant, erase_unused};
use super::{GraphError, chosen};
use crate::codegen::ir::{self, Val};

/// `scale * x + shift` for each channel.
struct Affine {
    scale: Vec<f64>,
    shift: Vec<f64>,
}

impl Affine {
    fn scaled(scale: Vec<f64>) -> Affine {
        Affine { shift: vec![0.0; scale.len()], scale }
    }

    fn shifted(shift: Vec<f64>) -> Affine {
        Affine { scale: vec![1.0; shift.len()], shift }
    }
}

/// Folds what is affine into convolutions.
///
/// # Errors
/// Where the module holds malformed operations.
pub fn fold_affine<'c>(context: &'c Context, module: ir::Op<'c>) -> Result<(), GraphError> {
    for function in ir::functions(module) {
        let Some(block) = ir::entry(function) else { continue };
        for operation in ir::block_ops(block) {
            let Some(view) = OpView::of(&*operation) else { continue };
            let view = view.map_err(|e| GraphError::Malformed(e.to_string()))?;
            let Some((image, affine)) = affine(operation, &view) else { continue };
            let folded = match into_convolution(context, operation, image, &affine) {
                Some(folded) => Some(folded),
                None if view.op == Op::BatchNormalization => written_out(context, operation, image, &affine),
                None => None,
            };
            if let Some(folded) = folded {
                ir::replace_uses(ir::result(operation, 0), folded);
            }
        }
        erase_unused(block);
    }
    Ok(())
}

fn type_of(value: Val) -> Option<TensorType> {
    tensor_type_from_mlir(value.r#type())
}

/// What an operation does to each channel of an image, if that is affine and known.
fn affine<'c>(operation: ir::Op<'c>, view: &OpView) -> Option<(Val<'c>, Affine)> {
    let operands = ir::operands(operation);
    let result = view.result_types.first()?;
    let channels = result.shape.get(1)?.fixed()?;
    if !matches!(result.dtype, DType::F32 | DType::F64) || result.rank() < 3 {
        return None;
    }
    let affine = match view.op {
        Op::BatchNormalization => {
            let known: Vec<Vec<f64>> =
                operands[1..].iter().map(|v| Some(floats(&constant(*v)?))).collect::<Option<_>>()?;
            let [scale, bias, mean, variance] = &known[..] else { return None };
            let epsilon = view.attrs.clone().complete(view.op).ok()?.float("epsilon").ok()?;
            let scale: Vec<f64> = scale.iter().zip(variance).map(|(s, v)| s / (v + epsilon).sqrt()).collect();
            let shift = bias.iter().zip(mean).zip(&scale).map(|((b, m), s)| b - m * s).collect();
            return Some((operands[0], Affine { scale, shift })).filter(|(_, a)| a.is_finite());
        }
        Op::Add => Affine::shifted,
        Op::Mul => Affine::scaled,
        Op::Sub => |list: Vec<f64>| Affine::shifted(list.into_iter().map(|v| -v).collect()),
        _ => return None,
    };
    let [lhs, rhs] = operands[..] else { return None };
    let sides = if view.op == Op::Sub { vec![(lhs, rhs)] } else { vec![(lhs, rhs), (rhs, lhs)] };
    sides.into_iter().find_map(|(image, list)| {
        let list = per_channel(&constant(list)?, result.rank(), channels)?;
        (type_of(image)? == *result).then(|| (image, affine(list))).filter(|(_, a)| a.is_finite())
    })
}

impl Affine {
    fn is_finite(&self) -> bool {
        self.scale.iter().chain(&self.shift).all(|v| v.is_finite())
    }
}

/// One number a channel, of a constant that broadcasts so against images of a rank.
fn per_channel(value: &Tensor, rank: usize, channels: usize) -> Option<Vec<f64>> {
    let shape = value.shape();
    let place = rank.checked_sub(shape.len())?;
    let only_channels = shape.iter().enumerate().all(|(i, &n)| n == 1 || (i + place == 1 && n == channels));
    let list = floats(value);
    match list[..] {
        _ if !only_channels => None,
        [one] => Some(vec![one; channels]),
        _ => Some(list),
    }
}

/// The convolution that makes an image and does what is affine too, if it is read by nothing else and known.
fn into_convolution<'c>(context: &'c Context, before: ir::Op<'c>, image: Val<'c>, affine: &Affine) -> Option<Val<'c>> {
    let operation = ir::defining_op(image).filter(|_| ir::uses(image).len() == 1)?;
    let view = OpView::of(&*operation)?.ok()?;
    // The axis of the filter that counts the channels of the result, those of all groups together.
    let attrs = view.attrs.clone().complete(view.op).ok()?;
    let axis = match view.op {
        Op::Conv => 0,
        Op::ConvTranspose if attrs.int("group").ok()? == 1 => 1,
        _ => return None,
    };
    if attrs.bool("channels_last").ok()? {
        return None;
    }
    let operands = ir::operands(operation);
    let filter = constant(*operands.get(1)?)?;
    let bias = match operands.get(2) {
        Some(bias) => floats(&constant(*bias)?),
        None => vec![0.0; affine.scale.len()],
    };
    let inner: usize = filter.shape()[axis + 1..].iter().product();
    let scaled = floats(&filter).into_iter().enumerate().map(|(i, w)| {
        let channel = i / inner.max(1) % affine.scale.len().max(1);
        w * affine.scale[channel]
    });
    let is_scaled = affine.scale.iter().any(|s| *s != 1.0);
    let new_filter = match is_scaled {
        true => literal(context, before, &from_floats(filter.dtype(), filter.shape(), scaled).ok()?)?,
        false => operands[1],
    };
    let bias = bias.iter().zip(&affine.scale).zip(&affine.shift).map(|((b, a), s)| b * a + s);
    let bias = literal(context, before, &from_floats(filter.dtype(), &[affine.scale.len()], bias).ok()?)?;
    // It is where both were.
    let both = Location::fused(context, &[operation.location(), before.location()], Attribute::unit(context));
    let made = insert(context, before, both, view.op, &view.attrs, &[operands[0], new_filter, bias])?;
    chosen::copy(operation, ir::defining_op(made)?);
    Some(made)
}

/// A multiplication and an addition.
fn written_out<'c>(context: &'c Context, before: ir::Op<'c>, image: Val<'c>, affine: &Affine) -> Option<Val<'c>> {
    let ty = type_of(image)?;
    let mut shape = vec![1; ty.rank() - 1];
    shape[0] = affine.scale.len();
    let list = |list: &[f64]| literal(context, before, &from_floats(ty.dtype, &shape, list.iter().copied()).ok()?);
    let location = before.location();
    let scaled = insert(context, before, location, Op::Mul, &attrs! {}, &[image, list(&affine.scale)?])?;
    let made = insert(context, before, location, Op::Add, &attrs! {}, &[scaled, list(&affine.shift)?])?;
    [scaled, made].into_iter().filter_map(ir::defining_op).for_each(|made| chosen::copy(before, made));
    Some(made)
}

fn literal<'c>(context: &'c Context, before: ir::Op<'c>, value: &Tensor) -> Option<Val<'c>> {
    edit::literal(context, before, value, "folded")
}

fn insert<'c>(
    context: &'c Context,
    before: ir::Op<'c>,
    location: Location<'c>,
    op: Op,
    attrs: &Attrs,
    operands: &[Val<'c>],
) -> Option<Val<'c>> {
    let operands: Vec<Option<Val>> = operands.iter().copied().map(Some).collect();
    edit::insert(context, before, location, op, attrs, &operands).ok()?.first().copied()
}

#[cfg(test)]
mod tests {
    use melior::ir::operation::OperationLike;

    use crate::codegen::ir;
    use crate::graph::edit::text_after;

    fn folded(text: &str) -> String {
        text_after(super::fold_affine, text)
    }

    #[test]
    fn what_is_folded_is_where_both_were() {
        let context = crate::codegen::context::new();
        hwc_dialects::mlir::load(&context);
        let text = "func.func @main(%x: tensor<1x1x4x4xf32>) -> tensor<1x2x4x4xf32> {
              %w = hwc.constant dense<1.0> : tensor<2x1x1x1xf32>
              %a = hwc.constant dense<[[[3.0]], [[4.0]]]> : tensor<2x1x1xf32>
              %0 = hwc.conv %x, %w : (tensor<1x1x4x4xf32>, tensor<2x1x1x1xf32>) -> tensor<1x2x4x4xf32> loc(\"one\")
              %1 = hwc.add %0, %a : (tensor<1x2x4x4xf32>, tensor<2x1x1xf32>) -> tensor<1x2x4x4xf32> loc(\"other\")
              return %1 : tensor<1x2x4x4xf32> }";
        let module = melior::ir::Module::parse(&context, text).unwrap();
        super::fold_affine(&context, ir::module_op(&module)).unwrap();
        let conv = ir::walk(ir::module_op(&module)).into_iter().find(|op| ir::is(*op, "hwc.conv")).unwrap();
        let location = conv.location().to_string();
        assert!(location.contains("\"one\"") && location.contains("\"other\""), "{location}");
    }

    #[test]
    fn scales_and_shifts_become_part_of_the_convolution() {
        let text = folded(
            "func.func @main(%x: tensor<1x1x4x4xf32>) -> tensor<1x2x4x4xf32> {
              %w = hwc.constant dense<[[[[1.0]]], [[[2.0]]]]> : tensor<2x1x1x1xf32>
              %a = hwc.constant dense<[[[3.0]], [[4.0]]]> : tensor<2x1x1xf32>
              %one = hwc.constant dense<[1.0, 1.0]> : tensor<2xf32>
              %five = hwc.constant dense<[5.0, 6.0]> : tensor<2xf32>
              %0 = hwc.conv %x, %w : (tensor<1x1x4x4xf32>, tensor<2x1x1x1xf32>) -> tensor<1x2x4x4xf32>
              %1 = hwc.add %0, %a : (tensor<1x2x4x4xf32>, tensor<2x1x1xf32>) -> tensor<1x2x4x4xf32>
              %2 = hwc.mul %a, %1 : (tensor<2x1x1xf32>, tensor<1x2x4x4xf32>) -> tensor<1x2x4x4xf32>
              %3 = hwc.batch_normalization %2, %one, %five, %one, %one {epsilon = 3.0 : f32} : (tensor<1x2x4x4xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<1x2x4x4xf32>
              return %3 : tensor<1x2x4x4xf32> }",
        );
        // ((w x + a) a - 1) / 2 + 5, and the same with 6.
        assert!(text.contains("dense<[[[[1.500000e+00]]], [[[4.000000e+00]]]]>"), "{text}");
        assert!(text.contains("dense<[9.000000e+00, 1.350000e+01]>"), "{text}");
        assert_eq!(text.matches("hwc.").count() - text.matches("hwc.constant").count(), 1, "{text}");
    }

    #[test]
    fn what_others_read_or_is_not_known_stays() {
        let text = folded(
            "func.func @main(%x: tensor<1x1x4x4xf32>, %v: tensor<2x1x1x1xf32>) -> (tensor<1x2x4x4xf32>, tensor<1x2x4x4xf32>, tensor<1x2x4x4xf32>) {
              %w = hwc.constant dense<[[[[1.0]]], [[[2.0]]]]> : tensor<2x1x1x1xf32>
              %a = hwc.constant dense<2.0> : tensor<f32>
              %0 = hwc.conv %x, %w : (tensor<1x1x4x4xf32>, tensor<2x1x1x1xf32>) -> tensor<1x2x4x4xf32>
              %1 = hwc.mul %0, %a : (tensor<1x2x4x4xf32>, tensor<f32>) -> tensor<1x2x4x4xf32>
              %2 = hwc.conv %x, %v : (tensor<1x1x4x4xf32>, tensor<2x1x1x1xf32>) -> tensor<1x2x4x4xf32>
              %3 = hwc.mul %2, %a : (tensor<1x2x4x4xf32>, tensor<f32>) -> tensor<1x2x4x4xf32>
              return %0, %1, %3 : tensor<1x2x4x4xf32>, tensor<1x2x4x4xf32>, tensor<1x2x4x4xf32> }",
        );
        assert_eq!(text.matches("hwc.mul").count(), 2, "{text}");
    }

    #[test]
    fn a_normalization_alone_is_a_multiplication_and_an_addition() {
        let text = folded(
            "func.func @main(%x: tensor<1x2x4xf32>) -> tensor<1x2x4xf32> {
              %a = hwc.constant dense<[1.0, 3.0]> : tensor<2xf32>
              %0 = hwc.batch_normalization %x, %a, %a, %a, %a {epsilon = 0.0 : f32} : (tensor<1x2x4xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<1x2x4xf32>
              return %0 : tensor<1x2x4xf32> }",
        );
        assert!(text.contains("hwc.mul") && text.contains("hwc.add"), "{text}");
        // 3 - 3 * 3 / sqrt(3)
        assert!(text.contains("-2.19615245"), "{text}");
    }
}
