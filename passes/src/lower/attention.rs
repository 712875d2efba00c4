//! Attention.

use super::{LowerCall, Lowered, unsupported};

pub fn attention<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    unsupported(call)
}
