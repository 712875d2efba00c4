//! Selection by comparison.

use hwc_runtime::{DType, Tensor};

use super::index::lines;
use super::number::from_integers;
use super::reduction::order;
use super::{EvalCall, Evaluated};
use crate::infer::axis;

pub fn top_k(call: &EvalCall) -> Evaluated {
    let (operand, shape) = (call.operand(0)?, call.shape(0)?);
    let at = axis(call.attrs.int("axis")?, operand.rank())?;
    let largest = call.attrs.bool("largest")?;
    let by_value = order(operand);
    let mut values = vec![0u8; shape.iter().product::<usize>() * operand.dtype().size()];
    let mut indices = vec![0; shape.iter().product()];
    for (line, out) in lines(operand.shape(), at).zip(lines(&shape, at)) {
        let mut ranked: Vec<usize> = (0..line.len()).collect();
        // The sort is stable, so equal elements keep the order of their indices.
        ranked.sort_by(|&i, &j| {
            let ordering = by_value(line[i], line[j]);
            if largest { ordering.reverse() } else { ordering }
        });
        for (&i, place) in ranked.iter().zip(out) {
            indices[place] = i as i128;
            let size = operand.dtype().size();
            values[place * size..][..size].copy_from_slice(&operand.bytes()[line[i] * size..][..size]);
        }
    }
    let values = Tensor::from_bytes(operand.dtype(), shape.clone(), values).map_err(|e| e.to_string())?;
    Ok(vec![values, from_integers(DType::I64, &shape, indices)?])
}

#[cfg(test)]
mod tests {
    use super::super::evaluate;
    use super::*;
    use crate::{Op, attrs};

    fn top(k: i64, axis: i64, largest: bool, x: &Tensor) -> (Vec<f32>, Vec<i64>) {
        let attrs = attrs! { "k" => k, "axis" => axis, "largest" => largest };
        let results = evaluate(Op::TopK, &attrs, &[Some(x)]).unwrap();
        (results[0].to_vec().unwrap(), results[1].to_vec().unwrap())
    }

    #[test]
    fn ties_go_by_index() {
        let x = Tensor::from_vec(vec![5], vec![1f32, 3.0, 3.0, 2.0, 3.0]).unwrap();
        assert_eq!(top(4, 0, true, &x), (vec![3.0, 3.0, 3.0, 2.0], vec![1, 2, 4, 3]));
        assert_eq!(top(3, 0, false, &x), (vec![1.0, 2.0, 3.0], vec![0, 3, 1]));
    }

    #[test]
    fn any_axis() {
        let x = Tensor::from_vec(vec![2, 2], vec![1f32, 4.0, 3.0, 2.0]).unwrap();
        assert_eq!(top(1, 0, true, &x), (vec![3.0, 4.0], vec![1, 0]));
        assert_eq!(top(2, 1, false, &x), (vec![1.0, 4.0, 2.0, 3.0], vec![0, 1, 1, 0]));
        assert_eq!(top(0, 1, false, &x), (vec![], vec![]));
    }
}
