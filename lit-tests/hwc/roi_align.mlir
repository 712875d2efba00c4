// RUN: hwc-opt %s --split-input-file --verify-diagnostics | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics --hwc-lower | FileCheck %s --check-prefix=LOWER

// CHECK-LABEL: func.func @means
// CHECK: hwc.roi_align %{{.*}}, %{{.*}}, %{{.*}} {output_height = 2 : i64, output_width = 3 : i64}
// LOWER-LABEL: func.func @means
// LOWER: math.ceil
// LOWER: scf.if
// LOWER: scf.for
// LOWER: tensor.extract
// LOWER: arith.divf
func.func @means(%x: tensor<1x2x8x8xf32>, %r: tensor<3x4xf32>, %b: tensor<3xi64>) -> tensor<3x2x2x3xf32> {
  %0 = hwc.roi_align %x, %r, %b {output_height = 2 : i64, output_width = 3 : i64} : (tensor<1x2x8x8xf32>, tensor<3x4xf32>, tensor<3xi64>) -> tensor<3x2x2x3xf32>
  return %0 : tensor<3x2x2x3xf32>
}

// CHECK-LABEL: func.func @maxima
// CHECK: mode = "max"
// LOWER-LABEL: func.func @maxima
// LOWER-NOT: math.ceil
// LOWER: arith.maxnumf
func.func @maxima(%x: tensor<1x2x8x8xf32>, %r: tensor<3x4xf32>, %b: tensor<3xi64>) -> tensor<3x2x2x3xf32> {
  %0 = hwc.roi_align %x, %r, %b {output_height = 2 : i64, output_width = 3 : i64, mode = "max", sampling_ratio = 2 : i64, half_pixel = false} : (tensor<1x2x8x8xf32>, tensor<3x4xf32>, tensor<3xi64>) -> tensor<3x2x2x3xf32>
  return %0 : tensor<3x2x2x3xf32>
}

// -----

func.func @rois(%x: tensor<1x2x8x8xf32>, %r: tensor<3x5xf32>, %b: tensor<3xi64>) {
  // expected-error @+1 {{needs `rois` of type ?x4xf32, got 3x5xf32}}
  %0 = hwc.roi_align %x, %r, %b {output_height = 2 : i64, output_width = 3 : i64} : (tensor<1x2x8x8xf32>, tensor<3x5xf32>, tensor<3xi64>) -> tensor<3x2x2x3xf32>
  return
}

// -----

func.func @batch(%x: tensor<1x2x8x8xf32>, %r: tensor<3x4xf32>, %b: tensor<2xi64>) {
  // expected-error @+1 {{needs one batch index of i64 for each region of 3x4xf32, got 2xi64}}
  %0 = hwc.roi_align %x, %r, %b {output_height = 2 : i64, output_width = 3 : i64} : (tensor<1x2x8x8xf32>, tensor<3x4xf32>, tensor<2xi64>) -> tensor<3x2x2x3xf32>
  return
}

// -----

func.func @mode(%x: tensor<1x2x8x8xf32>, %r: tensor<3x4xf32>, %b: tensor<3xi64>) {
  // expected-error @+1 {{has the mode `min`, expected `avg` or `max`}}
  %0 = hwc.roi_align %x, %r, %b {output_height = 2 : i64, output_width = 3 : i64, mode = "min"} : (tensor<1x2x8x8xf32>, tensor<3x4xf32>, tensor<3xi64>) -> tensor<3x2x2x3xf32>
  return
}
