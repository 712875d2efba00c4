//! Result types of reductions over sliding windows.

use hwc_runtime::DType;

use super::convolution::slide;
use super::{Errors, InferCall, Inferred};
use crate::image::{self, Axes};
use crate::types::{Dim, TensorType};

/// `[N, C, D...] -> [N, C, O...]`
fn pooled(call: &InferCall) -> Result<Vec<Dim>, Errors> {
    let input = call.operand(0)?;
    let kernel: Vec<Dim> = call.attrs.sizes("kernel")?.into_iter().map(Dim::Fixed).collect();
    if input.rank() < 3 || kernel.len() != input.rank() - 2 {
        let spatial = "an input of rank 3 at least and a kernel of as many dimensions as its spatial ones";
        return Err(format!("needs {spatial}, got {input} and {} dimensions", kernel.len()).into());
    }
    let mut shape = input.shape[..2].to_vec();
    shape.extend(slide(call, &input.shape[2..], &kernel, call.attrs.bool("ceil_mode")?)?);
    Ok(shape)
}

fn floats(call: &InferCall) -> Inferred {
    let input = call.operand(0)?;
    if !input.dtype.is_float() {
        return Err(format!("needs an input of a floating-point type, got {input}").into());
    }
    results(call)
}

fn results(call: &InferCall) -> Inferred {
    let dtype = call.operand(0)?.dtype;
    image::infer(call, &[Axes::Image], |call| Ok(vec![TensorType::new(dtype, pooled(call)?)]))
}

pub fn max_pool(call: &InferCall) -> Inferred {
    let input = call.operand(0)?;
    if input.dtype == DType::Bool {
        return Err(format!("needs an input of numbers, got {input}").into());
    }
    results(call)
}

pub fn max_pool_with_indices(call: &InferCall) -> Inferred {
    let mut results = max_pool(call)?;
    results.extend(results.first().map(|t| t.with_dtype(DType::I64)));
    Ok(results)
}

pub fn average_pool(call: &InferCall) -> Inferred {
    floats(call)
}

pub fn lp_pool(call: &InferCall) -> Inferred {
    let p = call.attrs.int("p")?;
    if p < 1 {
        return Err(format!("needs a `p` of 1 at least, got {p}").into());
    }
    floats(call)
}

pub fn max_unpool(call: &InferCall) -> Inferred {
    let (input, indices) = (call.operand(0)?, call.operand(1)?);
    if !input.with_dtype(DType::I64).compatible(indices) {
        return Err(format!("needs `indices` of type {}, got {indices}", input.with_dtype(DType::I64)).into());
    }
    Ok(vec![TensorType::fixed(input.dtype, &call.attrs.sizes("shape")?)])
}
