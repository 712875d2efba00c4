use hwc_dialects::{Op, attrs};
use hwc_runtime::{DType, Tensor};

use crate::lower::testing::{check, random};

/// Indices on both sides of an axis and far away.
const ODD: [i64; 7] = [0, -1, 2, -3, 3, i64::MIN, i64::MAX];

fn indices(shape: &[usize]) -> Tensor {
    let count = shape.iter().product();
    Tensor::from_vec(shape, ODD.iter().copied().cycle().take(count).collect()).unwrap()
}

#[test]
fn slices_are_gathered() {
    for dtype in [DType::F32, DType::U8, DType::Bool, DType::F16] {
        for (shape, axis, at) in [
            (&[3, 4][..], 0i64, &[7][..]),
            (&[3, 4], 1, &[2, 3]),
            (&[5], -1, &[]),
            (&[0, 2], 0, &[2]),
            (&[2, 3], 0, &[0]),
        ] {
            check(Op::Gather, &attrs! {"axis" => axis}, &[Some(&random(dtype, shape, 1)), Some(&indices(at))], 0.0);
        }
    }
    let table = random(DType::F32, &[300, 2], 1);
    for (dtype, at) in
        [(DType::U8, [255, 0]), (DType::I8, [127, -128]), (DType::U64, [-1, 1]), (DType::I32, [299, -300])]
    {
        let at = hwc_dialects::reference::number::from_integers(dtype, &[2], at).unwrap();
        check(Op::Gather, &attrs! {}, &[Some(&table), Some(&at)], 0.0);
    }
}

#[test]
fn elements_are_gathered() {
    for (shape, axis, at) in
        [(&[3, 4][..], 0i64, &[5, 4][..]), (&[3, 4], -1, &[2, 6]), (&[3], 0, &[7]), (&[0, 2], 0, &[3, 2])]
    {
        let attrs = attrs! {"axis" => axis};
        check(Op::GatherElements, &attrs, &[Some(&random(DType::F32, shape, 1)), Some(&indices(at))], 0.0);
    }
}

#[test]
fn tuples_address_slices() {
    for (shape, batch, at) in [
        (&[3, 4, 2][..], 0i64, &[5, 2][..]),
        (&[3, 4, 2], 1, &[3, 5, 1]),
        (&[3, 4], 0, &[2, 3, 2]),
        (&[3, 4], 0, &[2, 0]),
        (&[3, 0], 0, &[2, 2]),
        (&[2, 3, 4], 2, &[2, 3, 1]),
    ] {
        let attrs = attrs! {"batch_dims" => batch};
        check(Op::GatherNd, &attrs, &[Some(&random(DType::F32, shape, 1)), Some(&indices(at))], 0.0);
    }
}

#[test]
fn updates_are_scattered() {
    for reduction in ["none", "add", "mul", "min", "max"] {
        for dtype in [DType::F32, DType::I32, DType::U8] {
            let attrs = attrs! {"reduction" => reduction, "axis" => -1i64};
            let operands = [random(dtype, &[3, 4], 1), indices(&[2, 7]), random(dtype, &[2, 7], 2)];
            check(Op::ScatterElements, &attrs, &operands.each_ref().map(Some), 1e-6);
            let attrs = attrs! {"reduction" => reduction};
            let operands = [random(dtype, &[3, 4, 2], 1), indices(&[7, 1]), random(dtype, &[7, 4, 2], 2)];
            check(Op::ScatterNd, &attrs, &operands.each_ref().map(Some), 1e-6);
        }
    }
    let operands = [random(DType::Bool, &[3, 4], 1), indices(&[2, 2]), random(DType::Bool, &[2], 2)];
    check(Op::ScatterNd, &attrs! {}, &operands.each_ref().map(Some), 0.0);
    let operands = [random(DType::F32, &[0, 4], 1), indices(&[2, 1]), random(DType::F32, &[2, 4], 2)];
    check(Op::ScatterNd, &attrs! {}, &operands.each_ref().map(Some), 0.0);
    let operands = [random(DType::F32, &[2, 4], 1), indices(&[0, 4]), random(DType::F32, &[0, 4], 2)];
    check(Op::ScatterElements, &attrs! {}, &operands.each_ref().map(Some), 0.0);
}

#[test]
fn one_hot_rows() {
    for (axis, at) in [(-1i64, &[2, 4][..]), (0, &[7]), (1, &[2, 3]), (0, &[])] {
        let attrs = attrs! {"depth" => 3i64, "axis" => axis};
        check(Op::OneHot, &attrs, &[Some(&indices(at)), Some(&random(DType::F32, &[2], 1))], 0.0);
    }
    let floats = Tensor::from_vec(vec![6], vec![1.9f32, -1.0, -0.5, 1e30, f32::NEG_INFINITY, f32::NAN]).unwrap();
    check(Op::OneHot, &attrs! {"depth" => 3i64}, &[Some(&floats), Some(&random(DType::I32, &[2], 1))], 0.0);
}

#[test]
fn sequences_are_reversed() {
    let lengths = Tensor::from_vec(vec![4], vec![0i64, 2, 9, -1]).unwrap();
    let time_first = attrs! {"batch_axis" => 1i64, "time_axis" => 0i64};
    check(Op::ReverseSequence, &time_first, &[Some(&random(DType::F32, &[3, 4, 2], 1)), Some(&lengths)], 0.0);
    let batch_first = attrs! {"batch_axis" => 0i64, "time_axis" => 1i64};
    check(Op::ReverseSequence, &batch_first, &[Some(&random(DType::I8, &[4, 5], 1)), Some(&lengths)], 0.0);
}
