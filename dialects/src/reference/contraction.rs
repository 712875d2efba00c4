//! Sums of products.

use hwc_runtime::{DType, Tensor};

use super::index::{broadcast_flat, positions};
use super::number::{floats, from_floats, integers};
use super::ring::{Ring, in_ring, sums};
use super::{EvalCall, Evaluated};
use crate::einsum::Einsum;

pub fn matmul(call: &EvalCall) -> Evaluated {
    fn product<T: Ring>(lhs: &Tensor, rhs: &Tensor, shape: &[usize]) -> Evaluated {
        let values = sums(&T::read(lhs), &T::read(rhs), pairs(lhs.shape(), rhs.shape(), shape));
        Ok(vec![T::write(lhs.dtype(), shape, values)?])
    }
    let (lhs, rhs, shape) = (call.operand(0)?, call.operand(1)?, call.shape(0)?);
    in_ring!(lhs.dtype(), product(lhs, rhs, &shape))
}

pub fn matmul_integer(call: &EvalCall) -> Evaluated {
    let (lhs, rhs, shape) = (call.operand(0)?, call.operand(1)?, call.shape(0)?);
    let (a, b) = (shifted(lhs, call.optional(2)), shifted(rhs, call.optional(3)));
    let values = sums(&a, &b, pairs(lhs.shape(), rhs.shape(), &shape));
    Ok(vec![i128::write(DType::I32, &shape, values)?])
}

/// The elements less the zero point, which broadcasts.
fn shifted(operand: &Tensor, zero: Option<&Tensor>) -> Vec<i128> {
    let values = integers(operand);
    let Some(zero) = zero else { return values };
    let zeros = integers(zero);
    values.iter().zip(positions(operand.shape())).map(|(v, p)| v - zeros[broadcast_flat(&p, zero.shape())]).collect()
}

/// For each element of a matrix product, the flat indices of the pairs that are multiplied.
fn pairs(lhs: &[usize], rhs: &[usize], shape: &[usize]) -> impl Iterator<Item = Vec<(usize, usize)>> + use<> {
    let (mut left, mut right, mut full) = (lhs.to_vec(), rhs.to_vec(), shape.to_vec());
    if rhs.len() == 1 {
        right.push(1);
        full.push(1);
    }
    if lhs.len() == 1 {
        left.insert(0, 1);
        full.insert(full.len() - 1, 1);
    }
    let depth = left[left.len() - 1];
    positions(&full).map(move |position| {
        let (batch, matrix) = position.split_at(position.len() - 2);
        let row = broadcast_flat(batch, &left[..left.len() - 2]) * left[left.len() - 2] + matrix[0];
        let block = broadcast_flat(batch, &right[..right.len() - 2]);
        let column = matrix[1];
        let (rows, columns) = (right[right.len() - 2], right[right.len() - 1]);
        (0..depth).map(|k| (row * depth + k, (block * rows + k) * columns + column)).collect()
    })
}

pub fn einsum(call: &EvalCall) -> Evaluated {
    fn contract<T: Ring>(einsum: &Einsum, sizes: &[usize], operands: &[&Tensor]) -> Evaluated {
        let values: Vec<Vec<T>> = operands.iter().map(|o| T::read(o)).collect();
        let shape = &sizes[..einsum.kept];
        let mut sums = vec![T::ZERO; shape.iter().product()];
        // Results come first among the indices, so that all that is summed into one element is adjacent.
        let summed: usize = sizes[einsum.kept..].iter().product();
        for (flat, position) in positions(sizes).enumerate() {
            let term = einsum.operands.iter().zip(operands).zip(&values).map(|((indices, operand), values)| {
                let at: Vec<usize> = indices.iter().map(|&i| position[i]).collect();
                values[broadcast_flat(&at, operand.shape())]
            });
            let sum = &mut sums[flat / summed];
            *sum = sum.plus(term.fold(T::ONE, T::times));
        }
        Ok(vec![T::write(operands[0].dtype(), shape, sums)?])
    }
    let operands: Vec<&Tensor> = call.operands.iter().copied().flatten().collect();
    let ranks: Vec<usize> = operands.iter().map(|o| o.rank()).collect();
    let einsum = Einsum::parse(call.attrs.str("equation")?, &ranks)?;
    let mut sizes = call.shape(0)?;
    for index in einsum.kept..einsum.indices {
        let dims = einsum.operands.iter().zip(&operands).flat_map(|(indices, o)| indices.iter().zip(o.shape()));
        // A dimension of 1 broadcasts, also to none.
        let mut dims = dims.filter(|(i, _)| **i == index).map(|(_, &n)| n);
        sizes.push(dims.find(|&n| n != 1).unwrap_or(1));
    }
    in_ring!(operands[0].dtype(), contract(&einsum, &sizes, &operands))
}

/// Gaussian elimination with the largest pivot of each column.
pub fn det(call: &EvalCall) -> Evaluated {
    let (operand, shape) = (call.operand(0)?, call.shape(0)?);
    let n = operand.shape()[operand.rank() - 1];
    let values = floats(operand);
    let matrix = |index: usize| -> f64 {
        let mut rows: Vec<Vec<f64>> =
            values[index * n * n..][..n * n].chunks_exact(n.max(1)).map(<[f64]>::to_vec).collect();
        let mut product = 1.0;
        for k in 0..n {
            let pivot = (k..n).fold(k, |best, i| if rows[i][k].abs() > rows[best][k].abs() { i } else { best });
            if pivot != k {
                rows.swap(pivot, k);
                product = -product;
            }
            product *= rows[k][k];
            if rows[k][k] == 0.0 {
                break;
            }
            let (above, below) = rows.split_at_mut(k + 1);
            let pivot = &above[k];
            for row in below {
                let factor = row[k] / pivot[k];
                row.iter_mut().zip(pivot).skip(k).for_each(|(a, b)| *a -= factor * b);
            }
        }
        product
    };
    Ok(vec![from_floats(operand.dtype(), &shape, (0..shape.iter().product()).map(matrix))?])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attrs;
    use crate::op::Op;
    use crate::reference::evaluate;

    fn f32s(shape: &[usize], values: &[f32]) -> Tensor {
        Tensor::from_vec(shape, values.to_vec()).unwrap()
    }

    fn einsum(equation: &str, operands: &[&Tensor]) -> (Vec<usize>, Vec<f64>) {
        let operands: Vec<Option<&Tensor>> = operands.iter().map(|&o| Some(o)).collect();
        let result = evaluate(Op::Einsum, &attrs! { "equation" => equation }, &operands).unwrap();
        (result[0].shape().to_vec(), floats(&result[0]))
    }

    #[test]
    fn einsum_names_products_sums_and_diagonals() {
        let (a, b) = (f32s(&[2, 2], &[1.0, 2.0, 3.0, 4.0]), f32s(&[2, 2], &[5.0, 6.0, 7.0, 8.0]));
        assert_eq!(einsum("ij,jk", &[&a, &b]), (vec![2, 2], vec![19.0, 22.0, 43.0, 50.0]));
        assert_eq!(einsum("ii", &[&a]), (vec![], vec![5.0]));
        assert_eq!(einsum("ii->i", &[&a]), (vec![2], vec![1.0, 4.0]));
        assert_eq!(einsum("...i->...", &[&a]), (vec![2], vec![3.0, 7.0]));
        assert_eq!(einsum("ba", &[&a]), (vec![2, 2], vec![1.0, 3.0, 2.0, 4.0]));
        assert_eq!(einsum("ij,ij,ij->j", &[&a, &b, &a]), (vec![2], vec![5.0 + 63.0, 24.0 + 128.0]));
        // A dimension of one broadcasts, and a sum over nothing is zero.
        assert_eq!(einsum("ij,j->i", &[&a, &f32s(&[1], &[2.0])]), (vec![2], vec![6.0, 14.0]));
        assert_eq!(einsum("ij->i", &[&f32s(&[2, 0], &[])]), (vec![2], vec![0.0, 0.0]));
    }

    #[test]
    fn zero_points_are_taken_off_first() {
        let a = Tensor::from_vec(vec![2, 2], vec![1u8, 2, 3, 4]).unwrap();
        let b = Tensor::from_vec(vec![2, 1], vec![-1i8, 5]).unwrap();
        let (rows, one) = (Tensor::from_vec(vec![2, 1], vec![1u8, 3]).unwrap(), Tensor::scalar(1i8));
        let product = evaluate(Op::MatmulInteger, &attrs! {}, &[Some(&a), Some(&b), Some(&rows), Some(&one)]).unwrap();
        assert_eq!(product[0].to_vec::<i32>(), Ok(vec![4, 4]));
    }

    #[test]
    fn determinants() {
        let det = |n: usize, values: &[f32]| {
            floats(&evaluate(Op::Det, &attrs! {}, &[Some(&f32s(&[1, n, n], values))]).unwrap()[0])
        };
        assert_eq!(det(2, &[0.0, 2.0, 3.0, 4.0]), [-6.0]);
        assert_eq!(det(3, &[2.0, 0.0, 0.0, 1.0, 3.0, 0.0, 5.0, 7.0, 4.0]), [24.0]);
        assert_eq!(det(2, &[1.0, 2.0, 2.0, 4.0]), [0.0]);
        assert_eq!(det(0, &[]), [1.0]);
    }
}
