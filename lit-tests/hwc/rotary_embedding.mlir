// RUN: hwc-opt %s --split-input-file --verify-diagnostics | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics --hwc-lower | FileCheck %s --check-prefix=LOWER

// CHECK-LABEL: func.func @halves
// CHECK: hwc.rotary_embedding %{{.*}}, %{{.*}}, %{{.*}} : (tensor<2x3x4x8xf32>, tensor<2x4x3xf32>, tensor<2x4x3xf32>) -> tensor<2x3x4x8xf32>
// LOWER-LABEL: func.func @halves
// LOWER: tensor.extract_slice %{{.*}}[0, 0, 0, 0] [2, 3, 4, 3] [1, 1, 1, 1]
// LOWER: tensor.extract_slice %{{.*}}[0, 0, 0, 3] [2, 3, 4, 3] [1, 1, 1, 1]
// LOWER: arith.subf
// LOWER: arith.addf
// LOWER: tensor.extract_slice %{{.*}}[0, 0, 0, 6] [2, 3, 4, 2] [1, 1, 1, 1]
func.func @halves(%x: tensor<2x3x4x8xf32>, %c: tensor<2x4x3xf32>, %s: tensor<2x4x3xf32>) -> tensor<2x3x4x8xf32> {
  %0 = hwc.rotary_embedding %x, %c, %s : (tensor<2x3x4x8xf32>, tensor<2x4x3xf32>, tensor<2x4x3xf32>) -> tensor<2x3x4x8xf32>
  return %0 : tensor<2x3x4x8xf32>
}

// CHECK-LABEL: func.func @interleaved
// CHECK: {interleaved = true}
// LOWER-LABEL: func.func @interleaved
// LOWER: tensor.extract_slice %{{.*}}[0, 0, 0, 1] [2, 3, 4, 4] [1, 1, 1, 2]
func.func @interleaved(%x: tensor<2x3x4x8xf32>, %c: tensor<1x4x4xf32>, %s: tensor<1x4x4xf32>) -> tensor<2x3x4x8xf32> {
  %0 = hwc.rotary_embedding %x, %c, %s {interleaved = true} : (tensor<2x3x4x8xf32>, tensor<1x4x4xf32>, tensor<1x4x4xf32>) -> tensor<2x3x4x8xf32>
  return %0 : tensor<2x3x4x8xf32>
}

// -----

func.func @pairs(%x: tensor<2x3x4x8xf32>, %c: tensor<2x4x5xf32>) {
  // expected-error @+1 {{cannot rotate 5 pairs in heads of 8 elements}}
  %0 = hwc.rotary_embedding %x, %c, %c : (tensor<2x3x4x8xf32>, tensor<2x4x5xf32>, tensor<2x4x5xf32>) -> tensor<2x3x4x8xf32>
  return
}

// -----

func.func @tables(%x: tensor<2x3x4x8xf32>, %c: tensor<4x2xf32>, %s: tensor<3x4x2xf32>) {
  // expected-error @+2 {{needs `cos` of rank 3 and the operand's type, got 4x2xf32}}
  // expected-error @+1 {{cannot broadcast `sin` of type 3x4x2xf32 to batch and sequence of 2x3x4x8xf32}}
  %0 = hwc.rotary_embedding %x, %c, %s : (tensor<2x3x4x8xf32>, tensor<4x2xf32>, tensor<3x4x2xf32>) -> tensor<2x3x4x8xf32>
  return
}
