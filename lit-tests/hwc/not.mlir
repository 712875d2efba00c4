// RUN: hwc-opt %s --split-input-file --verify-diagnostics | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics --hwc-lower | FileCheck %s --check-prefix=LOWER

// CHECK-LABEL: func.func @flags
// CHECK: hwc.not %{{.*}} : (tensor<2x3xi1>) -> tensor<2x3xi1>
// LOWER-LABEL: func.func @flags
// LOWER: arith.xori %{{.*}}, %{{.*}} : i1
func.func @flags(%a: tensor<2x3xi1>) -> tensor<2x3xi1> {
  %0 = hwc.not %a : (tensor<2x3xi1>) -> tensor<2x3xi1>
  return %0 : tensor<2x3xi1>
}

// -----

func.func @types(%a: tensor<2x3xi8>) {
  // expected-error @+1 {{needs an operand of i1, got 2x3xi8}}
  %0 = hwc.not %a : (tensor<2x3xi8>) -> tensor<2x3xi8>
  return
}
