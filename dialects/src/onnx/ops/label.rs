//! Tables from one set of numbers to another.

use hwc_runtime::Tensor;

use super::{Row, row};
use crate::attrs;
use crate::onnx::attribute::Attribute;
use crate::onnx::import::Value;
use crate::onnx::import::call::{Call, Outputs};
use crate::onnx::import::failure::{Failure, invalid, unsupported};
use crate::op::Op;
use crate::reference::number::floats;

pub const OPS: &[Row] = &[row("LabelEncoder", 2, label_encoder).domain("ai.onnx.ml")];

/// Entries of a table; each costs a comparison per element.
const MAX_ENTRIES: usize = 256;

/// The keys or values of the table, a vector.
fn column(call: &Call, kind: &'static str) -> Result<Tensor, Failure> {
    for (name, value) in &call.node.attributes {
        match (name.strip_prefix(kind), value) {
            (Some("_floats"), Attribute::Floats(v)) => return Ok(Tensor::from_vec(vec![v.len()], v.to_vec())?),
            (Some("_int64s"), Attribute::Ints(v)) => return Ok(Tensor::from_vec(vec![v.len()], v.to_vec())?),
            (Some("_strings"), _) => return unsupported("tensors of strings"),
            _ => {}
        }
    }
    let name = if kind == "keys" { "keys_tensor" } else { "values_tensor" };
    match call.tensor(name)? {
        Some(tensor) => Ok(tensor.reshaped(vec![tensor.len()])?),
        None => invalid(format!("has no {kind}")),
    }
}

/// The value of the key that each element equals, or the default.
fn label_encoder(call: &mut Call) -> Outputs {
    let input = call.input(0)?;
    let (keys, values) = (column(call, "keys")?, column(call, "values")?);
    if keys.len() != values.len() || keys.dtype() != input.dtype()? {
        return invalid(format!("has {keys:?} and {values:?} for elements of type {}", input.dtype()?));
    }
    if keys.len() > MAX_ENTRIES {
        return unsupported(format!("more than {MAX_ENTRIES} keys"));
    }
    if keys.dtype().is_float() && floats(&keys).iter().any(|key| key.is_nan()) {
        return unsupported("NaN as a key");
    }
    let dtype = values.dtype();
    let default = match call.tensor("default_tensor")? {
        Some(default) if default.dtype() == dtype && default.len() == 1 => Value::Const(default.reshaped([])?),
        Some(default) => return invalid(format!("has the default {default:?} for values of type {dtype}")),
        None if dtype.is_float() => call.scalar(dtype, f64::from(call.node.float_or("default_float", -0.0)?))?,
        None => Value::Const(Tensor::scalar(call.node.int_or("default_int64", -1)?)),
    };
    if default.dtype()? != dtype {
        return invalid(format!("needs a default of type {dtype}"));
    }
    let shape = input.shape()?;
    let mut result = call.expand(&default, &shape)?;
    let element = |of: &Tensor, i: usize| -> Result<Value, Failure> {
        let size = of.dtype().size();
        Ok(Tensor::from_bytes(of.dtype(), [], of.bytes().slice(i * size..(i + 1) * size))?.into())
    };
    // The first of equal keys counts, so it is looked at last.
    for i in (0..keys.len()).rev() {
        let equal = call.op(Op::Equal, attrs! {}, &[&input, &element(&keys, i)?])?;
        result = call.op(Op::Select, attrs! {}, &[&equal, &element(&values, i)?, &result])?;
    }
    Ok(vec![result])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::onnx::testing::*;

    #[test]
    fn numbers_are_looked_up() {
        let node = in_domain(node("LabelEncoder", &["0"], &["a"]), "ai.onnx.ml");
        let values = crate::onnx::proto::AttributeProto {
            r#type: Some(6),
            floats: vec![0.5, 1.5, 9.0],
            ..ints("values_floats", &[])
        };
        let node = with(node, [ints("keys_int64s", &[7, -1, 7]), values, float("default_float", 3.0)]);
        let x = Tensor::from_vec(vec![4], vec![-1i64, 7, 0, 7]).unwrap();
        let mut model = model(graph([typed("0", hwc_runtime::DType::I64, "4")], [untyped("a")], [node]));
        model.opset_import = vec![opset("", 21), opset("ai.onnx.ml", 4)];
        assert_eq!(run(model, &[x])[0].to_vec::<f32>(), Ok(vec![1.5, 0.5, 3.0, 0.5]));
    }
}
