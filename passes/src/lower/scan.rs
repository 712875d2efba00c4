//! Running sums.

use super::{LowerCall, Lowered, unsupported};

pub fn cumsum<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    unsupported(call)
}
