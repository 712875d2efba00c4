// RUN: hwc-opt %s --split-input-file --verify-diagnostics | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics --hwc-lower | FileCheck %s --check-prefix=LOWER

// CHECK-LABEL: func.func @groups
// CHECK: hwc.group_normalization %{{.*}}, %{{.*}}, %{{.*}} {groups = 2 : i64} : (tensor<2x6x4x4xf32>, tensor<6xf32>, tensor<6xf32>) -> tensor<2x6x4x4xf32>
// LOWER-LABEL: func.func @groups
// LOWER: linalg.generic {{.*}}iterator_types = ["parallel", "parallel", "reduction", "reduction"]{{.*}} ins(%{{.*}} : tensor<2x2x3x16xf32>)
// LOWER: math.sqrt
func.func @groups(%a: tensor<2x6x4x4xf32>, %s: tensor<6xf32>, %b: tensor<6xf32>) -> tensor<2x6x4x4xf32> {
  %0 = hwc.group_normalization %a, %s, %b {groups = 2 : i64} : (tensor<2x6x4x4xf32>, tensor<6xf32>, tensor<6xf32>) -> tensor<2x6x4x4xf32>
  return %0 : tensor<2x6x4x4xf32>
}

// -----

func.func @uneven(%a: tensor<2x6xf32>, %s: tensor<6xf32>) {
  // expected-error @+1 {{cannot divide 6 channels into 4 groups}}
  %0 = hwc.group_normalization %a, %s, %s {groups = 4 : i64} : (tensor<2x6xf32>, tensor<6xf32>, tensor<6xf32>) -> tensor<2x6xf32>
  return
}

// -----

func.func @none(%a: tensor<2x6xf32>, %s: tensor<6xf32>) {
  // expected-error @+1 {{cannot divide 6 channels into 0 groups}}
  %0 = hwc.group_normalization %a, %s, %s {groups = 0 : i64} : (tensor<2x6xf32>, tensor<6xf32>, tensor<6xf32>) -> tensor<2x6xf32>
  return
}

// -----

func.func @rank(%a: tensor<2xf32>, %s: tensor<2xf32>) {
  // expected-error @+1 {{needs an operand of rank 2 at least, got 2xf32}}
  %0 = hwc.group_normalization %a, %s, %s {groups = 1 : i64} : (tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  return
}
