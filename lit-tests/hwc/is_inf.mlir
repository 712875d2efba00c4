// RUN: hwc-opt %s --split-input-file --verify-diagnostics | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics --hwc-lower | FileCheck %s --check-prefix=LOWER

// CHECK-LABEL: func.func @both
// CHECK: hwc.is_inf %{{.*}} : (tensor<2x3xf32>) -> tensor<2x3xi1>
// LOWER-LABEL: func.func @both
// LOWER: arith.constant 0x7F800000
// LOWER: arith.cmpf oeq
// LOWER: arith.constant 0xFF800000
// LOWER: arith.cmpf oeq
// LOWER: arith.ori
func.func @both(%a: tensor<2x3xf32>) -> tensor<2x3xi1> {
  %0 = hwc.is_inf %a : (tensor<2x3xf32>) -> tensor<2x3xi1>
  return %0 : tensor<2x3xi1>
}

// CHECK-LABEL: func.func @positive
// CHECK: hwc.is_inf %{{.*}} {negative = false} : (tensor<2x3xf16>) -> tensor<2x3xi1>
// LOWER-LABEL: func.func @positive
// LOWER: arith.constant 0x7F800000
// LOWER: arith.cmpf oeq
// LOWER: linalg.yield
func.func @positive(%a: tensor<2x3xf16>) -> tensor<2x3xi1> {
  %0 = hwc.is_inf %a {negative = false} : (tensor<2x3xf16>) -> tensor<2x3xi1>
  return %0 : tensor<2x3xi1>
}

// CHECK-LABEL: func.func @neither
// CHECK: hwc.is_inf %{{.*}} {negative = false, positive = false} : (tensor<2x3xf32>) -> tensor<2x3xi1>
// LOWER-LABEL: func.func @neither
// LOWER: arith.constant false
// LOWER: linalg.yield
func.func @neither(%a: tensor<2x3xf32>) -> tensor<2x3xi1> {
  %0 = hwc.is_inf %a {negative = false, positive = false} : (tensor<2x3xf32>) -> tensor<2x3xi1>
  return %0 : tensor<2x3xi1>
}

// -----

func.func @types(%a: tensor<2x3xi8>) {
  // expected-error @+1 {{needs a floating-point operand, got 2x3xi8}}
  %0 = hwc.is_inf %a : (tensor<2x3xi8>) -> tensor<2x3xi1>
  return
}
