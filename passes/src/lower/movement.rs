//! Copies between known addresses.

use super::{LowerCall, Lowered, unsupported};

pub fn reshape<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    unsupported(call)
}

pub fn transpose<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    unsupported(call)
}

pub fn concat<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    unsupported(call)
}

pub fn slice<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    unsupported(call)
}

pub fn pad<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    unsupported(call)
}

pub fn expand<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    unsupported(call)
}

pub fn tile<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    unsupported(call)
}
