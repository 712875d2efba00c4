//! Arithmetic on `f32` scalars or vectors, written as formulas.

use melior::ir::{Attribute, Type, ValueLike};

use crate::codegen::ir::{self, Builder, Val};

/// Builds operations on values of one shape: a scalar, or a vector of so many lanes.
pub struct Float<'c> {
    pub b: Builder<'c>,
    pub lanes: Option<i64>,
}

/// Comparisons; all but `Unordered` are false if an operand is not a number.
#[derive(Clone, Copy)]
pub enum Is {
    Equal = 1,
    Greater = 2,
    Less = 4,
    Unordered = 14,
}

/// Adding this to a small `f32` leaves the nearest integer in the low bits of the sum.
const ROUNDER: f64 = 12_582_912.0;

impl<'c> Float<'c> {
    /// For values of the shape of `ty`.
    pub fn new(b: Builder<'c>, ty: Type<'c>) -> Self {
        Self { b, lanes: ir::static_shape(ty).and_then(|s| s.first().copied()) }
    }

    /// A type of this shape.
    pub fn of(&self, element: Type<'c>) -> Type<'c> {
        self.lanes.map_or(element, |lanes| self.b.vector(element, lanes))
    }

    pub fn f32(&self) -> Type<'c> {
        self.of(Type::float32(self.b.context))
    }

    pub fn f64(&self) -> Type<'c> {
        self.of(Type::float64(self.b.context))
    }

    pub fn i32(&self) -> Type<'c> {
        self.of(self.b.integer_type(32))
    }

    pub fn i64(&self) -> Type<'c> {
        self.of(self.b.integer_type(64))
    }

    pub fn c(&self, value: f64) -> Val<'c> {
        self.b.constant_float(self.f32(), value)
    }

    pub fn int(&self, value: i64) -> Val<'c> {
        self.b.constant_integer(self.i32(), value)
    }

    pub fn binary(&self, op: &str, x: Val<'c>, y: Val<'c>) -> Val<'c> {
        self.b.value(op, &[x, y], x.r#type(), &[])
    }

    pub fn add(&self, x: Val<'c>, y: Val<'c>) -> Val<'c> {
        self.binary("arith.addf", x, y)
    }

    pub fn sub(&self, x: Val<'c>, y: Val<'c>) -> Val<'c> {
        self.binary("arith.subf", x, y)
    }

    pub fn mul(&self, x: Val<'c>, y: Val<'c>) -> Val<'c> {
        self.binary("arith.mulf", x, y)
    }

    pub fn div(&self, x: Val<'c>, y: Val<'c>) -> Val<'c> {
        self.binary("arith.divf", x, y)
    }

    /// `x * y + z`, in one rounding where the machine has it.
    pub fn fma(&self, x: Val<'c>, y: Val<'c>, z: Val<'c>) -> Val<'c> {
        let contract: [(&str, Attribute); 1] = [("fastmath", self.b.fast_math("contract"))];
        let product = self.b.value("arith.mulf", &[x, y], x.r#type(), &contract);
        self.b.value("arith.addf", &[product, z], x.r#type(), &contract)
    }

    /// `coefficients[0] + coefficients[1] * x + ...`, in the type of `x`.
    pub fn polynomial(&self, x: Val<'c>, coefficients: &[f64]) -> Val<'c> {
        let constant = |value: &f64| self.b.constant_float(x.r#type(), *value);
        let mut terms = coefficients.iter().rev();
        let first = terms.next().map_or_else(|| self.b.zero(x.r#type()), constant);
        terms.fold(first, |sum, term| self.fma(sum, x, constant(term)))
    }

    pub fn unary(&self, op: &str, x: Val<'c>) -> Val<'c> {
        self.b.value(op, &[x], x.r#type(), &[])
    }

    pub fn abs(&self, x: Val<'c>) -> Val<'c> {
        self.unary("math.absf", x)
    }

    pub fn sqrt(&self, x: Val<'c>) -> Val<'c> {
        self.unary("math.sqrt", x)
    }

    /// The magnitude of `x` with the sign of `sign`.
    pub fn copysign(&self, x: Val<'c>, sign: Val<'c>) -> Val<'c> {
        self.binary("math.copysign", x, sign)
    }

    pub fn compare(&self, x: Val<'c>, is: Is, y: Val<'c>) -> Val<'c> {
        let predicate = self.b.integer(self.b.integer_type(64), is as i64);
        self.b.value("arith.cmpf", &[x, y], self.of(self.b.integer_type(1)), &[("predicate", predicate)])
    }

    pub fn select(&self, condition: Val<'c>, yes: Val<'c>, no: Val<'c>) -> Val<'c> {
        self.b.value("arith.select", &[condition, yes, no], yes.r#type(), &[])
    }

    /// `yes` where the comparison holds, `no` elsewhere.
    pub fn choose(&self, x: Val<'c>, is: Is, y: Val<'c>, yes: Val<'c>, no: Val<'c>) -> Val<'c> {
        self.select(self.compare(x, is, y), yes, no)
    }

    /// `x` within bounds; what is not a number stays so.
    pub fn clamp(&self, x: Val<'c>, low: f64, high: f64) -> Val<'c> {
        let low = self.c(low);
        self.at_most(self.choose(x, Is::Less, low, low, x), high)
    }

    /// `x` or the bound, whichever is less; what is not a number stays so.
    pub fn at_most(&self, x: Val<'c>, high: f64) -> Val<'c> {
        let high = self.c(high);
        self.choose(x, Is::Greater, high, high, x)
    }

    pub fn bits(&self, x: Val<'c>) -> Val<'c> {
        self.b.value("arith.bitcast", &[x], self.i32(), &[])
    }

    pub fn float_of_bits(&self, x: Val<'c>) -> Val<'c> {
        self.b.value("arith.bitcast", &[x], self.f32(), &[])
    }

    /// The integer nearest to `x * factor`, as a float and as an integer; `|x * factor|` is less than 2^21.
    pub fn nearest(&self, x: Val<'c>, factor: f64) -> (Val<'c>, Val<'c>) {
        let sum = self.fma(x, self.c(factor), self.c(ROUNDER));
        let integer = self.binary("arith.subi", self.bits(sum), self.bits(self.c(ROUNDER)));
        (self.sub(sum, self.c(ROUNDER)), integer)
    }

    /// 2 to the power of an integer between -126 and 127.
    pub fn power_of_two(&self, n: Val<'c>) -> Val<'c> {
        let biased = self.binary("arith.addi", n, self.int(127));
        self.float_of_bits(self.binary("arith.shli", biased, self.int(23)))
    }

    /// `x * 2^n` for n between -252 and 254, with one rounding at the end also where the result is subnormal.
    pub fn scale(&self, x: Val<'c>, n: Val<'c>) -> Val<'c> {
        let half = self.binary("arith.shrsi", n, self.int(1));
        let rest = self.binary("arith.subi", n, half);
        self.mul(self.mul(x, self.power_of_two(half)), self.power_of_two(rest))
    }

    /// From `f16` or `bf16`.
    pub fn widen(&self, x: Val<'c>) -> Val<'c> {
        self.b.value("arith.extf", &[x], self.f32(), &[])
    }

    pub fn to_f64(&self, x: Val<'c>) -> Val<'c> {
        self.b.value("arith.extf", &[x], self.f64(), &[])
    }

    pub fn narrow(&self, x: Val<'c>, ty: Type<'c>) -> Val<'c> {
        self.b.value("arith.truncf", &[x], ty, &[])
    }
}
