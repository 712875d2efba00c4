// RUN: hwc-opt %s --split-input-file --pass-pipeline='builtin.module(hwc-pad-images)' | FileCheck %s
// RUN: hwc-opt %s --split-input-file --pass-pipeline='builtin.module(hwc-pad-images,hwc-form-kernels)' | FileCheck %s --check-prefix=KERNELS

// The image is made with its border, in the kernel that makes it.

// CHECK-LABEL: func.func @chain
// CHECK: %[[IMAGE:.*]] = hwc.relu
// CHECK-NEXT: %[[PADDED:.*]] = hwc.pad %[[IMAGE]] {high = array<i64: 0, 2, 1, 0>, low = array<i64: 0, 0, 1, 0>} : (tensor<1x8x8x16xf32>) -> tensor<1x10x10x16xf32>
// CHECK-NEXT: hwc.conv %[[PADDED]], %{{.*}} {channels_last = true, pads = array<i64: 0, 0, 0, 0>} : (tensor<1x10x10x16xf32>
// CHECK-NEXT: hwc.winograd_conv %[[PADDED]], %{{.*}} {pads = array<i64: 0, 0, 0, 0>} : (tensor<1x10x10x16xf32>
// KERNELS-LABEL: hwk.kernel @conv_0
// KERNELS-NEXT: hwc.conv
// KERNELS-NEXT: hwc.relu
// KERNELS-NEXT: hwc.pad
// KERNELS-NEXT: hwk.yield %{{.*}} : tensor<1x10x10x16xf32>
func.func @chain(%x: tensor<1x8x8x16xf32>, %w: tensor<1x1x16x16xf32>, %v: tensor<3x3x16x16xf32>, %u: tensor<6x6x16x16xf32>) -> (tensor<1x8x8x16xf32>, tensor<1x8x8x16xf32>) {
  %0 = hwc.conv %x, %w {channels_last = true} : (tensor<1x8x8x16xf32>, tensor<1x1x16x16xf32>) -> tensor<1x8x8x16xf32>
  %1 = hwc.relu %0 : (tensor<1x8x8x16xf32>) -> tensor<1x8x8x16xf32>
  %2 = hwc.conv %1, %v {channels_last = true, pads = array<i64: 0, 1, 2, 1>} : (tensor<1x8x8x16xf32>, tensor<3x3x16x16xf32>) -> tensor<1x8x8x16xf32>
  %3 = hwc.winograd_conv %1, %u {pads = array<i64: 0, 1, 2, 1>} : (tensor<1x8x8x16xf32>, tensor<6x6x16x16xf32>) -> tensor<1x8x8x16xf32>
  return %2, %3 : tensor<1x8x8x16xf32>, tensor<1x8x8x16xf32>
}

// -----

// Nobody makes the first image; others want the second as it is, or with another border; the last one is padded to whole
// tiles anyway.

// CHECK-LABEL: func.func @stays
// CHECK-NOT: hwc.pad
func.func @stays(%x: tensor<1x6x6x16xf32>, %v: tensor<3x3x16x16xf32>, %u: tensor<6x6x16x16xf32>) -> (tensor<1x6x6x16xf32>, tensor<1x6x6x16xf32>, tensor<1x4x8x16xf32>, tensor<1x6x6x16xf32>) {
  %0 = hwc.conv %x, %v {channels_last = true, pads = array<i64: 1, 1, 1, 1>} : (tensor<1x6x6x16xf32>, tensor<3x3x16x16xf32>) -> tensor<1x6x6x16xf32>
  %1 = hwc.relu %0 : (tensor<1x6x6x16xf32>) -> tensor<1x6x6x16xf32>
  %2 = hwc.conv %1, %v {channels_last = true, pads = array<i64: 1, 1, 1, 1>} : (tensor<1x6x6x16xf32>, tensor<3x3x16x16xf32>) -> tensor<1x6x6x16xf32>
  %3 = hwc.conv %1, %v {channels_last = true, pads = array<i64: 0, 2, 0, 2>} : (tensor<1x6x6x16xf32>, tensor<3x3x16x16xf32>) -> tensor<1x4x8x16xf32>
  %4 = hwc.sigmoid %2 : (tensor<1x6x6x16xf32>) -> tensor<1x6x6x16xf32>
  %5 = hwc.winograd_conv %4, %u {pads = array<i64: 1, 1, 1, 1>} : (tensor<1x6x6x16xf32>, tensor<6x6x16x16xf32>) -> tensor<1x6x6x16xf32>
  return %0, %2, %3, %5 : tensor<1x6x6x16xf32>, tensor<1x6x6x16xf32>, tensor<1x4x8x16xf32>, tensor<1x6x6x16xf32>
}
