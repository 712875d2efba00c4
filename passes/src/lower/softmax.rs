//! Softmax and its like.

use super::{LowerCall, Lowered, unsupported};

pub fn softmax<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    unsupported(call)
}

pub fn log_softmax<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    unsupported(call)
}

pub fn hardmax<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    unsupported(call)
}
