//! Rotary embedding.

use super::{LowerCall, Lowered, unsupported};

pub fn rotary_embedding<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    unsupported(call)
}
