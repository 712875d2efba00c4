// RUN: hwc-opt %s --split-input-file --pass-pipeline='builtin.module(hwc-channels-last,hwc-fold-constants,hwc-winograd)' --mlir-elide-elementsattrs-if-larger=4 | FileCheck %s

// The filter is transformed here; what is left of the attributes is the padding.

// CHECK-LABEL: func.func @gains
// CHECK: %[[IMAGE:.*]] = hwc.transpose
// CHECK: %[[FILTER:.*]] = hwc.constant {{.*}} : tensor<6x6x32x32xf32>
// CHECK: hwc.winograd_conv %[[IMAGE]], %[[FILTER]] bias %{{.*}} {pads = array<i64: 1, 1, 1, 1>} : (tensor<1x28x28x32xf32>, tensor<6x6x32x32xf32>, tensor<32xf32>) -> tensor<1x28x28x32xf32>
// CHECK-NOT: hwc.conv
func.func @gains(%x: tensor<1x32x28x28xf32>, %b: tensor<32xf32>) -> tensor<1x32x28x28xf32> {
  %w = hwc.constant dense<0.5> : tensor<32x32x3x3xf32>
  %0 = hwc.conv %x, %w bias %b {pads = array<i64: 1, 1, 1, 1>} : (tensor<1x32x28x28xf32>, tensor<32x32x3x3xf32>, tensor<32xf32>) -> tensor<1x32x28x28xf32>
  return %0 : tensor<1x32x28x28xf32>
}

// -----

// What is not known, what is no window of three by three next to each other, and what is too little to gain.

// CHECK-LABEL: func.func @stays
// CHECK-NOT: hwc.winograd_conv
func.func @stays(%x: tensor<1x32x28x28xf32>, %w: tensor<32x32x3x3xf32>, %y: tensor<1x32x1x1xf32>)
    -> (tensor<1x32x28x28xf32>, tensor<1x32x14x14xf32>, tensor<1x32x24x24xf32>, tensor<1x32x28x28xf32>, tensor<1x32x24x24xf32>, tensor<1x32x1x1xf32>) {
  %three = hwc.constant dense<0.5> : tensor<32x32x3x3xf32>
  %five = hwc.constant dense<0.5> : tensor<32x32x5x5xf32>
  %half = hwc.constant dense<0.5> : tensor<32x16x3x3xf32>
  %0 = hwc.conv %x, %w {pads = array<i64: 1, 1, 1, 1>} : (tensor<1x32x28x28xf32>, tensor<32x32x3x3xf32>) -> tensor<1x32x28x28xf32>
  %1 = hwc.conv %x, %three {pads = array<i64: 1, 1, 1, 1>, strides = array<i64: 2, 2>} : (tensor<1x32x28x28xf32>, tensor<32x32x3x3xf32>) -> tensor<1x32x14x14xf32>
  %2 = hwc.conv %x, %five : (tensor<1x32x28x28xf32>, tensor<32x32x5x5xf32>) -> tensor<1x32x24x24xf32>
  %3 = hwc.conv %x, %half {group = 2 : i64, pads = array<i64: 1, 1, 1, 1>} : (tensor<1x32x28x28xf32>, tensor<32x16x3x3xf32>) -> tensor<1x32x28x28xf32>
  %4 = hwc.conv %x, %three {dilations = array<i64: 2, 2>} : (tensor<1x32x28x28xf32>, tensor<32x32x3x3xf32>) -> tensor<1x32x24x24xf32>
  %5 = hwc.conv %y, %three {pads = array<i64: 1, 1, 1, 1>} : (tensor<1x32x1x1xf32>, tensor<32x32x3x3xf32>) -> tensor<1x32x1x1xf32>
  return %0, %1, %2, %3, %4, %5 : tensor<1x32x28x28xf32>, tensor<1x32x14x14xf32>, tensor<1x32x24x24xf32>, tensor<1x32x28x28xf32>, tensor<1x32x24x24xf32>, tensor<1x32x1x1xf32>
}
