//! Graphs, put together node by node.

use super::proto::{
    AttributeProto, Dimension, FLOAT, GraphProto, INT, INT64, INTS, ModelProto, NodeProto, OperatorSetIdProto,
    TensorProto, TensorShapeProto, TensorType, TypeProto, ValueInfoProto,
};

/// The version of operators; the newest in which `ReduceMax` has its axes as an attribute.
const OPSET: i64 = 17;
const IR_VERSION: i64 = 8;

/// A graph that is being made. Values are names.
#[derive(Default)]
pub(super) struct Graph {
    graph: GraphProto,
    values: usize,
}

/// An attribute of a node.
pub(super) enum Attribute<'a> {
    One(i64),
    Many(&'a [i64]),
}

impl Graph {
    fn name(&mut self) -> String {
        self.values += 1;
        format!("v{}", self.values)
    }

    pub fn input(&mut self, name: &str, elements: i32, sizes: &[Dimension]) -> String {
        self.graph.input.push(value(name, elements, sizes));
        name.into()
    }

    pub fn floats(&mut self, sizes: &[usize], data: &[f32]) -> String {
        self.constant(FLOAT, sizes, data.iter().flat_map(|x| x.to_le_bytes()).collect())
    }

    pub fn integers(&mut self, data: &[i64]) -> String {
        self.constant(INT64, &[data.len()], data.iter().flat_map(|x| x.to_le_bytes()).collect())
    }

    fn constant(&mut self, data_type: i32, sizes: &[usize], raw_data: Vec<u8>) -> String {
        let name = self.name();
        let dims = sizes.iter().map(|size| *size as i64).collect();
        self.graph.initializer.push(TensorProto { dims, data_type, name: name.clone(), raw_data });
        name
    }

    /// An operation with one result.
    pub fn node(&mut self, operation: &str, inputs: &[&str], attributes: &[(&str, Attribute)]) -> String {
        let [result] = self.nodes(operation, inputs, attributes, 1).try_into().unwrap_or_default();
        result
    }

    /// The same with several.
    pub fn nodes(
        &mut self,
        operation: &str,
        inputs: &[&str],
        attributes: &[(&str, Attribute)],
        results: usize,
    ) -> Vec<String> {
        let output: Vec<String> = (0..results).map(|_| self.name()).collect();
        self.graph.node.push(NodeProto {
            input: inputs.iter().map(|name| (*name).to_string()).collect(),
            output: output.clone(),
            op_type: operation.into(),
            attribute: attributes.iter().map(|(name, attribute)| attribute.message(name)).collect(),
        });
        output
    }

    /// The model, whose result is a value under another name.
    pub fn finish(mut self, result: &str, name: &str, sizes: &[Dimension]) -> ModelProto {
        self.graph.node.push(NodeProto {
            input: vec![result.into()],
            output: vec![name.into()],
            op_type: "Identity".into(),
            attribute: vec![],
        });
        self.graph.output.push(value(name, FLOAT, sizes));
        self.graph.name = "cost".into();
        ModelProto {
            ir_version: Some(IR_VERSION),
            producer_name: "hwc".into(),
            graph: Some(self.graph),
            opset_import: vec![OperatorSetIdProto { domain: String::new(), version: OPSET }],
        }
    }
}

impl Attribute<'_> {
    fn message(&self, name: &str) -> AttributeProto {
        let (i, ints, kind) = match self {
            Attribute::One(i) => (Some(*i), vec![], INT),
            Attribute::Many(ints) => (None, ints.to_vec(), INTS),
        };
        AttributeProto { name: name.into(), i, ints, r#type: Some(kind) }
    }
}

/// A size that is known, or has a name.
pub(super) fn dimension(size: Option<usize>, name: &str) -> Dimension {
    match size {
        Some(size) => Dimension { dim_value: Some(size as i64), dim_param: None },
        None => Dimension { dim_value: None, dim_param: Some(name.into()) },
    }
}

fn value(name: &str, elements: i32, sizes: &[Dimension]) -> ValueInfoProto {
    let shape = Some(TensorShapeProto { dim: sizes.to_vec() });
    let tensor_type = Some(TensorType { elem_type: elements, shape });
    ValueInfoProto { name: name.into(), r#type: Some(TypeProto { tensor_type }) }
}
