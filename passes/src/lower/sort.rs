//! Selection by comparison.

use super::{LowerCall, Lowered, unsupported};

pub fn top_k<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    unsupported(call)
}
