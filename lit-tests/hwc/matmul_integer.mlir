// RUN: hwc-opt %s --split-input-file --verify-diagnostics | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics --hwc-lower | FileCheck %s --check-prefix=LOWER

// CHECK-LABEL: func.func @plain
// CHECK: hwc.matmul_integer %{{.*}}, %{{.*}} : (tensor<2x3xi8>, tensor<3x4xui8>) -> tensor<2x4xi32>
// LOWER-LABEL: func.func @plain
// LOWER: arith.extsi
// LOWER: arith.extui
// LOWER: arith.muli
// LOWER: arith.addi
func.func @plain(%a: tensor<2x3xi8>, %b: tensor<3x4xui8>) -> tensor<2x4xi32> {
  %0 = hwc.matmul_integer %a, %b : (tensor<2x3xi8>, tensor<3x4xui8>) -> tensor<2x4xi32>
  return %0 : tensor<2x4xi32>
}

// CHECK-LABEL: func.func @zeros
// CHECK: hwc.matmul_integer %{{.*}}, %{{.*}} lhs_zero %{{.*}} rhs_zero %{{.*}} : 
// LOWER-LABEL: func.func @zeros
// LOWER: arith.extui
// LOWER: arith.extui
// LOWER: arith.subi
// LOWER: arith.extsi
// LOWER: arith.extsi
// LOWER: arith.subi
// LOWER: arith.muli
func.func @zeros(%a: tensor<2x3xui8>, %b: tensor<3x4xi8>, %x: tensor<2x1xui8>, %y: tensor<4xi8>) -> tensor<2x4xi32> {
  %0 = hwc.matmul_integer %a, %b lhs_zero %x rhs_zero %y : (tensor<2x3xui8>, tensor<3x4xi8>, tensor<2x1xui8>, tensor<4xi8>) -> tensor<2x4xi32>
  return %0 : tensor<2x4xi32>
}

// -----

func.func @wide(%a: tensor<2x3xi16>, %b: tensor<3x4xi8>) {
  // expected-error @+1 {{needs operands of 8-bit integers, got 2x3xi16}}
  %0 = hwc.matmul_integer %a, %b : (tensor<2x3xi16>, tensor<3x4xi8>) -> tensor<2x4xi32>
  return
}

// -----

func.func @varies(%a: tensor<2x3xi8>, %b: tensor<3x4xi8>, %x: tensor<3xi8>) {
  // expected-error @+1 {{has the zero point 3xi8, which is not one value for all that is summed of 2x3xi8}}
  %0 = hwc.matmul_integer %a, %b lhs_zero %x : (tensor<2x3xi8>, tensor<3x4xi8>, tensor<3xi8>) -> tensor<2x4xi32>
  return
}

// -----

func.func @zero(%a: tensor<2x3xi8>, %b: tensor<3x4xi8>, %x: tensor<ui8>) {
  // expected-error @+1 {{needs a zero point of the type of 3x4xi8, got ui8}}
  %0 = hwc.matmul_integer %a, %b rhs_zero %x : (tensor<2x3xi8>, tensor<3x4xi8>, tensor<ui8>) -> tensor<2x4xi32>
  return
}
