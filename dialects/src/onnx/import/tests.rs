use hwc_runtime::{DType, Tensor};

use super::*;
use crate::onnx::proto::{GraphProto, ModelProto, NodeProto};
use crate::onnx::testing::*;
use crate::op::Op;

fn f32s(shape: &[usize], data: &[f32]) -> Tensor {
    Tensor::from_vec(shape, data.to_vec()).expect("data fits the shape")
}

fn i64s(data: &[i64]) -> Tensor {
    Tensor::from_vec(vec![data.len()], data.to_vec()).expect("data fits the shape")
}

fn truth(value: bool) -> Tensor {
    Tensor::from_bytes(DType::Bool, [], vec![u8::from(value)]).expect("data fits the shape")
}

fn options(dims: &[(&str, usize)], values: &[(&str, Tensor)]) -> Options {
    Options {
        dims: dims.iter().map(|(name, size)| (name.to_string(), *size)).collect(),
        values: values.iter().map(|(name, value)| (name.to_string(), value.clone())).collect(),
    }
}

fn report(model: ModelProto, options: &Options) -> Report {
    *try_import(model, options).expect_err("a report is expected")
}

fn imported(model: ModelProto, options: &Options) -> Imported {
    try_import(model, options).unwrap_or_else(|report| panic!("{report}"))
}

fn ops(imported: &Imported) -> Vec<Op> {
    imported.program.operations.iter().map(|operation| operation.op).collect()
}

#[test]
fn a_graph_is_imported() {
    let mut graph = graph(
        [value("x", "n,2")],
        [value("y", "n,2")],
        [node("Add", &["x", "w"], &["s"]), NodeProto { name: "act".into(), ..node("Relu", &["s"], &["y"]) }],
    );
    graph.initializer = vec![constant("w", &f32s(&[2], &[1.0, -5.0]))];
    let imported = imported(model(graph), &options(&[("n", 1)], &[]));
    assert_eq!(ops(&imported), [Op::Add, Op::Relu]);
    assert_eq!(&*imported.program.operations[1].name, "act");
    assert!(imported.warnings.is_empty());
    let outputs = imported.program.evaluate(&[f32s(&[1, 2], &[2.0, 3.0])]).expect("evaluates");
    assert_eq!(outputs, [f32s(&[1, 2], &[3.0, 0.0])]);
}

#[test]
fn what_is_constant_is_folded() {
    let nodes = [
        node("Shape", &["x"], &["shape"]),
        node("Add", &["shape", "shape"], &["twice"]),
        node("Add", &["one", "one"], &["two"]),
        node("Add", &["x", "two"], &["y"]),
    ];
    let mut graph = graph([value("x", "2,3")], [value("y", "2,3"), typed("twice", DType::I64, "2")], nodes);
    graph.initializer = vec![constant("one", &f32s(&[], &[1.0]))];
    let imported = imported(model(graph), &Options::default());
    assert_eq!(ops(&imported), [Op::Add]);
    assert_eq!(imported.program.outputs[1].1, Value::Const(i64s(&[4, 6])));
}

#[test]
fn what_is_too_large_to_fold_is_worked_out_on_demand() {
    let mut program = Program::default();
    let big = Value::from(Tensor::from_vec(vec![1 << 17], vec![1i64; 1 << 17]).expect("data fits the shape"));
    let x = program.input("x", crate::TensorType::fixed(DType::I64, &[1]), None);
    let mut add = |a: &Value, b: &Value| {
        let operands = vec![Some(a.clone()), Some(b.clone())];
        let sum = program.add(Op::Add, crate::attrs! {}, operands, &[], &"sum".into()).expect("adds").swap_remove(0);
        let Value::Var(var) = &sum else { panic!("{sum:?} is folded") };
        (sum.clone(), var.clone())
    };
    let (twice, _) = add(&big, &big);
    let (_, thrice) = add(&twice, &big);
    let (_, mixed) = add(&twice, &Value::Var(x));
    let value = program.demand(&thrice).and_then(|tensor| tensor.to_vec::<i64>().ok());
    assert_eq!(value, Some(vec![3; 1 << 17]));
    assert_eq!(program.demand(&mixed), None);
    assert_eq!(program.inputs_of(&mixed)[0].name, "x");
}

#[test]
fn unfixed_dimensions_are_listed_with_their_flags() {
    let graph = graph(
        [value("x", "batch,?,3"), value("m", "batch,-1"), value("z", "length")],
        [value("y", "batch,3")],
        [node("Nonsense", &["x"], &["y"])],
    );
    let found = report(model(graph.clone()), &options(&[("length", 4)], &[]));
    let dims: Vec<_> = found.dims.iter().map(|(name, places)| (name.as_str(), places.join(", "))).collect();
    assert_eq!(dims, [("batch", "x axis 0, m axis 0".into()), ("m.1", "m axis 1".into()), ("x.1", "x axis 1".into())]);
    assert_eq!(found.unsupported.len(), 1, "operators are reported besides");
    let text = found.to_string();
    assert!(text.contains("--dim batch=N  (x axis 0, m axis 0)"), "{text}");

    let wrong = options(&[("batch", 1), ("bach", 2), ("batch", 3)], &[("q", f32s(&[], &[0.0]))]);
    let text = report(model(graph), &wrong).to_string();
    assert!(text.contains("--dim bach=2: the model has no such dimension, it has: batch, length, m.1, x.1"), "{text}");
    assert!(text.contains("--dim batch=3: the dimension is fixed more than once"), "{text}");
    assert!(text.contains("--value q: the model has no such input, it has: x, m, z"), "{text}");
}

#[test]
fn dimensions_can_be_fixed_by_place() {
    let graph = graph([value("x", "n,-1")], [value("y", "n,k")], [node("Relu", &["x"], &["y"])]);
    let imported = imported(model(graph), &options(&[("x.0", 2), ("x.1", 3)], &[]));
    assert_eq!(imported.program.inputs[0].ty.static_shape(), Some(vec![2, 3]));
}

#[test]
fn needed_values_are_listed_with_their_flags() {
    let graph = graph(
        [typed("shape", DType::I64, "2"), typed("more", DType::I64, "2"), value("x", "2")],
        [untyped("y"), value("z", "2")],
        [
            node("Add", &["shape", "more"], &["sum"]),
            node("ConstantOfShape", &["sum"], &["y"]),
            node("Relu", &["x"], &["z"]),
        ],
    );
    let found = report(model(graph.clone()), &Options::default());
    assert_eq!(found.values.keys().collect::<Vec<_>>(), ["more", "shape"]);
    assert!(found.to_string().contains("--value shape=FILE.npy  (for `y (ConstantOfShape)`)"), "{found}");

    let bound = options(&[], &[("shape", i64s(&[1, 2])), ("more", i64s(&[1, 1]))]);
    let imported = imported(model(graph.clone()), &bound);
    let inputs: Vec<_> = imported.program.inputs.iter().map(|i| (i.name.as_str(), i.bound.is_some())).collect();
    assert_eq!(inputs, [("shape", true), ("more", true), ("x", false)]);
    assert_eq!(imported.program.outputs[0].1, Value::Const(f32s(&[2, 3], &[0.0; 6])));

    let wrong = options(&[], &[("shape", i64s(&[1])), ("more", i64s(&[1, 1]))]);
    let text = report(model(graph), &wrong).to_string();
    assert!(text.contains("--value shape: the value is 1xi64, the input 2xi64"), "{text}");
}

#[test]
fn a_value_fixes_the_dimensions_of_its_input() {
    let graph = graph([value("x", "n"), value("y", "n")], [value("z", "n")], [node("Add", &["x", "y"], &["z"])]);
    let imported = imported(model(graph), &options(&[], &[("x", f32s(&[3], &[1.0, 2.0, 3.0]))]));
    assert_eq!(imported.program.inputs[1].ty.static_shape(), Some(vec![3]));
}

#[test]
fn all_unsupported_operators_are_reported_at_once() {
    let body = graph([], [untyped("r")], [node("Inner", &["x"], &["r"])]);
    let graph = graph(
        [value("x", "2"), value("w", "3")],
        [untyped("e"), untyped("i"), untyped("f")],
        [
            node("Foo", &["x"], &["a"]),
            node("Foo", &["a"], &["b"]),
            in_domain(node("Bar", &["b"], &["c"]), "com.microsoft"),
            node("Add", &["c", "x"], &["e"]),
            with(node("If", &["c"], &["i"]), [subgraph("then_branch", body)]),
            node("Add", &["x", "w"], &["f"]),
        ],
    );
    let mut model = model(graph);
    model.opset_import.push(opset("com.microsoft", 1));
    let report = report(model, &Options::default());
    let found: Vec<_> =
        report.unsupported.iter().map(|(op, nodes)| (op.op_type.as_str(), op.version, nodes.join(" "))).collect();
    assert_eq!(found, [("Foo", 21, "a b".into()), ("Inner", 21, "r".into()), ("Bar", 1, "c".into())]);
    assert_eq!(report.invalid.len(), 1, "{report}");
    assert_eq!(report.invalid[0].place, "node `f` (Add)");
    assert!(report.to_string().contains("2 x ai.onnx.Foo (opset 21), not implemented: `a`, `b`"), "{report}");
}

#[test]
fn names_cannot_act_on_a_terminal() {
    let nodes =
        [NodeProto { name: "\u{1b}[2J\n".into(), ..node("Add", &["x", "w"], &["y"]) }, node("A\tB", &["x"], &["z"])];
    let graph = graph([value("x", "2"), value("w", "3"), value("m", "a\u{7},2")], [untyped("y"), untyped("z")], nodes);
    let text = report(model(graph), &Options::default()).to_string();
    assert!(text.contains(r"node `\u{1b}[2J\n` (Add)") && text.contains(r"ai.onnx.A\tB"), "{text}");
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text}");
}

#[test]
fn declared_types_are_checked() {
    let mut graph = graph(
        [value("x", "n")],
        [value("y", "7"), typed("z", DType::I64, "n")],
        [node("Relu", &["x"], &["a"]), node("Relu", &["a"], &["y"]), node("Relu", &["x"], &["z"])],
    );
    graph.value_info = vec![value("a", "n,n")];
    let found = report(model(graph.clone()), &options(&[("n", 2)], &[]));
    assert_eq!(found.invalid[0].message, "is of type f32, declared as i64");
    graph.output.pop();
    let warnings = imported(model(graph), &options(&[("n", 2)], &[])).warnings;
    assert_eq!(
        warnings,
        [
            "node `a` (Relu), output `a`: is 2xf32, declared as 2x2xf32",
            "node `y` (Relu), output `y`: is 2xf32, declared as 7xf32",
            "output `y`: is 2xf32, declared as 7xf32"
        ]
    );
}

#[test]
fn huge_results_are_refused() {
    let graph = graph(
        [value("x", "1099511627776,1"), value("y", "1,1099511627776")],
        [untyped("z")],
        [node("Add", &["x", "y"], &["z"])],
    );
    let report = report(model(graph), &Options::default());
    assert_eq!(report.beyond.len(), 2, "{report}");
}

fn branch(op: &str) -> GraphProto {
    graph([], [untyped("r")], [node(op, &["x"], &["r"])])
}

#[test]
fn branches_are_chosen() {
    let branches = [subgraph("then_branch", branch("Relu")), subgraph("else_branch", branch("Unknown"))];
    let nodes = [with(node("If", &["c"], &["y"]), branches)];
    let mut graph = graph([value("x", "2"), typed("c", DType::Bool, "")], [untyped("y")], nodes);
    // The branch may never be taken, so the value that decides is asked for besides.
    let both = report(model(graph.clone()), &Options::default());
    assert_eq!((both.unsupported.len(), both.values.len()), (1, 1), "{both}");
    let chosen = imported(model(graph.clone()), &options(&[], &[("c", truth(true))]));
    assert_eq!(ops(&chosen), [Op::Relu]);
    assert_eq!(&*chosen.program.operations[0].name, "y/r");
    graph.input.pop();
    graph.initializer = vec![constant("c", &truth(false))];
    assert_eq!(report(model(graph), &Options::default()).unsupported.len(), 1);
}

#[test]
fn both_branches_are_computed_where_the_condition_depends_on_data() {
    let choice = |other: &str| {
        let branches = [subgraph("then_branch", branch("Relu")), subgraph("else_branch", branch(other))];
        let nodes = [with(node("If", &["c"], &["y"]), branches)];
        model(graph([value("x", "2"), typed("c", DType::Bool, "1")], [untyped("y")], nodes))
    };
    let imported = imported(choice("Identity"), &Options::default());
    let x = f32s(&[2], &[-1.0, 2.0]);
    let taken = |c: u8| {
        let c = Tensor::from_bytes(DType::Bool, [1], vec![c]).expect("data fits the shape");
        imported.program.evaluate(&[x.clone(), c]).expect("evaluates")
    };
    assert_eq!((taken(1), taken(0)), (vec![f32s(&[2], &[0.0, 2.0])], vec![x.clone()]));
    assert_eq!(imported.warnings, ["node `y` (If): both branches are computed, for which one is taken depends on `c`"]);
    // What is wrong with a branch that may never be taken does not matter.
    let unsound = report(choice("MatMulInteger"), &Options::default());
    assert_eq!((unsound.invalid.len(), unsound.values.len()), (0, 1), "{unsound}");
    // Values of different shapes cannot be chosen between.
    let needed = report(choice("Size"), &Options::default());
    assert_eq!(needed.values.keys().collect::<Vec<_>>(), ["c"]);
}

fn counting_loop(condition: NodeProto) -> ModelProto {
    let body = graph(
        [typed("i", DType::I64, ""), typed("going", DType::Bool, ""), untyped("sum")],
        [untyped("go_on"), untyped("next")],
        [node("Add", &["sum", "x"], &["next"]), condition],
    );
    let nodes = [with(node("Loop", &["trips", "", "x"], &["y"]), [subgraph("body", body)])];
    let mut graph = graph([value("x", "1")], [value("y", "1")], nodes);
    graph.initializer = vec![constant("trips", &i64s(&[3]))];
    model(graph)
}

#[test]
fn loops_are_unrolled() {
    let model = counting_loop(node("Identity", &["going"], &["go_on"]));
    let unrolled = imported(model.clone(), &Options::default());
    let names: Vec<_> = unrolled.program.operations.iter().map(|operation| &*operation.name).collect();
    assert_eq!(names, ["y[0]/next", "y[1]/next", "y[2]/next"]);
    assert_eq!(run(model, &[f32s(&[1], &[2.0])]), [f32s(&[1], &[8.0])]);
}

#[test]
fn loops_end_where_their_condition_does() {
    // Goes on while the sum is not equal to twice the input.
    let twice = node("Add", &["x", "x"], &["twice"]);
    let mut model = counting_loop(node("Not", &["equal"], &["go_on"]));
    if let Some(graph) = &mut model.graph {
        graph.node.insert(0, twice);
        let body = graph.node[1].attribute[0].g.as_mut().expect("a body");
        body.node.insert(1, node("Equal", &["next", "twice"], &["equal"]));
    }
    assert_eq!(run(model, &[f32s(&[1], &[2.0])]), [f32s(&[1], &[4.0])]);
}

#[test]
fn loops_in_loops_end() {
    // Nothing is left of the bodies, so only the nodes that are imported count.
    let mut body = graph([typed("i", DType::I64, ""), untyped("c")], [untyped("c")], []);
    for depth in 0..3 {
        let inner = with(node("Loop", &["trips", ""], &[]), [subgraph("body", body)]);
        let carried = format!("n{depth}");
        let mut one = node("Add", &[&carried, "trips"], &["next"]);
        one.name = format!("add{depth}");
        body = graph(
            [typed("i", DType::I64, ""), untyped("c"), untyped(&carried)],
            [untyped("c"), untyped("next")],
            [one, NodeProto { input: vec!["trips".into(), "".into()], ..inner }],
        );
        // The loop inside is live because its body is: a carried value goes around it.
        let last = body.node.last_mut().expect("a node");
        if depth > 0 {
            last.input.push("next".into());
            last.output = vec!["after".into()];
            body.output[1] = untyped("after");
        } else {
            body.node.pop();
        }
    }
    let nodes = [with(node("Loop", &["trips", "", "trips"], &["y"]), [subgraph("body", body)])];
    let mut graph = graph([], [untyped("y")], nodes);
    graph.initializer = vec![constant("trips", &i64s(&[1000]))];
    let report = report(model(graph), &Options::default());
    assert!(report.beyond.iter().any(|f| f.message.contains("nodes, those of unrolled loops")), "{report}");
}

#[test]
fn endless_loops_are_refused() {
    let mut model = counting_loop(node("Identity", &["going"], &["go_on"]));
    if let Some(graph) = &mut model.graph {
        graph.initializer = vec![constant("trips", &i64s(&[i64::MAX]))];
    }
    let report = report(model, &Options::default());
    assert!(report.beyond[0].message.starts_with("a loop runs more than"), "{report}");
}

#[test]
fn sequences_are_lists_at_compile_time() {
    let mut graph = graph(
        [value("x", "2"), value("y", "3")],
        [value("z", "3"), typed("n", DType::I64, "")],
        [
            node("SequenceConstruct", &["x", "y"], &["s"]),
            node("SequenceInsert", &["s", "x", "minus"], &["t"]),
            node("SequenceErase", &["t", "zero"], &["u"]),
            node("SequenceAt", &["u", "minus"], &["z"]),
            node("SequenceLength", &["u"], &["n"]),
        ],
    );
    graph.initializer = vec![constant("minus", &i64s(&[-1])), constant("zero", &i64s(&[0]))];
    let outputs = run(model(graph), &[f32s(&[2], &[1.0, 2.0]), f32s(&[3], &[3.0, 4.0, 5.0])]);
    assert_eq!(outputs, [f32s(&[3], &[3.0, 4.0, 5.0]), Tensor::scalar(2i64)]);
}

#[test]
fn programs_are_written_to_mlir() {
    let mut graph = graph(
        [value("x", "1,20")],
        [value("y", "1,20"), value("z", "1,20"), value("w", "20")],
        [node("Add", &["x", "w"], &["y"]), NodeProto { name: "second".into(), ..node("Add", &["y", "w"], &["z"]) }],
    );
    graph.initializer = vec![constant("w", &f32s(&[20], &[1.0; 20]))];
    let imported = imported(model(graph), &Options::default());
    let context = melior::Context::new();
    let registry = melior::dialect::DialectRegistry::new();
    melior::dialect::DialectHandle::func().insert_dialect(&registry);
    context.append_dialect_registry(&registry);
    context.load_all_available_dialects();
    crate::mlir::load(&context);
    let module = emit::emit(&imported.program, &context).expect("is written");
    use melior::ir::operation::{OperationLike, OperationPrintingFlags};
    assert!(module.as_operation().verify());
    let text = module.as_operation().to_string_with_flags(OperationPrintingFlags::new().enable_debug_info(true, false));
    let text = text.expect("prints");
    assert_eq!(text.matches("hwc.constant dense_resource<w>").count(), 1, "{text}");
    for expected in [
        "hwc.name = \"x\"",
        "hwc.name = \"z\"",
        "loc(\"second\")",
        "(tensor<1x20xf32>, tensor<20xf32>) -> tensor<1x20xf32>",
    ] {
        assert!(text.contains(expected), "{expected} in {text}");
    }
}
