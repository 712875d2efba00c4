//! Elementwise operations merged into reductions: the same results, less memory; and what must not be merged.

use super::{
    contractions::{agrees, module},
    *,
};

const EYE: &str = "affine_map<(a, b) -> (a, b)>";

/// `%name = f(ins)` elementwise on 24x40.
fn map(name: &str, ins: &[(&str, &str)], ops: &str) -> String {
    let ty = "tensor<24x40xf32>";
    let maps: Vec<&str> = ins.iter().map(|(_, map)| *map).chain([EYE]).collect();
    let names: Vec<&str> = ins.iter().map(|(name, _)| *name).collect();
    let types: Vec<&str> = ins
        .iter()
        .map(|(_, map)| match *map {
            EYE => ty,
            map if map.ends_with("-> (a)>") => "tensor<24xf32>",
            _ => "tensor<40xf32>",
        })
        .collect();
    let arguments: Vec<String> = (0..ins.len()).map(|i| format!("%v{i}: f32")).collect();
    format!(
        "%{name}e = tensor.empty() : {ty}
         %{name} = linalg.generic {{indexing_maps = [{}], iterator_types = [\"parallel\", \"parallel\"]}} ins({} : {}) outs(%{name}e : {ty}) {{
           ^bb0({}, %o: f32):
             {ops}
             linalg.yield %y : f32
         }} -> {ty}\n",
        maps.join(", "),
        names.join(", "),
        types.join(", "),
        arguments.join(", "),
    )
}

fn matmul(name: &str, a: &str, start: &str) -> String {
    format!(
        "%{name} = linalg.matmul ins({a}, %a1 : tensor<24x16xf32>, tensor<16x40xf32>) outs({start} : tensor<24x40xf32>) -> tensor<24x40xf32>\n"
    )
}

const ZERO: &str = "%z = arith.constant 0.0 : f32
    %e = tensor.empty() : tensor<24x40xf32>
    %f = linalg.fill ins(%z : f32) outs(%e : tensor<24x40xf32>) -> tensor<24x40xf32>\n";
const INPUTS: [&str; 4] = ["tensor<24x16xf32>", "tensor<16x40xf32>", "tensor<40xf32>", "tensor<24x40xf32>"];
const RESULT: &str = "tensor<24x40xf32>";
const ROW: &str = "affine_map<(a, b) -> (b)>";

#[test]
fn a_bias_before_and_an_activation_after() {
    let start = map("s", &[("%a2", ROW)], "%y = arith.addf %v0, %v0 : f32");
    let after = map(
        "r",
        &[("%m", EYE), ("%a3", EYE), ("%a2", ROW)],
        "%p = arith.mulf %v0, %v1 : f32\n%q = arith.addf %p, %v2 : f32\n%y = math.exp %q : f32",
    );
    let body = format!("{ZERO}{start}{}{after}return %r : {RESULT}", matmul("m", "%a0", "%s"));
    agrees(&INPUTS, &[RESULT], &body, 1e-5);
    let model = Model::new(&module(&INPUTS, &[RESULT], &body));
    assert_eq!(model.compiled.summary.arena_bytes, 0, "everything happens in registers");
}

#[test]
fn a_transposed_look_at_the_result_is_not_merged() {
    let body = "%z = arith.constant 0.0 : f32
        %e = tensor.empty() : tensor<24x24xf32>
        %f = linalg.fill ins(%z : f32) outs(%e : tensor<24x24xf32>) -> tensor<24x24xf32>
        %m = linalg.generic {indexing_maps = [affine_map<(a, b, k) -> (a, k)>, affine_map<(a, b, k) -> (b, k)>, affine_map<(a, b, k) -> (a, b)>],
          iterator_types = [\"parallel\", \"parallel\", \"reduction\"]} ins(%a0, %a1 : tensor<24x16xf32>, tensor<24x16xf32>) outs(%f : tensor<24x24xf32>) {
          ^bb0(%x: f32, %y: f32, %o: f32):
            %p = arith.mulf %x, %y : f32
            %s = arith.addf %o, %p : f32
            linalg.yield %s : f32
        } -> tensor<24x24xf32>
        %r = linalg.generic {indexing_maps = [affine_map<(a, b) -> (a, b)>, affine_map<(a, b) -> (b, a)>, affine_map<(a, b) -> (a, b)>],
          iterator_types = [\"parallel\", \"parallel\"]} ins(%m, %m : tensor<24x24xf32>, tensor<24x24xf32>) outs(%e : tensor<24x24xf32>) {
          ^bb0(%x: f32, %y: f32, %o: f32):
            %s = arith.subf %x, %y : f32
            linalg.yield %s : f32
        } -> tensor<24x24xf32>
        return %r : tensor<24x24xf32>";
    agrees(&["tensor<24x16xf32>", "tensor<24x16xf32>"], &["tensor<24x24xf32>"], body, 1e-6);
}

#[test]
fn a_result_that_is_needed_again_is_kept() {
    let first = map("r", &[("%m", EYE)], "%y = arith.mulf %v0, %v0 : f32");
    let second = map("s", &[("%m", EYE), ("%r", EYE)], "%y = arith.subf %v0, %v1 : f32");
    let body =
        format!("{ZERO}{}{first}{second}return %r, %s, %m : {RESULT}, {RESULT}, {RESULT}", matmul("m", "%a0", "%f"));
    agrees(&INPUTS, &[RESULT, RESULT, RESULT], &body, 1e-5);
}

#[test]
fn chains_of_contractions_keep_their_order() {
    // The second contraction reads what the first ends in; both end in the same kind of operation.
    let square = "tensor<24x16xf32>";
    let body = format!(
        "{ZERO}{}{}
         %w = tensor.extract_slice %r[0, 0] [24, 16] [1, 1] : {RESULT} to {square}
         {}{}return %s, %r : {RESULT}, {RESULT}",
        matmul("m", "%a0", "%f"),
        map("r", &[("%m", EYE), ("%a3", EYE)], "%y = arith.addf %v0, %v1 : f32"),
        matmul("n", "%w", "%f"),
        map("s", &[("%n", EYE), ("%r", EYE)], "%y = arith.addf %v0, %v1 : f32"),
    );
    agrees(&INPUTS, &[RESULT, RESULT], &body, 1e-5);
}

#[test]
fn rows_are_normalized() {
    // Softmax over rows: two reductions along the row, each followed by an elementwise operation that broadcasts it.
    let column = "affine_map<(a, b) -> (a)>";
    let reduce = |name: &str, of: &str, start: &str, op: &str| {
        format!(
            "%{name}z = arith.constant {start} : f32
             %{name}e = tensor.empty() : tensor<24xf32>
             %{name}f = linalg.fill ins(%{name}z : f32) outs(%{name}e : tensor<24xf32>) -> tensor<24xf32>
             %{name} = linalg.generic {{indexing_maps = [{EYE}, {column}], iterator_types = [\"parallel\", \"reduction\"]}} ins({of} : {RESULT}) outs(%{name}f : tensor<24xf32>) {{
               ^bb0(%v: f32, %o: f32):
                 %t = arith.{op} %o, %v : f32
                 linalg.yield %t : f32
             }} -> tensor<24xf32>\n"
        )
    };
    let body = format!(
        "{}{}{}{}return %r : {RESULT}",
        reduce("m", "%a0", "0xFF800000", "maximumf"),
        map("x", &[("%a0", EYE), ("%m", column)], "%d = arith.subf %v0, %v1 : f32\n%y = math.exp %d : f32"),
        reduce("s", "%x", "0.0", "addf"),
        map("r", &[("%x", EYE), ("%s", column)], "%y = arith.divf %v0, %v1 : f32"),
    );
    agrees(&[RESULT], &[RESULT], &body, 1e-6);
}

#[test]
fn a_sum_ends_in_an_elementwise_operation() {
    // Means of rows: the reduction runs along vectors, what follows on single elements.
    let body = "%z = arith.constant 0.0 : f32
        %e = tensor.empty() : tensor<24xf32>
        %f = linalg.fill ins(%z : f32) outs(%e : tensor<24xf32>) -> tensor<24xf32>
        %s = linalg.reduce ins(%a0 : tensor<24x40xf32>) outs(%f : tensor<24xf32>) dimensions = [1]
          (%x: f32, %o: f32) {
            %t = arith.addf %x, %o : f32
            linalg.yield %t : f32
          }
        %r = linalg.generic {indexing_maps = [affine_map<(a) -> (a)>, affine_map<(a) -> (a)>, affine_map<(a) -> (a)>], iterator_types = [\"parallel\"]}
          ins(%s, %a1 : tensor<24xf32>, tensor<24xf32>) outs(%e : tensor<24xf32>) {
          ^bb0(%x: f32, %b: f32, %o: f32):
            %c = arith.constant 0.025 : f32
            %p = arith.mulf %x, %c : f32
            %q = arith.addf %p, %b : f32
            linalg.yield %q : f32
        } -> tensor<24xf32>
        return %r : tensor<24xf32>";
    agrees(&["tensor<24x40xf32>", "tensor<24xf32>"], &["tensor<24xf32>"], body, 1e-6);
}

#[test]
fn reductions_over_one_element_end_in_elementwise_operations_too() {
    let body = "%z = arith.constant 0.5 : f32
        %e = tensor.empty() : tensor<24xf32>
        %f = linalg.fill ins(%z : f32) outs(%e : tensor<24xf32>) -> tensor<24xf32>
        %s = linalg.reduce ins(%a0 : tensor<24x1xf32>) outs(%f : tensor<24xf32>) dimensions = [1]
          (%x: f32, %o: f32) {
            %t = arith.addf %x, %o : f32
            linalg.yield %t : f32
          }
        %r = linalg.exp ins(%s : tensor<24xf32>) outs(%e : tensor<24xf32>) -> tensor<24xf32>
        return %r : tensor<24xf32>";
    agrees(&["tensor<24x1xf32>"], &["tensor<24xf32>"], body, 1e-6);
}

#[test]
fn padding_is_written_once_and_convolved() {
    let (x, p, w, y) =
        ("tensor<1x3x20x20xf32>", "tensor<1x3x22x23xf32>", "tensor<4x3x3x3xf32>", "tensor<1x4x20x21xf32>");
    let body = format!(
        "%z = arith.constant 0.25 : f32
         %p = tensor.pad %a0 low[0, 0, 1, 1] high[0, 0, 1, 2] {{
           ^bb0(%i: index, %j: index, %k: index, %l: index):
             tensor.yield %z : f32
         }} : {x} to {p}
         %e = tensor.empty() : {y}
         %f = linalg.fill ins(%z : f32) outs(%e : {y}) -> {y}
         %c = linalg.conv_2d_nchw_fchw ins(%p, %a1 : {p}, {w}) outs(%f : {y}) -> {y}
         %r = linalg.tanh ins(%c : {y}) outs(%e : {y}) -> {y}
         return %r : {y}"
    );
    agrees(&[x, w], &[y], &body, 1e-5);
}

#[test]
fn operands_that_lie_across_vectors_are_transposed() {
    // Scores of attention: queries times transposed keys, in batches.
    let body = "%z = arith.constant 0.0 : f32
        %e = tensor.empty() : tensor<3x40x37xf32>
        %f = linalg.fill ins(%z : f32) outs(%e : tensor<3x40x37xf32>) -> tensor<3x40x37xf32>
        %r = linalg.generic {indexing_maps = [affine_map<(h, a, b, k) -> (h, a, k)>, affine_map<(h, a, b, k) -> (h, b, k)>, affine_map<(h, a, b, k) -> (h, a, b)>],
          iterator_types = [\"parallel\", \"parallel\", \"parallel\", \"reduction\"]} ins(%a0, %a1 : tensor<3x40x16xf32>, tensor<3x37x16xf32>) outs(%f : tensor<3x40x37xf32>) {
          ^bb0(%x: f32, %y: f32, %o: f32):
            %p = arith.mulf %x, %y : f32
            %s = arith.addf %o, %p : f32
            linalg.yield %s : f32
        } -> tensor<3x40x37xf32>
        return %r : tensor<3x40x37xf32>";
    let inputs = ["tensor<3x40x16xf32>", "tensor<3x37x16xf32>"];
    agrees(&inputs, &["tensor<3x40x37xf32>"], body, 1e-6);
    let model = Model::new(&module(&inputs, &["tensor<3x40x37xf32>"], body));
    assert_eq!(model.compiled.summary.arena_bytes, 3 * 37 * 16 * 4, "room for the transposed keys");
}
