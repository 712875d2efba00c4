//! Normalizations.

use super::{LowerCall, Lowered, unsupported};

pub fn layer<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    unsupported(call)
}

pub fn rms<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    unsupported(call)
}

pub fn batch<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    unsupported(call)
}

pub fn group<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    unsupported(call)
}

pub fn local_response<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    unsupported(call)
}
