use bytes::Bytes;
use hwc_runtime::Tensor;
use prost::Message;

use super::*;
use crate::onnx::attribute::Constant;
use crate::onnx::error::{Fault, ProblemKind};
use crate::onnx::proto::*;
use crate::onnx::testing::*;
use crate::onnx::types::Type;

fn names(model: &Model) -> Vec<&str> {
    model.graph.nodes.iter().map(|node| &*node.name).collect()
}

#[test]
fn names_are_resolved_and_unused_nodes_pruned() {
    let weights = Tensor::from_vec(vec![2], vec![1f32, 2.0]).expect("fits");
    let mut proto = graph(
        [value("x", "n,2"), value("w", "2")],
        [value("z", "n,2")],
        [
            node("Relu", &["y"], &["z"]),
            node("Add", &["x", "w", ""], &["y"]),
            node("Exp", &["x"], &["unused"]),
            node("Log", &["unused"], &["unused2"]),
        ],
    );
    proto.initializer = vec![constant("w", &weights), constant("v", &weights)];
    let model = load(model(proto)).expect("is a model");
    assert_eq!(names(&model), ["y", "z"]);
    let [add, relu] = &model.graph.nodes[..] else { panic!("two nodes") };
    assert_eq!((add.version, add.inputs.len(), relu.input(0)), (21, 2, add.output(0)));
    assert_eq!(model.graph.inputs, [add.input(0).expect("an input")]);
    assert_eq!(model.graph.initializers, [(add.input(1).expect("an input"), Constant::Tensor(weights))]);
    let output = &model.graph.outputs[0];
    assert_eq!((&*output.name, Some(output.value)), ("z", relu.output(0)));
    assert_eq!(output.declared.as_ref().map(Type::to_string).as_deref(), Some("f32[n, 2]"));
}

#[test]
fn subgraphs_read_the_values_around_them() {
    let branch = |op: &str| graph([], [untyped("r")], [node(op, &["a"], &["r"]), node("Neg", &["a"], &["unused"])]);
    let branches = [subgraph("then_branch", branch("Exp")), subgraph("else_branch", branch("Log"))];
    let nodes = [with(node("If", &["c"], &["y"]), branches), node("Relu", &["x"], &["a"])];
    let model = load(model(graph([value("x", "2"), value("c", "")], [value("y", "2")], nodes))).expect("is a model");
    assert_eq!(names(&model), ["a", "y"]);
    let inner: Vec<_> = model.graph.nodes[1].subgraphs().collect();
    assert_eq!(inner.len(), 2);
    for graph in inner {
        assert_eq!(graph.nodes.len(), 1);
        assert_eq!(graph.nodes[0].input(0), model.graph.nodes[0].output(0));
        assert_eq!(Some(graph.outputs[0].value), graph.nodes[0].output(0));
    }
}

#[test]
fn everything_wrong_is_reported_at_once() {
    let mut proto = graph(
        [value("x", "2"), value("x", "2"), value("n", "-3")],
        [value("y", "2"), value("lost", "2")],
        [
            node("Add", &["x", "nowhere"], &["y"]),
            node("Exp", &["x"], &["y"]),
            node("", &["y"], &["q"]),
            with(node("Gather", &["x", "y"], &["g"]), [int("axis", 0), int("axis", 1)]),
            with(node("Cast", &["x"], &["h"]), [AttributeProto { name: "to".into(), ..Default::default() }]),
            node("Sub", &["c", "x"], &["b"]),
            node("Mul", &["b", "x"], &["c"]),
            in_domain(node("Custom", &["x"], &["i"]), "example"),
        ],
    );
    proto.initializer = vec![
        TensorProto { name: "w".into(), dims: vec![-1], data_type: 1, ..Default::default() },
        TensorProto { name: "w".into(), dims: vec![i64::MAX, i64::MAX], data_type: 1, ..Default::default() },
    ];
    proto.sparse_initializer = vec![SparseTensorProto::default()];
    let mut proto = model(proto);
    proto.opset_import = vec![opset("", 99)];
    proto.ir_version = Some(77);
    let found = problems(proto);
    for expected in [
        "model: IR version 77",
        "model: operator set version 99 of `ai.onnx`",
        "input `n`: dimension 0 is -3",
        "input `x`: the name is defined more than once",
        "initializer `w`: shape [-1]",
        "initializer `w`: the name is defined",
        "initializer `w`: shape [9223372036854775807, 9223372036854775807] has more",
        "initializer ``: the name is missing",
        "initializer ``: sparse tensor: `values` or `indices` is missing",
        "node `y` (Exp), output `y`: the name is defined more than once",
        "node `c` (Mul): is part of a cycle: c -> b -> c",
        "node `y` (Add): reads `nowhere`, which",
        "node `q` (): `op_type` is missing",
        "node `g` (Gather): attribute `axis` is given more than once",
        "node `h` (Cast): attribute `to` has no value",
        "node `i` (example.Custom): operator set `example` is not imported",
        "output `lost`: reads `lost`, which",
    ] {
        assert!(found.iter().any(|line| line.starts_with(expected)), "{expected} is not in {found:#?}");
    }
    assert_eq!(found.len(), 17, "{found:#?}");
}

#[test]
fn faults_are_told_apart() {
    let old = model(graph([value("x", "2")], [value("x", "2")], []));
    assert!(load(old.clone()).is_ok());
    let old = ModelProto { opset_import: vec![opset("", 6)], ..old };
    assert_eq!(load(old).map_err(|error| error.fault()).err(), Some(Fault::Unsupported));
    let no_output = model(graph([value("x", "2")], [], []));
    assert!(matches!(first_problem(no_output), ProblemKind::Missing("any output")));
    let missing = load_path(Path::new("/nonexistent/model.onnx"));
    assert_eq!(missing.map_err(|error| error.fault()).err(), Some(Fault::Environment));
    let empty = load_bytes(Bytes::new(), None).map_err(|error| error.to_string());
    assert!(empty.is_err_and(|text| text.contains("the graph is missing") && text.contains("`ir_version` is missing")));
}

#[test]
fn damaged_files_tell_the_place() {
    let file = model(graph([value("x", "2")], [value("y", "2")], [node("Relu", &["x"], &["y"])])).encode_to_vec();
    for length in 1..file.len() {
        // A cut between two fields of the outermost message leaves a model that only lacks something.
        match load_bytes(file[..length].to_vec(), None) {
            Err(LoadError::Wire { offset, length: of, .. }) => assert!(offset <= of && of == length),
            Err(LoadError::Invalid(_)) => {}
            other => panic!("{length}: {other:?}"),
        }
    }
    let error = load_bytes(b"<html>".to_vec(), None).map_err(|error| error.to_string());
    assert!(error.is_err_and(|text| text.starts_with("not an ONNX model: at byte 1 of 6: ")));
}

#[test]
fn small_files_cannot_ask_for_much_memory() {
    let nodes = GraphProto { node: vec![Default::default(); 3 << 19], ..Default::default() };
    let error = load(model(nodes)).map_err(|error| error.fault());
    assert_eq!(error.err(), Some(Fault::Input));
}

#[test]
fn deep_nesting_is_refused() {
    let mut inner = graph([], [untyped("r")], [node("Relu", &["x"], &["r"])]);
    for _ in 0..200 {
        inner = graph([], [untyped("r")], [with(node("If", &["x"], &["r"]), [subgraph("then_branch", inner)])]);
    }
    assert!(matches!(load(model(inner)), Err(LoadError::Wire { .. })));
}

fn function(name: &str, inputs: &[&str], outputs: &[&str], nodes: Vec<NodeProto>) -> FunctionProto {
    FunctionProto {
        name: name.into(),
        domain: "local".into(),
        input: inputs.iter().map(|n| n.to_string()).collect(),
        output: outputs.iter().map(|n| n.to_string()).collect(),
        node: nodes,
        opset_import: vec![opset("", 18), opset("local", 1)],
        ..Default::default()
    }
}

#[test]
fn attributes_of_every_kind_are_read() {
    let weights = Tensor::from_vec(vec![2], vec![1f32, 2.0]).expect("fits");
    let untold = AttributeProto { r#type: None, ..ints("untold", &[5]) };
    let attributes = [
        int("int", 3),
        float("float", 0.5),
        ints("ints", &[1, -1]),
        text("text", "linear"),
        tensor("tensor", &weights),
        untold,
    ];
    let nodes = [with(node("Anything", &["x"], &["y"]), attributes)];
    let model = load(model(graph([value("x", "2")], [value("y", "2")], nodes))).expect("is a model");
    let node = &model.graph.nodes[0];
    assert_eq!((node.int("int"), node.float("float")), (Ok(Some(3)), Ok(Some(0.5))));
    assert_eq!((node.ints("ints"), node.ints("untold")), (Ok(Some(&[1, -1][..])), Ok(Some(&[5][..]))));
    assert_eq!(node.text("text"), Ok(Some("linear")));
    assert_eq!(node.tensor("tensor"), Ok(Some(&Constant::Tensor(weights))));
}

#[test]
fn functions_are_inlined() {
    let leaky = |inputs: &[&str], outputs: &[&str]| {
        with(node("LeakyRelu", inputs, outputs), [reference("alpha", attribute_type::FLOAT, "slope")])
    };
    let mut scaled =
        function("Scaled", &["a", "b"], &["r", "a"], vec![node("Add", &["t", "b"], &["r"]), leaky(&["a"], &["t"])]);
    scaled.attribute_proto = vec![float("slope", 0.5)];
    let other = FunctionProto { overload: "other".into(), ..function("Scaled", &["a"], &["a"], vec![]) };
    let mut call = in_domain(node("Scaled", &["x"], &["y", "same"]), "local");
    call.name = "call".into();
    let given = with(in_domain(node("Scaled", &["y", "same"], &["z"]), "local"), [float("slope", 0.25)]);
    let mut over = in_domain(node("Scaled", &["z"], &["out"]), "local");
    over.overload = "other".into();
    let mut proto = model(graph([value("x", "2")], [value("out", "2")], [call, given, over]));
    proto.functions = vec![scaled, other];
    let model = load(proto).expect("is a model");
    assert_eq!(names(&model), ["call/t", "call/r", "z/t", "z/r"]);
    let [first, add, second, last] = &model.graph.nodes[..] else { panic!("four nodes") };
    assert_eq!((first.float("alpha"), second.float("alpha")), (Ok(Some(0.5)), Ok(Some(0.25))));
    assert_eq!((first.version, add.inputs.len()), (18, 1), "the optional input is left out");
    assert_eq!(last.input(1), Some(model.graph.inputs[0]), "an output that is an input is that value");
    assert_eq!(Some(model.graph.outputs[0].value), last.output(0));
    assert_eq!(model.value(model.graph.outputs[0].value).name, "z");
}

#[test]
fn functions_cannot_run_away() {
    let call = |name: &str, output: &str| in_domain(node(name, &["a"], &[output]), "local");
    let main = graph([value("a", "2")], [value("y", "2")], [call("F0", "y")]);
    let mut cyclic = model(main.clone());
    cyclic.functions = vec![
        function("F0", &["a"], &["r"], vec![call("F1", "r")]),
        function("F1", &["a"], &["r"], vec![call("F0", "r")]),
    ];
    let found = problems(cyclic);
    assert!(
        found.iter().any(|line| line.contains("functions call themselves: function `local.F0` -> function `local.F1`")),
        "{found:?}"
    );
    // Each function calls the next one twice.
    let doubling = (0..50).map(|i| {
        let next = format!("F{}", i + 1);
        function(&format!("F{i}"), &["a"], &["r"], vec![call(&next, "r"), call(&next, "s")])
    });
    let mut bomb = model(main);
    bomb.functions = doubling.chain([function("F50", &["a"], &["r"], vec![node("Relu", &["a"], &["r"])])]).collect();
    assert!(matches!(first_problem(bomb), ProblemKind::Limit(_)));
}

#[test]
fn external_data_is_below_the_folder_of_the_model() -> std::io::Result<()> {
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("w.bin"), [0u8; 8])?;
    let entry = |value: &str| StringStringEntryProto { key: "location".into(), value: value.into() };
    let weights = |location| TensorProto {
        name: "w".into(),
        dims: vec![2],
        data_type: 1,
        data_location: 1,
        external_data: vec![entry(location)],
        ..Default::default()
    };
    let path = folder.path().join("model.onnx");
    let load = |location| {
        let mut proto = graph([], [value("w", "2")], []);
        proto.initializer = vec![weights(location)];
        std::fs::write(&path, model(proto).encode_to_vec())?;
        Ok::<_, std::io::Error>(load_path(&path))
    };
    assert_eq!(load("w.bin")?.map(|model| model.graph.initializers.len()).ok(), Some(1));
    assert_eq!(load("../w.bin")?.map_err(|error| error.fault()).err(), Some(Fault::Input));
    assert_eq!(load("none.bin")?.map_err(|error| error.fault()).err(), Some(Fault::Environment));
    Ok(())
}
