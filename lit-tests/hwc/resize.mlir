// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file --pass-pipeline='builtin.module(hwc-lower)' | FileCheck %s --check-prefix=LOWER

// Nearest by whole factors is a repetition along both axes at once.

// CHECK-LABEL: func.func @twice
// CHECK: hwc.resize %{{.*}} {axes = array<i64: 2, 3>, coordinates = "asymmetric", nearest = "floor", scales = array<f32: 2.000000e+00, 2.000000e+00>} : (tensor<1x3x4x5xf32>) -> tensor<1x3x8x10xf32>
// LOWER: affine_map<(d0, d1, d2, d3, d4, d5) -> (d0, d1, d2, d4)>
// LOWER-LABEL: func.func @twice
// LOWER: tensor.empty() : tensor<1x3x4x2x5x2xf32>
// LOWER-NOT: arith.mulf
func.func @twice(%x: tensor<1x3x4x5xf32>) -> tensor<1x3x8x10xf32> {
  %0 = hwc.resize %x {axes = array<i64: 2, 3>, scales = array<f32: 2.0, 2.0>, coordinates = "asymmetric", nearest = "floor"} : (tensor<1x3x4x5xf32>) -> tensor<1x3x8x10xf32>
  return %0 : tensor<1x3x8x10xf32>
}

// -----

// Linear filters have two taps, whose places and weights are tables.

// LOWER-LABEL: func.func @linear
// LOWER-DAG: arith.constant dense<{{.*}}> : tensor<6x2xi64>
// LOWER-DAG: arith.constant dense<{{.*}}> : tensor<6x2xf32>
// LOWER: linalg.generic
// LOWER-COUNT-2: tensor.extract
func.func @linear(%x: tensor<2x4xf32>) -> tensor<2x6xf32> {
  %0 = hwc.resize %x {axes = array<i64: 1>, sizes = array<i64: 6>, mode = "linear"} : (tensor<2x4xf32>) -> tensor<2x6xf32>
  return %0 : tensor<2x6xf32>
}

// -----

func.func @many(%x: tensor<4x4xf32>) {
  // expected-error @+5 {{has the mode `best`, which is none of nearest, linear, cubic}}
  // expected-error @+4 {{has the coordinates `corner`}}
  // expected-error @+3 {{names axis 0 twice}}
  // expected-error @+2 {{needs either `sizes` or `scales`}}
  // expected-error @+1 {{needs a finite start and end for each of 2 axes in `roi`}}
  %0 = hwc.resize %x {axes = array<i64: 0, 0>, sizes = array<i64: 1, 1>, scales = array<f32: 1.0, 1.0>, roi = array<f32: 1.0>, mode = "best", coordinates = "corner"} : (tensor<4x4xf32>) -> tensor<4x4xf32>
  return
}

// -----

func.func @scales(%x: tensor<4x4xf32>) {
  // expected-error @+1 {{needs one size (0 at least) or scale (above 0) for each of 1 axes}}
  %0 = hwc.resize %x {axes = array<i64: 0>, scales = array<f32: -1.0>} : (tensor<4x4xf32>) -> tensor<4x4xf32>
  return
}

// -----

func.func @nothing_to_sample(%x: tensor<0x4xf32>) {
  // expected-error @+1 {{has no element to sample along axis 0 of 0x4xf32}}
  %0 = hwc.resize %x {axes = array<i64: 0>, sizes = array<i64: 2>} : (tensor<0x4xf32>) -> tensor<2x4xf32>
  return
}
