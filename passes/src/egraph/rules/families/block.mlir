func.func @main(%x: tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32> {
  %w1 = weights<8x4x1x1>
  %w2 = weights<8x1x3x3>
  %w3 = weights<4x8x1x1>
  %squeeze = weights<2x8x1x1>
  %squeeze_bias = weights<2>
  %excite = weights<8x2x1x1>
  %excite_bias = weights<8>
  %s1 = weights<8>
  %b1 = weights<8>
  %m1 = weights<8>
  %v1 = weights<8>
  %s2 = weights<8>
  %b2 = weights<8>
  %m2 = weights<8>
  %v2 = weights<8>
  %s3 = weights<4>
  %b3 = weights<4>
  %m3 = weights<4>
  %v3 = weights<4>
  %zero = hwc.constant dense<0.0> : tensor<f32>
  %three = hwc.constant dense<3.0> : tensor<1xf32>
  %six = hwc.constant dense<6.0> : tensor<f32>
  %0 = hwc.conv %x, %w1 {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>} : (tensor<1x4x8x8xf32>, tensor<8x4x1x1xf32>) -> tensor<1x8x8x8xf32>
  %1 = hwc.batch_normalization %0, %s1, %b1, %m1, %v1 : (tensor<1x8x8x8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>) -> tensor<1x8x8x8xf32>
  %2 = hwc.add %1, %three : (tensor<1x8x8x8xf32>, tensor<1xf32>) -> tensor<1x8x8x8xf32>
  %3 = hwc.clip %2 min %zero max %six : (tensor<1x8x8x8xf32>, tensor<f32>, tensor<f32>) -> tensor<1x8x8x8xf32>
  %4 = hwc.mul %1, %3 : (tensor<1x8x8x8xf32>, tensor<1x8x8x8xf32>) -> tensor<1x8x8x8xf32>
  %5 = hwc.div %4, %six : (tensor<1x8x8x8xf32>, tensor<f32>) -> tensor<1x8x8x8xf32>
  %6 = hwc.conv %5, %w2 {group = 8 : i64, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>} : (tensor<1x8x8x8xf32>, tensor<8x1x3x3xf32>) -> tensor<1x8x8x8xf32>
  %7 = hwc.batch_normalization %6, %s2, %b2, %m2, %v2 : (tensor<1x8x8x8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>) -> tensor<1x8x8x8xf32>
  %8 = hwc.relu %7 : (tensor<1x8x8x8xf32>) -> tensor<1x8x8x8xf32>
  %9 = hwc.reduce_mean %8 over [2, 3] : (tensor<1x8x8x8xf32>) -> tensor<1x8x1x1xf32>
  %10 = hwc.conv %9, %squeeze bias %squeeze_bias {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>} : (tensor<1x8x1x1xf32>, tensor<2x8x1x1xf32>, tensor<2xf32>) -> tensor<1x2x1x1xf32>
  %11 = hwc.relu %10 : (tensor<1x2x1x1xf32>) -> tensor<1x2x1x1xf32>
  %12 = hwc.conv %11, %excite bias %excite_bias {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>} : (tensor<1x2x1x1xf32>, tensor<8x2x1x1xf32>, tensor<8xf32>) -> tensor<1x8x1x1xf32>
  %13 = hwc.hard_sigmoid %12 : (tensor<1x8x1x1xf32>) -> tensor<1x8x1x1xf32>
  %14 = hwc.mul %8, %13 : (tensor<1x8x8x8xf32>, tensor<1x8x1x1xf32>) -> tensor<1x8x8x8xf32>
  %15 = hwc.conv %14, %w3 {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>} : (tensor<1x8x8x8xf32>, tensor<4x8x1x1xf32>) -> tensor<1x4x8x8xf32>
  %16 = hwc.batch_normalization %15, %s3, %b3, %m3, %v3 : (tensor<1x4x8x8xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<1x4x8x8xf32>
  %17 = hwc.add %16, %x : (tensor<1x4x8x8xf32>, tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32>
  return %17 : tensor<1x4x8x8xf32>
}
