// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file --pass-pipeline='builtin.module(hwc-lower)' | FileCheck %s --check-prefix=LOWER

// CHECK-LABEL: func.func @plane
// CHECK: hwc.grid_sample %{{.*}}, %{{.*}} {align_corners = true} : (tensor<1x3x4x5xf32>, tensor<1x6x7x2xf32>) -> tensor<1x3x6x7xf32>
// Channels are innermost, so that they share the position.
// LOWER: affine_map<(d0, d1, d2, d3) -> (d0, d3, d1, d2)>
// LOWER-LABEL: func.func @plane
// LOWER: linalg.generic
// LOWER-COUNT-4: tensor.extract
func.func @plane(%x: tensor<1x3x4x5xf32>, %g: tensor<1x6x7x2xf32>) -> tensor<1x3x6x7xf32> {
  %0 = hwc.grid_sample %x, %g {align_corners = true} : (tensor<1x3x4x5xf32>, tensor<1x6x7x2xf32>) -> tensor<1x3x6x7xf32>
  return %0 : tensor<1x3x6x7xf32>
}

// -----

func.func @modes(%x: tensor<1x3x4x5xf32>, %g: tensor<2x6x7x3xf32>) {
  // expected-error @+4 {{has the mode `bilinear`, which is none of linear, nearest, cubic}}
  // expected-error @+3 {{has the padding `wrap`, which is none of zeros, border, reflection}}
  // expected-error @+2 {{has a batch of 1 and a grid for 2}}
  // expected-error @+1 {{needs 2 coordinates per position, got 2x6x7x3xf32}}
  %0 = hwc.grid_sample %x, %g {mode = "bilinear", padding = "wrap"} : (tensor<1x3x4x5xf32>, tensor<2x6x7x3xf32>) -> tensor<1x3x6x7xf32>
  return
}

// -----

func.func @ranks(%x: tensor<1x3xi32>, %g: tensor<1x6x7x2xf32>) {
  // expected-error @+2 {{needs operands of floating-point types, got 1x3xi32}}
  // expected-error @+1 {{needs an operand of rank 3 to 5 and a grid of the same rank}}
  %0 = hwc.grid_sample %x, %g : (tensor<1x3xi32>, tensor<1x6x7x2xf32>) -> tensor<1x3x6x7xi32>
  return
}
