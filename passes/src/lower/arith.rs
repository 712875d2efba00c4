//! Scalar arithmetic in short: the operations of the `arith` dialect as methods of the emitter.

use melior::ir::{Attribute, Type, TypeLike, ValueLike};

use super::Emitter;
use crate::codegen::ir::Val;

/// An ordering that a comparison asks for. Comparisons of floats are false where either side is NaN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

macro_rules! binary {
    ($($(#[$doc:meta])* $name:ident => $op:literal;)*) => { $(
        $(#[$doc])*
        pub fn $name(&self, a: Val<'c>, b: Val<'c>) -> Val<'c> {
            self.same($op, &[a, b])
        }
    )* };
}

/// Operands of one operation have one type, which is the result's.
impl<'c> Emitter<'c> {
    binary! {
        addf => "arith.addf";
        subf => "arith.subf";
        mulf => "arith.mulf";
        divf => "arith.divf";
        remf => "arith.remf";
        addi => "arith.addi";
        subi => "arith.subi";
        muli => "arith.muli";
        andi => "arith.andi";
        ori => "arith.ori";
        xori => "arith.xori";
        shli => "arith.shli";
        /// Zeros move in.
        shrui => "arith.shrui";
        /// The sign moves in.
        shrsi => "arith.shrsi";
    }

    /// `a * b + c`, in one rounding where the machine can.
    pub fn multiply_add(&self, a: Val<'c>, b: Val<'c>, c: Val<'c>) -> Val<'c> {
        let contract = Attribute::parse(self.context, "#arith.fastmath<contract>");
        let attributes: Vec<_> = contract.map(|a| ("fastmath", a)).into_iter().collect();
        let product = self.value("arith.mulf", &[a, b], a.r#type(), &attributes);
        self.value("arith.addf", &[product, c], c.r#type(), &attributes)
    }

    /// An integer or floating-point constant of the type of another value.
    pub fn like(&self, value: Val<'c>, constant: f64) -> Val<'c> {
        let ty = value.r#type();
        if ty.is_float() { self.float(ty, constant) } else { self.int(ty, constant as i64) }
    }

    /// An integer constant of the type of another value.
    pub fn int_like(&self, value: Val<'c>, constant: i64) -> Val<'c> {
        self.int(value.r#type(), constant)
    }

    /// The same bits as another type of the same width.
    pub fn bitcast(&self, value: Val<'c>, to: Type<'c>) -> Val<'c> {
        self.cast("arith.bitcast", value, to)
    }

    pub fn compare_floats(&self, order: Order, a: Val<'c>, b: Val<'c>) -> Val<'c> {
        let predicate = match order {
            Order::Equal => 1,
            Order::Greater => 2,
            Order::GreaterOrEqual => 3,
            Order::Less => 4,
            Order::LessOrEqual => 5,
        };
        self.compare("arith.cmpf", predicate, a, b)
    }

    pub fn compare_signed(&self, order: Order, a: Val<'c>, b: Val<'c>) -> Val<'c> {
        let predicate = match order {
            Order::Equal => 0,
            Order::Less => 2,
            Order::LessOrEqual => 3,
            Order::Greater => 4,
            Order::GreaterOrEqual => 5,
        };
        self.compare("arith.cmpi", predicate, a, b)
    }

    pub fn compare_unsigned(&self, order: Order, a: Val<'c>, b: Val<'c>) -> Val<'c> {
        let predicate = match order {
            Order::Equal => 0,
            Order::Less => 6,
            Order::LessOrEqual => 7,
            Order::Greater => 8,
            Order::GreaterOrEqual => 9,
        };
        self.compare("arith.cmpi", predicate, a, b)
    }

    /// True where two floats differ or either is NaN.
    pub fn differ(&self, a: Val<'c>, b: Val<'c>) -> Val<'c> {
        self.compare("arith.cmpf", 13, a, b)
    }

    pub fn is_nan(&self, x: Val<'c>) -> Val<'c> {
        self.compare("arith.cmpf", 14, x, x)
    }

    /// An integer in an integer type of another width, zero- or sign-extended, or without its higher bits.
    pub fn resize(&self, value: Val<'c>, to: Type<'c>, signed: bool) -> Val<'c> {
        let (from, width) = (bits(value.r#type()), bits(to));
        match (from < width, signed) {
            _ if from == width => value,
            (true, true) => self.cast("arith.extsi", value, to),
            (true, false) => self.cast("arith.extui", value, to),
            (false, _) => self.cast("arith.trunci", value, to),
        }
    }
}

fn bits(ty: Type<'_>) -> u32 {
    crate::codegen::ir::bit_width(ty)
}
