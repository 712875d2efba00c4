//! Conversions between element types, and between the type of an element in memory and the one it is computed in.
//!
//! LLVM has no floats of a byte, and its conversions to `bf16` depend on the machine, so both are integer arithmetic
//! here; it vectorizes.

use hwc_dialects::reference::format::{Format, SCALE_NAN, ScaleRounding, Special};
use hwc_dialects::reference::number::Rounding;
use hwc_runtime::{DType, dtype::Kind};
use melior::ir::ValueLike;

use super::{Emitter, Order};
use crate::codegen::ir::Val;

/// Bits of an infinity in `f32`; above are the NaN.
const INFINITY: i64 = 0x7f80_0000;
const MAGNITUDE: i64 = 0x7fff_ffff;
const QUIET_NAN: i64 = 0x7fc0_0000;

/// From the storage type to the compute type.
pub fn load<'c>(e: &Emitter<'c>, dtype: DType, x: Val<'c>) -> Val<'c> {
    match (dtype, Format::of(dtype)) {
        (DType::F16, _) => e.cast("arith.extf", x, e.compute(dtype)),
        (DType::BF16, Some(format)) => decode(e, format, e.bitcast(x, e.integer_type(16))),
        (DType::F8E8M0, _) => decode_scale(e, x),
        (_, Some(format)) => decode(e, format, x),
        _ => x,
    }
}

/// From the compute type to the storage type: floats round once, integers wrap.
pub fn store<'c>(e: &Emitter<'c>, dtype: DType, x: Val<'c>) -> Val<'c> {
    store_rounded(e, dtype, x, Rounding::DEFAULT)
}

/// As [`store`], with a choice of what happens to values that a float of a byte cannot hold.
pub fn store_rounded<'c>(e: &Emitter<'c>, dtype: DType, x: Val<'c>, rounding: Rounding) -> Val<'c> {
    match (dtype, Format::of(dtype)) {
        (DType::F16, _) => e.cast("arith.truncf", x, e.storage(dtype)),
        (DType::BF16, Some(format)) => e.bitcast(encode(e, format, x, false), e.storage(dtype)),
        (DType::F8E8M0, _) => encode_scale(e, x, rounding),
        (_, Some(format)) => encode(e, format, x, rounding.saturate),
        _ if dtype.is_integer() => wrap(e, dtype, x),
        _ => x,
    }
}

/// The value that a compute value has after it went through memory as another floating-point type.
pub fn round_to<'c>(e: &Emitter<'c>, dtype: DType, x: Val<'c>) -> Val<'c> {
    load(e, dtype, store(e, dtype, to_compute(e, x, dtype)))
}

/// Converts an element; `x` is a compute value of `from`, the result a storage value of `to`.
pub fn convert<'c>(e: &Emitter<'c>, from: DType, to: DType, x: Val<'c>, rounding: Rounding) -> Val<'c> {
    if from == to {
        return store_rounded(e, to, x, rounding);
    }
    match (from.is_float(), to.kind()) {
        (true, Kind::Bool) => e.differ(x, e.like(x, 0.0)),
        (false, Kind::Bool) => e.compare("arith.cmpi", 1, x, e.int_like(x, 0)),
        (true, Kind::Float) => store_rounded(e, to, to_compute(e, x, to), rounding),
        (false, Kind::Float) => store_rounded(e, to, int_to_float(e, from, to, x), rounding),
        (true, _) => float_to_int(e, to, x),
        (false, _) => wrap(e, to, e.resize(x, e.storage(to), from.kind() == Kind::Signed)),
    }
}

/// An integer or `bool` as the compute type of a floating-point type.
pub fn int_to_float<'c>(e: &Emitter<'c>, from: DType, to: DType, x: Val<'c>) -> Val<'c> {
    let name = if from.kind() == Kind::Signed { "arith.sitofp" } else { "arith.uitofp" };
    // `f32` rounds integers of more than 24 bits, and `to` would round a second time. `f16` and the formats of a byte
    // with a mantissa have overflowed before that.
    if from.bits() > 24 && matches!(to, DType::BF16 | DType::F8E8M0) {
        return to_compute(e, e.cast(name, x, e.storage(DType::F64)), to);
    }
    e.cast(name, x, e.compute(to))
}

/// A compute value of one floating-point type as the compute value of another.
fn to_compute<'c>(e: &Emitter<'c>, x: Val<'c>, to: DType) -> Val<'c> {
    let (from, target) = (x.r#type(), e.compute(to));
    match (from == e.storage(DType::F64), to) {
        _ if from == target => x,
        (true, DType::F32) => e.cast("arith.truncf", x, target),
        (true, _) => round_to_odd(e, x),
        (false, _) => e.cast("arith.extf", x, target),
    }
}

/// An `f64` as the nearest `f32` where that is exact, else as the odd one of the two neighbours: rounding it again to a
/// narrower type then gives what rounding once would have given.
fn round_to_odd<'c>(e: &Emitter<'c>, x: Val<'c>) -> Val<'c> {
    let (f32_type, i32_type) = (e.storage(DType::F32), e.integer_type(32));
    let magnitude = |v| e.same("math.absf", &[v]);
    let nearest = e.cast("arith.truncf", x, f32_type);
    let back = e.cast("arith.extf", nearest, x.r#type());
    let bits = e.bitcast(nearest, i32_type);
    let too_large = e.compare_floats(Order::Greater, magnitude(back), magnitude(x));
    let towards_zero = e.select(too_large, e.subi(bits, e.int_like(bits, 1)), bits);
    let odd = e.ori(towards_zero, e.int_like(bits, 1));
    // Ordered and not equal: NaN stays as it is. What no rounding to f32 can reach stays infinite.
    let inexact = e.compare("arith.cmpf", 6, back, x);
    let in_reach = e.compare_floats(Order::Less, magnitude(x), e.like(x, 2f64.powi(128)));
    let inexact = e.andi(inexact, in_reach);
    e.bitcast(e.select(inexact, odd, bits), f32_type)
}

/// Drops the bits of an integer that its type does not have: those of a byte that holds less.
fn wrap<'c>(e: &Emitter<'c>, dtype: DType, x: Val<'c>) -> Val<'c> {
    let unused = 8i64 - i64::from(dtype.bits());
    match dtype.kind() {
        _ if unused <= 0 => x,
        Kind::Signed => e.shrsi(e.shli(x, e.int_like(x, unused)), e.int_like(x, unused)),
        _ => e.andi(x, e.int_like(x, (1 << dtype.bits()) - 1)),
    }
}

/// Truncated, NaN as 0; out of range as `hwc.cast` says. The result is a storage value.
pub fn float_to_int<'c>(e: &Emitter<'c>, to: DType, x: Val<'c>) -> Val<'c> {
    // The type through which the conversion goes, which saturates.
    let carrier = if matches!(to, DType::I64 | DType::U32 | DType::U64) { DType::I64 } else { DType::I32 };
    let (ty, bits) = (e.storage(carrier), carrier.bits());
    let limit = 2f64.powi(bits as i32 - 1);
    let (low, high) = if bits == 64 { (i64::MIN, i64::MAX) } else { (i64::from(i32::MIN), i64::from(i32::MAX)) };
    // What the conversion makes of values out of range is not defined, and not selected.
    let mut result = e.cast("arith.fptosi", x, ty);
    let above = |limit: f64| e.compare_floats(Order::GreaterOrEqual, x, e.like(x, limit));
    if to == DType::U64 {
        let unsigned = e.select(above(2.0 * limit), e.int(ty, -1), e.cast("arith.fptoui", x, ty));
        result = e.select(above(limit), unsigned, result);
    } else {
        result = e.select(above(limit), e.int(ty, high), result);
    }
    result = e.select(e.compare_floats(Order::Less, x, e.like(x, -limit)), e.int(ty, low), result);
    result = e.select(e.is_nan(x), e.int(ty, 0), result);
    wrap(e, to, e.resize(result, e.storage(to), true))
}

/// The value of a code as `f32`. The code is an integer of the width it has in memory.
fn decode<'c>(e: &Emitter<'c>, format: Format, code: Val<'c>) -> Val<'c> {
    let (i32_type, f32_type) = (e.integer_type(32), e.storage(DType::F32));
    let code = e.resize(code, i32_type, false);
    let constant = |value: i64| e.int(i32_type, value);
    let sign_bit = i64::from(format.sign_bit());
    let magnitude = e.andi(code, constant(sign_bit - 1));
    let width = i64::from(format.exponent_bits + format.mantissa_bits);
    let sign = e.shli(e.andi(code, constant(sign_bit)), constant(31 - width));
    // The fields moved to where f32 has them; a multiplication by a power of two then corrects the bias, and makes
    // normal numbers of subnormal ones.
    let fields = e.shli(magnitude, constant(23 - i64::from(format.mantissa_bits)));
    let rebias = 127 - format.bias;
    let mut bits = fields;
    if rebias != 0 {
        let scaled = e.mulf(e.bitcast(fields, f32_type), e.float(f32_type, 2f64.powi(rebias)));
        bits = e.bitcast(scaled, i32_type);
    }
    let largest = i64::from(format.largest());
    match format.special {
        Special::Ieee if rebias != 0 => {
            let special = e.compare_unsigned(Order::Greater, magnitude, constant(largest));
            bits = e.select(special, e.ori(fields, constant(INFINITY)), bits);
        }
        Special::Ieee | Special::None => {}
        Special::NanOnly => {
            let special = e.compare_unsigned(Order::Greater, magnitude, constant(largest));
            bits = e.select(special, constant(QUIET_NAN), bits);
        }
        Special::NegativeZeroIsNan => {
            let special = e.compare_unsigned(Order::Equal, code, constant(sign_bit));
            bits = e.select(special, constant(QUIET_NAN), bits);
        }
    }
    e.bitcast(e.ori(bits, sign), f32_type)
}

/// The code nearest to an `f32`, ties to even, as an integer of the width it has in memory.
fn encode<'c>(e: &Emitter<'c>, format: Format, x: Val<'c>, saturate: bool) -> Val<'c> {
    let (i32_type, f32_type) = (e.integer_type(32), e.storage(DType::F32));
    let constant = |value: i64| e.int(i32_type, value);
    let (mantissa, width) = (format.mantissa_bits as i32, format.exponent_bits + format.mantissa_bits);
    let shift = 23 - i64::from(mantissa);
    let bits = e.bitcast(x, i32_type);
    let magnitude = e.andi(bits, constant(MAGNITUDE));

    // With the exponent in the format's bias, rounding is adding half a unit (less one if that makes it even) and
    // dropping what is below the unit; a carry out of the mantissa goes into the exponent, as it should.
    let rebias = i64::from(127 - format.bias) << 23;
    let rebased = if rebias == 0 { magnitude } else { e.subi(magnitude, constant(rebias)) };
    let odd = e.andi(e.shrui(rebased, constant(shift)), constant(1));
    let half = constant((1 << (shift - 1)) - 1);
    let mut code = e.shrui(e.addi(e.addi(rebased, half), odd), constant(shift));
    if rebias != 0 {
        // Below the least normal number the unit is fixed. Adding a number whose own unit it is makes the adder round.
        let fixed = 2f64.powi(1 - format.bias - mantissa + 23);
        let sum = e.addf(e.bitcast(magnitude, f32_type), e.float(f32_type, fixed));
        let subnormal = e.subi(e.bitcast(sum, i32_type), constant(i64::from((fixed as f32).to_bits())));
        let below = e.compare_unsigned(Order::Less, magnitude, constant(rebias + (1 << 23)));
        code = e.select(below, subnormal, code);
    }

    let largest = i64::from(format.largest());
    let overflow = match format.special {
        _ if saturate => largest,
        Special::Ieee => largest + 1,
        Special::NanOnly | Special::NegativeZeroIsNan => i64::from(format.nan(false)),
        Special::None => largest,
    };
    let beyond = e.compare_unsigned(Order::Greater, code, constant(largest));
    code = e.select(beyond, constant(overflow), code);
    let nan = e.compare_unsigned(Order::Greater, magnitude, constant(INFINITY));
    code = e.select(nan, constant(format.nan(false).into()), code);

    let mut sign = e.andi(e.shrui(bits, constant(31 - i64::from(width))), constant(format.sign_bit().into()));
    if format.special == Special::NegativeZeroIsNan {
        let zero = e.compare_unsigned(Order::Equal, code, constant(0));
        sign = e.select(zero, constant(0), sign);
    }
    let storage = e.integer_type(if width >= 8 { 16 } else { 8 });
    e.resize(e.ori(code, sign), storage, false)
}

/// The value of a code of `f8e8m0` as `f32`.
fn decode_scale<'c>(e: &Emitter<'c>, code: Val<'c>) -> Val<'c> {
    let (i32_type, f32_type) = (e.integer_type(32), e.storage(DType::F32));
    let constant = |value: i64| e.int(i32_type, value);
    let code = e.resize(code, i32_type, false);
    let is = |value: i64| e.compare_unsigned(Order::Equal, code, constant(value));
    let bits = e.shli(code, constant(23));
    // 2^-127 is subnormal in f32.
    let bits = e.select(is(0), constant(1 << 22), bits);
    e.bitcast(e.select(is(SCALE_NAN.into()), constant(QUIET_NAN), bits), f32_type)
}

/// The code of `f8e8m0` for an `f32`, whose sign is ignored.
fn encode_scale<'c>(e: &Emitter<'c>, x: Val<'c>, rounding: Rounding) -> Val<'c> {
    let (i32_type, f32_type) = (e.integer_type(32), e.storage(DType::F32));
    let constant = |value: i64| e.int(i32_type, value);
    let magnitude = e.andi(e.bitcast(x, i32_type), constant(MAGNITUDE));
    // Subnormal numbers are made normal, which takes 24 off their exponent.
    let small = e.compare_unsigned(Order::Less, magnitude, constant(1 << 23));
    let scaled = e.mulf(e.bitcast(magnitude, f32_type), e.float(f32_type, 2f64.powi(24)));
    let bits = e.select(small, e.bitcast(scaled, i32_type), magnitude);
    let exponent = e.subi(e.shrui(bits, constant(23)), e.select(small, constant(24), constant(0)));
    let fraction = e.andi(bits, constant((1 << 23) - 1));
    let least = match rounding.scale {
        ScaleRounding::Up => 1,
        ScaleRounding::Nearest => 1 << 22,
        ScaleRounding::Down => 1 << 23,
    };
    let up = e.compare_unsigned(Order::GreaterOrEqual, fraction, constant(least));
    let code = e.addi(exponent, e.resize(up, i32_type, false));
    let nan = constant(SCALE_NAN.into());
    let (low, high) = if rounding.saturate { (constant(0), constant(254)) } else { (nan, nan) };
    let code = e.select(e.compare_signed(Order::Greater, code, constant(254)), high, code);
    let code = e.select(e.compare_signed(Order::Less, code, constant(0)), low, code);
    let code = e.select(e.compare_unsigned(Order::Greater, magnitude, constant(INFINITY)), nan, code);
    e.resize(code, e.integer_type(8), false)
}
