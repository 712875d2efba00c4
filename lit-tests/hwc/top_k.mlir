// RUN: hwc-opt %s --split-input-file --verify-diagnostics | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics --hwc-lower | FileCheck %s --check-prefix=LOWER

// CHECK-LABEL: func.func @largest
// CHECK: hwc.top_k %{{.*}} {k = 2 : i64} : (tensor<4x9xf32>) -> (tensor<4x2xf32>, tensor<4x2xi64>)
// LOWER-LABEL: func.func @largest
// LOWER: scf.for
// LOWER: arith.cmpf ugt,
// LOWER: scf.yield
func.func @largest(%a: tensor<4x9xf32>) -> (tensor<4x2xf32>, tensor<4x2xi64>) {
  %0, %1 = hwc.top_k %a {k = 2 : i64} : (tensor<4x9xf32>) -> (tensor<4x2xf32>, tensor<4x2xi64>)
  return %0, %1 : tensor<4x2xf32>, tensor<4x2xi64>
}

// CHECK-LABEL: func.func @smallest
// CHECK: hwc.top_k %{{.*}} {axis = 0 : i64, k = 4 : i64, largest = false}
// LOWER-LABEL: func.func @smallest
// LOWER: arith.cmpi slt, %{{.*}} : i16
func.func @smallest(%a: tensor<4x9xi16>) -> (tensor<4x9xi16>, tensor<4x9xi64>) {
  %0, %1 = hwc.top_k %a {axis = 0 : i64, k = 4 : i64, largest = false} : (tensor<4x9xi16>) -> (tensor<4x9xi16>, tensor<4x9xi64>)
  return %0, %1 : tensor<4x9xi16>, tensor<4x9xi64>
}

// CHECK-LABEL: func.func @none
// LOWER-LABEL: func.func @none
// LOWER: -> (tensor<4x0xf32>, tensor<4x0xi64>)
func.func @none(%a: tensor<4x9xf32>) -> (tensor<4x0xf32>, tensor<4x0xi64>) {
  %0, %1 = hwc.top_k %a {k = 0 : i64} : (tensor<4x9xf32>) -> (tensor<4x0xf32>, tensor<4x0xi64>)
  return %0, %1 : tensor<4x0xf32>, tensor<4x0xi64>
}

// -----

func.func @many(%a: tensor<4x9xf32>) {
  // expected-error @+1 {{needs `k` between 0 and 9 along axis 1 of 4x9xf32, got 10}}
  %0, %1 = hwc.top_k %a {k = 10 : i64} : (tensor<4x9xf32>) -> (tensor<4x10xf32>, tensor<4x10xi64>)
  return
}

// -----

func.func @types(%a: tensor<4xi1>) {
  // expected-error @+2 {{needs a numeric operand, got 4xi1}}
  // expected-error @+1 {{needs `k` between 0 and 4 along axis 0 of 4xi1, got -1}}
  %0, %1 = hwc.top_k %a {k = -1 : i64} : (tensor<4xi1>) -> (tensor<4xi1>, tensor<4xi64>)
  return
}
