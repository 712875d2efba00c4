// RUN: hwc-opt %s --split-input-file --verify-diagnostics | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics --hwc-lower | FileCheck %s --check-prefix=LOWER

// CHECK-LABEL: func.func @keep
// CHECK: hwc.reduce_sum %{{.*}} over [1] : (tensor<2x3xf32>) -> tensor<2x1xf32>
// LOWER-LABEL: func.func @keep
// LOWER: linalg.generic {{.*}}iterator_types = ["parallel", "reduction"]
// LOWER: arith.addf
func.func @keep(%a: tensor<2x3xf32>) -> tensor<2x1xf32> {
  %0 = hwc.reduce_sum %a over [1] : (tensor<2x3xf32>) -> tensor<2x1xf32>
  return %0 : tensor<2x1xf32>
}

// CHECK-LABEL: func.func @drop
// CHECK: hwc.reduce_sum %{{.*}} over [0, -1] {keepdims = false} : (tensor<2x3x4xf16>) -> tensor<3xf16>
// LOWER-LABEL: func.func @drop
// LOWER: linalg.generic {{.*}}iterator_types = ["reduction", "parallel", "reduction"]
// LOWER: arith.extf %{{.*}} : f16 to f32
// LOWER: arith.truncf %{{.*}} : f32 to f16
func.func @drop(%a: tensor<2x3x4xf16>) -> tensor<3xf16> {
  %0 = hwc.reduce_sum %a over [0, -1] {keepdims = false} : (tensor<2x3x4xf16>) -> tensor<3xf16>
  return %0 : tensor<3xf16>
}

// LOWER-LABEL: func.func @integer
// LOWER: arith.addi %{{.*}} : i8
func.func @integer(%a: tensor<4xi8>) -> tensor<1xi8> {
  %0 = hwc.reduce_sum %a over [0] : (tensor<4xi8>) -> tensor<1xi8>
  return %0 : tensor<1xi8>
}

// -----

func.func @types(%a: tensor<2xi1>) {
  // expected-error @+1 {{needs a numeric operand, got 2xi1}}
  %0 = hwc.reduce_sum %a over [0] : (tensor<2xi1>) -> tensor<1xi1>
  return
}

// -----

func.func @axes(%a: tensor<2x3xf32>) {
  // expected-error @+2 {{axis 2 is outside of rank 2}}
  // expected-error @+1 {{axis -2 is given twice}}
  %0 = hwc.reduce_sum %a over [0, 2, -2] : (tensor<2x3xf32>) -> tensor<1x1xf32>
  return
}

// -----

func.func @result(%a: tensor<2x3xf32>) {
  // expected-error @+1 {{has a result of type 2xf32, expected 2x1xf32}}
  %0 = hwc.reduce_sum %a over [1] : (tensor<2x3xf32>) -> tensor<2xf32>
  return
}
