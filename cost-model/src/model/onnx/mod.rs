//! Tier 1 as an ONNX model.
//!
//! Sequences are filled up to one length, so what stands behind their ends is made zero again after each layer: there
//! training has nothing.

use prost::Message;

mod graph;
mod proto;

use graph::{Attribute, Graph, dimension};

use super::batch::NUMBER_INPUTS;
use super::file::Content;
use super::matrix::Matrix;
use super::network::{OUTPUTS, parameter};

/// Less than any activation.
const FAR: f32 = 1e9;

/// What members share.
struct Inputs {
    ids: String,
    numbers: String,
    features: String,
    /// `[N, 1, L]`: 1 where there are tokens.
    mask: String,
    /// The same: [`FAR`] where there are none.
    far: String,
    /// `[N, 1]`: tokens, at least 1; 1 if there are any.
    length: String,
    any: String,
    /// Shapes and axes.
    column: String,
    last: String,
}

/// The bytes of the model, for batches of any size and length or of given ones.
pub(super) fn model(content: &Content, sizes: Option<[usize; 2]>) -> Vec<u8> {
    let mut graph = Graph::default();
    let batch = dimension(sizes.map(|[batch, _]| batch), "N");
    let length = dimension(sizes.map(|[_, length]| length), "L");
    let fixed = |size: usize| dimension(Some(size), "");
    let ids = graph.input("ids", proto::INT64, &[batch.clone(), length.clone()]);
    let numbers = graph.input("numbers", proto::FLOAT, &[batch.clone(), length, fixed(NUMBER_INPUTS)]);
    let features = graph.input("features", proto::FLOAT, &[batch.clone(), fixed(content.scaling.inputs())]);
    let inputs = inputs(&mut graph, ids, numbers, features);
    let members: Vec<String> =
        content.members.iter().map(|member| network(&mut graph, content, member, &inputs)).collect();
    let names: Vec<&str> = members.iter().map(String::as_str).collect();
    let sum = graph.node("Sum", &names, &[]);
    let share = graph.floats(&[], &[1.0 / members.len().max(1) as f32]);
    let mean = graph.node("Mul", &[&sum, &share], &[]);
    graph.finish(&mean, "outputs", &[batch, fixed(OUTPUTS)]).encode_to_vec()
}

fn inputs(graph: &mut Graph, ids: String, numbers: String, features: String) -> Inputs {
    let (zero, one, far) = (graph.floats(&[], &[0.0]), graph.floats(&[], &[1.0]), graph.floats(&[], &[FAR]));
    let (middle, last) = (graph.integers(&[1]), graph.integers(&[2]));
    let is_token = graph.node("Cast", &[&ids], &[("to", Attribute::One(i64::from(proto::FLOAT)))]);
    let is_token = graph.node("Clip", &[&is_token, &zero, &one], &[]);
    let mask = graph.node("Unsqueeze", &[&is_token, &middle], &[]);
    let none = graph.node("Sub", &[&one, &mask], &[]);
    let far = graph.node("Mul", &[&none, &far], &[]);
    let count = graph.node("ReduceSum", &[&is_token, &middle], &[("keepdims", Attribute::One(1))]);
    let length = graph.node("Max", &[&count, &one], &[]);
    let any = graph.node("Min", &[&count, &one], &[]);
    let column = graph.integers(&[0, -1, 1]);
    Inputs { ids, numbers, features, mask, far, length, any, column, last }
}

/// Outputs of a member, `[N, OUTPUTS]`.
fn network(graph: &mut Graph, content: &Content, parameters: &[Matrix], inputs: &Inputs) -> String {
    let shape = content.shape;
    let width = shape.width;
    let weight =
        |graph: &mut Graph, at: usize| graph.floats(&[parameters[at].rows, parameters[at].cols], &parameters[at].data);
    let bias = |graph: &mut Graph, at: usize| graph.floats(&[parameters[at].cols], &parameters[at].data);
    let linear = |graph: &mut Graph, x: &str, at: usize| {
        let (weight, bias) = (weight(graph, at), bias(graph, at + 1));
        graph.node("Gemm", &[x, &weight, &bias], &[])
    };
    let table = weight(graph, parameter::EMBEDDING);
    let embedded = graph.node("Gather", &[&table, &inputs.ids], &[]);
    let (weights, biases) = (weight(graph, parameter::NUMBERS), bias(graph, parameter::NUMBERS + 1));
    let numbers = graph.node("MatMul", &[&inputs.numbers, &weights], &[]);
    let numbers = graph.node("Add", &[&numbers, &biases], &[]);
    let tokens = graph.node("Add", &[&embedded, &numbers], &[]);
    let tokens = graph.node("Relu", &[&tokens], &[]);
    let (weights, biases) = (weight(graph, parameter::TOKEN), bias(graph, parameter::TOKEN + 1));
    let tokens = graph.node("MatMul", &[&tokens, &weights], &[]);
    let tokens = graph.node("Add", &[&tokens, &biases], &[]);
    let tokens = graph.node("Transpose", &[&tokens], &[("perm", Attribute::Many(&[0, 2, 1]))]);
    let mut x = graph.node("Mul", &[&tokens, &inputs.mask], &[]);
    let features = linear(graph, &inputs.features, parameter::TRUNK);
    let features = graph.node("Relu", &[&features], &[]);
    let modulations = modulations(graph, &features, parameters, shape.layers, width, inputs);
    for (layer, [scale, shift]) in modulations.as_chunks::<2>().0.iter().enumerate() {
        let at = parameter::LAYERS + 2 * layer;
        let (weights, biases) =
            (graph.floats(&[width, width, 3], &kernel(&parameters[at], width)), bias(graph, at + 1));
        let far = 1 << layer;
        let attributes = [("dilations", Attribute::Many(&[far])), ("pads", Attribute::Many(&[far, far]))];
        let y = graph.node("Conv", &[&x, &weights, &biases], &attributes);
        let y = graph.node("Mul", &[&y, scale], &[]);
        let y = graph.node("Add", &[&y, shift], &[]);
        let y = graph.node("Relu", &[&y], &[]);
        let y = graph.node("Mul", &[&y, &inputs.mask], &[]);
        x = graph.node("Add", &[&x, &y], &[]);
    }
    let sum = graph.node("ReduceSum", &[&x, &inputs.last], &[("keepdims", Attribute::One(0))]);
    let mean = graph.node("Div", &[&sum, &inputs.length], &[]);
    let there = graph.node("Sub", &[&x, &inputs.far], &[]);
    let axes = [("axes", Attribute::Many(&[2])), ("keepdims", Attribute::One(0))];
    let max = graph.node("ReduceMax", &[&there], &axes);
    let max = graph.node("Mul", &[&max, &inputs.any], &[]);
    let mut y = graph.node("Concat", &[&mean, &max, &features], &[("axis", Attribute::One(1))]);
    for number in 0..3 {
        y = linear(graph, &y, parameter::head(shape.layers, number));
        y = if number < 2 { graph.node("Relu", &[&y], &[]) } else { y };
    }
    y
}

/// Scale and shift of each layer, each `[N, width, 1]`.
fn modulations(
    graph: &mut Graph,
    features: &str,
    parameters: &[Matrix],
    layers: usize,
    width: usize,
    inputs: &Inputs,
) -> Vec<String> {
    let weights = &parameters[parameter::MODULATION];
    // Scales are around 1.
    let biases = parameters[parameter::MODULATION + 1].data.iter().enumerate();
    let biases: Vec<f32> =
        biases.map(|(i, bias)| if (i / width).is_multiple_of(2) { bias + 1.0 } else { *bias }).collect();
    let weights = graph.floats(&[weights.rows, weights.cols], &weights.data);
    let biases = graph.floats(&[biases.len()], &biases);
    let all = graph.node("Gemm", &[features, &weights, &biases], &[]);
    let all = graph.node("Reshape", &[&all, &inputs.column], &[]);
    let sizes = graph.integers(&vec![width as i64; 2 * layers]);
    graph.nodes("Split", &[&all, &sizes], &[("axis", Attribute::One(1))], 2 * layers)
}

/// Weights of a convolution, `[outputs, inputs, 3]`, from `[3 * inputs, outputs]`.
fn kernel(weights: &Matrix, width: usize) -> Vec<f32> {
    let at = |output: usize, input: usize, place: usize| weights.row(place * width + input)[output];
    let places = |output, input| (0..3).map(move |place| at(output, input, place));
    (0..width).flat_map(|output| (0..width).flat_map(move |input| places(output, input))).collect()
}
