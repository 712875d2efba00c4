//! How much arithmetic and memory traffic a kernel is.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use hwc_cost_model::Work;
use hwc_dialects::image::{Axes, is_channels_last};
use hwc_dialects::mlir::hwk::YIELD;
use hwc_dialects::mlir::{OpView, tensor_type_from_mlir};
use hwc_dialects::winograd::TAPS;
use hwc_dialects::{Attrs, CostClass, Op, TensorType};
use melior::ir::ValueLike;

use super::GraphError;
use crate::codegen::ir;

/// The work of each kernel of a module in which kernels are formed, by name. A kernel reads its operands, or the slices
/// it takes of them, and writes its results once; what stays inside of it is not traffic.
pub fn kernel_work(module: ir::Op) -> Result<BTreeMap<String, Work>, GraphError> {
    let mut all = BTreeMap::new();
    for kernel in ir::hwk_kernels(module) {
        let (Some(name), Some(block)) = (ir::symbol(kernel), ir::entry(kernel)) else { continue };
        let mut work = Work::default();
        for operation in ir::block_ops(block) {
            if ir::is(operation, YIELD) {
                work.bytes += ir::operands(operation).into_iter().map(bytes).sum::<f64>();
            } else if let Some(view) = OpView::of(&*operation) {
                let view = view.map_err(|e| GraphError::Malformed(e.to_string()))?;
                let operands: Vec<Option<&TensorType>> = view.operand_types.iter().map(Option::as_ref).collect();
                let call = Call { op: view.op, attrs: &view.attrs, operands: &operands, results: &view.result_types };
                work.flops += flops(&call);
            }
        }
        work.bytes += ir::arguments(block).into_iter().map(read).sum::<f64>();
        all.insert(name.to_string(), work);
    }
    Ok(all)
}

/// Bytes that are read of an operand.
fn read(operand: ir::Val) -> f64 {
    let users = ir::users(operand);
    let is_slice = |user: &ir::Op| ir::is(*user, "hwc.slice");
    if users.is_empty() || !users.iter().all(is_slice) {
        return bytes(operand);
    }
    let slices: f64 = users.into_iter().flat_map(ir::results).map(bytes).sum();
    slices.min(bytes(operand))
}

fn bytes(value: ir::Val) -> f64 {
    let ty = tensor_type_from_mlir(value.r#type());
    ty.map_or(0.0, |ty| elements(Some(&ty)) * ty.dtype.size() as f64)
}

fn elements(ty: Option<&TensorType>) -> f64 {
    ty.and_then(TensorType::elements).unwrap_or(0) as f64
}

fn size(ty: Option<&TensorType>, axis: usize) -> f64 {
    ty.and_then(|ty| ty.shape.get(axis)?.fixed()).unwrap_or(0) as f64
}

/// An operation, as far as its work depends on it.
#[derive(Clone, Copy)]
pub struct Call<'a> {
    pub op: Op,
    pub attrs: &'a Attrs,
    pub operands: &'a [Option<&'a TensorType>],
    pub results: &'a [TensorType],
}

/// Arithmetic of one operation; a multiplication and an addition count as two, any function of a scalar as one.
pub fn flops(call: &Call) -> f64 {
    let operand = |i: usize| call.operands.get(i).copied().flatten();
    let result = elements(call.results.first());
    match call.op {
        Op::Matmul | Op::MatmulInteger => {
            let depth = operand(0).map_or(0, TensorType::rank).saturating_sub(1);
            2.0 * result * size(operand(0), depth)
        }
        Op::Einsum => 2.0 * einsum_positions(call),
        // Each result element reads one filter of one group; an axis of the filter counts the output channels.
        Op::Conv | Op::ConvInteger | Op::DeformConv => {
            let filters = size(operand(1), filter_axis(call, Axes::Filter));
            2.0 * result * elements(operand(1)) / filters.max(1.0)
        }
        // As much as it stands for.
        Op::WinogradConv => 2.0 * result * (TAPS * TAPS) as f64 * size(operand(0), 3),
        // Each element is read with all that the filter has for its channel.
        Op::ConvTranspose => {
            let channels = size(operand(1), filter_axis(call, Axes::TransposedFilter));
            2.0 * elements(operand(0)) * elements(operand(1)) / channels.max(1.0)
        }
        // Scores and weighted sums: every query element meets every key, every result element every value.
        Op::Attention => {
            let keys = operand(1).map_or(0, TensorType::rank).saturating_sub(2);
            2.0 * (elements(operand(0)) + result) * size(operand(1), keys)
        }
        // Both weight matrices, for each step and batch.
        Op::Lstm | Op::Gru | Op::Rnn => {
            let steps = size(operand(0), 0) * size(operand(0), 1);
            2.0 * steps * (elements(operand(1)) + elements(operand(2)))
        }
        op => match op.info().cost {
            CostClass::Elementwise => result,
            CostClass::Reduction | CostClass::Scan => elements(operand(0)),
            CostClass::Pooling => result * call.attrs.ints("kernel").map_or(1.0, |k| k.iter().product::<i64>() as f64),
            // Statistics, then one multiplication and one addition for each element.
            CostClass::Normalization => 4.0 * elements(operand(0)),
            _ => 0.0,
        },
    }
}

/// The axis that is the first of a filter where channels come first.
fn filter_axis(call: &Call, axes: Axes) -> usize {
    let rank = call.operands.get(1).copied().flatten().map_or(0, TensorType::rank);
    if rank < 2 || !is_channels_last(call.attrs) { 0 } else { axes.to_first(rank)[0] }
}

/// The product of the sizes of all indices of an einsum; without its ellipsis, which broadcasts.
fn einsum_positions(call: &Call) -> f64 {
    let Ok(equation) = call.attrs.str("equation") else { return 0.0 };
    let terms = equation.split("->").next().unwrap_or("").split(',');
    let mut sizes: HashMap<char, f64> = HashMap::new();
    for (term, ty) in terms.zip(call.operands) {
        for (axis, label) in term.chars().filter(char::is_ascii_alphabetic).enumerate() {
            let size = size(*ty, axis);
            sizes.entry(label).and_modify(|s| *s = s.max(size)).or_insert(size);
        }
    }
    let labels: BTreeSet<char> = sizes.keys().copied().collect();
    labels.iter().map(|label| sizes[label]).product()
}

#[cfg(test)]
mod tests {
    use hwc_cost_model::Work;
    use melior::ir::Module;

    use crate::codegen::{context, ir};

    #[test]
    fn a_kernel_reads_and_writes_once() {
        let context = context::new();
        hwc_dialects::mlir::load(&context);
        let text = "hwk.kernel @k(%a: tensor<4x8xf32>, %b: tensor<8x2xf32>) -> (tensor<4x2xf32>) {
            %0 = hwc.matmul %a, %b : (tensor<4x8xf32>, tensor<8x2xf32>) -> tensor<4x2xf32>
            %1 = hwc.relu %0 : (tensor<4x2xf32>) -> tensor<4x2xf32>
            hwk.yield %1 : tensor<4x2xf32> }";
        let module = Module::parse(&context, text).unwrap();
        let work = super::kernel_work(ir::module_op(&module)).unwrap();
        assert_eq!(work["k"], Work { flops: 2.0 * 4.0 * 8.0 * 2.0 + 8.0, bytes: 4.0 * (32.0 + 16.0 + 8.0) });
    }

    #[test]
    fn of_slices_only_what_they_hold_is_read() {
        let context = context::new();
        hwc_dialects::mlir::load(&context);
        let slice = "hwc.slice %a {axes = array<i64: 0>, starts = array<i64: 1>, ends = array<i64: 3>, steps = array<i64: 1>} \
                     : (tensor<8x4xf32>) -> tensor<2x4xf32>";
        let bytes = |result: &str, other: &str| {
            let text = format!(
                "hwk.kernel @k(%a: tensor<8x4xf32>) -> ({result}) {{
                 %0 = {slice}
                 %1 = {other}
                 hwk.yield %1 : {result} }}"
            );
            let module = Module::parse(&context, &text).unwrap();
            super::kernel_work(ir::module_op(&module)).unwrap()["k"].bytes
        };
        let part = bytes("tensor<2x4xf32>", "hwc.relu %0 : (tensor<2x4xf32>) -> tensor<2x4xf32>");
        assert_eq!(part, 4.0 * (8.0 + 8.0));
        let whole = bytes("tensor<8x4xf32>", "hwc.relu %a : (tensor<8x4xf32>) -> tensor<8x4xf32>");
        assert_eq!(whole, 4.0 * (32.0 + 32.0));
    }
}
