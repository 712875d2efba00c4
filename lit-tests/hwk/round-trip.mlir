// Kernels are printed as they are read; attributes in their canonical text.
// RUN: hwc-opt %s | FileCheck %s
// RUN: hwc-opt %s | hwc-opt | FileCheck %s
// RUN: hwc-opt %s --emit-bytecode -o %t.mlirbc && hwc-opt %t.mlirbc | FileCheck %s
// RUN: hwc-opt %s --mlir-print-op-generic | hwc-opt | FileCheck %s

// CHECK-LABEL: hwk.kernel @plain(%{{.*}}: tensor<?x3xf32, ["n", ""]>) -> (tensor<?x3xf32, ["n", ""]>) {
// CHECK-NEXT: hwc.relu
// CHECK-NEXT: hwk.yield %{{.*}} : tensor<?x3xf32, ["n", ""]>
hwk.kernel @plain(%x: tensor<?x3xf32, ["n", ""]>) -> (tensor<?x3xf32, ["n", ""]>) {
  %0 = hwc.relu %x : (tensor<?x3xf32, ["n", ""]>) -> tensor<?x3xf32, ["n", ""]>
  hwk.yield %0 : tensor<?x3xf32, ["n", ""]>
}

// CHECK-LABEL: hwk.kernel @chosen(%{{.*}}: tensor<8x4xf32>, %{{.*}}: tensor<4x32xf32>) -> (tensor<8x32xf32>)
// CHECK-NEXT: space(#hwk.space<contraction, m = 8, n = 32, k = 4>)
// CHECK-NEXT: schedule(#hwk.schedule<tile, tiles = [l2(m = 4, n = 16), registers(m = 4, n = 16)], order = [n, m, k, m, n], vector = n : 8 x 2, pack = (lhs = block, rhs = constant), threads = [m, n]>)
// CHECK-NEXT: target(#hwk.cpu<x86-64-v3, features = [avx2, fma], vector = 256, registers = 16, l1 = 32768, l2 = 1048576, l3 = 33554432, cores = 2>) attributes {why = "measured"} {
hwk.kernel @chosen(%a: tensor<8x4xf32>, %b: tensor<4x32xf32>) -> (tensor<8x32xf32>)
    space(#hwk.space< contraction,m=8, n = 32, k = 4, bits = 32>)
    schedule(#hwk.schedule<tile, threads = [ m,n], pack = (lhs = block, rhs = constant), vector = n : 8 x 2,
                           tiles = [l2(m = 4, n = 16), registers(m = 4, n = 16)], order = [n, m, k, m, n]>)
    target(#hwk.cpu<x86-64-v3, vector = 256, registers = 16, features = [avx2, fma], l1 = 32768, l2 = 1048576, l3 = 33554432, cores = 2>)
    attributes {why = "measured"} {
  %0 = hwc.matmul %a, %b : (tensor<8x4xf32>, tensor<4x32xf32>) -> tensor<8x32xf32>
  hwk.yield %0 : tensor<8x32xf32>
}

// CHECK-LABEL: hwk.kernel @none() -> () {
// CHECK-NEXT: hwk.yield
hwk.kernel @none() -> () {
  hwk.yield
}

// CHECK-LABEL: func.func @main
// CHECK: hwk.launch @chosen(%{{.*}}, %{{.*}}) : (tensor<8x4xf32>, tensor<4x32xf32>) -> tensor<8x32xf32>
// CHECK: hwk.launch @none() : () -> ()
func.func @main(%a: tensor<8x4xf32>, %b: tensor<4x32xf32>) -> tensor<8x32xf32> {
  %0 = hwk.launch @chosen(%a, %b) : (tensor<8x4xf32>, tensor<4x32xf32>) -> tensor<8x32xf32>
  hwk.launch @none() : () -> ()
  return %0 : tensor<8x32xf32>
}
