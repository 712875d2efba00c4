// RUN: hwc-opt %s --split-input-file --verify-diagnostics | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics --hwc-lower | FileCheck %s --check-prefix=LOWER

// CHECK-LABEL: func.func @floats
// CHECK: hwc.relu %{{.*}} : (tensor<2x3xf32>) -> tensor<2x3xf32>
// LOWER-LABEL: func.func @floats
// LOWER: linalg.generic
// LOWER: arith.cmpf olt
// LOWER: arith.select
func.func @floats(%a: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = hwc.relu %a : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// CHECK-LABEL: func.func @narrow
// CHECK: hwc.relu %{{.*}} : (tensor<4xf16>) -> tensor<4xf16>
// LOWER-LABEL: func.func @narrow
// LOWER: arith.extf %{{.*}} : f16 to f32
// LOWER: arith.truncf %{{.*}} : f32 to f16
func.func @narrow(%a: tensor<4xf16>) -> tensor<4xf16> {
  %0 = hwc.relu %a : (tensor<4xf16>) -> tensor<4xf16>
  return %0 : tensor<4xf16>
}

// CHECK-LABEL: func.func @integers
// CHECK: hwc.relu %{{.*}} : (tensor<4xi8>) -> tensor<4xi8>
// LOWER-LABEL: func.func @integers
// LOWER: arith.cmpi slt
// LOWER: arith.select
func.func @integers(%a: tensor<4xi8>) -> tensor<4xi8> {
  %0 = hwc.relu %a : (tensor<4xi8>) -> tensor<4xi8>
  return %0 : tensor<4xi8>
}

// -----

func.func @types(%a: tensor<2x3xi1>) {
  // expected-error @+1 {{needs a numeric operand, got 2x3xi1}}
  %0 = hwc.relu %a : (tensor<2x3xi1>) -> tensor<2x3xi1>
  return
}

// -----

func.func @result(%a: tensor<2x3xf32>) {
  // expected-error @+1 {{has a result of type 3x2xf32, expected 2x3xf32}}
  %0 = hwc.relu %a : (tensor<2x3xf32>) -> tensor<3x2xf32>
  return
}
