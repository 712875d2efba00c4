// RUN: hwc-opt %s --split-input-file --verify-diagnostics | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics --hwc-lower | FileCheck %s --check-prefix=LOWER

// CHECK-LABEL: func.func @both
// CHECK: %{{.*}}, %{{.*}} = hwc.max_pool_with_indices %{{.*}} {kernel = array<i64: 2, 2>} : (tensor<1x2x4x4xf32>) -> (tensor<1x2x3x3xf32>, tensor<1x2x3x3xi64>)
// LOWER-LABEL: func.func @both
// LOWER: linalg.generic
// LOWER: linalg.index 4
// LOWER: arith.cmpf ugt
// LOWER: arith.select
// LOWER: arith.select
func.func @both(%x: tensor<1x2x4x4xf32>) -> (tensor<1x2x3x3xf32>, tensor<1x2x3x3xi64>) {
  %0:2 = hwc.max_pool_with_indices %x {kernel = array<i64: 2, 2>} : (tensor<1x2x4x4xf32>) -> (tensor<1x2x3x3xf32>, tensor<1x2x3x3xi64>)
  return %0#0, %0#1 : tensor<1x2x3x3xf32>, tensor<1x2x3x3xi64>
}

// CHECK-LABEL: func.func @columns
// CHECK: column_major = true
// LOWER-LABEL: func.func @columns
// LOWER: arith.cmpi sgt
func.func @columns(%x: tensor<1x2x4x4xi8>) -> (tensor<1x2x3x3xi8>, tensor<1x2x3x3xi64>) {
  %0:2 = hwc.max_pool_with_indices %x {kernel = array<i64: 2, 2>, column_major = true} : (tensor<1x2x4x4xi8>) -> (tensor<1x2x3x3xi8>, tensor<1x2x3x3xi64>)
  return %0#0, %0#1 : tensor<1x2x3x3xi8>, tensor<1x2x3x3xi64>
}

// -----

func.func @results(%x: tensor<1x2x4xf32>) {
  // expected-error @+1 {{has a result of type 1x2x3xi32, expected 1x2x3xi64}}
  %0:2 = hwc.max_pool_with_indices %x {kernel = array<i64: 2>} : (tensor<1x2x4xf32>) -> (tensor<1x2x3xf32>, tensor<1x2x3xi32>)
  return
}
