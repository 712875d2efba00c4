//! Copies to and from addresses that are data. No index reaches outside of a tensor.

use super::{LowerCall, Lowered, unsupported};

pub fn gather<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    unsupported(call)
}

pub fn gather_elements<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    unsupported(call)
}

pub fn gather_nd<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    unsupported(call)
}

pub fn scatter_elements<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    unsupported(call)
}

pub fn scatter_nd<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    unsupported(call)
}

pub fn one_hot<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    unsupported(call)
}

pub fn reverse_sequence<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    unsupported(call)
}
