//! Arithmetic on `f32` scalars or vectors, written as formulas.

use melior::ir::{
    Attribute, Type, ValueLike,
    attribute::{DenseElementsAttribute, DenseI32ArrayAttribute, FloatAttribute},
};

use crate::codegen::ir::{self, Blk, Builder, Val};

/// Builds operations on values of one shape: a scalar, or a vector of so many lanes.
pub struct Float<'c> {
    pub b: Builder<'c>,
    pub lanes: Option<i64>,
    /// Whether values fill registers of AVX-512, which has instructions that multiply lanes by powers of two and look
    /// them up in a table.
    wide: bool,
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
    /// For values of the shape of `ty`; with AVX-512 if `wide`.
    pub fn new(b: Builder<'c>, ty: Type<'c>, wide: bool) -> Self {
        let lanes = ir::static_shape(ty).and_then(|s| s.first().copied());
        Self { b, lanes, wide: wide && lanes == Some(16) }
    }

    /// The same at the end of another block.
    pub fn in_block(&self, block: Blk<'c>) -> Self {
        Self { b: self.b.in_block(block), ..*self }
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

    /// `x * factor` in whole `1 / parts`, a power of two: as a float, and the number of parts in the low bits of an
    /// integer; `|x * factor * parts|` is less than 2^21.
    pub fn nearest_part(&self, x: Val<'c>, factor: f64, parts: usize) -> (Val<'c>, Val<'c>) {
        let rounder = self.c(ROUNDER / parts as f64);
        let sum = self.fma(x, self.c(factor), rounder);
        (self.sub(sum, rounder), self.bits(sum))
    }

    /// 2 to the power of an integer between -126 and 127.
    pub fn power_of_two(&self, n: Val<'c>) -> Val<'c> {
        let biased = self.binary("arith.addi", n, self.int(127));
        self.float_of_bits(self.binary("arith.shli", biased, self.int(23)))
    }

    /// 2^n as [`Self::power_of_two`], for n given both as a float and as an integer.
    pub fn power(&self, float: Val<'c>, integer: Val<'c>) -> Val<'c> {
        if self.wide { self.scale_by(self.c(1.0), float, integer) } else { self.power_of_two(integer) }
    }

    /// `x * 2^n` for n between -252 and 254, with one rounding at the end also where the result is subnormal.
    pub fn scale(&self, x: Val<'c>, n: Val<'c>) -> Val<'c> {
        let half = self.binary("arith.shrsi", n, self.int(1));
        let rest = self.binary("arith.subi", n, half);
        self.mul(self.mul(x, self.power_of_two(half)), self.power_of_two(rest))
    }

    /// `x * 2^n` as [`Self::scale`], for n given both as a float and as an integer. If [`Self::has_tables`] it is the float
    /// that counts, rounded down.
    pub fn scale_by(&self, x: Val<'c>, float: Val<'c>, integer: Val<'c>) -> Val<'c> {
        /// Rounds as everything else does.
        const CURRENT_DIRECTION: i64 = 4;
        if !self.wide {
            return self.scale(x, integer);
        }
        let mask = self.b.constant_integer(self.b.integer_type(16), -1);
        let rounding = self.b.constant_integer(self.b.integer_type(32), CURRENT_DIRECTION);
        self.intrinsic("llvm.x86.avx512.mask.scalef.ps.512", &[x, float, x, mask, rounding])
    }

    /// Whether [`Self::look_up`] is one instruction.
    pub fn has_tables(&self) -> bool {
        self.wide
    }

    /// The integer nearest to `x`, which is below 2^21, as the low bits of an integer; and `x` without it.
    pub fn nearest_place(&self, x: Val<'c>) -> (Val<'c>, Val<'c>) {
        let sum = self.add(x, self.c(ROUNDER));
        (self.bits(sum), self.sub(x, self.sub(sum, self.c(ROUNDER))))
    }

    /// The elements of a table of 16 or 32 at the low bits of integers. Only if [`Self::has_tables`].
    pub fn look_up<const N: usize>(&self, table: &[f64; N], places: Val<'c>) -> Val<'c> {
        match table.as_chunks::<16>().0 {
            [low, high] => {
                let operands = [self.row(low), places, self.row(high)];
                self.intrinsic("llvm.x86.avx512.vpermi2var.ps.512", &operands)
            }
            [low, ..] => self.intrinsic("llvm.x86.avx512.permvar.sf.512", &[self.row(low), places]),
            [] => self.c(0.0),
        }
    }

    /// A constant with an element for each lane.
    fn row(&self, values: &[f64; 16]) -> Val<'c> {
        let single = Type::float32(self.b.context);
        let elements: Vec<Attribute> =
            values.iter().map(|v| FloatAttribute::new(self.b.context, single, *v).into()).collect();
        let ty = self.f32();
        match DenseElementsAttribute::new(ty, &elements) {
            Ok(elements) => self.b.value("arith.constant", &[], ty, &[("value", elements.into())]),
            Err(_) => self.c(values[0]),
        }
    }

    /// `t * p(t)` for t from 0 to the last place of a table, whose places are `steps` to a unit; p is a polynomial in the
    /// distance from the nearest place, and the table has a row for each of its powers. Only if [`Self::has_tables`].
    pub fn tabled<const N: usize>(&self, t: Val<'c>, steps: f64, rows: &[[f64; N]]) -> Val<'c> {
        let (near, rest) = self.nearest_place(self.mul(t, self.c(steps)));
        let mut powers = rows.iter().rev().map(|row| self.look_up(row, near));
        let first = powers.next().unwrap_or_else(|| self.c(0.0));
        self.mul(t, powers.fold(first, |sum, coefficient| self.fma(sum, rest, coefficient)))
    }

    /// An intrinsic of LLVM with a result of the type of its first operand.
    fn intrinsic(&self, name: &str, operands: &[Val<'c>]) -> Val<'c> {
        let segments = [i32::try_from(operands.len()).unwrap_or(0), 0];
        let attributes = [
            ("intrin", self.b.string(name)),
            ("op_bundle_sizes", DenseI32ArrayAttribute::new(self.b.context, &[]).into()),
            ("operandSegmentSizes", DenseI32ArrayAttribute::new(self.b.context, &segments).into()),
        ];
        self.b.value("llvm.call_intrinsic", operands, operands[0].r#type(), &attributes)
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
