//! Matrix products: one `linalg.generic` over batches, rows, columns and the summed index.

use hwc_runtime::DType;
use melior::ir::Attribute;

use super::product::{Factor, accumulate, dim, loops, rounded, zeros};
use super::{Emitter, LowerCall, Lowered};

/// The loops of a matrix product and how its operands are read by them.
struct Product {
    result: Vec<usize>,
    /// Loops that are not summed over; the summed one follows.
    parallel: usize,
    lhs: Vec<String>,
    rhs: Vec<String>,
}

impl Product {
    fn of(lhs: &[usize], rhs: &[usize], result: &[usize]) -> Product {
        let (row, column) = (lhs.len() > 1, rhs.len() > 1);
        let parallel = result.len();
        let batch = parallel - usize::from(row) - usize::from(column);
        let batches = |shape: &[usize]| -> Vec<String> {
            let own = shape.len().saturating_sub(2);
            (0..own).map(|i| if shape[i] == 1 { "0".into() } else { dim(batch - own + i) }).collect()
        };
        let (mut left, mut right) = (batches(lhs), batches(rhs));
        if row {
            left.push(dim(batch));
        }
        left.push(dim(parallel));
        right.push(dim(parallel));
        if column {
            right.push(dim(parallel - 1));
        }
        Product { result: result.to_vec(), parallel, lhs: left, rhs: right }
    }

    fn map<'c>(&self, emit: &Emitter<'c>, results: &[String]) -> Attribute<'c> {
        emit.map(self.parallel + 1, results)
    }

    /// The map by which a zero point that broadcasts to its operand is read.
    fn zero_map<'c>(&self, emit: &Emitter<'c>, zero: &[usize], operand: &[String]) -> Attribute<'c> {
        let skip = operand.len() - zero.len();
        let results: Vec<String> =
            zero.iter().zip(&operand[skip..]).map(|(&n, d)| if n == 1 { "0".into() } else { d.clone() }).collect();
        self.map(emit, &results)
    }
}

pub fn matmul<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    let (emit, dtype) = (&call.emit, call.dtype(0)?);
    let product = Product::of(&call.shape(0)?, &call.shape(1)?, &call.result_shape(0)?);
    let factors = [
        Factor::new(call.operand(0)?, dtype, product.map(emit, &product.lhs)),
        Factor::new(call.operand(1)?, dtype, product.map(emit, &product.rhs)),
    ];
    let out = zeros(emit, dtype, &product.result);
    let map = product.map(emit, &(0..product.parallel).map(dim).collect::<Vec<_>>());
    let sums = accumulate(emit, &factors, &[], (out, map), &loops(product.parallel, 1));
    Ok(vec![rounded(emit, dtype, sums)])
}

pub fn matmul_integer<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    let emit = &call.emit;
    let product = Product::of(&call.shape(0)?, &call.shape(1)?, &call.result_shape(0)?);
    let factor = |operand: usize, exprs: &[String]| -> Result<Factor<'c>, String> {
        let zero = match call.optional(operand + 2) {
            Some(zero) => Some((zero, product.zero_map(emit, &call.shape(operand + 2)?, exprs))),
            None => None,
        };
        Ok(Factor::new(call.operand(operand)?, call.dtype(operand)?, product.map(emit, exprs)).less(zero))
    };
    let factors = [factor(0, &product.lhs)?, factor(1, &product.rhs)?];
    let out = zeros(emit, DType::I32, &product.result);
    let map = product.map(emit, &(0..product.parallel).map(dim).collect::<Vec<_>>());
    Ok(vec![accumulate(emit, &factors, &[], (out, map), &loops(product.parallel, 1))])
}

#[cfg(test)]
mod tests {
    use hwc_dialects::{Op, attrs};
    use hwc_runtime::{DType, Tensor};

    use crate::lower::testing::{check, random};

    const SHAPES: &[(&[usize], &[usize])] = &[
        (&[3, 5], &[5, 7]),
        (&[17, 33], &[33, 40]),
        (&[5], &[5]),
        (&[5], &[2, 5, 3]),
        (&[2, 3, 5], &[5]),
        (&[2, 3, 5], &[5, 4]),
        (&[3, 5], &[2, 5, 4]),
        (&[2, 1, 3, 5], &[4, 5, 2]),
        (&[1, 1], &[1, 1]),
        (&[0, 3], &[3, 2]),
        (&[2, 0], &[0, 3]),
        (&[2, 3, 0], &[0]),
    ];

    #[test]
    fn products_of_every_shape() {
        for (a, b) in SHAPES {
            let (a, b) = (random(DType::F32, a, 1), random(DType::F32, b, 2));
            check(Op::Matmul, &attrs! {}, &[Some(&a), Some(&b)], 1e-5);
        }
    }

    #[test]
    fn products_of_every_type() {
        for dtype in
            [DType::F64, DType::F16, DType::BF16, DType::I32, DType::I64, DType::U64, DType::I8, DType::I4, DType::U2]
        {
            let (a, b) = (random(dtype, &[6, 9], 3), random(dtype, &[9, 5], 4));
            let tolerance = if dtype == DType::BF16 { 8e-3 } else { 1e-3 };
            check(Op::Matmul, &attrs! {}, &[Some(&a), Some(&b)], tolerance);
        }
    }

    #[test]
    fn integers_less_their_zero_points() {
        for (left, right) in [(DType::U8, DType::U8), (DType::I8, DType::U8), (DType::U8, DType::I8)] {
            let bytes = |dtype, shape: &[usize], seed| {
                let count: usize = shape.iter().product();
                let data: Vec<u8> = (0..count).map(|i| (i * 37 + seed) as u8).collect();
                Tensor::from_bytes(dtype, shape, data).unwrap()
            };
            let (a, b) = (bytes(left, &[2, 3, 20], 5), bytes(right, &[20, 18], 200));
            let (scalar, rows) = (bytes(left, &[1], 130), bytes(left, &[3, 1], 250));
            let columns = bytes(right, &[18], 120);
            for zeros in [[None, None], [Some(&scalar), None], [Some(&rows), Some(&columns)], [None, Some(&columns)]] {
                check(Op::MatmulInteger, &attrs! {}, &[Some(&a), Some(&b), zeros[0], zeros[1]], 0.0);
            }
        }
    }
}
