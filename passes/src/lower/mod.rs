//! From the `hwc` dialect to upstream dialects on tensors.
//!
//! One function per operator, in one file per family, named by the `lowering` column of the operator table.

pub mod activation;
mod arith;
pub mod attention;
pub mod constant;
pub mod contraction;
pub mod convert;
pub mod convolution;
pub mod deformable;
pub mod det;
pub mod einsum;
pub mod elementwise;
mod emit;
mod gate;
pub mod gather;
pub mod grid;
pub mod mask;
mod module;
pub mod movement;
pub mod normalization;
mod parts;
mod place;
pub mod pooling;
mod product;
pub mod quantization;
pub mod recurrent;
pub mod reduction;
pub mod regions;
pub mod resize;
pub mod rotary;
mod rows;
mod runs;
mod sampling;
pub mod scalar;
pub mod scan;
pub mod softmax;
pub mod sort;
pub mod spectral;
#[cfg(test)]
pub(crate) mod testing;
pub mod transposed;
mod windows;
pub mod winograd;

pub use arith::Order;
pub use emit::{Emitter, Loop};
pub use module::{LowerError, lower};

use hwc_dialects::{Attrs, Op, TensorType, for_each_op};
use hwc_runtime::DType;

use crate::codegen::ir::Val;

/// An operation to be lowered. Operands are lowered already; every dimension is known.
pub struct LowerCall<'c, 'a> {
    pub emit: Emitter<'c>,
    pub op: Op,
    /// Complete: defaults are filled in.
    pub attrs: &'a Attrs,
    /// By slot; a variadic slot's values stand at the end, one by one.
    pub operands: &'a [Option<Val<'c>>],
    pub operand_types: &'a [Option<TensorType>],
    pub result_types: &'a [TensorType],
}

/// The values of the results, or why there is no code for this case: it ends in the report of what is not supported.
pub type Lowered<'c> = Result<Vec<Val<'c>>, String>;

impl<'c, 'a> LowerCall<'c, 'a> {
    pub fn operand(&self, index: usize) -> Result<Val<'c>, String> {
        self.optional(index).ok_or_else(|| format!("operand {index} is missing"))
    }

    pub fn optional(&self, index: usize) -> Option<Val<'c>> {
        self.operands.get(index).copied().flatten()
    }

    pub fn operand_type(&self, index: usize) -> Result<&'a TensorType, String> {
        self.operand_types.get(index).and_then(Option::as_ref).ok_or_else(|| format!("operand {index} is missing"))
    }

    pub fn dtype(&self, index: usize) -> Result<DType, String> {
        Ok(self.operand_type(index)?.dtype)
    }

    pub fn shape(&self, index: usize) -> Result<Vec<usize>, String> {
        let ty = self.operand_type(index)?;
        ty.static_shape().ok_or_else(|| format!("operand {index} has the unknown shape {ty}"))
    }

    pub fn result_type(&self, index: usize) -> Result<&'a TensorType, String> {
        self.result_types.get(index).ok_or_else(|| format!("there is no result {index}"))
    }

    pub fn result_shape(&self, index: usize) -> Result<Vec<usize>, String> {
        let ty = self.result_type(index)?;
        ty.static_shape().ok_or_else(|| format!("result {index} has the unknown shape {ty}"))
    }
}

/// The lowering of an operator for which there is no native code yet.
pub fn unsupported<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    Err(format!("there is no native code for {}", call.op.info().name))
}

macro_rules! table {
    ($call:ident $($op:ident => $lowering:expr;)*) => {
        /// Lowers one operation.
        pub fn lower_operation<'c>($call: &LowerCall<'c, '_>) -> Lowered<'c> {
            match $call.op { $(Op::$op => $lowering,)* }
        }
    };
}
for_each_op!(table, call);
