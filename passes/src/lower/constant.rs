//! Constants inside kernels: values small enough to be part of the code.

use hwc_dialects::TensorType;
use hwc_runtime::Tensor;
use melior::ir::Attribute;

use super::{Emitter, LowerCall, Lowered};

pub fn constant<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    let value = call.attrs.elements("value")?;
    let attribute = storage_attribute(&call.emit, value)?;
    let ty = call.emit.tensor_of(call.result_type(0)?).ok_or("constant has an unknown shape")?;
    Ok(vec![call.emit.value("arith.constant", &[], ty, &[("value", attribute)])])
}

/// The attribute that holds a tensor in its storage type.
pub fn storage_attribute<'c>(emit: &Emitter<'c>, value: &Tensor) -> Result<Attribute<'c>, String> {
    let ty = TensorType::of(value);
    let element = emit.storage(ty.dtype).to_string();
    let storage = hwc_runtime::DType::from_mlir(&element).ok_or_else(|| format!("no storage type for {ty}"))?;
    let bits = Tensor::from_bytes(storage, value.shape(), value.bytes().clone()).map_err(|e| e.to_string())?;
    hwc_dialects::mlir::constant_attribute(emit.context, &bits, "constant").ok_or_else(|| format!("MLIR refuses {ty}"))
}
