// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file --pass-pipeline='builtin.module(hwc-lower)' | FileCheck %s --check-prefix=LOWER

// CHECK-LABEL: func.func @infers
// CHECK: hwc.reshape %{{.*}} {shape = array<i64: 4, -1>} : (tensor<2x6xf32>) -> tensor<4x3xf32>
// LOWER-LABEL: func.func @infers
// LOWER: tensor.collapse_shape %{{.*}} : tensor<2x6xf32> into tensor<12xf32>
// LOWER: tensor.expand_shape %{{.*}} : tensor<12xf32> into tensor<4x3xf32>
func.func @infers(%x: tensor<2x6xf32>) -> tensor<4x3xf32> {
  %0 = hwc.reshape %x {shape = array<i64: 4, -1>} : (tensor<2x6xf32>) -> tensor<4x3xf32>
  return %0 : tensor<4x3xf32>
}

// CHECK-LABEL: func.func @scalar
// LOWER-LABEL: func.func @scalar
// LOWER: tensor.collapse_shape %{{.*}} [] : tensor<1xi8> into tensor<i8>
func.func @scalar(%x: tensor<1xui8>) -> tensor<ui8> {
  %0 = hwc.reshape %x {shape = array<i64>} : (tensor<1xui8>) -> tensor<ui8>
  return %0 : tensor<ui8>
}

// -----

func.func @count(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{cannot give the 6 elements of 2x3xf32 the shape 4xf32 of 4}}
  %0 = hwc.reshape %x {shape = array<i64: 4>} : (tensor<2x3xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @entries(%x: tensor<2x3xf32>) {
  // expected-error @+2 {{has more than one entry -1 in `shape`}}
  // expected-error @+1 {{`shape` copies dimension 5 of 2x3xf32}}
  %0 = hwc.reshape %x {shape = array<i64: -1, -1, -7>} : (tensor<2x3xf32>) -> tensor<1x2x3xf32>
  return
}

// -----

func.func @nothing_to_divide(%x: tensor<0x3xf32>) {
  // expected-error @+1 {{cannot infer a dimension}}
  %0 = hwc.reshape %x {shape = array<i64: 0, -1>} : (tensor<0x3xf32>) -> tensor<0x3xf32>
  return
}
