//! Matrix products and Einstein sums.

use super::{Row, row};
use crate::attrs;
use crate::infer::broadcast;
use crate::onnx::import::Value;
use crate::onnx::import::call::{Call, Outputs};
use crate::onnx::import::failure::{Failure, invalid, unsupported};
use crate::op::Op;

pub const OPS: &[Row] = &[
    row("Einsum", 12, einsum),
    row("FusedMatMul", 1, fused_matmul).domain("com.microsoft"),
    row("Gemm", 7, gemm),
    row("MatMulInteger", 10, matmul_integer),
];

/// `alpha * A' B' + beta * C`
fn gemm(call: &mut Call) -> Outputs {
    let (mut a, mut b) = (call.input(0)?, call.input(1)?);
    if a.rank()? != 2 || b.rank()? != 2 {
        return invalid(format!("needs two matrices, got shapes {:?} and {:?}", a.shape()?, b.shape()?));
    }
    let (alpha, beta) = (call.node.float_or("alpha", 1.0)?, call.node.float_or("beta", 1.0)?);
    if !a.dtype()?.is_float() && (alpha.fract() != 0.0 || beta.fract() != 0.0) {
        return unsupported("fractions of integer products");
    }
    if call.node.flag_or("transA", false)? {
        a = call.transpose_matrix(&a)?;
    }
    if call.node.flag_or("transB", false)? {
        b = call.transpose_matrix(&b)?;
    }
    let product = call.op(Op::Matmul, attrs! {}, &[&a, &b])?;
    let product = call.scaled(&product, alpha)?;
    let Some(c) = call.optional(2).filter(|_| beta != 0.0) else { return Ok(vec![product]) };
    let (ty, c_ty) = (product.ty()?, c.ty()?);
    if broadcast(&[&ty.shape, &c_ty.shape])? != ty.shape {
        return invalid(format!("needs a `C` that broadcasts to {ty}, got {c_ty}"));
    }
    let c = call.scaled(&c, beta)?;
    Ok(vec![call.op(Op::Add, attrs! {}, &[&product, &c])?])
}

/// `alpha * A' B'` where transposition may also move the first dimension behind the batch's.
fn fused_matmul(call: &mut Call) -> Outputs {
    let mut operands = [call.input(0)?, call.input(1)?];
    for (operand, (matrix, batch)) in operands.iter_mut().zip([("transA", "transBatchA"), ("transB", "transBatchB")]) {
        let rank = operand.rank()?;
        if call.node.flag_or(batch, false)? && rank > 2 {
            let order: Vec<usize> = (1..rank - 1).chain([0, rank - 1]).collect();
            *operand = call.transpose(operand, &order)?;
        }
        if call.node.flag_or(matrix, false)? {
            *operand = call.transpose_matrix(operand)?;
        }
    }
    let product = call.op(Op::Matmul, attrs! {}, &[&operands[0], &operands[1]])?;
    let alpha = call.node.float_or("alpha", 1.0)?;
    Ok(vec![call.scaled(&product, alpha)?])
}

/// A zero point of one value a row of the left operand becomes a column, which broadcasts.
fn matmul_integer(call: &mut Call) -> Outputs {
    let (a, b) = (call.input(0)?, call.input(1)?);
    let (mut a_zero, b_zero) = (call.optional(2), call.optional(3));
    if let Some(zero) = &a_zero
        && let &[rows] = &zero.shape()?[..]
        && rows != 1
    {
        a_zero = Some(call.reshape(zero, &[rows, 1])?);
    }
    call.ops(Op::MatmulInteger, attrs! {}, vec![Some(a), Some(b), a_zero, b_zero])
}

/// More than two operands are contracted two at a time, from the left.
fn einsum(call: &mut Call) -> Outputs {
    let Some(equation) = call.node.text("equation")? else { return invalid("attribute `equation` is missing") };
    let text: String = equation.chars().filter(|c| !c.is_whitespace()).collect();
    let mut operands = call.all_inputs()?;
    let (inputs, output) = match text.split_once("->") {
        Some((inputs, output)) => (inputs, output.to_owned()),
        None => (text.as_str(), implicit_output(&text)),
    };
    let mut terms: Vec<String> = inputs.split(',').map(str::to_owned).collect();
    // With an ellipsis the ranks matter, and one sum over everything is right as well.
    if terms.len() != operands.len() || text.contains('.') {
        let operands: Vec<&Value> = operands.iter().collect();
        return Ok(vec![call.op(Op::Einsum, attrs! { "equation" => text.clone() }, &operands)?]);
    }
    let mut result = operands.remove(0);
    let mut term = terms.remove(0);
    let mut rest = terms.iter().zip(&operands).peekable();
    if rest.peek().is_none() {
        return Ok(vec![contract(call, format!("{term}->{output}"), &[&result])?]);
    }
    while let Some((next, operand)) = rest.next() {
        let last = rest.peek().is_none();
        let needed = |c: &char| output.contains(*c) || rest.clone().any(|(term, _)| term.contains(*c));
        let mut kept: Vec<char> = Vec::new();
        for c in term.chars().chain(next.chars()).filter(needed) {
            if !kept.contains(&c) {
                kept.push(c);
            }
        }
        let kept = if last { output.clone() } else { kept.into_iter().collect() };
        result = contract(call, format!("{term},{next}->{kept}"), &[&result, operand])?;
        term = kept;
    }
    Ok(vec![result])
}

fn contract(call: &mut Call, equation: String, operands: &[&Value]) -> Result<Value, Failure> {
    call.op(Op::Einsum, attrs! { "equation" => equation }, operands)
}

/// The letters that occur once, sorted.
fn implicit_output(terms: &str) -> String {
    let mut letters: Vec<char> =
        terms.chars().filter(|c| c.is_alphabetic() && terms.matches(*c).count() == 1).collect();
    letters.sort_unstable();
    letters.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use hwc_runtime::Tensor;

    use crate::onnx::testing::*;

    fn f32s(shape: &[usize], values: &[f32]) -> Tensor {
        Tensor::from_vec(shape, values.to_vec()).expect("data fits the shape")
    }

    #[test]
    fn gemm_transposes_scales_and_adds() {
        let gemm = |attributes, inputs: &[Tensor]| {
            let names: Vec<String> = (0..inputs.len()).map(|i| i.to_string()).collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            run_node(with(node("Gemm", &names, &["y"]), attributes), 13, inputs).swap_remove(0)
        };
        let (a, b) = (f32s(&[1, 2], &[1.0, 2.0]), f32s(&[2, 2], &[1.0, 2.0, 3.0, 4.0]));
        let c = f32s(&[2], &[10.0, 20.0]);
        assert_eq!(gemm(vec![], &[a.clone(), b.clone(), c.clone()]), f32s(&[1, 2], &[17.0, 30.0]));
        let attributes = vec![int("transB", 1), float("alpha", 2.0), float("beta", 0.5)];
        assert_eq!(gemm(attributes, &[a.clone(), b.clone(), c]), f32s(&[1, 2], &[15.0, 32.0]));
        let column = f32s(&[2, 1], &[1.0, 2.0]);
        assert_eq!(gemm(vec![int("transA", 1)], &[column, b]), f32s(&[1, 2], &[7.0, 10.0]));
    }

    #[test]
    fn chains_of_products_are_contracted_in_turn() {
        let (a, b) = (f32s(&[2, 2], &[1.0, 2.0, 3.0, 4.0]), f32s(&[2], &[1.0, 10.0]));
        for equation in ["ij,jk,k->i", "ij, jk, k"] {
            let node = with(node("Einsum", &["0", "1", "2"], &["y"]), [text("equation", equation)]);
            // [[7, 10], [15, 22]] [1, 10]
            assert_eq!(run_node(node, 12, &[a.clone(), a.clone(), b.clone()])[0], f32s(&[2], &[107.0, 235.0]));
        }
    }

    #[test]
    fn zero_points_of_rows_are_columns() {
        let a = Tensor::from_vec(vec![2, 1], vec![5u8, 7]).expect("data fits the shape");
        let b = Tensor::from_vec(vec![1, 2], vec![1u8, 2]).expect("data fits the shape");
        let zero = Tensor::from_vec(vec![2], vec![1u8, 2]).expect("data fits the shape");
        let y = run_node(node("MatMulInteger", &["0", "1", "2"], &["y"]), 10, &[a, b, zero]);
        assert_eq!(y[0].to_vec::<i32>(), Ok(vec![4, 8, 5, 10]));
    }
}
