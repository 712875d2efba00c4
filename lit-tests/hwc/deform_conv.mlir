// RUN: hwc-opt %s --split-input-file --verify-diagnostics | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics --hwc-lower | FileCheck %s --check-prefix=LOWER

// Samples become columns, which are multiplied with the filter.
// CHECK-LABEL: func.func @masked
// CHECK: hwc.deform_conv %{{.*}}, %{{.*}}, %{{.*}} bias %{{.*}} mask %{{.*}} : 
// LOWER-LABEL: func.func @masked
// LOWER: math.floor
// LOWER: tensor.extract
// LOWER: iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]
func.func @masked(%x: tensor<1x2x4x4xf32>, %w: tensor<3x2x2x2xf32>, %o: tensor<1x8x3x3xf32>, %b: tensor<3xf32>, %m: tensor<1x4x3x3xf32>) -> tensor<1x3x3x3xf32> {
  %0 = hwc.deform_conv %x, %w, %o bias %b mask %m : (tensor<1x2x4x4xf32>, tensor<3x2x2x2xf32>, tensor<1x8x3x3xf32>, tensor<3xf32>, tensor<1x4x3x3xf32>) -> tensor<1x3x3x3xf32>
  return %0 : tensor<1x3x3x3xf32>
}

// -----

func.func @offset(%x: tensor<1x2x4x4xf32>, %w: tensor<3x2x2x2xf32>, %o: tensor<1x4x3x3xf32>) {
  // expected-error @+1 {{needs an `offset` of type 1x8x3x3xf32, got 1x4x3x3xf32}}
  %0 = hwc.deform_conv %x, %w, %o : (tensor<1x2x4x4xf32>, tensor<3x2x2x2xf32>, tensor<1x4x3x3xf32>) -> tensor<1x3x3x3xf32>
  return
}

// -----

func.func @groups(%x: tensor<1x3x4x4xf32>, %w: tensor<3x3x2x2xf32>, %o: tensor<1x16x3x3xf32>) {
  // expected-error @+1 {{has 3 channels, which cannot be divided into 2 offset groups}}
  %0 = hwc.deform_conv %x, %w, %o {offset_group = 2 : i64} : (tensor<1x3x4x4xf32>, tensor<3x3x2x2xf32>, tensor<1x16x3x3xf32>) -> tensor<1x3x3x3xf32>
  return
}

// -----

func.func @rank(%x: tensor<1x3x4xf32>, %w: tensor<3x3x2xf32>, %o: tensor<1x16x3xf32>) {
  // expected-error @+1 {{needs an input with two spatial dimensions, got 1x3x4xf32}}
  %0 = hwc.deform_conv %x, %w, %o : (tensor<1x3x4xf32>, tensor<3x3x2xf32>, tensor<1x16x3xf32>) -> tensor<1x3x3xf32>
  return
}
