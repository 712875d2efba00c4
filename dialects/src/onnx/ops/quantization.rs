//! Quantization, and operators on quantized tensors. The latter become integer products where there is a product, and
//! otherwise the operator on real numbers between a dequantization and a quantization.

use hwc_runtime::DType;

use super::convolution::convolution;
use super::{Row, row};
use crate::attrs;
use crate::onnx::import::Value;
use crate::onnx::import::call::{Call, Outputs, dtype_from_number};
use crate::onnx::import::failure::{Failure, invalid, unsupported};
use crate::op::Op;

pub const OPS: &[Row] = &[
    row("DequantizeLinear", 10, dequantize_linear),
    row("DequantizeLinear", 1, dequantize_linear).domain("com.microsoft"),
    row("DynamicQuantizeLinear", 11, dynamic_quantize_linear),
    row("DynamicQuantizeMatMul", 1, dynamic_quantize_matmul).domain("com.microsoft"),
    row("MatMulIntegerToFloat", 1, matmul_integer_to_float).domain("com.microsoft"),
    row("QGemm", 1, qgemm).domain("com.microsoft"),
    row("QLinearAdd", 1, |call| qlinear_binary(call, Op::Add)).domain("com.microsoft"),
    row("QLinearConcat", 1, qlinear_concat).domain("com.microsoft"),
    row("QLinearConv", 10, qlinear_conv),
    row("QLinearGlobalAveragePool", 1, qlinear_global_average_pool).domain("com.microsoft"),
    row("QLinearLeakyRelu", 1, |call| {
        let alpha = f64::from(call.node.float_or("alpha", 0.01)?);
        qlinear_unary(call, |call, x| call.op(Op::LeakyRelu, attrs! { "alpha" => alpha }, &[x]))
    })
    .domain("com.microsoft"),
    row("QLinearMatMul", 10, qlinear_matmul),
    row("QLinearMul", 1, |call| qlinear_binary(call, Op::Mul)).domain("com.microsoft"),
    row("QLinearSigmoid", 1, |call| qlinear_unary(call, |call, x| call.unary(Op::Sigmoid, x))).domain("com.microsoft"),
    row("QuantizeLinear", 10, quantize_linear),
    row("QuantizeLinear", 1, quantize_linear).domain("com.microsoft"),
];

/// The element type of a tensor: its scale, and its zero point unless that is known to be zero.
struct Quantized {
    scale: Value,
    zero: Option<Value>,
}

impl Quantized {
    fn new(scale: Value, zero: Option<Value>) -> Quantized {
        let is_zero = |zero: &Value| zero.known().is_some_and(|tensor| tensor.bytes().iter().all(|&byte| byte == 0));
        Quantized { scale, zero: zero.filter(|zero| !is_zero(zero)) }
    }

    /// The inputs of a node from `index` on: scale, zero point.
    fn input(call: &Call, index: usize) -> Result<Quantized, Failure> {
        Ok(Quantized::new(call.input(index)?, call.optional(index + 1)))
    }
}

/// The element type that an attribute names by number, where 0 says nothing.
fn optional_type(call: &Call, name: &'static str) -> Result<Option<DType>, Failure> {
    call.node.int(name)?.filter(|&number| number != 0).map(dtype_from_number).transpose()
}

fn quantize_linear(call: &mut Call) -> Outputs {
    let given = optional_type(call, "output_dtype")?;
    let of_zero = call.optional(2).map(|zero| zero.dtype()).transpose()?;
    let to = match (given, of_zero) {
        (Some(given), Some(of_zero)) if given != of_zero => {
            return invalid(format!("has `output_dtype` {given} and a zero point of {of_zero}"));
        }
        (given, of_zero) => of_zero.or(given).unwrap_or(DType::U8),
    };
    let input = call.input(0)?;
    let Quantized { scale, zero } = Quantized::input(call, 1)?;
    let mut attrs = attrs! {
        "to" => to,
        "axis" => call.node.int_or("axis", 1)?,
        "block_size" => call.node.int_or("block_size", 0)?,
        "saturate" => call.node.flag_or("saturate", true)?,
    };
    attrs.set_some("precision", optional_type(call, "precision")?);
    call.ops(Op::QuantizeLinear, attrs, vec![Some(input), Some(scale), zero])
}

fn dequantize_linear(call: &mut Call) -> Outputs {
    let input = call.input(0)?;
    let Quantized { scale, zero } = Quantized::input(call, 1)?;
    let attrs = attrs! {
        "to" => optional_type(call, "output_dtype")?.unwrap_or(scale.dtype()?),
        "axis" => call.node.int_or("axis", 1)?,
        "block_size" => call.node.int_or("block_size", 0)?,
    };
    call.ops(Op::DequantizeLinear, attrs, vec![Some(input), Some(scale), zero])
}

/// The real numbers that a quantized tensor stands for; a scale of rank 1 lies along `axis`.
fn dequantized(call: &mut Call, value: &Value, by: &Quantized, axis: i64) -> Result<Value, Failure> {
    let attrs = attrs! { "to" => DType::F32, "axis" => axis };
    let operands = vec![Some(value.clone()), Some(by.scale.clone()), by.zero.clone()];
    Ok(call.ops(Op::DequantizeLinear, attrs, operands)?.swap_remove(0))
}

fn quantized(call: &mut Call, value: &Value, by: &Quantized, to: DType) -> Result<Value, Failure> {
    let operands = vec![Some(value.clone()), Some(by.scale.clone()), by.zero.clone()];
    Ok(call.ops(Op::QuantizeLinear, attrs! { "to" => to }, operands)?.swap_remove(0))
}

/// To `u8`, so that 0 and every element are in range: the quantized tensor, its scale and its zero point.
fn dynamically_quantized(call: &mut Call, input: &Value) -> Result<[Value; 3], Failure> {
    if input.dtype()? != DType::F32 {
        return invalid(format!("needs an input of f32, got {}", input.dtype()?));
    }
    let axes: Vec<usize> = (0..input.rank()?).collect();
    let mut bound = |reduce, limit| -> Result<Value, Failure> {
        let bound = call.reduce(reduce, input, &axes, false)?;
        call.with_number(limit, &bound, 0.0)
    };
    let (low, high) = (bound(Op::ReduceMin, Op::Min)?, bound(Op::ReduceMax, Op::Max)?);
    let span = call.binary(Op::Sub, &high, &low)?;
    let scale = call.with_number(Op::Div, &span, 255.0)?;
    // Zeros are divided by something.
    let none = call.with_number(Op::Equal, &span, 0.0)?;
    let one = call.scalar(DType::F32, 1.0)?;
    let scale = call.select(&none, &one, &scale)?;
    // The zero point is what the least value is away from zero, rounded and saturated as any value.
    let offset = call.unary(Op::Neg, &low)?;
    let plain = Quantized { scale, zero: None };
    let zero = quantized(call, &offset, &plain, DType::U8)?;
    let by = Quantized { scale: plain.scale, zero: Some(zero.clone()) };
    Ok([quantized(call, input, &by, DType::U8)?, by.scale, zero])
}

fn dynamic_quantize_linear(call: &mut Call) -> Outputs {
    let input = call.input(0)?;
    Ok(dynamically_quantized(call, &input)?.into())
}

/// A scale or zero point of the rows of a matrix, given as a vector, as a column.
fn column(call: &mut Call, value: &Value) -> Result<Value, Failure> {
    match value.shape()?[..] {
        [rows] if rows != 1 => call.reshape(value, &[rows, 1]),
        _ => Ok(value.clone()),
    }
}

/// The real product of two quantized tensors, with one scale for all, for each row of `a`, or for each column of `b`.
fn product(
    call: &mut Call,
    (a, a_by): (&Value, &Quantized),
    (b, b_by): (&Value, &Quantized),
) -> Result<Value, Failure> {
    for dtype in [a.dtype()?, b.dtype()?] {
        if dtype.is_float() {
            return unsupported(format!("quantized products of {dtype}"));
        }
    }
    let a_zero = a_by.zero.as_ref().map(|zero| column(call, zero)).transpose()?;
    let operands = vec![Some(a.clone()), Some(b.clone()), a_zero, b_by.zero.clone()];
    let sums = call.ops(Op::MatmulInteger, attrs! {}, operands)?.swap_remove(0);
    let a_scale = column(call, &a_by.scale)?;
    let scale = call.binary(Op::Mul, &a_scale, &b_by.scale)?;
    let scale = call.cast(&scale, DType::F32)?;
    if scale.shape()?.iter().all(|&n| n == 1) {
        let scale = call.reshape(&scale, &[])?;
        return dequantized(call, &sums, &Quantized { scale, zero: None }, 0);
    }
    let sums = call.cast(&sums, DType::F32)?;
    call.binary(Op::Mul, &sums, &scale)
}

fn qlinear_matmul(call: &mut Call) -> Outputs {
    let (a, b) = (call.input(0)?, call.input(3)?);
    let (a_by, b_by, y_by) = (Quantized::input(call, 1)?, Quantized::input(call, 4)?, Quantized::input(call, 6)?);
    let to = call.input(7)?.dtype()?;
    // The standard says that the result saturates; the data of its tests of version 21 wraps where it is signed.
    if call.version() >= 21 && to != DType::U8 {
        return unsupported(format!("QLinearMatMul to {to} from version 21 on, whose rule for overflow is in dispute"));
    }
    let product = product(call, (&a, &a_by), (&b, &b_by))?;
    Ok(vec![quantized(call, &product, &y_by, to)?])
}

fn matmul_integer_to_float(call: &mut Call) -> Outputs {
    let (a, b) = (call.input(0)?, call.input(1)?);
    let (a_by, b_by) =
        (Quantized::new(call.input(2)?, call.optional(4)), Quantized::new(call.input(3)?, call.optional(5)));
    let product = product(call, (&a, &a_by), (&b, &b_by))?;
    with_bias(call, product, 6)
}

fn dynamic_quantize_matmul(call: &mut Call) -> Outputs {
    let (a, b) = (call.input(0)?, call.input(1)?);
    let b_by = Quantized::new(call.input(2)?, call.optional(3));
    let [a, scale, zero] = dynamically_quantized(call, &a)?;
    let product = product(call, (&a, &Quantized::new(scale, Some(zero))), (&b, &b_by))?;
    with_bias(call, product, 4)
}

fn with_bias(call: &mut Call, value: Value, index: usize) -> Outputs {
    Ok(vec![match call.optional(index) {
        Some(bias) => call.binary(Op::Add, &value, &bias)?,
        None => value,
    }])
}

/// `alpha * A' B' + C`; `C` is in units of both scales. Without a scale of the result that is real.
fn qgemm(call: &mut Call) -> Outputs {
    let (mut a, mut b) = (call.input(0)?, call.input(3)?);
    let (a_by, b_by) = (Quantized::input(call, 1)?, Quantized::input(call, 4)?);
    if call.node.flag_or("transA", false)? {
        a = call.transpose_matrix(&a)?;
    }
    if call.node.flag_or("transB", false)? {
        b = call.transpose_matrix(&b)?;
    }
    let mut result = product(call, (&a, &a_by), (&b, &b_by))?;
    if let Some(bias) = call.optional(6) {
        let unit = call.binary(Op::Mul, &a_by.scale, &b_by.scale)?;
        let bias = call.cast(&bias, DType::F32)?;
        let bias = call.binary(Op::Mul, &bias, &unit)?;
        result = call.binary(Op::Add, &result, &bias)?;
    }
    result = call.scaled(&result, call.node.float_or("alpha", 1.0)?)?;
    let Some(scale) = call.optional(7) else { return Ok(vec![result]) };
    let to = call.optional(8).map_or(a.dtype(), |zero| zero.dtype())?;
    let by = Quantized::new(scale, call.optional(8));
    Ok(vec![quantized(call, &result, &by, to)?])
}

/// The bias is in units of both scales, so it is added to the sums.
fn qlinear_conv(call: &mut Call) -> Outputs {
    let (x, w) = (call.input(0)?, call.input(3)?);
    let (x_by, w_by, y_by) = (Quantized::input(call, 1)?, Quantized::input(call, 4)?, Quantized::input(call, 6)?);
    let to = call.input(7)?.dtype()?;
    let attrs = convolution(call, &x, &w)?;
    let operands = vec![Some(x), Some(w), x_by.zero, w_by.zero];
    let mut sums = call.ops(Op::ConvInteger, attrs, operands)?.swap_remove(0);
    if let Some(bias) = call.optional(8) {
        let mut shape = vec![1; sums.rank()?];
        shape[1] = bias.shape()?.iter().product();
        let bias = call.reshape(&bias, &shape)?;
        sums = call.binary(Op::Add, &sums, &bias)?;
    }
    let scale = call.binary(Op::Mul, &x_by.scale, &w_by.scale)?;
    let real = dequantized(call, &sums, &Quantized { scale, zero: None }, 1)?;
    Ok(vec![quantized(call, &real, &y_by, to)?])
}

/// Inputs: `A`, scale, zero point, the same of `B`, then scale and zero point of the result.
fn qlinear_binary(call: &mut Call, op: Op) -> Outputs {
    let (a, b) = (call.input(0)?, call.input(3)?);
    let (a_by, b_by, y_by) = (Quantized::input(call, 1)?, Quantized::input(call, 4)?, Quantized::input(call, 6)?);
    let (x, y) = (dequantized(call, &a, &a_by, 0)?, dequantized(call, &b, &b_by, 0)?);
    let result = call.binary(op, &x, &y)?;
    Ok(vec![quantized(call, &result, &y_by, a.dtype()?)?])
}

/// Inputs: `X`, scale, zero point, then scale and zero point of the result.
fn qlinear_unary(call: &mut Call, apply: impl FnOnce(&mut Call, &Value) -> Result<Value, Failure>) -> Outputs {
    let x = call.input(0)?;
    let (x_by, y_by) = (Quantized::input(call, 1)?, Quantized::input(call, 3)?);
    let real = dequantized(call, &x, &x_by, 0)?;
    let result = apply(call, &real)?;
    Ok(vec![quantized(call, &result, &y_by, x.dtype()?)?])
}

fn qlinear_global_average_pool(call: &mut Call) -> Outputs {
    let channels_last = call.node.flag_or("channels_last", false)?;
    qlinear_unary(call, |call, x| {
        let rank = x.rank()?;
        let axes: Vec<usize> = if channels_last { (1..rank.max(1) - 1).collect() } else { (2..rank).collect() };
        call.reduce(Op::ReduceMean, x, &axes, true)
    })
}

/// Inputs: scale and zero point of the result, then each tensor with its scale and zero point.
fn qlinear_concat(call: &mut Call) -> Outputs {
    let (y_by, to) = (Quantized::input(call, 0)?, call.input(1)?.dtype()?);
    let mut parts = Vec::new();
    for index in (2..call.input_count()).step_by(3) {
        let (x, by) = (call.input(index)?, Quantized::input(call, index + 1)?);
        let real = dequantized(call, &x, &by, 0)?;
        parts.push(quantized(call, &real, &y_by, to)?);
    }
    let rank = parts.first().map_or(Ok(0), Value::rank)?;
    let axis = call.axis(0, rank)?;
    Ok(vec![call.concat(&parts, axis)?])
}

#[cfg(test)]
mod tests {
    use hwc_runtime::Tensor;

    use crate::onnx::testing::*;
    use crate::reference::number::{floats, integers};

    fn f32s(shape: &[usize], values: &[f32]) -> Tensor {
        Tensor::from_vec(shape, values.to_vec()).expect("data fits the shape")
    }

    fn u8s(shape: &[usize], values: &[u8]) -> Tensor {
        Tensor::from_vec(shape, values.to_vec()).expect("data fits the shape")
    }

    fn scale(value: f32) -> Tensor {
        Tensor::scalar(value)
    }

    fn zero(value: u8) -> Tensor {
        Tensor::scalar(value)
    }

    fn apply(op: &str, domain: &str, attributes: Vec<crate::onnx::proto::AttributeProto>, inputs: &[Tensor]) -> Tensor {
        let names: Vec<String> = (0..inputs.len()).map(|i| i.to_string()).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        run_node(in_domain(with(node(op, &names, &["a"]), attributes), domain), 21, inputs).swap_remove(0)
    }

    #[test]
    fn the_zero_point_or_an_attribute_gives_the_type() {
        let x = f32s(&[3], &[-3.0, 0.0, 300.0]);
        let plain = apply("QuantizeLinear", "", vec![], &[x.clone(), scale(1.0)]);
        assert_eq!(plain, u8s(&[3], &[0, 0, 255]));
        let signed = Tensor::scalar(1i8);
        let shifted = apply("QuantizeLinear", "", vec![], &[x.clone(), scale(1.0), signed]);
        assert_eq!(integers(&shifted), [-2, 1, 127]);
        let int16 = vec![int("output_dtype", hwc_runtime::DType::I16.onnx().into())];
        assert_eq!(integers(&apply("QuantizeLinear", "", int16, &[x, scale(1.0)])), [-3, 0, 300]);
    }

    #[test]
    fn dynamic_ranges_hold_zero() {
        let dynamic = |values: &[f32]| {
            let node = node("DynamicQuantizeLinear", &["0"], &["a", "b", "c"]);
            let outputs = run_node(node, 11, &[f32s(&[values.len()], values)]);
            (integers(&outputs[0]), floats(&outputs[1])[0] as f32, integers(&outputs[2])[0])
        };
        assert_eq!(dynamic(&[0.0, 255.0, 100.0]), (vec![0, 255, 100], 1.0, 0));
        assert_eq!(dynamic(&[-51.0, 204.0]), (vec![0, 255], 1.0, 51));
        // Away from zero the range is widened to it; of zeros there is no range at all.
        assert_eq!(dynamic(&[51.0, 510.0]), (vec![26, 255], 2.0, 0));
        assert_eq!(dynamic(&[0.0, 0.0]), (vec![0, 0], 1.0, 0));
    }

    #[test]
    fn products_are_requantized() {
        let (a, b) = (u8s(&[1, 2], &[3, 5]), u8s(&[2, 2], &[1, 2, 3, 4]));
        // (3 - 1, 5 - 1) x ((1, 2), (3, 4)) = (14, 20), times 0.5 * 1 / 2, plus 10
        let inputs = [a.clone(), scale(0.5), zero(1), b.clone(), scale(1.0), zero(0), scale(2.0), zero(10)];
        assert_eq!(apply("QLinearMatMul", "", vec![], &inputs), u8s(&[1, 2], &[14, 15]));
        let columns = f32s(&[2], &[1.0, 10.0]);
        let inputs = [a.clone(), scale(0.5), zero(1), b.clone(), columns, u8s(&[2], &[0, 0]), scale(1.0), zero(0)];
        assert_eq!(apply("QLinearMatMul", "", vec![], &inputs), u8s(&[1, 2], &[7, 100]));
        let real = [a, b, scale(0.5), f32s(&[2], &[1.0, 10.0]), zero(1), u8s(&[2], &[0, 0]), f32s(&[2], &[0.5, 1.0])];
        assert_eq!(floats(&apply("MatMulIntegerToFloat", "com.microsoft", vec![], &real)), [7.5, 101.0]);
    }

    #[test]
    fn signed_products_saturate() {
        let i8s =
            |shape: &[usize], values: &[i8]| Tensor::from_vec(shape, values.to_vec()).expect("data fits the shape");
        let (one, none) = (scale(1.0), Tensor::scalar(0i8));
        let (a, b) = (i8s(&[1, 1], &[100]), i8s(&[1, 2], &[2, -2]));
        let inputs = [a, one.clone(), none.clone(), b, one.clone(), none.clone(), one, none];
        let node = || node("QLinearMatMul", &["0", "1", "2", "3", "4", "5", "6", "7"], &["a"]);
        assert_eq!(integers(&run_node(node(), 20, &inputs)[0]), [127, -128]);
    }

    #[test]
    fn convolutions_are_requantized() {
        let (x, w) = (u8s(&[1, 1, 1, 2], &[3, 5]), u8s(&[2, 1, 1, 1], &[2, 4]));
        let bias = Tensor::from_vec([2], vec![10i32, -1]).expect("data fits the shape");
        let w_scale = f32s(&[2], &[1.0, 0.5]);
        let inputs = [x, scale(1.0), zero(1), w, w_scale, u8s(&[2], &[0, 1]), scale(1.0), zero(100), bias];
        // (2, 4) * 2 + 10, and ((2, 4) * 3 - 1) / 2
        assert_eq!(apply("QLinearConv", "", vec![], &inputs), u8s(&[1, 2, 1, 2], &[114, 118, 102, 106]));
    }

    #[test]
    fn elementwise_work_is_done_on_real_numbers() {
        let (a, b) = (u8s(&[2], &[10, 20]), u8s(&[2], &[1, 2]));
        let inputs = [a.clone(), scale(0.1), zero(0), b.clone(), scale(1.0), zero(0), scale(0.5), zero(1)];
        assert_eq!(apply("QLinearAdd", "com.microsoft", vec![], &inputs), u8s(&[2], &[5, 9]));
        assert_eq!(apply("QLinearMul", "com.microsoft", vec![], &inputs), u8s(&[2], &[3, 9]));
        let inputs = [a.clone(), scale(1.0), zero(15), scale(0.5), zero(10)];
        let leaky = vec![float("alpha", 0.5)];
        assert_eq!(apply("QLinearLeakyRelu", "com.microsoft", leaky, &inputs), u8s(&[2], &[5, 20]));
        let inputs = [scale(1.0), zero(0), a, scale(1.0), zero(0), b, scale(10.0), zero(0)];
        let joined = apply("QLinearConcat", "com.microsoft", vec![int("axis", 0)], &inputs);
        assert_eq!(joined, u8s(&[4], &[10, 20, 10, 20]));
        let image = u8s(&[1, 1, 2, 2], &[1, 2, 3, 6]);
        let pooled = apply(
            "QLinearGlobalAveragePool",
            "com.microsoft",
            vec![],
            &[image, scale(1.0), zero(0), scale(1.0), zero(0)],
        );
        assert_eq!(pooled, u8s(&[1, 1, 1, 1], &[3]));
    }
}
