use hwc_dialects::{Op, attrs};
use hwc_runtime::{DType, Tensor};

use crate::lower::testing::{check, random};

#[test]
fn every_mode_and_padding() {
    for mode in ["linear", "nearest", "cubic"] {
        for padding in ["zeros", "border", "reflection"] {
            for align_corners in [false, true] {
                let attrs = attrs! {"mode" => mode, "padding" => padding, "align_corners" => align_corners};
                // Coordinates in [-4, 4) lie inside and outside.
                let (x, grid) = (random(DType::F32, &[2, 3, 4, 5], 1), random(DType::F32, &[2, 3, 4, 2], 2));
                check(Op::GridSample, &attrs, &[Some(&x), Some(&grid)], 1e-4);
                let (x, grid) = (random(DType::F32, &[1, 2, 7], 1), random(DType::F32, &[1, 9, 1], 2));
                check(Op::GridSample, &attrs, &[Some(&x), Some(&grid)], 1e-4);
            }
        }
    }
}

#[test]
fn volumes_and_types() {
    let attrs = attrs! {"padding" => "border"};
    let (x, grid) = (random(DType::F64, &[1, 2, 3, 4, 2], 1), random(DType::F64, &[1, 2, 2, 3, 3], 2));
    check(Op::GridSample, &attrs, &[Some(&x), Some(&grid)], 1e-6);
    let (x, grid) = (random(DType::F16, &[1, 2, 5], 1), random(DType::F32, &[1, 4, 1], 2));
    check(Op::GridSample, &attrs, &[Some(&x), Some(&grid)], 2e-3);
    let (x, grid) = (random(DType::F32, &[1, 0, 5], 1), random(DType::F32, &[1, 4, 1], 2));
    check(Op::GridSample, &attrs, &[Some(&x), Some(&grid)], 0.0);
    let (x, grid) = (random(DType::F32, &[1, 1, 1], 1), random(DType::F32, &[1, 4, 1], 2));
    for (padding, align_corners) in [("reflection", true), ("reflection", false), ("zeros", true)] {
        let attrs = attrs! {"padding" => padding, "align_corners" => align_corners};
        check(Op::GridSample, &attrs, &[Some(&x), Some(&grid)], 1e-5);
    }
}

#[test]
fn no_position_reads_outside() {
    let far = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1e30, -1e30, 1e9, -1e9];
    let grid = Tensor::from_vec(vec![1, 7, 1], far.to_vec()).unwrap();
    let x = Tensor::from_vec(vec![1, 1, 5], vec![1f32; 5]).unwrap();
    for mode in ["linear", "nearest", "cubic"] {
        for padding in ["zeros", "border", "reflection"] {
            let attrs = attrs! {"mode" => mode, "padding" => padding};
            // All elements are one, so that any place on the axis gives one.
            check(Op::GridSample, &attrs, &[Some(&x), Some(&grid)], 1e-4);
        }
    }
}
