// RUN: hwc-opt %s --split-input-file --verify-diagnostics | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics --hwc-lower | FileCheck %s --check-prefix=LOWER

// CHECK-LABEL: func.func @batch
// CHECK: hwc.det %{{.*}} : (tensor<2x3x3xf32>) -> tensor<2xf32>
// LOWER-LABEL: func.func @batch
// LOWER: scf.for
// LOWER: math.absf
// LOWER: arith.cmpf ogt
// LOWER: tensor.insert
// LOWER: arith.divf
func.func @batch(%a: tensor<2x3x3xf32>) -> tensor<2xf32> {
  %0 = hwc.det %a : (tensor<2x3x3xf32>) -> tensor<2xf32>
  return %0 : tensor<2xf32>
}

// -----

func.func @square(%a: tensor<2x3xf32>) {
  // expected-error @+1 {{needs square matrices of a floating-point type, got 2x3xf32}}
  %0 = hwc.det %a : (tensor<2x3xf32>) -> tensor<f32>
  return
}

// -----

func.func @integers(%a: tensor<3x3xi32>) {
  // expected-error @+1 {{needs square matrices of a floating-point type, got 3x3xi32}}
  %0 = hwc.det %a : (tensor<3x3xi32>) -> tensor<i32>
  return
}
