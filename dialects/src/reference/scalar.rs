//! Scalar functions that have no name in Rust's standard library.

/// `1 / (1 + e^-x)`.
pub fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// `log(1 + e^x)`, also where `e^x` overflows.
pub fn softplus(x: f64) -> f64 {
    // `max` alone would turn NaN into 0.
    if x > 0.0 { x + (-x).exp().ln_1p() } else { x.exp().ln_1p() }
}

/// `x tanh(softplus(x))`; 0 of negative infinity.
pub fn mish(x: f64) -> f64 {
    if x == f64::NEG_INFINITY { 0.0 } else { x * softplus(x).tanh() }
}

/// `x/2 (1 + erf(x/√2))`. The complement of `erf` keeps the digits that the sum would cancel for negative x.
pub fn gelu(x: f64) -> f64 {
    if x == f64::NEG_INFINITY { 0.0 } else { x / 2.0 * libm::erfc(-x / std::f64::consts::SQRT_2) }
}

/// `x/2 (1 + tanh(√(2/π) (x + 0.044715 x³)))`.
pub fn gelu_tanh(x: f64) -> f64 {
    // 1 + tanh(y) = 2 sigmoid(2y)
    let y = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044715 * x.powi(3));
    if x == f64::NEG_INFINITY { 0.0 } else { x * sigmoid(2.0 * y) }
}

/// `x + bias` below `-lambd`, `x - bias` above `lambd`, else 0.
pub fn shrink(x: f64, [lambd, bias]: [f64; 2]) -> f64 {
    if x < -lambd {
        x + bias
    } else if x > lambd {
        x - bias
    } else {
        0.0
    }
}

/// -1, 0 or 1; NaN of NaN.
pub fn sign(x: f64) -> f64 {
    if x > 0.0 {
        1.0
    } else if x < 0.0 {
        -1.0
    } else {
        x
    }
}

/// The larger, NaN if either is.
pub fn maximum(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() { f64::NAN } else { a.max(b) }
}

/// The smaller, NaN if either is.
pub fn minimum(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() { f64::NAN } else { a.min(b) }
}

/// Rounded towards zero; 0 if divided by zero.
pub fn divide(a: i128, b: i128) -> i128 {
    a.checked_div(b).unwrap_or(0)
}

/// With the sign of the dividend; 0 if divided by zero.
pub fn remainder(a: i128, b: i128) -> i128 {
    a.checked_rem(b).unwrap_or(0)
}

/// With the sign of the divisor; 0 if divided by zero.
pub fn modulo(a: i128, b: i128) -> i128 {
    let r = remainder(a, b);
    if r != 0 && (r < 0) != (b < 0) { r + b } else { r }
}

/// `a^b` modulo 2^128; rounded towards zero where `b` is negative, and 0 where that would divide by zero.
pub fn power(a: i128, b: i128) -> i128 {
    if b >= 0 {
        let (mut result, mut square, mut rest) = (1i128, a, b);
        while rest > 0 {
            if rest & 1 == 1 {
                result = result.wrapping_mul(square);
            }
            square = square.wrapping_mul(square);
            rest >>= 1;
        }
        return result;
    }
    match a {
        1 => 1,
        -1 if b % 2 == 0 => 1,
        -1 => -1,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_overflow_and_no_lost_nan() {
        assert_eq!(softplus(1000.0), 1000.0);
        assert_eq!(softplus(-1000.0), 0.0);
        assert_eq!(softplus(f64::INFINITY), f64::INFINITY);
        assert!((softplus(0.0) - 2f64.ln()).abs() < 1e-15);
        assert_eq!(sigmoid(-1000.0), 0.0);
        for f in [softplus, sigmoid, gelu, gelu_tanh, sign] {
            assert!(f(f64::NAN).is_nan());
        }
        for f in [mish, gelu, gelu_tanh] {
            assert_eq!((f(f64::NEG_INFINITY), f(f64::INFINITY), f(0.0)), (0.0, f64::INFINITY, 0.0));
            assert!((f(1.0) - 0.85).abs() < 0.02);
        }
        assert!(maximum(1.0, f64::NAN).is_nan() && minimum(f64::NAN, 1.0).is_nan());
    }

    #[test]
    fn integers_divide_without_traps() {
        assert_eq!((divide(-7, 2), remainder(-7, 2), modulo(-7, 2)), (-3, -1, 1));
        assert_eq!((divide(7, -2), remainder(7, -2), modulo(7, -2)), (-3, 1, -1));
        assert_eq!((divide(7, 0), remainder(7, 0), modulo(7, 0)), (0, 0, 0));
        assert_eq!(modulo(-6, 3), 0);
    }

    #[test]
    fn powers_wrap() {
        assert_eq!(power(3, 4), 81);
        assert_eq!(power(0, 0), 1);
        assert_eq!(power(2, -1), 0);
        assert_eq!((power(-1, -3), power(-1, -2), power(0, -1)), (-1, 1, 0));
        assert_eq!(power(3, 200) as i64, 3i64.wrapping_pow(200));
    }
}
