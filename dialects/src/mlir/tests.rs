//! The dialect through MLIR: text to operations and back, verification, building.

use hwc_runtime::Tensor;
use melior::Context;
use melior::ir::{BlockLike, Location, Module, operation::OperationLike};

use super::*;
use crate::attrs;
use crate::op::Op;
use crate::types::TensorType;

fn context() -> Context {
    let registry = melior::dialect::DialectRegistry::new();
    register(&registry);
    melior::dialect::DialectHandle::func().insert_dialect(&registry);
    let context = Context::new_with_registry(&registry, false);
    context.load_all_available_dialects();
    context
}

fn errors(context: &Context, text: &str) -> Vec<String> {
    let messages = std::cell::RefCell::new(Vec::new());
    // The handler is detached before `messages` goes.
    let shared = std::rc::Rc::new(messages);
    let sink = shared.clone();
    let id = context.attach_diagnostic_handler(move |d| {
        sink.borrow_mut().push(d.to_string());
        true
    });
    let module = Module::parse(context, text);
    context.detach_diagnostic_handler(id);
    assert!(module.is_none(), "{text} was accepted");
    shared.take()
}

#[test]
fn text_round_trips() {
    let context = context();
    let text = "module {
  func.func @main(%arg0: tensor<?x3xf32, [\"batch\", \"\"]>) -> tensor<?x3xf32, [\"batch\", \"\"]> {
    %0 = hwc.constant dense<1.000000e+00> : tensor<3xf32>
    %1 = hwc.add %arg0, %0 : (tensor<?x3xf32, [\"batch\", \"\"]>, tensor<3xf32>) -> tensor<?x3xf32, [\"batch\", \"\"]>
    return %1 : tensor<?x3xf32, [\"batch\", \"\"]>
  }
}
";
    let module = Module::parse(&context, text).unwrap();
    assert!(module.as_operation().verify());
    assert_eq!(module.as_operation().to_string(), text);
}

#[test]
fn the_verifier_explains() {
    let context = context();
    let text = "func.func @f(%a: tensor<2xf32>, %b: tensor<3xf32>) -> tensor<2xf32> {
      %0 = hwc.add %a, %b : (tensor<2xf32>, tensor<3xf32>) -> tensor<2xf32>
      return %0 : tensor<2xf32> }";
    assert_eq!(errors(&context, text), ["'hwc.add' op cannot broadcast a dimension of 2 with one of 3"]);
    let text = "func.func @f(%a: tensor<2xf32>) -> tensor<4xf32> {
      %0 = hwc.add %a, %a : (tensor<2xf32>, tensor<2xf32>) -> tensor<4xf32>
      return %0 : tensor<4xf32> }";
    assert_eq!(errors(&context, text), ["'hwc.add' op has a result of type 4xf32, expected 2xf32"]);
}

#[test]
fn graphs_are_built_and_constants_found_again() {
    let context = context();
    let location = Location::unknown(&context);
    let module = Module::new(location);
    let builder = GraphBuilder::new(&context, &module, location).unwrap();
    let x = builder.argument(&TensorType::fixed(hwc_runtime::DType::F32, &[20]), location).unwrap();
    let weights = Tensor::from_vec(vec![20], (0..20).map(|i| i as f32).collect()).unwrap();
    let w = builder.constant(&weights, "layer.0/weight", location).unwrap();
    let sum = builder.op(Op::Add, &attrs! {}, &[Some(x), Some(w)], &[], location).unwrap();
    builder.finish(&sum, &["x"], &["y"]).unwrap();
    assert!(module.as_operation().verify());

    let text = module.as_operation().to_string();
    assert!(text.contains("hwc.constant dense_resource<layer_0_weight> : tensor<20xf32>"), "{text}");
    let parsed = Module::parse(&context, &text).unwrap();
    assert!(parsed.as_operation().verify());
    // What is read back is the very memory that was put in.
    let attribute = constant_attribute(&context, &weights, "again").unwrap();
    assert_eq!(elements_from_mlir(attribute).unwrap().bytes().as_ptr(), weights.bytes().as_ptr());
}

#[test]
fn kernels_round_trip() {
    let context = context();
    let text = "module {
  hwk.kernel @matmul_0(%arg0: tensor<8x4xf32>, %arg1: tensor<4x16xf32>) -> (tensor<8x16xf32>)
      space(#hwk.space<contraction, m = 8, n = 16, k = 4>)
      schedule(#hwk.schedule<loops, tiles = [registers(m = 8, n = 16)], order = [m, n, k], vector = n : 16 x 1>)
      target(#hwk.cpu<znver4, features = [avx512f], vector = 512, registers = 32, l1 = 32768, l2 = 1048576, l3 = 33554432, cores = 2>) {
    %0 = hwc.matmul %arg0, %arg1 : (tensor<8x4xf32>, tensor<4x16xf32>) -> tensor<8x16xf32>
    hwk.yield %0 : tensor<8x16xf32>
  }
  func.func @main(%arg0: tensor<8x4xf32>, %arg1: tensor<4x16xf32>) -> tensor<8x16xf32> {
    %0 = hwk.launch @matmul_0(%arg0, %arg1) : (tensor<8x4xf32>, tensor<4x16xf32>) -> tensor<8x16xf32>
    return %0 : tensor<8x16xf32>
  }
}
";
    let module = Module::parse(&context, text).unwrap();
    assert!(module.as_operation().verify());
    assert_eq!(module.as_operation().to_string(), text);
    let kernel = module.body().first_operation().unwrap();
    let choice = hwk::Choice::read(|name| kernel.attribute(name).ok()).unwrap();
    assert_eq!(choice.space.as_ref().and_then(|s| s.extent("n")), Some(16));
    assert_eq!(choice.schedule.as_ref().and_then(|s| s.tile("registers", "m")), Some(8));
    assert_eq!(choice.target.as_ref().map(|t| t.registers()), Some((512, 32)));
    for (name, attribute) in choice.attributes(&context) {
        assert_eq!(Ok(attribute), kernel.attribute(name));
    }
}
