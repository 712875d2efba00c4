//! Attributes of nodes.

use std::sync::Arc;

use bytes::Bytes;
use hwc_runtime::Tensor;

use super::graph::{Graph, Node};
use super::types::Type;

/// The value of an attribute. Cloning shares what is large.
#[derive(Clone, Debug)]
pub enum Attribute {
    Float(f32),
    Int(i64),
    String(Bytes),
    Tensor(Constant),
    Graph(Arc<Graph>),
    Floats(Arc<[f32]>),
    Ints(Arc<[i64]>),
    Strings(Arc<[Bytes]>),
    Tensors(Arc<[Constant]>),
    Graphs(Arc<[Arc<Graph>]>),
    /// `None` where the type says nothing.
    Type(Option<Type>),
    /// Something that no operator of the frontend takes: a list of types.
    Other(&'static str),
}

/// A tensor in the model: an initializer or the value of an attribute.
#[derive(Clone, Debug, PartialEq)]
pub enum Constant {
    Tensor(Tensor),
    /// Of an element type that the compiler does not have: `strings`, `complex numbers`.
    Unsupported(&'static str),
}

impl Attribute {
    /// The kind of value as shown to people.
    pub fn kind(&self) -> &'static str {
        match self {
            Attribute::Float(_) => "a float",
            Attribute::Int(_) => "an int",
            Attribute::String(_) => "a string",
            Attribute::Tensor(_) => "a tensor",
            Attribute::Graph(_) => "a graph",
            Attribute::Floats(_) => "floats",
            Attribute::Ints(_) => "ints",
            Attribute::Strings(_) => "strings",
            Attribute::Tensors(_) => "tensors",
            Attribute::Graphs(_) => "graphs",
            Attribute::Type(_) => "a type",
            Attribute::Other(what) => what,
        }
    }
}

/// An attribute is missing or is not what its operator takes. The model's fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AttributeError {
    #[error("attribute `{0}` is missing")]
    Missing(&'static str),
    #[error("attribute `{name}` must be {expected} and is {actual}")]
    Kind { name: &'static str, expected: &'static str, actual: &'static str },
    #[error("attribute `{0}` is not UTF-8")]
    Text(&'static str),
}

macro_rules! accessors {
    ($($(#[$doc:meta])* $get:ident, $variant:ident, $expected:literal, |$v:ident| $value:expr => $type:ty;)*) => {
        impl Node {
            $($(#[$doc])*
            pub fn $get(&self, name: &'static str) -> Result<Option<$type>, AttributeError> {
                match self.attribute(name) {
                    None => Ok(None),
                    Some(Attribute::$variant($v)) => Ok(Some($value)),
                    Some(other) => Err(AttributeError::Kind { name, expected: $expected, actual: other.kind() }),
                }
            })*
        }
    };
}

accessors! {
    /// The number given for `name`, if any.
    int, Int, "an int", |v| *v => i64;
    /// The number given for `name`, if any.
    float, Float, "a float", |v| *v => f32;
    /// The bytes given for `name`, if any.
    bytes, String, "a string", |v| v => &Bytes;
    /// The tensor given for `name`, if any.
    tensor, Tensor, "a tensor", |v| v => &Constant;
    /// The subgraph given for `name`, if any.
    graph, Graph, "a graph", |v| v => &Arc<Graph>;
    /// The numbers given for `name`, if any.
    ints, Ints, "ints", |v| &v[..] => &[i64];
    /// The numbers given for `name`, if any.
    floats, Floats, "floats", |v| &v[..] => &[f32];
    /// The byte strings given for `name`, if any.
    strings, Strings, "strings", |v| &v[..] => &[Bytes];
    /// The type given for `name`, if any.
    r#type, Type, "a type", |v| v.as_ref() => Option<&Type>;
}

impl Node {
    /// The attribute of this name, if it is given.
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|(n, _)| n == name).map(|(_, value)| value)
    }

    /// The number given for `name`, or its default.
    pub fn int_or(&self, name: &'static str, default: i64) -> Result<i64, AttributeError> {
        Ok(self.int(name)?.unwrap_or(default))
    }

    /// The truth value given for `name`, or its default; ONNX has no boolean attributes.
    pub fn flag_or(&self, name: &'static str, default: bool) -> Result<bool, AttributeError> {
        Ok(self.int(name)?.map_or(default, |v| v != 0))
    }

    /// The number given for `name`, or its default.
    pub fn float_or(&self, name: &'static str, default: f32) -> Result<f32, AttributeError> {
        Ok(self.float(name)?.unwrap_or(default))
    }

    /// The text given for `name`, if any.
    pub fn text(&self, name: &'static str) -> Result<Option<&str>, AttributeError> {
        let bytes = self.bytes(name)?;
        bytes.map(|b| std::str::from_utf8(b).map_err(|_| AttributeError::Text(name))).transpose()
    }

    /// The text given for `name`, or its default.
    pub fn text_or<'a>(&'a self, name: &'static str, default: &'a str) -> Result<&'a str, AttributeError> {
        Ok(self.text(name)?.unwrap_or(default))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_have_types_and_defaults() {
        let node = Node {
            attributes: vec![
                ("axis".into(), Attribute::Int(-1)),
                ("mode".into(), Attribute::String(Bytes::from_static(b"linear"))),
                ("perm".into(), Attribute::Ints(vec![1, 0].into())),
                ("bad".into(), Attribute::String(Bytes::from_static(b"\xff"))),
            ],
            ..Default::default()
        };
        assert_eq!(node.int_or("axis", 0), Ok(-1));
        assert_eq!(node.int_or("axes", 5), Ok(5));
        assert_eq!(node.flag_or("axis", false), Ok(true));
        assert_eq!(node.text_or("mode", "nearest"), Ok("linear"));
        assert_eq!(node.ints("perm"), Ok(Some(&[1, 0][..])));
        assert_eq!(node.text("bad"), Err(AttributeError::Text("bad")));
        let kind = AttributeError::Kind { name: "perm", expected: "an int", actual: "ints" };
        assert_eq!(node.int("perm"), Err(kind));
    }
}
