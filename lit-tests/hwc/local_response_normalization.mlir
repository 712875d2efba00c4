// RUN: hwc-opt %s --split-input-file --verify-diagnostics | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics --hwc-lower | FileCheck %s --check-prefix=LOWER

// CHECK-LABEL: func.func @window
// CHECK: hwc.local_response_normalization %{{.*}} {alpha = 5.000000e-01 : f32, size = 3 : i64} : (tensor<2x5x4xf32>) -> tensor<2x5x4xf32>
// LOWER: affine_map<(d0, d1, d2, d3) -> (d0, d1 + d3, d2)>
// LOWER-LABEL: func.func @window
// LOWER: linalg.generic {{.*}}iterator_types = ["parallel", "parallel", "parallel", "reduction"]{{.*}} ins(%{{.*}}, %{{.*}} : tensor<2x7x4xf32>, tensor<3xf32>)
// LOWER: math.powf
func.func @window(%a: tensor<2x5x4xf32>) -> tensor<2x5x4xf32> {
  %0 = hwc.local_response_normalization %a {alpha = 5.000000e-01 : f32, size = 3 : i64} : (tensor<2x5x4xf32>) -> tensor<2x5x4xf32>
  return %0 : tensor<2x5x4xf32>
}

// A window that is wider than the channels is cut to what can meet one.
// LOWER-LABEL: func.func @wide
// LOWER: ins(%{{.*}}, %{{.*}} : tensor<1x4x4xf32>, tensor<3xf32>)
func.func @wide(%a: tensor<1x2x4xf32>) -> tensor<1x2x4xf32> {
  %0 = hwc.local_response_normalization %a {size = 99 : i64} : (tensor<1x2x4xf32>) -> tensor<1x2x4xf32>
  return %0 : tensor<1x2x4xf32>
}

// -----

func.func @size(%a: tensor<2xi32>) {
  // expected-error @+3 {{needs floating-point elements, got 2xi32}}
  // expected-error @+2 {{needs an operand of rank 2 at least, got 2xi32}}
  // expected-error @+1 {{needs a `size` of 1 at least, got 0}}
  %0 = hwc.local_response_normalization %a {size = 0 : i64} : (tensor<2xi32>) -> tensor<2xi32>
  return
}
