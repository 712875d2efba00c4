use hwc_dialects::{Attrs, Op, attrs};
use hwc_runtime::{DType, Tensor};

use crate::lower::testing::{check, random};

fn same(op: Op, attrs: Attrs, shapes: &[&[usize]]) {
    for dtype in [DType::F32, DType::I8, DType::Bool] {
        let operands: Vec<Tensor> = shapes.iter().zip(1..).map(|(shape, seed)| random(dtype, shape, seed)).collect();
        let operands: Vec<Option<&Tensor>> = operands.iter().map(Some).collect();
        check(op, &attrs, &operands, 0.0);
    }
}

#[test]
fn reshapes() {
    let reshape = |from: &[usize], to: &[i64]| same(Op::Reshape, attrs! {"shape" => to.to_vec()}, &[from]);
    reshape(&[2, 3, 4], &[4, -1]);
    reshape(&[1], &[]);
    reshape(&[], &[1, 1]);
    reshape(&[0, 3], &[3, 0, 2]);
}

#[test]
fn transposes() {
    let transpose =
        |from: &[usize], order: &[i64]| same(Op::Transpose, attrs! {"permutation" => order.to_vec()}, &[from]);
    transpose(&[3, 5], &[1, 0]);
    transpose(&[2, 3, 4, 5], &[0, 2, 1, 3]);
    transpose(&[2, 3, 4], &[2, 0, 1]);
    transpose(&[], &[]);
    transpose(&[0, 3], &[1, 0]);
}

#[test]
fn concatenations() {
    let concat = |axis: i64, shapes: &[&[usize]]| same(Op::Concat, attrs! {"axis" => axis}, shapes);
    concat(0, &[&[2, 3], &[1, 3], &[4, 3]]);
    concat(-1, &[&[2, 3], &[2, 0], &[2, 5]]);
    concat(1, &[&[2, 1, 3], &[2, 4, 3]]);
    concat(0, &[&[0, 2], &[0, 2]]);
    concat(0, &[&[3]]);
}

#[test]
fn slices() {
    let slice = |from: &[usize], axes: &[i64], starts: &[i64], ends: &[i64], steps: &[i64]| {
        let list = |v: &[i64]| v.to_vec();
        let attrs =
            attrs! {"axes" => list(axes), "starts" => list(starts), "ends" => list(ends), "steps" => list(steps)};
        same(Op::Slice, attrs, &[from]);
    };
    slice(&[5, 6], &[0, 1], &[1, 0], &[4, 100], &[1, 2]);
    slice(&[5, 6], &[1], &[-1], &[i64::MIN], &[-1]);
    slice(&[7, 3], &[0, 1], &[5, 2], &[0, i64::MIN], &[-2, -1]);
    slice(&[5], &[0], &[3], &[3], &[1]);
    slice(&[5], &[0], &[5], &[9], &[1]);
    slice(&[0, 2], &[1], &[1], &[2], &[1]);
}

#[test]
fn pads() {
    let pad = |from: &[usize], low: &[i64], high: &[i64], mode: &str| {
        same(Op::Pad, attrs! {"low" => low.to_vec(), "high" => high.to_vec(), "mode" => mode}, &[from]);
    };
    for mode in ["constant", "edge", "reflect", "wrap"] {
        pad(&[3, 4], &[2, 1], &[0, 3], mode);
        pad(&[5, 4], &[-1, 2], &[7, -2], mode);
        pad(&[2], &[13], &[12], mode);
        pad(&[1, 2], &[2, 0], &[1, 0], mode);
        pad(&[3], &[0], &[0], mode);
    }
    pad(&[0, 2], &[1, 0], &[1, 1], "constant");
    pad(&[3], &[-2], &[-1], "constant");
    pad(&[], &[], &[], "constant");
    let attrs = attrs! {"low" => vec![1, 0], "high" => vec![0, 2]};
    check(Op::Pad, &attrs, &[Some(&random(DType::F16, &[2, 3], 1)), Some(&random(DType::F16, &[1], 2))], 0.0);
    check(Op::Pad, &attrs, &[Some(&random(DType::U8, &[2, 3], 1)), Some(&random(DType::U8, &[], 2))], 0.0);
}

#[test]
fn repetitions() {
    let expand = |from: &[usize], shape: &[i64]| same(Op::Expand, attrs! {"shape" => shape.to_vec()}, &[from]);
    expand(&[3, 1], &[2, 1, 4]);
    expand(&[], &[2, 3]);
    expand(&[1, 1], &[1]);
    expand(&[1], &[0]);
    let tile = |from: &[usize], repeats: &[i64]| same(Op::Tile, attrs! {"repeats" => repeats.to_vec()}, &[from]);
    tile(&[2, 3], &[2, 1]);
    tile(&[2, 3], &[3, 2]);
    tile(&[2], &[0]);
    tile(&[], &[]);
}
