// RUN: hwc-opt %s --split-input-file --verify-diagnostics | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics --hwc-lower | FileCheck %s --check-prefix=LOWER

// The gate under the reset gate needs a product of its own.
// CHECK-LABEL: func.func @plain
// CHECK: hwc.gru %{{.*}}, %{{.*}} {activations = ["Sigmoid", "Tanh"]
// LOWER-LABEL: func.func @plain
// LOWER: scf.for
// LOWER: tensor.extract_slice {{.*}}[0, 0] [3, 6] [1, 1]
// LOWER: math.exp
// LOWER: tensor.extract_slice {{.*}}[0, 6] [3, 3] [1, 1]
// LOWER: math.tanh
func.func @plain(%x: tensor<5x2x9xf32>, %r: tensor<3x9xf32>) -> (tensor<5x2x3xf32>, tensor<2x3xf32>) {
  %0:2 = hwc.gru %x, %r {activations = ["Sigmoid", "Tanh"], alpha = array<f32: 0.000000e+00, 0.000000e+00>, beta = array<f32: 0.000000e+00, 0.000000e+00>} : (tensor<5x2x9xf32>, tensor<3x9xf32>) -> (tensor<5x2x3xf32>, tensor<2x3xf32>)
  return %0#0, %0#1 : tensor<5x2x3xf32>, tensor<2x3xf32>
}

// CHECK-LABEL: func.func @linear
// CHECK: hwc.gru %{{.*}}, %{{.*}} reset_bias %{{.*}} {
// LOWER-LABEL: func.func @linear
// LOWER: scf.for
// LOWER-NOT: [3, 6] [1, 1]
// LOWER: math.tanh
func.func @linear(%x: tensor<5x2x9xf32>, %r: tensor<3x9xf32>, %b: tensor<3xf32>) -> (tensor<5x2x3xf32>, tensor<2x3xf32>) {
  %0:2 = hwc.gru %x, %r reset_bias %b {activations = ["Sigmoid", "Tanh"], alpha = array<f32: 0.000000e+00, 0.000000e+00>, beta = array<f32: 0.000000e+00, 0.000000e+00>, linear_before_reset = true} : (tensor<5x2x9xf32>, tensor<3x9xf32>, tensor<3xf32>) -> (tensor<5x2x3xf32>, tensor<2x3xf32>)
  return %0#0, %0#1 : tensor<5x2x3xf32>, tensor<2x3xf32>
}

// -----

func.func @bias(%x: tensor<5x2x9xf32>, %r: tensor<3x9xf32>, %b: tensor<3xf32>) {
  // expected-error @+1 {{has a `reset_bias`, which only `linear_before_reset` uses}}
  %0:2 = hwc.gru %x, %r reset_bias %b {activations = ["Sigmoid", "Tanh"], alpha = array<f32: 0.000000e+00, 0.000000e+00>, beta = array<f32: 0.000000e+00, 0.000000e+00>} : (tensor<5x2x9xf32>, tensor<3x9xf32>, tensor<3xf32>) -> (tensor<5x2x3xf32>, tensor<2x3xf32>)
  return
}

// -----

func.func @count(%x: tensor<5x2x9xf32>, %r: tensor<3x9xf32>) {
  // expected-error @+1 {{needs 2 activations, got 1}}
  %0:2 = hwc.gru %x, %r {activations = ["Sigmoid"], alpha = array<f32: 0.000000e+00>, beta = array<f32: 0.000000e+00>} : (tensor<5x2x9xf32>, tensor<3x9xf32>) -> (tensor<5x2x3xf32>, tensor<2x3xf32>)
  return
}
