//! Transformers as text, with every operation written out as exporters write it.

/// Replaces each `weights<SHAPE>` by a constant with elements that differ, within it and from other constants.
pub fn with_weights(text: &str) -> String {
    let mut parts = text.split("weights<");
    let mut result = parts.next().unwrap_or_default().to_string();
    for (number, part) in parts.enumerate() {
        let (shape, rest) = part.split_once('>').unwrap_or((part, ""));
        let count: usize = shape.split('x').filter_map(|n| n.parse::<usize>().ok()).product();
        let values = (0..count).map(|i| 0.25 + ((i * 7 + number * 3) % 11) as f32 / 16.0);
        let bytes: String = values.flat_map(f32::to_le_bytes).map(|byte| format!("{byte:02X}")).collect();
        result += &format!("hwc.constant dense<\"0x{bytes}\"> : tensor<{shape}xf32>{rest}");
    }
    result
}

/// So many layers of a decoder as GPT-2 has them: normalization before causal attention and before two products with
/// GELU by tanh, each added to what came in. 8 positions, 32 channels, 4 heads.
pub fn decoder(layers: usize) -> String {
    let layer = |number: usize| {
        let result = if number + 1 == layers { "y".to_string() } else { format!("x{}", number + 1) };
        LAYER
            .replace("%_", &format!("%l{number}_"))
            .replace("%x", &format!("%x{number}"))
            .replace("%y", &format!("%{result}"))
    };
    let layers: String = (0..layers).map(layer).collect();
    with_weights(&format!("{START}{layers}  return %y : tensor<1x8x32xf32>\n}}\n"))
}

const START: &str = "func.func @main(%x0: tensor<1x8x32xf32>) -> tensor<1x8x32xf32> {
  %mask = weights<1x1x8x8>
  %epsilon = hwc.constant dense<1.0e-5> : tensor<f32>
  %half = hwc.constant dense<0.5> : tensor<f32>
  %one = hwc.constant dense<1.0> : tensor<f32>
  %two = hwc.constant dense<2.0> : tensor<f32>
  %three = hwc.constant dense<3.0> : tensor<f32>
  %cubic = hwc.constant dense<0.044715> : tensor<f32>
  %scale = hwc.constant dense<2.82842708> : tensor<f32>
  %root = hwc.constant dense<0.797884583> : tensor<f32>
";

/// `%x` comes in, `%y` goes out.
const LAYER: &str = "
  %_g1 = weights<32>
  %_c1 = weights<32>
  %_m1 = hwc.reduce_mean %x over [-1] : (tensor<1x8x32xf32>) -> tensor<1x8x1xf32>
  %_d1 = hwc.sub %x, %_m1 : (tensor<1x8x32xf32>, tensor<1x8x1xf32>) -> tensor<1x8x32xf32>
  %_q1 = hwc.pow %_d1, %two : (tensor<1x8x32xf32>, tensor<f32>) -> tensor<1x8x32xf32>
  %_v1 = hwc.reduce_mean %_q1 over [-1] : (tensor<1x8x32xf32>) -> tensor<1x8x1xf32>
  %_e1 = hwc.add %_v1, %epsilon : (tensor<1x8x1xf32>, tensor<f32>) -> tensor<1x8x1xf32>
  %_s1 = hwc.sqrt %_e1 : (tensor<1x8x1xf32>) -> tensor<1x8x1xf32>
  %_n1 = hwc.div %_d1, %_s1 : (tensor<1x8x32xf32>, tensor<1x8x1xf32>) -> tensor<1x8x32xf32>
  %_t1 = hwc.mul %_n1, %_g1 : (tensor<1x8x32xf32>, tensor<32xf32>) -> tensor<1x8x32xf32>
  %_a = hwc.add %_t1, %_c1 : (tensor<1x8x32xf32>, tensor<32xf32>) -> tensor<1x8x32xf32>

  %_wa = weights<32x96>
  %_ba = weights<96>
  %_p0 = hwc.matmul %_a, %_wa : (tensor<1x8x32xf32>, tensor<32x96xf32>) -> tensor<1x8x96xf32>
  %_p = hwc.add %_p0, %_ba : (tensor<1x8x96xf32>, tensor<96xf32>) -> tensor<1x8x96xf32>
  %_q0 = hwc.slice %_p {axes = array<i64: 2>, starts = array<i64: 0>, ends = array<i64: 32>, steps = array<i64: 1>} : (tensor<1x8x96xf32>) -> tensor<1x8x32xf32>
  %_k0 = hwc.slice %_p {axes = array<i64: 2>, starts = array<i64: 32>, ends = array<i64: 64>, steps = array<i64: 1>} : (tensor<1x8x96xf32>) -> tensor<1x8x32xf32>
  %_v0 = hwc.slice %_p {axes = array<i64: 2>, starts = array<i64: 64>, ends = array<i64: 96>, steps = array<i64: 1>} : (tensor<1x8x96xf32>) -> tensor<1x8x32xf32>
  %_q2 = hwc.reshape %_q0 {shape = array<i64: 1, 8, 4, 8>} : (tensor<1x8x32xf32>) -> tensor<1x8x4x8xf32>
  %_k2 = hwc.reshape %_k0 {shape = array<i64: 1, 8, 4, 8>} : (tensor<1x8x32xf32>) -> tensor<1x8x4x8xf32>
  %_v2 = hwc.reshape %_v0 {shape = array<i64: 1, 8, 4, 8>} : (tensor<1x8x32xf32>) -> tensor<1x8x4x8xf32>
  %_q = hwc.transpose %_q2 {permutation = array<i64: 0, 2, 1, 3>} : (tensor<1x8x4x8xf32>) -> tensor<1x4x8x8xf32>
  %_k = hwc.transpose %_k2 {permutation = array<i64: 0, 2, 3, 1>} : (tensor<1x8x4x8xf32>) -> tensor<1x4x8x8xf32>
  %_v = hwc.transpose %_v2 {permutation = array<i64: 0, 2, 1, 3>} : (tensor<1x8x4x8xf32>) -> tensor<1x4x8x8xf32>
  %_z0 = hwc.matmul %_q, %_k : (tensor<1x4x8x8xf32>, tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32>
  %_z1 = hwc.div %_z0, %scale : (tensor<1x4x8x8xf32>, tensor<f32>) -> tensor<1x4x8x8xf32>
  %_z2 = hwc.add %_z1, %mask : (tensor<1x4x8x8xf32>, tensor<1x1x8x8xf32>) -> tensor<1x4x8x8xf32>
  %_z3 = hwc.softmax %_z2 : (tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32>
  %_z4 = hwc.matmul %_z3, %_v : (tensor<1x4x8x8xf32>, tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32>
  %_z5 = hwc.transpose %_z4 {permutation = array<i64: 0, 2, 1, 3>} : (tensor<1x4x8x8xf32>) -> tensor<1x8x4x8xf32>
  %_z6 = hwc.reshape %_z5 {shape = array<i64: 1, 8, 32>} : (tensor<1x8x4x8xf32>) -> tensor<1x8x32xf32>
  %_wo = weights<32x32>
  %_bo = weights<32>
  %_o0 = hwc.matmul %_z6, %_wo : (tensor<1x8x32xf32>, tensor<32x32xf32>) -> tensor<1x8x32xf32>
  %_o = hwc.add %_o0, %_bo : (tensor<1x8x32xf32>, tensor<32xf32>) -> tensor<1x8x32xf32>
  %_h = hwc.add %x, %_o : (tensor<1x8x32xf32>, tensor<1x8x32xf32>) -> tensor<1x8x32xf32>

  %_g2 = weights<32>
  %_c2 = weights<32>
  %_m2 = hwc.reduce_mean %_h over [-1] : (tensor<1x8x32xf32>) -> tensor<1x8x1xf32>
  %_d2 = hwc.sub %_h, %_m2 : (tensor<1x8x32xf32>, tensor<1x8x1xf32>) -> tensor<1x8x32xf32>
  %_q3 = hwc.pow %_d2, %two : (tensor<1x8x32xf32>, tensor<f32>) -> tensor<1x8x32xf32>
  %_v3 = hwc.reduce_mean %_q3 over [-1] : (tensor<1x8x32xf32>) -> tensor<1x8x1xf32>
  %_e2 = hwc.add %_v3, %epsilon : (tensor<1x8x1xf32>, tensor<f32>) -> tensor<1x8x1xf32>
  %_s2 = hwc.sqrt %_e2 : (tensor<1x8x1xf32>) -> tensor<1x8x1xf32>
  %_n2 = hwc.div %_d2, %_s2 : (tensor<1x8x32xf32>, tensor<1x8x1xf32>) -> tensor<1x8x32xf32>
  %_t2 = hwc.mul %_n2, %_g2 : (tensor<1x8x32xf32>, tensor<32xf32>) -> tensor<1x8x32xf32>
  %_b = hwc.add %_t2, %_c2 : (tensor<1x8x32xf32>, tensor<32xf32>) -> tensor<1x8x32xf32>

  %_w1 = weights<32x128>
  %_b1 = weights<128>
  %_f0 = hwc.matmul %_b, %_w1 : (tensor<1x8x32xf32>, tensor<32x128xf32>) -> tensor<1x8x128xf32>
  %_f = hwc.add %_f0, %_b1 : (tensor<1x8x128xf32>, tensor<128xf32>) -> tensor<1x8x128xf32>
  %_u0 = hwc.pow %_f, %three : (tensor<1x8x128xf32>, tensor<f32>) -> tensor<1x8x128xf32>
  %_u1 = hwc.mul %_u0, %cubic : (tensor<1x8x128xf32>, tensor<f32>) -> tensor<1x8x128xf32>
  %_u2 = hwc.add %_f, %_u1 : (tensor<1x8x128xf32>, tensor<1x8x128xf32>) -> tensor<1x8x128xf32>
  %_u3 = hwc.mul %_u2, %root : (tensor<1x8x128xf32>, tensor<f32>) -> tensor<1x8x128xf32>
  %_u4 = hwc.tanh %_u3 : (tensor<1x8x128xf32>) -> tensor<1x8x128xf32>
  %_u5 = hwc.add %_u4, %one : (tensor<1x8x128xf32>, tensor<f32>) -> tensor<1x8x128xf32>
  %_u6 = hwc.mul %_f, %half : (tensor<1x8x128xf32>, tensor<f32>) -> tensor<1x8x128xf32>
  %_u = hwc.mul %_u6, %_u5 : (tensor<1x8x128xf32>, tensor<1x8x128xf32>) -> tensor<1x8x128xf32>
  %_w2 = weights<128x32>
  %_b2 = weights<32>
  %_r0 = hwc.matmul %_u, %_w2 : (tensor<1x8x128xf32>, tensor<128x32xf32>) -> tensor<1x8x32xf32>
  %_r = hwc.add %_r0, %_b2 : (tensor<1x8x32xf32>, tensor<32xf32>) -> tensor<1x8x32xf32>
  %y = hwc.add %_h, %_r : (tensor<1x8x32xf32>, tensor<1x8x32xf32>) -> tensor<1x8x32xf32>
";
