//! Sums that run along an axis.

use super::index::lines;
use super::number::{floats, from_floats, from_integers, integers};
use super::{EvalCall, Evaluated};
use crate::infer::axis;

pub fn cumsum(call: &EvalCall) -> Evaluated {
    let operand = call.operand(0)?;
    let (dtype, shape) = (operand.dtype(), operand.shape());
    let at = axis(call.attrs.int("axis")?, operand.rank())?;
    let (exclusive, reverse) = (call.attrs.bool("exclusive")?, call.attrs.bool("reverse")?);
    let result = if dtype.is_float() {
        from_floats(dtype, shape, run(floats(operand), shape, at, exclusive, reverse, |a, b| a + b))?
    } else {
        from_integers(dtype, shape, run(integers(operand), shape, at, exclusive, reverse, i128::wrapping_add))?
    };
    Ok(vec![result])
}

fn run<T: Copy + Default>(
    mut values: Vec<T>,
    shape: &[usize],
    at: usize,
    exclusive: bool,
    reverse: bool,
    add: impl Fn(T, T) -> T,
) -> Vec<T> {
    for mut line in lines(shape, at) {
        if reverse {
            line.reverse();
        }
        let mut sum = T::default();
        for i in line {
            let before = sum;
            sum = add(sum, values[i]);
            values[i] = if exclusive { before } else { sum };
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use hwc_runtime::Tensor;

    use super::super::evaluate;
    use crate::{Op, attrs};

    #[test]
    fn each_direction() {
        let x = Tensor::from_vec(vec![2, 3], vec![1i32, 2, 3, 4, 5, 6]).unwrap();
        let sum = |axis: i64, exclusive: bool, reverse: bool| {
            let attrs = attrs! { "axis" => axis, "exclusive" => exclusive, "reverse" => reverse };
            evaluate(Op::Cumsum, &attrs, &[Some(&x)]).unwrap()[0].to_vec::<i32>().unwrap()
        };
        assert_eq!(sum(1, false, false), [1, 3, 6, 4, 9, 15]);
        assert_eq!(sum(-1, true, false), [0, 1, 3, 0, 4, 9]);
        assert_eq!(sum(1, false, true), [6, 5, 3, 15, 11, 6]);
        assert_eq!(sum(1, true, true), [5, 3, 0, 11, 6, 0]);
        assert_eq!(sum(0, false, false), [1, 2, 3, 5, 7, 9]);
    }
}
