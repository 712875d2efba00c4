use hwc_dialects::{Attrs, Op, attrs};
use hwc_runtime::DType;

use crate::lower::testing::{check, random};

const COORDINATES: [&str; 6] =
    ["half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners", "asymmetric", "tf_crop_and_resize"];

fn sizes(mut attrs: Attrs, sizes: &[i64]) -> Attrs {
    attrs.set("axes", vec![1i64, 2]);
    attrs.set("sizes", sizes.to_vec());
    attrs
}

fn same(dtype: DType, shape: &[usize], attrs: Attrs) {
    check(Op::Resize, &attrs, &[Some(&random(dtype, shape, 1))], 1e-5);
}

#[test]
fn every_mode_and_coordinate() {
    for coordinates in COORDINATES {
        for mode in ["nearest", "linear", "cubic"] {
            let mut attrs = attrs! {"mode" => mode, "coordinates" => coordinates, "extrapolation" => 7.0};
            if coordinates == "tf_crop_and_resize" {
                attrs.set("roi", vec![0.25, -0.5, 0.75, 1.5]);
            }
            same(DType::F32, &[2, 4, 5], sizes(attrs.clone(), &[8, 3]));
            same(DType::F32, &[2, 4, 5], sizes(attrs, &[5, 10]));
        }
    }
}

#[test]
fn nearest_repeats_or_skips() {
    for dtype in [DType::F32, DType::U8, DType::Bool] {
        same(dtype, &[1, 3, 4], sizes(attrs! {}, &[6, 12]));
        same(dtype, &[2, 6, 4], sizes(attrs! {"coordinates" => "asymmetric", "nearest" => "floor"}, &[3, 8]));
        same(dtype, &[1, 20, 3], sizes(attrs! {}, &[33, 3]));
    }
    same(DType::F32, &[1, 3, 4], sizes(attrs! {}, &[0, 4]));
    same(DType::F32, &[1, 3, 4], sizes(attrs! {}, &[3, 4]));
}

#[test]
fn filters_may_be_long_or_exclude() {
    for mode in ["linear", "cubic"] {
        let smooth = attrs! {"mode" => mode, "antialias" => true};
        same(DType::F32, &[2, 40, 9], sizes(smooth.clone(), &[3, 5]));
        let mut excluding = smooth;
        excluding.set("exclude_outside", true);
        same(DType::F64, &[2, 16, 9], sizes(excluding, &[7, 13]));
    }
}

#[test]
fn other_types() {
    for dtype in [DType::F16, DType::I8, DType::U8, DType::I32] {
        let cubic = attrs! {"mode" => "cubic"};
        let x = random(dtype, &[1, 4, 5], 1);
        check(Op::Resize, &sizes(cubic, &[7, 9]), &[Some(&x)], 2e-3);
    }
}
