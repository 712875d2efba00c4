//! Elements of tensors as `f64` and `i128`, in which every element type fits exactly, and back.

use hwc_runtime::{DType, Tensor, dtype::Kind};

use super::format::{Format, ScaleRounding, decode_scale, encode_scale};

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
/// the value is truncated and clamped. Float types of a byte saturate.
pub fn from_floats(dtype: DType, shape: &[usize], values: impl IntoIterator<Item = f64>) -> Result<Tensor, String> {
    from_values(dtype, shape, values, |value, bytes| {
        if dtype.is_float() {
            encode_float(dtype, value, Rounding::DEFAULT, bytes)
        } else {
            encode_integer(dtype, clamp(dtype, value as i128), bytes)
        }
    })
}

/// A tensor of a floating-point type, with a choice of what happens to values out of range.
pub fn from_floats_rounded(
    dtype: DType,
    shape: &[usize],
    values: impl IntoIterator<Item = f64>,
    rounding: Rounding,
) -> Result<Tensor, String> {
    from_values(dtype, shape, values, |value, bytes| encode_float(dtype, value, rounding, bytes))
}

/// A tensor of these values, each wrapped to the width of the element type, or rounded to it once; `bool` is 0 or 1.
pub fn from_integers(dtype: DType, shape: &[usize], values: impl IntoIterator<Item = i128>) -> Result<Tensor, String> {
    from_values(dtype, shape, values, |value, bytes| {
        if dtype.is_float() {
            let value = if dtype == DType::F64 { value as f64 } else { round_to_odd(value) };
            encode_float(dtype, value, Rounding::DEFAULT, bytes)
        } else {
            encode_integer(dtype, value, bytes)
        }
    })
}

/// The nearest `f64` where there is an exact one, else the odd one of the two neighbours: rounding that to a narrower
/// type is rounding the integer once.
fn round_to_odd(value: i128) -> f64 {
    let nearest = value as f64;
    let exact = nearest as i128 == value;
    if exact || nearest.to_bits() & 1 == 1 {
        return nearest;
    }
    if (nearest.abs() as u128) > value.unsigned_abs() {
        f64::from_bits(nearest.to_bits() - 1)
    } else {
        f64::from_bits(nearest.to_bits() + 1)
    }
}

fn from_values<T>(
    dtype: DType,
    shape: &[usize],
    values: impl IntoIterator<Item = T>,
    mut encode: impl FnMut(T, &mut Vec<u8>),
) -> Result<Tensor, String> {
    let values = values.into_iter();
    // The iterator says how much there is; the shape may be wrong and huge.
    let mut bytes = Vec::with_capacity(values.size_hint().0.saturating_mul(dtype.size()));
    values.for_each(|value| encode(value, &mut bytes));
    Tensor::from_bytes(dtype, shape, bytes).map_err(|e| e.to_string())
}

/// How a value becomes one of a float type of a byte; the types of sixteen bits and more overflow to infinity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rounding {
    /// Values out of range become the largest, else infinity or NaN.
    pub saturate: bool,
    /// Of `f8e8m0`; the others round to nearest even.
    pub scale: ScaleRounding,
}

impl Rounding {
    /// What ONNX does where nothing is said.
    pub const DEFAULT: Rounding = Rounding { saturate: true, scale: ScaleRounding::Up };
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

/// The value rounded to a floating-point type; of another type, as it is.
pub fn round_to(dtype: DType, value: f64) -> f64 {
    match dtype {
        DType::F32 => f64::from(value as f32),
        DType::F8E8M0 => decode_scale(encode_scale(value, true, ScaleRounding::Up)),
        _ => Format::of(dtype).map_or(value, |f| f.decode(f.encode(value, dtype.size() == 1))),
    }
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
    let code = |format: Option<Format>, code: u16| format.map_or(f64::NAN, |f| f.decode(code));
    match (dtype, bytes) {
        (DType::F64, &[a, b, c, d, e, f, g, h]) => f64::from_le_bytes([a, b, c, d, e, f, g, h]),
        (DType::F32, &[a, b, c, d]) => f32::from_le_bytes([a, b, c, d]).into(),
        (DType::F8E8M0, &[a]) => decode_scale(a),
        (_, &[a]) => code(Format::of(dtype), a.into()),
        (_, &[a, b]) => code(Format::of(dtype), u16::from_le_bytes([a, b])),
        _ => f64::NAN,
    }
}

fn encode_float(dtype: DType, value: f64, rounding: Rounding, bytes: &mut Vec<u8>) {
    match (dtype, Format::of(dtype)) {
        (DType::F64, _) => bytes.extend_from_slice(&value.to_le_bytes()),
        (DType::F8E8M0, _) => bytes.push(encode_scale(value, rounding.saturate, rounding.scale)),
        (_, Some(format)) => {
            let code = format.encode(value, rounding.saturate && dtype.size() == 1);
            bytes.extend_from_slice(&code.to_le_bytes()[..dtype.size()]);
        }
        _ => bytes.extend_from_slice(&(value as f32).to_le_bytes()),
    }
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
        let t = from_integers(DType::U2, &[2], [5, -1]).unwrap();
        assert_eq!(integers(&t), [1, 3]);
    }

    #[test]
    fn floats_round_once() {
        let t = from_floats(DType::F16, &[2], [65519.0, 65520.0]).unwrap();
        assert_eq!(floats(&t), [65504.0, f64::INFINITY]);
        // By way of f32 this would be halfway, and then even.
        let t = from_floats(DType::F16, &[1], [1.0 + 2f64.powi(-11) + 2f64.powi(-40)]).unwrap();
        assert_eq!(floats(&t), [1.0 + 2f64.powi(-10)]);
    }

    #[test]
    fn bytes_saturate_where_asked() {
        let values = [1000.0, f64::NEG_INFINITY, 0.3];
        let t = from_floats(DType::F8E4M3FN, &[3], values).unwrap();
        assert_eq!(floats(&t), [448.0, -448.0, 0.3125]);
        let wrap = Rounding { saturate: false, ..Rounding::DEFAULT };
        let t = from_floats_rounded(DType::F8E5M2, &[3], [1e6, f64::NEG_INFINITY, 0.3], wrap).unwrap();
        assert_eq!(floats(&t), [f64::INFINITY, f64::NEG_INFINITY, 0.3125]);
        let t = from_floats(DType::F4E2M1, &[3], values).unwrap();
        assert_eq!(floats(&t), [6.0, -6.0, 0.5]);
        let t = from_floats(DType::F8E8M0, &[1], [0.3]).unwrap();
        assert_eq!(floats(&t), [0.5]);
    }

    #[test]
    fn a_wrong_shape_is_an_error() {
        assert!(from_floats(DType::F32, &[usize::MAX, 2], [1.0]).is_err());
        assert!(from_integers(DType::I8, &[2], [1]).is_err());
    }
}
