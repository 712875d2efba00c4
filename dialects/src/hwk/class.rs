//! Tables: what classes of kernels there are, and which inner kernels code generation has.

/// A set of dimensions with the same part in a class; they are called after it, with a number where there are several.
#[derive(Debug)]
pub struct Role {
    pub name: &'static str,
    /// Iterations combine into one result.
    pub reduces: bool,
    /// May run in vectors.
    pub vector: bool,
}

/// What is legal for a class of kernels.
#[derive(Debug)]
pub struct ClassInfo {
    pub class: Class,
    pub name: &'static str,
    pub roles: &'static [Role],
    /// The operands that may be packed.
    pub operands: &'static [&'static str],
}

const fn parallel(name: &'static str) -> Role {
    Role { name, reduces: false, vector: true }
}

const fn scalar(name: &'static str) -> Role {
    Role { name, reduces: false, vector: false }
}

const fn reduced(name: &'static str) -> Role {
    Role { name, reduces: true, vector: true }
}

macro_rules! classes {
    ($($(#[$doc:meta])* $class:ident = $name:literal { $($role:expr),* } packs $operands:expr;)*) => {
        /// What kind of loops a kernel's most expensive part has.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Class { $($(#[$doc])* $class),* }

        static CLASSES: &[ClassInfo] =
            &[$(ClassInfo { class: Class::$class, name: $name, roles: &[$($role),*], operands: &$operands }),*];
    };
}

classes! {
    /// Sums of products: `m` indexes the left operand, `n` the right one, `k` both.
    Contraction = "contraction" { parallel("m"), parallel("n"), reduced("k") } packs ["lhs", "rhs"];
    /// The same for each `b`, which indexes both operands and the result.
    BatchedContraction = "batched_contraction" { parallel("b"), parallel("m"), parallel("n"), reduced("k") } packs ["lhs", "rhs"];
    /// `m` are positions, `n` features, `k` channels and windows, `b` groups; neighbouring positions share elements.
    Convolution = "convolution" { parallel("b"), parallel("m"), parallel("n"), reduced("k") } packs ["lhs", "rhs"];
    /// A convolution of each channel `b` by itself.
    Depthwise = "depthwise" { parallel("b"), parallel("m"), reduced("k") } packs [];
    /// `cols` of each of the `rows` become one value.
    Reduction = "reduction" { parallel("rows"), reduced("cols") } packs [];
    /// A reduction, and an elementwise pass with its result.
    Normalization = "normalization" { parallel("rows"), reduced("cols") } packs [];
    Softmax = "softmax" { parallel("rows"), reduced("cols") } packs [];
    Elementwise = "elementwise" { parallel("d") } packs [];
    /// Elements in another order, unchanged.
    Transposition = "transposition" { parallel("d") } packs [];
    /// `i` runs over positions that are looked up, `d` over what lies at each; elements are read one by one.
    Gather = "gather" { scalar("d"), scalar("i") } packs [];
}

impl Class {
    pub fn info(self) -> &'static ClassInfo {
        // One row a variant, in their order.
        &CLASSES[self as usize]
    }

    pub fn from_name(name: &str) -> Result<Class, String> {
        CLASSES.iter().find(|c| c.name == name).map(|c| c.class).ok_or_else(|| {
            let names: Vec<&str> = CLASSES.iter().map(|c| c.name).collect();
            format!("`{name}` is no class of kernels; there are {}", names.join(", "))
        })
    }

    /// The role that a dimension's name says.
    pub fn role(self, dim: &str) -> Option<&'static Role> {
        let stem = dim.trim_end_matches(|c: char| c.is_ascii_digit());
        self.info().roles.iter().find(|role| role.name == stem)
    }

    /// Whether results stay in registers while a reduction runs.
    pub fn accumulates(self) -> bool {
        self.info().roles.iter().any(|role| role.reduces)
    }
}

/// A generator of loops and what they contain.
#[derive(Debug)]
pub struct InnerInfo {
    pub inner: Inner,
    pub name: &'static str,
    /// The classes it works for; all where empty.
    pub classes: &'static [Class],
    /// Levels of the machine at which it has tiles.
    pub levels: &'static [&'static str],
    /// Whether it reads packed operands, and whether it writes past the caches.
    pub packs: bool,
    pub streams: bool,
}

macro_rules! inner_kernels {
    ($($(#[$doc:meta])* $inner:ident = $name:literal for $classes:expr, at $levels:expr, packs $packs:literal,
       streams $streams:literal;)*) => {
        /// What writes the innermost loops.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
        pub enum Inner { #[default] $($(#[$doc])* $inner),* }

        static INNER: &[InnerInfo] =
            &[$(InnerInfo {
                inner: Inner::$inner, name: $name, classes: &$classes, levels: &$levels, packs: $packs, streams: $streams,
            }),*];
    };
}

inner_kernels! {
    /// Loops over one tile in registers, operands read where they lie.
    Loops = "loops" for [], at ["registers"], packs false, streams true;
    /// The same, inside of loops over rows that several nests of the kernel share.
    Rows = "rows" for [], at ["registers"], packs false, streams true;
    /// Blocks for each cache, packed panels, and a tile of accumulators fed by broadcasts.
    Tile = "tile" for [Class::Contraction, Class::BatchedContraction, Class::Convolution], at ["l2", "registers"],
        packs true, streams false;
}

impl Inner {
    pub fn info(self) -> &'static InnerInfo {
        // One row a variant, in their order.
        &INNER[self as usize]
    }

    pub fn from_name(name: &str) -> Result<Inner, String> {
        INNER.iter().find(|i| i.name == name).map(|i| i.inner).ok_or_else(|| {
            let names: Vec<&str> = INNER.iter().map(|i| i.name).collect();
            format!("`{name}` is no inner kernel; there are {}", names.join(", "))
        })
    }
}
