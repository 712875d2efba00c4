//! Short forms of arithmetic, for operators that are imported as several operations.

use hwc_runtime::DType;

use super::call::Call;
use super::failure::Failure;
use super::value::Value;
use crate::attrs;
use crate::op::Op;

impl Call<'_, '_> {
    /// The value with elements of this type; nothing where it has them.
    pub fn cast(&mut self, value: &Value, to: DType) -> Result<Value, Failure> {
        if value.dtype()? == to { Ok(value.clone()) } else { self.op(Op::Cast, attrs! { "to" => to }, &[value]) }
    }

    /// An operation without attributes on two values that broadcast.
    pub fn binary(&mut self, op: Op, lhs: &Value, rhs: &Value) -> Result<Value, Failure> {
        self.op(op, attrs! {}, &[lhs, rhs])
    }

    /// An operation on a value and a number of its element type: `x + number`.
    pub fn with_number(&mut self, op: Op, value: &Value, number: f64) -> Result<Value, Failure> {
        let number = self.scalar(value.dtype()?, number)?;
        self.binary(op, value, &number)
    }

    /// An operation with one operand and no attributes.
    pub fn unary(&mut self, op: Op, value: &Value) -> Result<Value, Failure> {
        self.op(op, attrs! {}, &[value])
    }

    /// `yes` where the condition holds, else `no`; all three broadcast.
    pub fn select(&mut self, condition: &Value, yes: &Value, no: &Value) -> Result<Value, Failure> {
        self.op(Op::Select, attrs! {}, &[condition, yes, no])
    }

    /// A reduction over axes.
    pub fn reduce(&mut self, op: Op, value: &Value, axes: &[usize], keepdims: bool) -> Result<Value, Failure> {
        let axes: Vec<i64> = axes.iter().map(|&axis| axis as i64).collect();
        self.op(op, attrs! { "axes" => axes, "keepdims" => keepdims }, &[value])
    }
}
