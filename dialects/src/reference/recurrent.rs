//! Recurrences over time.

use super::number::{floats, from_floats, integers};
use super::{EvalCall, Evaluated};
use crate::activation::Activation;

/// The operands of a recurrence that all of them have, as numbers.
struct Recurrence {
    batch: usize,
    hidden: usize,
    gates: usize,
    recurrence: Vec<f64>,
    activations: Vec<Activation>,
    clip: f64,
}

impl Recurrence {
    /// `(state * R)` for one gate and one hidden unit.
    fn fed_back(&self, state: &[f64], gate: usize, unit: usize) -> f64 {
        let column = gate * self.hidden + unit;
        state.iter().enumerate().map(|(k, s)| s * self.recurrence[k * self.gates * self.hidden + column]).sum()
    }

    /// An activation of an argument that is bounded first.
    fn activate(&self, activation: usize, x: f64) -> f64 {
        let x = if self.clip > 0.0 { x.clamp(-self.clip, self.clip) } else { x };
        self.activations[activation].apply(x)
    }
}

/// Runs `step` over all steps of all sequences. It gets the projected input of a step and the states, which it updates;
/// the first state is the result of the step.
fn run(call: &EvalCall, gates: usize, states: usize, step: impl Fn(&Recurrence, &[f64], &mut [Vec<f64>])) -> Evaluated {
    let projected = call.operand(0)?;
    let shape = call.shape(0)?;
    let &[steps, batch, hidden] = shape.as_slice() else { return Err("needs results of rank 3".into()) };
    let recurrence = Recurrence {
        batch,
        hidden,
        gates,
        recurrence: floats(call.operand(1)?),
        activations: Activation::of(call.attrs).map_err(|e| e.to_string())?,
        clip: call.attrs.float("clip")?,
    };
    let input = floats(projected);
    let lengths = call.optional(2).map_or(vec![steps as i128; batch], integers);
    let initial: Vec<Vec<f64>> =
        (0..states).map(|s| call.optional(3 + s).map_or(vec![0.0; batch * hidden], floats)).collect();
    let mut all = vec![0.0; steps * batch * hidden];
    let mut last = initial.clone();
    for n in 0..recurrence.batch {
        let mut state: Vec<Vec<f64>> = initial.iter().map(|s| s[n * hidden..][..hidden].to_vec()).collect();
        let length = lengths[n].clamp(0, steps as i128) as usize;
        for i in 0..length {
            let t = if call.attrs.bool("reverse")? { length - 1 - i } else { i };
            step(&recurrence, &input[(t * batch + n) * gates * hidden..][..gates * hidden], &mut state);
            all[(t * batch + n) * hidden..][..hidden].copy_from_slice(&state[0]);
        }
        for (last, state) in last.iter_mut().zip(state) {
            last[n * hidden..][..hidden].copy_from_slice(&state);
        }
    }
    let mut results = vec![from_floats(projected.dtype(), &shape, all)?];
    for state in last {
        results.push(from_floats(projected.dtype(), &[batch, hidden], state)?);
    }
    Ok(results)
}

pub fn rnn(call: &EvalCall) -> Evaluated {
    run(call, 1, 1, |r, input, states| {
        let h = &states[0];
        let next = (0..r.hidden).map(|j| r.activate(0, input[j] + r.fed_back(h, 0, j))).collect();
        states[0] = next;
    })
}

pub fn gru(call: &EvalCall) -> Evaluated {
    let linear = call.attrs.bool("linear_before_reset")?;
    let reset_bias = call.optional(4).map(floats);
    run(call, 3, 1, |r, input, states| {
        let h = &states[0];
        let gate = |g: usize, j: usize| r.activate(0, input[g * r.hidden + j] + r.fed_back(h, g, j));
        let reset: Vec<f64> = (0..r.hidden).map(|j| gate(1, j)).collect();
        let kept: Vec<f64> = reset.iter().zip(h).map(|(r, h)| r * h).collect();
        let next = (0..r.hidden).map(|j| {
            let fed_back = if linear {
                reset[j] * (r.fed_back(h, 2, j) + reset_bias.as_ref().map_or(0.0, |b| b[j]))
            } else {
                r.fed_back(&kept, 2, j)
            };
            let update = gate(0, j);
            (1.0 - update) * r.activate(1, input[2 * r.hidden + j] + fed_back) + update * h[j]
        });
        states[0] = next.collect();
    })
}

pub fn lstm(call: &EvalCall) -> Evaluated {
    let couple = call.attrs.bool("input_forget")?;
    let peepholes = call.optional(5).map(floats);
    run(call, 4, 2, |r, input, states| {
        let (h, c) = (&states[0], &states[1]);
        let peek = |which: usize, j: usize| peepholes.as_ref().map_or(0.0, |p| p[which * r.hidden + j]);
        let sum = |gate: usize, j: usize| input[gate * r.hidden + j] + r.fed_back(h, gate, j);
        let (mut next_h, mut next_c) = (Vec::new(), Vec::new());
        for (j, &c) in c.iter().enumerate() {
            let i = r.activate(0, sum(0, j) + peek(0, j) * c);
            let f = if couple { 1.0 - i } else { r.activate(0, sum(2, j) + peek(2, j) * c) };
            let cell = f * c + i * r.activate(1, sum(3, j));
            let o = r.activate(0, sum(1, j) + peek(1, j) * cell);
            next_c.push(cell);
            next_h.push(o * r.activations[2].apply(cell));
        }
        (states[0], states[1]) = (next_h, next_c);
    })
}

#[cfg(test)]
mod tests {
    use hwc_runtime::Tensor;

    use super::*;
    use crate::attrs;
    use crate::op::Op;
    use crate::reference::evaluate;

    fn f32s(shape: &[usize], values: &[f32]) -> Tensor {
        Tensor::from_vec(shape, values.to_vec()).unwrap()
    }

    fn affine(count: usize) -> crate::Attrs {
        attrs! {
            "activations" => vec!["Affine".to_string(); count], "alpha" => vec![1.0; count], "beta" => vec![0.0; count],
        }
    }

    #[test]
    fn sequences_end_at_their_lengths() {
        let x = f32s(&[3, 2, 1], &[1.0, 10.0, 2.0, 20.0, 3.0, 30.0]);
        let r = f32s(&[1, 1], &[2.0]);
        let lengths = Tensor::from_vec(vec![2], vec![3i32, 2]).unwrap();
        let mut attrs = affine(1);
        let both = evaluate(Op::Rnn, &attrs, &[Some(&x), Some(&r), Some(&lengths)]).unwrap();
        assert_eq!(floats(&both[0]), [1.0, 10.0, 4.0, 40.0, 11.0, 0.0]);
        assert_eq!(floats(&both[1]), [11.0, 40.0]);
        attrs.set("reverse", true);
        let both = evaluate(Op::Rnn, &attrs, &[Some(&x), Some(&r), Some(&lengths)]).unwrap();
        assert_eq!(floats(&both[0]), [17.0, 50.0, 8.0, 20.0, 3.0, 0.0]);
        assert_eq!(floats(&both[1]), [17.0, 50.0]);
    }

    #[test]
    fn one_step_of_gru() {
        let (x, r, h) = (f32s(&[1, 1, 3], &[0.5, 3.0, 1.0]), f32s(&[1, 3], &[0.0, 0.0, 1.0]), f32s(&[1, 1], &[2.0]));
        // z = 0.5, r = 3, n = 1 + 3 * 2, h = 0.5 * 7 + 0.5 * 2.
        let y = evaluate(Op::Gru, &affine(2), &[Some(&x), Some(&r), None, Some(&h)]).unwrap();
        assert_eq!(floats(&y[1]), [4.5]);
        let mut attrs = affine(2);
        attrs.set("linear_before_reset", true);
        let bias = f32s(&[1], &[1.0]);
        // n = 1 + 3 * (2 + 1).
        let y = evaluate(Op::Gru, &attrs, &[Some(&x), Some(&r), None, Some(&h), Some(&bias)]).unwrap();
        assert_eq!(floats(&y[1]), [6.0]);
        assert!(evaluate(Op::Gru, &affine(2), &[Some(&x), Some(&r), None, Some(&h), Some(&bias)]).is_err());
    }

    #[test]
    fn one_step_of_lstm() {
        let (x, r) = (f32s(&[1, 1, 4], &[2.0, 3.0, 4.0, 5.0]), f32s(&[1, 4], &[1.0, 0.0, 0.0, 0.0]));
        let (h, c, p) = (f32s(&[1, 1], &[1.0]), f32s(&[1, 1], &[10.0]), f32s(&[3], &[0.0, 1.0, 1.0]));
        // i = 2 + 1, f = 4 + 10, c' = 14 * 10 + 3 * 5, o = 3 + c'.
        let operands = [Some(&x), Some(&r), None, Some(&h), Some(&c), Some(&p)];
        let y = evaluate(Op::Lstm, &affine(3), &operands).unwrap();
        assert_eq!((floats(&y[1]), floats(&y[2])), (vec![158.0 * 155.0], vec![155.0]));
        let mut attrs = affine(3);
        attrs.set("input_forget", true);
        attrs.set("clip", 2.5);
        // i = 2.5, f = 1 - i, c' = -15 + 2.5 * 2.5, o = 2.5 bounded below.
        let y = evaluate(Op::Lstm, &attrs, &operands).unwrap();
        assert_eq!((floats(&y[1]), floats(&y[2])), (vec![2.5 * 8.75], vec![-8.75]));
    }

    #[test]
    fn operands_are_checked() {
        let (x, r) = (f32s(&[1, 1, 4], &[0.0; 4]), f32s(&[1, 3], &[0.0; 3]));
        let bad = attrs! { "activations" => vec!["Tan".to_string()], "alpha" => vec![0.0], "beta" => vec![0.0] };
        assert_eq!(evaluate(Op::Lstm, &bad, &[Some(&x), Some(&r)]).unwrap_err().0.len(), 2);
    }
}
