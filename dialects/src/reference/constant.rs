//! Values known at compile time.

use super::{EvalCall, Evaluated};

pub fn constant(call: &EvalCall) -> Evaluated {
    Ok(vec![call.attrs.elements("value")?.clone()])
}
