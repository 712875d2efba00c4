//! Attribute values in MLIR.

use hwc_runtime::{DType, Tensor, tensor::byte_len};
use melior::Context;
use melior::ir::attribute::{
    ArrayAttribute, BoolAttribute, DenseI64ArrayAttribute, FloatAttribute, IntegerAttribute, StringAttribute,
    TypeAttribute,
};
use melior::ir::r#type::IntegerType;
use melior::ir::{Attribute, AttributeLike, Type};

use super::ffi;
use super::types::{tensor_type_from_mlir, tensor_type_to_mlir};
use crate::attrs::Attr;
use crate::op::AttributeKind;
use crate::types::TensorType;

/// Constants of at most this many elements are printed; larger ones are named resources.
const INLINE_ELEMENTS: usize = 16;

/// The attribute that holds a tensor. `name` is what a resource is called in the text.
pub fn constant_attribute<'c>(context: &'c Context, tensor: &Tensor, name: &str) -> Option<Attribute<'c>> {
    let ty = tensor_type_to_mlir(context, &TensorType::of(tensor))?;
    if tensor.len() <= INLINE_ELEMENTS {
        return Some(ffi::dense(ty, tensor.bytes(), tensor.dtype() == DType::Bool));
    }
    // Names are identifiers in the text, so that they need no quotes.
    let name: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    Some(ffi::resource(ty, if name.is_empty() { "constant" } else { &name }, tensor.bytes().clone()))
}

/// The tensor that a `dense` or `dense_resource` attribute holds.
pub fn elements_from_mlir(attribute: Attribute) -> Option<Tensor> {
    let ty = tensor_type_from_mlir(attribute.r#type())?;
    let shape = ty.static_shape()?;
    let bytes = ffi::elements(attribute, byte_len(ty.dtype, &shape)?)?;
    Tensor::from_bytes(ty.dtype, shape, bytes).ok()
}

pub fn attribute_to_mlir<'c>(context: &'c Context, value: &Attr) -> Option<Attribute<'c>> {
    Some(match value {
        Attr::Int(v) => IntegerAttribute::new(IntegerType::new(context, 64).into(), *v).into(),
        Attr::Bool(v) => BoolAttribute::new(context, *v).into(),
        Attr::Float(v) => FloatAttribute::new(context, Type::float32(context), *v).into(),
        Attr::Str(v) => StringAttribute::new(context, v).into(),
        Attr::Type(v) => TypeAttribute::new(Type::parse(context, v.mlir())?).into(),
        Attr::Elements(v) => constant_attribute(context, v, "")?,
        Attr::Ints(v) => DenseI64ArrayAttribute::new(context, v).into(),
        Attr::Floats(v) => ffi::f32_array(context, v),
        Attr::Strs(v) => {
            let values: Vec<Attribute> = v.iter().map(|s| StringAttribute::new(context, s).into()).collect();
            ArrayAttribute::new(context, &values).into()
        }
    })
}

/// The value of an attribute that is declared to be of this kind.
pub fn attribute_from_mlir(attribute: Attribute, kind: AttributeKind) -> Option<Attr> {
    Some(match kind {
        AttributeKind::Int => Attr::Int(IntegerAttribute::try_from(attribute).ok()?.value()),
        AttributeKind::Bool => Attr::Bool(BoolAttribute::try_from(attribute).ok()?.value()),
        AttributeKind::Float => Attr::Float(FloatAttribute::try_from(attribute).ok()?.value()),
        AttributeKind::Str => Attr::Str(StringAttribute::try_from(attribute).ok()?.value().to_string()),
        AttributeKind::Type => {
            Attr::Type(DType::from_mlir(&TypeAttribute::try_from(attribute).ok()?.value().to_string())?)
        }
        AttributeKind::Elements => Attr::Elements(elements_from_mlir(attribute)?),
        AttributeKind::Ints => {
            let array = DenseI64ArrayAttribute::try_from(attribute).ok()?;
            Attr::Ints((0..array.len()).map(|i| array.element(i).ok()).collect::<Option<_>>()?)
        }
        AttributeKind::Floats => Attr::Floats(ffi::f32_array_elements(attribute)?),
        AttributeKind::Strs => {
            let array = ArrayAttribute::try_from(attribute).ok()?;
            let value = |i| Some(StringAttribute::try_from(array.element(i).ok()?).ok()?.value().to_string());
            Attr::Strs((0..array.len()).map(value).collect::<Option<_>>()?)
        }
    })
}
