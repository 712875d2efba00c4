// An illegal schedule is refused with every reason at once.
// RUN: hwc-opt %s --split-input-file --verify-diagnostics

// expected-error @+8 {{tile of level `cta`; the target has l3, l2, l1, registers}}
// expected-error @+7 {{inner kernel `tile` has no tiles of level `l3`, only of l2, registers}}
// expected-error @+6 {{tile n = 64 of level `l3` is larger than the dimension, 32}}
// expected-error @+5 {{tile m = 3 of level `registers` does not divide the one around it, 4}}
// expected-error @+4 {{the order names dimension `z`; the space has m, n, k}}
// expected-error @+3 {{the order lacks dimension `n`, `k`}}
// expected-error @+2 {{a vector of 16 lanes of 32 bits; the target's have 256 bits}}
// expected-error @+1 {{threads cannot share dimension `k`: its iterations combine into one result}}
hwk.kernel @k(%a: tensor<8x4xf32>, %b: tensor<4x32xf32>) -> (tensor<8x32xf32>)
    space(#hwk.space<contraction, m = 8, n = 32, k = 4>)
    schedule(#hwk.schedule<tile, tiles = [cta(k = 4), l3(n = 64), l2(m = 4), registers(m = 3)],
                           order = [m, z], vector = n : 16 x 1, threads = [m, k]>)
    target(#hwk.cpu<x, features = [avx], vector = 256, registers = 16, l1 = 1, l2 = 1, l3 = 1, cores = 1>) {
  %0 = hwc.matmul %a, %b : (tensor<8x4xf32>, tensor<4x32xf32>) -> tensor<8x32xf32>
  hwk.yield %0 : tensor<8x32xf32>
}

// -----

// expected-error @+5 {{dimension `i` cannot run in vectors in class gather}}
// expected-error @+4 {{a vector of 3 lanes; it has 2, 4, 8, ...}}
// expected-error @+3 {{inner kernel `loops` packs no operand}}
// expected-error @+2 {{packs operand `lhs`; class gather has none to pack}}
// expected-error @+1 {{threads cannot share dimension `d`: its outermost tile holds all 8 of it}}
hwk.kernel @k(%a: tensor<8x4xf32>) -> (tensor<8x4xf32>) space(#hwk.space<gather, i = 8, d = 8>)
    schedule(#hwk.schedule<loops, tiles = [registers(d = 8)], vector = i : 3 x 1, pack = (lhs = block), threads = [i, d]>) {
  hwk.yield %a : tensor<8x4xf32>
}

// -----

// expected-error @+1 {{register pressure: 5 points x 3 vectors are 15 accumulators, and 2 registers hold operands; the target has 16}}
hwk.kernel @k(%a: tensor<8x4xf32>, %b: tensor<4x32xf32>) -> (tensor<8x32xf32>)
    space(#hwk.space<contraction, m = 8, n = 32, k = 4>)
    schedule(#hwk.schedule<loops, tiles = [registers(m = 5, n = 24)], vector = n : 8 x 3>)
    target(#hwk.cpu<x, features = [avx], vector = 256, registers = 16, l1 = 1, l2 = 1, l3 = 1, cores = 1>) {
  %0 = hwc.matmul %a, %b : (tensor<8x4xf32>, tensor<4x32xf32>) -> tensor<8x32xf32>
  hwk.yield %0 : tensor<8x32xf32>
}
