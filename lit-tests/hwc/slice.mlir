// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file --pass-pipeline='builtin.module(hwc-lower)' | FileCheck %s --check-prefix=LOWER

// CHECK-LABEL: func.func @steps
// CHECK: hwc.slice %{{.*}} {axes = array<i64: 1>, ends = array<i64: 100>, starts = array<i64: -5>, steps = array<i64: 2>} : (tensor<2x6xf32>) -> tensor<2x3xf32>
// LOWER-LABEL: func.func @steps
// LOWER: tensor.extract_slice %{{.*}}[0, 1] [2, 3] [1, 2]
func.func @steps(%x: tensor<2x6xf32>) -> tensor<2x3xf32> {
  %0 = hwc.slice %x {axes = array<i64: 1>, starts = array<i64: -5>, ends = array<i64: 100>, steps = array<i64: 2>} : (tensor<2x6xf32>) -> tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// -----

// LOWER: affine_map<(d0) -> (-d0 + 4)>
// LOWER-LABEL: func.func @backwards
func.func @backwards(%x: tensor<5xf32>) -> tensor<5xf32> {
  %0 = hwc.slice %x {axes = array<i64: 0>, starts = array<i64: -1>, ends = array<i64: -9223372036854775808>, steps = array<i64: -1>} : (tensor<5xf32>) -> tensor<5xf32>
  return %0 : tensor<5xf32>
}

// -----

// LOWER-LABEL: func.func @nothing
// LOWER-NEXT: tensor.empty() : tensor<0xf32>
func.func @nothing(%x: tensor<5xf32>) -> tensor<0xf32> {
  %0 = hwc.slice %x {axes = array<i64: 0>, starts = array<i64: 3>, ends = array<i64: 3>, steps = array<i64: 1>} : (tensor<5xf32>) -> tensor<0xf32>
  return %0 : tensor<0xf32>
}

// -----

func.func @lists(%x: tensor<5xf32>) {
  // expected-error @+4 {{`starts` has 2 entries, needs one per axis, 1}}
  // expected-error @+3 {{`ends` has 0 entries, needs one per axis, 1}}
  // expected-error @+2 {{has a step of 0}}
  // expected-error @+1 {{axis 1 is outside of rank 1}}
  %0 = hwc.slice %x {axes = array<i64: 1>, starts = array<i64: 0, 1>, ends = array<i64>, steps = array<i64: 0>} : (tensor<5xf32>) -> tensor<5xf32>
  return
}
