//! Reductions over sliding windows: the image is padded, then one `linalg.generic` over windows and taps.

use hwc_dialects::image::{Axes, is_channels_last, permuted};
use hwc_dialects::reference::number;
use hwc_dialects::window::Window;
use hwc_runtime::{DType, Tensor, dtype::Kind};
use melior::ir::{Attribute, ValueLike};

use super::constant::storage_attribute;
use super::product::{dim, loops, rounded};
use super::reduction::{ORD, UGT, integer_predicate};
use super::rows::plain;
use super::scalar::{load, store};
use super::windows::{at, under_windows};
use super::{Emitter, Loop, LowerCall, Lowered, Order};
use crate::codegen::ir::Val;

/// The loops of pooling: image, channel, windows; then taps.
struct Form {
    windows: Vec<Window>,
    /// As the operation has it.
    result: Vec<usize>,
    /// The loop over each of its dimensions.
    order: Vec<usize>,
}

impl Form {
    fn of(call: &LowerCall) -> Result<Form, String> {
        let kernel = call.attrs.sizes("kernel")?;
        let windows = Window::with_kernel(call.attrs, &kernel).map_err(|e| e.to_string())?;
        let result = call.result_shape(0)?;
        let rank = result.len();
        let order = if is_channels_last(call.attrs) { Axes::Image.to_last(rank) } else { (0..rank).collect() };
        Ok(Form { windows, result, order })
    }

    /// The first spatial dimension of the images in memory.
    fn first(&self) -> usize {
        if self.order[1] == 1 { 2 } else { 1 }
    }

    fn map<'c>(&self, emit: &Emitter<'c>, results: &[String]) -> Attribute<'c> {
        emit.map(self.result.len() + self.windows.len(), results)
    }

    /// The padded image and how it is read.
    fn image<'c>(&self, call: &LowerCall<'c, '_>, padding: Val<'c>) -> Result<(Val<'c>, Attribute<'c>), String> {
        let (emit, first) = (&call.emit, self.first());
        let image = under_windows(emit, call.operand(0)?, first, &self.windows, &self.result[first..], padding);
        let mut exprs = vec![dim(0), dim(1)];
        exprs.extend(self.windows.iter().enumerate().map(|(i, w)| at(w, 2 + i, self.result.len() + i)));
        Ok((image, self.map(emit, &permuted(&exprs, &self.order))))
    }

    /// A tensor of the kernel's shape, which gives the loops over taps their lengths and is never read.
    fn taps<'c>(&self, emit: &Emitter<'c>) -> (Val<'c>, Attribute<'c>) {
        let kernel: Vec<usize> = self.windows.iter().map(|w| w.kernel).collect();
        let exprs: Vec<String> = (0..kernel.len()).map(|i| dim(self.result.len() + i)).collect();
        (emit.empty(emit.integer_type(8), &kernel), self.map(emit, &exprs))
    }

    fn result_map<'c>(&self, emit: &Emitter<'c>) -> Attribute<'c> {
        self.map(emit, &self.order.iter().map(|&axis| dim(axis)).collect::<Vec<_>>())
    }

    fn kinds(&self) -> Vec<Loop> {
        loops(self.result.len(), self.windows.len())
    }

    /// Folds each window: `body` gets an element and what has been folded so far, both in the compute type.
    fn fold<'c>(
        &self,
        call: &LowerCall<'c, '_>,
        padding: Val<'c>,
        start: Val<'c>,
        body: impl FnOnce(&Emitter<'c>, Val<'c>, Val<'c>) -> Val<'c>,
    ) -> Lowered<'c> {
        let (emit, dtype) = (&call.emit, call.dtype(0)?);
        let inputs = [self.image(call, padding)?, self.taps(emit)];
        let out = emit.filled(&self.result, start);
        Ok(emit.generic(&inputs, &[(out, self.result_map(emit))], &self.kinds(), |e, v| {
            vec![body(e, load(e, dtype, v[0]), v[2])]
        }))
    }
}

/// The lowest value of a type, as stored or as computed with.
fn lowest<'c>(emit: &Emitter<'c>, dtype: DType, stored: bool) -> Val<'c> {
    let ty = if stored { emit.storage(dtype) } else { emit.compute(dtype) };
    match dtype.kind() {
        Kind::Float => emit.float(ty, f64::NEG_INFINITY),
        _ => emit.int(ty, i64::try_from(number::range(dtype).0).unwrap_or(0)),
    }
}

pub fn max_pool<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    let (emit, dtype) = (&call.emit, call.dtype(0)?);
    plain(dtype)?;
    let max = match dtype.kind() {
        Kind::Float => "arith.maximumf",
        Kind::Signed => "arith.maxsi",
        _ => "arith.maxui",
    };
    let form = Form::of(call)?;
    let (padding, start) = (lowest(emit, dtype, true), lowest(emit, dtype, false));
    let largest = form.fold(call, padding, start, |e, x, best| e.same(max, &[best, x]))?;
    Ok(vec![rounded(emit, dtype, largest[0])])
}

/// Carries the largest element and its place; taps are visited in order, so the first of equals stays.
pub fn max_pool_with_indices<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    let (emit, dtype, shape) = (&call.emit, call.dtype(0)?, call.shape(0)?);
    plain(dtype)?;
    let form = Form::of(call)?;
    let column_major = call.attrs.bool("column_major")?;
    let index_type = emit.integer_type(64);
    let inputs = [form.image(call, lowest(emit, dtype, true))?, form.taps(emit)];
    let best = emit.filled(&form.result, lowest(emit, dtype, true));
    let place = emit.filled(&form.result, emit.int(index_type, -1));
    let map = form.result_map(emit);
    Ok(emit.generic(&inputs, &[(best, map), (place, map)], &form.kinds(), |e, v| {
        let (x, best, place) = (load(e, dtype, v[0]), load(e, dtype, v[2]), v[3]);
        let position = |loop_: usize| e.cast("arith.index_cast", e.loop_index(loop_), index_type);
        let times = |value: Val<'c>, n: usize| e.muli(value, e.int(index_type, n as i64));
        let add = |a: Val<'c>, b: Val<'c>| e.addi(a, b);

        // Coordinates in the image, and whether all of them are inside.
        let mut inside = e.int(e.integer_type(1), 1);
        let mut coordinates = Vec::new();
        for (i, window) in form.windows.iter().enumerate() {
            let start = add(times(position(2 + i), window.stride), e.int(index_type, -(window.before as i64)));
            let at = add(start, times(position(form.result.len() + i), window.dilation));
            // As unsigned numbers, negative coordinates are large.
            let within = e.compare_unsigned(Order::Less, at, e.int(index_type, shape[2 + i] as i64));
            inside = e.andi(inside, within);
            coordinates.push((at, shape[2 + i]));
        }
        if column_major {
            coordinates.reverse();
        }
        let image = add(times(position(0), shape[1]), position(1));
        let area: usize = shape[2..].iter().product();
        let zero = e.int(index_type, 0);
        let within = coordinates.iter().fold(zero, |sum, &(at, size)| add(times(sum, size), at));
        let here = add(times(image, area), within);

        let larger = if dtype.is_float() {
            let larger = e.compare("arith.cmpf", UGT, x, best);
            e.andi(larger, e.compare("arith.cmpf", ORD, best, best))
        } else {
            e.compare("arith.cmpi", integer_predicate(true, false, dtype.is_unsigned()), x, best)
        };
        let is_first = e.compare_signed(Order::Less, place, zero);
        let better = e.andi(inside, e.ori(larger, is_first));
        vec![e.select(better, v[0], v[2]), e.select(better, here, place)]
    }))
}

pub fn average_pool<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    let (emit, dtype, shape) = (&call.emit, call.dtype(0)?, call.shape(0)?);
    plain(dtype)?;
    let form = Form::of(call)?;
    let include_pad = call.attrs.bool("count_include_pad")?;
    let zero = emit.zero(emit.compute(dtype));
    let sums = form.fold(call, emit.zero(emit.storage(dtype)), zero, |e, x, sum| e.addf(sum, x))?;

    // The number of elements of a window is a product of one number a dimension.
    let (rank, first) = (form.result.len(), form.first());
    let mut constant = 1.0;
    let mut inputs = vec![(sums[0], emit.identity(rank))];
    for (d, window) in form.windows.iter().enumerate() {
        let (size, end) = (shape[first + d], window.before + shape[first + d] + window.after);
        let counts = |output: usize| {
            let counted = |tap: &usize| match include_pad {
                true => output * window.stride + tap * window.dilation < end,
                false => window.input(output, *tap, size).is_some(),
            };
            (0..window.kernel).filter(counted).count()
        };
        let counts: Vec<f64> = (0..form.result[first + d]).map(|output| counts(output) as f64).collect();
        if counts.windows(2).all(|pair| pair[0] == pair[1]) {
            constant *= counts.first().copied().unwrap_or(1.0);
            continue;
        }
        let counts = number::from_floats(super::rows::wide(dtype), &[counts.len()], counts)?;
        inputs.push((tensor(emit, &counts)?, emit.map(rank, &[dim(first + d)])));
    }
    let out = emit.empty(emit.storage(dtype), &form.result);
    Ok(emit.generic(&inputs, &[(out, emit.identity(rank))], &vec![Loop::Parallel; rank], |e, v| {
        let counts = &v[1..v.len() - 1];
        let constant = e.float(v[0].r#type(), constant);
        let count = counts.iter().fold(constant, |product, &count| e.mulf(product, count));
        vec![store(e, dtype, e.divf(v[0], count))]
    }))
}

/// A tensor as a constant inside of the kernel.
fn tensor<'c>(emit: &Emitter<'c>, value: &Tensor) -> Result<Val<'c>, String> {
    let ty = emit.tensor(emit.storage(value.dtype()), value.shape());
    Ok(emit.value("arith.constant", &[], ty, &[("value", storage_attribute(emit, value)?)]))
}

pub fn lp_pool<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    let (emit, dtype, p) = (&call.emit, call.dtype(0)?, call.attrs.int("p")?);
    plain(dtype)?;
    let form = Form::of(call)?;
    let zero = emit.zero(emit.compute(dtype));
    let sums = form.fold(call, emit.zero(emit.storage(dtype)), zero, |e, x, sum| {
        let power = match p {
            1 => e.same("math.absf", &[x]),
            2 => e.mulf(x, x),
            _ => e.same("math.powf", &[e.same("math.absf", &[x]), e.float(x.r#type(), p as f64)]),
        };
        e.addf(sum, power)
    })?;
    if p == 1 {
        return Ok(vec![rounded(emit, dtype, sums[0])]);
    }
    let rank = form.result.len();
    let out = emit.empty(emit.storage(dtype), &form.result);
    let identity = emit.identity(rank);
    Ok(emit.generic(&[(sums[0], identity)], &[(out, identity)], &vec![Loop::Parallel; rank], |e, v| {
        let root = match p {
            2 => e.same("math.sqrt", &[v[0]]),
            _ => e.same("math.powf", &[v[0], e.float(v[0].r#type(), 1.0 / p as f64)]),
        };
        vec![store(e, dtype, root)]
    }))
}

#[cfg(test)]
mod tests {
    use hwc_dialects::image::{Axes, permuted};
    use hwc_dialects::{Attrs, Op, attrs};
    use hwc_runtime::{DType, Tensor};

    use crate::lower::testing::{check, random};

    #[rustfmt::skip]
    fn cases() -> Vec<(&'static [usize], Attrs)> {
        vec![
            (&[1, 2, 9], attrs! { "kernel" => vec![2i64] }),
            (&[2, 3, 20, 24], attrs! { "kernel" => vec![2i64, 2], "strides" => vec![2i64, 2] }),
            (&[1, 3, 9, 11], attrs! { "kernel" => vec![3i64, 3], "strides" => vec![2i64, 2], "pads" => vec![1i64, 1, 1, 1] }),
            (&[1, 2, 8, 9], attrs! { "kernel" => vec![3i64, 2], "strides" => vec![2i64, 2], "ceil_mode" => true, "pads" => vec![1i64, 0, 0, 1] }),
            (&[1, 1, 9, 20], attrs! { "kernel" => vec![2i64, 3], "dilations" => vec![3i64, 2] }),
            (&[1, 1, 4, 5, 6], attrs! { "kernel" => vec![2i64, 3, 2], "pads" => vec![1i64, 1, 0, 0, 1, 1] }),
            (&[1, 0, 4], attrs! { "kernel" => vec![2i64] }),
        ]
    }

    #[test]
    fn every_kind_of_window() {
        for (shape, attrs) in cases() {
            let x = random(DType::F32, shape, 1);
            check(Op::MaxPool, &attrs, &[Some(&x)], 0.0);
            for include in [true, false] {
                let mut attrs = attrs.clone();
                attrs.set("count_include_pad", include);
                check(Op::AveragePool, &attrs, &[Some(&x)], 1e-6);
            }
            for column_major in [true, false] {
                let mut attrs = attrs.clone();
                attrs.set("column_major", column_major);
                check(Op::MaxPoolWithIndices, &attrs, &[Some(&x)], 0.0);
            }
            for p in 1..4i64 {
                let mut attrs = attrs.clone();
                attrs.set("p", p);
                check(Op::LpPool, &attrs, &[Some(&x)], 1e-5);
            }
        }
    }

    #[test]
    fn channels_last() {
        for (shape, mut attrs) in cases() {
            attrs.set("channels_last", true);
            let x = random(DType::F32, &permuted(shape, &Axes::Image.to_last(shape.len())), 1);
            check(Op::MaxPool, &attrs, &[Some(&x)], 0.0);
            check(Op::LpPool, &attrs, &[Some(&x)], 1e-5);
            for include in [true, false] {
                let mut attrs = attrs.clone();
                attrs.set("count_include_pad", include);
                check(Op::AveragePool, &attrs, &[Some(&x)], 1e-6);
            }
        }
    }

    #[test]
    fn every_type() {
        let attrs = attrs! { "kernel" => vec![3i64], "pads" => vec![1i64, 1] };
        for dtype in [DType::F64, DType::F16, DType::BF16, DType::I8, DType::U8, DType::I64] {
            let x = random(dtype, &[2, 2, 9], 4);
            check(Op::MaxPool, &attrs, &[Some(&x)], 0.0);
            check(Op::MaxPoolWithIndices, &attrs, &[Some(&x)], 0.0);
            if dtype.is_float() {
                let tolerance = if dtype == DType::BF16 { 8e-3 } else { 1e-3 };
                check(Op::AveragePool, &attrs, &[Some(&x)], tolerance);
            }
        }
    }

    #[test]
    fn extremes_and_nothing() {
        let (inf, nan) = (f32::INFINITY, f32::NAN);
        let x = Tensor::from_vec(vec![1, 1, 6], vec![-inf, -inf, 1.0, nan, 2.0, inf]).unwrap();
        for pads in [vec![0i64, 0], vec![1, 1], vec![3, 3]] {
            let attrs = attrs! { "kernel" => vec![2i64], "pads" => pads };
            check(Op::MaxPool, &attrs, &[Some(&x)], 0.0);
            check(Op::MaxPoolWithIndices, &attrs, &[Some(&x)], 0.0);
            check(Op::AveragePool, &attrs, &[Some(&x)], 1e-6);
        }
    }
}
