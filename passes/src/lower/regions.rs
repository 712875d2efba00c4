//! Operators on regions of interest, and unpooling: addresses depend on data, elements are visited one by one.

use melior::ir::{Type, ValueLike};

use super::deformable::number;
use super::product::dim;

use super::rows::plain;
use super::scalar::{load, store};
use super::{Emitter, Loop, LowerCall, Lowered, Order};
use crate::codegen::ir::Val;

/// Writes element after element, so that the last one at a place stays.
pub fn max_unpool<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    let (emit, result) = (&call.emit, call.result_shape(0)?);
    let count: usize = call.shape(0)?.iter().product();
    let size: usize = result.iter().product();
    let input = emit.reshape(call.operand(0)?, &[count]);
    let indices = emit.reshape(call.operand(1)?, &[count]);
    let out = emit.filled(&[size], emit.zero(emit.storage(call.dtype(0)?)));
    let (first, end, one) = (emit.index(0), emit.index(count as i64), emit.index(1));
    let done = emit.for_loop(first, end, one, &[out], |e, i, out| {
        let place = e.extract(indices, &[i]);
        // As an unsigned number a negative index is large.
        let exists = e.compare_unsigned(Order::Less, place, e.int(e.integer_type(64), size as i64));
        let write = |e: &Emitter<'c>| {
            let place = e.cast("arith.index_cast", place, e.index_type());
            vec![e.insert_element(e.extract(input, &[i]), out[0], &[place])]
        };
        e.if_else(exists, &[out[0].r#type()], write, |_| vec![out[0]])
    });
    Ok(vec![emit.reshape(done[0], &result)])
}

/// The samples of a bin along an axis.
struct Samples<'c> {
    start: Val<'c>,
    bin: Val<'c>,
    /// As an index, and as a number.
    count: Val<'c>,
    number: Val<'c>,
}

/// Samples of a bin are not more than this along an axis.
const MOST_SAMPLES: f64 = (1 << 20) as f64;

pub fn roi_align<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    let (emit, dtype, shape, result) = (&call.emit, call.dtype(0)?, call.shape(0)?, call.result_shape(0)?);
    plain(dtype)?;
    let (image, rois, batch) = (call.operand(0)?, call.operand(1)?, call.operand(2)?);
    if shape.contains(&0) {
        return Ok(vec![emit.filled(&result, emit.zero(emit.storage(dtype)))]);
    }
    let scale = call.attrs.float("spatial_scale")?;
    let half_pixel = call.attrs.bool("half_pixel")?;
    let ratio = call.attrs.int("sampling_ratio")?;
    let max = call.attrs.str("mode")? == "max";

    // Loops: region, channel, bin row, bin column.
    let corner = |i: usize| (rois, emit.map(4, &[dim(0), i.to_string()]));
    let inputs = [corner(0), corner(1), corner(2), corner(3), (batch, emit.map(4, &[dim(0)]))];
    let out = emit.empty(emit.storage(dtype), &result);
    let body = |e: &Emitter<'c>, v: &[Val<'c>]| {
        let ty = e.compute(dtype);
        let float = |value: f64| e.float(ty, value);
        let region = v[4];
        let axis = |d: usize| -> Samples<'c> {
            let shifted = |corner: Val<'c>| {
                let scaled = e.mulf(load(e, dtype, corner), float(scale));
                if half_pixel { e.subf(scaled, float(0.5)) } else { scaled }
            };
            let (start, end) = (shifted(v[1 - d]), shifted(v[3 - d]));
            let mut size = e.subf(end, start);
            if !half_pixel {
                size = e.same("arith.maxnumf", &[size, float(1.0)]);
            }
            let bin = e.divf(size, float(result[2 + d] as f64));
            let wanted = if ratio > 0 { float(ratio as f64) } else { e.same("math.ceil", &[bin]) };
            let bounded =
                e.same("arith.minnumf", &[e.same("arith.maxnumf", &[wanted, float(0.0)]), float(MOST_SAMPLES)]);
            let count = e.cast("arith.fptosi", bounded, e.integer_type(64));
            let offset = e.mulf(number(e, e.loop_index(2 + d), ty), bin);
            let start = e.addf(start, offset);
            Samples { start, bin, count: e.cast("arith.index_cast", count, e.index_type()), number: bounded }
        };
        let (rows, columns) = (axis(0), axis(1));
        let exists = e.compare_unsigned(Order::Less, region, e.int(e.integer_type(64), shape[0] as i64));
        let channel = e.loop_index(1);
        let (none, start) = (float(0.0), float(if max { f64::NEG_INFINITY } else { 0.0 }));
        let visit = |e: &Emitter<'c>| {
            let plane = [e.cast("arith.index_cast", region, e.index_type()), channel];
            let folded = visit_samples(e, &rows, &columns, start, |e, y, x, folded| {
                let weighted = neighbours(e, (shape[2], shape[3]), (y, x)).map(|(y, x, weight)| {
                    let pixel = load(e, dtype, e.extract(image, &[plane[0], plane[1], y, x]));
                    e.mulf(pixel, weight)
                });
                let name = if max { "arith.maxnumf" } else { "arith.addf" };
                weighted.into_iter().fold(folded, |folded, value| e.same(name, &[folded, value]))
            });
            let count = e.mulf(rows.number, columns.number);
            let empty = e.compare_floats(Order::LessOrEqual, count, none);
            let value = if max { folded } else { e.divf(folded, count) };
            vec![e.select(empty, none, value)]
        };
        let value = e.if_else(exists, &[ty], visit, |_| vec![none]);
        vec![store(e, dtype, value[0])]
    };
    Ok(emit.generic(&inputs, &[(out, emit.identity(4))], &[Loop::Parallel; 4], body))
}

/// Folds all samples of a bin: `body` gets a point and what has been folded so far.
fn visit_samples<'c>(
    emit: &Emitter<'c>,
    rows: &Samples<'c>,
    columns: &Samples<'c>,
    start: Val<'c>,
    body: impl Fn(&Emitter<'c>, Val<'c>, Val<'c>, Val<'c>) -> Val<'c>,
) -> Val<'c> {
    let at = |e: &Emitter<'c>, samples: &Samples<'c>, i: Val<'c>| {
        let ty = samples.bin.r#type();
        let middle = e.addf(number(e, i, ty), e.float(ty, 0.5));
        let within = e.mulf(middle, samples.bin);
        e.addf(samples.start, e.divf(within, samples.number))
    };
    let (zero, one) = (emit.index(0), emit.index(1));
    emit.for_loop(zero, rows.count, one, &[start], |e, i, folded| {
        let y = at(e, rows, i);
        e.for_loop(zero, columns.count, one, folded, |e, j, folded| {
            let x = at(e, columns, j);
            vec![body(e, y, x, folded[0])]
        })
    })[0]
}

/// The four pixels around a point with their weights, which are zero where the point is more than a pixel outside.
fn neighbours<'c>(
    emit: &Emitter<'c>,
    (height, width): (usize, usize),
    (y, x): (Val<'c>, Val<'c>),
) -> [(Val<'c>, Val<'c>, Val<'c>); 4] {
    let ty: Type = y.r#type();
    let float = |value: f64| emit.float(ty, value);
    // The two neighbours along an axis with their weights, and whether the point is close enough.
    let axis = |value: Val<'c>, size: usize| {
        let last = size as f64 - 1.0;
        let close = emit.andi(
            emit.compare_floats(Order::LessOrEqual, float(-1.0), value),
            emit.compare_floats(Order::LessOrEqual, value, float(size as f64)),
        );
        let value = emit.same("arith.minnumf", &[emit.same("arith.maxnumf", &[value, float(0.0)]), float(last)]);
        let low = emit.same("math.floor", &[value]);
        let high = emit.same("arith.minnumf", &[emit.addf(low, float(1.0)), float(last)]);
        let part = emit.subf(value, low);
        let rest = emit.subf(float(1.0), part);
        let index = |value: Val<'c>| super::sampling::clamped_index(emit, value, size);
        ([(index(low), rest), (index(high), part)], close)
    };
    let ((rows, row_close), (columns, column_close)) = (axis(y, height), axis(x, width));
    let close = emit.andi(row_close, column_close);
    let pair = |r: usize, c: usize| {
        let weight = emit.mulf(rows[r].1, columns[c].1);
        (rows[r].0, columns[c].0, emit.select(close, weight, float(0.0)))
    };
    [pair(0, 0), pair(0, 1), pair(1, 0), pair(1, 1)]
}

pub fn max_roi_pool<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    let (emit, dtype, shape, result) = (&call.emit, call.dtype(0)?, call.shape(0)?, call.result_shape(0)?);
    plain(dtype)?;
    let (image, rois) = (call.operand(0)?, call.operand(1)?);
    if shape.contains(&0) {
        return Ok(vec![emit.filled(&result, emit.zero(emit.storage(dtype)))]);
    }
    let scale = call.attrs.float("spatial_scale")?;
    // Loops: region, channel, bin row, bin column.
    let inputs: Vec<_> = (0..5).map(|i| (rois, emit.map(4, &[dim(0), i.to_string()]))).collect();
    let out = emit.empty(emit.storage(dtype), &result);
    let body = |e: &Emitter<'c>, v: &[Val<'c>]| {
        let ty = e.compute(dtype);
        let float = |value: f64| e.float(ty, value);
        let rounded = |corner: Val<'c>| e.same("math.round", &[e.mulf(load(e, dtype, corner), float(scale))]);
        // The first row or column of a bin and the one behind its last.
        let axis = |d: usize| {
            let (start, end) = (rounded(v[2 - d]), rounded(v[4 - d]));
            let size = e.addf(e.subf(end, start), float(1.0));
            let size = e.same("arith.maxnumf", &[size, float(1.0)]);
            let bin = e.divf(size, float(result[2 + d] as f64));
            let here = number(e, e.loop_index(2 + d), ty);
            let next = e.addf(here, float(1.0));
            let bound = |name: &str, at: Val<'c>| {
                let edge = e.same(name, &[e.mulf(at, bin)]);
                // One more place than there are elements: behind the last.
                super::sampling::clamped_index(e, e.addf(start, edge), shape[2 + d] + 1)
            };
            (bound("math.floor", here), bound("math.ceil", next))
        };
        let (rows, columns) = (axis(0), axis(1));
        let region = e.same("math.trunc", &[load(e, dtype, v[0])]);
        let exists = e.andi(
            e.compare_floats(Order::LessOrEqual, float(0.0), region),
            e.compare_floats(Order::Greater, float(shape[0] as f64), region),
        );
        let region = super::sampling::clamped_index(e, region, shape[0]);
        let channel = e.loop_index(1);
        let lowest = float(f64::NEG_INFINITY);
        let visit = |e: &Emitter<'c>| {
            let one = e.index(1);
            let none = e.int(e.integer_type(1), 0);
            e.for_loop(rows.0, rows.1, one, &[lowest, none], |e, y, best| {
                e.for_loop(columns.0, columns.1, one, best, |e, x, best| {
                    let pixel = load(e, dtype, e.extract(image, &[region, channel, y, x]));
                    vec![e.same("arith.maxnumf", &[best[0], pixel]), e.int(e.integer_type(1), 1)]
                })
            })
        };
        let nothing = |e: &Emitter<'c>| vec![e.zero(ty), e.int(e.integer_type(1), 0)];
        let found = e.if_else(exists, &[ty, e.integer_type(1)], visit, nothing);
        vec![store(e, dtype, e.select(found[1], found[0], e.zero(ty)))]
    };
    Ok(emit.generic(&inputs, &[(out, emit.identity(4))], &[Loop::Parallel; 4], body))
}

#[cfg(test)]
mod tests {
    use hwc_dialects::{Op, attrs};
    use hwc_runtime::{DType, Tensor};

    use crate::lower::testing::{check, random};

    fn rois(rows: &[&[f32]]) -> Tensor {
        Tensor::from_vec(vec![rows.len(), rows[0].len()], rows.concat()).unwrap()
    }

    #[test]
    fn unpooling() {
        let x = random(DType::F32, &[1, 1, 2, 2], 1);
        for indices in [vec![0i64, 5, 7, 2], vec![3, 3, -1, 99], vec![i64::MIN, i64::MAX, 0, 8]] {
            let indices = Tensor::from_vec(vec![1, 1, 2, 2], indices).unwrap();
            check(Op::MaxUnpool, &attrs! { "shape" => vec![1i64, 1, 3, 3] }, &[Some(&x), Some(&indices)], 0.0);
        }
    }

    #[test]
    fn samples_of_regions() {
        let x = random(DType::F32, &[2, 3, 8, 9], 1);
        let rois =
            rois(&[&[0.25, 0.5, 6.0, 7.25], &[2.0, 1.0, 3.0, 1.5], &[-9.0, -3.0, 20.0, 30.0], &[5.0, 5.0, 4.0, 4.0]]);
        let batch = Tensor::from_vec(vec![4], vec![1i64, 0, 1, 2]).unwrap();
        for mode in ["avg", "max"] {
            for half_pixel in [true, false] {
                for ratio in [0i64, 2] {
                    let attrs = attrs! {
                        "output_height" => 3i64, "output_width" => 2i64, "sampling_ratio" => ratio, "mode" => mode,
                        "half_pixel" => half_pixel, "spatial_scale" => 0.75,
                    };
                    check(Op::RoiAlign, &attrs, &[Some(&x), Some(&rois), Some(&batch)], 1e-4);
                }
            }
        }
    }

    #[test]
    fn bins_of_regions() {
        let x = random(DType::F32, &[2, 2, 6, 7], 1);
        let rois = rois(&[&[0.0, 1.0, 1.0, 5.0, 4.0], &[1.0, -3.0, 2.0, 30.0, 3.0], &[7.0, 0.0, 0.0, 1.0, 1.0]]);
        let attrs = attrs! { "output_height" => 3i64, "output_width" => 2i64, "spatial_scale" => 0.9 };
        check(Op::MaxRoiPool, &attrs, &[Some(&x), Some(&rois)], 0.0);
    }
}
