//! Sampling at positions that are data.

use super::{LowerCall, Lowered, unsupported};

pub fn grid_sample<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    unsupported(call)
}
