//! Result types of recurrences.

use hwc_runtime::DType;

use super::{Errors, InferCall, Inferred};
use crate::activation::Activation;
use crate::types::{Dim, TensorType};

pub fn rnn(call: &InferCall) -> Inferred {
    recurrence(call, &Form { gates: 1, activations: 1, states: 1, vector: None })
}

pub fn gru(call: &InferCall) -> Inferred {
    let results = recurrence(call, &Form { gates: 3, activations: 2, states: 1, vector: Some((4, 1)) })?;
    if call.attrs.bool("linear_before_reset")? || call.optional(4).is_none() {
        return Ok(results);
    }
    Err("has a `reset_bias`, which only `linear_before_reset` uses".into())
}

pub fn lstm(call: &InferCall) -> Inferred {
    recurrence(call, &Form { gates: 4, activations: 3, states: 2, vector: Some((5, 3)) })
}

/// What differs between the recurrences.
struct Form {
    gates: usize,
    activations: usize,
    states: usize,
    /// The slot of an operand of one dimension, and its size in multiples of H.
    vector: Option<(usize, usize)>,
}

fn recurrence(call: &InferCall, form: &Form) -> Inferred {
    let (projected, recurrence) = (call.operand(0)?, call.operand(1)?);
    let dtype = projected.dtype;
    let mut errors = Vec::new();
    if !dtype.is_float() {
        errors.push(format!("needs operands of a floating-point type, got {projected}"));
    }
    let ([steps, batch, _], [hidden, _]) = (projected.shape.as_slice(), recurrence.shape.as_slice()) else {
        errors
            .push(format!("needs `projected` of rank 3 and `recurrence` of rank 2, got {projected} and {recurrence}"));
        return Err(Errors(errors));
    };
    let multiple = |n: usize| match hidden {
        Dim::Fixed(h) => h.checked_mul(n).map_or(Dim::Unknown, Dim::Fixed),
        dim if n == 1 => dim.clone(),
        _ => Dim::Unknown,
    };
    let state = TensorType::new(dtype, [batch.clone(), hidden.clone()].to_vec());
    let mut expect = |slot: usize, ty: TensorType| {
        if let Some(operand) = call.optional(slot)
            && !ty.compatible(operand)
        {
            let name = call.op.info().operands.get(slot).map_or("operand", |o| o.name);
            errors.push(format!("needs a `{name}` of type {ty}, got {operand}"));
        }
    };
    expect(0, TensorType::new(dtype, [steps.clone(), batch.clone(), multiple(form.gates)].to_vec()));
    expect(1, TensorType::new(dtype, [hidden.clone(), multiple(form.gates)].to_vec()));
    expect(2, TensorType::new(DType::I32, [batch.clone()].to_vec()));
    (0..form.states).for_each(|i| expect(3 + i, state.clone()));
    if let Some((slot, size)) = form.vector {
        expect(slot, TensorType::new(dtype, [multiple(size)].to_vec()));
    }
    match Activation::of(call.attrs) {
        Ok(activations) if activations.len() == form.activations => {}
        Ok(activations) => errors.push(format!("needs {} activations, got {}", form.activations, activations.len())),
        Err(wrong) => errors.extend(wrong.0),
    }
    if !errors.is_empty() {
        return Err(Errors(errors));
    }
    let states = TensorType::new(dtype, [steps.clone(), batch.clone(), hidden.clone()].to_vec());
    Ok(std::iter::once(states).chain(std::iter::repeat_n(state, form.states)).collect())
}
