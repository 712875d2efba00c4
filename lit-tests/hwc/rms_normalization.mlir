// RUN: hwc-opt %s --split-input-file --verify-diagnostics | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics --hwc-lower | FileCheck %s --check-prefix=LOWER

// CHECK-LABEL: func.func @last
// CHECK: hwc.rms_normalization %{{.*}}, %{{.*}} : (tensor<2x3xf16>, tensor<3xf32>) -> tensor<2x3xf16>
// LOWER-LABEL: func.func @last
// LOWER: linalg.generic {{.*}}iterator_types = ["parallel", "reduction"]
// LOWER: arith.extf %{{.*}} : f16 to f32
// LOWER: arith.mulf
// LOWER: arith.addf
// LOWER: math.sqrt
// LOWER: arith.truncf %{{.*}} : f32 to f16
func.func @last(%a: tensor<2x3xf16>, %s: tensor<3xf32>) -> tensor<2x3xf16> {
  %0 = hwc.rms_normalization %a, %s : (tensor<2x3xf16>, tensor<3xf32>) -> tensor<2x3xf16>
  return %0 : tensor<2x3xf16>
}

// CHECK-LABEL: func.func @all
// CHECK: {axis = 0 : i64}
func.func @all(%a: tensor<2x3xf32>, %s: tensor<f32>) -> tensor<2x3xf32> {
  %0 = hwc.rms_normalization %a, %s {axis = 0 : i64} : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// -----

func.func @axis(%a: tensor<2x3xf32>, %s: tensor<3xf32>) {
  // expected-error @+1 {{axis 2 is outside of rank 2}}
  %0 = hwc.rms_normalization %a, %s {axis = 2 : i64} : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  return
}
