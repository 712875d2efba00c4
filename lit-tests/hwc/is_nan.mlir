// RUN: hwc-opt %s --split-input-file --verify-diagnostics | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics --hwc-lower | FileCheck %s --check-prefix=LOWER

// CHECK-LABEL: func.func @floats
// CHECK: hwc.is_nan %{{.*}} : (tensor<2x3xf32>) -> tensor<2x3xi1>
// LOWER-LABEL: func.func @floats
// LOWER: arith.cmpf uno
func.func @floats(%a: tensor<2x3xf32>) -> tensor<2x3xi1> {
  %0 = hwc.is_nan %a : (tensor<2x3xf32>) -> tensor<2x3xi1>
  return %0 : tensor<2x3xi1>
}

// CHECK-LABEL: func.func @bytes
// CHECK: hwc.is_nan %{{.*}} : (tensor<2x3xf8E4M3FN>) -> tensor<2x3xi1>
// LOWER-LABEL: func.func @bytes
// LOWER: arith.cmpf uno
func.func @bytes(%a: tensor<2x3xf8E4M3FN>) -> tensor<2x3xi1> {
  %0 = hwc.is_nan %a : (tensor<2x3xf8E4M3FN>) -> tensor<2x3xi1>
  return %0 : tensor<2x3xi1>
}

// -----

func.func @types(%a: tensor<2x3xi8>) {
  // expected-error @+1 {{needs a floating-point operand, got 2x3xi8}}
  %0 = hwc.is_nan %a : (tensor<2x3xi8>) -> tensor<2x3xi1>
  return
}

// -----

func.func @result(%a: tensor<2x3xf32>) {
  // expected-error @+1 {{has a result of type 2x3xf32, expected 2x3xi1}}
  %0 = hwc.is_nan %a : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}
