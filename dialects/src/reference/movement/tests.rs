use super::*;
use crate::attrs;
use crate::attrs::Attrs;
use crate::op::Op;
use crate::reference::evaluate;

/// A tensor of this shape holding 0, 1, 2, ...
fn iota(shape: &[usize]) -> Tensor {
    let values: Vec<i32> = (0..shape.iter().product::<usize>() as i32).collect();
    Tensor::from_vec(shape, values).unwrap()
}

fn run(op: Op, attrs: Attrs, operands: &[&Tensor]) -> (Vec<usize>, Vec<i32>) {
    let operands: Vec<Option<&Tensor>> = operands.iter().copied().map(Some).collect();
    let result = evaluate(op, &attrs, &operands).unwrap().remove(0);
    (result.shape().to_vec(), result.to_vec().unwrap())
}

fn row(op: Op, attrs: Attrs, length: usize) -> Vec<i32> {
    run(op, attrs, &[&iota(&[length])]).1
}

#[test]
fn reshaping_keeps_the_order() {
    assert_eq!(
        run(Op::Reshape, attrs! {"shape" => vec![3, -1]}, &[&iota(&[2, 3])]),
        (vec![3, 2], vec![0, 1, 2, 3, 4, 5])
    );
}

#[test]
fn transposing() {
    let x = iota(&[2, 3]);
    assert_eq!(run(Op::Transpose, attrs! {"permutation" => vec![1, 0]}, &[&x]), (vec![3, 2], vec![0, 3, 1, 4, 2, 5]));
    let (shape, values) = run(Op::Transpose, attrs! {"permutation" => vec![2, 0, 1]}, &[&iota(&[2, 2, 3])]);
    assert_eq!((shape, values), (vec![3, 2, 2], vec![0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11]));
    assert_eq!(run(Op::Transpose, attrs! {"permutation" => Vec::<i64>::new()}, &[&iota(&[])]), (vec![], vec![0]));
}

#[test]
fn concatenating() {
    let (a, b, none) = (iota(&[2, 1]), iota(&[2, 2]), iota(&[2, 0]));
    let (shape, values) = run(Op::Concat, attrs! {"axis" => 1i64}, &[&a, &none, &b]);
    assert_eq!((shape, values), (vec![2, 3], vec![0, 0, 1, 1, 2, 3]));
}

#[test]
fn slicing() {
    let attrs = |start: i64, end: i64, step: i64| {
        attrs! {"axes" => vec![0], "starts" => vec![start], "ends" => vec![end], "steps" => vec![step]}
    };
    assert_eq!(row(Op::Slice, attrs(-1, i64::MIN, -2), 6), [5, 3, 1]);
    assert_eq!(row(Op::Slice, attrs(1, 100, 3), 6), [1, 4]);
    assert!(row(Op::Slice, attrs(4, 2, 1), 6).is_empty());
}

#[test]
fn padding() {
    let attrs = |low: i64, high: i64, mode: &str| attrs! {"low" => vec![low], "high" => vec![high], "mode" => mode};
    assert_eq!(row(Op::Pad, attrs(2, 1, "constant"), 2), [0, 0, 0, 1, 0]);
    assert_eq!(row(Op::Pad, attrs(2, 1, "edge"), 3), [0, 0, 0, 1, 2, 2]);
    assert_eq!(row(Op::Pad, attrs(5, 3, "reflect"), 3), [1, 0, 1, 2, 1, 0, 1, 2, 1, 0, 1]);
    assert_eq!(row(Op::Pad, attrs(2, 1, "reflect"), 1), [0, 0, 0, 0]);
    assert_eq!(row(Op::Pad, attrs(4, 2, "wrap"), 3), [2, 0, 1, 2, 0, 1, 2, 0, 1]);
    assert_eq!(row(Op::Pad, attrs(-1, -1, "constant"), 4), [1, 2]);
    // What is cut away is not there to be mirrored.
    assert_eq!(row(Op::Pad, attrs(-2, 2, "reflect"), 5), [2, 3, 4, 3, 2]);
    assert_eq!(row(Op::Pad, attrs(1, 0, "constant"), 0), [0]);
    let value = Tensor::from_vec(vec![1], vec![7i32]).unwrap();
    let (shape, values) = run(Op::Pad, attrs! {"low" => vec![0, 1], "high" => vec![1, -1]}, &[&iota(&[1, 2]), &value]);
    assert_eq!((shape, values), (vec![2, 2], vec![7, 0, 7, 7]));
}

#[test]
fn repeating() {
    let x = iota(&[2, 1]);
    assert_eq!(
        run(Op::Expand, attrs! {"shape" => vec![2, 1, 2]}, &[&x]),
        (vec![2, 2, 2], vec![0, 0, 1, 1, 0, 0, 1, 1])
    );
    assert_eq!(run(Op::Expand, attrs! {"shape" => vec![0, 2, 1]}, &[&x]).0, [0, 2, 1]);
    assert_eq!(run(Op::Tile, attrs! {"repeats" => vec![1, 2]}, &[&iota(&[2, 2])]).1, [0, 1, 0, 1, 2, 3, 2, 3]);
    assert_eq!(run(Op::Tile, attrs! {"repeats" => vec![0]}, &[&iota(&[2])]), (vec![0], vec![]));
}
