// RUN: hwc-opt %s --split-input-file --verify-diagnostics | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics --hwc-lower | FileCheck %s --check-prefix=LOWER

// CHECK-LABEL: func.func @tensor
// CHECK: hwc.dequantize_linear %{{.*}}, %{{.*}} zero_point %{{.*}} {to = f32} : (tensor<2x3xui8>, tensor<f32>, tensor<ui8>) -> tensor<2x3xf32>
// LOWER-LABEL: func.func @tensor
// LOWER: arith.extui
// LOWER: arith.subi
// LOWER: arith.sitofp
// LOWER: arith.mulf
func.func @tensor(%a: tensor<2x3xui8>, %b: tensor<f32>, %c: tensor<ui8>) -> tensor<2x3xf32> {
  %0 = hwc.dequantize_linear %a, %b zero_point %c {to = f32} : (tensor<2x3xui8>, tensor<f32>, tensor<ui8>) -> tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// CHECK-LABEL: func.func @channels
// CHECK: hwc.dequantize_linear %{{.*}}, %{{.*}} {axis = 0 : i64, to = f32} : (tensor<2x3xi32>, tensor<2xf32>) -> tensor<2x3xf32>
// LOWER-LABEL: func.func @channels
// LOWER: arith.sitofp %{{.*}} : i32 to f64
// LOWER: arith.mulf
func.func @channels(%a: tensor<2x3xi32>, %b: tensor<2xf32>) -> tensor<2x3xf32> {
  %0 = hwc.dequantize_linear %a, %b {axis = 0 : i64, to = f32} : (tensor<2x3xi32>, tensor<2xf32>) -> tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// CHECK-LABEL: func.func @blocks
// CHECK: hwc.dequantize_linear %{{.*}}, %{{.*}} {block_size = 2 : i64, to = bf16} : (tensor<2x5xf4E2M1FN>, tensor<2x3xf8E8M0FNU>) -> tensor<2x5xbf16>
// LOWER-LABEL: func.func @blocks
// LOWER: arith.mulf
// LOWER: arith.bitcast %{{.*}} : i16 to bf16
func.func @blocks(%a: tensor<2x5xf4E2M1FN>, %b: tensor<2x3xf8E8M0FNU>) -> tensor<2x5xbf16> {
  %0 = hwc.dequantize_linear %a, %b {block_size = 2 : i64, to = bf16} : (tensor<2x5xf4E2M1FN>, tensor<2x3xf8E8M0FNU>) -> tensor<2x5xbf16>
  return %0 : tensor<2x5xbf16>
}

// -----

func.func @types(%a: tensor<2x3xf32>, %b: tensor<f32>) {
  // expected-error @+2 {{cannot dequantize 2x3xf32}}
  // expected-error @+1 {{cannot dequantize to i8}}
  %0 = hwc.dequantize_linear %a, %b {to = i8} : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xi8>
  return
}

// -----

func.func @axis(%a: tensor<2x3xi8>, %b: tensor<3xf32>) {
  // expected-error @+1 {{axis 2 is outside of rank 2}}
  %0 = hwc.dequantize_linear %a, %b {axis = 2 : i64, to = f32} : (tensor<2x3xi8>, tensor<3xf32>) -> tensor<2x3xf32>
  return
}
