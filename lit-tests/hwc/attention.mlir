// RUN: hwc-opt %s --split-input-file --verify-diagnostics | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics --hwc-lower | FileCheck %s --check-prefix=LOWER

// CHECK-LABEL: func.func @plain
// CHECK: hwc.attention %{{.*}}, %{{.*}}, %{{.*}} {causal = true, offset = 2 : i64} : (tensor<2x6x4x8xf32>, tensor<2x3x5x8xf32>, tensor<2x3x5x7xf32>) -> tensor<2x6x4x7xf32>
// Query heads that share a key head are rows of one matrix.
// LOWER-LABEL: func.func @plain
// LOWER: linalg.generic {{.*}}"reduction"]{{.*}} ins(%{{.*}}, %{{.*}} : tensor<6x8x8xf32>, tensor<6x5x8xf32>) outs(%{{.*}} : tensor<6x8x5xf32>)
// LOWER: arith.cmpi sle,
// LOWER: arith.maxnumf
// LOWER: math.exp
// LOWER: linalg.generic {{.*}}"reduction"]{{.*}} ins(%{{.*}}, %{{.*}} : tensor<6x8x5xf32>, tensor<6x5x7xf32>) outs(%{{.*}} : tensor<6x8x7xf32>)
// LOWER: arith.divf
func.func @plain(%q: tensor<2x6x4x8xf32>, %k: tensor<2x3x5x8xf32>, %v: tensor<2x3x5x7xf32>) -> tensor<2x6x4x7xf32> {
  %0 = hwc.attention %q, %k, %v {causal = true, offset = 2 : i64} : (tensor<2x6x4x8xf32>, tensor<2x3x5x8xf32>, tensor<2x3x5x7xf32>) -> tensor<2x6x4x7xf32>
  return %0 : tensor<2x6x4x7xf32>
}

// CHECK-LABEL: func.func @masked
// CHECK: hwc.attention %{{.*}}, %{{.*}}, %{{.*}} mask %{{.*}} key_lengths %{{.*}} {scale = 5.000000e-01 : f32, softcap = 2.000000e+00 : f32}
// LOWER-LABEL: func.func @masked
// LOWER: arith.constant 5.000000e-01 : f32
// LOWER: math.tanh
// LOWER: arith.cmpi slt,
// LOWER: arith.select
func.func @masked(%q: tensor<1x2x3x4xf16>, %m: tensor<3x3xi1>, %l: tensor<1xi64>) -> tensor<1x2x3x4xf16> {
  %0 = hwc.attention %q, %q, %q mask %m key_lengths %l {scale = 5.000000e-01 : f32, softcap = 2.000000e+00 : f32} : (tensor<1x2x3x4xf16>, tensor<1x2x3x4xf16>, tensor<1x2x3x4xf16>, tensor<3x3xi1>, tensor<1xi64>) -> tensor<1x2x3x4xf16>
  return %0 : tensor<1x2x3x4xf16>
}

// CHECK-LABEL: func.func @only_lengths
// CHECK: hwc.attention %{{.*}}, %{{.*}}, %{{.*}} key_lengths %{{.*}} :
func.func @only_lengths(%q: tensor<1x2x3x4xf32>, %l: tensor<1xi64>) -> tensor<1x2x3x4xf32> {
  %0 = hwc.attention %q, %q, %q key_lengths %l : (tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>, tensor<1x2x3x4xf32>, tensor<1xi64>) -> tensor<1x2x3x4xf32>
  return %0 : tensor<1x2x3x4xf32>
}

// -----

func.func @sizes(%q: tensor<2x4x4x8xf32>, %k: tensor<1x3x5x7xf32>, %v: tensor<2x2x6x8xf32>, %m: tensor<9xf16>) {
  // expected-error @+7 {{batches of query and key differ: 2 and 1}}
  // expected-error @+6 {{heads of key and value differ: 3 and 2}}
  // expected-error @+5 {{lengths of key and value differ: 5 and 6}}
  // expected-error @+4 {{head sizes of query and key differ: 8 and 7}}
  // expected-error @+3 {{4 query heads cannot share 3 key heads evenly}}
  // expected-error @+2 {{needs a mask of type i1 or of the query's, got 9xf16}}
  // expected-error @+1 {{cannot broadcast a mask of type 9xf16 to 2x4x4x5}}
  %0 = hwc.attention %q, %k, %v mask %m : (tensor<2x4x4x8xf32>, tensor<1x3x5x7xf32>, tensor<2x2x6x8xf32>, tensor<9xf16>) -> tensor<2x4x4x8xf32>
  return
}

// -----

func.func @types(%q: tensor<2x4x4x8xf32>, %k: tensor<2x4x4x8xf16>) {
  // expected-error @+1 {{needs query, key and value of rank 4 and one floating-point type, `key` is 2x4x4x8xf16}}
  %0 = hwc.attention %q, %k, %q : (tensor<2x4x4x8xf32>, tensor<2x4x4x8xf16>, tensor<2x4x4x8xf32>) -> tensor<2x4x4x8xf32>
  return
}
