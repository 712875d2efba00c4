// RUN: hwc-opt %s --split-input-file --verify-diagnostics | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file | FileCheck %s

// CHECK-LABEL: func.func @broadcast
// CHECK: hwc.add %{{.*}}, %{{.*}} : (tensor<2x1xf32>, tensor<3xf32>) -> tensor<2x3xf32>
func.func @broadcast(%a: tensor<2x1xf32>, %b: tensor<3xf32>) -> tensor<2x3xf32> {
  %0 = hwc.add %a, %b : (tensor<2x1xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// CHECK-LABEL: func.func @symbolic
// CHECK: -> tensor<?x3xf32, ["batch", ""]>
func.func @symbolic(%a: tensor<?x3xf32, ["batch", ""]>, %b: tensor<3xf32>) -> tensor<?x3xf32, ["batch", ""]> {
  %0 = hwc.add %a, %b : (tensor<?x3xf32, ["batch", ""]>, tensor<3xf32>) -> tensor<?x3xf32, ["batch", ""]>
  return %0 : tensor<?x3xf32, ["batch", ""]>
}

// -----

func.func @shapes(%a: tensor<2xf32>, %b: tensor<3xf32>) {
  // expected-error @+1 {{cannot broadcast a dimension of 2 with one of 3}}
  %0 = hwc.add %a, %b : (tensor<2xf32>, tensor<3xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @types(%a: tensor<2xf32>, %b: tensor<2xi32>) {
  // expected-error @+1 {{needs two operands of one numeric type, got 2xf32 and 2xi32}}
  %0 = hwc.add %a, %b : (tensor<2xf32>, tensor<2xi32>) -> tensor<2xf32>
  return
}

// -----

func.func @result(%a: tensor<2xf32>) {
  // expected-error @+1 {{has a result of type 3xf32, expected 2xf32}}
  %0 = hwc.add %a, %a : (tensor<2xf32>, tensor<2xf32>) -> tensor<3xf32>
  return
}
