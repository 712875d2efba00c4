// RUN: hwc-opt %s --split-input-file --verify-diagnostics | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics --hwc-lower | FileCheck %s --check-prefix=LOWER

// CHECK-LABEL: func.func @first
// CHECK: hwc.arg_min %{{.*}} {axis = 1 : i64} : (tensor<2x3xf32>) -> tensor<2x1xi64>
// LOWER-LABEL: func.func @first
// LOWER: linalg.generic {{.*}}iterator_types = ["parallel", "reduction"]
// LOWER: linalg.index 1
// LOWER: arith.cmpf ult,
// LOWER: arith.select
func.func @first(%a: tensor<2x3xf32>) -> tensor<2x1xi64> {
  %0 = hwc.arg_min %a {axis = 1 : i64} : (tensor<2x3xf32>) -> tensor<2x1xi64>
  return %0 : tensor<2x1xi64>
}

// CHECK-LABEL: func.func @last
// CHECK: hwc.arg_min %{{.*}} {axis = -2 : i64, keepdims = false, select_last_index = true} : (tensor<2x3xui8>) -> tensor<3xi64>
// LOWER-LABEL: func.func @last
// LOWER: arith.cmpi ule,
func.func @last(%a: tensor<2x3xui8>) -> tensor<3xi64> {
  %0 = hwc.arg_min %a {axis = -2 : i64, keepdims = false, select_last_index = true} : (tensor<2x3xui8>) -> tensor<3xi64>
  return %0 : tensor<3xi64>
}

// -----

func.func @nothing(%a: tensor<2x0xf32>) {
  // expected-error @+1 {{there is no element along axis 1 of 2x0xf32}}
  %0 = hwc.arg_min %a {axis = 1 : i64} : (tensor<2x0xf32>) -> tensor<2x1xi64>
  return
}

// -----

func.func @axis(%a: tensor<2x3xf32>) {
  // expected-error @+1 {{axis 2 is outside of rank 2}}
  %0 = hwc.arg_min %a {axis = 2 : i64} : (tensor<2x3xf32>) -> tensor<2x1xi64>
  return
}

// -----

func.func @result(%a: tensor<2x3xf32>) {
  // expected-error @+1 {{has a result of type 2x1xf32, expected 2x1xi64}}
  %0 = hwc.arg_min %a {axis = 1 : i64} : (tensor<2x3xf32>) -> tensor<2x1xf32>
  return
}
