//! Where the channels of images stand.
//!
//! Images are `[N, C, D...]`, or `[N, D..., C]` where the attribute `channels_last` says so. Filters then have their taps
//! first: what is `[F, C, K...]` for a convolution is `[K..., C, F]`, what is `[C, F, K...]` for a transposed one is
//! `[K..., C, F]`, so that the numbers of one tap are a matrix from channels to filters. Operators are defined on images
//! with channels first; the functions here bring others into that form.

use hwc_runtime::Tensor;

use crate::attrs::Attrs;
use crate::infer::{Errors, InferCall, Inferred};
use crate::reference::copy::transposed;
use crate::reference::{EvalCall, Evaluated};
use crate::types::TensorType;

/// The orders of axes of an operand or a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Axes {
    /// An image or what stands for its windows.
    Image,
    /// The filter of a convolution.
    Filter,
    /// The filter of a transposed convolution.
    TransposedFilter,
}

impl Axes {
    /// The permutation that brings this into the order for channels that come last: axis `i` of that order is axis
    /// `permutation[i]` of the order for channels that come first. `rank` is 2 at least.
    pub fn to_last(self, rank: usize) -> Vec<usize> {
        match self {
            Axes::Image => [0].into_iter().chain(2..rank).chain([1]).collect(),
            Axes::Filter => (2..rank).chain([1, 0]).collect(),
            Axes::TransposedFilter => (2..rank).chain([0, 1]).collect(),
        }
    }

    /// The inverse of [`Axes::to_last`].
    pub fn to_first(self, rank: usize) -> Vec<usize> {
        inverse(&self.to_last(rank))
    }
}

/// The permutation that undoes another.
pub fn inverse(permutation: &[usize]) -> Vec<usize> {
    let mut inverse = vec![0; permutation.len()];
    for (i, &axis) in permutation.iter().enumerate() {
        inverse[axis] = i;
    }
    inverse
}

/// The elements of a list with one entry per axis, in another order of axes.
pub fn permuted<T: Clone>(entries: &[T], permutation: &[usize]) -> Vec<T> {
    permutation.iter().map(|&axis| entries[axis].clone()).collect()
}

/// Whether an operation that may have the attribute has its channels last.
pub fn is_channels_last(attrs: &Attrs) -> bool {
    attrs.bool("channels_last").unwrap_or(false)
}

/// Infers by a rule for channels that come first, whatever the order of `operands`, the first of which are images and
/// filters. Its results are images.
pub fn infer(call: &InferCall, operands: &[Axes], rule: impl Fn(&InferCall) -> Inferred) -> Inferred {
    if !is_channels_last(call.attrs) {
        return rule(call);
    }
    let first: Vec<Option<TensorType>> = call
        .operands
        .iter()
        .enumerate()
        .map(|(i, ty)| {
            let ty = (*ty)?;
            let axes = operands.get(i).filter(|_| ty.rank() >= 2);
            Some(axes.map_or_else(|| ty.clone(), |axes| retyped(ty, &axes.to_first(ty.rank()))))
        })
        .collect();
    let first: Vec<Option<&TensorType>> = first.iter().map(Option::as_ref).collect();
    let results = rule(&InferCall { op: call.op, attrs: call.attrs, operands: &first });
    let named = |error: String| format!("{error}, in the order of axes with channels first");
    let results = results.map_err(|errors| Errors(errors.0.into_iter().map(named).collect()))?;
    Ok(results.iter().map(|ty| retyped(ty, &Axes::Image.to_last(ty.rank()))).collect())
}

fn retyped(ty: &TensorType, permutation: &[usize]) -> TensorType {
    TensorType::new(ty.dtype, permuted(&ty.shape, permutation))
}

/// Evaluates by a rule for channels that come first, as [`infer`] infers.
pub fn evaluate(call: &EvalCall, operands: &[Axes], rule: impl Fn(&EvalCall) -> Evaluated) -> Evaluated {
    if !is_channels_last(call.attrs) {
        return rule(call);
    }
    let first: Vec<Option<Tensor>> = call
        .operands
        .iter()
        .enumerate()
        .map(|(i, value)| {
            let axes = |value: &Tensor| operands.get(i).map(|axes| axes.to_first(value.rank()));
            value.map(|v| axes(v).map_or_else(|| Ok(v.clone()), |axes| transposed(v, &axes))).transpose()
        })
        .collect::<Result<_, _>>()?;
    let first: Vec<Option<&Tensor>> = first.iter().map(Option::as_ref).collect();
    let results: Vec<TensorType> =
        call.results.iter().map(|ty| retyped(ty, &Axes::Image.to_first(ty.rank()))).collect();
    let results = rule(&EvalCall { op: call.op, attrs: call.attrs, operands: &first, results: &results })?;
    results.iter().map(|value| transposed(value, &Axes::Image.to_last(value.rank()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attrs;
    use crate::op::Op;
    use crate::reference::evaluate;

    #[test]
    fn orders_undo_each_other() {
        assert_eq!(Axes::Image.to_last(4), [0, 2, 3, 1]);
        assert_eq!(Axes::Image.to_first(4), [0, 3, 1, 2]);
        assert_eq!(Axes::Filter.to_last(5), [2, 3, 4, 1, 0]);
        assert_eq!(Axes::TransposedFilter.to_last(3), [2, 0, 1]);
        assert_eq!(permuted(&['n', 'c', 'h', 'w'], &Axes::Image.to_last(4)), ['n', 'h', 'w', 'c']);
    }

    fn counted(shape: &[usize]) -> Tensor {
        Tensor::from_vec(shape, (0..shape.iter().product::<usize>()).map(|i| (i % 19) as f32 - 7.0).collect()).unwrap()
    }

    /// An operation on images in either order has the same elements.
    #[test]
    fn the_order_does_not_change_what_is_computed() {
        let window = || attrs! { "pads" => vec![1i64, 0, 0, 1], "strides" => vec![2i64, 1] };
        let with = |name: &'static str, value: Vec<i64>| {
            let mut attrs = window();
            attrs.set(name, value);
            attrs
        };
        let grouped = || {
            let mut attrs = window();
            attrs.set("group", 2i64);
            attrs
        };
        let (x, bias) = (counted(&[2, 4, 5, 6]), counted(&[6]));
        let filters = [(counted(&[6, 2, 2, 3]), Axes::Filter), (counted(&[4, 3, 2, 3]), Axes::TransposedFilter)];
        let (conv, transpose) = (&filters[0], &filters[1]);
        for (op, attrs, filter, bias) in [
            (Op::Conv, grouped(), Some(conv), Some(&bias)),
            (Op::ConvTranspose, grouped(), Some(transpose), Some(&bias)),
            (Op::MaxPool, with("kernel", vec![2, 3]), None, None),
            (Op::AveragePool, with("kernel", vec![2, 3]), None, None),
            (Op::LpPool, with("kernel", vec![2, 3]), None, None),
        ] {
            let operands = |x, filter, bias| [Some(x), filter, bias].map(|o: Option<&Tensor>| o);
            let count = if filter.is_some() { 3 } else { 1 };
            let first = evaluate(op, &attrs, &operands(&x, filter.map(|f| &f.0), bias)[..count]).unwrap();
            let mut last = attrs.clone();
            last.set("channels_last", true);
            let image = transposed(&x, &Axes::Image.to_last(4)).unwrap();
            let filter = filter.map(|(f, axes)| transposed(f, &axes.to_last(4)).unwrap());
            let last = evaluate(op, &last, &operands(&image, filter.as_ref(), bias)[..count]).unwrap();
            assert_eq!(transposed(&last[0], &Axes::Image.to_first(4)).unwrap(), first[0], "{op:?}");
        }
    }

    #[test]
    fn what_is_wrong_is_named_in_one_order() {
        let attrs = attrs! { "channels_last" => true };
        let errors =
            evaluate(Op::Conv, &attrs, &[Some(&counted(&[1, 3, 3, 2])), Some(&counted(&[2, 2, 3, 4]))]).unwrap_err();
        assert!(errors.to_string().contains("has an input of 2 channels, but a filter for 1 groups of 3"), "{errors}");
        assert!(errors.to_string().contains("channels first"), "{errors}");
    }
}
