use hwc_runtime::DType::{self, Bool, F32, I32, I64};

use super::*;
use crate::attrs;
use crate::attrs::Attrs;
use crate::infer::infer;
use crate::op::Op;

type Operand<'a> = (DType, &'a [usize]);

fn run(op: Op, attrs: Attrs, operands: &[Operand]) -> Inferred {
    let types: Vec<TensorType> = operands.iter().map(|(d, s)| TensorType::fixed(*d, s)).collect();
    let types: Vec<Option<&TensorType>> = types.iter().map(Some).collect();
    infer(op, &attrs, &types)
}

#[track_caller]
fn gives(op: Op, attrs: Attrs, operands: &[Operand], expected: Operand) {
    assert_eq!(run(op, attrs, operands), Ok(vec![TensorType::fixed(expected.0, expected.1)]));
}

#[track_caller]
fn refuses(op: Op, attrs: Attrs, operands: &[Operand], parts: &[&str]) {
    let errors = run(op, attrs, operands).expect_err("must be refused").0;
    assert_eq!(errors.len(), parts.len(), "{errors:?}");
    for part in parts {
        assert!(errors.iter().any(|e| e.contains(part)), "{errors:?}: {part}");
    }
}

#[test]
fn gathers() {
    let axis = |axis: i64| attrs! {"axis" => axis};
    gives(Op::Gather, axis(1), &[(F32, &[2, 3, 4]), (I32, &[5, 6])], (F32, &[2, 5, 6, 4]));
    gives(Op::Gather, axis(-1), &[(Bool, &[2]), (I64, &[])], (Bool, &[]));
    refuses(Op::Gather, axis(0), &[(F32, &[2]), (F32, &[1])], &["integer type"]);
    refuses(Op::Gather, axis(0), &[(F32, &[]), (I64, &[1])], &["outside of rank 0"]);
    gives(Op::GatherElements, axis(0), &[(F32, &[2, 3]), (I64, &[9, 2])], (F32, &[9, 2]));
    refuses(Op::GatherElements, axis(0), &[(F32, &[2, 3]), (I64, &[9, 4])], &["larger"]);
    refuses(Op::GatherElements, axis(0), &[(F32, &[2, 3]), (I64, &[9])], &["rank"]);
    let batch = |dims: i64| attrs! {"batch_dims" => dims};
    gives(Op::GatherNd, batch(1), &[(F32, &[2, 3, 4]), (I64, &[2, 1])], (F32, &[2, 4]));
    gives(Op::GatherNd, batch(0), &[(F32, &[2, 3, 4]), (I64, &[7, 3])], (F32, &[7]));
    gives(Op::GatherNd, batch(0), &[(F32, &[2]), (I64, &[7, 0])], (F32, &[7, 2]));
    refuses(Op::GatherNd, batch(0), &[(F32, &[2]), (I64, &[7, 2])], &["tuples of 2"]);
    refuses(Op::GatherNd, batch(1), &[(F32, &[2, 3]), (I64, &[3, 1])], &["batch dimension 0"]);
    refuses(Op::GatherNd, batch(2), &[(F32, &[2, 3]), (I64, &[3, 1])], &["2 batch dimensions"]);
    refuses(Op::GatherNd, batch(-1), &[(F32, &[2, 3]), (I64, &[3, 1])], &["-1 batch dimensions"]);
}

#[test]
fn scatters() {
    let reduce = |name: &str| attrs! {"reduction" => name};
    let operands: &[Operand] = &[(F32, &[4, 3]), (I64, &[9, 2]), (F32, &[9, 2])];
    gives(Op::ScatterElements, reduce("add"), operands, (F32, &[4, 3]));
    let wrong: &[Operand] = &[(F32, &[4, 3]), (F32, &[9, 4]), (I32, &[9, 2])];
    refuses(
        Op::ScatterElements,
        reduce("sub"),
        wrong,
        &["`sub`", "integer type", "element type", "larger", "one shape"],
    );
    refuses(Op::ScatterElements, reduce("mul"), &[(Bool, &[1]), (I64, &[1]), (Bool, &[1])], &["cannot mul"]);
    gives(Op::ScatterNd, reduce("none"), &[(F32, &[4, 3]), (I64, &[2, 1]), (F32, &[2, 3])], (F32, &[4, 3]));
    refuses(Op::ScatterNd, reduce("none"), &[(F32, &[4, 3]), (I64, &[2, 2]), (F32, &[2, 3])], &["updates of 2xf32"]);
}

#[test]
fn one_hot_and_reverse_sequence() {
    let attrs = |depth: i64, axis: i64| attrs! {"depth" => depth, "axis" => axis};
    gives(Op::OneHot, attrs(5, 1), &[(I64, &[2, 3]), (I32, &[2])], (I32, &[2, 5, 3]));
    gives(Op::OneHot, attrs(0, -1), &[(F32, &[]), (F32, &[2])], (F32, &[0]));
    refuses(Op::OneHot, attrs(-1, 0), &[(Bool, &[2]), (F32, &[3])], &["numeric", "two values", "negative depth"]);
    let axes = |batch: i64, time: i64| attrs! {"batch_axis" => batch, "time_axis" => time};
    gives(Op::ReverseSequence, axes(1, 0), &[(F32, &[4, 2, 3]), (I64, &[2])], (F32, &[4, 2, 3]));
    refuses(Op::ReverseSequence, axes(0, 1), &[(F32, &[4, 2]), (I64, &[2])], &["one length"]);
    refuses(Op::ReverseSequence, axes(0, 2), &[(F32, &[4]), (F32, &[4])], &["integer", "batch and time", "rank 2"]);
}
