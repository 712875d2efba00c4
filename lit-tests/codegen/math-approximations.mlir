// RUN: hwc-opt %s --pass-pipeline='builtin.module(hwc-math-approximations)' | FileCheck %s

// Elementary functions of f32 become polynomials, scalars and vectors alike; f64, large angles and what the machine has
// itself stay.

// CHECK-LABEL: func.func private @single
// CHECK-NOT: math.{{exp|log|tanh|erf|powf}}
// CHECK: arith.mulf
// CHECK-NOT: math.{{exp|log|tanh|erf|powf}}
// CHECK: math.sqrt %{{.*}} : f32
func.func private @single(%x: f32) -> (f32, f32, f32, f32, f32, f32, f32) {
  %0 = math.exp %x : f32
  %1 = math.log %x : f32
  %2 = math.sin %x : f32
  %3 = math.tanh %x : f32
  %4 = math.erf %x : f32
  %5 = math.powf %x, %0 : f32
  %6 = math.sqrt %x : f32
  return %0, %1, %2, %3, %4, %5, %6 : f32, f32, f32, f32, f32, f32, f32
}

// CHECK-LABEL: func.func private @vector
// CHECK-NOT: math.exp
// CHECK: arith.mulf %{{.*}} : vector<16xf32>
func.func private @vector(%x: vector<16xf32>) -> vector<16xf32> {
  %0 = math.exp %x : vector<16xf32>
  return %0 : vector<16xf32>
}

// CHECK-LABEL: func.func private @double
// CHECK: math.exp %{{.*}} : f64
func.func private @double(%x: f64) -> f64 {
  %0 = math.exp %x : f64
  return %0 : f64
}
