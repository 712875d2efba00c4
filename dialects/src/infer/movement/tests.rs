use hwc_runtime::DType;

use super::*;
use crate::attrs;
use crate::attrs::Attrs;
use crate::infer::infer;
use crate::op::Op;

fn dims(text: &str) -> Vec<Dim> {
    let dim = |d: &str| match d.parse() {
        Ok(n) => Dim::Fixed(n),
        Err(_) if d == "?" => Dim::Unknown,
        Err(_) => Dim::Symbol(d.into()),
    };
    text.split_whitespace().map(dim).collect()
}

/// The inferred shape of an operation on f32 tensors of these shapes, or what is wrong.
fn shape(op: Op, attrs: Attrs, operands: &[&str]) -> Result<String, Vec<String>> {
    let types: Vec<TensorType> = operands.iter().map(|s| TensorType::new(DType::F32, dims(s))).collect();
    let types: Vec<Option<&TensorType>> = types.iter().map(Some).collect();
    let result = infer(op, &attrs, &types).map_err(|e| e.0)?;
    Ok(result[0].shape.iter().map(Dim::to_string).collect::<Vec<_>>().join(" "))
}

#[track_caller]
fn gives(op: Op, attrs: Attrs, operands: &[&str], expected: &str) {
    assert_eq!(shape(op, attrs, operands), Ok(expected.to_string()));
}

#[track_caller]
fn refuses(op: Op, attrs: Attrs, operands: &[&str], count: usize, part: &str) {
    let errors = shape(op, attrs, operands).expect_err("must be refused");
    assert_eq!(errors.len(), count, "{errors:?}");
    assert!(errors.iter().any(|e| e.contains(part)), "{errors:?}");
}

#[test]
fn reshape_infers_and_copies() {
    let reshape =
        |shape: &[i64], operand: &str| super::tests::shape(Op::Reshape, attrs! {"shape" => shape.to_vec()}, &[operand]);
    assert_eq!(reshape(&[4, -1], "2 3 4"), Ok("4 6".into()));
    assert_eq!(reshape(&[], "1 1"), Ok("".into()));
    assert_eq!(reshape(&[1], ""), Ok("1".into()));
    assert_eq!(reshape(&[0, 5], "5 0"), Ok("0 5".into()));
    assert_eq!(reshape(&[3, -1], "0 4"), Ok("3 0".into()));
    assert_eq!(reshape(&[-2, 8, -1], "batch 32"), Ok("batch 8 4".into()));
    assert_eq!(reshape(&[-1, 32], "batch 4 8"), Ok("batch 32".into()));
    assert_eq!(reshape(&[-1, 16], "batch 4 8"), Ok("? 16".into()));
    assert_eq!(reshape(&[-1, 32], "batch seq 32"), Ok("? 32".into()));
    refuses(Op::Reshape, attrs! {"shape" => vec![-1, -1]}, &["4"], 1, "more than one");
    refuses(Op::Reshape, attrs! {"shape" => vec![5, -1]}, &["4"], 1, "cannot divide");
    refuses(Op::Reshape, attrs! {"shape" => vec![5]}, &["4"], 1, "4 elements");
    refuses(Op::Reshape, attrs! {"shape" => vec![0, -1]}, &["0 2"], 1, "cannot infer");
    refuses(Op::Reshape, attrs! {"shape" => vec![-3]}, &["4"], 1, "copies dimension 1");
    refuses(Op::Reshape, attrs! {"shape" => vec![i64::MIN]}, &["4"], 1, "copies dimension");
    refuses(Op::Reshape, attrs! {"shape" => vec![i64::MAX, i64::MAX, -1]}, &["4"], 1, "too many");
}

#[test]
fn transpose_permutes() {
    gives(Op::Transpose, attrs! {"permutation" => vec![2, 0, 1]}, &["2 n 4"], "4 2 n");
    gives(Op::Transpose, attrs! {"permutation" => Vec::<i64>::new()}, &[""], "");
    refuses(Op::Transpose, attrs! {"permutation" => vec![0]}, &["2 3"], 1, "needs one per dimension");
    refuses(Op::Transpose, attrs! {"permutation" => vec![0, 0, 7]}, &["2 3 4"], 2, "twice");
    refuses(Op::Transpose, attrs! {"permutation" => vec![-1, 0]}, &["2 3"], 1, "negative");
}

#[test]
fn concat_adds_up() {
    gives(Op::Concat, attrs! {"axis" => -1i64}, &["2 3", "2 0", "2 4"], "2 7");
    gives(Op::Concat, attrs! {"axis" => 0i64}, &["n 3", "0 3"], "n 3");
    gives(Op::Concat, attrs! {"axis" => 0i64}, &["n 3", "1 m"], "? 3");
    refuses(Op::Concat, attrs! {"axis" => 0i64}, &["2 3", "2 4", "2"], 2, "dimension 1");
    refuses(Op::Concat, attrs! {"axis" => 0i64}, &[], 1, "needs an operand");
    refuses(Op::Concat, attrs! {"axis" => 0i64}, &["", ""], 1, "outside of rank 0");
}

#[test]
fn slices_clamp_as_in_python() {
    let stride = |size, start, end, step| {
        let s = Stride::resolve(size, start, end, step);
        (0..s.count as i64).map(|i| s.start as i64 + i * s.step).collect::<Vec<_>>()
    };
    assert_eq!(stride(5, 1, i64::MAX, 2), [1, 3]);
    assert_eq!(stride(5, -1, i64::MIN, -2), [4, 2, 0]);
    assert_eq!(stride(5, i64::MAX, i64::MIN, -1), [4, 3, 2, 1, 0]);
    assert_eq!(stride(5, i64::MIN, i64::MAX, i64::MAX), [0]);
    assert_eq!(stride(5, 4, 0, i64::MIN), [4]);
    assert_eq!(stride(5, -3, -1, 1), [2, 3]);
    assert!(stride(5, 3, 1, 1).is_empty());
    assert!(stride(5, 10, 20, 1).is_empty());
    assert!(stride(0, -1, i64::MIN, -1).is_empty());
    assert!(stride(0, 0, i64::MAX, 1).is_empty());
    let attrs = |axes: &[i64], starts: &[i64], ends: &[i64], steps: &[i64]| {
        attrs! {"axes" => axes.to_vec(), "starts" => starts.to_vec(), "ends" => ends.to_vec(), "steps" => steps.to_vec()}
    };
    gives(Op::Slice, attrs(&[-1], &[1], &[100], &[1]), &["n 4"], "n 3");
    gives(Op::Slice, attrs(&[0], &[0], &[i64::MAX], &[1]), &["n 4"], "n 4");
    gives(Op::Slice, attrs(&[0], &[1], &[i64::MAX], &[1]), &["n 4"], "? 4");
    gives(Op::Slice, attrs(&[], &[], &[], &[]), &["2"], "2");
    refuses(Op::Slice, attrs(&[0], &[0, 1], &[], &[0]), &["n 4"], 3, "step of 0");
    refuses(Op::Slice, attrs(&[0, 0], &[0, 1], &[2, 2], &[1, 1]), &["3"], 1, "twice");
}

#[test]
fn pads_grow_and_crop() {
    let attrs =
        |low: &[i64], high: &[i64], mode: &str| attrs! {"low" => low.to_vec(), "high" => high.to_vec(), "mode" => mode};
    gives(Op::Pad, attrs(&[0, 1], &[0, 2], "edge"), &["n 3"], "n 6");
    gives(Op::Pad, attrs(&[-1, 0], &[2, 0], "constant"), &["3 m", "1"], "4 m");
    gives(Op::Pad, attrs(&[2], &[0], "constant"), &["0"], "2");
    gives(Op::Pad, attrs(&[1], &[0], "wrap"), &["n"], "?");
    refuses(Op::Pad, attrs(&[2, 0], &[0, 1], "reflect"), &["0 0"], 2, "no element");
    refuses(Op::Pad, attrs(&[-2], &[-2], "constant"), &["3"], 1, "takes more");
    refuses(Op::Pad, attrs(&[-4], &[9], "constant"), &["3"], 1, "takes more");
    refuses(Op::Pad, attrs(&[i64::MAX], &[i64::MAX], "constant"), &["3"], 1, "too long");
    refuses(Op::Pad, attrs(&[0], &[0], "mirror"), &["3 4", "2"], 4, "mirror");
}

#[test]
fn expand_broadcasts_and_tile_repeats() {
    gives(Op::Expand, attrs! {"shape" => vec![3, 1, 1]}, &["n 4"], "3 n 4");
    gives(Op::Expand, attrs! {"shape" => vec![0]}, &["1"], "0");
    refuses(Op::Expand, attrs! {"shape" => vec![3]}, &["2"], 1, "cannot broadcast");
    refuses(Op::Expand, attrs! {"shape" => vec![-3]}, &["1"], 1, "negative");
    refuses(Op::Expand, attrs! {"shape" => vec![i64::MAX]}, &["1"], 1, "more than can be addressed");
    gives(Op::Tile, attrs! {"repeats" => vec![1, 2]}, &["n 3"], "n 6");
    gives(Op::Tile, attrs! {"repeats" => vec![0]}, &["n"], "0");
    refuses(Op::Tile, attrs! {"repeats" => vec![1]}, &["2 3"], 1, "needs one per dimension");
    refuses(Op::Tile, attrs! {"repeats" => vec![i64::MAX, 1]}, &["4 1"], 1, "too long");
}
