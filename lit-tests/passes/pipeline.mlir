// The passes of a compilation by their names, one after the other, down to what is left to upstream's.
// RUN: hwc-opt %s --pass-pipeline='builtin.module(hwc-fold-constants,hwc-form-kernels,hwk-to-functions,hwc-lower,func.func(convert-elementwise-to-linalg,linalg-generalize-named-ops,canonicalize,cse),hwc-fuse-elementwise)' | FileCheck %s
// RUN: hwc-opt %s --hwc-fold-constants --hwc-form-kernels --hwk-to-functions --hwc-lower | hwc-opt | FileCheck %s --check-prefix=SPLIT

// CHECK-LABEL: func.func @main
// CHECK: %[[W:.*]] = arith.constant dense<{{.*}}> : tensor<2x2xf32>
// CHECK: call @matmul_0(%{{.*}}, %[[W]])
// CHECK-LABEL: func.func private @matmul_0
// CHECK-NOT: hwc.
// CHECK: linalg.
// CHECK: return
// SPLIT: func.func private @matmul_0
func.func @main(%x: tensor<2x2xf32>) -> tensor<2x2xf32> {
  %a = hwc.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
  %w = hwc.add %a, %a : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
  %0 = hwc.matmul %x, %w : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
  %1 = hwc.relu %0 : (tensor<2x2xf32>) -> tensor<2x2xf32>
  return %1 : tensor<2x2xf32>
}
