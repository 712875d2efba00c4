//! Whether a result is what was expected, by the rules of the ONNX test runner (`docs/conformance.md`).

use half::f16;
use hwc::{DType, Tensor};
use hwc_dialects::reference::number::floats;

use super::data::Tolerance;

/// The arithmetic in which two elements are compared: every operation rounds to it.
type Close = fn(f64, f64, Tolerance) -> bool;

fn arithmetic(dtype: DType) -> Close {
    match dtype {
        DType::F32 | DType::F8E5M2 => |x, y, t| {
            let (x, y) = (x as f32, y as f32);
            (x - y).abs() <= t.atol as f32 + t.rtol as f32 * y.abs()
        },
        DType::F16 | DType::I2 | DType::I4 | DType::U2 | DType::U4 => |x, y, t| {
            let [x, y, rtol, atol] = [x, y, t.rtol, t.atol].map(f16::from_f64);
            let magnitude = f16::from_f32(y.to_f32().abs());
            f16::from_f32((x - y).to_f32().abs()) <= atol + rtol * magnitude
        },
        _ => |x, y, t| (x - y).abs() <= t.atol + t.rtol * y.abs(),
    }
}

/// An error describes the first difference and how many there are.
pub fn compare(actual: &Tensor, expected: &Tensor, tolerance: Tolerance) -> Result<(), String> {
    if actual.shape() != expected.shape() {
        return Err(format!("has the shape {:?}, expected {:?}", actual.shape(), expected.shape()));
    }
    if actual.dtype() != expected.dtype() {
        return Err(format!("has elements of type {}, expected {}", actual.dtype(), expected.dtype()));
    }
    let close = arithmetic(expected.dtype());
    let same = |x: f64, y: f64| x == y || (x.is_nan() && y.is_nan()) || (y.is_finite() && close(x, y, tolerance));
    let (actual, expected) = (floats(actual), floats(expected));
    let wrong: Vec<usize> = (0..expected.len()).filter(|&i| !same(actual[i], expected[i])).collect();
    let Some(&first) = wrong.first() else { return Ok(()) };
    let largest = wrong.iter().map(|&i| (actual[i] - expected[i]).abs()).fold(0.0, f64::max);
    Err(format!(
        "element {first} is {}, expected {}; {} of {} differ, by at most {largest:e}",
        actual[first],
        expected[first],
        wrong.len(),
        expected.len()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agree(actual: &[f32], expected: &[f32]) -> bool {
        let tensor = |v: &[f32]| Tensor::from_vec(vec![v.len()], v.to_vec()).unwrap();
        compare(&tensor(actual), &tensor(expected), Tolerance::default()).is_ok()
    }

    #[test]
    fn closeness_is_relative_to_what_is_expected() {
        assert!(agree(&[1.0005, -0.0, f32::NAN, f32::INFINITY], &[1.0, 0.0, f32::NAN, f32::INFINITY]));
        assert!(!agree(&[1.002], &[1.0]));
        assert!(!agree(&[f32::NAN], &[1.0]));
        assert!(!agree(&[1.0], &[f32::NAN]));
        assert!(!agree(&[f32::NEG_INFINITY], &[f32::INFINITY]));
        assert!(!agree(&[3e38], &[f32::INFINITY]));
        assert!(!agree(&[2e-7], &[0.0]));
    }

    #[test]
    fn shapes_and_types_are_exact() {
        let a = Tensor::from_vec(vec![1], vec![1.0f32]).unwrap();
        assert!(compare(&a, &Tensor::scalar(1.0f32), Tolerance::default()).is_err());
        let b = Tensor::from_vec(vec![1], vec![1.0f64]).unwrap();
        assert!(compare(&a, &b, Tolerance::default()).is_err());
        let (c, d) = (Tensor::scalar(1000i64), Tensor::scalar(1001i64));
        assert!(compare(&c, &d, Tolerance::default()).is_ok());
        let (c, d) = (Tensor::scalar(100i64), Tensor::scalar(101i64));
        assert!(compare(&c, &d, Tolerance::default()).is_err());
    }
}
