//! `#hwk.space<CLASS, dim = extent, ...>`: the iterations of a kernel's most expensive loop nest.

use std::fmt;
use std::str::FromStr;

use super::text::Reader;
use super::{Class, Sizes, size};

/// The loops of a kernel's anchor, by role. Without dimensions only the class is known yet.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Space {
    pub class: Class,
    /// Dimensions with their extents, outer to inner as the operation has them.
    pub dims: Sizes,
    /// Bits of the widest value that the loops work on.
    pub bits: i64,
}

/// What the width is unless said.
const BITS: i64 = 32;

impl Space {
    pub fn new(class: Class) -> Self {
        Self { class, dims: vec![], bits: BITS }
    }

    pub fn extent(&self, dim: &str) -> Option<i64> {
        size(&self.dims, dim)
    }

    /// The names of the dimensions, for messages.
    pub fn names(&self) -> String {
        self.dims.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ")
    }
}

impl fmt::Display for Space {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.class.info().name)?;
        self.dims.iter().try_for_each(|(name, extent)| write!(f, ", {name} = {extent}"))?;
        if self.bits == BITS { Ok(()) } else { write!(f, ", bits = {}", self.bits) }
    }
}

impl FromStr for Space {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut reader = Reader::new(text);
        let class = Class::from_name(reader.word("a class of kernels")?)?;
        let mut space = Space::new(class);
        reader.items(|reader| {
            let (name, number) = reader.size()?;
            if name == "bits" {
                space.bits = number;
            } else if class.role(&name).is_none() {
                let roles: Vec<&str> = class.info().roles.iter().map(|role| role.name).collect();
                return Err(format!(
                    "`{name}` is no dimension of class {}; there are {}, with numbers where there are several",
                    class.info().name,
                    roles.join(", ")
                ));
            } else if space.extent(&name).is_some() {
                return Err(format!("dimension `{name}` stands twice"));
            } else {
                space.dims.push((name, number));
            }
            Ok(())
        })?;
        Ok(space)
    }
}
