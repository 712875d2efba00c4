// RUN: hwc-opt %s --split-input-file --verify-diagnostics | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics --hwc-lower | FileCheck %s --check-prefix=LOWER

// CHECK-LABEL: func.func @channels
// CHECK: hwc.batch_normalization %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} : (tensor<2x3x4xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>) -> tensor<2x3x4xf32>
// LOWER: affine_map<(d0, d1, d2) -> (d1)>
// LOWER-LABEL: func.func @channels
// LOWER-COUNT-1: linalg.generic
// LOWER: math.sqrt
// LOWER-NOT: linalg.generic
func.func @channels(%a: tensor<2x3x4xf32>, %s: tensor<3xf32>, %b: tensor<3xf32>, %m: tensor<3xf32>, %v: tensor<3xf32>) -> tensor<2x3x4xf32> {
  %0 = hwc.batch_normalization %a, %s, %b, %m, %v : (tensor<2x3x4xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>) -> tensor<2x3x4xf32>
  return %0 : tensor<2x3x4xf32>
}

// -----

func.func @parameters(%a: tensor<2x3xf32>, %s: tensor<2xf32>, %b: tensor<3x1xf32>, %m: tensor<3xi32>) {
  // expected-error @+3 {{needs `scale` with one element for each of 3 channels, got 2xf32}}
  // expected-error @+2 {{needs `bias` with one element for each of 3 channels, got 3x1xf32}}
  // expected-error @+1 {{needs floating-point elements, got 3xi32}}
  %0 = hwc.batch_normalization %a, %s, %b, %m, %m : (tensor<2x3xf32>, tensor<2xf32>, tensor<3x1xf32>, tensor<3xi32>, tensor<3xi32>) -> tensor<2x3xf32>
  return
}
