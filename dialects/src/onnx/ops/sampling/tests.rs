use hwc_runtime::Tensor;

use crate::onnx::proto::{AttributeProto, NodeProto};
use crate::onnx::testing::*;

fn floats(values: &[f32]) -> Tensor {
    Tensor::from_vec(vec![values.len()], values.to_vec()).unwrap()
}

/// The output of a node on the row `x` with known inputs, named by number.
fn run_on(mut node: NodeProto, version: i64, x: &[f32], others: &[(usize, Tensor)]) -> Vec<f32> {
    let given = |i: usize| others.iter().any(|(other, _)| *other == i);
    let count = others.iter().map(|(i, _)| i + 1).max().unwrap_or(1);
    node.input = (0..count)
        .map(|i| {
            if i == 0 {
                "x".into()
            } else if given(i) {
                i.to_string()
            } else {
                String::new()
            }
        })
        .collect();
    let mut graph = graph([value("x", &x.len().to_string())], [untyped("a")], [node]);
    graph.initializer = others.iter().map(|(i, tensor)| constant(&i.to_string(), tensor)).collect();
    let mut model = model(graph);
    model.opset_import = vec![opset("", version)];
    run(model, &[floats(x)]).remove(0).to_vec().unwrap()
}

fn resize(attributes: &[AttributeProto]) -> NodeProto {
    with(node("Resize", &[], &["a"]), attributes.to_vec())
}

#[test]
fn old_versions_take_the_element_before_or_behind() {
    let up = with(node("Upsample", &[], &["a"]), [AttributeProto { floats: vec![2.0], ..ints("scales", &[]) }]);
    let up = NodeProto {
        attribute: up.attribute.into_iter().map(|a| AttributeProto { r#type: Some(6), ..a }).collect(),
        ..up
    };
    assert_eq!(run_on(up, 7, &[1.0, 2.0], &[]), [1.0, 1.0, 2.0, 2.0]);
    let scale = |s: f32| [(1, floats(&[s]))];
    assert_eq!(run_on(resize(&[]), 10, &[0.0, 1.0, 2.0, 3.0, 4.0], &scale(0.4)), [0.0, 3.0]);
    assert_eq!(run_on(resize(&[text("mode", "linear")]), 10, &[0.0, 2.0], &scale(2.0)), [0.0, 1.0, 2.0, 2.0]);
}

#[test]
fn sizes_scales_and_crops() {
    let x = [0.0, 4.0];
    let linear = [text("mode", "linear")];
    assert_eq!(run_on(resize(&linear), 13, &x, &[(2, floats(&[2.0]))]), [0.0, 1.0, 3.0, 4.0]);
    let size = |n: i64| (3, Tensor::from_vec(vec![1], vec![n]).unwrap());
    assert_eq!(run_on(resize(&linear), 13, &x, &[(2, floats(&[])), size(4)]), [0.0, 1.0, 3.0, 4.0]);
    assert_eq!(run_on(resize(&linear), 13, &x, &[size(2)]), x);
    let crop = [text("mode", "linear"), text("coordinate_transformation_mode", "tf_crop_and_resize")];
    assert_eq!(run_on(resize(&crop), 13, &x, &[(1, floats(&[0.5, 1.0])), size(2)]), [2.0, 4.0]);
}

#[test]
fn an_identity_grid_samples_what_is_there() {
    let x = Tensor::from_vec(vec![1, 1, 2, 3], vec![1f32, 2.0, 3.0, 4.0, 5.0, 6.0]).unwrap();
    let theta = Tensor::from_vec(vec![1, 2, 3], vec![1f32, 0.0, 0.0, 0.0, 1.0, 0.0]).unwrap();
    for align in [0, 1] {
        let grid = with(node("AffineGrid", &["t", "size"], &["g"]), [int("align_corners", align)]);
        let sample =
            with(node("GridSample", &["x", "g"], &["a"]), [int("align_corners", align), text("mode", "linear")]);
        let mut graph = graph([value("x", "1,1,2,3"), value("t", "1,2,3")], [untyped("a")], [grid, sample]);
        graph.initializer = vec![constant("size", &Tensor::from_vec(vec![4], vec![1i64, 1, 2, 3]).unwrap())];
        let y = run(model(graph), &[x.clone(), theta.clone()]).remove(0);
        let (y, x) = (y.to_vec::<f32>().unwrap(), x.to_vec::<f32>().unwrap());
        assert!(y.iter().zip(&x).all(|(a, b)| (a - b).abs() < 1e-5), "{y:?}");
    }
}
