//! Element types, in one table.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// How the values of a [`DType`] are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Bool,
    Signed,
    Unsigned,
    Float,
}

macro_rules! dtypes {
    ($($(#[$doc:meta])* $variant:ident, $name:literal, $mlir:literal, $onnx:literal, $kind:ident, $bits:literal, $storage:literal;)*) => {
        /// The element type of a tensor.
        ///
        /// Types narrower than a byte are stored one element a byte: integers sign- or zero-extended,
        /// `f4e2m1` as its code in the low four bits.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum DType { $($(#[$doc])* $variant),* }

        impl DType {
            /// Every element type, in declaration order.
            pub const ALL: &'static [DType] = &[$(DType::$variant),*];

            /// The name used on the command line, in manifests and in messages: `f32`, `i8`, `bool`.
            pub const fn name(self) -> &'static str { match self { $(DType::$variant => $name),* } }
            /// The spelling of the type in MLIR: `f32`, `i8`, `ui8`, `i1`.
            pub const fn mlir(self) -> &'static str { match self { $(DType::$variant => $mlir),* } }
            /// The number of the type in ONNX's `TensorProto.DataType`.
            pub const fn onnx(self) -> i32 { match self { $(DType::$variant => $onnx),* } }
            /// How its values are to be read.
            pub const fn kind(self) -> Kind { match self { $(DType::$variant => Kind::$kind),* } }
            /// Width of a value in bits; what is stored is [`DType::size`] bytes wide.
            pub const fn bits(self) -> u32 { match self { $(DType::$variant => $bits),* } }
            /// Bytes an element takes in memory.
            pub const fn size(self) -> usize { match self { $(DType::$variant => $storage),* } }
        }
    };
}

dtypes! {
    //  variant  name         MLIR            ONNX kind      bits bytes
    Bool,       "bool",       "i1",            9, Bool,      1,  1;
    I2,         "i2",         "i2",           26, Signed,    2,  1;
    I4,         "i4",         "i4",           22, Signed,    4,  1;
    I8,         "i8",         "i8",            3, Signed,    8,  1;
    I16,        "i16",        "i16",           5, Signed,   16,  2;
    I32,        "i32",        "i32",           6, Signed,   32,  4;
    I64,        "i64",        "i64",           7, Signed,   64,  8;
    U2,         "u2",         "ui2",          25, Unsigned,  2,  1;
    U4,         "u4",         "ui4",          21, Unsigned,  4,  1;
    U8,         "u8",         "ui8",           2, Unsigned,  8,  1;
    U16,        "u16",        "ui16",          4, Unsigned, 16,  2;
    U32,        "u32",        "ui32",         12, Unsigned, 32,  4;
    U64,        "u64",        "ui64",         13, Unsigned, 64,  8;
    F16,        "f16",        "f16",          10, Float,    16,  2;
    BF16,       "bf16",       "bf16",         16, Float,    16,  2;
    F32,        "f32",        "f32",           1, Float,    32,  4;
    F64,        "f64",        "f64",          11, Float,    64,  8;
    F8E4M3FN,   "f8e4m3fn",   "f8E4M3FN",     17, Float,     8,  1;
    F8E4M3FNUZ, "f8e4m3fnuz", "f8E4M3FNUZ",   18, Float,     8,  1;
    F8E5M2,     "f8e5m2",     "f8E5M2",       19, Float,     8,  1;
    F8E5M2FNUZ, "f8e5m2fnuz", "f8E5M2FNUZ",   20, Float,     8,  1;
    F8E8M0,     "f8e8m0",     "f8E8M0FNU",    24, Float,     8,  1;
    F4E2M1,     "f4e2m1",     "f4E2M1FN",     23, Float,     4,  1;
}

impl DType {
    /// The type with this [`DType::name`].
    pub fn from_name(name: &str) -> Option<DType> {
        Self::ALL.iter().copied().find(|d| d.name() == name)
    }

    /// The type with this spelling in MLIR.
    pub fn from_mlir(name: &str) -> Option<DType> {
        Self::ALL.iter().copied().find(|d| d.mlir() == name)
    }

    /// The type with this number in ONNX's `TensorProto.DataType`.
    pub fn from_onnx(number: i32) -> Option<DType> {
        Self::ALL.iter().copied().find(|d| d.onnx() == number)
    }

    pub const fn is_float(self) -> bool {
        matches!(self.kind(), Kind::Float)
    }

    /// True for signed and unsigned integers, false for `bool`.
    pub const fn is_integer(self) -> bool {
        matches!(self.kind(), Kind::Signed | Kind::Unsigned)
    }

    pub const fn is_unsigned(self) -> bool {
        matches!(self.kind(), Kind::Unsigned)
    }

    /// The index of the first element whose stored byte is no value of this type.
    ///
    /// Only `bool` (0 and 1) and the types narrower than a byte have such bytes; for the others this costs nothing.
    pub fn first_invalid(self, bytes: &[u8]) -> Option<usize> {
        let (kind, bits) = (self.kind(), self.bits());
        if bits >= 8 {
            return None;
        }
        bytes.iter().position(|&byte| match kind {
            Kind::Signed => {
                let shift = 8 - bits;
                ((byte << shift) as i8 >> shift) as u8 != byte
            }
            Kind::Bool | Kind::Unsigned | Kind::Float => byte >> bits != 0,
        })
    }
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Written as its [`DType::name`].
impl Serialize for DType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for DType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<DType, D::Error> {
        let name = std::borrow::Cow::<str>::deserialize(deserializer)?;
        DType::from_name(&name).ok_or_else(|| serde::de::Error::custom(format!("unknown element type `{name}`")))
    }
}

/// A Rust type that is the storage of one element type.
pub trait Element: bytemuck::Pod {
    const DTYPE: DType;
}

macro_rules! elements {
    ($($rust:ty => $variant:ident),*) => { $(impl Element for $rust { const DTYPE: DType = DType::$variant; })* };
}

elements! {
    i8 => I8, i16 => I16, i32 => I32, i64 => I64,
    u8 => U8, u16 => U16, u32 => U32, u64 => U64,
    half::f16 => F16, half::bf16 => BF16, f32 => F32, f64 => F64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_are_unique() {
        for &d in DType::ALL {
            assert_eq!(DType::from_name(d.name()), Some(d));
            assert_eq!(DType::from_mlir(d.mlir()), Some(d));
            assert_eq!(DType::from_onnx(d.onnx()), Some(d));
            assert_eq!(d.size(), (d.bits() as usize).div_ceil(8));
        }
    }

    #[test]
    fn bytes_that_are_no_value_are_found() {
        let every: Vec<u8> = (0..=255).collect();
        let valid =
            |d: DType| every.iter().filter(|&&b| d.first_invalid(&[b]).is_none()).map(|&b| b as i8).collect::<Vec<_>>();
        assert_eq!(valid(DType::Bool), [0, 1]);
        assert_eq!(valid(DType::I2), [0, 1, -2, -1]);
        assert_eq!(valid(DType::U2), [0, 1, 2, 3]);
        assert_eq!(valid(DType::I4), [0, 1, 2, 3, 4, 5, 6, 7, -8, -7, -6, -5, -4, -3, -2, -1]);
        assert_eq!(valid(DType::F4E2M1).len(), 16);
        assert_eq!(valid(DType::I8).len(), 256);
        assert_eq!(DType::Bool.first_invalid(&[1, 0, 2]), Some(2));
    }
}
