// RUN: hwc-opt %s --split-input-file --verify-diagnostics | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics --hwc-lower | FileCheck %s --check-prefix=LOWER

// CHECK-LABEL: func.func @channels
// CHECK: hwc.prelu %{{.*}}, %{{.*}} : (tensor<2x3x4xf32>, tensor<3x1xf32>) -> tensor<2x3x4xf32>
// LOWER-LABEL: func.func @channels
// LOWER: arith.cmpf olt
// LOWER: arith.mulf
// LOWER: arith.select
func.func @channels(%a: tensor<2x3x4xf32>, %b: tensor<3x1xf32>) -> tensor<2x3x4xf32> {
  %0 = hwc.prelu %a, %b : (tensor<2x3x4xf32>, tensor<3x1xf32>) -> tensor<2x3x4xf32>
  return %0 : tensor<2x3x4xf32>
}

// CHECK-LABEL: func.func @integers
// CHECK: hwc.prelu %{{.*}}, %{{.*}} : (tensor<4xi32>, tensor<1xi32>) -> tensor<4xi32>
// LOWER-LABEL: func.func @integers
// LOWER: arith.cmpi slt
// LOWER: arith.muli
// LOWER: arith.select
func.func @integers(%a: tensor<4xi32>, %b: tensor<1xi32>) -> tensor<4xi32> {
  %0 = hwc.prelu %a, %b : (tensor<4xi32>, tensor<1xi32>) -> tensor<4xi32>
  return %0 : tensor<4xi32>
}

// -----

func.func @wider(%a: tensor<3xf32>, %b: tensor<2x3xf32>) {
  // expected-error @+1 {{has a slope 2x3xf32 that does not broadcast to the operand 3xf32}}
  %0 = hwc.prelu %a, %b : (tensor<3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @types(%a: tensor<2x3xf32>, %b: tensor<2x3xf64>) {
  // expected-error @+1 {{needs two operands of one numeric type, got 2x3xf32 and 2x3xf64}}
  %0 = hwc.prelu %a, %b : (tensor<2x3xf32>, tensor<2x3xf64>) -> tensor<2x3xf32>
  return
}
