use super::*;
use crate::attrs;
use crate::attrs::Attrs;
use crate::op::Op;
use crate::reference::evaluate;

fn ints(shape: &[usize], values: &[i64]) -> Tensor {
    Tensor::from_vec(shape, values.to_vec()).unwrap()
}

fn run(op: Op, attrs: Attrs, operands: &[&Tensor]) -> Vec<i64> {
    let operands: Vec<Option<&Tensor>> = operands.iter().copied().map(Some).collect();
    evaluate(op, &attrs, &operands).unwrap().remove(0).to_vec().unwrap()
}

const FAR: [i64; 2] = [i64::MIN, i64::MAX];

#[test]
fn gathering() {
    let x = ints(&[3, 2], &[0, 1, 10, 11, 20, 21]);
    assert_eq!(run(Op::Gather, attrs! {"axis" => 0i64}, &[&x, &ints(&[2], &[-1, 0])]), [20, 21, 0, 1]);
    assert_eq!(run(Op::Gather, attrs! {"axis" => 1i64}, &[&x, &ints(&[], &[1])]), [1, 11, 21]);
    assert_eq!(run(Op::Gather, attrs! {"axis" => 0i64}, &[&x, &ints(&[2], &FAR)]), [0, 1, 20, 21]);
    assert_eq!(run(Op::Gather, attrs! {"axis" => 0i64}, &[&ints(&[0, 2], &[]), &ints(&[1], &[3])]), [0, 0]);
    let at = ints(&[1, 2], &[2, -2]);
    assert_eq!(run(Op::GatherElements, attrs! {"axis" => 0i64}, &[&x, &at]), [20, 11]);
    assert_eq!(run(Op::GatherElements, attrs! {"axis" => 1i64}, &[&x, &ints(&[3, 1], &[1, 0, -1])]), [1, 10, 21]);
    assert_eq!(run(Op::GatherElements, attrs! {"axis" => 0i64}, &[&x, &ints(&[1, 2], &FAR)]), [0, 21]);
    let at = ints(&[2, 2], &[0, 1, -1, 9]);
    assert_eq!(run(Op::GatherNd, attrs! {}, &[&x, &at]), [1, 21]);
    assert_eq!(run(Op::GatherNd, attrs! {}, &[&x, &ints(&[1, 1], &[1])]), [10, 11]);
    assert_eq!(run(Op::GatherNd, attrs! {"batch_dims" => 1i64}, &[&x, &ints(&[3, 1], &[1, 0, 1])]), [1, 10, 21]);
}

#[test]
fn scattering() {
    let x = ints(&[3], &[1, 2, 3]);
    let run_with = |reduction: &str, at: &[i64], updates: &[i64]| {
        let n = at.len();
        let elements =
            run(Op::ScatterElements, attrs! {"reduction" => reduction}, &[&x, &ints(&[n], at), &ints(&[n], updates)]);
        let slices =
            run(Op::ScatterNd, attrs! {"reduction" => reduction}, &[&x, &ints(&[n, 1], at), &ints(&[n], updates)]);
        assert_eq!(elements, slices);
        elements
    };
    assert_eq!(run_with("none", &[0, -1, 0], &[7, 8, 9]), [9, 2, 8]);
    assert_eq!(run_with("add", &[1, 1], &[10, 20]), [1, 32, 3]);
    assert_eq!(
        run_with("mul", &[1, 1, 1], &[i64::MAX, i64::MAX, i64::MAX]),
        [1, i64::MAX.wrapping_pow(3).wrapping_mul(2), 3]
    );
    assert_eq!(run_with("min", &[0, 2], &[-5, 5]), [-5, 2, 3]);
    assert_eq!(run_with("max", &[0, 2], &[-5, 5]), [1, 2, 5]);
    assert_eq!(run_with("add", &FAR, &[9, 9]), [1, 2, 3]);
    assert_eq!(run_with("none", &[3, -4], &[9, 9]), [1, 2, 3]);
    let x = ints(&[2, 2], &[0; 4]);
    assert_eq!(
        run(Op::ScatterElements, attrs! {"axis" => 1i64}, &[&x, &ints(&[2, 1], &[1, 0]), &ints(&[2, 1], &[5, 6])]),
        [0, 5, 6, 0]
    );
    assert_eq!(run(Op::ScatterNd, attrs! {}, &[&x, &ints(&[1, 1], &[1]), &ints(&[1, 2], &[5, 6])]), [0, 0, 5, 6]);
    let nan = Tensor::from_vec(vec![2], vec![f32::NAN, 1.0]).unwrap();
    let (at, two) = (ints(&[2], &[0, 1]), Tensor::from_vec(vec![2], vec![2.0, f32::NAN]).unwrap());
    let result =
        evaluate(Op::ScatterElements, &attrs! {"reduction" => "max"}, &[Some(&nan), Some(&at), Some(&two)]).unwrap();
    assert!(result[0].to_vec::<f32>().unwrap().iter().all(|v| v.is_nan()));
}

#[test]
fn one_hot_rows() {
    let values = ints(&[2], &[0, 1]);
    let attrs = |axis: i64| attrs! {"depth" => 3i64, "axis" => axis};
    assert_eq!(run(Op::OneHot, attrs(-1), &[&ints(&[2], &[-1, 1]), &values]), [0, 0, 1, 0, 1, 0]);
    assert_eq!(run(Op::OneHot, attrs(0), &[&ints(&[2], &[-1, 1]), &values]), [0, 0, 0, 1, 1, 0]);
    assert_eq!(run(Op::OneHot, attrs(-1), &[&ints(&[2], &[3, -4]), &values]), [0; 6]);
    let floats = Tensor::from_vec(vec![1], vec![1.9f32]).unwrap();
    assert_eq!(run(Op::OneHot, attrs(-1), &[&floats, &values]), [0, 1, 0]);
}

#[test]
fn reversing_what_each_entry_has() {
    let x = ints(&[3, 2], &[0, 10, 1, 11, 2, 12]);
    assert_eq!(run(Op::ReverseSequence, attrs! {}, &[&x, &ints(&[2], &[2, 3])]), [1, 12, 0, 11, 2, 10]);
    let axes = attrs! {"batch_axis" => 0i64, "time_axis" => 1i64};
    assert_eq!(run(Op::ReverseSequence, axes, &[&x, &ints(&[3], &[-1, 1, 9])]), [0, 10, 1, 11, 12, 2]);
}
