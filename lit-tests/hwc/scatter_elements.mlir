// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file --pass-pipeline='builtin.module(hwc-lower)' | FileCheck %s --check-prefix=LOWER

// CHECK-LABEL: func.func @sums
// CHECK: hwc.scatter_elements %{{.*}}, %{{.*}}, %{{.*}} {axis = 1 : i64, reduction = "add"} : (tensor<3x4xf32>, tensor<2x9xi64>, tensor<2x9xf32>) -> tensor<3x4xf32>
// Where an index is outside, what stands at the nearest place is written back.
// LOWER-LABEL: func.func @sums
// LOWER: scf.for
// LOWER: scf.for
// LOWER: %[[INSIDE:.*]] = arith.cmpi eq
// LOWER: tensor.extract
// LOWER: %[[OLD:.*]] = tensor.extract
// LOWER: %[[SUM:.*]] = arith.addf
// LOWER: arith.select %[[INSIDE]], %[[SUM]], %[[OLD]]
// LOWER: tensor.insert
func.func @sums(%x: tensor<3x4xf32>, %at: tensor<2x9xi64>, %u: tensor<2x9xf32>) -> tensor<3x4xf32> {
  %0 = hwc.scatter_elements %x, %at, %u {axis = 1 : i64, reduction = "add"} : (tensor<3x4xf32>, tensor<2x9xi64>, tensor<2x9xf32>) -> tensor<3x4xf32>
  return %0 : tensor<3x4xf32>
}

// -----

func.func @many(%x: tensor<3x4xf32>, %at: tensor<5x5xf32>, %u: tensor<5x4xi32>) {
  // expected-error @+5 {{has the reduction `sub`, which is none of none, add, mul, min, max}}
  // expected-error @+4 {{needs indices of an integer type}}
  // expected-error @+3 {{needs updates of the operand's element type}}
  // expected-error @+2 {{larger than 3x4xf32 in dimension 1}}
  // expected-error @+1 {{needs indices and updates of one shape}}
  %0 = hwc.scatter_elements %x, %at, %u {reduction = "sub"} : (tensor<3x4xf32>, tensor<5x5xf32>, tensor<5x4xi32>) -> tensor<3x4xf32>
  return
}

// -----

func.func @truths(%x: tensor<3xi1>, %at: tensor<3xi64>) {
  // expected-error @+1 {{cannot max elements of 3xi1}}
  %0 = hwc.scatter_elements %x, %at, %x {reduction = "max"} : (tensor<3xi1>, tensor<3xi64>, tensor<3xi1>) -> tensor<3xi1>
  return
}
