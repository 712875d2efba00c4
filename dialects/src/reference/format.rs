//! Floating-point formats of sixteen bits and fewer: what each code means, and which code is nearest to a value.

use hwc_runtime::DType;

/// What the codes of a format mean that are no ordinary numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Special {
    /// As in IEEE 754: the largest exponent holds the infinities and NaN.
    Ieee,
    /// All ones is NaN, in either sign; there is no infinity.
    NanOnly,
    /// The code of -0 is the only NaN; there is neither infinity nor -0.
    NegativeZeroIsNan,
    /// Every code is a number.
    None,
}

/// A binary floating-point format with a sign, an exponent and a mantissa, from the highest bit down.
///
/// A code with exponent field `e > 0` and mantissa field `m` is `2^(e - bias) * (1 + m / 2^mantissa_bits)`; with
/// `e == 0` it is `2^(1 - bias) * m / 2^mantissa_bits`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    pub exponent_bits: u32,
    pub mantissa_bits: u32,
    pub bias: i32,
    pub special: Special,
}

impl Format {
    /// The format of an element type; `None` for wider types, integers, and `f8e8m0`, which has neither sign nor mantissa.
    pub const fn of(dtype: DType) -> Option<Format> {
        use Special::{Ieee, NanOnly, NegativeZeroIsNan, None as Plain};
        let (exponent_bits, mantissa_bits, bias, special) = match dtype {
            DType::F16 => (5, 10, 15, Ieee),
            DType::BF16 => (8, 7, 127, Ieee),
            DType::F8E4M3FN => (4, 3, 7, NanOnly),
            DType::F8E4M3FNUZ => (4, 3, 8, NegativeZeroIsNan),
            DType::F8E5M2 => (5, 2, 15, Ieee),
            DType::F8E5M2FNUZ => (5, 2, 16, NegativeZeroIsNan),
            DType::F4E2M1 => (2, 1, 1, Plain),
            _ => return None,
        };
        Some(Format { exponent_bits, mantissa_bits, bias, special })
    }

    /// The code of -0, or of NaN where there is no -0.
    pub const fn sign_bit(&self) -> u16 {
        1 << (self.exponent_bits + self.mantissa_bits)
    }

    /// The code of the largest finite value.
    pub const fn largest(&self) -> u16 {
        match self.special {
            Special::Ieee => self.infinity() - 1,
            Special::NanOnly => self.sign_bit() - 2,
            Special::NegativeZeroIsNan | Special::None => self.sign_bit() - 1,
        }
    }

    /// The code of infinity in a format that has one.
    const fn infinity(&self) -> u16 {
        ((1 << self.exponent_bits) - 1) << self.mantissa_bits
    }

    /// The code of a NaN of this sign. Where a format has no NaN it is -0, as in `ml_dtypes`.
    pub const fn nan(&self, negative: bool) -> u16 {
        let sign = if negative { self.sign_bit() } else { 0 };
        match self.special {
            Special::Ieee => sign | self.infinity() | (1 << (self.mantissa_bits - 1)),
            Special::NanOnly => sign | (self.sign_bit() - 1),
            Special::NegativeZeroIsNan | Special::None => self.sign_bit(),
        }
    }

    /// The value of a code, exactly.
    pub fn decode(&self, code: u16) -> f64 {
        let negative = code & self.sign_bit() != 0;
        let magnitude = code & (self.sign_bit() - 1);
        let sign = if negative { -1.0 } else { 1.0 };
        let nan = f64::NAN.copysign(sign);
        match self.special {
            Special::Ieee if magnitude == self.infinity() => return sign * f64::INFINITY,
            Special::Ieee | Special::NanOnly if magnitude > self.largest() => return nan,
            Special::NegativeZeroIsNan if code == self.sign_bit() => return f64::NAN,
            _ => {}
        }
        let exponent = i32::from(magnitude >> self.mantissa_bits);
        let mantissa = magnitude & ((1 << self.mantissa_bits) - 1);
        let implicit = if exponent > 0 { 1 << self.mantissa_bits } else { 0 };
        let scale = exponent.max(1) - self.bias - self.mantissa_bits as i32;
        sign * f64::from(implicit + mantissa) * power_of_two(scale)
    }

    /// The code of the value nearest to `value`, ties to even. Beyond the largest finite value, infinity included, the
    /// code is the largest where `saturate`, else that of infinity, or of NaN where there is no infinity. A format
    /// without NaN always saturates.
    pub fn encode(&self, value: f64, saturate: bool) -> u16 {
        let negative = value.is_sign_negative();
        if value.is_nan() {
            return self.nan(negative);
        }
        let sign = if negative { self.sign_bit() } else { 0 };
        let magnitude = value.abs();
        // Bounded above so that infinity, too, has units; what is that large is out of range all the same.
        let exponent = exponent_of(magnitude).clamp(1 - self.bias, 512);
        // In units of the last place at this exponent. A sum that carries out of the mantissa lands in the next
        // exponent, which is where it belongs.
        let units = (magnitude * power_of_two(self.mantissa_bits as i32 - exponent)).round_ties_even();
        let code = f64::from((exponent + self.bias - 1) << self.mantissa_bits) + units;
        if code > f64::from(self.largest()) {
            return match self.special {
                _ if saturate => sign | self.largest(),
                Special::Ieee => sign | self.infinity(),
                Special::NanOnly | Special::NegativeZeroIsNan => self.nan(negative),
                Special::None => sign | self.largest(),
            };
        }
        match code as u16 {
            0 if self.special == Special::NegativeZeroIsNan => 0,
            code => sign | code,
        }
    }
}

/// Which power of two a value becomes that lies between two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScaleRounding {
    Up,
    Down,
    /// Halfway between two goes up.
    Nearest,
}

impl ScaleRounding {
    /// From the attribute `round_mode` of a cast.
    pub fn from_name(name: &str) -> Option<ScaleRounding> {
        match name {
            "up" => Some(ScaleRounding::Up),
            "down" => Some(ScaleRounding::Down),
            "nearest" => Some(ScaleRounding::Nearest),
            _ => None,
        }
    }
}

/// The code of NaN in `f8e8m0`.
pub const SCALE_NAN: u8 = 0xff;

/// The value of a code of `f8e8m0`: `2^(code - 127)`.
pub fn decode_scale(code: u8) -> f64 {
    if code == SCALE_NAN { f64::NAN } else { power_of_two(i32::from(code) - 127) }
}

/// The code of `f8e8m0` for a value, whose sign is ignored.
///
/// Values out of range, zero and infinity among them, have the nearest code where `saturate`, else that of NaN.
pub fn encode_scale(value: f64, saturate: bool, rounding: ScaleRounding) -> u8 {
    let magnitude = value.abs();
    if magnitude.is_nan() {
        return SCALE_NAN;
    }
    let out_of_range = |code| if saturate { code } else { SCALE_NAN };
    let exponent = exponent_of(magnitude);
    if exponent < -128 {
        return out_of_range(0);
    }
    if exponent > 127 {
        return out_of_range(SCALE_NAN - 1);
    }
    let fraction = magnitude * power_of_two(-exponent);
    let up = match rounding {
        ScaleRounding::Up => fraction > 1.0,
        ScaleRounding::Down => false,
        ScaleRounding::Nearest => fraction >= 1.5,
    };
    match exponent + 127 + i32::from(up) {
        code if code < 0 => out_of_range(0),
        code if code >= i32::from(SCALE_NAN) => out_of_range(SCALE_NAN - 1),
        code => code as u8,
    }
}

/// `floor(log2 x)` of a positive number; that of 0 and of a subnormal `f64` is below every format's least exponent.
fn exponent_of(x: f64) -> i32 {
    ((x.to_bits() >> 52) & 0x7ff) as i32 - 1023
}

/// `2^e` for exponents at which `f64` has normal numbers.
fn power_of_two(e: i32) -> f64 {
    f64::from_bits(((e + 1023) as u64) << 52)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORMATS: [DType; 7] =
        [DType::F4E2M1, DType::F8E4M3FN, DType::F8E4M3FNUZ, DType::F8E5M2, DType::F8E5M2FNUZ, DType::F16, DType::BF16];

    /// What `ml_dtypes` says each code means: `np.arange(2**bits, dtype=np.uint8).view(dtype).astype(np.float32)`.
    #[test]
    fn codes_mean_what_ml_dtypes_says() {
        let table = include_str!("../../testdata/minifloat.txt");
        let mut seen = 0;
        for line in table.lines().filter(|l| !l.starts_with('#')) {
            let (name, values) = line.split_once(' ').unwrap();
            let dtype = DType::from_name(name).unwrap();
            for (code, value) in values.split(' ').enumerate() {
                let expected: f64 = value.parse().unwrap();
                let actual = match Format::of(dtype) {
                    Some(format) => format.decode(code as u16),
                    None => decode_scale(code as u8),
                };
                let same = actual.to_bits() == expected.to_bits() || (actual.is_nan() && expected.is_nan());
                assert!(same, "{name} {code:#x}: {actual} is not {expected}");
                seen += 1;
            }
        }
        assert_eq!(seen, 16 + 5 * 256);
    }

    /// Together with the table of codes this says all of rounding: each value and each midpoint between neighbours, and
    /// the two nearest `f64` beside the midpoint, in both signs.
    #[test]
    fn values_round_to_the_nearest_even_code() {
        for dtype in FORMATS {
            let format = Format::of(dtype).unwrap();
            for sign in [1.0, -1.0] {
                for code in 0..format.largest() {
                    let (low, high) = (format.decode(code), format.decode(code + 1));
                    let middle = (low + high) / 2.0;
                    let even = if code % 2 == 0 { code } else { code + 1 };
                    let with_sign = |code: u16| match (sign < 0.0, code) {
                        (true, 0) if format.special == Special::NegativeZeroIsNan => 0,
                        (true, code) => code | format.sign_bit(),
                        (false, code) => code,
                    };
                    for (value, expected) in
                        [(low, code), (middle.next_down(), code), (middle, even), (middle.next_up(), code + 1)]
                    {
                        let actual = format.encode(sign * value, false);
                        assert_eq!(actual, with_sign(expected), "{dtype} {:e}", sign * value);
                    }
                }
            }
        }
    }

    /// The tables of ONNX's `Cast`.
    #[test]
    fn values_beyond_the_largest() {
        for dtype in FORMATS {
            let format = Format::of(dtype).unwrap();
            let largest = format.decode(format.largest());
            for value in [f64::INFINITY, f64::NEG_INFINITY, 2.0 * largest, -1e300] {
                let saturated = format.decode(format.encode(value, true));
                assert_eq!(saturated, largest.copysign(value), "{dtype} {value}");
                let code = format.encode(value, false);
                let actual = format.decode(code);
                match format.special {
                    Special::Ieee => assert_eq!(actual, f64::INFINITY.copysign(value)),
                    Special::NanOnly => assert!(actual.is_nan() && actual.is_sign_negative() == (value < 0.0)),
                    Special::NegativeZeroIsNan => assert_eq!(code, format.sign_bit()),
                    Special::None => assert_eq!(actual, largest.copysign(value)),
                }
            }
            assert_eq!(format.decode(format.encode(f64::NAN, true)).is_nan(), format.special != Special::None);
        }
    }

    #[test]
    fn scales_round_as_asked() {
        use ScaleRounding::{Down, Nearest, Up};
        for (value, saturate, rounding, expected) in [
            (1.0, true, Up, 127),
            (1.1, true, Up, 128),
            (1.1, true, Down, 127),
            (1.1, true, Nearest, 127),
            (1.5, true, Nearest, 128),
            (1.5f64.next_down(), true, Nearest, 127),
            (0.0, true, Up, 0),
            (0.0, false, Nearest, 255),
            (f64::INFINITY, true, Up, 254),
            (f64::INFINITY, false, Nearest, 255),
            (f64::NAN, true, Up, 255),
            (2f64.powi(127), false, Down, 254),
            (2f64.powi(127).next_up(), false, Up, 255),
            (2f64.powi(127).next_up(), true, Up, 254),
            (2f64.powi(-127), false, Down, 0),
            (2f64.powi(-128), false, Down, 255),
            (2f64.powi(-128) * 1.5, false, Up, 0),
            (1e-300, true, Up, 0),
            (1e-300, false, Up, 255),
        ] {
            assert_eq!(encode_scale(value, saturate, rounding), expected, "{value} {saturate} {rounding:?}");
        }
    }
}
