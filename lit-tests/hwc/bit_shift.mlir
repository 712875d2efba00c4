// RUN: hwc-opt %s --split-input-file --verify-diagnostics | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics --hwc-lower | FileCheck %s --check-prefix=LOWER

// CHECK-LABEL: func.func @left
// CHECK: hwc.bit_shift %{{.*}}, %{{.*}} {left = true} : (tensor<2x1xui8>, tensor<3xui8>) -> tensor<2x3xui8>
// LOWER-LABEL: func.func @left
// LOWER: arith.constant 8 : i8
// LOWER: arith.cmpi ult
// LOWER: arith.shli
// LOWER: arith.select
func.func @left(%a: tensor<2x1xui8>, %b: tensor<3xui8>) -> tensor<2x3xui8> {
  %0 = hwc.bit_shift %a, %b {left = true} : (tensor<2x1xui8>, tensor<3xui8>) -> tensor<2x3xui8>
  return %0 : tensor<2x3xui8>
}

// CHECK-LABEL: func.func @right
// CHECK: hwc.bit_shift %{{.*}}, %{{.*}} {left = false} : (tensor<2x3xui64>, tensor<2x3xui64>) -> tensor<2x3xui64>
// LOWER-LABEL: func.func @right
// LOWER: arith.constant 64 : i64
// LOWER: arith.cmpi ult
// LOWER: arith.shrui
// LOWER: arith.select
func.func @right(%a: tensor<2x3xui64>, %b: tensor<2x3xui64>) -> tensor<2x3xui64> {
  %0 = hwc.bit_shift %a, %b {left = false} : (tensor<2x3xui64>, tensor<2x3xui64>) -> tensor<2x3xui64>
  return %0 : tensor<2x3xui64>
}

// -----

func.func @types(%a: tensor<2x3xi32>, %b: tensor<2x3xi32>) {
  // expected-error @+1 {{needs two operands of one unsigned type, got 2x3xi32 and 2x3xi32}}
  %0 = hwc.bit_shift %a, %b {left = true} : (tensor<2x3xi32>, tensor<2x3xi32>) -> tensor<2x3xi32>
  return
}

// -----

func.func @direction(%a: tensor<2x3xui8>, %b: tensor<2x3xui8>) {
  // expected-error @+1 {{requires attribute 'left'}}
  %0 = hwc.bit_shift %a, %b : (tensor<2x3xui8>, tensor<2x3xui8>) -> tensor<2x3xui8>
  return
}
