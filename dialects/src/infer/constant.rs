//! Types of values known at compile time.

use super::{InferCall, Inferred};
use crate::types::TensorType;

pub fn constant(call: &InferCall) -> Inferred {
    Ok(vec![TensorType::of(call.attrs.elements("value")?)])
}
