//! Attribute values of an operator, independent of MLIR.

use hwc_runtime::{DType, Tensor};

use crate::op::{AttributeKind, DefaultValue, Op, Presence};

/// The value of one attribute.
#[derive(Clone, Debug, PartialEq)]
pub enum Attr {
    Int(i64),
    Bool(bool),
    /// Held in MLIR as `f32`.
    Float(f64),
    Str(String),
    Type(DType),
    Elements(Tensor),
    Ints(Vec<i64>),
    Floats(Vec<f64>),
    Strs(Vec<String>),
}

impl Attr {
    pub fn kind(&self) -> AttributeKind {
        match self {
            Attr::Int(_) => AttributeKind::Int,
            Attr::Bool(_) => AttributeKind::Bool,
            Attr::Float(_) => AttributeKind::Float,
            Attr::Str(_) => AttributeKind::Str,
            Attr::Type(_) => AttributeKind::Type,
            Attr::Elements(_) => AttributeKind::Elements,
            Attr::Ints(_) => AttributeKind::Ints,
            Attr::Floats(_) => AttributeKind::Floats,
            Attr::Strs(_) => AttributeKind::Strs,
        }
    }

    fn from_default(value: &DefaultValue) -> Attr {
        match value {
            DefaultValue::Int(v) => Attr::Int(*v),
            DefaultValue::Bool(v) => Attr::Bool(*v),
            DefaultValue::Float(v) => Attr::Float(*v),
            DefaultValue::Str(v) => Attr::Str((*v).to_string()),
            DefaultValue::Ints(v) => Attr::Ints(v.to_vec()),
            DefaultValue::Floats(v) => Attr::Floats(v.to_vec()),
        }
    }
}

macro_rules! from {
    ($($rust:ty => $variant:ident),* $(,)?) => { $(impl From<$rust> for Attr { fn from(v: $rust) -> Attr { Attr::$variant(v) } })* };
}
from! { i64 => Int, bool => Bool, f64 => Float, String => Str, DType => Type, Tensor => Elements, Vec<i64> => Ints, Vec<f64> => Floats, Vec<String> => Strs }

impl From<&str> for Attr {
    fn from(v: &str) -> Attr {
        Attr::Str(v.to_string())
    }
}

/// The attributes of one operation, sorted by name. Defaults are filled in by [`Attrs::complete`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Attrs(Vec<(&'static str, Attr)>);

/// Short form: `attrs! { "axis" => 1i64, "keepdims" => true }`.
#[macro_export]
macro_rules! attrs {
    ($($name:literal => $value:expr),* $(,)?) => {{
        #[allow(unused_mut)]
        let mut attrs = $crate::attrs::Attrs::default();
        $(attrs.set($name, $value);)*
        attrs
    }};
}

impl Attrs {
    pub fn set(&mut self, name: &'static str, value: impl Into<Attr>) {
        let value = value.into();
        match self.0.binary_search_by_key(&name, |(n, _)| *n) {
            Ok(i) => self.0[i].1 = value,
            Err(i) => self.0.insert(i, (name, value)),
        }
    }

    /// Sets the attribute where there is a value.
    pub fn set_some(&mut self, name: &'static str, value: Option<impl Into<Attr>>) {
        if let Some(value) = value {
            self.set(name, value);
        }
    }

    pub fn get(&self, name: &str) -> Option<&Attr> {
        self.0.binary_search_by_key(&name, |(n, _)| n).ok().map(|i| &self.0[i].1)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &Attr)> {
        self.0.iter().map(|(n, v)| (*n, v))
    }

    /// Fills in the defaults that the operator declares and reports everything that is missing, unknown or of another kind.
    pub fn complete(mut self, op: Op) -> Result<Attrs, Vec<String>> {
        let declared = op.info().attributes;
        let mut errors = Vec::new();
        for (name, value) in self.iter() {
            match declared.iter().find(|a| a.name == name) {
                None => errors.push(format!("has no attribute `{name}`")),
                Some(a) if a.kind != value.kind() => {
                    errors.push(format!("attribute `{name}` must be of kind {:?}, got {:?}", a.kind, value.kind()));
                }
                Some(_) => {}
            }
        }
        for attribute in declared {
            if self.get(attribute.name).is_none() {
                match &attribute.presence {
                    Presence::Required => errors.push(format!("needs the attribute `{}`", attribute.name)),
                    Presence::Optional => {}
                    Presence::Default(value) => self.set(attribute.name, Attr::from_default(value)),
                }
            }
        }
        if errors.is_empty() { Ok(self) } else { Err(errors) }
    }
}

macro_rules! getters {
    ($($(#[$doc:meta])* $name:ident -> $type:ty, $variant:ident, $map:expr;)*) => { impl Attrs { $(
        $(#[$doc])*
        pub fn $name(&self, name: &str) -> Result<$type, String> {
            match self.get(name) {
                Some(Attr::$variant(v)) => Ok($map(v)),
                _ => Err(format!("needs the attribute `{name}` of kind {}", stringify!($variant))),
            }
        }
    )* } };
}

getters! {
    /// The value of an attribute that is required or has a default; an error names what is missing.
    int -> i64, Int, |v: &i64| *v;
    bool -> bool, Bool, |v: &bool| *v;
    float -> f64, Float, |v: &f64| *v;
    dtype -> DType, Type, |v: &DType| *v;
}

impl Attrs {
    pub fn str(&self, name: &str) -> Result<&str, String> {
        match self.get(name) {
            Some(Attr::Str(v)) => Ok(v),
            _ => Err(format!("needs the string attribute `{name}`")),
        }
    }

    pub fn ints(&self, name: &str) -> Result<&[i64], String> {
        match self.get(name) {
            Some(Attr::Ints(v)) => Ok(v),
            _ => Err(format!("needs the integer array attribute `{name}`")),
        }
    }

    /// An integer array whose elements are sizes: none is negative.
    pub fn sizes(&self, name: &str) -> Result<Vec<usize>, String> {
        self.ints(name)?
            .iter()
            .map(|&v| usize::try_from(v).map_err(|_| format!("attribute `{name}` has the negative element {v}")))
            .collect()
    }

    pub fn floats(&self, name: &str) -> Result<&[f64], String> {
        match self.get(name) {
            Some(Attr::Floats(v)) => Ok(v),
            _ => Err(format!("needs the float array attribute `{name}`")),
        }
    }

    pub fn strs(&self, name: &str) -> Result<&[String], String> {
        match self.get(name) {
            Some(Attr::Strs(v)) => Ok(v),
            _ => Err(format!("needs the string array attribute `{name}`")),
        }
    }

    pub fn elements(&self, name: &str) -> Result<&Tensor, String> {
        match self.get(name) {
            Some(Attr::Elements(v)) => Ok(v),
            _ => Err(format!("needs the tensor attribute `{name}`")),
        }
    }
}
