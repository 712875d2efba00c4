use hwc_dialects::{Attrs, Op, attrs};
use hwc_runtime::DType;

use super::factors;
use crate::lower::testing::{check, random};

fn same(dtype: DType, shape: &[usize], attrs: Attrs) {
    check(Op::Dft, &attrs, &[Some(&random(dtype, shape, 1))], if dtype == DType::F16 { 2e-2 } else { 2e-5 });
}

#[test]
fn lengths_have_factors() {
    assert_eq!(factors(1), [1]);
    assert_eq!(factors(8), [4, 2]);
    assert_eq!(factors(60), [4, 3, 5]);
    assert_eq!(factors(2 * 49), [2, 7, 7]);
    assert_eq!(factors(97), [97]);
}

#[test]
fn every_length() {
    for length in [1usize, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 16, 22, 26, 64, 77] {
        for inverse in [false, true] {
            same(DType::F32, &[2, length, 1], attrs! {"axis" => 1i64, "inverse" => inverse});
            same(DType::F32, &[length, 3, 2], attrs! {"axis" => 0i64, "inverse" => inverse});
        }
    }
}

#[test]
fn cut_padded_and_onesided() {
    same(DType::F64, &[6, 1], attrs! {"axis" => 0i64, "onesided" => true});
    same(DType::F32, &[6, 1], attrs! {"axis" => 0i64, "length" => 4i64});
    same(DType::F32, &[6, 2], attrs! {"axis" => 0i64, "length" => 9i64, "inverse" => true});
    same(DType::F16, &[4, 1], attrs! {"axis" => 0i64});
    same(DType::F32, &[0, 4, 1], attrs! {"axis" => 1i64});
}
