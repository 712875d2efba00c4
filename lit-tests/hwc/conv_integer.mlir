// RUN: hwc-opt %s --split-input-file --verify-diagnostics | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics --hwc-lower | FileCheck %s --check-prefix=LOWER

// What is padded holds the zero point.
// CHECK-LABEL: func.func @zeros
// CHECK: hwc.conv_integer %{{.*}}, %{{.*}} input_zero %{{.*}} filter_zero %{{.*}} {pads = array<i64: 1, 1>}
// LOWER-LABEL: func.func @zeros
// LOWER: %[[Z:.*]] = tensor.extract
// LOWER: linalg.fill ins(%[[Z]] : i8)
// LOWER: tensor.insert_slice
// LOWER: arith.subi
// LOWER: arith.subi
// LOWER: arith.muli
func.func @zeros(%x: tensor<1x1x4xui8>, %w: tensor<2x1x3xi8>, %a: tensor<ui8>, %b: tensor<2xi8>) -> tensor<1x2x4xi32> {
  %0 = hwc.conv_integer %x, %w input_zero %a filter_zero %b {pads = array<i64: 1, 1>} : (tensor<1x1x4xui8>, tensor<2x1x3xi8>, tensor<ui8>, tensor<2xi8>) -> tensor<1x2x4xi32>
  return %0 : tensor<1x2x4xi32>
}

// CHECK-LABEL: func.func @plain
// CHECK: hwc.conv_integer %{{.*}}, %{{.*}} : 
// LOWER-LABEL: func.func @plain
// LOWER-NOT: arith.subi
func.func @plain(%x: tensor<1x1x4xi8>, %w: tensor<2x1x3xi8>) -> tensor<1x2x2xi32> {
  %0 = hwc.conv_integer %x, %w : (tensor<1x1x4xi8>, tensor<2x1x3xi8>) -> tensor<1x2x2xi32>
  return %0 : tensor<1x2x2xi32>
}

// -----

func.func @zero(%x: tensor<1x1x4xui8>, %w: tensor<2x1x3xi8>, %a: tensor<2xui8>) {
  // expected-error @+1 {{needs one zero point of the type of the input 1x1x4xui8, got 2xui8}}
  %0 = hwc.conv_integer %x, %w input_zero %a : (tensor<1x1x4xui8>, tensor<2x1x3xi8>, tensor<2xui8>) -> tensor<1x2x2xi32>
  return
}

// -----

func.func @each(%x: tensor<1x1x4xui8>, %w: tensor<2x1x3xi8>, %a: tensor<3xi8>) {
  // expected-error @+1 {{needs a `filter_zero` of type 2xi8, got 3xi8}}
  %0 = hwc.conv_integer %x, %w filter_zero %a : (tensor<1x1x4xui8>, tensor<2x1x3xi8>, tensor<3xi8>) -> tensor<1x2x2xi32>
  return
}

// -----

func.func @floats(%x: tensor<1x1x4xf32>, %w: tensor<2x1x3xi8>) {
  // expected-error @+1 {{needs operands of 8-bit integers, got 1x1x4xf32}}
  %0 = hwc.conv_integer %x, %w : (tensor<1x1x4xf32>, tensor<2x1x3xi8>) -> tensor<1x2x2xi32>
  return
}
