// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file | FileCheck %s

// Names of dimensions go through operators that move elements.

// CHECK-LABEL: func.func @moved
func.func @moved(%x: tensor<?x4xf32, ["batch", ""]>, %at: tensor<?xi64, ["batch"]>) {
  // CHECK: hwc.slice {{.*}} -> tensor<?x2xf32, ["batch", ""]>
  %0 = hwc.slice %x {axes = array<i64: 1>, starts = array<i64: 1>, ends = array<i64: 3>, steps = array<i64: 1>} : (tensor<?x4xf32, ["batch", ""]>) -> tensor<?x2xf32, ["batch", ""]>
  // CHECK: hwc.concat {{.*}} -> tensor<?x6xf32, ["batch", ""]>
  %1 = hwc.concat %x, %0 {axis = 1 : i64} : (tensor<?x4xf32, ["batch", ""]>, tensor<?x2xf32, ["batch", ""]>) -> tensor<?x6xf32, ["batch", ""]>
  // CHECK: hwc.pad {{.*}} -> tensor<?x7xf32, ["batch", ""]>
  %2 = hwc.pad %1 {low = array<i64: 0, 1>, high = array<i64: 0, 0>} : (tensor<?x6xf32, ["batch", ""]>) -> tensor<?x7xf32, ["batch", ""]>
  // CHECK: hwc.transpose {{.*}} -> tensor<7x?xf32, ["", "batch"]>
  %3 = hwc.transpose %2 {permutation = array<i64: 1, 0>} : (tensor<?x7xf32, ["batch", ""]>) -> tensor<7x?xf32, ["", "batch"]>
  // CHECK: hwc.expand {{.*}} -> tensor<1x7x?xf32, ["", "", "batch"]>
  %4 = hwc.expand %3 {shape = array<i64: 1, 1, 1>} : (tensor<7x?xf32, ["", "batch"]>) -> tensor<1x7x?xf32, ["", "", "batch"]>
  // CHECK: hwc.gather {{.*}} -> tensor<1x7x?xf32, ["", "", "batch"]>
  %5 = hwc.gather %4, %at {axis = 2 : i64} : (tensor<1x7x?xf32, ["", "", "batch"]>, tensor<?xi64, ["batch"]>) -> tensor<1x7x?xf32, ["", "", "batch"]>
  // CHECK: hwc.tile {{.*}} -> tensor<2x7x?xf32, ["", "", "batch"]>
  %6 = hwc.tile %5 {repeats = array<i64: 2, 1, 1>} : (tensor<1x7x?xf32, ["", "", "batch"]>) -> tensor<2x7x?xf32, ["", "", "batch"]>
  return
}

// -----

// Dimensions that are copied keep their names, and so does what remains.

// CHECK-LABEL: func.func @symbolic
// CHECK: hwc.reshape %{{.*}} {shape = array<i64: -2, 8, -1>}
// CHECK: hwc.reshape %{{.*}} {shape = array<i64: -1, 32>}
func.func @symbolic(%x: tensor<?x32xf32, ["batch", ""]>) -> tensor<?x32xf32, ["batch", ""]> {
  %0 = hwc.reshape %x {shape = array<i64: -2, 8, -1>} : (tensor<?x32xf32, ["batch", ""]>) -> tensor<?x8x4xf32, ["batch", "", ""]>
  %1 = hwc.reshape %0 {shape = array<i64: -1, 32>} : (tensor<?x8x4xf32, ["batch", "", ""]>) -> tensor<?x32xf32, ["batch", ""]>
  return %1 : tensor<?x32xf32, ["batch", ""]>
}

// -----

// Axes that are not resized keep their names.

// CHECK-LABEL: func.func @symbolic
func.func @symbolic(%x: tensor<?x4xf32, ["batch", ""]>) -> tensor<?x6xf32, ["batch", ""]> {
  %0 = hwc.resize %x {axes = array<i64: 1>, sizes = array<i64: 6>} : (tensor<?x4xf32, ["batch", ""]>) -> tensor<?x6xf32, ["batch", ""]>
  return %0 : tensor<?x6xf32, ["batch", ""]>
}

// -----

func.func @clash(%x: tensor<?x4xf32, ["batch", ""]>) {
  // expected-error @+1 {{has a result of type ?x3xf32, expected batchx2xf32}}
  %0 = hwc.slice %x {axes = array<i64: 1>, starts = array<i64: 1>, ends = array<i64: 3>, steps = array<i64: 1>} : (tensor<?x4xf32, ["batch", ""]>) -> tensor<?x3xf32>
  return
}
