// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file --pass-pipeline='builtin.module(hwc-lower)' | FileCheck %s --check-prefix=LOWER

// CHECK-LABEL: func.func @time_first
// CHECK: hwc.reverse_sequence %{{.*}}, %{{.*}} : (tensor<4x2x3xf32>, tensor<2xi64>) -> tensor<4x2x3xf32>
// LOWER: affine_map<(d0, d1, d2) -> (d1)>
// LOWER-LABEL: func.func @time_first
// LOWER: tensor.extract
func.func @time_first(%x: tensor<4x2x3xf32>, %n: tensor<2xi64>) -> tensor<4x2x3xf32> {
  %0 = hwc.reverse_sequence %x, %n : (tensor<4x2x3xf32>, tensor<2xi64>) -> tensor<4x2x3xf32>
  return %0 : tensor<4x2x3xf32>
}

// -----

func.func @many(%x: tensor<4xf32>, %n: tensor<2xf32>) {
  // expected-error @+4 {{needs one length per batch entry of 4xf32, got 2xf32}}
  // expected-error @+3 {{needs lengths of an integer type, got 2xf32}}
  // expected-error @+2 {{needs the batch and time axes 0 and 1 in either order, got 0 and 2}}
  // expected-error @+1 {{needs an operand of rank 2 at least, got 4xf32}}
  %0 = hwc.reverse_sequence %x, %n {batch_axis = 0 : i64, time_axis = 2 : i64} : (tensor<4xf32>, tensor<2xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @lengths(%x: tensor<4x2xf32>, %n: tensor<4xi64>) {
  // expected-error @+1 {{needs one length per batch entry of 4x2xf32, got 4xi64}}
  %0 = hwc.reverse_sequence %x, %n : (tensor<4x2xf32>, tensor<4xi64>) -> tensor<4x2xf32>
  return
}
