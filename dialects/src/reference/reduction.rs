//! Reductions, each given as a function on the elements that become one.

use std::cmp::Ordering;

use hwc_runtime::Tensor;

use super::index::{flat, positions};
use super::number::{floats, from_floats, from_integers, integers, range};
use super::{EvalCall, Evaluated};
use crate::infer::axis;
use crate::infer::reduction::reduced_axes;

/// The elements that become one, in the operand's order, and the bounds of their type.
pub struct Group<T> {
    values: Vec<T>,
    lowest: T,
    highest: T,
}

/// One function for floating-point elements and one for integers and booleans.
pub fn reduce(
    call: &EvalCall,
    float: impl Fn(&Group<f64>) -> f64,
    integer: impl Fn(&Group<i128>) -> i128,
) -> Evaluated {
    let (operand, shape) = (call.operand(0)?, call.shape(0)?);
    let reduced = reduced_axes(call.attrs.ints("axes")?, operand.rank()).map_err(|e| e.to_string())?;
    let dtype = operand.dtype();
    let result = if dtype.is_float() {
        let (lowest, highest) = (f64::NEG_INFINITY, f64::INFINITY);
        let groups = groups(floats(operand), operand.shape(), &reduced);
        from_floats(dtype, &shape, groups.into_iter().map(|values| float(&Group { values, lowest, highest })))?
    } else {
        let (lowest, highest) = range(dtype);
        let groups = groups(integers(operand), operand.shape(), &reduced);
        let reduced = groups.into_iter().map(|values| integer(&Group { values, lowest, highest }));
        from_integers(dtype, &shape, reduced)?
    };
    Ok(vec![result])
}

/// The elements that have the same position but for the reduced axes, one group each.
fn groups<T>(values: Vec<T>, shape: &[usize], reduced: &[bool]) -> Vec<Vec<T>> {
    let kept: Vec<usize> = shape.iter().zip(reduced).map(|(&n, &r)| if r { 1 } else { n }).collect();
    let mut groups: Vec<Vec<T>> = Vec::new();
    groups.resize_with(kept.iter().product(), Vec::new);
    for (value, mut position) in values.into_iter().zip(positions(shape)) {
        position.iter_mut().zip(reduced).for_each(|(p, &r)| *p = if r { 0 } else { *p });
        groups[flat(&position, &kept)].push(value);
    }
    groups
}

pub fn sum(group: &Group<f64>) -> f64 {
    group.values.iter().sum()
}

pub fn integer_sum(group: &Group<i128>) -> i128 {
    group.values.iter().fold(0, |a, &b| a.wrapping_add(b))
}

pub fn mean(group: &Group<f64>) -> f64 {
    sum(group) / group.values.len() as f64
}

pub fn integer_mean(group: &Group<i128>) -> i128 {
    // Summed in 64 bits.
    let sum = integer_sum(group);
    let sum = if group.lowest < 0 { i128::from(sum as i64) } else { i128::from(sum as u64) };
    sum.checked_div(group.values.len() as i128).unwrap_or(0)
}

pub fn max(group: &Group<f64>) -> f64 {
    group.values.iter().fold(group.lowest, |a, &b| if b > a || b.is_nan() { b } else { a })
}

pub fn integer_max(group: &Group<i128>) -> i128 {
    group.values.iter().copied().max().unwrap_or(group.lowest)
}

pub fn min(group: &Group<f64>) -> f64 {
    group.values.iter().fold(group.highest, |a, &b| if b < a || b.is_nan() { b } else { a })
}

pub fn integer_min(group: &Group<i128>) -> i128 {
    group.values.iter().copied().min().unwrap_or(group.highest)
}

pub fn prod(group: &Group<f64>) -> f64 {
    group.values.iter().product()
}

pub fn integer_prod(group: &Group<i128>) -> i128 {
    group.values.iter().fold(1, |a, &b| a.wrapping_mul(b))
}

pub fn l1(group: &Group<f64>) -> f64 {
    group.values.iter().map(|x| x.abs()).sum()
}

pub fn integer_l1(group: &Group<i128>) -> i128 {
    group.values.iter().fold(0, |a, b| a.wrapping_add(b.abs()))
}

pub fn sum_square(group: &Group<f64>) -> f64 {
    group.values.iter().map(|x| x * x).sum()
}

pub fn integer_sum_square(group: &Group<i128>) -> i128 {
    group.values.iter().fold(0, |a, b| a.wrapping_add(b.wrapping_mul(*b)))
}

pub fn l2(group: &Group<f64>) -> f64 {
    sum_square(group).sqrt()
}

pub fn log_sum(group: &Group<f64>) -> f64 {
    sum(group).ln()
}

pub fn log_sum_exp(group: &Group<f64>) -> f64 {
    // Relative to the largest, so that exp cannot overflow. Infinities and NaN are their own answer.
    let largest = max(group);
    if largest.is_finite() {
        group.values.iter().map(|x| (x - largest).exp()).sum::<f64>().ln() + largest
    } else {
        largest
    }
}

/// A function on floating-point numbers for integers: computed as `f64`, truncated, clamped to the type.
pub fn truncate(float: impl Fn(&Group<f64>) -> f64) -> impl Fn(&Group<i128>) -> i128 {
    move |group| {
        let values = group.values.iter().map(|&v| v as f64).collect();
        let floats = Group { values, lowest: f64::NEG_INFINITY, highest: f64::INFINITY };
        (float(&floats) as i128).clamp(group.lowest, group.highest)
    }
}

/// The order of a tensor's elements by their flat indices; NaN is above every number, zeros are equal.
pub fn order(tensor: &Tensor) -> Box<dyn Fn(usize, usize) -> Ordering> {
    if tensor.dtype().is_float() {
        let values = floats(tensor);
        Box::new(move |i, j| {
            let (a, b) = (values[i], values[j]);
            a.partial_cmp(&b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
        })
    } else {
        let values = integers(tensor);
        Box::new(move |i, j| values[i].cmp(&values[j]))
    }
}

/// The index of the largest or smallest element along an axis.
pub fn arg(call: &EvalCall, largest: bool) -> Evaluated {
    let (operand, shape) = (call.operand(0)?, call.shape(0)?);
    let at = axis(call.attrs.int("axis")?, operand.rank())?;
    let last = call.attrs.bool("select_last_index")?;
    let by_value = order(operand);
    let nan = floats(operand);
    let reduced: Vec<bool> = (0..operand.rank()).map(|i| i == at).collect();
    let all = (0..operand.len()).collect();
    let indices = groups(all, operand.shape(), &reduced).into_iter().map(|group| {
        let mut best = 0;
        for (i, &element) in group.iter().enumerate().skip(1) {
            let ordering = by_value(element, group[best]);
            let beats = match (nan[element].is_nan(), nan[group[best]].is_nan()) {
                (true, true) => last,
                (is_nan, was_nan) if is_nan || was_nan => is_nan,
                _ if ordering == Ordering::Equal => last,
                _ => (ordering == Ordering::Greater) == largest,
            };
            best = if beats { i } else { best };
        }
        best as i128
    });
    Ok(vec![from_integers(hwc_runtime::DType::I64, &shape, indices)?])
}

#[cfg(test)]
mod tests {
    use super::super::evaluate;
    use super::*;
    use crate::{Attrs, Op, attrs};

    fn eval<T: hwc_runtime::dtype::Element + Send>(op: Op, attrs: Attrs, shape: &[usize], values: Vec<T>) -> Tensor {
        let operand = Tensor::from_vec(shape, values).unwrap();
        evaluate(op, &attrs, &[Some(&operand)]).unwrap().remove(0)
    }

    #[test]
    fn each_kind_on_one_row() {
        let row = |op, want: f64| {
            let got = eval(op, attrs! { "axes" => vec![1i64] }, &[1, 3], vec![-1f64, 2.0, 3.0]);
            assert!((floats(&got)[0] - want).abs() < 1e-12, "{op:?}: {got:?} {:?}", floats(&got));
        };
        row(Op::ReduceSum, 4.0);
        row(Op::ReduceMean, 4.0 / 3.0);
        row(Op::ReduceMax, 3.0);
        row(Op::ReduceMin, -1.0);
        row(Op::ReduceProd, -6.0);
        row(Op::ReduceL1, 6.0);
        row(Op::ReduceL2, 14f64.sqrt());
        row(Op::ReduceLogSum, 4f64.ln());
        row(Op::ReduceLogSumExp, ((-1f64).exp() + 2f64.exp() + 3f64.exp()).ln());
        row(Op::ReduceSumSquare, 14.0);
    }

    #[test]
    fn groups_are_formed_over_outer_and_inner_axes() {
        let values: Vec<i32> = (0..8).collect();
        let got = eval(Op::ReduceSum, attrs! { "axes" => vec![0i64, 2] }, &[2, 2, 2], values.clone());
        assert_eq!((got.shape(), integers(&got)), (&[1, 2, 1][..], vec![10, 18]));
        let got = eval(Op::ReduceSumSquare, attrs! { "axes" => Vec::<i64>::new() }, &[8], values);
        assert_eq!(integers(&got), [0, 1, 4, 9, 16, 25, 36, 49]);
    }

    #[test]
    fn nothing_reduces_to_the_neutral_element() {
        let axes = || attrs! { "axes" => vec![1i64] };
        let of = |op| floats(&eval(op, axes(), &[2, 0], Vec::<f32>::new()));
        assert_eq!(of(Op::ReduceSum), [0.0; 2]);
        assert_eq!(of(Op::ReduceProd), [1.0; 2]);
        assert_eq!(of(Op::ReduceMax), [f64::NEG_INFINITY; 2]);
        assert_eq!(of(Op::ReduceLogSum), [f64::NEG_INFINITY; 2]);
        assert_eq!(of(Op::ReduceLogSumExp), [f64::NEG_INFINITY; 2]);
        assert_eq!(integers(&eval(Op::ReduceMin, axes(), &[1, 0], Vec::<i8>::new())), [127]);
    }

    #[test]
    fn extremes_of_the_type_do_not_disturb() {
        let large = eval(Op::ReduceLogSumExp, attrs! { "axes" => vec![0i64] }, &[2], vec![1e30f32, -1e30]);
        assert_eq!(floats(&large), [f64::from(1e30f32)]);
        let wraps = eval(Op::ReduceSum, attrs! { "axes" => vec![0i64] }, &[2], vec![100i8, 100]);
        assert_eq!(integers(&wraps), [-56]);
        let nan = eval(Op::ReduceMax, attrs! { "axes" => vec![0i64] }, &[3], vec![1f32, f32::NAN, 2.0]);
        assert!(floats(&nan)[0].is_nan());
    }

    #[test]
    fn indices_of_extremes() {
        let arg = |op, last: bool, values: Vec<f32>| {
            let attrs = attrs! { "axis" => 0i64, "select_last_index" => last };
            integers(&eval(op, attrs, &[values.len()], values))[0]
        };
        assert_eq!(arg(Op::ArgMax, false, vec![2.0, 3.0, 3.0]), 1);
        assert_eq!(arg(Op::ArgMax, true, vec![2.0, 3.0, 3.0]), 2);
        assert_eq!(arg(Op::ArgMin, false, vec![2.0, 1.0, 1.0, 4.0]), 1);
        assert_eq!(arg(Op::ArgMin, true, vec![2.0, 1.0, 1.0, 4.0]), 2);
        assert_eq!(arg(Op::ArgMin, false, vec![2.0, f32::NAN, 1.0]), 1);
        assert_eq!(arg(Op::ArgMax, true, vec![f32::NAN, 5.0, f32::NAN, 1.0]), 2);
    }
}
