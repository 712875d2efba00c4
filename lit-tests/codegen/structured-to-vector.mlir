// RUN: hwc-opt %s --split-input-file --pass-pipeline='builtin.module(hwc-structured-to-vector,canonicalize)' | FileCheck %s

#id = affine_map<(d0) -> (d0)>

// Elementwise operations become a loop over whole registers and one over what is left.
module attributes {hwc.cpu = "x86-64-v3"} {

// CHECK-LABEL: func.func private @negate
// CHECK-NOT: linalg.
// CHECK: scf.for
// CHECK: vector.load %{{.*}} : memref<100xf32>, vector<[[LANES:[0-9]+]]xf32>
// CHECK: arith.negf %{{.*}} : vector<[[LANES]]xf32>
// CHECK: vector.store %{{.*}} : memref<100xf32>, vector<[[LANES]]xf32>
// CHECK: return
func.func private @negate(%x: memref<100xf32>, %y: memref<100xf32>) {
  linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%x : memref<100xf32>) outs(%y : memref<100xf32>) {
  ^bb0(%a: f32, %out: f32):
    %0 = arith.negf %a : f32
    linalg.yield %0 : f32
  }
  return
}
}

// -----

#row = affine_map<(d0, d1) -> (d0, d1)>
#sum = affine_map<(d0, d1) -> (d0)>

// Sums run in lanes, which are added up in the end.
module attributes {hwc.cpu = "x86-64-v3"} {

// CHECK-LABEL: func.func private @rows
// CHECK-NOT: linalg.
// CHECK: scf.for
// CHECK: vector.load %{{.*}} : memref<{{.*}}>, vector<{{[0-9]+}}xf32>
// CHECK: vector.reduction <add>
// CHECK: return
func.func private @rows(%x: memref<4x640xf32>, %y: memref<4xf32>) {
  linalg.generic {indexing_maps = [#row, #sum], iterator_types = ["parallel", "reduction"]}
      ins(%x : memref<4x640xf32>) outs(%y : memref<4xf32>) {
  ^bb0(%a: f32, %out: f32):
    %0 = arith.addf %a, %out : f32
    linalg.yield %0 : f32
  }
  return
}
}

// -----

// Copies are moved by registers.
module attributes {hwc.cpu = "x86-64-v3"} {

// CHECK-LABEL: func.func private @copy
// CHECK-NOT: memref.copy
// CHECK: %[[V:.*]] = vector.load
// CHECK: vector.store %[[V]]
// CHECK: return
func.func private @copy(%x: memref<16x32xf32>, %y: memref<16x32xf32>) {
  memref.copy %x, %y : memref<16x32xf32> to memref<16x32xf32>
  return
}
}
