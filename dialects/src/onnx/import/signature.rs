//! The inputs of a model: sizes of symbolic dimensions, and values that are fixed.

use std::collections::{BTreeMap, BTreeSet};

use hwc_runtime::Tensor;

use super::Options;
use super::engine::Engine;
use super::value::Value;
use crate::onnx::graph::{Model, ValueId};
use crate::onnx::types::{Dim, Element, Type};
use crate::types::TensorType;

/// Declares the inputs of the program and reports dimensions that are not fixed and options that do not fit.
pub fn inputs(engine: &mut Engine, model: &Model, options: &Options) {
    let inputs: Vec<(ValueId, &str)> =
        model.graph.inputs.iter().map(|&id| (id, model.value(id).name.as_str())).collect();
    let known: Vec<&str> = inputs.iter().map(|(_, name)| *name).collect();
    let mut values: BTreeMap<&str, &Tensor> = BTreeMap::new();
    for (name, value) in &options.values {
        if !known.contains(&name.as_str()) {
            engine
                .report
                .invalid(format!("--value {name}"), format!("the model has no such input, it has: {}", list(&known)));
        } else if values.insert(name, value).is_some() {
            engine.report.invalid(format!("--value {name}"), "the value is given more than once");
        }
    }
    let mut sizes = sizes(engine, model, &inputs, options);
    // A value that is given tells the sizes of its dimensions.
    for (id, name) in &inputs {
        if let (Some(value), Some(Type::Tensor { shape: Some(shape), .. })) =
            (values.get(name), &model.value(*id).declared)
            && value.rank() == shape.len()
        {
            for (dim, &size) in shape.iter().zip(value.shape()) {
                if let Dim::Symbol(symbol) = dim {
                    sizes.entry(symbol.clone()).or_insert(size);
                }
            }
        }
    }
    engine.dims.clone_from(&sizes);
    for (id, name) in inputs {
        let value = input(engine, model.value(id).declared.as_ref(), name, values.get(name).copied(), &sizes);
        engine.set(id, value.unwrap_or(Value::Poison));
    }
}

/// Sizes by the names of dimensions, and by `input.axis`, from the options; those that name nothing are reported.
fn sizes(engine: &mut Engine, model: &Model, inputs: &[(ValueId, &str)], options: &Options) -> BTreeMap<String, usize> {
    let mut symbols = BTreeSet::new();
    // Accepted besides; listed only where the dimension has no name of its own.
    let mut places = BTreeSet::new();
    for (id, name) in inputs {
        if let Some(Type::Tensor { shape: Some(shape), .. }) = &model.value(*id).declared {
            for (axis, dim) in shape.iter().enumerate() {
                match dim {
                    Dim::Known(_) => {}
                    Dim::Symbol(symbol) => {
                        symbols.insert(symbol.clone());
                        places.insert(place(name, axis));
                    }
                    Dim::Unknown => {
                        symbols.insert(place(name, axis));
                    }
                }
            }
        }
    }
    let mut sizes = BTreeMap::new();
    for (name, size) in &options.dims {
        let flag = format!("--dim {name}={size}");
        if !symbols.contains(name) && !places.contains(name) {
            let known: Vec<&str> = symbols.iter().map(String::as_str).collect();
            let message = if known.is_empty() {
                "the model has no dimension to be fixed".to_owned()
            } else {
                format!("the model has no such dimension, it has: {}", list(&known))
            };
            engine.report.invalid(flag, message);
        } else if sizes.insert(name.clone(), *size).is_some_and(|other| other != *size) {
            engine.report.invalid(flag, "the dimension is fixed more than once");
        }
    }
    sizes
}

fn place(input: &str, axis: usize) -> String {
    format!("{input}.{axis}")
}

fn list(names: &[&str]) -> String {
    names.join(", ")
}

/// Declares one input; `None` where something is wrong with it.
fn input(
    engine: &mut Engine,
    declared: Option<&Type>,
    name: &str,
    bound: Option<&Tensor>,
    sizes: &BTreeMap<String, usize>,
) -> Option<Value> {
    let at = format!("input `{name}`");
    let (element, shape) = match declared {
        Some(Type::Tensor { element, shape }) => (*element, shape.as_deref()),
        Some(other) => {
            engine.report.beyond(at, format!("inputs of type {other} are not supported"));
            return None;
        }
        None => match bound {
            Some(value) => (Element::Known(value.dtype()), None),
            None => {
                engine.report.invalid(at, "has no declared type");
                return None;
            }
        },
    };
    let dtype = match element {
        Element::Known(dtype) => dtype,
        Element::Other(what) => {
            engine.report.beyond(at, format!("tensors of {what} are not supported"));
            return None;
        }
    };
    let mut unfixed = false;
    let shape = match (shape, bound) {
        (None, Some(value)) => value.shape().to_vec(),
        (None, None) => {
            engine.report.beyond(at, "has no declared shape");
            return None;
        }
        (Some(dims), _) => {
            let mut shape = Vec::with_capacity(dims.len());
            for (axis, dim) in dims.iter().enumerate() {
                let name_of_place = place(name, axis);
                let size = match dim {
                    Dim::Known(size) => usize::try_from(*size).ok(),
                    Dim::Symbol(symbol) => sizes.get(&name_of_place).or_else(|| sizes.get(symbol)).copied(),
                    // A value that is given tells this size too.
                    Dim::Unknown => sizes.get(&name_of_place).copied().or_else(|| bound?.shape().get(axis).copied()),
                };
                if size.is_none() {
                    let flag = if let Dim::Symbol(symbol) = dim { symbol.clone() } else { name_of_place };
                    engine.report.dims.entry(flag).or_default().push(format!("{name} axis {axis}"));
                    unfixed = true;
                }
                shape.push(size.unwrap_or(0));
            }
            shape
        }
    };
    if unfixed {
        return None;
    }
    let ty = TensorType::fixed(dtype, &shape);
    if let Err(failure) = super::program::check_size(&ty) {
        engine.report.beyond(at, failure.to_string());
        return None;
    }
    if let Some(value) = bound
        && TensorType::of(value) != ty
    {
        let message = format!("the value is {}, the input {ty}", TensorType::of(value));
        engine.report.invalid(format!("--value {name}"), message);
        return None;
    }
    let var = engine.program.input(name, ty, bound.cloned());
    Some(bound.map_or(Value::Var(var), |value| Value::Const(value.clone())))
}
