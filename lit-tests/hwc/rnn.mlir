// RUN: hwc-opt %s --split-input-file --verify-diagnostics | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics --hwc-lower | FileCheck %s --check-prefix=LOWER

// CHECK-LABEL: func.func @plain
// CHECK: hwc.rnn %{{.*}}, %{{.*}} {activations = ["Tanh"], alpha = array<f32: 0.000000e+00>, beta = array<f32: 0.000000e+00>}
// LOWER-LABEL: func.func @plain
// LOWER: scf.for
// LOWER: arith.mulf
// LOWER: math.tanh
// LOWER: bufferization.materialize_in_destination
// LOWER: scf.yield
func.func @plain(%x: tensor<5x2x3xf32>, %r: tensor<3x3xf32>) -> (tensor<5x2x3xf32>, tensor<2x3xf32>) {
  %0:2 = hwc.rnn %x, %r {activations = ["Tanh"], alpha = array<f32: 0.000000e+00>, beta = array<f32: 0.000000e+00>} : (tensor<5x2x3xf32>, tensor<3x3xf32>) -> (tensor<5x2x3xf32>, tensor<2x3xf32>)
  return %0#0, %0#1 : tensor<5x2x3xf32>, tensor<2x3xf32>
}

// CHECK-LABEL: func.func @lengths
// CHECK: hwc.rnn %{{.*}}, %{{.*}} lengths %{{.*}} initial_h %{{.*}} {
// LOWER-LABEL: func.func @lengths
// LOWER: arith.subi
// LOWER: arith.cmpi slt
// LOWER: arith.select
func.func @lengths(%x: tensor<5x2x3xf32>, %r: tensor<3x3xf32>, %l: tensor<2xi32>, %h: tensor<2x3xf32>) -> (tensor<5x2x3xf32>, tensor<2x3xf32>) {
  %0:2 = hwc.rnn %x, %r lengths %l initial_h %h {activations = ["Relu"], alpha = array<f32: 0.000000e+00>, beta = array<f32: 0.000000e+00>, reverse = true} : (tensor<5x2x3xf32>, tensor<3x3xf32>, tensor<2xi32>, tensor<2x3xf32>) -> (tensor<5x2x3xf32>, tensor<2x3xf32>)
  return %0#0, %0#1 : tensor<5x2x3xf32>, tensor<2x3xf32>
}

// -----

func.func @activation(%x: tensor<5x2x3xf32>, %r: tensor<3x3xf32>) {
  // expected-error @+1 {{has the unknown activation `Tan`}}
  %0:2 = hwc.rnn %x, %r {activations = ["Tan"], alpha = array<f32: 0.000000e+00>, beta = array<f32: 0.000000e+00>} : (tensor<5x2x3xf32>, tensor<3x3xf32>) -> (tensor<5x2x3xf32>, tensor<2x3xf32>)
  return
}

// -----

func.func @weights(%x: tensor<5x2x3xf32>, %r: tensor<3x6xf32>) {
  // expected-error @+1 {{needs a `recurrence` of type 3x3xf32, got 3x6xf32}}
  %0:2 = hwc.rnn %x, %r {activations = ["Tanh"], alpha = array<f32: 0.000000e+00>, beta = array<f32: 0.000000e+00>} : (tensor<5x2x3xf32>, tensor<3x6xf32>) -> (tensor<5x2x3xf32>, tensor<2x3xf32>)
  return
}

// -----

func.func @lengths(%x: tensor<5x2x3xf32>, %r: tensor<3x3xf32>, %l: tensor<2xi64>) {
  // expected-error @+1 {{needs a `lengths` of type 2xi32, got 2xi64}}
  %0:2 = hwc.rnn %x, %r lengths %l {activations = ["Tanh"], alpha = array<f32: 0.000000e+00>, beta = array<f32: 0.000000e+00>} : (tensor<5x2x3xf32>, tensor<3x3xf32>, tensor<2xi64>) -> (tensor<5x2x3xf32>, tensor<2x3xf32>)
  return
}
