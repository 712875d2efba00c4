//! Einstein sums: one `linalg.generic` over all indices.

use hwc_dialects::einsum::Einsum;

use super::product::{Factor, accumulate, dim, loops, rounded, zeros};
use super::{LowerCall, Lowered};

pub fn einsum<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    let (emit, dtype) = (&call.emit, call.dtype(0)?);
    let shapes = (0..call.operands.len()).map(|i| call.shape(i)).collect::<Result<Vec<_>, _>>()?;
    let ranks: Vec<usize> = shapes.iter().map(Vec::len).collect();
    let einsum = Einsum::parse(call.attrs.str("equation")?, &ranks)?;
    // The size of an index is that of any dimension that does not broadcast.
    let mut sizes = vec![1; einsum.indices];
    for (shape, indices) in shapes.iter().zip(&einsum.operands) {
        for (&size, &index) in shape.iter().zip(indices).filter(|(size, _)| **size != 1) {
            sizes[index] = size;
        }
    }
    let mut factors = Vec::new();
    for (i, (shape, indices)) in shapes.iter().zip(&einsum.operands).enumerate() {
        let exprs: Vec<String> = (shape.iter().zip(indices))
            .map(|(&size, &index)| if size == sizes[index] { dim(index) } else { "0".into() })
            .collect();
        factors.push(Factor::new(call.operand(i)?, dtype, emit.map(einsum.indices, &exprs)));
    }
    let out = zeros(emit, dtype, &call.result_shape(0)?);
    let map = emit.map(einsum.indices, &(0..einsum.kept).map(dim).collect::<Vec<_>>());
    let loops = loops(einsum.kept, einsum.indices - einsum.kept);
    let sums = accumulate(emit, &factors, &[], (out, map), &loops);
    Ok(vec![rounded(emit, dtype, sums)])
}

#[cfg(test)]
mod tests {
    use hwc_dialects::{Op, attrs};
    use hwc_runtime::{DType, Tensor};

    use crate::lower::testing::{check, random};

    #[test]
    fn equations() {
        for (equation, shapes) in [
            ("ij,jk->ik", &[&[3, 4][..], &[4, 5]][..]),
            ("bhid,bhjd->bhij", &[&[2, 2, 9, 8], &[2, 2, 17, 8]]),
            ("...ii->...i", &[&[2, 3, 3]]),
            ("ii", &[&[4, 4]]),
            ("ij->ji", &[&[3, 5]]),
            ("i,j->ij", &[&[3], &[20]]),
            ("ij,j->i", &[&[3, 4], &[1]]),
            ("...ij,...jk", &[&[2, 3, 4], &[4, 5]]),
            ("ij,jk,kl->il", &[&[2, 3], &[3, 4], &[4, 2]]),
            (",i->i", &[&[], &[5]]),
            ("->", &[&[]]),
            ("ij->i", &[&[3, 0]]),
            ("ij,ij->", &[&[3, 30], &[3, 30]]),
        ] {
            for dtype in [DType::F32, DType::I32, DType::F16] {
                let operands: Vec<Tensor> =
                    shapes.iter().zip(1..).map(|(shape, seed)| random(dtype, shape, seed)).collect();
                let operands: Vec<Option<&Tensor>> = operands.iter().map(Some).collect();
                check(Op::Einsum, &attrs! { "equation" => equation }, &operands, 2e-3);
            }
        }
    }
}
