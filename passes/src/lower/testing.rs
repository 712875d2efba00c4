//! Differential tests of lowerings: native code against the reference evaluator.

use hwc_dialects::mlir::GraphBuilder;
use hwc_dialects::reference::{evaluate, number};
use hwc_dialects::{Attrs, Op, TensorType};
use hwc_runtime::{DType, Tensor, tensor::byte_len};
use melior::ir::{Location, Module, operation::OperationLike};

use crate::codegen::tests::{Model, noise};
use crate::codegen::{TargetOptions, context, ir};
use crate::{graph, hwk, lower};

/// Compiles one operation, runs it natively and compares each result with the reference evaluator: integers exactly,
/// floats within `tolerance` of the larger of 1 and the expected magnitude.
#[track_caller]
pub fn check(op: Op, attrs: &Attrs, operands: &[Option<&Tensor>], tolerance: f64) {
    let expected = evaluate(op, attrs, operands).unwrap_or_else(|e| panic!("reference: {e}"));
    let actual = run(op, attrs, operands, &expected);
    for (i, (actual, expected)) in actual.iter().zip(&expected).enumerate() {
        let label = format!("{} result {i} of {expected:?} from {operands:?} with {attrs:?}", op.info().name);
        if !expected.dtype().is_float() {
            assert_eq!(number::integers(actual), number::integers(expected), "{label}");
            continue;
        }
        for (j, (a, e)) in number::floats(actual).into_iter().zip(number::floats(expected)).enumerate() {
            let same = a == e || (a.is_nan() && e.is_nan()) || (a - e).abs() <= tolerance * e.abs().max(1.0);
            assert!(same, "{label}: element {j} is {a}, expected {e}");
        }
    }
}

fn run(op: Op, attrs: &Attrs, operands: &[Option<&Tensor>], expected: &[Tensor]) -> Vec<Tensor> {
    let context = context::new();
    hwc_dialects::mlir::load(&context);
    let location = Location::unknown(&context);
    let mut module = Module::new(location);
    {
        let builder = GraphBuilder::new(&context, &module, location).unwrap();
        let arguments: Vec<_> =
            operands.iter().map(|o| o.map(|t| builder.argument(&TensorType::of(t), location).unwrap())).collect();
        let results = builder.op(op, attrs, &arguments, &[], location).unwrap_or_else(|e| panic!("{e}"));
        let inputs = vec!["x"; operands.iter().flatten().count()];
        builder.finish(&results, &inputs, &vec!["y"; results.len()]).unwrap();
    }
    assert!(module.as_operation().verify());
    graph::form_kernels(&context, ir::module_op(&module), None).unwrap_or_else(|e| panic!("{e}"));
    hwk::to_functions(&context, ir::module_op(&module), |_| false).unwrap_or_else(|e| panic!("{e}"));
    lower::lower(&context, ir::module_op(&module)).unwrap_or_else(|e| panic!("{e}"));
    assert!(module.as_operation().verify(), "{}", module.as_operation());
    let model = Model::compile(&context, &mut module, &TargetOptions::default());
    let inputs: Vec<Vec<u8>> = operands.iter().flatten().map(|t| t.bytes().to_vec()).collect();
    let sizes: Vec<usize> = expected.iter().map(|t| byte_len(t.dtype(), t.shape()).unwrap()).collect();
    let outputs = model.run(&inputs, &sizes);
    outputs
        .into_iter()
        .zip(expected)
        .map(|(bytes, e)| Tensor::from_bytes(e.dtype(), e.shape(), bytes).unwrap())
        .collect()
}

/// A tensor of numbers in [-4, 4), the same for the same seed; integers for an integer type.
pub fn random(dtype: DType, shape: &[usize], seed: u64) -> Tensor {
    let values = noise(shape.iter().product(), seed);
    number::from_floats(dtype, shape, values.into_iter().map(|v| f64::from(v) * 4.0)).unwrap()
}
