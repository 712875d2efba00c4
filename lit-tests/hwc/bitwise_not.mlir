// RUN: hwc-opt %s --split-input-file --verify-diagnostics | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics --hwc-lower | FileCheck %s --check-prefix=LOWER

// CHECK-LABEL: func.func @integers
// CHECK: hwc.bitwise_not %{{.*}} : (tensor<2x3xi16>) -> tensor<2x3xi16>
// LOWER-LABEL: func.func @integers
// LOWER: arith.constant -1 : i16
// LOWER: arith.xori
func.func @integers(%a: tensor<2x3xi16>) -> tensor<2x3xi16> {
  %0 = hwc.bitwise_not %a : (tensor<2x3xi16>) -> tensor<2x3xi16>
  return %0 : tensor<2x3xi16>
}

// CHECK-LABEL: func.func @narrow
// CHECK: hwc.bitwise_not %{{.*}} : (tensor<2x3xui2>) -> tensor<2x3xui2>
// LOWER-LABEL: func.func @narrow
// LOWER: arith.xori
// LOWER: arith.constant 3 : i8
// LOWER: arith.andi
func.func @narrow(%a: tensor<2x3xui2>) -> tensor<2x3xui2> {
  %0 = hwc.bitwise_not %a : (tensor<2x3xui2>) -> tensor<2x3xui2>
  return %0 : tensor<2x3xui2>
}

// -----

func.func @types(%a: tensor<2x3xi1>) {
  // expected-error @+1 {{needs an integer operand, got 2x3xi1}}
  %0 = hwc.bitwise_not %a : (tensor<2x3xi1>) -> tensor<2x3xi1>
  return
}
