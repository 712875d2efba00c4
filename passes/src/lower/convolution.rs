//! Convolutions: the image is padded, then one `linalg.generic` over images, groups, filters, windows, channels, taps.

use hwc_dialects::image::{Axes, is_channels_last, permuted};
use hwc_dialects::window::Window;
use hwc_runtime::DType;
use melior::ir::Attribute;

use super::product::{Factor, accumulate, dim, loops, rounded, zeros};
use super::scalar::load;
use super::windows::{at, under_windows};
use super::{Emitter, Loop, LowerCall, Lowered};
use crate::codegen::ir::Val;

/// The loops of a convolution. Parallel: image, group, filter of the group, windows. Reduced: channel of the group, taps.
/// Where channels come last in memory, the windows stand before the filter and the taps before the channel.
struct Form {
    windows: Vec<Window>,
    group: usize,
    /// Filters and channels of a group.
    filters: usize,
    channels: usize,
    /// As the operation has it.
    result: Vec<usize>,
    channels_last: bool,
}

impl Form {
    fn of(call: &LowerCall) -> Result<Form, String> {
        let channels_last = is_channels_last(call.attrs);
        let filter = call.shape(1)?;
        let filter = if channels_last { permuted(&filter, &Axes::Filter.to_first(filter.len())) } else { filter };
        let group = call.attrs.int("group")?.max(1) as usize;
        let windows = Window::with_kernel(call.attrs, &filter[2..]).map_err(|e| e.to_string())?;
        let (filters, channels) = (filter[0] / group, filter[1]);
        Ok(Form { windows, group, filters, channels, result: call.result_shape(0)?, channels_last })
    }

    fn spatial(&self) -> usize {
        self.windows.len()
    }

    fn parallel(&self) -> usize {
        3 + self.spatial()
    }

    /// Numbers of loops.
    fn filter_of_group(&self) -> usize {
        if self.channels_last { 2 + self.spatial() } else { 2 }
    }

    fn window(&self, i: usize) -> usize {
        if self.channels_last { 2 + i } else { 3 + i }
    }

    fn channel(&self) -> usize {
        self.parallel() + if self.channels_last { self.spatial() } else { 0 }
    }

    fn tap(&self, i: usize) -> usize {
        self.parallel() + if self.channels_last { i } else { 1 + i }
    }

    fn map<'c>(&self, emit: &Emitter<'c>, results: &[String]) -> Attribute<'c> {
        emit.map(self.parallel() + 1 + self.spatial(), results)
    }

    /// The map of an image by expressions of batch, channel and each spatial dimension.
    fn image_map<'c>(&self, emit: &Emitter<'c>, exprs: Vec<String>) -> Attribute<'c> {
        let last = self.channels_last.then(|| permuted(&exprs, &Axes::Image.to_last(exprs.len())));
        self.map(emit, &last.unwrap_or(exprs))
    }

    /// A channel of the whole image or a filter of all, by group and number within the group.
    fn member(&self, within: usize, size: usize) -> String {
        if self.group == 1 { dim(within) } else { format!("d1 * {size} + {}", dim(within)) }
    }

    fn input_map<'c>(&self, emit: &Emitter<'c>) -> Attribute<'c> {
        let mut exprs = vec![dim(0), self.member(self.channel(), self.channels)];
        exprs.extend(self.windows.iter().enumerate().map(|(i, w)| at(w, self.window(i), self.tap(i))));
        self.image_map(emit, exprs)
    }

    /// The image with room for what its windows reach behind it.
    fn input<'c>(&self, emit: &Emitter<'c>, image: Val<'c>, padding: Val<'c>) -> Val<'c> {
        let first = if self.channels_last { 1 } else { 2 };
        under_windows(emit, image, first, &self.windows, &self.result[first..], padding)
    }

    /// The filter as `[group, filter, channel, taps...]`, or `[taps..., channel, group, filter]` if channels come last.
    fn filter<'c>(&self, emit: &Emitter<'c>, filter: Val<'c>) -> Val<'c> {
        let (shape, own) = (emit.shape_of(filter), [self.group, self.filters]);
        let shape =
            if self.channels_last { [&shape[..shape.len() - 1], &own].concat() } else { [&own, &shape[1..]].concat() };
        emit.reshape(filter, &shape)
    }

    fn filter_map<'c>(&self, emit: &Emitter<'c>) -> Attribute<'c> {
        let (own, channel) = ([dim(1), dim(self.filter_of_group())], [dim(self.channel())]);
        let taps: Vec<String> = (0..self.spatial()).map(|i| dim(self.tap(i))).collect();
        let exprs = if self.channels_last { [&taps[..], &channel, &own] } else { [&own[..], &channel, &taps] };
        self.map(emit, &exprs.concat())
    }

    fn result_map<'c>(&self, emit: &Emitter<'c>) -> Attribute<'c> {
        let own = [dim(0), self.member(self.filter_of_group(), self.filters)];
        self.image_map(emit, own.into_iter().chain((0..self.spatial()).map(|i| dim(self.window(i)))).collect())
    }

    /// Which dimension of the result counts its channels.
    fn result_channel(&self) -> usize {
        if self.channels_last { self.result.len() - 1 } else { 1 }
    }

    fn loops(&self) -> Vec<Loop> {
        loops(self.parallel(), 1 + self.spatial())
    }
}

pub fn conv<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    let (emit, dtype) = (&call.emit, call.dtype(0)?);
    let form = Form::of(call)?;
    let image = form.input(emit, call.operand(0)?, emit.zero(emit.storage(dtype)));
    let factors = [
        Factor::new(image, dtype, form.input_map(emit)),
        Factor::new(form.filter(emit, call.operand(1)?), dtype, form.filter_map(emit)),
    ];
    let out = biased(emit, dtype, &form.result, form.result_channel(), call.optional(2));
    let sums = accumulate(emit, &factors, &[], (out, form.result_map(emit)), &form.loops());
    Ok(vec![rounded(emit, dtype, sums)])
}

/// What sums over an image start with: the bias of each channel, or zero. Dimension `channel` counts the channels.
pub fn biased<'c>(emit: &Emitter<'c>, dtype: DType, shape: &[usize], channel: usize, bias: Option<Val<'c>>) -> Val<'c> {
    let Some(bias) = bias else { return zeros(emit, dtype, shape) };
    let rank = shape.len();
    let out = emit.empty(emit.compute(dtype), shape);
    let channel = emit.map(rank, &[dim(channel)]);
    emit.generic(&[(bias, channel)], &[(out, emit.identity(rank))], &vec![Loop::Parallel; rank], |e, v| {
        vec![load(e, dtype, v[0])]
    })[0]
}

pub fn conv_integer<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    let emit = &call.emit;
    let form = Form::of(call)?;
    let one = |zero: Val<'c>| {
        let zero = emit.reshape(zero, &[1]);
        (zero, form.map(emit, &["0".to_string()]))
    };
    let input_zero = call.optional(2).map(one);
    let filter_zero = match call.optional(3) {
        Some(zero) if emit.shape_of(zero).iter().product::<usize>() != 1 => {
            Some((zero, form.map(emit, &[form.member(form.filter_of_group(), form.filters)])))
        }
        zero => zero.map(one),
    };
    // Padding counts as nothing where it holds the zero point.
    let padding = match input_zero {
        Some((zero, _)) => emit.extract(zero, &[emit.index(0)]),
        None => emit.int(emit.integer_type(8), 0),
    };
    let image = form.input(emit, call.operand(0)?, padding);
    let filter = form.filter(emit, call.operand(1)?);
    let factors = [
        Factor::new(image, call.dtype(0)?, form.input_map(emit)).less(input_zero),
        Factor::new(filter, call.dtype(1)?, form.filter_map(emit)).less(filter_zero),
    ];
    let out = zeros(emit, DType::I32, &form.result);
    Ok(vec![accumulate(emit, &factors, &[], (out, form.result_map(emit)), &form.loops())])
}

#[cfg(test)]
mod tests {
    use hwc_dialects::image::{Axes, permuted};
    use hwc_dialects::{Attrs, Op, attrs};
    use hwc_runtime::{DType, Tensor};

    use crate::lower::testing::{check, random};

    #[rustfmt::skip]
    fn cases() -> Vec<(&'static [usize], &'static [usize], Attrs)> {
        vec![
            (&[2, 3, 9], &[4, 3, 3], attrs! {}),
            (&[1, 3, 9, 8], &[5, 3, 3, 3], attrs! { "pads" => vec![1i64, 1, 1, 1] }),
            (&[2, 4, 12, 20], &[6, 2, 3, 3], attrs! { "group" => 2i64, "strides" => vec![2i64, 2], "pads" => vec![1i64, 0, 0, 2] }),
            (&[1, 6, 10, 18], &[6, 1, 3, 3], attrs! { "group" => 6i64, "pads" => vec![1i64, 1, 1, 1] }),
            (&[1, 3, 8, 9], &[6, 1, 3, 2], attrs! { "group" => 3i64, "dilations" => vec![2i64, 3] }),
            (&[1, 20, 7, 7], &[17, 20, 1, 1], attrs! {}),
            (&[1, 2, 5, 6, 7], &[3, 2, 2, 3, 1], attrs! { "strides" => vec![1i64, 2, 3], "pads" => vec![0i64, 1, 0, 1, 1, 0] }),
            (&[0, 2, 5], &[3, 2, 2], attrs! {}),
            (&[2, 0, 5], &[3, 0, 2], attrs! {}),
        ]
    }

    #[test]
    fn every_kind_of_window() {
        for (input, filter, attrs) in cases() {
            let (x, w) = (random(DType::F32, input, 1), random(DType::F32, filter, 2));
            let bias = random(DType::F32, &filter[..1], 3);
            check(Op::Conv, &attrs, &[Some(&x), Some(&w)], 1e-5);
            check(Op::Conv, &attrs, &[Some(&x), Some(&w), Some(&bias)], 1e-5);
        }
    }

    #[test]
    fn channels_last() {
        for (input, filter, mut attrs) in cases() {
            attrs.set("channels_last", true);
            let bias = random(DType::F32, &filter[..1], 3);
            let input = permuted(input, &Axes::Image.to_last(input.len()));
            let filter = permuted(filter, &Axes::Filter.to_last(filter.len()));
            let (x, w) = (random(DType::F32, &input, 1), random(DType::F32, &filter, 2));
            check(Op::Conv, &attrs, &[Some(&x), Some(&w)], 1e-5);
            check(Op::Conv, &attrs, &[Some(&x), Some(&w), Some(&bias)], 1e-5);
        }
    }

    #[test]
    fn every_type() {
        let attrs = attrs! { "pads" => vec![1i64, 1, 0, 1] };
        for dtype in [DType::F64, DType::F16, DType::BF16, DType::I32, DType::U8] {
            let (x, w) = (random(dtype, &[1, 2, 5, 6], 1), random(dtype, &[3, 2, 3, 2], 2));
            let bias = random(dtype, &[3], 3);
            let tolerance = if dtype == DType::BF16 { 8e-3 } else { 1e-3 };
            check(Op::Conv, &attrs, &[Some(&x), Some(&w), Some(&bias)], tolerance);
        }
    }

    #[test]
    fn integers_less_their_zero_points() {
        let bytes = |dtype, shape: &[usize], seed| {
            let count: usize = shape.iter().product();
            let data: Vec<u8> = (0..count).map(|i| (i * 37 + seed) as u8).collect();
            Tensor::from_bytes(dtype, shape, data).unwrap()
        };
        for (input, filter, attrs) in cases() {
            let (x, w) = (bytes(DType::U8, input, 1), bytes(DType::I8, filter, 2));
            let (one, each) = (bytes(DType::U8, &[1], 131), bytes(DType::I8, &filter[..1], 3));
            let scalar = bytes(DType::I8, &[], 251);
            for zeros in [[None, None], [Some(&one), None], [Some(&one), Some(&each)], [None, Some(&scalar)]] {
                check(Op::ConvInteger, &attrs, &[Some(&x), Some(&w), zeros[0], zeros[1]], 0.0);
            }
        }
    }
}
