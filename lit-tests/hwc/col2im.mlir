// RUN: hwc-opt %s --split-input-file --verify-diagnostics | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics --hwc-lower | FileCheck %s --check-prefix=LOWER

// CHECK-LABEL: func.func @blocks
// CHECK: hwc.col2im %{{.*}} {block_shape = array<i64: 2, 2>, image_shape = array<i64: 4, 4>, strides = array<i64: 2, 2>}
// LOWER-LABEL: func.func @blocks
// LOWER: tensor.expand_shape
// LOWER: linalg.generic
// LOWER: arith.addf
func.func @blocks(%x: tensor<1x8x4xf32>) -> tensor<1x2x4x4xf32> {
  %0 = hwc.col2im %x {image_shape = array<i64: 4, 4>, block_shape = array<i64: 2, 2>, strides = array<i64: 2, 2>} : (tensor<1x8x4xf32>) -> tensor<1x2x4x4xf32>
  return %0 : tensor<1x2x4x4xf32>
}

// -----

func.func @columns(%x: tensor<1x4x5xf32>) {
  // expected-error @+1 {{has 5 columns in 1x4x5xf32, but 4 positions of the block in the image}}
  %0 = hwc.col2im %x {image_shape = array<i64: 3, 3>, block_shape = array<i64: 2, 2>} : (tensor<1x4x5xf32>) -> tensor<1x1x3x3xf32>
  return
}

// -----

func.func @rows(%x: tensor<1x5x4xf32>) {
  // expected-error @+1 {{has 5 rows in 1x5x4xf32, which is no multiple of the block's size}}
  %0 = hwc.col2im %x {image_shape = array<i64: 3, 3>, block_shape = array<i64: 2, 2>} : (tensor<1x5x4xf32>) -> tensor<1x1x3x3xf32>
  return
}

// -----

func.func @rank(%x: tensor<5x4xf32>) {
  // expected-error @+1 {{needs an operand of rank 3, got 5x4xf32}}
  %0 = hwc.col2im %x {image_shape = array<i64: 3, 3>, block_shape = array<i64: 2, 2>} : (tensor<5x4xf32>) -> tensor<1x1x3x3xf32>
  return
}
