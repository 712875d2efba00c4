//! Operations without reductions: chains, broadcasts, transpositions, slices, element types.

use super::{
    contractions::{agrees, module},
    *,
};

#[test]
fn chains_and_broadcasts() {
    let (x, row, column, y) = ("tensor<5x37xf32>", "tensor<37xf32>", "tensor<5x1xf32>", "tensor<5x37xf32>");
    let body = format!(
        "%e = tensor.empty() : {y}
         %r = linalg.generic {{indexing_maps = [affine_map<(a, b) -> (a, b)>, affine_map<(a, b) -> (b)>, affine_map<(a, b) -> (a, 0)>, affine_map<(a, b) -> (a, b)>], iterator_types = [\"parallel\", \"parallel\"]}}
           ins(%a0, %a1, %a2 : {x}, {row}, {column}) outs(%e : {y}) {{
           ^bb0(%v: f32, %r0: f32, %c0: f32, %o: f32):
             %s = arith.addf %v, %r0 : f32
             %t = arith.mulf %s, %c0 : f32
             linalg.yield %t : f32
         }} -> {y}
         %q = linalg.generic {{indexing_maps = [affine_map<(a, b) -> (a, b)>, affine_map<(a, b) -> (a, b)>], iterator_types = [\"parallel\", \"parallel\"]}}
           ins(%r : {y}) outs(%e : {y}) {{
           ^bb0(%v: f32, %o: f32):
             %s = arith.subf %v, %v : f32
             %t = arith.maximumf %v, %s : f32
             linalg.yield %t : f32
         }} -> {y}
         return %q : {y}"
    );
    agrees(&[x, row, column], &[y], &body, 1e-6);
}

#[test]
fn rank_zero_and_single_elements() {
    let body = "%e = tensor.empty() : tensor<f32>
         %r = linalg.add ins(%a0, %a0 : tensor<f32>, tensor<f32>) outs(%e : tensor<f32>) -> tensor<f32>
         return %r : tensor<f32>";
    let text = module(&["tensor<f32>"], &["tensor<f32>"], body);
    assert_eq!(Model::new(&text).run_f32(&[&[1.5]], 1), [3.0]);
    agrees(&["tensor<1x1x1xf32>"], &["tensor<1x1x1xf32>"], &body.replace("<f32>", "<1x1x1xf32>"), 0.0);
}

#[test]
fn empty_tensors() {
    let body = "%e = tensor.empty() : tensor<3x0xf32>
         %r = linalg.add ins(%a0, %a0 : tensor<3x0xf32>, tensor<3x0xf32>) outs(%e : tensor<3x0xf32>) -> tensor<3x0xf32>
         return %r : tensor<3x0xf32>";
    let text = module(&["tensor<3x0xf32>"], &["tensor<3x0xf32>"], body);
    assert_eq!(Model::new(&text).run_f32(&[&[]], 0), [0f32; 0]);
}

#[test]
fn transpositions() {
    for (x, y, permutation) in [
        ("tensor<64x48xf32>", "tensor<48x64xf32>", "[1, 0]"),
        ("tensor<19x35xf32>", "tensor<35x19xf32>", "[1, 0]"),
        ("tensor<2x3x17x5xf32>", "tensor<2x17x3x5xf32>", "[0, 2, 1, 3]"),
        ("tensor<2x3x17x5xf32>", "tensor<5x2x17x3xf32>", "[3, 0, 2, 1]"),
        ("tensor<2x40x3xf32>", "tensor<2x3x40xf32>", "[0, 2, 1]"),
    ] {
        let body = format!(
            "%e = tensor.empty() : {y}
             %r = linalg.transpose ins(%a0 : {x}) outs(%e : {y}) permutation = {permutation}
             return %r : {y}"
        );
        agrees(&[x], &[y], &body, 0.0);
    }
}

#[test]
fn slices_with_strides_and_concatenation() {
    let (x, s, y) = ("tensor<9x40xf32>", "tensor<4x13xf32>", "tensor<8x13xf32>");
    let body = format!(
        "%s = tensor.extract_slice %a0[1, 1] [4, 13] [2, 3] : {x} to {s}
         %t = tensor.extract_slice %a0[0, 2] [4, 13] [1, 2] : {x} to {s}
         %e = tensor.empty() : {y}
         %i = tensor.insert_slice %s into %e[0, 0] [4, 13] [1, 1] : {s} into {y}
         %j = tensor.insert_slice %t into %i[4, 0] [4, 13] [1, 1] : {s} into {y}
         return %j : {y}"
    );
    agrees(&[x], &[y], &body, 0.0);
}

#[test]
fn reversed_rows() {
    // A negative step is an affine map with a negative coefficient.
    let body = "%e = tensor.empty() : tensor<6x21xf32>
         %r = linalg.generic {indexing_maps = [affine_map<(a, b) -> (a, b)>, affine_map<(a, b) -> (a, b)>], iterator_types = [\"parallel\", \"parallel\"]}
           ins(%a0 : tensor<6x21xf32>) outs(%e : tensor<6x21xf32>) {
           ^bb0(%v: f32, %o: f32):
             %i = linalg.index 0 : index
             %j = linalg.index 1 : index
             %c = arith.constant 20 : index
             %k = arith.subi %c, %j : index
             %w = tensor.extract %a0[%i, %k] : tensor<6x21xf32>
             linalg.yield %w : f32
         } -> tensor<6x21xf32>
         return %r : tensor<6x21xf32>";
    agrees(&["tensor<6x21xf32>"], &["tensor<6x21xf32>"], body, 0.0);
}

#[test]
fn conditions_inside_the_body() {
    let body = "%z = arith.constant 0.0 : f32
         %e = tensor.empty() : tensor<6x21xf32>
         %r = linalg.generic {indexing_maps = [affine_map<(a, b) -> (a, b)>, affine_map<(a, b) -> (a, b)>], iterator_types = [\"parallel\", \"parallel\"]}
           ins(%a0 : tensor<6x21xf32>) outs(%e : tensor<6x21xf32>) {
           ^bb0(%v: f32, %o: f32):
             %c = arith.cmpf olt, %v, %z : f32
             %i = linalg.index 1 : index
             %w = scf.if %c -> f32 {
               %j = arith.index_cast %i : index to i32
               %k = arith.sitofp %j : i32 to f32
               scf.yield %k : f32
             } else {
               scf.yield %v : f32
             }
             linalg.yield %w : f32
         } -> tensor<6x21xf32>
         return %r : tensor<6x21xf32>";
    agrees(&["tensor<6x21xf32>"], &["tensor<6x21xf32>"], body, 0.0);
}

/// A model of one elementwise operation from `from` to `to`, on rows of 37.
fn unary(from: &str, to: &str, ops: &str) -> String {
    let (x, y) = (format!("tensor<3x37x{from}>"), format!("tensor<3x37x{to}>"));
    let body = format!(
        "%e = tensor.empty() : {y}
         %r = linalg.generic {{indexing_maps = [affine_map<(a, b) -> (a, b)>, affine_map<(a, b) -> (a, b)>], iterator_types = [\"parallel\", \"parallel\"]}}
           ins(%a0 : {x}) outs(%e : {y}) {{
           ^bb0(%v: {from}, %o: {to}):
             {ops}
             linalg.yield %r0 : {to}
         }} -> {y}
         return %r : {y}"
    );
    module(&[&x], &[&y], &body)
}

#[test]
fn integers_of_every_width() {
    for (ty, size) in [("i8", 1usize), ("i16", 2), ("i32", 4), ("i64", 8)] {
        let text = unary(
            ty,
            ty,
            &format!("%c = arith.constant 3 : {ty}\n%m = arith.muli %v, %c : {ty}\n%r0 = arith.subi %m, %v : {ty}"),
        );
        let input: Vec<u8> = (0..111 * size).map(|i| (i * 37 % 251) as u8).collect();
        let got = Model::new(&text).run(std::slice::from_ref(&input), &[111 * size]).remove(0);
        for (g, e) in got.chunks(size).zip(input.chunks(size)) {
            let value = |b: &[u8]| b.iter().rev().fold(0u64, |v, byte| v << 8 | u64::from(*byte));
            let mask = u64::MAX >> (64 - 8 * size);
            assert_eq!(value(g), value(e).wrapping_mul(2) & mask, "{ty}");
        }
    }
}

#[test]
fn truth_values_are_bytes() {
    let x = noise(111, 3);
    let compare = unary("f32", "i1", "%z = arith.constant 0.0 : f32\n%r0 = arith.cmpf ogt, %v, %z : f32");
    let truth = Model::new(&compare).run(&[bytes(&x)], &[111]).remove(0);
    assert_eq!(truth, x.iter().map(|v| u8::from(*v > 0.0)).collect::<Vec<_>>());
    let not = unary("i1", "i1", "%t = arith.constant true\n%r0 = arith.xori %v, %t : i1");
    let inverted = Model::new(&not).run(std::slice::from_ref(&truth), &[111]).remove(0);
    assert_eq!(inverted, truth.iter().map(|v| 1 - v).collect::<Vec<_>>());
    let number = unary("i1", "f32", "%r0 = arith.uitofp %v : i1 to f32");
    let numbers = Model::new(&number).run(std::slice::from_ref(&truth), &[444]).remove(0);
    assert_eq!(floats(&numbers), truth.iter().map(|v| f32::from(*v)).collect::<Vec<_>>());
}

#[test]
fn halves_and_doubles() {
    let x: Vec<f32> = noise(111, 4).iter().map(|v| (v * 64.0).round() / 16.0).collect();
    for (ty, size) in [("f16", 2), ("bf16", 2), ("f64", 8)] {
        let cast = if ty == "f64" { "extf" } else { "truncf" };
        let back = if ty == "f64" { "truncf" } else { "extf" };
        let narrow = unary("f32", ty, &format!("%r0 = arith.{cast} %v : f32 to {ty}"));
        let twice = unary(ty, ty, &format!("%r0 = arith.addf %v, %v : {ty}"));
        let wide = unary(ty, "f32", &format!("%r0 = arith.{back} %v : {ty} to f32"));
        for cpu in [Cpu::Host, Cpu::Named("x86-64-v3".into()), Cpu::Named("x86-64".into())] {
            let options = TargetOptions { cpu, ..Default::default() };
            let stored = Model::with(&narrow, &options).run(&[bytes(&x)], &[111 * size]).remove(0);
            let doubled = Model::with(&twice, &options).run(&[stored], &[111 * size]).remove(0);
            let got = floats(&Model::with(&wide, &options).run(&[doubled], &[444])[0]);
            assert_eq!(got, x.iter().map(|v| v * 2.0).collect::<Vec<_>>(), "{ty} {options:?}");
        }
    }
}

#[test]
fn integer_division_never_traps_beyond_a_row() {
    let body = "%e = tensor.empty() : tensor<5xi32>
         %r = linalg.div ins(%a0, %a1 : tensor<5xi32>, tensor<5xi32>) outs(%e : tensor<5xi32>) -> tensor<5xi32>
         return %r : tensor<5xi32>";
    let text = module(&["tensor<5xi32>", "tensor<5xi32>"], &["tensor<5xi32>"], body);
    let ints = |v: [i32; 5]| v.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>();
    let got = Model::new(&text).run(&[ints([7, -7, 100, 9, 1]), ints([2, 2, -3, 9, 5])], &[20]).remove(0);
    assert_eq!(got, ints([3, -3, -33, 1, 0]));
}

#[test]
fn concatenation_and_padding() {
    let (x, y, z, p) = ("tensor<3x5xf32>", "tensor<3x4xf32>", "tensor<3x9xf32>", "tensor<6x12xf32>");
    let body = format!(
        "%c = tensor.concat dim(1) %a0, %a1 : ({x}, {y}) -> {z}
         %v = arith.constant 2.5 : f32
         %p = tensor.pad %c low[1, 3] high[2, 0] {{
           ^bb0(%i: index, %j: index):
             tensor.yield %v : f32
         }} : {z} to {p}
         return %p : {p}"
    );
    let (a, b) = (noise(15, 1), noise(12, 2));
    let mut expected = vec![2.5; 72];
    for i in 0..3 {
        expected[(i + 1) * 12 + 3..][..5].copy_from_slice(&a[i * 5..][..5]);
        expected[(i + 1) * 12 + 8..][..4].copy_from_slice(&b[i * 4..][..4]);
    }
    assert_eq!(Model::new(&module(&[x, y], &[p], &body)).run_f32(&[&a, &b], 72), expected);
}

#[test]
fn chains_after_a_contraction_need_no_scratch_memory() {
    let (x, y) = ("tensor<64x64xf32>", "tensor<64x64xf32>");
    let body = format!(
        "%z = arith.constant 0.0 : f32
         %e = tensor.empty() : {y}
         %f = linalg.fill ins(%z : f32) outs(%e : {y}) -> {y}
         %m = linalg.matmul ins(%a0, %a1 : {x}, {x}) outs(%f : {y}) -> {y}
         %b = linalg.add ins(%m, %a0 : {y}, {y}) outs(%e : {y}) -> {y}
         %r = linalg.exp ins(%b : {y}) outs(%e : {y}) -> {y}
         return %r : {y}"
    );
    let model = Model::new(&module(&[x, x], &[y], &body));
    assert_eq!(model.compiled.summary.arena_bytes, 0);
    let (a, b) = (noise(4096, 1), noise(4096, 2));
    let expected: Vec<f32> = (0..4096)
        .map(|i| ((0..64).map(|k| a[i / 64 * 64 + k] * b[k * 64 + i % 64]).sum::<f32>() + a[i]).exp())
        .collect();
    assert_close(&model.run_f32(&[&a, &b], 4096), &expected, 1e-5);
}

#[test]
fn loops_carry_tensors() {
    // h = tanh(w * h + x[t]) for each step, as in a recurrence: the old state is read while the new one is computed.
    let body = "%c0 = arith.constant 0 : index
         %c1 = arith.constant 1 : index
         %c5 = arith.constant 5 : index
         %z = arith.constant 0.0 : f32
         %e = tensor.empty() : tensor<5x18xf32>
         %h0 = tensor.empty() : tensor<18xf32>
         %h = linalg.fill ins(%z : f32) outs(%h0 : tensor<18xf32>) -> tensor<18xf32>
         %r:2 = scf.for %t = %c0 to %c5 step %c1 iter_args(%s = %h, %all = %e) -> (tensor<18xf32>, tensor<5x18xf32>) {
           %x = tensor.extract_slice %a0[%t, 0] [1, 18] [1, 1] : tensor<5x18xf32> to tensor<18xf32>
           %n0 = tensor.empty() : tensor<18xf32>
           %n1 = linalg.copy ins(%x : tensor<18xf32>) outs(%n0 : tensor<18xf32>) -> tensor<18xf32>
           %n2 = linalg.matvec ins(%a1, %s : tensor<18x18xf32>, tensor<18xf32>) outs(%n1 : tensor<18xf32>) -> tensor<18xf32>
           %n3 = linalg.tanh ins(%n2 : tensor<18xf32>) outs(%n0 : tensor<18xf32>) -> tensor<18xf32>
           %next = tensor.insert_slice %n3 into %all[%t, 0] [1, 18] [1, 1] : tensor<18xf32> into tensor<5x18xf32>
           scf.yield %n3, %next : tensor<18xf32>, tensor<5x18xf32>
         }
         return %r#1 : tensor<5x18xf32>";
    let (x, w) = (noise(90, 1), noise(324, 2));
    let mut state = vec![0f32; 18];
    let mut expected = vec![];
    for t in 0..5 {
        state =
            (0..18).map(|i| (x[t * 18 + i] + (0..18).map(|j| w[i * 18 + j] * state[j]).sum::<f32>()).tanh()).collect();
        expected.extend_from_slice(&state);
    }
    let text = module(&["tensor<5x18xf32>", "tensor<18x18xf32>"], &["tensor<5x18xf32>"], body);
    assert_close(&Model::new(&text).run_f32(&[&x, &w], 90), &expected, 1e-5);
}
