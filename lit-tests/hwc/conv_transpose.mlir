// RUN: hwc-opt %s --split-input-file --verify-diagnostics | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics --hwc-lower | FileCheck %s --check-prefix=LOWER

// A convolution for each of the four phases of the stride.
// CHECK-LABEL: func.func @doubled
// CHECK: hwc.conv_transpose %{{.*}}, %{{.*}} bias %{{.*}} {strides = array<i64: 2, 2>}
// LOWER-LABEL: func.func @doubled
// LOWER: linalg.generic {{.*}} ins(%{{.*}} : tensor<3xf32>)
// LOWER: linalg.generic
// LOWER: linalg.generic
// LOWER: linalg.generic
// LOWER: linalg.generic
// LOWER-NOT: linalg.generic
// LOWER: return
func.func @doubled(%x: tensor<1x2x4x4xf32>, %w: tensor<2x3x2x2xf32>, %b: tensor<3xf32>) -> tensor<1x3x8x8xf32> {
  %0 = hwc.conv_transpose %x, %w bias %b {strides = array<i64: 2, 2>} : (tensor<1x2x4x4xf32>, tensor<2x3x2x2xf32>, tensor<3xf32>) -> tensor<1x3x8x8xf32>
  return %0 : tensor<1x3x8x8xf32>
}

// CHECK-LABEL: func.func @padding
// CHECK: output_padding = array<i64: 1>
func.func @padding(%x: tensor<1x4x3xf32>, %w: tensor<4x2x3xf32>) -> tensor<1x4x6xf32> {
  %0 = hwc.conv_transpose %x, %w {group = 2 : i64, strides = array<i64: 2>, pads = array<i64: 1, 1>, output_padding = array<i64: 1>} : (tensor<1x4x3xf32>, tensor<4x2x3xf32>) -> tensor<1x4x6xf32>
  return %0 : tensor<1x4x6xf32>
}

// -----

func.func @cut(%x: tensor<1x2x2xf32>, %w: tensor<2x3x1xf32>) {
  // expected-error @+1 {{cuts 3 of 2 elements off by `pads`}}
  %0 = hwc.conv_transpose %x, %w {pads = array<i64: 2, 1>} : (tensor<1x2x2xf32>, tensor<2x3x1xf32>) -> tensor<1x3x0xf32>
  return
}

// -----

func.func @channels(%x: tensor<1x2x2xf32>, %w: tensor<3x3x1xf32>) {
  // expected-error @+1 {{has an input of 2 channels, but 3 filters}}
  %0 = hwc.conv_transpose %x, %w : (tensor<1x2x2xf32>, tensor<3x3x1xf32>) -> tensor<1x3x2xf32>
  return
}

// -----

func.func @appended(%x: tensor<1x2x2xf32>, %w: tensor<2x3x1xf32>) {
  // expected-error @+1 {{attribute `output_padding` needs 1 elements, got 2}}
  %0 = hwc.conv_transpose %x, %w {output_padding = array<i64: 1, 1>} : (tensor<1x2x2xf32>, tensor<2x3x1xf32>) -> tensor<1x3x2xf32>
  return
}
