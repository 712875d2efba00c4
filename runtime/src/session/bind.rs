//! Matching tensors to a model's inputs and outputs by name; everything that does not fit is listed.

use std::collections::HashMap;

use crate::digest::Digest;
use crate::dtype::DType;
use crate::ffi::buffer::NoMemory;
use crate::ffi::call::{Call, Offer};
use crate::manifest::{Input, Manifest, Output};
use crate::problem::Problems;
use crate::tensor::byte_len;
use crate::view::{TensorView, TensorViewMut};

/// Where each name stands in the manifest.
pub(super) struct Names {
    inputs: HashMap<String, usize>,
    outputs: HashMap<String, usize>,
}

impl Names {
    pub(super) fn of(manifest: &Manifest) -> Names {
        let index = |(index, name): (usize, &String)| (name.clone(), index);
        Names {
            inputs: manifest.inputs.iter().map(|t| &t.name).enumerate().map(index).collect(),
            outputs: manifest.outputs.iter().map(|t| &t.name).enumerate().map(index).collect(),
        }
    }
}

/// Sets the memory of a call. Allocates only where something is wrong or not aligned.
pub(super) struct Binder<'w, 'm> {
    pub(super) manifest: &'w Manifest,
    pub(super) names: &'w Names,
    pub(super) call: Call<'w, 'm>,
    pub(super) problems: Problems,
}

impl<'m> Binder<'_, 'm> {
    /// Offers every input, and lists those that are missing.
    pub(super) fn inputs<'i: 'm, V: Into<TensorView<'i>>>(
        &mut self,
        inputs: impl IntoIterator<Item = (&'i str, V)>,
    ) -> Result<(), NoMemory> {
        let mut refused = Vec::new();
        for (name, view) in inputs {
            match self.names.inputs.get(name).and_then(|&i| Some((i, self.manifest.inputs.get(i)?))) {
                None => {
                    let known = name_list(self.manifest.inputs.iter().map(|t| &t.name));
                    self.problems.push(place("input", name), format!("the model has no such input; {known}"));
                }
                Some((index, expected)) => {
                    if let Some(what) = self.input(index, expected, view.into())? {
                        self.problems.push(place("input", name), what);
                        refused.push(index);
                    }
                }
            }
        }
        for index in self.call.missing_inputs().filter(|index| !refused.contains(index)) {
            if let Some(Input { name, dtype, shape, .. }) = self.manifest.inputs.get(index) {
                self.problems.push(place("input", name), format!("missing; give a tensor of {dtype} {shape:?}"));
            }
        }
        Ok(())
    }

    /// Offers one input; what is wrong with it, if anything is.
    fn input(&mut self, index: usize, expected: &Input, view: TensorView<'m>) -> Result<Option<String>, NoMemory> {
        let given = (view.dtype, view.shape, view.data.len());
        if let Some(what) = misfit((expected.dtype, &expected.shape), given) {
            return Ok(Some(what));
        }
        if let Some(element) = view.dtype.first_invalid(view.data) {
            let byte = view.data.get(element).copied().unwrap_or_default();
            return Ok(Some(format!("element {element} is stored as {byte:#04x}, which is no {}", view.dtype)));
        }
        if expected.bound.is_some_and(|bound| bound != Digest::of(view.data)) {
            let what =
                "the model was compiled for another value of this input: leave it out, or compile for this value";
            return Ok(Some(what.to_owned()));
        }
        Ok(refusal(self.call.offer_input(index, view.data)?))
    }

    /// Offers room for every output, and lists those that are missing.
    pub(super) fn outputs<'o: 'm>(&mut self, outputs: impl IntoIterator<Item = (&'o str, TensorViewMut<'o>)>) {
        let mut refused = Vec::new();
        for (name, view) in outputs {
            match self.names.outputs.get(name).and_then(|&i| Some((i, self.manifest.outputs.get(i)?))) {
                None => {
                    let known = name_list(self.manifest.outputs.iter().map(|t| &t.name));
                    self.problems.push(place("output", name), format!("the model has no such output; {known}"));
                }
                Some((index, Output { dtype, shape, .. })) => {
                    let misfit = misfit((*dtype, shape), (view.dtype, view.shape, view.data.len()));
                    if let Some(what) = misfit.or_else(|| refusal(self.call.offer_output(index, view.data))) {
                        self.problems.push(place("output", name), what);
                        refused.push(index);
                    }
                }
            }
        }
        for index in self.call.missing_outputs().filter(|index| !refused.contains(index)) {
            if let Some(Output { name, dtype, shape }) = self.manifest.outputs.get(index) {
                self.problems.push(place("output", name), format!("missing; give room for {dtype} {shape:?}"));
            }
        }
    }
}

fn place(role: &str, name: &str) -> String {
    format!("{role} `{name}`")
}

fn refusal(offer: Offer) -> Option<String> {
    match offer {
        Offer::Taken => None,
        Offer::Repeated => Some("given twice".to_owned()),
        Offer::Unfit => Some("the memory is not aligned to its elements".to_owned()),
    }
}

/// In which way a tensor is not what the model asks for.
fn misfit(expected: (DType, &[usize]), given: (DType, &[usize], usize)) -> Option<String> {
    let ((dtype, shape), (given_dtype, given_shape, bytes)) = (expected, given);
    if (dtype, shape) != (given_dtype, given_shape) {
        return Some(format!("expected {dtype} {shape:?}, got {given_dtype} {given_shape:?}"));
    }
    match byte_len(dtype, shape) {
        Some(needed) if needed == bytes => None,
        needed => Some(format!("{dtype} {shape:?} takes {} bytes, got {bytes}", needed.unwrap_or(usize::MAX))),
    }
}

/// The names that there are; at most ten of them.
fn name_list<'a>(names: impl ExactSizeIterator<Item = &'a String>) -> String {
    const SHOWN: usize = 10;
    let total = names.len();
    if total == 0 {
        return "it has none".to_owned();
    }
    let shown: Vec<String> = names.take(SHOWN).map(|name| format!("`{name}`")).collect();
    let more = if total > SHOWN { format!(" and {} more", total - SHOWN) } else { String::new() };
    format!("it has {}{more}", shown.join(", "))
}
