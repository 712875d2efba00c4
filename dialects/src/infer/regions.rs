//! Result types of operators on regions of interest.

use hwc_runtime::DType;

use super::{Errors, InferCall, Inferred};
use crate::types::{Dim, TensorType};

/// `[R, C, output_height, output_width]`
fn bins(call: &InferCall, columns: usize) -> Result<Vec<Dim>, Errors> {
    let (input, rois) = (call.operand(0)?, call.operand(1)?);
    let mut errors = Vec::new();
    if input.rank() != 4 || !input.dtype.is_float() {
        errors.push(format!("needs an input of rank 4 and a floating-point type, got {input}"));
    }
    if rois.dtype != input.dtype || rois.rank() != 2 || !rois.shape[1].compatible(&Dim::Fixed(columns)) {
        errors.push(format!("needs `rois` of type ?x{columns}x{}, got {rois}", input.dtype.mlir()));
    }
    let mut size = |name: &str| match call.attrs.int(name) {
        Ok(n @ 1..) => Dim::Fixed(n as usize),
        Ok(n) => {
            errors.push(format!("needs a positive `{name}`, got {n}"));
            Dim::Unknown
        }
        Err(error) => {
            errors.push(error);
            Dim::Unknown
        }
    };
    let spatial = [size("output_height"), size("output_width")];
    if !errors.is_empty() {
        return Err(Errors(errors));
    }
    Ok([rois.shape[0].clone(), input.shape[1].clone()].into_iter().chain(spatial).collect())
}

pub fn roi_align(call: &InferCall) -> Inferred {
    let mut errors = Vec::new();
    let mode = call.attrs.str("mode")?;
    if !matches!(mode, "avg" | "max") {
        errors.push(format!("has the mode `{mode}`, expected `avg` or `max`"));
    }
    let ratio = call.attrs.int("sampling_ratio")?;
    if ratio < 0 {
        errors.push(format!("needs a `sampling_ratio` of 0 at least, got {ratio}"));
    }
    let (rois, batch) = (call.operand(1)?, call.operand(2)?);
    let regions = rois.shape.first().cloned().unwrap_or(Dim::Unknown);
    if !TensorType::new(DType::I64, [regions].to_vec()).compatible(batch) {
        errors.push(format!("needs one batch index of i64 for each region of {rois}, got {batch}"));
    }
    match bins(call, 4) {
        Ok(shape) if errors.is_empty() => Ok(vec![TensorType::new(call.operand(0)?.dtype, shape)]),
        Ok(_) => Err(Errors(errors)),
        Err(wrong) => {
            errors.extend(wrong.0);
            Err(Errors(errors))
        }
    }
}

pub fn max_roi_pool(call: &InferCall) -> Inferred {
    let shape = bins(call, 5)?;
    Ok(vec![TensorType::new(call.operand(0)?.dtype, shape)])
}
