// RUN: hwc-opt %s --split-input-file --verify-diagnostics | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics --hwc-lower | FileCheck %s --check-prefix=LOWER

// CHECK-LABEL: func.func @places
// CHECK: hwc.max_unpool %{{.*}}, %{{.*}} {shape = array<i64: 1, 1, 4>}
// LOWER-LABEL: func.func @places
// LOWER: scf.for
// LOWER: arith.cmpi ult
// LOWER: scf.if
// LOWER: tensor.insert
func.func @places(%x: tensor<1x1x2xf32>, %i: tensor<1x1x2xi64>) -> tensor<1x1x4xf32> {
  %0 = hwc.max_unpool %x, %i {shape = array<i64: 1, 1, 4>} : (tensor<1x1x2xf32>, tensor<1x1x2xi64>) -> tensor<1x1x4xf32>
  return %0 : tensor<1x1x4xf32>
}

// -----

func.func @indices(%x: tensor<1x1x2xf32>, %i: tensor<1x1x3xi64>) {
  // expected-error @+1 {{needs `indices` of type 1x1x2xi64, got 1x1x3xi64}}
  %0 = hwc.max_unpool %x, %i {shape = array<i64: 1, 1, 4>} : (tensor<1x1x2xf32>, tensor<1x1x3xi64>) -> tensor<1x1x4xf32>
  return
}

// -----

func.func @shape(%x: tensor<1x1x2xf32>, %i: tensor<1x1x2xi64>) {
  // expected-error @+1 {{attribute `shape` has the negative element -4}}
  %0 = hwc.max_unpool %x, %i {shape = array<i64: 1, 1, -4>} : (tensor<1x1x2xf32>, tensor<1x1x2xi64>) -> tensor<1x1x4xf32>
  return
}
