// RUN: hwc-opt %s --split-input-file --verify-diagnostics | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics --hwc-lower | FileCheck %s --check-prefix=LOWER

// CHECK-LABEL: func.func @padded
// CHECK: hwc.conv %{{.*}}, %{{.*}} bias %{{.*}} {pads = array<i64: 1, 1, 1, 1>}
// LOWER-LABEL: func.func @padded
// LOWER: tensor.insert_slice %{{.*}} into %{{.*}}[0, 0, 1, 1] [1, 3, 8, 8] [1, 1, 1, 1] : tensor<1x3x8x8xf32> into tensor<1x3x10x10xf32>
// LOWER: linalg.generic {{.*}} ins(%{{.*}} : tensor<4xf32>)
// LOWER: iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]
func.func @padded(%x: tensor<1x3x8x8xf32>, %w: tensor<4x3x3x3xf32>, %b: tensor<4xf32>) -> tensor<1x4x8x8xf32> {
  %0 = hwc.conv %x, %w bias %b {pads = array<i64: 1, 1, 1, 1>} : (tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>, tensor<4xf32>) -> tensor<1x4x8x8xf32>
  return %0 : tensor<1x4x8x8xf32>
}

// CHECK-LABEL: func.func @grouped
// CHECK: hwc.conv %{{.*}}, %{{.*}} {dilations = array<i64: 4>, group = 2 : i64, strides = array<i64: 3>}
// LOWER-LABEL: func.func @grouped
// LOWER-NOT: tensor.insert_slice
// LOWER: linalg.fill
// LOWER: tensor<2x3x2x2xf32>
func.func @grouped(%x: tensor<2x4x9xf32>, %w: tensor<6x2x2xf32>) -> tensor<2x6x2xf32> {
  %0 = hwc.conv %x, %w {group = 2 : i64, strides = array<i64: 3>, dilations = array<i64: 4>} : (tensor<2x4x9xf32>, tensor<6x2x2xf32>) -> tensor<2x6x2xf32>
  return %0 : tensor<2x6x2xf32>
}

// -----

func.func @channels(%x: tensor<1x3x8x8xf32>, %w: tensor<4x2x3x3xf32>, %b: tensor<3xf32>) {
  // expected-error @+1 {{has an input of 3 channels, but a filter for 1 groups of 2}}
  %0 = hwc.conv %x, %w bias %b : (tensor<1x3x8x8xf32>, tensor<4x2x3x3xf32>, tensor<3xf32>) -> tensor<1x4x6x6xf32>
  return
}

// -----

func.func @bias(%x: tensor<1x3x8x8xf32>, %w: tensor<4x3x3x3xf32>, %b: tensor<3xf32>) {
  // expected-error @+1 {{needs a `bias` of type 4xf32, got 3xf32}}
  %0 = hwc.conv %x, %w bias %b : (tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>, tensor<3xf32>) -> tensor<1x4x6x6xf32>
  return
}

// -----

func.func @window(%x: tensor<1x3x8x8xf32>, %w: tensor<4x3x9x3xf32>) {
  // expected-error @+1 {{has a window over 9 elements, which does not fit into 8 elements and 0 + 0 of padding}}
  %0 = hwc.conv %x, %w : (tensor<1x3x8x8xf32>, tensor<4x3x9x3xf32>) -> tensor<1x4x1x6xf32>
  return
}

// -----

func.func @attributes(%x: tensor<1x3x8x8xf32>, %w: tensor<4x3x3x3xf32>) {
  // expected-error @+2 {{attribute `strides` has the element 0, which is not in 1..2147483648}}
  // expected-error @+1 {{attribute `pads` needs 4 elements, got 2}}
  %0 = hwc.conv %x, %w {strides = array<i64: 0, 1>, pads = array<i64: 1, 1>} : (tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>) -> tensor<1x4x6x6xf32>
  return
}

// -----

func.func @groups(%x: tensor<1x4x8xf32>, %w: tensor<3x2x3xf32>) {
  // expected-error @+1 {{has 3 filters, which cannot be divided into 2 groups}}
  %0 = hwc.conv %x, %w {group = 2 : i64} : (tensor<1x4x8xf32>, tensor<3x2x3xf32>) -> tensor<1x3x6xf32>
  return
}

// -----

func.func @rank(%x: tensor<1x4xf32>, %w: tensor<3x4xf32>) {
  // expected-error @+1 {{needs an input and a filter of one rank, 3 at least, got 1x4xf32 and 3x4xf32}}
  %0 = hwc.conv %x, %w : (tensor<1x4xf32>, tensor<3x4xf32>) -> tensor<1x3xf32>
  return
}
