//! The operator table, generated from `td/*.td`.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::infer::{InferCall, Inferred};
use crate::reference::{EvalCall, Evaluated};

include!(concat!(env!("OUT_DIR"), "/table.rs"));

/// One row of the operator table.
pub struct OpInfo {
    pub op: Op,
    /// The name without the dialect's prefix: `add`.
    pub mnemonic: &'static str,
    /// The full name: `hwc.add`.
    pub name: &'static str,
    /// The ONNX operator with the same meaning, or empty.
    pub onnx: &'static str,
    pub cost: CostClass,
    pub order: AxisOrder,
    /// Operand slots in order; at most one is variadic, and it is the last.
    pub operands: &'static [OperandInfo],
    pub attributes: &'static [AttributeInfo],
    /// Number of results.
    pub results: usize,
    /// Types of the results, from operand types and attributes.
    pub infer: fn(&InferCall) -> Inferred,
    /// Values of the results, from operand values and attributes: the meaning of the operator.
    pub evaluate: fn(&EvalCall) -> Evaluated,
}

/// What an operator costs, coarsely. The fusion and kernel-forming passes decide by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CostClass {
    /// One result element from one element of each operand.
    Elementwise,
    /// Sums of products over shared indices.
    Contraction,
    /// Sums of products over sliding windows.
    Convolution,
    /// Reductions over sliding windows.
    Pooling,
    /// Reductions over whole axes.
    Reduction,
    /// Reductions followed by elementwise work over the same axes.
    Normalization,
    /// softmax(Q Kᵀ) V and its like.
    Attention,
    /// Copies whose addresses are known at compile time.
    Movement,
    /// Copies whose addresses depend on data.
    Gather,
    /// A sequential dependence along an axis: cumulative sums, recurrences.
    Scan,
    /// Comparisons along an axis: top-k.
    Sort,
    /// No work at run time: constants, reshapes.
    Free,
}

/// What an operator asks of the order of its axes. Passes that choose how tensors lie in memory decide by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AxisOrder {
    /// Each axis has a meaning by its place.
    Fixed,
    /// Elements at the same place meet: any order that all operands of a rank share. Operands broadcast.
    Pointwise,
    /// Any order that all operands of the first one's rank share: axes are named by the attributes `axis` and `axes`, and
    /// `low`, `high` and `repeats` have an entry for each. The results have the same axes, without those named where
    /// `keepdims` is false.
    Named,
    /// Images, whose channels are second, or last where the attribute `channels_last` says so.
    Image,
}

/// An operand slot.
pub struct OperandInfo {
    pub name: &'static str,
    pub arity: Arity,
}

/// How many values an operand slot takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arity {
    One,
    Optional,
    Variadic,
}

/// A declared attribute.
pub struct AttributeInfo {
    pub name: &'static str,
    pub kind: AttributeKind,
    pub presence: Presence,
}

/// The type of an attribute's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttributeKind {
    Int,
    Bool,
    Float,
    Str,
    Type,
    Elements,
    Ints,
    Floats,
    Strs,
}

/// Whether an attribute must be given.
pub enum Presence {
    Required,
    Optional,
    Default(DefaultValue),
}

/// The value of an attribute that is not given.
pub enum DefaultValue {
    Int(i64),
    Bool(bool),
    Float(f64),
    Str(&'static str),
    Ints(&'static [i64]),
    Floats(&'static [f64]),
}

impl Op {
    /// The operator's row.
    pub fn info(self) -> &'static OpInfo {
        &TABLE[self as usize]
    }

    /// Every row, in the order of the enum.
    pub fn all() -> &'static [OpInfo] {
        TABLE
    }

    /// The operator with this full name, `hwc.add`.
    pub fn from_name(name: &str) -> Option<Op> {
        // Asked for every operation that a pass looks at.
        static BY_NAME: LazyLock<HashMap<&str, Op>> =
            LazyLock::new(|| TABLE.iter().map(|row| (row.name, row.op)).collect());
        BY_NAME.get(name).copied()
    }
}

impl OpInfo {
    /// True where operand presence has to be stored beside the operands.
    pub fn has_segments(&self) -> bool {
        self.operands.iter().filter(|o| o.arity != Arity::One).count() > 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stand_at_their_operator() {
        for row in Op::all() {
            assert_eq!(row.op.info().mnemonic, row.mnemonic);
            assert_eq!(Op::from_name(row.name), Some(row.op));
            let variadic = row.operands.iter().position(|o| o.arity == Arity::Variadic);
            assert!(variadic.is_none_or(|i| i + 1 == row.operands.len()), "{}", row.name);
        }
    }
}
