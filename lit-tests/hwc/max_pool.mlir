// RUN: hwc-opt %s --split-input-file --verify-diagnostics | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics --hwc-lower | FileCheck %s --check-prefix=LOWER

// CHECK-LABEL: func.func @halved
// CHECK: hwc.max_pool %{{.*}} {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>}
// LOWER-LABEL: func.func @halved
// LOWER-NOT: tensor.insert_slice
// LOWER: linalg.fill
// LOWER: iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction"]
// LOWER: arith.maximumf
func.func @halved(%x: tensor<1x3x8x9xf32>) -> tensor<1x3x4x4xf32> {
  %0 = hwc.max_pool %x {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>} : (tensor<1x3x8x9xf32>) -> tensor<1x3x4x4xf32>
  return %0 : tensor<1x3x4x4xf32>
}

// What the last window reaches behind the image is minus infinity.
// CHECK-LABEL: func.func @ceil
// CHECK: ceil_mode = true
// LOWER-LABEL: func.func @ceil
// LOWER: arith.constant 0xFF800000 : f32
// LOWER: tensor.insert_slice {{.*}} into tensor<1x3x8x10xf32>
// LOWER: arith.maximumf
func.func @ceil(%x: tensor<1x3x8x9xf32>) -> tensor<1x3x4x5xf32> {
  %0 = hwc.max_pool %x {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>, ceil_mode = true} : (tensor<1x3x8x9xf32>) -> tensor<1x3x4x5xf32>
  return %0 : tensor<1x3x4x5xf32>
}

// CHECK-LABEL: func.func @bytes
// CHECK: -> tensor<1x1x4xui8>
// LOWER-LABEL: func.func @bytes
// LOWER: arith.maxui
func.func @bytes(%x: tensor<1x1x4xui8>) -> tensor<1x1x4xui8> {
  %0 = hwc.max_pool %x {kernel = array<i64: 3>, pads = array<i64: 1, 1>} : (tensor<1x1x4xui8>) -> tensor<1x1x4xui8>
  return %0 : tensor<1x1x4xui8>
}

// -----

func.func @kernel(%x: tensor<1x3x8x9xf32>) {
  // expected-error @+1 {{needs an input of rank 3 at least and a kernel of as many dimensions as its spatial ones, got 1x3x8x9xf32 and 1 dimensions}}
  %0 = hwc.max_pool %x {kernel = array<i64: 2>} : (tensor<1x3x8x9xf32>) -> tensor<1x3x8x9xf32>
  return
}

// -----

func.func @empty(%x: tensor<1x3x8x9xf32>) {
  // expected-error @+1 {{has a kernel of size 0, which is not in 1..2147483648}}
  %0 = hwc.max_pool %x {kernel = array<i64: 0, 2>} : (tensor<1x3x8x9xf32>) -> tensor<1x3x8x9xf32>
  return
}

// -----

func.func @large(%x: tensor<1x3x8x9xf32>) {
  // expected-error @+1 {{has a window over 10 elements, which does not fit into 9 elements and 0 + 0 of padding}}
  %0 = hwc.max_pool %x {kernel = array<i64: 1, 10>} : (tensor<1x3x8x9xf32>) -> tensor<1x3x8x9xf32>
  return
}

// -----

func.func @bools(%x: tensor<1x1x4xi1>) {
  // expected-error @+1 {{needs an input of numbers, got 1x1x4xi1}}
  %0 = hwc.max_pool %x {kernel = array<i64: 2>} : (tensor<1x1x4xi1>) -> tensor<1x1x3xi1>
  return
}
