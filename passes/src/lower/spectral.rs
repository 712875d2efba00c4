//! Fourier transforms.

use super::{LowerCall, Lowered, unsupported};

pub fn dft<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    unsupported(call)
}
