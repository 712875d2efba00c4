// RUN: hwc-opt %s --pass-pipeline='builtin.module(hwc-kernel-placement)' | FileCheck %s

#same = affine_map<(d0) -> (d0)>

// Both results go to their parts of the buffer at once.

// CHECK-LABEL: func.func @two_parts
// CHECK-NOT: memref.alloc
// CHECK: %[[LOW:.*]] = memref.subview %arg1[0] [4] [2]
// CHECK: %[[HIGH:.*]] = memref.subview %arg1[1] [4] [2]
// CHECK: linalg.generic {{.*}} outs(%[[LOW]], %[[HIGH]]
// CHECK-NOT: memref.copy
// CHECK: return
func.func @two_parts(%x: memref<4xf32>, %y: memref<8xf32>) {
  %a = memref.alloc() : memref<4xf32>
  %b = memref.alloc() : memref<4xf32>
  linalg.generic {indexing_maps = [#same, #same, #same], iterator_types = ["parallel"]}
      ins(%x : memref<4xf32>) outs(%a, %b : memref<4xf32>, memref<4xf32>) {
  ^bb0(%v: f32, %c: f32, %d: f32):
    %n = arith.negf %v : f32
    linalg.yield %v, %n : f32, f32
  }
  %low = memref.subview %y[0] [4] [2] : memref<8xf32> to memref<4xf32, strided<[2]>>
  memref.copy %a, %low : memref<4xf32> to memref<4xf32, strided<[2]>>
  %high = memref.subview %y[1] [4] [2] : memref<8xf32> to memref<4xf32, strided<[2], offset: 1>>
  memref.copy %b, %high : memref<4xf32> to memref<4xf32, strided<[2], offset: 1>>
  return
}

// Parts that meet: what is copied last stays.

// CHECK-LABEL: func.func @parts_meet
// CHECK: memref.copy
func.func @parts_meet(%x: memref<4xf32>, %y: memref<8xf32>) {
  %a = memref.alloc() : memref<4xf32>
  %b = memref.alloc() : memref<4xf32>
  linalg.generic {indexing_maps = [#same, #same, #same], iterator_types = ["parallel"]}
      ins(%x : memref<4xf32>) outs(%a, %b : memref<4xf32>, memref<4xf32>) {
  ^bb0(%v: f32, %c: f32, %d: f32):
    %n = arith.negf %v : f32
    linalg.yield %v, %n : f32, f32
  }
  %low = memref.subview %y[0] [4] [1] : memref<8xf32> to memref<4xf32, strided<[1]>>
  memref.copy %a, %low : memref<4xf32> to memref<4xf32, strided<[1]>>
  %high = memref.subview %y[3] [4] [1] : memref<8xf32> to memref<4xf32, strided<[1], offset: 3>>
  memref.copy %b, %high : memref<4xf32> to memref<4xf32, strided<[1], offset: 3>>
  return
}

// The buffer is read in between.

// CHECK-LABEL: func.func @read_between
// CHECK: memref.copy %{{.*}}, %arg1
func.func @read_between(%x: memref<4xf32>, %y: memref<4xf32>, %z: memref<4xf32>) {
  %a = memref.alloc() : memref<4xf32>
  linalg.generic {indexing_maps = [#same, #same], iterator_types = ["parallel"]}
      ins(%x : memref<4xf32>) outs(%a : memref<4xf32>) {
  ^bb0(%v: f32, %c: f32):
    linalg.yield %v : f32
  }
  memref.copy %y, %z : memref<4xf32> to memref<4xf32>
  memref.copy %a, %y : memref<4xf32> to memref<4xf32>
  return
}

// The operation reads the buffer in another order.

// CHECK-LABEL: func.func @reads_it
// CHECK: memref.copy %{{.*}}, %arg0
func.func @reads_it(%x: memref<4x4xf32>) {
  %a = memref.alloc() : memref<4x4xf32>
  linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d1, d0)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<4x4xf32>) outs(%a : memref<4x4xf32>) {
  ^bb0(%v: f32, %c: f32):
    linalg.yield %v : f32
  }
  memref.copy %a, %x : memref<4x4xf32> to memref<4x4xf32>
  return
}

// The allocation is read afterwards, and what it holds is more than what is written.

// CHECK-LABEL: func.func @kept
// CHECK: memref.copy %{{.*}}, %arg1
func.func @kept(%x: memref<4xf32>, %y: memref<4xf32>, %z: memref<4xf32>) {
  %a = memref.alloc() : memref<4xf32>
  linalg.generic {indexing_maps = [#same, #same], iterator_types = ["parallel"]}
      ins(%x : memref<4xf32>) outs(%a : memref<4xf32>) {
  ^bb0(%v: f32, %c: f32):
    linalg.yield %v : f32
  }
  memref.copy %a, %y : memref<4xf32> to memref<4xf32>
  memref.copy %a, %z : memref<4xf32> to memref<4xf32>
  return
}
