//! Normalizations: statistics first, then one pass over the elements.

use hwc_dialects::infer::axis;
use hwc_runtime::DType;

use super::rows::{Read, each, fold, inverse_deviation, kept, kept_shape, plain, wide};
use super::{Emitter, LowerCall, Lowered};
use crate::codegen::ir::Val;

pub fn layer<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    let layer = Layer::of(call)?;
    let (mean, factor) = layer.block.mean_and_inverse_deviation(call.attrs.float("epsilon")?);
    layer.apply(Some(mean), factor)
}

pub fn rms<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    let layer = Layer::of(call)?;
    let block = &layer.block;
    let squares = block.sum(&[block.read()], |e, x| e.same("arith.mulf", &[x[0], x[0]]));
    let factor = inverse_deviation(block.emit, squares, block.wide(), block.count(), call.attrs.float("epsilon")?);
    layer.apply(None, factor)
}

/// A tensor and the dimensions over which its statistics are taken.
struct Block<'a, 'c> {
    emit: &'a Emitter<'c>,
    tensor: Val<'c>,
    dtype: DType,
    shape: Vec<usize>,
    reduced: Vec<bool>,
}

impl<'c> Block<'_, 'c> {
    fn wide(&self) -> DType {
        wide(self.dtype)
    }

    /// Elements that share their statistics.
    fn count(&self) -> usize {
        self.shape.iter().zip(&self.reduced).filter(|(_, r)| **r).map(|(n, _)| n).product()
    }

    fn read(&self) -> Read<'c> {
        Read::new(self.tensor, self.dtype, self.emit.identity(self.shape.len()))
    }

    /// A tensor of statistics, read where they belong.
    fn statistic(&self, tensor: Val<'c>) -> Read<'c> {
        Read::new(tensor, self.wide(), kept(self.emit, &self.reduced))
    }

    fn sum(&self, reads: &[Read<'c>], term: impl FnOnce(&Emitter<'c>, &[Val<'c>]) -> Val<'c>) -> Val<'c> {
        let zero = self.emit.zero(self.emit.compute(self.dtype));
        fold(self.emit, reads, &self.shape, &self.reduced, zero, |e, x, acc| {
            let term = term(e, x);
            e.same("arith.addf", &[acc, term])
        })
    }

    fn mean_and_inverse_deviation(&self, epsilon: f64) -> (Val<'c>, Val<'c>) {
        let (emit, wide) = (self.emit, self.wide());
        let kept_dims = kept_shape(&self.shape, &self.reduced);
        let sums = self.sum(&[self.read()], |_, x| x[0]);
        let count = self.count() as f64;
        let mean = each(emit, &[Read::new(sums, wide, emit.identity(kept_dims.len()))], wide, &kept_dims, |e, x| {
            e.same("arith.divf", &[x[0], e.float(e.compute(wide), count)])
        });
        let squares = self.sum(&[self.read(), self.statistic(mean)], |e, x| {
            let deviation = e.same("arith.subf", &[x[0], x[1]]);
            e.same("arith.mulf", &[deviation, deviation])
        });
        (mean, inverse_deviation(emit, squares, wide, self.count(), epsilon))
    }
}

/// The operands of a normalization of the last dimensions.
struct Layer<'a, 'c> {
    block: Block<'a, 'c>,
    /// Scale and bias.
    parameters: [Option<Read<'c>>; 2],
    result: Vec<usize>,
}

impl<'a, 'c> Layer<'a, 'c> {
    fn of(call: &'a LowerCall<'c, '_>) -> Result<Self, String> {
        let (emit, dtype, result) = (&call.emit, call.dtype(0)?, call.shape(0)?);
        plain(dtype)?;
        let at = axis(call.attrs.int("axis")?, result.len())?;
        let normalized = &result[at..];
        // Rows of one dimension where the parameters allow it: the shape that is fastest to walk.
        let whole = |shape: &[usize]| shape == normalized || shape.iter().all(|&n| n == 1);
        let shapes = [call.shape(1)?, call.optional(2).map(|_| call.shape(2)).transpose()?.unwrap_or_default()];
        let flat = shapes.iter().all(|s| whole(s));
        let shape =
            if flat { vec![result[..at].iter().product(), normalized.iter().product()] } else { result.clone() };
        let first = if flat { 1 } else { at };
        let parameter = |index: usize| -> Result<Option<Read<'c>>, String> {
            let Some(tensor) = call.optional(index) else { return Ok(None) };
            let own = if flat { vec![shapes[index - 1].iter().product()] } else { shapes[index - 1].clone() };
            let map = emit.broadcast_map(&own, shape.len());
            Ok(Some(Read::new(emit.reshape(tensor, &own), call.dtype(index)?, map)))
        };
        let parameters = [parameter(1)?, parameter(2)?];
        for read in parameters.iter().flatten() {
            plain(read.dtype)?;
        }
        let reduced = (0..shape.len()).map(|i| i >= first).collect();
        let tensor = emit.reshape(call.operand(0)?, &shape);
        Ok(Layer { block: Block { emit, tensor, dtype, shape, reduced }, parameters, result })
    }

    /// (x - mean) * factor * scale + bias
    fn apply(self, mean: Option<Val<'c>>, factor: Val<'c>) -> Lowered<'c> {
        let block = &self.block;
        let mut reads = vec![block.read(), block.statistic(factor)];
        let has_mean = mean.is_some();
        let [scale, bias] = self.parameters;
        let has_bias = bias.is_some();
        reads.extend(scale);
        reads.extend(mean.map(|m| block.statistic(m)));
        reads.extend(bias);
        let result = each(block.emit, &reads, block.dtype, &block.shape, |e, v| {
            let wide = e.compute(block.dtype);
            let parameter = |x: Val<'c>| resize(e, x, wide);
            let centred = if has_mean { e.same("arith.subf", &[v[0], v[3]]) } else { v[0] };
            let normal = e.same("arith.mulf", &[centred, v[1]]);
            let scaled = e.same("arith.mulf", &[normal, parameter(v[2])]);
            if has_bias { e.same("arith.addf", &[scaled, parameter(v[v.len() - 1])]) } else { scaled }
        });
        Ok(vec![block.emit.reshape(result, &self.result)])
    }
}

/// Between `f32` and `f64`.
fn resize<'c>(emit: &Emitter<'c>, x: Val<'c>, to: melior::ir::Type<'c>) -> Val<'c> {
    let narrow = to != melior::ir::Type::float64(emit.context);
    emit.cast(if narrow { "arith.truncf" } else { "arith.extf" }, x, to)
}

pub fn batch<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    let (emit, dtype, shape) = (&call.emit, call.dtype(0)?, call.shape(0)?);
    let epsilon = call.attrs.float("epsilon")?;
    // A rank-1 operand has one channel for all samples.
    let channel = [if shape.len() > 1 { "d1" } else { "0" }];
    let map = emit.map(shape.len(), &channel);
    let mut reads = vec![Read::new(call.operand(0)?, dtype, emit.identity(shape.len()))];
    for i in 1..5 {
        reads.push(Read::new(call.operand(i)?, call.dtype(i)?, map));
    }
    reads.iter().try_for_each(|r| plain(r.dtype))?;
    Ok(vec![each(emit, &reads, dtype, &shape, |e, v| {
        let wide = e.compute(dtype);
        let [scale, bias, mean, variance] = [1, 2, 3, 4].map(|i| resize(e, v[i], wide));
        let root = e.same("math.sqrt", &[e.same("arith.addf", &[variance, e.float(wide, epsilon)])]);
        let factor = e.same("arith.divf", &[scale, root]);
        let centred = e.same("arith.subf", &[v[0], mean]);
        let scaled = e.same("arith.mulf", &[centred, factor]);
        e.same("arith.addf", &[scaled, bias])
    })])
}

pub fn group<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    let (emit, dtype, result) = (&call.emit, call.dtype(0)?, call.shape(0)?);
    let groups = call.attrs.int("groups")? as usize;
    let (samples, channels) = (result[0], result[1] / groups);
    let shape = vec![samples, groups, channels, result[2..].iter().product()];
    let parameter = |index: usize| -> Result<Read<'c>, String> {
        let tensor = emit.reshape(call.operand(index)?, &[groups, channels]);
        Ok(Read::new(tensor, call.dtype(index)?, emit.map(4, &["d1", "d2"])))
    };
    let (scale, bias) = (parameter(1)?, parameter(2)?);
    for dtype in [dtype, scale.dtype, bias.dtype] {
        plain(dtype)?;
    }
    let tensor = emit.reshape(call.operand(0)?, &shape);
    let block = Block { emit, tensor, dtype, shape, reduced: vec![false, false, true, true] };
    let (mean, factor) = block.mean_and_inverse_deviation(call.attrs.float("epsilon")?);
    let reads = [block.read(), block.statistic(mean), block.statistic(factor), scale, bias];
    let normal = each(emit, &reads, dtype, &block.shape, |e, v| {
        let wide = e.compute(dtype);
        let centred = e.same("arith.subf", &[v[0], v[1]]);
        let normal = e.same("arith.mulf", &[centred, v[2]]);
        let scaled = e.same("arith.mulf", &[normal, resize(e, v[3], wide)]);
        e.same("arith.addf", &[scaled, resize(e, v[4], wide)])
    });
    Ok(vec![emit.reshape(normal, &result)])
}

pub fn local_response<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    let (emit, dtype, result) = (&call.emit, call.dtype(0)?, call.shape(0)?);
    plain(dtype)?;
    let [alpha, beta, bias] = ["alpha", "beta", "bias"].map(|name| call.attrs.float(name));
    let (alpha, beta, bias) = (alpha?, beta?, bias?);
    let size = call.attrs.int("size")? as usize;
    let shape = [result[0], result[1], result[2..].iter().product()];
    // Of a window wider than the channels only what can meet a channel.
    let most = shape[1].saturating_sub(1);
    let (before, after) = (((size - 1) / 2).min(most), (size / 2).min(most));

    let tensor = emit.reshape(call.operand(0)?, &shape);
    let wide = wide(dtype);
    let squares = each(emit, &[Read::new(tensor, dtype, emit.identity(3))], wide, &shape, |e, x| {
        e.same("arith.mulf", &[x[0], x[0]])
    });
    let zero = emit.zero(emit.compute(dtype));
    let padded = emit.filled(&[shape[0], shape[1] + before + after, shape[2]], zero);
    let padded = emit.insert_slice(squares, padded, &[0, before, 0], &[1, 1, 1]);
    let window = emit.empty(emit.storage(wide), &[before + 1 + after]);
    let loops = [shape[0], shape[1], shape[2], before + 1 + after];
    let reads =
        [Read::new(padded, wide, emit.map(4, &["d0", "d1 + d3", "d2"])), Read::new(window, wide, emit.map(4, &["d3"]))];
    let sums =
        fold(emit, &reads, &loops, &[false, false, false, true], zero, |e, x, acc| e.same("arith.addf", &[acc, x[0]]));

    let reads = [Read::new(tensor, dtype, emit.identity(3)), Read::new(sums, wide, emit.identity(3))];
    let response = each(emit, &reads, dtype, &shape, |e, v| {
        let ty = e.compute(dtype);
        let share = e.same("arith.mulf", &[v[1], e.float(ty, alpha / size as f64)]);
        let base = e.same("arith.addf", &[share, e.float(ty, bias)]);
        let power = e.same("math.powf", &[base, e.float(ty, beta)]);
        e.same("arith.divf", &[v[0], power])
    });
    Ok(vec![emit.reshape(response, &result)])
}

#[cfg(test)]
mod tests {
    use hwc_dialects::reference::number::{floats, from_floats};
    use hwc_dialects::{Op, attrs};
    use hwc_runtime::Tensor;

    use super::*;
    use crate::lower::testing::{check, random};

    const TYPES: [(DType, f64); 4] =
        [(DType::F32, 2e-6), (DType::F64, 1e-12), (DType::F16, 2e-3), (DType::BF16, 1.6e-2)];

    #[test]
    fn layers_of_each_type() {
        for (dtype, tolerance) in TYPES {
            let x = random(dtype, &[2, 3, 4], 1);
            for axis in [-1i64, 1, 0] {
                let at = axis.rem_euclid(3) as usize;
                let (scale, bias) = (random(dtype, &[2, 3, 4][at..], 2), random(dtype, &[2, 3, 4][at..], 3));
                let attrs = attrs! { "axis" => axis, "epsilon" => 0.125 };
                check(Op::LayerNormalization, &attrs, &[Some(&x), Some(&scale), Some(&bias)], tolerance);
                check(Op::LayerNormalization, &attrs, &[Some(&x), Some(&scale), None], tolerance);
                check(Op::RmsNormalization, &attrs, &[Some(&x), Some(&scale)], tolerance);
            }
        }
    }

    #[test]
    fn parameters_broadcast_and_have_their_own_type() {
        let x = random(DType::F32, &[2, 3, 4], 1);
        for shape in [&[1][..], &[], &[3, 1], &[1, 4]] {
            let (scale, bias) = (random(DType::F64, shape, 2), random(DType::F16, &[4], 3));
            let attrs = attrs! { "axis" => 1i64 };
            check(Op::LayerNormalization, &attrs, &[Some(&x), Some(&scale), Some(&bias)], 2e-6);
            check(Op::RmsNormalization, &attrs, &[Some(&x), Some(&scale)], 2e-6);
        }
    }

    /// Not negative, as variances are.
    fn variances(dtype: DType, shape: &[usize]) -> Tensor {
        let values = floats(&random(dtype, shape, 9)).into_iter().map(f64::abs);
        from_floats(dtype, shape, values).unwrap()
    }

    #[test]
    fn batches_and_groups() {
        for (dtype, tolerance) in TYPES {
            for shape in [&[2, 4, 3, 2][..], &[1, 4], &[3, 4, 5]] {
                let x = random(dtype, shape, 1);
                let [s, b, m] = [2, 3, 4].map(|seed| random(dtype, &[4], seed));
                let v = variances(dtype, &[4]);
                let all = [Some(&x), Some(&s), Some(&b), Some(&m), Some(&v)];
                check(Op::BatchNormalization, &attrs! { "epsilon" => 0.125 }, &all, tolerance);
                for groups in [1i64, 2, 4] {
                    let attrs = attrs! { "groups" => groups, "epsilon" => 0.5 };
                    check(Op::GroupNormalization, &attrs, &all[..3], tolerance);
                }
            }
        }
        let (x, one) = (random(DType::F32, &[5], 1), variances(DType::F32, &[1]));
        check(Op::BatchNormalization, &attrs! {}, &[Some(&x), Some(&one), Some(&one), Some(&one), Some(&one)], 2e-6);
    }

    #[test]
    fn local_responses() {
        for (dtype, tolerance) in TYPES {
            let x = random(dtype, &[2, 5, 3], 1);
            for size in [1i64, 2, 3, 4, 99] {
                let attrs = attrs! { "size" => size, "alpha" => 0.5, "beta" => 0.75, "bias" => 1.5 };
                check(Op::LocalResponseNormalization, &attrs, &[Some(&x)], tolerance);
            }
        }
    }
}
