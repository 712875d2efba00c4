//! Masks and caches.

use super::{LowerCall, Lowered, unsupported};

pub fn trilu<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    unsupported(call)
}

pub fn tensor_scatter<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    unsupported(call)
}
