func.func @main(%x: tensor<1x8x16xf32>, %mask: tensor<1x1x1x8xf32>) -> tensor<1x8x16xf32> {
  %wq = weights<16x16>
  %wk = weights<16x16>
  %wv = weights<16x16>
  %wo = weights<16x16>
  %bq = weights<16>
  %bk = weights<16>
  %bv = weights<16>
  %bo = weights<16>
  %w1 = weights<16x32>
  %b1 = weights<32>
  %w2 = weights<32x16>
  %b2 = weights<16>
  %g = weights<16>
  %b = weights<16>
  %epsilon = hwc.constant dense<1.0e-5> : tensor<f32>
  %two = hwc.constant dense<2.0> : tensor<f32>
  %one = hwc.constant dense<1.0> : tensor<f32>
  %half = hwc.constant dense<0.5> : tensor<f32>
  %root = hwc.constant dense<1.41421354> : tensor<f32>
  %q0 = hwc.matmul %x, %wq : (tensor<1x8x16xf32>, tensor<16x16xf32>) -> tensor<1x8x16xf32>
  %k0 = hwc.matmul %x, %wk : (tensor<1x8x16xf32>, tensor<16x16xf32>) -> tensor<1x8x16xf32>
  %v0 = hwc.matmul %x, %wv : (tensor<1x8x16xf32>, tensor<16x16xf32>) -> tensor<1x8x16xf32>
  %q1 = hwc.add %bq, %q0 : (tensor<16xf32>, tensor<1x8x16xf32>) -> tensor<1x8x16xf32>
  %k1 = hwc.add %bk, %k0 : (tensor<16xf32>, tensor<1x8x16xf32>) -> tensor<1x8x16xf32>
  %v1 = hwc.add %bv, %v0 : (tensor<16xf32>, tensor<1x8x16xf32>) -> tensor<1x8x16xf32>
  %q2 = hwc.reshape %q1 {shape = array<i64: 1, 8, 4, 4>} : (tensor<1x8x16xf32>) -> tensor<1x8x4x4xf32>
  %k2 = hwc.reshape %k1 {shape = array<i64: 1, 8, 4, 4>} : (tensor<1x8x16xf32>) -> tensor<1x8x4x4xf32>
  %v2 = hwc.reshape %v1 {shape = array<i64: 1, 8, 4, 4>} : (tensor<1x8x16xf32>) -> tensor<1x8x4x4xf32>
  %q = hwc.transpose %q2 {permutation = array<i64: 0, 2, 1, 3>} : (tensor<1x8x4x4xf32>) -> tensor<1x4x8x4xf32>
  %k = hwc.transpose %k2 {permutation = array<i64: 0, 2, 3, 1>} : (tensor<1x8x4x4xf32>) -> tensor<1x4x4x8xf32>
  %v = hwc.transpose %v2 {permutation = array<i64: 0, 2, 1, 3>} : (tensor<1x8x4x4xf32>) -> tensor<1x4x8x4xf32>
  %s0 = hwc.matmul %q, %k : (tensor<1x4x8x4xf32>, tensor<1x4x4x8xf32>) -> tensor<1x4x8x8xf32>
  %s1 = hwc.div %s0, %two : (tensor<1x4x8x8xf32>, tensor<f32>) -> tensor<1x4x8x8xf32>
  %s2 = hwc.add %s1, %mask : (tensor<1x4x8x8xf32>, tensor<1x1x1x8xf32>) -> tensor<1x4x8x8xf32>
  %p = hwc.softmax %s2 : (tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32>
  %a0 = hwc.matmul %p, %v : (tensor<1x4x8x8xf32>, tensor<1x4x8x4xf32>) -> tensor<1x4x8x4xf32>
  %a1 = hwc.transpose %a0 {permutation = array<i64: 0, 2, 1, 3>} : (tensor<1x4x8x4xf32>) -> tensor<1x8x4x4xf32>
  %a2 = hwc.reshape %a1 {shape = array<i64: 1, 8, 16>} : (tensor<1x8x4x4xf32>) -> tensor<1x8x16xf32>
  %a3 = hwc.matmul %a2, %wo : (tensor<1x8x16xf32>, tensor<16x16xf32>) -> tensor<1x8x16xf32>
  %a4 = hwc.add %bo, %a3 : (tensor<16xf32>, tensor<1x8x16xf32>) -> tensor<1x8x16xf32>
  %h = hwc.add %a4, %x : (tensor<1x8x16xf32>, tensor<1x8x16xf32>) -> tensor<1x8x16xf32>
  %f0 = hwc.matmul %h, %w1 : (tensor<1x8x16xf32>, tensor<16x32xf32>) -> tensor<1x8x32xf32>
  %f1 = hwc.add %b1, %f0 : (tensor<32xf32>, tensor<1x8x32xf32>) -> tensor<1x8x32xf32>
  %f2 = hwc.div %f1, %root : (tensor<1x8x32xf32>, tensor<f32>) -> tensor<1x8x32xf32>
  %f3 = hwc.erf %f2 : (tensor<1x8x32xf32>) -> tensor<1x8x32xf32>
  %f4 = hwc.add %f3, %one : (tensor<1x8x32xf32>, tensor<f32>) -> tensor<1x8x32xf32>
  %f5 = hwc.mul %f1, %f4 : (tensor<1x8x32xf32>, tensor<1x8x32xf32>) -> tensor<1x8x32xf32>
  %f6 = hwc.mul %f5, %half : (tensor<1x8x32xf32>, tensor<f32>) -> tensor<1x8x32xf32>
  %f7 = hwc.matmul %f6, %w2 : (tensor<1x8x32xf32>, tensor<32x16xf32>) -> tensor<1x8x16xf32>
  %f8 = hwc.add %b2, %f7 : (tensor<16xf32>, tensor<1x8x16xf32>) -> tensor<1x8x16xf32>
  %f = hwc.add %f8, %h : (tensor<1x8x16xf32>, tensor<1x8x16xf32>) -> tensor<1x8x16xf32>
  %m = hwc.reduce_mean %f over [-1] : (tensor<1x8x16xf32>) -> tensor<1x8x1xf32>
  %d = hwc.sub %f, %m : (tensor<1x8x16xf32>, tensor<1x8x1xf32>) -> tensor<1x8x16xf32>
  %n0 = hwc.pow %d, %two : (tensor<1x8x16xf32>, tensor<f32>) -> tensor<1x8x16xf32>
  %n1 = hwc.reduce_mean %n0 over [-1] : (tensor<1x8x16xf32>) -> tensor<1x8x1xf32>
  %n2 = hwc.add %n1, %epsilon : (tensor<1x8x1xf32>, tensor<f32>) -> tensor<1x8x1xf32>
  %n3 = hwc.sqrt %n2 : (tensor<1x8x1xf32>) -> tensor<1x8x1xf32>
  %n4 = hwc.div %d, %n3 : (tensor<1x8x16xf32>, tensor<1x8x1xf32>) -> tensor<1x8x16xf32>
  %n5 = hwc.mul %n4, %g : (tensor<1x8x16xf32>, tensor<16xf32>) -> tensor<1x8x16xf32>
  %y = hwc.add %n5, %b : (tensor<1x8x16xf32>, tensor<16xf32>) -> tensor<1x8x16xf32>
  return %y : tensor<1x8x16xf32>
}
