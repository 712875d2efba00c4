// RUN: hwc-opt %s --split-input-file --pass-pipeline='builtin.module(hwc-fold-constants)' | FileCheck %s

// What would make much out of little is left to run time; what shrinks is computed.

// CHECK-LABEL: func.func @grows
// CHECK: hwc.expand
func.func @grows() -> tensor<1000x1000xf32> {
  %a = hwc.constant dense<1.0> : tensor<1x1000xf32>
  %0 = hwc.expand %a {shape = array<i64: 1000, 1000>} : (tensor<1x1000xf32>) -> tensor<1000x1000xf32>
  return %0 : tensor<1000x1000xf32>
}

// -----

// CHECK-LABEL: func.func @shrinks
// CHECK-NEXT: %[[C:.*]] = hwc.constant dense<1.000000e+03> : tensor<1x1xf32>
// CHECK-NEXT: return %[[C]]
func.func @shrinks() -> tensor<1x1xf32> {
  %a = hwc.constant dense<1.0> : tensor<1x1000xf32>
  %0 = hwc.reduce_sum %a over [1] : (tensor<1x1000xf32>) -> tensor<1x1xf32>
  return %0 : tensor<1x1xf32>
}

// -----

// Symbolic dimensions do not disturb.

// CHECK-LABEL: func.func @symbolic
// CHECK: hwc.add
func.func @symbolic(%x: tensor<?xf32, ["n"]>) -> tensor<?xf32, ["n"]> {
  %a = hwc.constant dense<1.0> : tensor<1xf32>
  %0 = hwc.add %x, %a : (tensor<?xf32, ["n"]>, tensor<1xf32>) -> tensor<?xf32, ["n"]>
  return %0 : tensor<?xf32, ["n"]>
}
