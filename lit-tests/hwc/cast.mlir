// RUN: hwc-opt %s --split-input-file --verify-diagnostics | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics --hwc-lower | FileCheck %s --check-prefix=LOWER

// CHECK-LABEL: func.func @widen
// CHECK: hwc.cast %{{.*}} {to = f64} : (tensor<2x3xf16>) -> tensor<2x3xf64>
// LOWER-LABEL: func.func @widen
// LOWER: arith.extf
func.func @widen(%a: tensor<2x3xf16>) -> tensor<2x3xf64> {
  %0 = hwc.cast %a {to = f64} : (tensor<2x3xf16>) -> tensor<2x3xf64>
  return %0 : tensor<2x3xf64>
}

// CHECK-LABEL: func.func @truncate
// CHECK: hwc.cast %{{.*}} {to = i32} : (tensor<2x3xf32>) -> tensor<2x3xi32>
// LOWER-LABEL: func.func @truncate
// LOWER: arith.fptosi %{{.*}} : f32 to i32
// LOWER: arith.cmpf oge
// LOWER: arith.cmpf olt
// LOWER: arith.cmpf uno
func.func @truncate(%a: tensor<2x3xf32>) -> tensor<2x3xi32> {
  %0 = hwc.cast %a {to = i32} : (tensor<2x3xf32>) -> tensor<2x3xi32>
  return %0 : tensor<2x3xi32>
}

// CHECK-LABEL: func.func @wrap
// CHECK: hwc.cast %{{.*}} {to = i4} : (tensor<2x3xi32>) -> tensor<2x3xi4>
// LOWER-LABEL: func.func @wrap
// LOWER: arith.trunci %{{.*}} : i32 to i8
// LOWER: arith.shli
// LOWER: arith.shrsi
func.func @wrap(%a: tensor<2x3xi32>) -> tensor<2x3xi4> {
  %0 = hwc.cast %a {to = i4} : (tensor<2x3xi32>) -> tensor<2x3xi4>
  return %0 : tensor<2x3xi4>
}

// CHECK-LABEL: func.func @unsigned
// CHECK: hwc.cast %{{.*}} {to = f32} : (tensor<2x3xui8>) -> tensor<2x3xf32>
// LOWER-LABEL: func.func @unsigned
// LOWER: arith.uitofp %{{.*}} : i8 to f32
func.func @unsigned(%a: tensor<2x3xui8>) -> tensor<2x3xf32> {
  %0 = hwc.cast %a {to = f32} : (tensor<2x3xui8>) -> tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// CHECK-LABEL: func.func @flags
// CHECK: hwc.cast %{{.*}} {to = i1} : (tensor<2x3xf32>) -> tensor<2x3xi1>
// LOWER-LABEL: func.func @flags
// LOWER: arith.cmpf une
func.func @flags(%a: tensor<2x3xf32>) -> tensor<2x3xi1> {
  %0 = hwc.cast %a {to = i1} : (tensor<2x3xf32>) -> tensor<2x3xi1>
  return %0 : tensor<2x3xi1>
}

// CHECK-LABEL: func.func @bytes
// CHECK: hwc.cast %{{.*}} {saturate = false, to = f8E4M3FN} : (tensor<2x3xf32>) -> tensor<2x3xf8E4M3FN>
// LOWER-LABEL: func.func @bytes
// LOWER: arith.bitcast %{{.*}} : f32 to i32
// LOWER: arith.trunci %{{.*}} : i32 to i8
func.func @bytes(%a: tensor<2x3xf32>) -> tensor<2x3xf8E4M3FN> {
  %0 = hwc.cast %a {saturate = false, to = f8E4M3FN} : (tensor<2x3xf32>) -> tensor<2x3xf8E4M3FN>
  return %0 : tensor<2x3xf8E4M3FN>
}

// CHECK-LABEL: func.func @scale
// CHECK: hwc.cast %{{.*}} {round_mode = "nearest", to = f8E8M0FNU} : (tensor<2x3xf32>) -> tensor<2x3xf8E8M0FNU>
// LOWER-LABEL: func.func @scale
// LOWER: arith.trunci %{{.*}} : i32 to i8
func.func @scale(%a: tensor<2x3xf32>) -> tensor<2x3xf8E8M0FNU> {
  %0 = hwc.cast %a {round_mode = "nearest", to = f8E8M0FNU} : (tensor<2x3xf32>) -> tensor<2x3xf8E8M0FNU>
  return %0 : tensor<2x3xf8E8M0FNU>
}

// CHECK-LABEL: func.func @from_bytes
// CHECK: hwc.cast %{{.*}} {to = f32} : (tensor<2x3xf4E2M1FN>) -> tensor<2x3xf32>
// LOWER-LABEL: func.func @from_bytes
// LOWER: arith.extui %{{.*}} : i8 to i32
// LOWER: arith.bitcast %{{.*}} : i32 to f32
func.func @from_bytes(%a: tensor<2x3xf4E2M1FN>) -> tensor<2x3xf32> {
  %0 = hwc.cast %a {to = f32} : (tensor<2x3xf4E2M1FN>) -> tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// -----

func.func @mode(%a: tensor<2x3xf32>) {
  // expected-error @+1 {{has `round_mode` = "odd", which is none of "up", "down" and "nearest"}}
  %0 = hwc.cast %a {round_mode = "odd", to = f8E8M0FNU} : (tensor<2x3xf32>) -> tensor<2x3xf8E8M0FNU>
  return
}

// -----

func.func @target(%a: tensor<2x3xf32>) {
  // expected-error @+1 {{requires attribute 'to'}}
  %0 = hwc.cast %a : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @result(%a: tensor<2x3xf32>) {
  // expected-error @+1 {{has a result of type 2x3xi4, expected 2x3xi8}}
  %0 = hwc.cast %a {to = i8} : (tensor<2x3xf32>) -> tensor<2x3xi4>
  return
}
