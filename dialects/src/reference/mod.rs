//! The reference evaluator: what each operator means, in plain and naive Rust.
//!
//! Pure functions, one per family, named by the `reference` column of the operator table. They fold constants and are
//! the oracle of differential tests. Floating-point work is done in `f64` and rounded once to the element type, integer
//! work in `i128` and wrapped.

pub mod attention;
pub mod constant;
pub mod contraction;
pub mod convolution;
pub mod copy;
pub mod deformable;
pub mod elementwise;
pub mod format;
pub mod gather;
pub mod grid;
pub mod index;
pub mod movement;
pub mod normalization;
pub mod number;
pub mod pooling;
pub mod quantization;
pub mod recurrent;
pub mod reduction;
pub mod regions;
pub mod resize;
pub mod ring;
pub mod scalar;
pub mod scan;
pub mod sort;
pub mod spectral;
pub mod transposed;
pub mod winograd;

use hwc_runtime::Tensor;

use crate::attrs::Attrs;
use crate::infer::{Errors, infer};
use crate::op::Op;
use crate::types::TensorType;

pub type Evaluated = Result<Vec<Tensor>, String>;

/// An operation of which the result values are wanted.
pub struct EvalCall<'a> {
    pub op: Op,
    /// Complete: defaults are filled in.
    pub attrs: &'a Attrs,
    /// By slot; a variadic slot's values stand at the end, one by one.
    pub operands: &'a [Option<&'a Tensor>],
    /// The inferred types of the results, all dimensions known.
    pub results: &'a [TensorType],
}

impl<'a> EvalCall<'a> {
    /// The value of an operand that must be there.
    pub fn operand(&self, index: usize) -> Result<&'a Tensor, String> {
        self.optional(index).ok_or_else(|| format!("operand {index} is missing"))
    }

    pub fn optional(&self, index: usize) -> Option<&'a Tensor> {
        self.operands.get(index).copied().flatten()
    }

    /// Shape of a result.
    pub fn shape(&self, result: usize) -> Result<Vec<usize>, String> {
        let ty = self.results.get(result).ok_or_else(|| format!("there is no result {result}"))?;
        ty.static_shape().ok_or_else(|| format!("result {result} has the unknown shape {ty}"))
    }
}

/// How the message starts where evaluator and type inference disagree.
pub const DEFECT: &str = "a defect of the compiler";

/// Evaluates one operation.
pub fn evaluate(op: Op, attrs: &Attrs, operands: &[Option<&Tensor>]) -> Result<Vec<Tensor>, Errors> {
    let types: Vec<Option<TensorType>> = operands.iter().map(|o| o.map(TensorType::of)).collect();
    let types: Vec<Option<&TensorType>> = types.iter().map(Option::as_ref).collect();
    let results = infer(op, attrs, &types)?;
    let attrs = attrs.clone().complete(op).map_err(Errors)?;
    let values = (op.info().evaluate)(&EvalCall { op, attrs: &attrs, operands, results: &results })?;
    for (value, ty) in values.iter().zip(&results) {
        if !TensorType::of(value).compatible(ty) {
            return Err(format!("{DEFECT}: evaluates to {}, inferred as {ty}", TensorType::of(value)).into());
        }
    }
    Ok(values)
}
