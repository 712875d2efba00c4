// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file --pass-pipeline='builtin.module(hwc-lower)' | FileCheck %s --check-prefix=LOWER

// CHECK-LABEL: func.func @value
// CHECK: hwc.pad %{{.*}} value %{{.*}} {high = array<i64: 0, 2>, low = array<i64: 1, -1>} : (tensor<2x3xf32>, tensor<f32>) -> tensor<3x4xf32>
// LOWER-LABEL: func.func @value
// LOWER: %[[VALUE:.*]] = tensor.extract
// LOWER: linalg.fill ins(%[[VALUE]] : f32)
// LOWER: tensor.extract_slice %{{.*}}[0, 1] [2, 2] [1, 1]
// LOWER: tensor.insert_slice %{{.*}}[1, 0] [2, 2] [1, 1]
func.func @value(%x: tensor<2x3xf32>, %v: tensor<f32>) -> tensor<3x4xf32> {
  %0 = hwc.pad %x value %v {low = array<i64: 1, -1>, high = array<i64: 0, 2>} : (tensor<2x3xf32>, tensor<f32>) -> tensor<3x4xf32>
  return %0 : tensor<3x4xf32>
}

// -----

// CHECK-LABEL: func.func @mirrored
// CHECK: hwc.pad %{{.*}} {high = array<i64: 1>, low = array<i64: 2>, mode = "reflect"} : (tensor<4xf32>) -> tensor<7xf32>
// Two elements backwards, then all that are there, then one backwards again.
// LOWER-LABEL: func.func @mirrored
// LOWER: linalg.generic
// LOWER: tensor.extract_slice
// LOWER: tensor.extract_slice
// LOWER-COUNT-3: tensor.insert_slice
func.func @mirrored(%x: tensor<4xf32>) -> tensor<7xf32> {
  %0 = hwc.pad %x {low = array<i64: 2>, high = array<i64: 1>, mode = "reflect"} : (tensor<4xf32>) -> tensor<7xf32>
  return %0 : tensor<7xf32>
}

// -----

func.func @many(%x: tensor<2x3xf32>, %v: tensor<2xi32>) {
  // expected-error @+4 {{`low` has 1 entries, needs one per dimension, 2}}
  // expected-error @+3 {{has the mode `mirror`, which is none of constant, edge, reflect, wrap}}
  // expected-error @+2 {{of another element type}}
  // expected-error @+1 {{pads with 2xi32, which must have one element}}
  %0 = hwc.pad %x value %v {low = array<i64: 1>, high = array<i64: 0, 0>, mode = "mirror"} : (tensor<2x3xf32>, tensor<2xi32>) -> tensor<3x3xf32>
  return
}

// -----

func.func @nothing_to_repeat(%x: tensor<0xf32>) {
  // expected-error @+1 {{has no element on axis 0 to pad with in mode `edge`}}
  %0 = hwc.pad %x {low = array<i64: 1>, high = array<i64: 0>, mode = "edge"} : (tensor<0xf32>) -> tensor<1xf32>
  return
}

// -----

func.func @too_much(%x: tensor<3xf32>) {
  // expected-error @+1 {{takes more elements from axis 0 of 3xf32 than it has}}
  %0 = hwc.pad %x {low = array<i64: -2>, high = array<i64: -2>} : (tensor<3xf32>) -> tensor<0xf32>
  return
}
