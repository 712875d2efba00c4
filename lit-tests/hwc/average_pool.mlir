// RUN: hwc-opt %s --split-input-file --verify-diagnostics | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics --hwc-lower | FileCheck %s --check-prefix=LOWER

// Every window has four elements.
// CHECK-LABEL: func.func @whole
// CHECK: hwc.average_pool %{{.*}} {kernel = array<i64: 2, 2>}
// LOWER-LABEL: func.func @whole
// LOWER: arith.addf
// LOWER: arith.constant 4.000000e+00
// LOWER: arith.divf
func.func @whole(%x: tensor<1x3x8x9xf32>) -> tensor<1x3x7x8xf32> {
  %0 = hwc.average_pool %x {kernel = array<i64: 2, 2>} : (tensor<1x3x8x9xf32>) -> tensor<1x3x7x8xf32>
  return %0 : tensor<1x3x7x8xf32>
}

// Windows at the ends have fewer elements.
// CHECK-LABEL: func.func @padded
// CHECK: pads = array<i64: 1, 1>
// LOWER-LABEL: func.func @padded
// LOWER: arith.constant dense<[2.000000e+00, 3.000000e+00, 3.000000e+00, 2.000000e+00]>
// LOWER: arith.divf
func.func @padded(%x: tensor<1x1x4xf32>) -> tensor<1x1x4xf32> {
  %0 = hwc.average_pool %x {kernel = array<i64: 3>, pads = array<i64: 1, 1>} : (tensor<1x1x4xf32>) -> tensor<1x1x4xf32>
  return %0 : tensor<1x1x4xf32>
}

// CHECK-LABEL: func.func @included
// CHECK: count_include_pad = true
// LOWER-LABEL: func.func @included
// LOWER: arith.constant 3.000000e+00
// LOWER: arith.divf
func.func @included(%x: tensor<1x1x4xf32>) -> tensor<1x1x4xf32> {
  %0 = hwc.average_pool %x {kernel = array<i64: 3>, pads = array<i64: 1, 1>, count_include_pad = true} : (tensor<1x1x4xf32>) -> tensor<1x1x4xf32>
  return %0 : tensor<1x1x4xf32>
}

// -----

func.func @integers(%x: tensor<1x1x4xi32>) {
  // expected-error @+1 {{needs an input of a floating-point type, got 1x1x4xi32}}
  %0 = hwc.average_pool %x {kernel = array<i64: 1>} : (tensor<1x1x4xi32>) -> tensor<1x1x4xi32>
  return
}
