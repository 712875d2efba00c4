//! Types that a model declares for its values.

use std::fmt;

use hwc_runtime::DType;

use super::proto::{DimensionValue, TensorTypeProto, TypeProto, TypeValue};
use super::tensor::{TensorReadError, element_type};

/// One dimension of a declared shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dim {
    Known(u64),
    /// Known by name only; equal names are equal sizes.
    Symbol(String),
    /// Not known, not even by name.
    Unknown,
}

/// The declared type of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type {
    Tensor {
        element: Element,
        /// `None` where not even the rank is known.
        shape: Option<Vec<Dim>>,
    },
    Sequence(Box<Type>),
    Optional(Box<Type>),
    /// A kind of value that the compiler does not have: `map`, `sparse_tensor`.
    Other(&'static str),
}

/// The declared element type of a tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element {
    Known(DType),
    /// A type that ONNX has and the compiler does not: `strings`, `complex numbers`.
    Other(&'static str),
}

/// Why a declared type makes no sense. The model's fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TypeError {
    #[error("element type {0} does not exist")]
    Element(i32),
    #[error("dimension {axis} is {value}")]
    Negative { axis: usize, value: i64 },
}

impl Type {
    /// The type that `proto` describes, `None` where it says nothing.
    pub fn from_proto(proto: &TypeProto) -> Result<Option<Type>, TypeError> {
        Ok(match &proto.value {
            None => None,
            Some(TypeValue::Tensor(tensor)) => tensor_type(tensor)?,
            Some(TypeValue::Sequence(inner)) => element(inner.elem_type.as_deref())?.map(Type::Sequence),
            Some(TypeValue::Optional(inner)) => element(inner.elem_type.as_deref())?.map(Type::Optional),
            Some(TypeValue::Map(_)) => Some(Type::Other("map")),
            Some(TypeValue::SparseTensor(_)) => Some(Type::Other("sparse tensor")),
        })
    }
}

fn element(proto: Option<&TypeProto>) -> Result<Option<Box<Type>>, TypeError> {
    Ok(proto.map(Type::from_proto).transpose()?.flatten().map(Box::new))
}

fn tensor_type(proto: &TensorTypeProto) -> Result<Option<Type>, TypeError> {
    let element = match element_type(proto.elem_type) {
        Ok(dtype) => Element::Known(dtype),
        Err(TensorReadError::Unsupported(what)) => Element::Other(what),
        // Some exporters describe a value whose type they do not know by the number 0.
        Err(_) if proto.elem_type == 0 => return Ok(None),
        Err(_) => return Err(TypeError::Element(proto.elem_type)),
    };
    let dims = proto.shape.as_ref().map(|shape| {
        let dims = shape.dim.iter().enumerate();
        dims.map(|(axis, dim)| match &dim.value {
            // -1 is what exporters write for a size that they do not know.
            None | Some(DimensionValue::Value(-1)) => Ok(Dim::Unknown),
            Some(DimensionValue::Value(value)) => {
                u64::try_from(*value).map(Dim::Known).map_err(|_| TypeError::Negative { axis, value: *value })
            }
            // `?` is what exporters write for a name that they do not know; two of them need not be equal.
            Some(DimensionValue::Param(name)) if name.is_empty() || name == "?" => Ok(Dim::Unknown),
            Some(DimensionValue::Param(name)) => Ok(Dim::Symbol(name.clone())),
        })
        .collect::<Result<Vec<_>, _>>()
    });
    Ok(Some(Type::Tensor { element, shape: dims.transpose()? }))
}

impl fmt::Display for Dim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Dim::Known(size) => write!(f, "{size}"),
            Dim::Symbol(name) => f.write_str(name),
            Dim::Unknown => f.write_str("?"),
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Type::Tensor { element, shape } => {
                match element {
                    Element::Known(dtype) => write!(f, "{dtype}")?,
                    Element::Other(what) => f.write_str(what)?,
                }
                match shape {
                    None => f.write_str("[...]"),
                    Some(dims) => {
                        write!(f, "[{}]", dims.iter().map(Dim::to_string).collect::<Vec<_>>().join(", "))
                    }
                }
            }
            Type::Sequence(element) => write!(f, "sequence({element})"),
            Type::Optional(element) => write!(f, "optional({element})"),
            Type::Other(what) => f.write_str(what),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::onnx::proto::{DimensionProto, ElementTypeProto, TensorShapeProto};

    fn tensor(elem_type: i32, dims: Vec<Option<DimensionValue>>) -> TypeProto {
        let dim = dims.into_iter().map(|value| DimensionProto { value }).collect();
        let shape = Some(TensorShapeProto { dim });
        TypeProto { value: Some(TypeValue::Tensor(TensorTypeProto { elem_type, shape })) }
    }

    #[test]
    fn types_are_read_and_shown() {
        let param = |name: &str| Some(DimensionValue::Param(name.into()));
        let value = |size| Some(DimensionValue::Value(size));
        let proto = tensor(1, vec![param("batch"), value(3), value(-1), param("?"), None]);
        let show = |proto| Type::from_proto(&proto).map(|t| t.map(|t| t.to_string()));
        assert_eq!(show(proto.clone()), Ok(Some("f32[batch, 3, ?, ?, ?]".into())));
        let inner = ElementTypeProto { elem_type: Some(Box::new(proto)) };
        let sequence = TypeProto { value: Some(TypeValue::Sequence(Box::new(inner))) };
        assert_eq!(show(sequence), Ok(Some("sequence(f32[batch, 3, ?, ?, ?])".into())));
        assert_eq!(show(tensor(8, vec![])), Ok(Some("strings[]".into())));
        assert_eq!(show(tensor(0, vec![])), Ok(None));
        assert_eq!(show(tensor(77, vec![])), Err(TypeError::Element(77)));
        assert_eq!(show(tensor(1, vec![None, value(-2)])), Err(TypeError::Negative { axis: 1, value: -2 }));
    }
}
