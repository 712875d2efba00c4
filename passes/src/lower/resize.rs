//! Resampling.

use super::{LowerCall, Lowered, unsupported};

pub fn resize<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    unsupported(call)
}
