//! Reductions over whole axes.

use super::{LowerCall, Lowered, unsupported};

/// What becomes of the elements of one group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Sum,
    Mean,
    Max,
    Min,
    Prod,
    L1,
    L2,
    LogSum,
    LogSumExp,
    SumSquare,
}

pub fn reduce<'c>(call: &LowerCall<'c, '_>, _kind: Kind) -> Lowered<'c> {
    unsupported(call)
}

pub fn arg<'c>(call: &LowerCall<'c, '_>, _largest: bool) -> Lowered<'c> {
    unsupported(call)
}
