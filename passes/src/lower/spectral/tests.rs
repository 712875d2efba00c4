use hwc_dialects::{Attrs, Op, attrs};
use hwc_runtime::DType;

use crate::lower::testing::{check, random};

fn same(dtype: DType, shape: &[usize], attrs: Attrs) {
    check(Op::Dft, &attrs, &[Some(&random(dtype, shape, 1))], if dtype == DType::F16 { 2e-2 } else { 1e-6 });
}

#[test]
fn transforms() {
    same(DType::F32, &[2, 8, 1], attrs! {"axis" => 1i64});
    same(DType::F32, &[2, 7, 3, 2], attrs! {"axis" => 1i64});
    same(DType::F32, &[5, 2], attrs! {"axis" => 0i64, "inverse" => true});
    same(DType::F64, &[6, 1], attrs! {"axis" => 0i64, "onesided" => true});
    same(DType::F32, &[6, 1], attrs! {"axis" => 0i64, "length" => 4i64});
    same(DType::F32, &[6, 2], attrs! {"axis" => 0i64, "length" => 9i64, "inverse" => true});
    same(DType::F16, &[4, 1], attrs! {"axis" => 0i64});
    same(DType::F32, &[0, 4, 1], attrs! {"axis" => 1i64});
}
