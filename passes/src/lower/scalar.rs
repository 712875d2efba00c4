//! Scalar arithmetic: one function per elementwise operator, on values of the compute type.
//!
//! The element type decides between signed, unsigned and floating-point instructions. Nothing here traps, and what
//! NaN becomes is what the reference evaluator says.

use hwc_runtime::{DType, dtype::Kind};
use melior::ir::ValueLike;

pub use super::convert::{load, store};
use super::{Emitter, Order};
use crate::codegen::ir::Val;

/// A scalar function of one operand.
pub type Unary = for<'c> fn(&Emitter<'c>, DType, Val<'c>) -> Val<'c>;
/// A scalar function of two operands.
pub type Binary = for<'c> fn(&Emitter<'c>, DType, Val<'c>, Val<'c>) -> Val<'c>;

/// An operation that has one name for floats and one for integers of either sign.
fn by_kind<'c>(e: &Emitter<'c>, dtype: DType, float: &str, integer: &str, operands: &[Val<'c>]) -> Val<'c> {
    e.same(if dtype.is_float() { float } else { integer }, operands)
}

/// A comparison as the element type asks for.
pub fn compare<'c>(e: &Emitter<'c>, dtype: DType, order: Order, a: Val<'c>, b: Val<'c>) -> Val<'c> {
    match dtype.kind() {
        Kind::Float => e.compare_floats(order, a, b),
        Kind::Signed => e.compare_signed(order, a, b),
        Kind::Unsigned | Kind::Bool => e.compare_unsigned(order, a, b),
    }
}

macro_rules! comparisons {
    ($($name:ident => $order:ident;)*) => { $(
        pub fn $name<'c>(e: &Emitter<'c>, dtype: DType, a: Val<'c>, b: Val<'c>) -> Val<'c> {
            compare(e, dtype, Order::$order, a, b)
        }
    )* };
}
comparisons! {
    equal => Equal;
    less => Less;
    less_or_equal => LessOrEqual;
    greater => Greater;
    greater_or_equal => GreaterOrEqual;
}

macro_rules! bitwise {
    ($($name:ident => $op:literal;)*) => { $(
        pub fn $name<'c>(e: &Emitter<'c>, _: DType, a: Val<'c>, b: Val<'c>) -> Val<'c> {
            e.same($op, &[a, b])
        }
    )* };
}
bitwise! {
    and => "arith.andi";
    or => "arith.ori";
    xor => "arith.xori";
}

/// Functions of floats that are an operation of the `math` dialect.
macro_rules! math {
    ($($name:ident => $op:literal;)*) => { $(
        pub fn $name<'c>(e: &Emitter<'c>, _: DType, x: Val<'c>) -> Val<'c> {
            e.same($op, &[x])
        }
    )* };
}
math! {
    floor => "math.floor";
    ceil => "math.ceil";
    round => "math.roundeven";
    sqrt => "math.sqrt";
    sin => "math.sin";
    cos => "math.cos";
    tan => "math.tan";
    asin => "math.asin";
    acos => "math.acos";
    atan => "math.atan";
    sinh => "math.sinh";
    cosh => "math.cosh";
    asinh => "math.asinh";
    acosh => "math.acosh";
    atanh => "math.atanh";
    exp => "math.exp";
    expm1 => "math.expm1";
    log => "math.log";
    log1p => "math.log1p";
    tanh => "math.tanh";
    erf => "math.erf";
}

pub fn add<'c>(e: &Emitter<'c>, dtype: DType, a: Val<'c>, b: Val<'c>) -> Val<'c> {
    by_kind(e, dtype, "arith.addf", "arith.addi", &[a, b])
}

pub fn sub<'c>(e: &Emitter<'c>, dtype: DType, a: Val<'c>, b: Val<'c>) -> Val<'c> {
    by_kind(e, dtype, "arith.subf", "arith.subi", &[a, b])
}

pub fn mul<'c>(e: &Emitter<'c>, dtype: DType, a: Val<'c>, b: Val<'c>) -> Val<'c> {
    by_kind(e, dtype, "arith.mulf", "arith.muli", &[a, b])
}

pub fn neg<'c>(e: &Emitter<'c>, dtype: DType, x: Val<'c>) -> Val<'c> {
    if dtype.is_float() { e.same("arith.negf", &[x]) } else { e.subi(e.int_like(x, 0), x) }
}

pub fn abs<'c>(e: &Emitter<'c>, dtype: DType, x: Val<'c>) -> Val<'c> {
    match dtype.kind() {
        Kind::Float => e.same("math.absf", &[x]),
        Kind::Signed => {
            let negative = e.compare_signed(Order::Less, x, e.int_like(x, 0));
            e.select(negative, neg(e, dtype, x), x)
        }
        _ => x,
    }
}

pub fn sign<'c>(e: &Emitter<'c>, dtype: DType, x: Val<'c>) -> Val<'c> {
    let zero = e.zero(x.r#type());
    let positive = compare(e, dtype, Order::Greater, x, zero);
    // Zero and NaN are neither.
    let rest =
        if dtype.is_unsigned() { x } else { e.select(compare(e, dtype, Order::Less, x, zero), e.like(x, -1.0), x) };
    e.select(positive, e.like(x, 1.0), rest)
}

pub fn reciprocal<'c>(e: &Emitter<'c>, _: DType, x: Val<'c>) -> Val<'c> {
    e.divf(e.like(x, 1.0), x)
}

pub fn relu<'c>(e: &Emitter<'c>, dtype: DType, x: Val<'c>) -> Val<'c> {
    at_least(e, dtype, x, e.zero(x.r#type()))
}

/// `low` where x is less, else x: NaN stays, and a bound of NaN limits nothing.
pub fn at_least<'c>(e: &Emitter<'c>, dtype: DType, x: Val<'c>, low: Val<'c>) -> Val<'c> {
    e.select(compare(e, dtype, Order::Less, x, low), low, x)
}

/// `high` where x is greater, else x: NaN stays, and a bound of NaN limits nothing.
pub fn at_most<'c>(e: &Emitter<'c>, dtype: DType, x: Val<'c>, high: Val<'c>) -> Val<'c> {
    e.select(compare(e, dtype, Order::Greater, x, high), high, x)
}

pub fn max<'c>(e: &Emitter<'c>, dtype: DType, a: Val<'c>, b: Val<'c>) -> Val<'c> {
    extremum(e, dtype, Order::Greater, a, b)
}

pub fn min<'c>(e: &Emitter<'c>, dtype: DType, a: Val<'c>, b: Val<'c>) -> Val<'c> {
    extremum(e, dtype, Order::Less, a, b)
}

fn extremum<'c>(e: &Emitter<'c>, dtype: DType, order: Order, a: Val<'c>, b: Val<'c>) -> Val<'c> {
    // Where they are not ordered the result is b: right if b is NaN, not if a is.
    let chosen = e.select(compare(e, dtype, order, a, b), a, b);
    if dtype.is_float() { e.select(e.is_nan(a), a, chosen) } else { chosen }
}

/// A divisor that no division traps on: 1 in place of 0, and in place of -1, by which the least integer overflows.
fn safe_divisor<'c>(e: &Emitter<'c>, dtype: DType, b: Val<'c>) -> Val<'c> {
    let is = |value| e.compare_unsigned(Order::Equal, b, e.int_like(b, value));
    let unsafe_ = if dtype.kind() == Kind::Signed { e.ori(is(0), is(-1)) } else { is(0) };
    e.select(unsafe_, e.int_like(b, 1), b)
}

pub fn div<'c>(e: &Emitter<'c>, dtype: DType, a: Val<'c>, b: Val<'c>) -> Val<'c> {
    let (zero, divisor) = match dtype.kind() {
        Kind::Float => return e.divf(a, b),
        _ => (e.compare_unsigned(Order::Equal, b, e.int_like(b, 0)), safe_divisor(e, dtype, b)),
    };
    let quotient = if dtype.kind() == Kind::Signed {
        let negated = e.compare_unsigned(Order::Equal, b, e.int_like(b, -1));
        e.select(negated, neg(e, dtype, a), e.same("arith.divsi", &[a, divisor]))
    } else {
        e.same("arith.divui", &[a, divisor])
    };
    e.select(zero, e.int_like(b, 0), quotient)
}

/// The remainder with the sign of the dividend.
pub fn fmod<'c>(e: &Emitter<'c>, dtype: DType, a: Val<'c>, b: Val<'c>) -> Val<'c> {
    // Modulo 1, which stands for 0 and -1, every integer is 0, as it has to be.
    match dtype.kind() {
        Kind::Float => e.remf(a, b),
        Kind::Signed => e.same("arith.remsi", &[a, safe_divisor(e, dtype, b)]),
        _ => e.same("arith.remui", &[a, safe_divisor(e, dtype, b)]),
    }
}

/// The remainder of integers with the sign of the divisor.
pub fn modulo<'c>(e: &Emitter<'c>, dtype: DType, a: Val<'c>, b: Val<'c>) -> Val<'c> {
    let remainder = fmod(e, dtype, a, b);
    if dtype.kind() != Kind::Signed {
        return remainder;
    }
    let zero = e.int_like(a, 0);
    let exact = e.compare_signed(Order::Equal, remainder, zero);
    let opposite = e.compare_signed(Order::Less, e.xori(remainder, b), zero);
    let adjusted = e.select(opposite, e.addi(remainder, b), remainder);
    e.select(exact, remainder, adjusted)
}

pub fn prelu<'c>(e: &Emitter<'c>, dtype: DType, x: Val<'c>, slope: Val<'c>) -> Val<'c> {
    let negative = compare(e, dtype, Order::Less, x, e.zero(x.r#type()));
    e.select(negative, mul(e, dtype, slope, x), x)
}

pub fn not<'c>(e: &Emitter<'c>, _: DType, x: Val<'c>) -> Val<'c> {
    e.xori(x, e.int_like(x, -1))
}

pub fn is_nan<'c>(e: &Emitter<'c>, _: DType, x: Val<'c>) -> Val<'c> {
    e.is_nan(x)
}

/// Moves the bits of an unsigned integer; zero from the width of the type on.
pub fn shift<'c>(e: &Emitter<'c>, dtype: DType, left: bool, x: Val<'c>, by: Val<'c>) -> Val<'c> {
    let inside = e.compare_unsigned(Order::Less, by, e.int_like(by, dtype.bits().into()));
    let moved = if left { e.shli(x, by) } else { e.shrui(x, by) };
    e.select(inside, moved, e.int_like(x, 0))
}

/// An integer raised to an integer, both of the type of the base; `signed` says whether the exponent can be negative.
pub fn int_power<'c>(e: &Emitter<'c>, base: Val<'c>, exponent: Val<'c>, signed: bool) -> Val<'c> {
    let ty = base.r#type();
    let (zero, one) = (e.int(ty, 0), e.int(ty, 1));
    let width = crate::codegen::ir::bit_width(exponent.r#type());
    let exponent_one = e.int_like(exponent, 1);
    let bit = |e: &Emitter<'c>, v: Val<'c>| e.compare_unsigned(Order::Equal, e.andi(v, exponent_one), exponent_one);
    let results = e.for_loop(e.index(0), e.index(width.into()), e.index(1), &[one, base, exponent], |e, _, carried| {
        let (product, square, rest) = (carried[0], carried[1], carried[2]);
        let product = e.select(bit(e, rest), e.muli(product, square), product);
        vec![product, e.muli(square, square), e.shrui(rest, exponent_one)]
    });
    if !signed {
        return results[0];
    }
    // 1 / base^|exponent| rounded towards zero is 0 but for 1 and -1.
    let is = |value| e.compare_signed(Order::Equal, base, e.int(ty, value));
    let minus_one = e.int(ty, -1);
    let alternating = e.select(bit(e, exponent), minus_one, one);
    let inverse = e.select(is(1), one, e.select(is(-1), alternating, zero));
    e.select(e.compare_signed(Order::Less, exponent, e.int_like(exponent, 0)), inverse, results[0])
}
