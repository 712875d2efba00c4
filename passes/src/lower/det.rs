//! Determinants: Gaussian elimination in place on a copy of the matrices.

use super::rows::{Read, each, plain, wide};
use super::{Emitter, LowerCall, Lowered, Order};
use crate::codegen::ir::Val;

pub fn det<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    let (emit, dtype, shape) = (&call.emit, call.dtype(0)?, call.shape(0)?);
    plain(dtype)?;
    let (count, n) = (shape[..shape.len() - 2].iter().product::<usize>(), shape[shape.len() - 1]);
    let matrices = emit.reshape(call.operand(0)?, &[count, n, n]);
    let read = Read::new(matrices, dtype, emit.identity(3));
    let work = each(emit, &[read], wide(dtype), &[count, n, n], |_, x| x[0]);
    let results = emit.filled(&[count], emit.float(emit.compute(dtype), 1.0));
    let (zero, one) = (emit.index(0), emit.index(1));
    let (matrices, size) = (emit.index(count as i64), emit.index(n as i64));
    let done = emit.for_loop(zero, matrices, one, &[work, results], |e, matrix, carried| {
        e.for_loop(zero, size, one, carried, |e, k, carried| {
            let (work, sign) = pivoted(e, carried[0], matrix, k, size);
            let pivot = e.extract(work, &[matrix, k, k]);
            let factor = e.mulf(pivot, sign);
            let product = e.mulf(e.extract(carried[1], &[matrix]), factor);
            let results = e.insert_element(product, carried[1], &[matrix]);
            vec![eliminated(e, work, matrix, k, size), results]
        })
    });
    let each_result = [Read::new(done[1], wide(dtype), emit.identity(1))];
    let rounded = each(emit, &each_result, dtype, &[count], |_, x| x[0]);
    Ok(vec![emit.reshape(rounded, &call.result_shape(0)?)])
}

/// Exchanges row `k` with the one below that has the largest element in column `k`; also 1, or -1 where they differ.
fn pivoted<'c>(emit: &Emitter<'c>, work: Val<'c>, matrix: Val<'c>, k: Val<'c>, size: Val<'c>) -> (Val<'c>, Val<'c>) {
    let one = emit.index(1);
    let magnitude = |e: &Emitter<'c>, row: Val<'c>| e.same("math.absf", &[e.extract(work, &[matrix, row, k])]);
    let next = emit.addi(k, one);
    let found = emit.for_loop(next, size, one, &[k, magnitude(emit, k)], |e, row, best| {
        let here = magnitude(e, row);
        let larger = e.compare_floats(Order::Greater, here, best[1]);
        vec![e.select(larger, row, best[0]), e.select(larger, here, best[1])]
    });
    let pivot = found[0];
    let swapped = emit.for_loop(k, size, one, &[work], |e, column, work| {
        let upper = e.extract(work[0], &[matrix, k, column]);
        let lower = e.extract(work[0], &[matrix, pivot, column]);
        let half = e.insert_element(lower, work[0], &[matrix, k, column]);
        vec![e.insert_element(upper, half, &[matrix, pivot, column])]
    });
    let element = emit.element_of(work);
    let stays = emit.compare_signed(Order::Equal, pivot, k);
    (swapped[0], emit.select(stays, emit.float(element, 1.0), emit.float(element, -1.0)))
}

/// Makes column `k` zero below row `k`.
fn eliminated<'c>(emit: &Emitter<'c>, work: Val<'c>, matrix: Val<'c>, k: Val<'c>, size: Val<'c>) -> Val<'c> {
    let one = emit.index(1);
    let element = emit.element_of(work);
    let pivot = emit.extract(work, &[matrix, k, k]);
    // Below a zero pivot there are only zeros, and the determinant is known to be zero.
    let is_zero = emit.compare_floats(Order::Equal, pivot, emit.zero(element));
    let pivot = emit.select(is_zero, emit.float(element, 1.0), pivot);
    let next = emit.addi(k, one);
    emit.for_loop(next, size, one, &[work], |e, row, work| {
        let factor = e.divf(e.extract(work[0], &[matrix, row, k]), pivot);
        e.for_loop(k, size, one, work, |e, column, work| {
            let above = e.extract(work[0], &[matrix, k, column]);
            let here = e.extract(work[0], &[matrix, row, column]);
            let rest = e.subf(here, e.mulf(factor, above));
            vec![e.insert_element(rest, work[0], &[matrix, row, column])]
        })
    })[0]
}

#[cfg(test)]
mod tests {
    use hwc_dialects::{Op, attrs};
    use hwc_runtime::{DType, Tensor};

    use crate::lower::testing::{check, random};

    #[test]
    fn determinants() {
        for shape in [&[1, 1][..], &[2, 2], &[3, 3], &[2, 3, 5, 5], &[2, 0, 0], &[0, 2, 2]] {
            check(Op::Det, &attrs! {}, &[Some(&random(DType::F32, shape, 1))], 1e-4);
            check(Op::Det, &attrs! {}, &[Some(&random(DType::F64, shape, 1))], 1e-10);
        }
    }

    #[test]
    fn rows_are_exchanged_and_zeros_met() {
        let matrix = |values: Vec<f32>| Tensor::from_vec(vec![3, 3], values).unwrap();
        for values in [
            vec![0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 2.0],
            vec![0.0; 9],
            vec![1.0, 2.0, 3.0, 2.0, 4.0, 6.0, 1.0, 1.0, 1.0],
        ] {
            check(Op::Det, &attrs! {}, &[Some(&matrix(values))], 1e-6);
        }
    }
}
