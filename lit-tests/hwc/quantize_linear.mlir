// RUN: hwc-opt %s --split-input-file --verify-diagnostics | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics --hwc-lower | FileCheck %s --check-prefix=LOWER

// CHECK-LABEL: func.func @tensor
// CHECK: hwc.quantize_linear %{{.*}}, %{{.*}} zero_point %{{.*}} {to = ui8} : (tensor<2x3xf32>, tensor<f32>, tensor<ui8>) -> tensor<2x3xui8>
// LOWER-LABEL: func.func @tensor
// LOWER: arith.divf
// LOWER: math.roundeven
// LOWER: arith.uitofp
// LOWER: arith.addf
// LOWER: arith.fptosi
func.func @tensor(%a: tensor<2x3xf32>, %b: tensor<f32>, %c: tensor<ui8>) -> tensor<2x3xui8> {
  %0 = hwc.quantize_linear %a, %b zero_point %c {to = ui8} : (tensor<2x3xf32>, tensor<f32>, tensor<ui8>) -> tensor<2x3xui8>
  return %0 : tensor<2x3xui8>
}

// CHECK-LABEL: func.func @channels
// CHECK: hwc.quantize_linear %{{.*}}, %{{.*}} {to = i16} : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xi16>
// LOWER-LABEL: func.func @channels
// LOWER: arith.divf
// LOWER: math.roundeven
// LOWER: arith.constant -3.276800e+04
// LOWER: arith.constant 3.276700e+04
// LOWER: arith.fptosi
func.func @channels(%a: tensor<2x3xf32>, %b: tensor<3xf32>) -> tensor<2x3xi16> {
  %0 = hwc.quantize_linear %a, %b {to = i16} : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xi16>
  return %0 : tensor<2x3xi16>
}

// CHECK-LABEL: func.func @blocks
// CHECK: hwc.quantize_linear %{{.*}}, %{{.*}} {axis = -1 : i64, block_size = 2 : i64, to = f8E4M3FN} : (tensor<2x4xf16>, tensor<2x2xf16>) -> tensor<2x4xf8E4M3FN>
// LOWER-LABEL: func.func @blocks
// LOWER: arith.divf
// LOWER: arith.trunci %{{.*}} : i32 to i8
func.func @blocks(%a: tensor<2x4xf16>, %b: tensor<2x2xf16>) -> tensor<2x4xf8E4M3FN> {
  %0 = hwc.quantize_linear %a, %b {axis = -1 : i64, block_size = 2 : i64, to = f8E4M3FN} : (tensor<2x4xf16>, tensor<2x2xf16>) -> tensor<2x4xf8E4M3FN>
  return %0 : tensor<2x4xf8E4M3FN>
}

// -----

func.func @everything(%a: tensor<4xi8>, %b: tensor<3xi1>, %c: tensor<2xi8>) {
  // expected-error @+7 {{needs an operand of f16, bf16, f32, f64 or i32, got 4xi8}}
  // expected-error @+6 {{cannot quantize to f32}}
  // expected-error @+5 {{needs a zero point of the type of the result, f32, got 2xi8}}
  // expected-error @+4 {{cannot divide in i8}}
  // expected-error @+3 {{needs a scale of f16, bf16, f32, f64, f8E8M0FNU or i32, got 3xi1}}
  // expected-error @+2 {{has a scale 3xi1 that is neither of one element nor one per index of axis 0 of 4xi8}}
  // expected-error @+1 {{has a zero point 2xi8 and a scale 3xi1 of different shapes}}
  %0 = hwc.quantize_linear %a, %b zero_point %c {axis = 0 : i64, precision = i8, to = f32} : (tensor<4xi8>, tensor<3xi1>, tensor<2xi8>) -> tensor<4xf32>
  return
}

// -----

func.func @blocks(%a: tensor<2x5xf32>, %b: tensor<2x2xf32>) {
  // expected-error @+1 {{has a scale 2x2xf32 that is not one per 2 indices of axis 1 of 2x5xf32}}
  %0 = hwc.quantize_linear %a, %b {block_size = 2 : i64, to = i8} : (tensor<2x5xf32>, tensor<2x2xf32>) -> tensor<2x5xi8>
  return
}
