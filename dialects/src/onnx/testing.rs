//! Small models for tests.

use hwc_runtime::{DType, Tensor};
use prost::Message;

use super::error::{LoadError, ProblemKind};
use super::graph::Model;
use super::import::{Imported, Options, Report, import};
use super::load::load_bytes;
use super::proto::*;

/// A node of the standard domain without a name.
pub fn node(op_type: &str, inputs: &[&str], outputs: &[&str]) -> NodeProto {
    let names = |names: &[&str]| names.iter().map(|n| n.to_string()).collect();
    NodeProto { op_type: op_type.into(), input: names(inputs), output: names(outputs), ..Default::default() }
}

/// The node with its operator in another domain.
pub fn in_domain(mut node: NodeProto, domain: &str) -> NodeProto {
    node.domain = domain.into();
    node
}

/// The node with attributes added.
pub fn with(mut node: NodeProto, attributes: impl IntoIterator<Item = AttributeProto>) -> NodeProto {
    node.attribute.extend(attributes);
    node
}

fn attribute(name: &str, kind: i32) -> AttributeProto {
    AttributeProto { name: name.into(), r#type: Some(kind), ..Default::default() }
}

pub fn int(name: &str, value: i64) -> AttributeProto {
    AttributeProto { i: Some(value), ..attribute(name, attribute_type::INT) }
}

pub fn float(name: &str, value: f32) -> AttributeProto {
    AttributeProto { f: Some(value), ..attribute(name, attribute_type::FLOAT) }
}

pub fn ints(name: &str, values: &[i64]) -> AttributeProto {
    AttributeProto { ints: values.to_vec(), ..attribute(name, attribute_type::INTS) }
}

pub fn text(name: &str, value: &str) -> AttributeProto {
    AttributeProto { s: Some(value.as_bytes().to_vec().into()), ..attribute(name, attribute_type::STRING) }
}

pub fn subgraph(name: &str, graph: GraphProto) -> AttributeProto {
    AttributeProto { g: Some(Box::new(graph)), ..attribute(name, attribute_type::GRAPH) }
}

pub fn tensor(name: &str, value: &Tensor) -> AttributeProto {
    AttributeProto { t: Some(Box::new(constant("", value))), ..attribute(name, attribute_type::TENSOR) }
}

/// The attribute of a node in a function that takes the value of an attribute of the call.
pub fn reference(name: &str, kind: i32, of: &str) -> AttributeProto {
    AttributeProto { ref_attr_name: of.into(), ..attribute(name, kind) }
}

/// An initializer.
pub fn constant(name: &str, value: &Tensor) -> TensorProto {
    TensorProto {
        name: name.into(),
        dims: value.shape().iter().map(|&d| d as i64).collect(),
        data_type: value.dtype().onnx(),
        raw_data: Some(value.bytes().clone()),
        ..Default::default()
    }
}

/// A value of `f32` with the dimensions of `shape`, numbers or names: `value("x", "batch,3")`; no dimension if empty.
pub fn value(name: &str, shape: &str) -> ValueInfoProto {
    typed(name, DType::F32, shape)
}

pub fn typed(name: &str, dtype: DType, shape: &str) -> ValueInfoProto {
    let dim = shape.split(',').map(str::trim).filter(|dim| !dim.is_empty()).map(|dim| DimensionProto {
        value: Some(dim.parse().map_or_else(|_| DimensionValue::Param(dim.into()), DimensionValue::Value)),
    });
    let shape = Some(TensorShapeProto { dim: dim.collect() });
    let tensor = TypeValue::Tensor(TensorTypeProto { elem_type: dtype.onnx(), shape });
    ValueInfoProto { name: name.into(), r#type: Some(Box::new(TypeProto { value: Some(tensor) })) }
}

/// A value whose type is not declared.
pub fn untyped(name: &str) -> ValueInfoProto {
    ValueInfoProto { name: name.into(), r#type: None }
}

pub fn graph(
    inputs: impl IntoIterator<Item = ValueInfoProto>,
    outputs: impl IntoIterator<Item = ValueInfoProto>,
    nodes: impl IntoIterator<Item = NodeProto>,
) -> GraphProto {
    GraphProto {
        input: inputs.into_iter().collect(),
        output: outputs.into_iter().collect(),
        node: nodes.into_iter().collect(),
        ..Default::default()
    }
}

pub fn opset(domain: &str, version: i64) -> OperatorSetIdProto {
    OperatorSetIdProto { domain: domain.into(), version }
}

/// A model of this graph in operator set 21.
pub fn model(graph: GraphProto) -> ModelProto {
    ModelProto {
        ir_version: Some(10),
        opset_import: vec![opset("", 21)],
        graph: Some(Box::new(graph)),
        ..Default::default()
    }
}

/// Writes the model to bytes and loads it.
pub fn load(model: ModelProto) -> Result<Model, LoadError> {
    load_bytes(model.encode_to_vec(), None)
}

/// Loads and imports the model.
pub fn try_import(model: ModelProto, options: &Options) -> Result<Imported, Box<Report>> {
    import(&load(model).unwrap_or_else(|error| panic!("{error}")), options)
}

/// The outputs of the model for these inputs, by the reference evaluator.
pub fn run(model: ModelProto, inputs: &[Tensor]) -> Vec<Tensor> {
    let imported = try_import(model, &Options::default()).unwrap_or_else(|report| panic!("{report}"));
    imported.program.evaluate(inputs).unwrap_or_else(|error| panic!("{error}"))
}

/// The outputs of one node for these inputs, named `0`, `1` and so on; its outputs are `a`, `b` and so on.
pub fn run_node(node: NodeProto, version: i64, inputs: &[Tensor]) -> Vec<Tensor> {
    let shape = |tensor: &Tensor| tensor.shape().iter().map(usize::to_string).collect::<Vec<_>>().join(",");
    let infos = inputs.iter().enumerate().map(|(i, tensor)| typed(&i.to_string(), tensor.dtype(), &shape(tensor)));
    let outputs: Vec<_> = node.output.iter().map(|name| untyped(name)).collect();
    let mut model = model(graph(infos, outputs, [node]));
    model.opset_import = vec![opset("", version), opset("com.microsoft", 1)];
    run(model, inputs)
}

/// The output of one node in operator set 21 all of whose inputs are constants.
pub fn fold_node(mut node: NodeProto, inputs: &[Tensor]) -> Tensor {
    node.input = (0..inputs.len()).map(|i| i.to_string()).collect();
    let mut graph = graph([], [untyped(&node.output[0])], [node]);
    graph.initializer = inputs.iter().enumerate().map(|(i, tensor)| constant(&i.to_string(), tensor)).collect();
    run(model(graph), &[]).swap_remove(0)
}

/// What is wrong with the model, a line each.
pub fn problems(model: ModelProto) -> Vec<String> {
    match load(model) {
        Err(LoadError::Invalid(problems)) => problems.list.iter().map(|problem| problem.to_string()).collect(),
        other => panic!("expected problems, got {other:?}"),
    }
}

/// The first problem of a model that has some.
pub fn first_problem(model: ModelProto) -> ProblemKind {
    match load(model) {
        Err(LoadError::Invalid(mut problems)) if !problems.is_empty() => problems.list.swap_remove(0).kind,
        other => panic!("expected problems, got {other:?}"),
    }
}
