// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file --pass-pipeline='builtin.module(hwc-lower)' | FileCheck %s --check-prefix=LOWER

// CHECK-LABEL: func.func @heads
// CHECK: hwc.transpose %{{.*}} {permutation = array<i64: 0, 2, 1, 3>} : (tensor<1x8x4x16xf16>) -> tensor<1x4x8x16xf16>
// LOWER: #[[FROM:.*]] = affine_map<(d0, d1, d2, d3) -> (d0, d2, d1, d3)>
// LOWER: #[[TO:.*]] = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
// LOWER-LABEL: func.func @heads
// LOWER: linalg.generic {indexing_maps = [#[[FROM]], #[[TO]]]
func.func @heads(%x: tensor<1x8x4x16xf16>) -> tensor<1x4x8x16xf16> {
  %0 = hwc.transpose %x {permutation = array<i64: 0, 2, 1, 3>} : (tensor<1x8x4x16xf16>) -> tensor<1x4x8x16xf16>
  return %0 : tensor<1x4x8x16xf16>
}

// -----

func.func @entries(%x: tensor<2x3xf32>) {
  // expected-error @+2 {{`permutation` has 3 entries, needs one per dimension, 2}}
  // expected-error @+1 {{names axis 1 twice}}
  %0 = hwc.transpose %x {permutation = array<i64: 1, 1, 0>} : (tensor<2x3xf32>) -> tensor<3x2xf32>
  return
}

// -----

func.func @result(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{has a result of type 2x3xf32, expected 3x2xf32}}
  %0 = hwc.transpose %x {permutation = array<i64: 1, 0>} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @missing(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{requires attribute 'permutation'}}
  %0 = hwc.transpose %x : (tensor<2x3xf32>) -> tensor<3x2xf32>
  return
}
