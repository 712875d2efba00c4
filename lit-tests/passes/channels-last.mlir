// RUN: hwc-opt %s --split-input-file --pass-pipeline='builtin.module(hwc-channels-last,hwc-fold-constants)' | FileCheck %s
// NOTE: Assertions are made by `cargo xtask bless`

// Transpositions stand where images enter and leave; what stands between convolutions takes their order. Constants are
// brought into it here.

// CHECK-LABEL: func.func @chain(
// CHECK-SAME: %[[ARG0:.*]]: tensor<1x16x8x8xf32>, %[[ARG1:.*]]: tensor<16x16x3x3xf32>) -> tensor<1x16x4x4xf32> {
// CHECK-NEXT: %[[V0:.*]] = hwc.transpose %[[ARG0]] {permutation = array<i64: 0, 2, 3, 1>} : (tensor<1x16x8x8xf32>) -> tensor<1x8x8x16xf32>
// CHECK-NEXT: %[[V1:.*]] = hwc.transpose %[[ARG1]] {permutation = array<i64: 2, 3, 1, 0>} : (tensor<16x16x3x3xf32>) -> tensor<3x3x16x16xf32>
// CHECK-NEXT: %[[V2:.*]] = hwc.conv %[[V0]], %[[V1]] {channels_last = true, pads = array<i64: 1, 1, 1, 1>} : (tensor<1x8x8x16xf32>, tensor<3x3x16x16xf32>) -> tensor<1x8x8x16xf32>
// CHECK-NEXT: %[[V3:.*]] = hwc.constant dense<1.000000e+00> : tensor<1x1x1x16xf32>
// CHECK-NEXT: %[[V4:.*]] = hwc.add %[[V2]], %[[V3]] : (tensor<1x8x8x16xf32>, tensor<1x1x1x16xf32>) -> tensor<1x8x8x16xf32>
// CHECK-NEXT: %[[V5:.*]] = hwc.concat %[[V4]], %[[V2]] {axis = 3 : i64} : (tensor<1x8x8x16xf32>, tensor<1x8x8x16xf32>) -> tensor<1x8x8x32xf32>
// CHECK-NEXT: %[[V6:.*]] = hwc.slice %[[V5]] {axes = array<i64: 3>, ends = array<i64: 24>, starts = array<i64: 8>, steps = array<i64: 1>} : (tensor<1x8x8x32xf32>) -> tensor<1x8x8x16xf32>
// CHECK-NEXT: %[[V7:.*]] = hwc.transpose %[[ARG1]] {permutation = array<i64: 2, 3, 1, 0>} : (tensor<16x16x3x3xf32>) -> tensor<3x3x16x16xf32>
// CHECK-NEXT: %[[V8:.*]] = hwc.conv %[[V6]], %[[V7]] {channels_last = true, pads = array<i64: 1, 1, 1, 1>} : (tensor<1x8x8x16xf32>, tensor<3x3x16x16xf32>) -> tensor<1x8x8x16xf32>
// CHECK-NEXT: %[[V9:.*]] = hwc.max_pool %[[V8]] {channels_last = true, kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>} : (tensor<1x8x8x16xf32>) -> tensor<1x4x4x16xf32>
// CHECK-NEXT: %[[V10:.*]] = hwc.transpose %[[V9]] {permutation = array<i64: 0, 3, 1, 2>} : (tensor<1x4x4x16xf32>) -> tensor<1x16x4x4xf32>
// CHECK-NEXT: return %[[V10]] : tensor<1x16x4x4xf32>
// CHECK-NEXT: }

func.func @chain(%x: tensor<1x16x8x8xf32>, %w: tensor<16x16x3x3xf32>) -> tensor<1x16x4x4xf32> {
  %b = hwc.constant dense<1.0> : tensor<16x1x1xf32>
  %0 = hwc.conv %x, %w {pads = array<i64: 1, 1, 1, 1>} : (tensor<1x16x8x8xf32>, tensor<16x16x3x3xf32>) -> tensor<1x16x8x8xf32>
  %1 = hwc.add %0, %b : (tensor<1x16x8x8xf32>, tensor<16x1x1xf32>) -> tensor<1x16x8x8xf32>
  %2 = hwc.concat %1, %0 {axis = 1 : i64} : (tensor<1x16x8x8xf32>, tensor<1x16x8x8xf32>) -> tensor<1x32x8x8xf32>
  %3 = hwc.slice %2 {axes = array<i64: 1>, starts = array<i64: 8>, ends = array<i64: 24>, steps = array<i64: 1>} : (tensor<1x32x8x8xf32>) -> tensor<1x16x8x8xf32>
  %4 = hwc.conv %3, %w {pads = array<i64: 1, 1, 1, 1>} : (tensor<1x16x8x8xf32>, tensor<16x16x3x3xf32>) -> tensor<1x16x8x8xf32>
  %5 = hwc.max_pool %4 {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>} : (tensor<1x16x8x8xf32>) -> tensor<1x16x4x4xf32>
  return %5 : tensor<1x16x4x4xf32>
}

// -----

// An image of one pixel or one channel lies the same way in both orders; a global mean is the same for both.

// CHECK-LABEL: func.func @classifier(
// CHECK-SAME: %[[ARG0:.*]]: tensor<1x1x16x16xf32>, %[[ARG1:.*]]: tensor<64x1x5x5xf32>, %[[ARG2:.*]]: tensor<10x64x1x1xf32>) -> (tensor<1x10xf32>, tensor<1x64xf32>) {
// CHECK-NEXT: %[[V0:.*]] = hwc.reshape %[[ARG0]] {shape = array<i64: 1, 16, 16, 1>} : (tensor<1x1x16x16xf32>) -> tensor<1x16x16x1xf32>
// CHECK-NEXT: %[[V1:.*]] = hwc.transpose %[[ARG1]] {permutation = array<i64: 2, 3, 1, 0>} : (tensor<64x1x5x5xf32>) -> tensor<5x5x1x64xf32>
// CHECK-NEXT: %[[V2:.*]] = hwc.conv %[[V0]], %[[V1]] {channels_last = true} : (tensor<1x16x16x1xf32>, tensor<5x5x1x64xf32>) -> tensor<1x12x12x64xf32>
// CHECK-NEXT: %[[V3:.*]] = hwc.reduce_mean %[[V2]] over [1, 2] : (tensor<1x12x12x64xf32>) -> tensor<1x1x1x64xf32>
// CHECK-NEXT: %[[V4:.*]] = hwc.reshape %[[V3]] {shape = array<i64: 1, 64, 1, 1>} : (tensor<1x1x1x64xf32>) -> tensor<1x64x1x1xf32>
// CHECK-NEXT: %[[V5:.*]] = hwc.conv %[[V4]], %[[ARG2]] : (tensor<1x64x1x1xf32>, tensor<10x64x1x1xf32>) -> tensor<1x10x1x1xf32>
// CHECK-NEXT: %[[V6:.*]] = hwc.reshape %[[V5]] {shape = array<i64: 1, 10>} : (tensor<1x10x1x1xf32>) -> tensor<1x10xf32>
// CHECK-NEXT: %[[V7:.*]] = hwc.reduce_mean %[[V2]] over [1, 2] {keepdims = false} : (tensor<1x12x12x64xf32>) -> tensor<1x64xf32>
// CHECK-NEXT: return %[[V6]], %[[V7]] : tensor<1x10xf32>, tensor<1x64xf32>
// CHECK-NEXT: }

func.func @classifier(%x: tensor<1x1x16x16xf32>, %w: tensor<64x1x5x5xf32>, %v: tensor<10x64x1x1xf32>) -> (tensor<1x10xf32>, tensor<1x64xf32>) {
  %0 = hwc.conv %x, %w : (tensor<1x1x16x16xf32>, tensor<64x1x5x5xf32>) -> tensor<1x64x12x12xf32>
  %1 = hwc.reduce_mean %0 over [2, 3] : (tensor<1x64x12x12xf32>) -> tensor<1x64x1x1xf32>
  %2 = hwc.conv %1, %v : (tensor<1x64x1x1xf32>, tensor<10x64x1x1xf32>) -> tensor<1x10x1x1xf32>
  %3 = hwc.reshape %2 {shape = array<i64: 1, 10>} : (tensor<1x10x1x1xf32>) -> tensor<1x10xf32>
  %4 = hwc.reduce_mean %0 over [2, 3] {keepdims = false} : (tensor<1x64x12x12xf32>) -> tensor<1x64xf32>
  return %3, %4 : tensor<1x10xf32>, tensor<1x64xf32>
}

// -----

// Transpositions of the graph are taken together with those of the order.

// CHECK-LABEL: func.func @sequence(
// CHECK-SAME: %[[ARG0:.*]]: tensor<1x16x16x64xf32>, %[[ARG1:.*]]: tensor<64x64x3x3xf32>) -> tensor<1x196x64xf32> {
// CHECK-NEXT: %[[V0:.*]] = hwc.transpose %[[ARG1]] {permutation = array<i64: 2, 3, 1, 0>} : (tensor<64x64x3x3xf32>) -> tensor<3x3x64x64xf32>
// CHECK-NEXT: %[[V1:.*]] = hwc.conv %[[ARG0]], %[[V0]] {channels_last = true} : (tensor<1x16x16x64xf32>, tensor<3x3x64x64xf32>) -> tensor<1x14x14x64xf32>
// CHECK-NEXT: %[[V2:.*]] = hwc.reshape %[[V1]] {shape = array<i64: 1, 196, 64>} : (tensor<1x14x14x64xf32>) -> tensor<1x196x64xf32>
// CHECK-NEXT: return %[[V2]] : tensor<1x196x64xf32>
// CHECK-NEXT: }

func.func @sequence(%x: tensor<1x16x16x64xf32>, %w: tensor<64x64x3x3xf32>) -> tensor<1x196x64xf32> {
  %0 = hwc.transpose %x {permutation = array<i64: 0, 3, 1, 2>} : (tensor<1x16x16x64xf32>) -> tensor<1x64x16x16xf32>
  %1 = hwc.conv %0, %w : (tensor<1x64x16x16xf32>, tensor<64x64x3x3xf32>) -> tensor<1x64x14x14xf32>
  %2 = hwc.reshape %1 {shape = array<i64: 1, 64, 196>} : (tensor<1x64x14x14xf32>) -> tensor<1x64x196xf32>
  %3 = hwc.transpose %2 {permutation = array<i64: 0, 2, 1>} : (tensor<1x64x196xf32>) -> tensor<1x196x64xf32>
  return %3 : tensor<1x196x64xf32>
}

// -----

// What a convolution would gain is less than what the transpositions cost; a model without convolutions stays as it is.

// CHECK-LABEL: func.func @small(
// CHECK-SAME: %[[ARG0:.*]]: tensor<1x4x64x64xf32>, %[[ARG1:.*]]: tensor<4x1x1x1xf32>) -> tensor<1x4x64x64xf32> {
// CHECK-NEXT: %[[V0:.*]] = hwc.conv %[[ARG0]], %[[ARG1]] {group = 4 : i64} : (tensor<1x4x64x64xf32>, tensor<4x1x1x1xf32>) -> tensor<1x4x64x64xf32>
// CHECK-NEXT: return %[[V0]] : tensor<1x4x64x64xf32>
// CHECK-NEXT: }

func.func @small(%x: tensor<1x4x64x64xf32>, %w: tensor<4x1x1x1xf32>) -> tensor<1x4x64x64xf32> {
  %0 = hwc.conv %x, %w {group = 4 : i64} : (tensor<1x4x64x64xf32>, tensor<4x1x1x1xf32>) -> tensor<1x4x64x64xf32>
  return %0 : tensor<1x4x64x64xf32>
}

// CHECK-LABEL: func.func @none(
// CHECK-SAME: %[[ARG0:.*]]: tensor<1x4x64x64xf32>) -> tensor<1x4x32x32xf32> {
// CHECK-NEXT: %[[V0:.*]] = hwc.relu %[[ARG0]] : (tensor<1x4x64x64xf32>) -> tensor<1x4x64x64xf32>
// CHECK-NEXT: %[[V1:.*]] = hwc.max_pool %[[V0]] {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>} : (tensor<1x4x64x64xf32>) -> tensor<1x4x32x32xf32>
// CHECK-NEXT: return %[[V1]] : tensor<1x4x32x32xf32>
// CHECK-NEXT: }

func.func @none(%x: tensor<1x4x64x64xf32>) -> tensor<1x4x32x32xf32> {
  %0 = hwc.relu %x : (tensor<1x4x64x64xf32>) -> tensor<1x4x64x64xf32>
  %1 = hwc.max_pool %0 {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>} : (tensor<1x4x64x64xf32>) -> tensor<1x4x32x32xf32>
  return %1 : tensor<1x4x32x32xf32>
}
