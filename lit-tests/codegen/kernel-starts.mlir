// RUN: hwc-opt %s --pass-pipeline='builtin.module(hwc-kernel-starts)' | FileCheck %s

#row = affine_map<(d0) -> (d0)>
#all = affine_map<(d0, d1) -> (d0, d1)>
#rows = affine_map<(d0, d1) -> (d0)>

// Both reductions fill the same empty tensor; afterwards each has its own.
// CHECK-LABEL: func.func private @k
// CHECK: %[[SECOND:.*]] = tensor.empty() : tensor<4xf32>
// CHECK: %[[FIRST:.*]] = tensor.empty() : tensor<4xf32>
// CHECK: %[[LOWEST:.*]] = linalg.generic {{.*}} outs(%[[FIRST]] : tensor<4xf32>)
// CHECK: linalg.generic {{.*}} outs(%[[LOWEST]] : tensor<4xf32>)
// CHECK: %[[ZERO:.*]] = linalg.generic {{.*}} outs(%[[SECOND]] : tensor<4xf32>)
// CHECK: linalg.generic {{.*}} outs(%[[ZERO]] : tensor<4xf32>)
func.func private @k(%x: tensor<4x8xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %lowest = arith.constant 0xFF800000 : f32
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<4xf32>
  %a = linalg.generic {indexing_maps = [#row], iterator_types = ["parallel"]} outs(%empty : tensor<4xf32>) {
  ^bb0(%out: f32):
    linalg.yield %lowest : f32
  } -> tensor<4xf32>
  %max = linalg.generic {indexing_maps = [#all, #rows], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<4x8xf32>) outs(%a : tensor<4xf32>) {
  ^bb0(%in: f32, %out: f32):
    %m = arith.maximumf %out, %in : f32
    linalg.yield %m : f32
  } -> tensor<4xf32>
  %b = linalg.generic {indexing_maps = [#row], iterator_types = ["parallel"]} outs(%empty : tensor<4xf32>) {
  ^bb0(%out: f32):
    linalg.yield %zero : f32
  } -> tensor<4xf32>
  %sum = linalg.generic {indexing_maps = [#all, #rows], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<4x8xf32>) outs(%b : tensor<4xf32>) {
  ^bb0(%in: f32, %out: f32):
    %s = arith.addf %out, %in : f32
    linalg.yield %s : f32
  } -> tensor<4xf32>
  return %max, %sum : tensor<4xf32>, tensor<4xf32>
}
func.func @main(%x: tensor<4x8xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %r:2 = call @k(%x) : (tensor<4x8xf32>) -> (tensor<4xf32>, tensor<4xf32>)
  return %r#0, %r#1 : tensor<4xf32>, tensor<4xf32>
}
