//! Deformable convolutions: samples are gathered into columns, which are then multiplied with the filter.

use hwc_dialects::window::Window;
use melior::ir::{Attribute, Type, ValueLike};

use super::convolution::biased;
use super::product::{Factor, accumulate, dim, loops, rounded};
use super::rows::{plain, wide};
use super::sampling::bilinear;
use super::scalar::load;
use super::{Emitter, Loop, LowerCall, Lowered};
use crate::codegen::ir::Val;

pub fn deform_conv<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    let (emit, dtype) = (&call.emit, call.dtype(0)?);
    plain(dtype)?;
    let (input, filter, result) = (call.shape(0)?, call.shape(1)?, call.result_shape(0)?);
    let group = call.attrs.int("group")?.max(1) as usize;
    let sums = biased(emit, dtype, &result, 1, call.optional(3));
    if input.contains(&0) || result.contains(&0) {
        return Ok(vec![rounded(emit, dtype, sums)]);
    }
    let columns = columns(call, &input, &filter, &result)?;

    // Loops: image, group, filter of the group, output row and column; channel of the group, taps.
    let (filters, channels) = (filter[0] / group, filter[1]);
    let weights = emit.reshape(call.operand(1)?, &[group, filters, channels, filter[2], filter[3]]);
    let member = |within: usize, size: usize| format!("d1 * {size} + {}", dim(within));
    let factors = [
        Factor::new(columns, wide(dtype), emit.map(8, &[dim(0), member(5, channels), dim(6), dim(7), dim(3), dim(4)])),
        Factor::new(weights, dtype, emit.map(8, &[1, 2, 5, 6, 7].map(dim))),
    ];
    let out = (sums, emit.map(8, &[dim(0), member(2, filters), dim(3), dim(4)]));
    let sums = accumulate(emit, &factors, &[], out, &loops(5, 3));
    Ok(vec![rounded(emit, dtype, sums)])
}

/// The samples `[N, C, K1, K2, O1, O2]`, in the compute type.
fn columns<'c>(
    call: &LowerCall<'c, '_>,
    input: &[usize],
    filter: &[usize],
    result: &[usize],
) -> Result<Val<'c>, String> {
    let (emit, dtype, image) = (&call.emit, call.dtype(0)?, call.operand(0)?);
    let windows = Window::with_kernel(call.attrs, &filter[2..]).map_err(|e| e.to_string())?;
    let groups = call.attrs.int("offset_group")?.max(1) as usize;
    let channels = input[1] / groups;
    let (kernel, size) = (&filter[2..], &result[2..]);
    // Loops: image, offset group, channel of the group, taps, output row and column.
    let map = |results: &[String]| -> Attribute<'c> { emit.map(7, results) };
    let offsets = emit.reshape(call.operand(2)?, &[&[input[0], groups], kernel, &[2], size].concat());
    let offset = |axis: usize| map(&[dim(0), dim(1), dim(3), dim(4), axis.to_string(), dim(5), dim(6)]);
    let mut inputs = vec![(offsets, offset(0)), (offsets, offset(1))];
    inputs.push((emit.empty(emit.integer_type(8), &[channels]), map(&[dim(2)])));
    if let Some(mask) = call.optional(4) {
        let mask = emit.reshape(mask, &[&[input[0], groups], kernel, size].concat());
        inputs.push((mask, map(&[0, 1, 3, 4, 5, 6].map(dim))));
    }
    let channel = format!("d1 * {channels} + d2");
    let out = emit.empty(emit.compute(dtype), &[&input[..2], kernel, size].concat());
    let out_map = map(&[dim(0), channel, dim(3), dim(4), dim(5), dim(6)]);
    let samples = emit.generic(&inputs, &[(out, out_map)], &[Loop::Parallel; 7], |e, v| {
        let index = |e: &Emitter<'c>, loop_: usize| e.loop_index(loop_);
        let first = e.muli(index(e, 1), e.index(channels as i64));
        let channel = e.addi(first, index(e, 2));
        let batch = index(e, 0);
        let at = |d: usize| {
            let window = &windows[d];
            let scaled = |loop_: usize, by: usize| e.muli(index(e, loop_), e.index(by as i64));
            let grid = e.addi(scaled(5 + d, window.stride), scaled(3 + d, window.dilation));
            let grid = e.subi(grid, e.index(window.before as i64));
            let delta = load(e, dtype, v[d]);
            e.addf(number(e, grid, delta.r#type()), delta)
        };
        let sample = bilinear(e, (input[2], input[3]), (at(0), at(1)), |e, y, x| {
            load(e, dtype, e.extract(image, &[batch, channel, y, x]))
        });
        let mask = (v.len() > 4).then(|| load(e, dtype, v[3]));
        vec![mask.map_or(sample, |mask| e.mulf(sample, mask))]
    });
    Ok(samples[0])
}

/// An index as a floating-point number.
pub fn number<'c>(emit: &Emitter<'c>, index: Val<'c>, to: Type<'c>) -> Val<'c> {
    let integer = emit.cast("arith.index_cast", index, emit.integer_type(64));
    emit.cast("arith.sitofp", integer, to)
}

#[cfg(test)]
mod tests {
    use hwc_dialects::{Attrs, Op, attrs};
    use hwc_runtime::DType;

    use crate::lower::testing::{check, random};

    #[test]
    fn offsets_masks_and_groups() {
        #[rustfmt::skip]
        let cases: Vec<(&[usize], &[usize], usize, Attrs)> = vec![
            (&[1, 1, 3, 3], &[1, 1, 2, 2], 1, attrs! {}),
            (&[2, 4, 5, 6], &[6, 2, 3, 2], 2, attrs! { "group" => 2i64, "offset_group" => 2i64, "pads" => vec![1i64, 0, 1, 1] }),
            (&[1, 2, 7, 6], &[3, 2, 2, 2], 1, attrs! { "strides" => vec![2i64, 1], "dilations" => vec![1i64, 2] }),
        ];
        for (input, filter, groups, attrs) in cases {
            let spatial = |d: usize| {
                let window = &hwc_dialects::window::Window::with_kernel(
                    &attrs.clone().complete(Op::DeformConv).unwrap(),
                    &filter[2..],
                )
                .unwrap()[d];
                window.outputs(input[2 + d], false).unwrap()
            };
            let taps = groups * filter[2] * filter[3];
            let (x, w) = (random(DType::F32, input, 1), random(DType::F32, filter, 2));
            let offset = random(DType::F32, &[input[0], taps * 2, spatial(0), spatial(1)], 3);
            let mask = random(DType::F32, &[input[0], taps, spatial(0), spatial(1)], 4);
            let bias = random(DType::F32, &filter[..1], 5);
            check(Op::DeformConv, &attrs, &[Some(&x), Some(&w), Some(&offset)], 1e-4);
            check(Op::DeformConv, &attrs, &[Some(&x), Some(&w), Some(&offset), Some(&bias), Some(&mask)], 1e-4);
        }
    }
}
