// RUN: hwc-opt %s --split-input-file --verify-diagnostics | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics --hwc-lower | FileCheck %s --check-prefix=LOWER

// CHECK-LABEL: func.func @with_bias
// CHECK: hwc.layer_normalization %{{.*}}, %{{.*}} bias %{{.*}} : (tensor<2x3x4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<2x3x4xf32>
// The rows are those of a matrix.
// LOWER-LABEL: func.func @with_bias
// LOWER: linalg.generic {{.*}} ins(%{{.*}} : tensor<6x4xf32>) outs(%{{.*}} : tensor<6xf32>)
// LOWER: arith.addf
// LOWER: linalg.generic {{.*}} outs(%{{.*}} : tensor<6xf32>)
// LOWER: arith.subf
// LOWER: arith.mulf
// LOWER: math.sqrt
// LOWER: linalg.generic {{.*}} outs(%{{.*}} : tensor<6x4xf32>)
func.func @with_bias(%a: tensor<2x3x4xf32>, %s: tensor<4xf32>, %b: tensor<4xf32>) -> tensor<2x3x4xf32> {
  %0 = hwc.layer_normalization %a, %s bias %b : (tensor<2x3x4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<2x3x4xf32>
  return %0 : tensor<2x3x4xf32>
}

// CHECK-LABEL: func.func @broadcast
// CHECK: hwc.layer_normalization %{{.*}}, %{{.*}} {axis = 1 : i64, epsilon = 1.000000e-01 : f32} : (tensor<2x3x4xf32>, tensor<3x1xf32>) -> tensor<2x3x4xf32>
// LOWER-LABEL: func.func @broadcast
// LOWER: iterator_types = ["parallel", "reduction", "reduction"]
func.func @broadcast(%a: tensor<2x3x4xf32>, %s: tensor<3x1xf32>) -> tensor<2x3x4xf32> {
  %0 = hwc.layer_normalization %a, %s {axis = 1 : i64, epsilon = 1.000000e-01 : f32} : (tensor<2x3x4xf32>, tensor<3x1xf32>) -> tensor<2x3x4xf32>
  return %0 : tensor<2x3x4xf32>
}

// -----

func.func @scale(%a: tensor<2x3xf32>, %s: tensor<2xf32>, %b: tensor<2x3xi32>) {
  // expected-error @+3 {{cannot broadcast `scale` of type 2xf32 to axes 1 and on of 2x3xf32}}
  // expected-error @+2 {{needs floating-point elements, got 2x3xi32}}
  // expected-error @+1 {{cannot broadcast `bias`}}
  %0 = hwc.layer_normalization %a, %s bias %b : (tensor<2x3xf32>, tensor<2xf32>, tensor<2x3xi32>) -> tensor<2x3xf32>
  return
}
