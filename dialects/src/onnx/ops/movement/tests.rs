use hwc_runtime::Tensor;

use crate::onnx::proto::{AttributeProto, NodeProto};
use crate::onnx::testing::*;

fn iota(shape: &[usize]) -> Tensor {
    Tensor::from_vec(shape, (0..shape.iter().product::<usize>()).map(|i| i as f32).collect()).unwrap()
}

fn vector(values: &[i64]) -> Tensor {
    Tensor::from_vec(vec![values.len()], values.to_vec()).unwrap()
}

/// The outputs `a`, `b`, ... of a node whose first input is `x` and whose others, named `1`, `2`, ..., are known.
fn outputs(node: NodeProto, version: i64, x: &Tensor, others: &[(usize, Tensor)]) -> Result<Vec<Tensor>, usize> {
    let dims = x.shape().iter().map(usize::to_string).collect::<Vec<_>>().join(",");
    let results: Vec<_> = node.output.iter().map(|name| untyped(name)).collect();
    let mut graph = graph([typed("x", x.dtype(), &dims)], results, [node]);
    graph.initializer = others.iter().map(|(i, tensor)| constant(&i.to_string(), tensor)).collect();
    let mut model = model(graph);
    model.opset_import = vec![opset("", version)];
    let imported = try_import(model, &Default::default()).map_err(|report| report.invalid.len())?;
    Ok(imported.program.evaluate(std::slice::from_ref(x)).unwrap())
}

fn node_on(name: &str, inputs: &[&str], attributes: &[AttributeProto]) -> NodeProto {
    with(node(name, inputs, &["a"]), attributes.to_vec())
}

#[track_caller]
fn gives(result: Result<Vec<Tensor>, usize>, shape: &[usize], values: &[f32]) {
    let result = result.unwrap().remove(0);
    assert_eq!((result.shape(), result.to_vec::<f32>().unwrap()), (shape, values.to_vec()));
}

#[test]
fn slices_by_attributes_and_inputs() {
    let x = iota(&[2, 3]);
    let old = node_on("Slice", &["x"], &[ints("starts", &[1]), ints("ends", &[9]), ints("axes", &[1])]);
    gives(outputs(old, 9, &x, &[]), &[2, 2], &[1.0, 2.0, 4.0, 5.0]);
    let new = node_on("Slice", &["x", "1", "2", "", "4"], &[]);
    let inputs = [(1, vector(&[-1, -1])), (2, vector(&[i64::MIN, -3])), (4, vector(&[-1, -1]))];
    gives(outputs(new.clone(), 13, &x, &inputs), &[2, 2], &[5.0, 4.0, 2.0, 1.0]);
    let wrong = [(1, vector(&[0, 0])), (2, vector(&[1])), (4, vector(&[1, 1]))];
    assert_eq!(outputs(new, 13, &x, &wrong), Err(1));
}

#[test]
fn splits() {
    let x = iota(&[5]);
    let shapes = |node: NodeProto, version, others: &[(usize, Tensor)]| {
        outputs(node, version, &x, others).map(|all| all.iter().map(|t| t.shape()[0]).collect::<Vec<_>>())
    };
    let two =
        |attributes: &[AttributeProto], inputs: &[&str]| with(node("Split", inputs, &["a", "b"]), attributes.to_vec());
    assert_eq!(shapes(two(&[ints("split", &[1, 4])], &["x"]), 11, &[]), Ok(vec![1, 4]));
    assert_eq!(shapes(two(&[], &["x", "1"]), 13, &[(1, vector(&[5, 0]))]), Ok(vec![5, 0]));
    assert_eq!(shapes(two(&[int("num_outputs", 2)], &["x"]), 18, &[]), Ok(vec![3, 2]));
    assert_eq!(shapes(two(&[], &["x"]), 13, &[]), Err(1));
    assert_eq!(shapes(two(&[], &["x", "1"]), 13, &[(1, vector(&[3, 3]))]), Err(1));
    assert_eq!(shapes(two(&[], &["x", "1"]), 13, &[(1, vector(&[-1, 6]))]), Err(1));
}

#[test]
fn pads_by_attributes_and_inputs() {
    let x = iota(&[2]);
    let old = node_on("Pad", &["x"], &[ints("pads", &[1, 0]), float("value", 7.0)]);
    gives(outputs(old, 10, &x, &[]), &[3], &[7.0, 0.0, 1.0]);
    let new = node_on("Pad", &["x", "1", "2"], &[]);
    let inputs = [(1, vector(&[-1, 1])), (2, Tensor::scalar(9f32))];
    gives(outputs(new, 11, &x, &inputs), &[2], &[1.0, 9.0]);
    let axes = node_on("Pad", &["x", "1", "", "3"], &[text("mode", "wrap")]);
    let x = iota(&[1, 2]);
    gives(outputs(axes.clone(), 19, &x, &[(1, vector(&[1, 0])), (3, vector(&[-1]))]), &[1, 3], &[1.0, 0.0, 1.0]);
    assert_eq!(outputs(axes, 19, &x, &[(1, vector(&[1, 0, 0])), (3, vector(&[-1]))]), Err(1));
}

#[test]
fn centers_are_cropped_and_padded() {
    let node = node_on("CenterCropPad", &["x", "1"], &[]);
    gives(outputs(node.clone(), 18, &iota(&[5]), &[(1, vector(&[2]))]), &[2], &[1.0, 2.0]);
    gives(outputs(node.clone(), 18, &iota(&[2]), &[(1, vector(&[5]))]), &[5], &[0.0, 0.0, 1.0, 0.0, 0.0]);
    gives(outputs(node, 18, &iota(&[3, 1]), &[(1, vector(&[1, 2]))]), &[1, 2], &[1.0, 0.0]);
}

#[test]
fn repetitions() {
    let expand = node_on("Expand", &["x", "1"], &[]);
    gives(outputs(expand.clone(), 13, &iota(&[2, 1]), &[(1, vector(&[2]))]), &[2, 2], &[0.0, 0.0, 1.0, 1.0]);
    gives(outputs(expand.clone(), 13, &iota(&[2]), &[(1, vector(&[1]))]), &[2], &[0.0, 1.0]);
    assert_eq!(outputs(expand, 13, &iota(&[2]), &[(1, vector(&[3]))]), Err(1));
    let tile = node_on("Tile", &["x", "1"], &[]);
    gives(outputs(tile, 13, &iota(&[2]), &[(1, vector(&[2]))]), &[4], &[0.0, 1.0, 0.0, 1.0]);
}
