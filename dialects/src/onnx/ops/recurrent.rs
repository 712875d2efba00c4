//! Recurrent operators: one recurrence a direction, after the product of the whole input with its weights.

use super::{Row, row};
use crate::activation::{self, Kind};
use crate::attrs;
use crate::attrs::Attrs;
use crate::onnx::import::Value;
use crate::onnx::import::call::{Call, Outputs};
use crate::onnx::import::failure::{Failure, invalid};
use crate::op::Op;

pub const OPS: &[Row] = &[
    row("GRU", 7, |call| import(call, &GRU)),
    row("LSTM", 7, |call| import(call, &LSTM)),
    row("RNN", 7, |call| import(call, &RNN)),
];

/// What differs between the operators.
struct Cell {
    op: Op,
    gates: usize,
    /// Activations where none are given, for one direction.
    activations: &'static [&'static str],
}

const RNN: Cell = Cell { op: Op::Rnn, gates: 1, activations: &["Tanh"] };
const GRU: Cell = Cell { op: Op::Gru, gates: 3, activations: &["Sigmoid", "Tanh"] };
const LSTM: Cell = Cell { op: Op::Lstm, gates: 4, activations: &["Sigmoid", "Tanh", "Tanh"] };

/// The directions of a node: whether each one is reversed.
fn directions(call: &Call) -> Result<&'static [bool], Failure> {
    match call.node.text_or("direction", "forward")? {
        "forward" => Ok(&[false]),
        "reverse" => Ok(&[true]),
        "bidirectional" => Ok(&[false, true]),
        other => invalid(format!("attribute `direction` must not be `{other}`")),
    }
}

fn import(call: &mut Call, cell: &Cell) -> Outputs {
    let directions = directions(call)?;
    let batch_first = call.node.flag_or("layout", false)?;
    let mut input = call.input(0)?;
    if input.rank()? != 3 {
        return invalid(format!("needs an input of rank 3, got shape {:?}", input.shape()?));
    }
    if batch_first {
        input = call.transpose(&input, &[1, 0, 2])?;
    }
    let shape = call.input(2)?.shape()?;
    let &[count, rows, hidden] = &shape[..] else {
        return invalid(format!("needs recurrence weights of rank 3, got shape {shape:?}"));
    };
    if count != directions.len() || Some(rows) != hidden.checked_mul(cell.gates) {
        return invalid(format!("has recurrence weights of shape {shape:?} for {} directions", directions.len()));
    }
    if let Some(given) = call.node.int("hidden_size")?
        && usize::try_from(given) != Ok(hidden)
    {
        return invalid(format!("attribute `hidden_size` is {given}, but the weights have {hidden}"));
    }
    let activations = activations(call, cell, directions.len())?;
    let mut states = Vec::new();
    for (direction, &reverse) in directions.iter().enumerate() {
        let node = Direction { cell, number: direction, hidden, batch_first };
        let mut attrs = activations[direction].clone();
        attrs.set("reverse", reverse);
        states.push(node.import(call, &input, attrs)?);
    }
    stack(call, states, batch_first)
}

/// The results of all directions as the node has them: steps, directions, batch; or with the batch first.
fn stack(call: &mut Call, directions: Vec<Vec<Value>>, batch_first: bool) -> Outputs {
    let results = directions.first().map_or(0, Vec::len);
    let mut outputs = Vec::new();
    for result in 0..results {
        let mut parts = Vec::new();
        for direction in &directions {
            let value = &direction[result];
            parts.push(call.unsqueeze(value, value.rank()? - 2)?);
        }
        let axis = if result == 0 { 1 } else { 0 };
        let mut value = call.concat(&parts, axis)?;
        if batch_first {
            value = call.transpose(&value, if result == 0 { &[2, 0, 1, 3] } else { &[1, 0, 2] })?;
        }
        outputs.push(value);
    }
    Ok(outputs)
}

/// One direction of a node.
struct Direction<'a> {
    cell: &'a Cell,
    number: usize,
    hidden: usize,
    batch_first: bool,
}

impl Direction<'_> {
    /// The part of an input that belongs to this direction, which is dimension `axis` of the input.
    fn part(&self, call: &mut Call, value: &Value, axis: usize) -> Result<Value, Failure> {
        let mut shape = value.shape()?;
        if axis >= shape.len() || self.number >= shape[axis] {
            return invalid(format!("has no direction {} in an input of shape {shape:?}", self.number));
        }
        let value = call.slice(value, axis, self.number, self.number + 1)?;
        shape.remove(axis);
        call.reshape(&value, &shape)
    }

    fn optional_part(&self, call: &mut Call, index: usize, axis: usize) -> Result<Option<Value>, Failure> {
        call.optional(index).map(|value| self.part(call, &value, axis)).transpose()
    }

    fn import(&self, call: &mut Call, input: &Value, mut attrs: Attrs) -> Outputs {
        let weights = self.part(call, &call.input(1)?, 0)?;
        let weights = call.transpose_matrix(&weights)?;
        let recurrence = self.part(call, &call.input(2)?, 0)?;
        let recurrence = call.transpose_matrix(&recurrence)?;
        let linear = self.cell.op == Op::Gru && call.node.flag_or("linear_before_reset", false)?;

        let mut projected = call.op(Op::Matmul, attrs! {}, &[input, &weights])?;
        let mut reset_bias = None;
        if let Some(bias) = self.optional_part(call, 3, 0)? {
            let size = self.cell.gates * self.hidden;
            if bias.shape()? != [2 * size] {
                return invalid(format!("needs {} biases a direction, got shape {:?}", 2 * size, bias.shape()?));
            }
            let (of_input, of_state) = (call.slice(&bias, 0, 0, size)?, call.slice(&bias, 0, size, 2 * size)?);
            let bias = if linear {
                // The bias of the state's part of the last gate is under the reset gate.
                let plain = 2 * self.hidden;
                let of_gates = (call.slice(&of_input, 0, 0, plain)?, call.slice(&of_state, 0, 0, plain)?);
                let sum = call.op(Op::Add, attrs! {}, &[&of_gates.0, &of_gates.1])?;
                reset_bias = Some(call.slice(&of_state, 0, plain, size)?);
                let last = call.slice(&of_input, 0, plain, size)?;
                call.concat(&[sum, last], 0)?
            } else {
                call.op(Op::Add, attrs! {}, &[&of_input, &of_state])?
            };
            projected = call.op(Op::Add, attrs! {}, &[&projected, &bias])?;
        }

        let state_axis = usize::from(self.batch_first);
        let mut operands = vec![Some(projected), Some(recurrence), call.optional(4)];
        operands.push(self.optional_part(call, 5, state_axis)?);
        attrs.set("clip", f64::from(call.node.float_or("clip", 0.0)?));
        match self.cell.op {
            Op::Gru => {
                attrs.set("linear_before_reset", linear);
                operands.push(reset_bias);
            }
            Op::Lstm => {
                attrs.set("input_forget", call.node.flag_or("input_forget", false)?);
                operands.push(self.optional_part(call, 6, state_axis)?);
                operands.push(self.optional_part(call, 7, 0)?);
            }
            _ => {}
        }
        call.ops(self.cell.op, attrs, operands)
    }
}

/// The attributes `activations`, `alpha` and `beta` of each direction. Parameters are given, in order, for those
/// activations that have them.
fn activations(call: &Call, cell: &Cell, directions: usize) -> Result<Vec<Attrs>, Failure> {
    let count = cell.activations.len();
    let names: Vec<String> = match call.node.strings("activations")? {
        Some(given) if !given.is_empty() => {
            given.iter().map(|name| String::from_utf8_lossy(name).into_owned()).collect()
        }
        _ => cell.activations.iter().cycle().take(count * directions).map(ToString::to_string).collect(),
    };
    if names.len() != count * directions {
        return invalid(format!("needs {} activations, got {}", count * directions, names.len()));
    }
    let mut alphas = call.node.floats("activation_alpha")?.unwrap_or_default().iter();
    let mut betas = call.node.floats("activation_beta")?.unwrap_or_default().iter();
    let mut resolved = Vec::new();
    for name in names {
        let Some(row) = activation::TABLE.iter().find(|row| row.0.eq_ignore_ascii_case(&name)) else {
            return invalid(format!("attribute `activations` names the unknown `{name}`"));
        };
        let (has_alpha, has_beta) = match row.1 {
            Kind::Affine | Kind::HardSigmoid | Kind::ScaledTanh => (true, true),
            Kind::Elu | Kind::LeakyRelu | Kind::ThresholdedRelu => (true, false),
            Kind::Relu | Kind::Sigmoid | Kind::Softplus | Kind::Softsign | Kind::Tanh => (false, false),
        };
        let alpha = if has_alpha { alphas.next().map_or(row.2, |&v| f64::from(v)) } else { row.2 };
        let beta = if has_beta { betas.next().map_or(row.3, |&v| f64::from(v)) } else { row.3 };
        resolved.push((row.0.to_string(), alpha, beta));
    }
    let attrs = |part: &[(String, f64, f64)]| {
        attrs! {
            "activations" => part.iter().map(|a| a.0.clone()).collect::<Vec<_>>(),
            "alpha" => part.iter().map(|a| a.1).collect::<Vec<_>>(),
            "beta" => part.iter().map(|a| a.2).collect::<Vec<_>>(),
        }
    };
    Ok(resolved.chunks(count).map(attrs).collect())
}

#[cfg(test)]
mod tests {
    use hwc_runtime::Tensor;

    use crate::onnx::proto::AttributeProto;
    use crate::onnx::testing::*;

    fn numbers(shape: &[usize], seed: usize) -> Tensor {
        let value = |i: usize| ((i * 7 + seed * 5) % 11) as f32 / 8.0 - 0.5;
        Tensor::from_vec(shape, (0..shape.iter().product()).map(value).collect()).expect("data fits the shape")
    }

    /// The part of a tensor at one place of an axis.
    fn part(tensor: &Tensor, axis: usize, place: usize) -> Vec<f32> {
        let shape = tensor.shape();
        let (before, after): (usize, usize) = (shape[..axis].iter().product(), shape[axis + 1..].iter().product());
        let values = tensor.to_vec::<f32>().expect("elements are f32");
        let start = |b: usize| (b * shape[axis] + place) * after;
        (0..before).flat_map(|b| values[start(b)..][..after].to_vec()).collect()
    }

    /// `X`, `W`, `R`, `B`, no lengths, `initial_h` and, for `LSTM`, `initial_c` and `P`.
    fn cell(name: &str, gates: usize, directions: usize) -> Vec<Tensor> {
        let (steps, batch, inputs, hidden) = (3, 2, 2, 2);
        let mut all = vec![
            numbers(&[steps, batch, inputs], 1),
            numbers(&[directions, gates * hidden, inputs], 2),
            numbers(&[directions, gates * hidden, hidden], 3),
            numbers(&[directions, 2 * gates * hidden], 4),
            numbers(&[directions, batch, hidden], 5),
        ];
        if name == "LSTM" {
            all.extend([numbers(&[directions, batch, hidden], 6), numbers(&[directions, 3 * hidden], 7)]);
        }
        all
    }

    fn run_cell(name: &str, attributes: Vec<AttributeProto>, inputs: &[Tensor]) -> Vec<Tensor> {
        let names = ["0", "1", "2", "3", "", "4", "5", "6"];
        let outputs = if name == "LSTM" { &["y", "h", "c"][..] } else { &["y", "h"] };
        run_node(with(node(name, &names[..inputs.len() + 1], outputs), attributes), 14, inputs)
    }

    const CELLS: &[(&str, usize)] = &[("RNN", 1), ("GRU", 3), ("LSTM", 4)];

    #[test]
    fn two_directions_are_one_beside_the_other() {
        for &(name, gates) in CELLS {
            let both = cell(name, gates, 2);
            let results = run_cell(name, vec![text("direction", "bidirectional")], &both);
            for (number, direction) in ["forward", "reverse"].into_iter().enumerate() {
                let single: Vec<Tensor> = std::iter::once(both[0].clone())
                    .chain(both[1..].iter().map(|tensor| {
                        let shape = [&[1], &tensor.shape()[1..]].concat();
                        Tensor::from_vec(shape, part(tensor, 0, number)).expect("data fits the shape")
                    }))
                    .collect();
                let expected = run_cell(name, vec![text("direction", direction)], &single);
                assert_eq!(results[0].shape(), [3, 2, 2, 2]);
                for (i, (result, expected)) in results.iter().zip(&expected).enumerate() {
                    assert_eq!(part(result, usize::from(i == 0), number), expected.to_vec::<f32>().expect("f32"));
                }
            }
        }
    }

    #[test]
    fn the_batch_may_come_first() {
        for &(name, gates) in CELLS {
            let inputs = cell(name, gates, 1);
            let expected = run_cell(name, vec![], &inputs);
            let exchanged = |tensor: &Tensor| {
                let (a, b) = (tensor.shape()[0], tensor.shape()[1]);
                let values = (0..b).flat_map(|i| part(tensor, 1, i)).collect();
                Tensor::from_vec([&[b, a], &tensor.shape()[2..]].concat(), values).expect("data fits the shape")
            };
            let mut batch_first = inputs.clone();
            for index in [0, 4, 5] {
                if let Some(tensor) = batch_first.get_mut(index) {
                    *tensor = exchanged(tensor);
                }
            }
            let results = run_cell(name, vec![int("layout", 1)], &batch_first);
            // `[N, T, D, H]` of `[T, D, N, H]`, with one direction.
            assert_eq!(results[0].shape(), [2, 3, 1, 2]);
            for t in 0..3 {
                assert_eq!(part(&results[0], 1, t), part(&expected[0], 0, t));
            }
            assert_eq!(results[1], exchanged(&expected[1]));
        }
    }

    #[test]
    fn parameters_go_to_the_activations_that_have_them() {
        let inputs = cell("GRU", 3, 1);
        let names = |list: [&str; 2]| AttributeProto {
            name: "activations".into(),
            r#type: Some(crate::onnx::proto::attribute_type::STRINGS),
            strings: list.iter().map(|s| s.as_bytes().to_vec().into()).collect(),
            ..Default::default()
        };
        let floats = |name: &str, values: &[f32]| AttributeProto {
            name: name.into(),
            r#type: Some(crate::onnx::proto::attribute_type::FLOATS),
            floats: values.to_vec(),
            ..Default::default()
        };
        let plain = run_cell("GRU", vec![names(["Sigmoid", "LeakyRelu"])], &inputs);
        let given =
            run_cell("GRU", vec![names(["sigmoid", "leakyrelu"]), floats("activation_alpha", &[0.01])], &inputs);
        let other = run_cell("GRU", vec![names(["Sigmoid", "LeakyRelu"]), floats("activation_alpha", &[0.5])], &inputs);
        assert_eq!(plain, given);
        assert_ne!(plain, other);
    }

    #[test]
    fn contradictions_are_refused() {
        for attribute in [int("hidden_size", 3), text("direction", "bidirectional"), text("direction", "sideways")] {
            let inputs = ["x", "w", "r"].map(str::to_owned);
            let node = with(node("RNN", &["x", "w", "r"], &["y"]), [attribute]);
            let values = inputs.iter().zip(["3,2,2", "1,2,2", "1,2,2"]).map(|(name, shape)| value(name, shape));
            assert!(try_import(model(graph(values, [untyped("y")], [node])), &Default::default()).is_err());
        }
    }
}
