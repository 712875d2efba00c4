// RUN: hwc-opt %s --split-input-file --verify-diagnostics | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics --hwc-lower | FileCheck %s --check-prefix=LOWER

// CHECK-LABEL: func.func @bins
// CHECK: hwc.max_roi_pool %{{.*}}, %{{.*}} {output_height = 2 : i64, output_width = 3 : i64, spatial_scale = 5.000000e-01 : f32}
// LOWER-LABEL: func.func @bins
// LOWER: math.round
// LOWER: scf.for
// LOWER: arith.maxnumf
func.func @bins(%x: tensor<1x2x8x8xf32>, %r: tensor<3x5xf32>) -> tensor<3x2x2x3xf32> {
  %0 = hwc.max_roi_pool %x, %r {output_height = 2 : i64, output_width = 3 : i64, spatial_scale = 5.000000e-01 : f32} : (tensor<1x2x8x8xf32>, tensor<3x5xf32>) -> tensor<3x2x2x3xf32>
  return %0 : tensor<3x2x2x3xf32>
}

// -----

func.func @size(%x: tensor<1x2x8x8xf32>, %r: tensor<3x5xf32>) {
  // expected-error @+1 {{needs a positive `output_height`, got 0}}
  %0 = hwc.max_roi_pool %x, %r {output_height = 0 : i64, output_width = 3 : i64} : (tensor<1x2x8x8xf32>, tensor<3x5xf32>) -> tensor<3x2x2x3xf32>
  return
}

// -----

func.func @rois(%x: tensor<1x2x8x8xf32>, %r: tensor<3x4xf32>) {
  // expected-error @+1 {{needs `rois` of type ?x5xf32, got 3x4xf32}}
  %0 = hwc.max_roi_pool %x, %r {output_height = 2 : i64, output_width = 3 : i64} : (tensor<1x2x8x8xf32>, tensor<3x4xf32>) -> tensor<3x2x2x3xf32>
  return
}
