// RUN: hwc-opt %s --split-input-file --verify-diagnostics | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics --hwc-lower | FileCheck %s --check-prefix=LOWER

// The image is padded as far as the last tiles reach: two whole ones and one of two results along each dimension.

// CHECK-LABEL: func.func @padded
// CHECK: hwc.winograd_conv %{{.*}}, %{{.*}} bias %{{.*}} {pads = array<i64: 1, 1, 1, 1>}
// LOWER-LABEL: func.func @padded
// LOWER: tensor.insert_slice %{{.*}} into %{{.*}}[0, 1, 1, 0] [1, 10, 10, 16] [1, 1, 1, 1] : tensor<1x10x10x16xf32> into tensor<1x14x14x16xf32>
// The tiles, transformed.
// LOWER: linalg.generic {{.*}} iterator_types = ["parallel", "parallel", "parallel", "parallel"]
// LOWER: tensor<36x9x16xf32>
// LOWER: linalg.generic {{.*}} iterator_types = ["parallel", "parallel", "parallel", "reduction"]
// Results of whole tiles; of those that reach behind the image on one side, and on both.
// LOWER: tensor<1x2x2x32xf32> into tensor<1x10x10x32xf32>
// LOWER: tensor<1x2x1x32xf32> into tensor<1x10x10x32xf32>
// LOWER: tensor<1x1x2x32xf32> into tensor<1x10x10x32xf32>
// LOWER: tensor<1x1x1x32xf32> into tensor<1x10x10x32xf32>
func.func @padded(%x: tensor<1x10x10x16xf32>, %w: tensor<6x6x16x32xf32>, %b: tensor<32xf32>) -> tensor<1x10x10x32xf32> {
  %0 = hwc.winograd_conv %x, %w bias %b {pads = array<i64: 1, 1, 1, 1>} : (tensor<1x10x10x16xf32>, tensor<6x6x16x32xf32>, tensor<32xf32>) -> tensor<1x10x10x32xf32>
  return %0 : tensor<1x10x10x32xf32>
}

// A large image in blocks of tiles that write their parts of the result.

// LOWER-LABEL: func.func @blocks
// LOWER: scf.for
// LOWER: scf.for
// LOWER: tensor.extract_slice %{{.*}} [1, 18, 34, 24] [1, 1, 1, 1] : tensor<1x162x162x24xf32> to tensor<1x18x34x24xf32>
// LOWER: tensor.insert_slice %{{.*}} [1, 16, 32, 24] [1, 1, 1, 1] : tensor<1x16x32x24xf32> into tensor<1x160x160x24xf32>
// LOWER: } {hwc.parallel}
// LOWER: } {hwc.parallel}
func.func @blocks(%x: tensor<1x162x162x24xf32>, %w: tensor<6x6x24x24xf32>) -> tensor<1x160x160x24xf32> {
  %0 = hwc.winograd_conv %x, %w : (tensor<1x162x162x24xf32>, tensor<6x6x24x24xf32>) -> tensor<1x160x160x24xf32>
  return %0 : tensor<1x160x160x24xf32>
}

// -----

func.func @filter(%x: tensor<1x8x8x3xf32>, %w: tensor<3x3x3x4xf32>) {
  // expected-error @+1 {{needs a filter of type 6x6x3x?, got 3x3x3x4xf32}}
  %0 = hwc.winograd_conv %x, %w : (tensor<1x8x8x3xf32>, tensor<3x3x3x4xf32>) -> tensor<1x6x6x4xf32>
  return
}

// -----

func.func @everything(%x: tensor<1x2x8x3xf16>, %w: tensor<6x6x2x4xf32>, %b: tensor<3xf32>) {
  // expected-error @+4 {{needs an input of rank 4 and a filter, both of f32, got 1x2x8x3xf16 and 6x6x2x4xf32}}
  // expected-error @+3 {{needs a filter of type 6x6x3x?, got 6x6x2x4xf32}}
  // expected-error @+2 {{needs a `bias` of type 4xf32, got 3xf32}}
  // expected-error @+1 {{has a window over 3 elements, which does not fit into 2 elements and 0 + 0 of padding}}
  %0 = hwc.winograd_conv %x, %w bias %b : (tensor<1x2x8x3xf16>, tensor<6x6x2x4xf32>, tensor<3xf32>) -> tensor<1x1x6x4xf32>
  return
}

// -----

func.func @rank(%x: tensor<8x8x3xf32>, %w: tensor<6x6x3x4xf32>) {
  // expected-error @+1 {{needs an input of rank 4 and a filter, both of f32, got 8x8x3xf32 and 6x6x3x4xf32}}
  %0 = hwc.winograd_conv %x, %w : (tensor<8x8x3xf32>, tensor<6x6x3x4xf32>) -> tensor<6x6x4xf32>
  return
}
