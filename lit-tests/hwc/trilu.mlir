// RUN: hwc-opt %s --split-input-file --verify-diagnostics | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics --hwc-lower | FileCheck %s --check-prefix=LOWER

// CHECK-LABEL: func.func @upper
// CHECK: hwc.trilu %{{.*}} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// LOWER-LABEL: func.func @upper
// LOWER: linalg.index 1
// LOWER: linalg.index 0
// LOWER: arith.cmpi sge,
// LOWER: arith.select
func.func @upper(%a: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = hwc.trilu %a : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// CHECK-LABEL: func.func @lower
// CHECK: hwc.trilu %{{.*}} k %{{.*}} {upper = false} : (tensor<5x2x3xi1>, tensor<1xi64>) -> tensor<5x2x3xi1>
// LOWER-LABEL: func.func @lower
// LOWER: arith.cmpi sle,
func.func @lower(%a: tensor<5x2x3xi1>, %k: tensor<1xi64>) -> tensor<5x2x3xi1> {
  %0 = hwc.trilu %a k %k {upper = false} : (tensor<5x2x3xi1>, tensor<1xi64>) -> tensor<5x2x3xi1>
  return %0 : tensor<5x2x3xi1>
}

// -----

func.func @operands(%a: tensor<2xf32>, %k: tensor<2xi64>) {
  // expected-error @+2 {{needs an operand of rank 2 at least, got 2xf32}}
  // expected-error @+1 {{needs one i64 as `k`, got 2xi64}}
  %0 = hwc.trilu %a k %k : (tensor<2xf32>, tensor<2xi64>) -> tensor<2xf32>
  return
}
