//! Running sums: a sequential loop along the axis, parallel ones around and inside it.

use hwc_dialects::infer::axis;

use super::rows::plain;
use super::scalar::{add, load, store};
use super::{Emitter, LowerCall, Lowered};
use crate::codegen::ir::Val;

pub fn cumsum<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    let (emit, dtype, shape) = (&call.emit, call.dtype(0)?, call.shape(0)?);
    plain(dtype)?;
    let at = axis(call.attrs.int("axis")?, shape.len())?;
    let (exclusive, reverse) = (call.attrs.bool("exclusive")?, call.attrs.bool("reverse")?);
    let (outer, length) = (shape[..at].iter().product::<usize>(), shape[at]);
    let inner: usize = shape[at + 1..].iter().product();
    let operand = emit.reshape(call.operand(0)?, &[outer, length, inner]);
    let out = emit.empty(emit.storage(dtype), &[outer, length, inner]);
    let zero = emit.zero(emit.compute(dtype));

    let range = |e: &Emitter<'c>, n: usize| (e.index(0), e.index(n as i64), e.index(1));
    // One step at a position: reads the running sum, writes an element of the result, returns both.
    let step = |e: &Emitter<'c>, place: [Val<'c>; 3], sum: Val<'c>, out: Val<'c>| {
        let x = load(e, dtype, e.extract(operand, &place));
        let next = add(e, dtype, sum, x);
        let element = store(e, dtype, if exclusive { sum } else { next });
        (next, e.insert_element(element, out, &place))
    };
    let along = |e: &Emitter<'c>, l: Val<'c>| {
        if reverse { e.same("arith.subi", &[e.index(length as i64 - 1), l]) } else { l }
    };
    let (zero_index, end, one) = range(emit, outer);
    let result = emit.for_loop(zero_index, end, one, &[out], |e, o, carried| {
        let (from, to, by) = range(e, length);
        if inner == 1 {
            let i = e.index(0);
            let sums = e.for_loop(from, to, by, &[zero, carried[0]], |e, l, carried| {
                let (sum, out) = step(e, [o, along(e, l), i], carried[0], carried[1]);
                vec![sum, out]
            });
            return vec![sums[1]];
        }
        let sums = e.filled(&[inner], zero);
        let sums = e.for_loop(from, to, by, &[sums, carried[0]], |e, l, carried| {
            let l = along(e, l);
            let (from, to, by) = range(e, inner);
            e.for_loop(from, to, by, carried, |e, i, carried| {
                let sum = e.extract(carried[0], &[i]);
                let (sum, out) = step(e, [o, l, i], sum, carried[1]);
                vec![e.insert_element(sum, carried[0], &[i]), out]
            })
        });
        vec![sums[1]]
    });
    Ok(vec![emit.reshape(result[0], &shape)])
}

#[cfg(test)]
mod tests {
    use hwc_dialects::{Op, attrs};
    use hwc_runtime::DType;

    use crate::lower::testing::{check, random};

    #[test]
    fn each_direction_axis_and_type() {
        for (dtype, tolerance) in [(DType::F32, 1e-5), (DType::F64, 1e-12), (DType::F16, 1e-3), (DType::I32, 0.0)] {
            let x = random(dtype, &[2, 5, 3], 1);
            for axis in [0i64, 1, -1] {
                for (exclusive, reverse) in [(false, false), (true, false), (false, true), (true, true)] {
                    let attrs = attrs! { "axis" => axis, "exclusive" => exclusive, "reverse" => reverse };
                    check(Op::Cumsum, &attrs, &[Some(&x)], tolerance);
                }
            }
        }
        check(Op::Cumsum, &attrs! { "axis" => 0i64 }, &[Some(&random(DType::U8, &[300], 1))], 0.0);
        check(Op::Cumsum, &attrs! { "axis" => 1i64 }, &[Some(&random(DType::F32, &[2, 0], 1))], 0.0);
    }
}
