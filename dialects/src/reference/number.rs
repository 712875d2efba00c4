//! Elements of tensors as `f64` and `i128`, in which every element type fits exactly, and back.

use half::{bf16, f16};
use hwc_runtime::{DType, Tensor, dtype::Kind};

/// The elements as `f64`; integers beyond 2^53 are rounded.
pub fn floats(tensor: &Tensor) -> Vec<f64> {
    let (dtype, size) = (tensor.dtype(), tensor.dtype().size());
    if !dtype.is_float() {
        return integers(tensor).into_iter().map(|v| v as f64).collect();
    }
    tensor.bytes().chunks_exact(size).map(|b| decode_float(dtype, b)).collect()
}

/// The elements as integers; floating-point values are truncated, NaN is 0.
pub fn integers(tensor: &Tensor) -> Vec<i128> {
    let (dtype, size) = (tensor.dtype(), tensor.dtype().size());
    tensor
        .bytes()
        .chunks_exact(size)
        .map(|b| if dtype.is_float() { decode_float(dtype, b) as i128 } else { decode_integer(dtype, b) })
        .collect()
}

/// A tensor of these values, each rounded to the nearest value of the element type, ties to even. For an integer type
/// the value is truncated and clamped.
pub fn from_floats(dtype: DType, shape: &[usize], values: impl IntoIterator<Item = f64>) -> Result<Tensor, String> {
    let mut bytes = Vec::with_capacity(shape.iter().product::<usize>().saturating_mul(dtype.size()));
    for value in values {
        if dtype.is_float() {
            encode_float(dtype, value, &mut bytes)?
        } else {
            encode_integer(dtype, clamp(dtype, value as i128), &mut bytes)
        }
    }
    Tensor::from_bytes(dtype, shape, bytes).map_err(|e| e.to_string())
}

/// A tensor of these values, each wrapped to the width of the element type; `bool` is 0 or 1.
pub fn from_integers(dtype: DType, shape: &[usize], values: impl IntoIterator<Item = i128>) -> Result<Tensor, String> {
    let mut bytes = Vec::with_capacity(shape.iter().product::<usize>().saturating_mul(dtype.size()));
    for value in values {
        if dtype.is_float() {
            encode_float(dtype, value as f64, &mut bytes)?
        } else {
            encode_integer(dtype, value, &mut bytes)
        }
    }
    Tensor::from_bytes(dtype, shape, bytes).map_err(|e| e.to_string())
}

/// The smallest and largest value of an integer type.
pub fn range(dtype: DType) -> (i128, i128) {
    match dtype.kind() {
        Kind::Bool => (0, 1),
        Kind::Unsigned => (0, (1 << dtype.bits()) - 1),
        _ => (-(1 << (dtype.bits() - 1)), (1 << (dtype.bits() - 1)) - 1),
    }
}

pub fn clamp(dtype: DType, value: i128) -> i128 {
    let (low, high) = range(dtype);
    value.clamp(low, high)
}

fn decode_integer(dtype: DType, bytes: &[u8]) -> i128 {
    let negative = dtype.kind() == Kind::Signed && bytes.last().is_some_and(|b| b & 0x80 != 0);
    let mut wide = [if negative { 0xff } else { 0 }; 16];
    wide[..bytes.len()].copy_from_slice(bytes);
    i128::from_le_bytes(wide)
}

fn encode_integer(dtype: DType, value: i128, bytes: &mut Vec<u8>) {
    let value = match dtype.kind() {
        Kind::Bool => i128::from(value != 0),
        Kind::Unsigned => value & ((1 << dtype.bits()) - 1),
        _ => {
            let unused = 128 - dtype.bits();
            (value << unused) >> unused
        }
    };
    bytes.extend_from_slice(&value.to_le_bytes()[..dtype.size()]);
}

fn decode_float(dtype: DType, bytes: &[u8]) -> f64 {
    match (dtype, bytes) {
        (DType::F64, &[a, b, c, d, e, f, g, h]) => f64::from_le_bytes([a, b, c, d, e, f, g, h]),
        (DType::F32, &[a, b, c, d]) => f32::from_le_bytes([a, b, c, d]).into(),
        (DType::F16, &[a, b]) => f16::from_le_bytes([a, b]).to_f64(),
        (DType::BF16, &[a, b]) => bf16::from_le_bytes([a, b]).to_f64(),
        _ => f64::NAN,
    }
}

fn encode_float(dtype: DType, value: f64, bytes: &mut Vec<u8>) -> Result<(), String> {
    match dtype {
        DType::F64 => bytes.extend_from_slice(&value.to_le_bytes()),
        DType::F32 => bytes.extend_from_slice(&(value as f32).to_le_bytes()),
        DType::F16 => bytes.extend_from_slice(&f16::from_f64(value).to_le_bytes()),
        DType::BF16 => bytes.extend_from_slice(&bf16::from_f64(value).to_le_bytes()),
        _ => return Err(format!("cannot write elements of type {dtype}")),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_wrap_and_extend() {
        let t = from_integers(DType::I8, &[3], [200, -1, 127]).unwrap();
        assert_eq!(integers(&t), [-56, -1, 127]);
        let t = from_integers(DType::U64, &[1], [-1]).unwrap();
        assert_eq!(integers(&t), [i128::from(u64::MAX)]);
        let t = from_integers(DType::I4, &[2], [7, 8]).unwrap();
        assert_eq!(integers(&t), [7, -8]);
    }

    #[test]
    fn floats_round_once() {
        let t = from_floats(DType::F16, &[2], [65519.0, 65520.0]).unwrap();
        assert_eq!(floats(&t), [65504.0, f64::INFINITY]);
    }
}
