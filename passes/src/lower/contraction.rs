//! Contractions: one `linalg.generic` over the parallel and the summed indices.

use super::{LowerCall, Lowered, unsupported};

pub fn matmul<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    unsupported(call)
}
