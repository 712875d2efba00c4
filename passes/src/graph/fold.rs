//! Computes at compile time what depends on nothing but constants.

use std::collections::HashMap;

use hwc_dialects::mlir::OpView;
use hwc_dialects::{Op, reference};
use hwc_runtime::Tensor;
use melior::Context;
use melior::ir::ValueLike;

use super::GraphError;
use super::edit::{erase_unused, literal};
use crate::codegen::ir;

/// A folded result may be this many times as large as the constants it is made of ...
const GROWTH: usize = 4;
/// ... unless it is at most this large, in bytes.
const SMALL: usize = 1 << 16;

/// Replaces operations whose operands are all constants by their values, by the reference evaluator.
///
/// An operation that would make much more data than it reads is left to run time. Constants that nobody reads any more
/// are removed.
pub fn fold_constants<'c>(context: &'c Context, module: ir::Op<'c>) -> Result<(), GraphError> {
    for function in ir::functions(module) {
        let Some(block) = ir::entry(function) else { continue };
        let operations = ir::block_ops(block);
        // The values of constants, read once, by the key of the result.
        let mut values: HashMap<usize, Tensor> = HashMap::new();
        for &operation in &operations {
            let Some(view) = OpView::of(&*operation) else { continue };
            let view = view.map_err(|e| GraphError::Malformed(e.to_string()))?;
            if view.op == Op::Constant {
                if let (Ok(value), Some(result)) = (view.attrs.elements("value"), ir::results(operation).first()) {
                    values.insert(ir::key(*result), value.clone());
                }
                continue;
            }
            fold(context, operation, &view, &mut values);
        }
        erase_unused(block);
    }
    Ok(())
}

fn fold<'c>(context: &'c Context, operation: ir::Op<'c>, view: &OpView<'c, '_>, values: &mut HashMap<usize, Tensor>) {
    let operands: Option<Vec<Option<&Tensor>>> = view
        .operands
        .iter()
        .map(|o| o.map_or(Some(None), |v| values.get(&(v.to_raw().ptr as usize)).map(Some)))
        .collect();
    let Some(operands) = operands else { return };
    let read: usize = operands.iter().flatten().map(|t| t.bytes().len()).sum();
    let made = view.result_types.iter().map(|ty| Some(ty.elements()?.saturating_mul(ty.dtype.size())));
    let Some(made) = made.sum::<Option<usize>>() else { return };
    if made > SMALL && made > read.saturating_mul(GROWTH) {
        return;
    }
    // What cannot be evaluated is reported, with better words, where it is lowered.
    let Ok(results) = reference::evaluate(view.op, &view.attrs, &operands) else { return };
    for (old, value) in ir::results(operation).into_iter().zip(results) {
        let Some(new) = literal(context, operation, &value, "folded") else { return };
        ir::replace_uses(old, new);
        values.insert(ir::key(new), value);
    }
}

#[cfg(test)]
mod tests {
    use crate::graph::edit::text_after;

    fn folded(text: &str) -> String {
        text_after(super::fold_constants, text)
    }

    #[test]
    fn what_depends_on_constants_is_computed() {
        let text = folded(
            "func.func @main(%x: tensor<2xf32>) -> tensor<2xf32> {
              %a = hwc.constant dense<[1.0, 2.0]> : tensor<2xf32>
              %b = hwc.add %a, %a : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
              %c = hwc.add %b, %b : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
              %d = hwc.add %x, %c : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
              return %d : tensor<2xf32> }",
        );
        assert!(text.contains("dense<[4.000000e+00, 8.000000e+00]>"), "{text}");
        assert_eq!(text.matches("hwc.constant").count(), 1, "{text}");
        assert_eq!(text.matches("hwc.add").count(), 1, "{text}");
    }

    #[test]
    fn what_would_grow_too_much_stays() {
        let text = folded(
            "func.func @main() -> tensor<300x300xf32> {
              %a = hwc.constant dense<1.0> : tensor<300x1xf32>
              %b = hwc.constant dense<1.0> : tensor<1x300xf32>
              %c = hwc.add %a, %b : (tensor<300x1xf32>, tensor<1x300xf32>) -> tensor<300x300xf32>
              return %c : tensor<300x300xf32> }",
        );
        assert_eq!(text.matches("hwc.add").count(), 1, "{text}");
    }
}
