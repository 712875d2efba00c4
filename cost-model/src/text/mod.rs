//! The canonical tokens of kernels, plans and functions of linalg, read in one pass.
//!
//! `docs/cost-model.md` says what is a token and why. A text is read without MLIR, so any dialect is understood as far as
//! its syntax follows MLIR's habits: an operation is its name, operands, attributes, types and regions in any order.
//! What the tables do not know becomes one of a fixed number of buckets and is counted in [`Unknown`].
//!
//! ```
//! use hwc_cost_model::text::{Tokenizer, vocabulary};
//!
//! let text = "hwk.kernel @k(%x: tensor<8x16xf32>) -> (tensor<8x16xf32>) {
//!   %0 = hwc.relu %x : (tensor<8x16xf32>) -> tensor<8x16xf32>
//!   hwk.yield %0 : tensor<8x16xf32>
//! }";
//! let units = Tokenizer::default().read(text)?;
//! let names: Vec<&str> = units[0].tokens.ids.iter().map(|id| vocabulary::name(*id)).collect();
//! assert_eq!(names, ["f32", "num", "num", "hwc.relu", "arg0", "same", "hwk.yield", "back:1"]);
//! # Ok::<(), hwc_cost_model::text::Error>(())
//! ```

mod assemble;
mod attribute;
mod effort;
mod error;
mod features;
mod function;
mod hash;
mod lex;
mod lookahead;
mod machine;
mod map;
mod names;
mod number;
mod operand;
mod operation;
mod operations;
mod reader;
mod show;
mod spec;
mod types;
pub mod vocabulary;

pub use error::{Error, Flaw, Place};
pub use features::{ESTIMATES, FEATURE_COUNT, FEATURES, Feature};
pub use number::NUMBERS;
pub use show::{show, show_features};
pub use vocabulary::fingerprint;

/// At most so many tokens a kernel.
pub const LONGEST: usize = 96;
/// Bytes of a text; places in it are 32 bits.
const LARGEST: usize = 1 << 31;

/// What a unit of text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A `hwk.kernel`.
    Kernel,
    /// A function that calls no other.
    Function,
    /// A function that launches or calls others: the plan.
    Driver,
}

/// Tokens of a kernel with their numbers, for a network over sequences.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tokens {
    /// Below [`vocabulary::size`]; at most [`LONGEST`].
    pub ids: Vec<u16>,
    /// As many; zeros where a token has no number.
    pub numbers: Vec<[f32; NUMBERS]>,
    /// Tokens that are left out for the limit.
    pub cut: usize,
}

impl Tokens {
    /// Writes them as one row of a batch, filled up with the token `pad`, which is 0: `ids` is `[L]`, `numbers` is `[L, NUMBERS]`, row by
    /// row. What does not fit is left out.
    pub fn write(&self, ids: &mut [i64], numbers: &mut [f32]) {
        ids.fill(vocabulary::Mark::Pad as i64);
        numbers.fill(0.0);
        for (to, id) in ids.iter_mut().zip(&self.ids) {
            *to = i64::from(*id);
        }
        for (to, vector) in numbers.chunks_exact_mut(NUMBERS).zip(&self.numbers) {
            to.copy_from_slice(vector);
        }
    }
}

/// How much of a text fell into buckets. A prediction about a unit with unknown operations is an extrapolation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unknown {
    pub operations: u32,
    pub types: u32,
    pub keys: u32,
    pub words: u32,
}

/// A kernel or a function.
#[derive(Clone, Debug, PartialEq)]
pub struct Unit {
    pub name: String,
    pub kind: Kind,
    pub tokens: Tokens,
    /// [`FEATURES`], scaled.
    pub features: [f32; FEATURE_COUNT],
    /// The same for programs that differ in numbers, element types, names and schedules only: of the multiset of
    /// operations, each with the patterns of its maps and loops.
    pub family: u64,
    pub unknown: Unknown,
    /// A hash of the machine, its name included; nothing where none is known.
    pub target: Option<u64>,
    /// How often drivers of the same text launch it, each launch counted once; 0 where nothing does.
    pub launches: u32,
}

impl Unit {
    /// The first kernel of a text, run by so many threads.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn of_kernel(text: &str, threads: u32) -> Result<Unit, String> {
        let units = Tokenizer::default().threads(threads).read(text).map_err(|error| error.to_string())?;
        units.into_iter().find(|unit| unit.kind == Kind::Kernel).ok_or_else(|| "the text has no kernel".into())
    }

    /// The same kernel, if its text had these numbers as its `hwk.estimate`.
    #[must_use]
    pub fn estimated(mut self, numbers: &[i64; ESTIMATES]) -> Unit {
        let estimate = numbers.map(|number| number as f64);
        self.features[features::ESTIMATE..][..ESTIMATES].copy_from_slice(&features::of_estimate(&estimate));
        self
    }
}

/// Reads texts.
#[derive(Debug, Default)]
pub struct Tokenizer {
    machine: Option<machine::Cpu>,
    threads: Option<u32>,
}

impl Tokenizer {
    /// For kernels that do not name a machine: the text of one, `#hwk.cpu<...>`.
    ///
    /// # Errors
    /// Where the text is no machine.
    pub fn with_machine(text: &str) -> Result<Tokenizer, Error> {
        let mut reader = reader::Reader::new(text.as_bytes(), None);
        let read = if reader.peek() == b'#' { reader.dialect_attribute() } else { Ok(()) };
        let result = read.and_then(|()| {
            if reader.unit.cpu.given && reader.at_end() { Ok(()) } else { reader.unexpected("`#hwk.cpu<...>` alone") }
        });
        let mut flaws = reader.flaws;
        flaws.extend(result.err().map(|at| *at));
        let machine = Some(reader.unit.cpu);
        if flaws.is_empty() { Ok(Tokenizer { machine, threads: None }) } else { Err(error::error(text, flaws)) }
    }

    /// The kernels are run by at most so many threads, whatever the machine has: tokens and features tell so many cores.
    #[must_use]
    pub fn threads(self, threads: u32) -> Tokenizer {
        Tokenizer { threads: Some(threads.max(1)), ..self }
    }

    /// All kernels and functions with a body, in the order of the text.
    ///
    /// # Errors
    /// Everything that is wrong, each with its place; see [`Flaw`].
    pub fn read(&self, text: &str) -> Result<Vec<Unit>, Error> {
        self.plan(text).map(|plan| plan.units)
    }

    /// The same, with what is launched in which order.
    ///
    /// # Errors
    /// Those of [`Tokenizer::read`].
    pub fn plan(&self, text: &str) -> Result<Plan, Error> {
        if text.len() > LARGEST {
            let flaw = Flaw::TooLarge { what: "the text has bytes", limit: LARGEST };
            return Err(error::error("", vec![error::At { at: 0, flaw }]));
        }
        let mut reader = reader::Reader::new(text.as_bytes(), self.machine.as_ref());
        reader.threads = self.threads;
        let result = reader.program();
        let mut flaws = std::mem::take(&mut reader.flaws);
        flaws.extend(result.err().map(|at| *at));
        if !flaws.is_empty() {
            return Err(error::error(text, flaws));
        }
        let unit = |name: &lex::Span| reader.symbols.find(reader.text, *name).filter(|unit| *unit < reader.units.len());
        let launches = reader.launches.iter().filter_map(unit).collect();
        Ok(Plan { launches, units: reader.units })
    }
}

/// A text with its launches.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Kernels and functions, in the order of the text.
    pub units: Vec<Unit>,
    /// Which unit is launched, in the order of launches.
    pub launches: Vec<usize>,
}
