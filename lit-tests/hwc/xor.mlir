// RUN: hwc-opt %s --split-input-file --verify-diagnostics | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics --hwc-lower | FileCheck %s --check-prefix=LOWER

// CHECK-LABEL: func.func @broadcast
// CHECK: hwc.xor %{{.*}}, %{{.*}} : (tensor<2x1xi1>, tensor<3xi1>) -> tensor<2x3xi1>
// LOWER-LABEL: func.func @broadcast
// LOWER: arith.xori %{{.*}}, %{{.*}} : i1
func.func @broadcast(%a: tensor<2x1xi1>, %b: tensor<3xi1>) -> tensor<2x3xi1> {
  %0 = hwc.xor %a, %b : (tensor<2x1xi1>, tensor<3xi1>) -> tensor<2x3xi1>
  return %0 : tensor<2x3xi1>
}

// -----

func.func @types(%a: tensor<2xi8>, %b: tensor<2xi8>) {
  // expected-error @+1 {{needs two operands of one type i1, got 2xi8 and 2xi8}}
  %0 = hwc.xor %a, %b : (tensor<2xi8>, tensor<2xi8>) -> tensor<2xi8>
  return
}

// -----

func.func @shapes(%a: tensor<2xi1>, %b: tensor<3xi1>) {
  // expected-error @+1 {{cannot broadcast a dimension of 2 with one of 3}}
  %0 = hwc.xor %a, %b : (tensor<2xi1>, tensor<3xi1>) -> tensor<3xi1>
  return
}
