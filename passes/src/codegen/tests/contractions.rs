//! Operations that reduce: matmul, convolution, pooling, sums, against plain Rust and against upstream's loops.

use super::*;

/// A module with one kernel `@k` and a `main` that passes everything through.
pub fn module(inputs: &[&str], outputs: &[&str], body: &str) -> String {
    let list = |types: &[&str]| types.join(", ");
    let named: Vec<String> = inputs.iter().enumerate().map(|(i, t)| format!("%a{i}: {t}")).collect();
    let names: Vec<String> = (0..inputs.len()).map(|i| format!("%a{i}")).collect();
    let results: Vec<String> = (0..outputs.len()).map(|i| format!("%r#{i}")).collect();
    let (named, names, results) = (named.join(", "), names.join(", "), results.join(", "));
    let (ins, outs) = (list(inputs), list(outputs));
    format!(
        "func.func private @k({named}) -> ({outs}) {{\n{body}\n}}\n\
         func.func @main({named}) -> ({outs}) {{\n\
         %r:{n} = call @k({names}) : ({ins}) -> ({outs})\n\
         return {results} : {outs}\n}}\n",
        n = outputs.len(),
    )
}

/// Sizes of a static tensor type.
fn shape(ty: &str) -> Vec<usize> {
    let inner = ty.trim_start_matches("tensor<").trim_end_matches('>');
    inner.split('x').filter_map(|p| p.parse().ok()).collect()
}

fn elements(ty: &str) -> usize {
    shape(ty).iter().product()
}

/// Runs a model of f32 tensors with our loops and with upstream's; fails unless they agree.
#[track_caller]
pub fn agrees(inputs: &[&str], outputs: &[&str], body: &str, tolerance: f32) {
    let text = module(inputs, outputs, body);
    let data: Vec<Vec<u8>> = inputs.iter().zip(1..).map(|(t, seed)| bytes(&noise(elements(t), seed))).collect();
    let sizes: Vec<usize> = outputs.iter().map(|t| elements(t) * 4).collect();
    let plain = TargetOptions { plain_loops: true, ..Default::default() };
    let expected = Model::with(&text, &plain).run(&data, &sizes);
    for cpu in [Cpu::Host, Cpu::Named("x86-64-v3".into()), Cpu::Named("x86-64".into())] {
        let got = Model::with(&text, &TargetOptions { cpu, ..Default::default() }).run(&data, &sizes);
        for (g, e) in got.iter().zip(&expected) {
            assert_close(&floats(g), &floats(e), tolerance);
        }
    }
}

const ZERO: &str = "%z = arith.constant 0.0 : f32\n";

fn filled(name: &str, ty: &str) -> String {
    format!(
        "%{name}e = tensor.empty() : {ty}\n\
         %{name} = linalg.fill ins(%z : f32) outs(%{name}e : {ty}) -> {ty}\n"
    )
}

fn matmul(m: usize, n: usize, k: usize) -> (Vec<String>, String, String) {
    let (a, b, c) = (format!("tensor<{m}x{k}xf32>"), format!("tensor<{k}x{n}xf32>"), format!("tensor<{m}x{n}xf32>"));
    let body = format!(
        "{ZERO}{}%r = linalg.matmul ins(%a0, %a1 : {a}, {b}) outs(%f : {c}) -> {c}\nreturn %r : {c}",
        filled("f", &c)
    );
    (vec![a, b], c, body)
}

#[test]
fn matmul_of_any_size() {
    for (m, n, k) in [
        (1, 1, 1),
        (1, 17, 3),
        (17, 1, 5),
        (3, 5, 7),
        (16, 16, 16),
        (15, 33, 31),
        (29, 65, 2),
        (2, 7, 130),
        (40, 100, 9),
    ] {
        let (inputs, output, body) = matmul(m, n, k);
        let text = module(&[&inputs[0], &inputs[1]], &[&output], &body);
        let (a, b) = (noise(m * k, 1), noise(k * n, 2));
        let expected: Vec<f32> =
            (0..m * n).map(|i| (0..k).map(|j| a[i / n * k + j] * b[j * n + i % n]).sum()).collect();
        assert_close(&Model::new(&text).run_f32(&[&a, &b], m * n), &expected, 1e-6);
    }
}

#[test]
fn matmul_with_empty_dimensions() {
    let (inputs, output, body) = matmul(3, 4, 0);
    let text = module(&[&inputs[0], &inputs[1]], &[&output], &body);
    assert_eq!(Model::new(&text).run_f32(&[&[], &[]], 12), [0.0; 12]);
    let (inputs, output, body) = matmul(0, 4, 2);
    let text = module(&[&inputs[0], &inputs[1]], &[&output], &body);
    assert_eq!(Model::new(&text).run_f32(&[&[], &noise(8, 1)], 0), [0f32; 0]);
}

#[test]
fn matmul_of_transposed_operands() {
    for (a, b, ta, tb) in [("13x21", "34x21", "(k)", ""), ("21x13", "21x34", "t", ""), ("21x13", "34x21", "t", "t")] {
        let map_a = if ta == "t" { "(m, n, k) -> (k, m)" } else { "(m, n, k) -> (m, k)" };
        let map_b = if b.starts_with("34") { "(m, n, k) -> (n, k)" } else { "(m, n, k) -> (k, n)" };
        let _ = tb;
        let (a, b, c) = (format!("tensor<{a}xf32>"), format!("tensor<{b}xf32>"), "tensor<13x34xf32>");
        let body = format!(
            "{ZERO}{}%r = linalg.generic {{indexing_maps = [affine_map<{map_a}>, affine_map<{map_b}>, affine_map<(m, n, k) -> (m, n)>],
               iterator_types = [\"parallel\", \"parallel\", \"reduction\"]}} ins(%a0, %a1 : {a}, {b}) outs(%f : {c}) {{
               ^bb0(%x: f32, %y: f32, %o: f32):
                 %p = arith.mulf %x, %y : f32
                 %s = arith.addf %o, %p : f32
                 linalg.yield %s : f32
             }} -> {c}\nreturn %r : {c}",
            filled("f", c)
        );
        agrees(&[&a, &b], &[c], &body, 1e-6);
    }
}

#[test]
fn convolutions() {
    // channels, filters, size, kernel, stride, dilation
    for (c, f, h, k, s, d) in [
        (3, 5, 11, 3, 1, 1),
        (4, 9, 20, 3, 2, 1),
        (2, 3, 17, 3, 1, 2),
        (2, 4, 23, 5, 3, 1),
        (8, 6, 9, 1, 2, 1),
        (1, 1, 40, 7, 4, 1),
    ] {
        let o = (h - d * (k - 1) - 1) / s + 1;
        let (x, w, y) = (
            format!("tensor<2x{c}x{h}x{h}xf32>"),
            format!("tensor<{f}x{c}x{k}x{k}xf32>"),
            format!("tensor<2x{f}x{o}x{o}xf32>"),
        );
        let body = format!(
            "{ZERO}{}%r = linalg.conv_2d_nchw_fchw {{dilations = dense<{d}> : tensor<2xi64>, strides = dense<{s}> : tensor<2xi64>}}
               ins(%a0, %a1 : {x}, {w}) outs(%f : {y}) -> {y}\nreturn %r : {y}",
            filled("f", &y)
        );
        let text = module(&[&x, &w], &[&y], &body);
        let (xs, ws) = (noise(2 * c * h * h, 1), noise(f * c * k * k, 2));
        let mut expected = vec![];
        for i in 0..2 * f * o * o {
            let (n, g, oy, ox) = (i / (f * o * o), i / (o * o) % f, i / o % o, i % o);
            let mut sum = 0.0;
            for (ch, ky, kx) in (0..c * k * k).map(|j| (j / (k * k), j / k % k, j % k)) {
                sum += xs[((n * c + ch) * h + oy * s + ky * d) * h + ox * s + kx * d]
                    * ws[((g * c + ch) * k + ky) * k + kx];
            }
            expected.push(sum);
        }
        assert_close(&Model::new(&text).run_f32(&[&xs, &ws], expected.len()), &expected, 2e-6);
    }
}

#[test]
fn padded_and_depthwise_convolution() {
    let (x, p, w, y) = ("tensor<1x6x13x13xf32>", "tensor<1x6x15x15xf32>", "tensor<6x3x3xf32>", "tensor<1x6x7x7xf32>");
    let body = format!(
        "{ZERO}%p = tensor.pad %a0 low[0, 0, 1, 1] high[0, 0, 1, 1] {{
           ^bb0(%i: index, %j: index, %k: index, %l: index):
             tensor.yield %z : f32
         }} : {x} to {p}
         {}%r = linalg.depthwise_conv_2d_nchw_chw {{dilations = dense<1> : tensor<2xi64>, strides = dense<2> : tensor<2xi64>}}
           ins(%p, %a1 : {p}, {w}) outs(%f : {y}) -> {y}\nreturn %r : {y}",
        filled("f", y)
    );
    agrees(&[x, w], &[y], &body, 2e-6);
}

#[test]
fn pooling() {
    for (op, init) in [("pooling_nchw_max", "0xFF800000"), ("pooling_nchw_sum", "0.0")] {
        let (x, w, y) = ("tensor<2x3x19x19xf32>", "tensor<3x3xf32>", "tensor<2x3x9x9xf32>");
        let body = format!(
            "%z = arith.constant {init} : f32\n{}%w = tensor.empty() : {w}
             %r = linalg.{op} {{dilations = dense<1> : tensor<2xi64>, strides = dense<2> : tensor<2xi64>}}
               ins(%a0, %w : {x}, {w}) outs(%f : {y}) -> {y}\nreturn %r : {y}",
            filled("f", y)
        );
        agrees(&[x], &[y], &body, 1e-6);
    }
}

#[test]
fn reductions_along_any_dimensions() {
    let x = "tensor<5x6x37xf32>";
    for (output, map, kinds) in [
        ("tensor<5x6xf32>", "(a, b)", ["parallel", "parallel", "reduction"]),
        ("tensor<5x37xf32>", "(a, c)", ["parallel", "reduction", "parallel"]),
        ("tensor<6x37xf32>", "(b, c)", ["reduction", "parallel", "parallel"]),
        ("tensor<6xf32>", "(b)", ["reduction", "parallel", "reduction"]),
        ("tensor<37xf32>", "(c)", ["reduction", "reduction", "parallel"]),
        ("tensor<f32>", "()", ["reduction", "reduction", "reduction"]),
    ] {
        for (op, init) in [("addf", "0.0"), ("mulf", "1.0"), ("maximumf", "0xFF800000"), ("minimumf", "0x7F800000")] {
            let kinds = format!("{kinds:?}");
            let body = format!(
                "%z = arith.constant {init} : f32\n{}
                 %r = linalg.generic {{indexing_maps = [affine_map<(a, b, c) -> (a, b, c)>, affine_map<(a, b, c) -> {map}>], iterator_types = {kinds}}}
                   ins(%a0 : {x}) outs(%f : {output}) {{
                   ^bb0(%v: f32, %o: f32):
                     %e = arith.addf %v, %v : f32
                     %s = arith.{op} %o, %e : f32
                     linalg.yield %s : f32
                 }} -> {output}\nreturn %r : {output}",
                filled("f", output)
            );
            agrees(&[x], &[output], &body, 1e-5);
        }
    }
}

#[test]
fn a_reduction_continues_from_its_initial_value() {
    let (x, y) = ("tensor<7x50xf32>", "tensor<7xf32>");
    let body = format!(
        "%r = linalg.generic {{indexing_maps = [affine_map<(a, b) -> (a, b)>, affine_map<(a, b) -> (a)>], iterator_types = [\"parallel\", \"reduction\"]}}
           ins(%a0 : {x}) outs(%a1 : {y}) {{
           ^bb0(%v: f32, %o: f32):
             %s = arith.addf %v, %o : f32
             linalg.yield %s : f32
         }} -> {y}\nreturn %r : {y}"
    );
    agrees(&[x, y], &[y], &body, 1e-6);
}

#[test]
fn two_results_of_one_reduction() {
    // The position of the largest element in each column, and in each row.
    for (y, map, kinds, at) in [
        ("tensor<37xf32>", "(b)", "[\"reduction\", \"parallel\"]", 0),
        ("tensor<21xf32>", "(a)", "[\"parallel\", \"reduction\"]", 1),
    ] {
        let body = format!(
            "%m = arith.constant 0xFF800000 : f32\n{ZERO}{}%e = tensor.empty() : {y}
             %n = linalg.fill ins(%m : f32) outs(%e : {y}) -> {y}
             %r:2 = linalg.generic {{indexing_maps = [affine_map<(a, b) -> (a, b)>, affine_map<(a, b) -> {map}>, affine_map<(a, b) -> {map}>], iterator_types = {kinds}}}
               ins(%a0 : tensor<21x37xf32>) outs(%n, %f : {y}, {y}) {{
               ^bb0(%v: f32, %o: f32, %p: f32):
                 %i = linalg.index {at} : index
                 %j = arith.index_cast %i : index to i32
                 %k = arith.sitofp %j : i32 to f32
                 %c = arith.cmpf ogt, %v, %o : f32
                 %s = arith.select %c, %v, %o : f32
                 %t = arith.select %c, %k, %p : f32
                 linalg.yield %s, %t : f32, f32
             }} -> ({y}, {y})\nreturn %r#0, %r#1 : {y}, {y}",
            filled("f", y)
        );
        agrees(&["tensor<21x37xf32>"], &[y, y], &body, 1e-6);
    }
}

/// A matmul of f32 inputs cast to `ty`, accumulated in it.
fn narrow_matmul(ty: &str, m: usize, n: usize, k: usize, transposed: bool) -> String {
    let (a, b, c) = (format!("{m}x{k}x"), format!("{k}x{n}x"), format!("{m}x{n}x"));
    let (b, map) = if transposed { (format!("{n}x{k}x"), "(n, k)") } else { (b, "(k, n)") };
    module(
        &[&format!("tensor<{a}f32>"), &format!("tensor<{b}f32>")],
        &[&format!("tensor<{c}f32>")],
        &format!(
            "%z = arith.constant 0.0 : {ty}
             %a = arith.truncf %a0 : tensor<{a}f32> to tensor<{a}{ty}>
             %b = arith.truncf %a1 : tensor<{b}f32> to tensor<{b}{ty}>
             %e = tensor.empty() : tensor<{c}{ty}>
             %f = linalg.fill ins(%z : {ty}) outs(%e : tensor<{c}{ty}>) -> tensor<{c}{ty}>
             %m = linalg.generic {{indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> {map}>, affine_map<(m, n, k) -> (m, n)>],
               iterator_types = [\"parallel\", \"parallel\", \"reduction\"]}} ins(%a, %b : tensor<{a}{ty}>, tensor<{b}{ty}>) outs(%f : tensor<{c}{ty}>) {{
               ^bb0(%x: {ty}, %y: {ty}, %o: {ty}):
                 %p = arith.mulf %x, %y : {ty}
                 %s = arith.addf %o, %p : {ty}
                 linalg.yield %s : {ty}
             }} -> tensor<{c}{ty}>
             %r = arith.extf %m : tensor<{c}{ty}> to tensor<{c}f32>
             return %r : tensor<{c}f32>"
        ),
    )
}

#[test]
fn half_precision_contractions_on_every_level() {
    for (ty, unit) in [("f16", 1e-3), ("bf16", 1e-2)] {
        for transposed in [false, true] {
            let (m, n, k) = (5, 19, 37);
            let text = narrow_matmul(ty, m, n, k, transposed);
            let (a, b) = (noise(m * k, 1), noise(k * n, 2));
            let at = |j: usize, i: usize| if transposed { b[i * k + j] } else { b[j * n + i] };
            let expected: Vec<f32> =
                (0..m * n).map(|i| (0..k).map(|j| a[i / n * k + j] * at(j, i % n)).sum()).collect();
            for cpu in [Cpu::Host, Cpu::Named("x86-64-v3".into()), Cpu::Named("x86-64".into())] {
                let got = Model::with(&text, &TargetOptions { cpu, ..Default::default() }).run_f32(&[&a, &b], m * n);
                assert_close(&got, &expected, unit * 4.0);
            }
        }
    }
}

#[test]
fn integer_contractions_widen() {
    let (m, n, k) = (9, 33, 21);
    let (a, b, c) = (format!("tensor<{m}x{k}xi8>"), format!("tensor<{k}x{n}xi8>"), format!("tensor<{m}x{n}xi32>"));
    let body = format!(
        "%z = arith.constant 0 : i32
         %e = tensor.empty() : {c}
         %f = linalg.fill ins(%z : i32) outs(%e : {c}) -> {c}
         %r = linalg.matmul ins(%a0, %a1 : {a}, {b}) outs(%f : {c}) -> {c}
         return %r : {c}"
    );
    let bytes = |count: usize, step: usize| (0..count).map(|i| (i * step % 256) as u8).collect::<Vec<u8>>();
    let (x, y) = (bytes(m * k, 37), bytes(k * n, 91));
    let got = Model::new(&module(&[&a, &b], &[&c], &body)).run(&[x.clone(), y.clone()], &[m * n * 4]).remove(0);
    for (i, value) in got.chunks(4).enumerate() {
        let expected: i32 = (0..k).map(|j| i32::from(x[i / n * k + j] as i8) * i32::from(y[j * n + i % n] as i8)).sum();
        assert_eq!(i32::from_le_bytes([value[0], value[1], value[2], value[3]]), expected, "element {i}");
    }
}
