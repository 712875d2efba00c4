//! Type inference: the types of an operator's results from the types of its operands and its attributes.
//!
//! Pure functions, one per family, named by the `infer` column of the operator table. They serve the importer, the MLIR
//! verifier and every pass that makes operations. Each reports all that is wrong.

pub mod attention;
pub mod constant;
pub mod contraction;
pub mod convolution;
pub mod deformable;
pub mod elementwise;
pub mod gather;
pub mod grid;
pub mod movement;
pub mod normalization;
pub mod pooling;
pub mod quantization;
pub mod recurrent;
pub mod reduction;
pub mod regions;
pub mod resize;
pub mod spectral;
pub mod transposed;

use hwc_runtime::tensor::byte_len;

use crate::attrs::Attrs;
use crate::op::{Arity, Op};
use crate::types::{Dim, TensorType};

/// What is wrong with an operation, one sentence each, without its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Errors(pub Vec<String>);

impl From<String> for Errors {
    fn from(message: String) -> Errors {
        Errors(vec![message])
    }
}

impl From<&str> for Errors {
    fn from(message: &str) -> Errors {
        Errors(vec![message.to_string()])
    }
}

impl std::fmt::Display for Errors {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.join("; "))
    }
}

pub type Inferred = Result<Vec<TensorType>, Errors>;

/// An operation of which the result types are wanted.
pub struct InferCall<'a> {
    pub op: Op,
    /// Complete: defaults are filled in.
    pub attrs: &'a Attrs,
    /// By slot; a variadic slot's values stand at the end, one by one.
    pub operands: &'a [Option<&'a TensorType>],
}

impl<'a> InferCall<'a> {
    /// The type of an operand that must be there.
    pub fn operand(&self, index: usize) -> Result<&'a TensorType, String> {
        self.optional(index).ok_or_else(|| {
            let name = self.op.info().operands.get(index).map_or("operand", |o| o.name);
            format!("needs the operand `{name}`")
        })
    }

    pub fn optional(&self, index: usize) -> Option<&'a TensorType> {
        self.operands.get(index).copied().flatten()
    }

    /// The operands from `index` on, those of a variadic slot.
    pub fn rest(&self, index: usize) -> impl Iterator<Item = &'a TensorType> {
        self.operands.iter().skip(index).copied().flatten()
    }
}

/// Infers the result types of an operation after checking what holds for every operator: attributes and operand count.
pub fn infer(op: Op, attrs: &Attrs, operands: &[Option<&TensorType>]) -> Inferred {
    let mut errors = Vec::new();
    for (slot, info) in op.info().operands.iter().enumerate() {
        if info.arity == Arity::One && operands.get(slot).copied().flatten().is_none() {
            errors.push(format!("needs the operand `{}`", info.name));
        }
    }
    let last_variadic = op.info().operands.last().is_some_and(|o| o.arity == Arity::Variadic);
    if !last_variadic && operands.len() > op.info().operands.len() {
        errors.push(format!("takes at most {} operands, got {}", op.info().operands.len(), operands.len()));
    }
    let attrs = match attrs.clone().complete(op) {
        Ok(attrs) if errors.is_empty() => attrs,
        Ok(_) => return Err(Errors(errors)),
        Err(wrong) => {
            errors.extend(wrong);
            return Err(Errors(errors));
        }
    };
    let results = (op.info().infer)(&InferCall { op, attrs: &attrs, operands })?;
    for result in &results {
        if result.static_shape().is_some_and(|shape| byte_len(result.dtype, &shape).is_none()) {
            errors.push(format!("has a result of {result}, more than can be addressed"));
        }
    }
    if errors.is_empty() { Ok(results) } else { Err(Errors(errors)) }
}

/// The shape to which shapes broadcast by numpy's rules, aligned at the last dimension.
pub fn broadcast(shapes: &[&[Dim]]) -> Result<Vec<Dim>, String> {
    let rank = shapes.iter().map(|s| s.len()).max().unwrap_or(0);
    let mut result = vec![Dim::Fixed(1); rank];
    for shape in shapes {
        for (out, dim) in result[rank - shape.len()..].iter_mut().zip(*shape) {
            *out = match (&*out, dim) {
                (_, Dim::Fixed(1)) => continue,
                (Dim::Fixed(1), d) => d.clone(),
                (a, b) if a == b => continue,
                (Dim::Fixed(a), Dim::Fixed(b)) => {
                    return Err(format!("cannot broadcast a dimension of {a} with one of {b}"));
                }
                // A size other than one wins over a name: where they meet at run time they are equal or the name is one.
                (Dim::Fixed(_), _) => continue,
                (_, d @ Dim::Fixed(_)) => d.clone(),
                _ => Dim::Unknown,
            };
        }
    }
    Ok(result)
}

/// An axis in `-rank..rank` as an index from the front.
pub fn axis(axis: i64, rank: usize) -> Result<usize, String> {
    let signed = if axis < 0 { axis.checked_add_unsigned(rank as u64) } else { Some(axis) };
    signed
        .and_then(|a| usize::try_from(a).ok())
        .filter(|&a| a < rank)
        .ok_or_else(|| format!("axis {axis} is outside of rank {rank}"))
}

/// Distinct axes in `-rank..rank` as indices from the front, in the order given; reports all that are wrong.
pub fn axes(axes: &[i64], rank: usize) -> Result<Vec<usize>, Errors> {
    let mut seen = Vec::with_capacity(axes.len());
    let mut errors = Vec::new();
    for &a in axes {
        match axis(a, rank) {
            Ok(i) if seen.contains(&i) => errors.push(format!("names axis {i} twice")),
            Ok(i) => seen.push(i),
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() { Ok(seen) } else { Err(Errors(errors)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broadcasting() {
        let dims = |d: &[usize]| d.iter().map(|&n| Dim::Fixed(n)).collect::<Vec<_>>();
        assert_eq!(broadcast(&[&dims(&[2, 1, 3]), &dims(&[5, 1])]), Ok(dims(&[2, 5, 3])));
        assert_eq!(broadcast(&[&dims(&[0]), &dims(&[1])]), Ok(dims(&[0])));
        assert_eq!(broadcast(&[&dims(&[]), &dims(&[])]), Ok(dims(&[])));
        assert!(broadcast(&[&dims(&[2]), &dims(&[3])]).is_err());
        let n = [Dim::Symbol("n".into())];
        assert_eq!(broadcast(&[&n, &n]), Ok(n.to_vec()));
        assert_eq!(broadcast(&[&n, &dims(&[1])]), Ok(n.to_vec()));
    }

    #[test]
    fn axes_count_from_either_end() {
        assert_eq!(axis(-1, 3), Ok(2));
        assert_eq!(axis(0, 3), Ok(0));
        assert!(axis(3, 3).is_err());
        assert!(axis(i64::MIN, 3).is_err());
        assert!(axis(0, 0).is_err());
        assert_eq!(axes(&[-1, 0], 3), Ok(vec![2, 0]));
        assert_eq!(axes(&[0, -3, 5], 3).map_err(|e| e.0.len()), Err(2));
    }
}
