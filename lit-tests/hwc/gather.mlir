// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file --pass-pipeline='builtin.module(hwc-lower)' | FileCheck %s --check-prefix=LOWER

// CHECK-LABEL: func.func @rows
// CHECK: hwc.gather %{{.*}}, %{{.*}} : (tensor<100x8xf32>, tensor<2x3xi64>) -> tensor<2x3x8xf32>
// An index from the end is turned around and then brought onto the axis.
// LOWER-LABEL: func.func @rows
// LOWER: arith.cmpi slt
// LOWER: arith.addi
// LOWER: arith.select
// LOWER: arith.maxsi
// LOWER: arith.minsi
// LOWER: tensor.extract
func.func @rows(%table: tensor<100x8xf32>, %at: tensor<2x3xi64>) -> tensor<2x3x8xf32> {
  %0 = hwc.gather %table, %at : (tensor<100x8xf32>, tensor<2x3xi64>) -> tensor<2x3x8xf32>
  return %0 : tensor<2x3x8xf32>
}

// -----

// LOWER-LABEL: func.func @unsigned
// LOWER-NOT: arith.cmpi
// LOWER: arith.index_castui
func.func @unsigned(%table: tensor<3x4xf32>, %at: tensor<ui8>) -> tensor<3xf32> {
  %0 = hwc.gather %table, %at {axis = -1 : i64} : (tensor<3x4xf32>, tensor<ui8>) -> tensor<3xf32>
  return %0 : tensor<3xf32>
}

// -----

// LOWER-LABEL: func.func @nothing_to_read
// LOWER: linalg.fill
// LOWER-NOT: tensor.extract
func.func @nothing_to_read(%table: tensor<0x4xf32>, %at: tensor<2xi64>) -> tensor<2x4xf32> {
  %0 = hwc.gather %table, %at : (tensor<0x4xf32>, tensor<2xi64>) -> tensor<2x4xf32>
  return %0 : tensor<2x4xf32>
}

// -----

func.func @types(%table: tensor<3x4xf32>, %at: tensor<2xf32>) {
  // expected-error @+1 {{needs indices of an integer type, got 2xf32}}
  %0 = hwc.gather %table, %at : (tensor<3x4xf32>, tensor<2xf32>) -> tensor<2x4xf32>
  return
}

// -----

func.func @axis(%table: tensor<3x4xf32>, %at: tensor<2xi64>) {
  // expected-error @+1 {{axis 2 is outside of rank 2}}
  %0 = hwc.gather %table, %at {axis = 2 : i64} : (tensor<3x4xf32>, tensor<2xi64>) -> tensor<2x4xf32>
  return
}
