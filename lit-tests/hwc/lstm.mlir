// RUN: hwc-opt %s --split-input-file --verify-diagnostics | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics --hwc-lower | FileCheck %s --check-prefix=LOWER

// CHECK-LABEL: func.func @plain
// CHECK: %{{.*}}, %{{.*}}, %{{.*}} = hwc.lstm %{{.*}}, %{{.*}} {activations = ["Sigmoid", "Tanh", "Tanh"]
// LOWER-LABEL: func.func @plain
// LOWER: scf.for
// LOWER: iterator_types = ["parallel", "parallel", "reduction"]
// LOWER: math.exp
// LOWER: math.tanh
// LOWER: math.tanh
// LOWER: bufferization.materialize_in_destination
// LOWER: bufferization.materialize_in_destination
func.func @plain(%x: tensor<5x2x12xf32>, %r: tensor<3x12xf32>) -> (tensor<5x2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>) {
  %0:3 = hwc.lstm %x, %r {activations = ["Sigmoid", "Tanh", "Tanh"], alpha = array<f32: 0.000000e+00, 0.000000e+00, 0.000000e+00>, beta = array<f32: 0.000000e+00, 0.000000e+00, 0.000000e+00>} : (tensor<5x2x12xf32>, tensor<3x12xf32>) -> (tensor<5x2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>)
  return %0#0, %0#1, %0#2 : tensor<5x2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>
}

// CHECK-LABEL: func.func @everything
// CHECK: hwc.lstm %{{.*}}, %{{.*}} lengths %{{.*}} initial_h %{{.*}} initial_c %{{.*}} peepholes %{{.*}} {
// LOWER-LABEL: func.func @everything
// LOWER: arith.select
func.func @everything(%x: tensor<5x2x12xf32>, %r: tensor<3x12xf32>, %l: tensor<2xi32>, %h: tensor<2x3xf32>, %c: tensor<2x3xf32>, %p: tensor<9xf32>) -> (tensor<5x2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>) {
  %0:3 = hwc.lstm %x, %r lengths %l initial_h %h initial_c %c peepholes %p {activations = ["Sigmoid", "Tanh", "Tanh"], alpha = array<f32: 0.000000e+00, 0.000000e+00, 0.000000e+00>, beta = array<f32: 0.000000e+00, 0.000000e+00, 0.000000e+00>, clip = 1.000000e+00 : f32, input_forget = true} : (tensor<5x2x12xf32>, tensor<3x12xf32>, tensor<2xi32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<9xf32>) -> (tensor<5x2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>)
  return %0#0, %0#1, %0#2 : tensor<5x2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>
}

// CHECK-LABEL: func.func @cell_only
// CHECK: hwc.lstm %{{.*}}, %{{.*}} initial_c %{{.*}} {
func.func @cell_only(%x: tensor<5x2x12xf32>, %r: tensor<3x12xf32>, %c: tensor<2x3xf32>) -> (tensor<5x2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>) {
  %0:3 = hwc.lstm %x, %r initial_c %c {activations = ["Sigmoid", "Tanh", "Tanh"], alpha = array<f32: 0.000000e+00, 0.000000e+00, 0.000000e+00>, beta = array<f32: 0.000000e+00, 0.000000e+00, 0.000000e+00>} : (tensor<5x2x12xf32>, tensor<3x12xf32>, tensor<2x3xf32>) -> (tensor<5x2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>)
  return %0#0, %0#1, %0#2 : tensor<5x2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>
}

// -----

func.func @peepholes(%x: tensor<5x2x12xf32>, %r: tensor<3x12xf32>, %p: tensor<12xf32>) {
  // expected-error @+1 {{needs a `peepholes` of type 9xf32, got 12xf32}}
  %0:3 = hwc.lstm %x, %r peepholes %p {activations = ["Sigmoid", "Tanh", "Tanh"], alpha = array<f32: 0.000000e+00, 0.000000e+00, 0.000000e+00>, beta = array<f32: 0.000000e+00, 0.000000e+00, 0.000000e+00>} : (tensor<5x2x12xf32>, tensor<3x12xf32>, tensor<12xf32>) -> (tensor<5x2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>)
  return
}

// -----

func.func @rank(%x: tensor<2x12xf32>, %r: tensor<3x12xf32>) {
  // expected-error @+1 {{needs `projected` of rank 3 and `recurrence` of rank 2, got 2x12xf32 and 3x12xf32}}
  %0:3 = hwc.lstm %x, %r {activations = ["Sigmoid", "Tanh", "Tanh"], alpha = array<f32: 0.000000e+00, 0.000000e+00, 0.000000e+00>, beta = array<f32: 0.000000e+00, 0.000000e+00, 0.000000e+00>} : (tensor<2x12xf32>, tensor<3x12xf32>) -> (tensor<5x2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>)
  return
}
