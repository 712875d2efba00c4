//! What is read of a text, and its outermost level: modules, functions, kernels, aliases.

use super::effort::Sum;
use super::error::{At, Flaw, Result};
use super::features::ESTIMATES;
use super::lex::{DEEPEST, Span};
use super::machine::Cpu;
use super::map::{Expression, Map};
use super::names::Names;
use super::spec::{Schedule, Space};
use super::types::{NO_TYPE, Shape, Type};
use super::vocabulary::Mark;
use super::{Unit, Unknown};

/// Bytes of aliases that may be read in their places: they are read anew each time.
const EXPANDED: usize = 1 << 24;
/// Undefined names that are told of at once.
const FLAWS: usize = 16;

/// A token and the number that rides on it; NaN is none.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub id: u16,
    pub number: f64,
}

/// What an item of tokens is, the most important first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Class {
    Space,
    Schedule,
    Anchor,
    Target,
    /// The names of operations.
    Operation,
    Argument,
    /// Operands, attributes and types of operations.
    Detail,
}

/// Tokens that belong together.
#[derive(Clone, Copy, Debug)]
pub(super) struct Item {
    pub start: u32,
    pub end: u32,
    pub class: Class,
    /// The number of the operation that it is of.
    pub operation: u32,
}

/// What a name of a value stands for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Source {
    Argument(u32),
    /// An argument of a block or an induction variable.
    Block(u32),
    /// A result of the operation with this number.
    Operation(u32),
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Value {
    pub source: Source,
    /// The type of the first of so many results, which follow each other.
    pub ty: Type,
    pub count: u32,
    /// Operations on the longest chain up to here.
    pub depth: u32,
    /// The value of a constant of one element; NaN otherwise.
    pub constant: f64,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Argument {
    pub ty: Type,
    pub constant: bool,
    /// All of it is read; else so many bytes.
    pub whole: bool,
    pub parts: f64,
}

/// The kernel or function that is being read.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub arguments: Vec<Argument>,
    pub results: Vec<Type>,
    pub space: Space,
    pub schedule: Schedule,
    pub cpu: Cpu,
    pub tokens: Vec<Token>,
    pub items: Vec<Item>,
    pub types: Vec<Shape>,
    pub sizes: Vec<f64>,
    /// A hash of each operation, for that of the family.
    pub family: Vec<u64>,
    pub unknown: Unknown,
    pub operations: u32,
    /// What the operations read so far do, in the innermost region.
    pub sum: Sum,
    /// The number of the operation that does most, its work, and what it does outside and inside of its reductions.
    pub anchor: (u32, f64, f64, f64),
    pub depth: u32,
    /// What code generation expects the most expensive loops to take, by the numbers of `hwk.estimate`; zeros where it does not
    /// say.
    pub estimate: [f64; ESTIMATES],
}

impl Draft {
    pub fn clear(&mut self) {
        self.arguments.clear();
        self.results.clear();
        self.tokens.clear();
        self.items.clear();
        self.types.clear();
        self.sizes.clear();
        self.family.clear();
        self.space = Space::default();
        self.schedule = Schedule::default();
        self.cpu = Cpu::default();
        self.unknown = Unknown::default();
        self.sum = Sum::default();
        self.anchor = (u32::MAX, -1.0, 0.0, 0.0);
        (self.operations, self.depth, self.estimate) = (0, 0, [0.0; ESTIMATES]);
    }
}

/// What an operation's attributes say about its effort and its family.
#[derive(Clone, Copy, Debug)]
pub(super) struct Facts {
    pub channels_last: bool,
    pub kernel: f64,
    pub hash: u64,
    /// The number that stands in it, for constants.
    pub constant: f64,
}

/// Reads one text from its beginning to its end.
pub(super) struct Reader<'t> {
    pub text: &'t [u8],
    pub at: usize,
    /// Where the text ends, or the alias that is read in its place.
    pub end: usize,
    depth: usize,
    expanded: usize,
    pub aliases: Names<Span>,
    pub values: Names<Value>,
    pub unit: Box<Draft>,
    /// Whether `unit` is begun and not ended.
    pub inside: bool,
    pub facts: Facts,
    /// The operation with loops whose body is being read.
    pub owner: Option<u32>,
    /// Lists of the operations that are being read; each uses what lies behind the others'.
    pub expressions: Vec<Expression>,
    pub operands: Vec<Value>,
    pub types: Vec<Type>,
    pub maps: Vec<Map>,
    pub kinds: Vec<Mark>,
    pub names: Vec<(Span, u32)>,
    pub entries: Vec<(Span, u32, u32)>,
    pub swap: Vec<Token>,
    /// No definition begins before this byte.
    pub undefining: usize,
    pub flaws: Vec<At>,
    pub units: Vec<Unit>,
    /// The names of the units, and of functions without a body.
    pub symbols: Names<usize>,
    /// Who is called, in which order.
    pub launches: Vec<Span>,
    /// The machine of kernels that do not name one.
    pub machine: Option<&'t Cpu>,
    /// How many threads there are at most.
    pub threads: Option<u32>,
}

impl<'t> Reader<'t> {
    pub fn new(text: &'t [u8], machine: Option<&'t Cpu>) -> Reader<'t> {
        Reader {
            text,
            at: 0,
            end: text.len(),
            depth: 0,
            expanded: 0,
            aliases: Names::default(),
            values: Names::default(),
            unit: Box::default(),
            inside: false,
            facts: Facts { channels_last: false, kernel: 1.0, hash: 0, constant: f64::NAN },
            owner: None,
            expressions: vec![],
            operands: vec![],
            types: vec![],
            maps: vec![],
            kinds: vec![],
            names: vec![],
            entries: vec![],
            swap: vec![],
            undefining: 0,
            flaws: vec![],
            units: vec![],
            symbols: Names::default(),
            launches: vec![],
            machine,
            threads: None,
        }
    }

    /// Reads everything.
    pub fn program(&mut self) -> Result<()> {
        self.statements(false)?;
        for i in 0..self.launches.len() {
            let name = self.launches[i];
            match self.symbols.find(self.text, name) {
                Some(unit) if unit < self.units.len() => self.units[unit].launches += 1,
                Some(_) => {}
                None => {
                    let called = self.string_of(name);
                    self.undefined(name.start as usize, called);
                }
            }
        }
        if self.units.is_empty() && self.flaws.is_empty() { self.flaw(0, Flaw::NotAKernel) } else { Ok(()) }
    }

    /// Runs something one level deeper.
    pub fn deeper<T>(&mut self, run: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.depth >= DEEPEST {
            return self.flaw(self.at, Flaw::TooDeep(DEEPEST));
        }
        self.depth += 1;
        let result = run(self);
        self.depth -= 1;
        result
    }

    /// Reads an alias' value as if it stood here.
    pub fn expand<T>(&mut self, value: Span, read: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.expanded += (value.end - value.start) as usize;
        if self.expanded > EXPANDED {
            return self
                .flaw(self.at, Flaw::TooLarge { what: "aliases where they are used are bytes", limit: EXPANDED });
        }
        let back = (self.at, self.end);
        (self.at, self.end) = (value.start as usize, value.end as usize);
        let result = self.deeper(read)?;
        if !self.at_end() {
            return self.unexpected("the end of the alias");
        }
        (self.at, self.end) = back;
        Ok(result)
    }

    pub fn undefined(&mut self, at: usize, name: String) {
        if self.flaws.len() < FLAWS {
            self.flaws.push(At { at, flaw: Flaw::Undefined(name) });
        }
    }

    pub fn put(&mut self, id: u16, number: f64) {
        self.unit.tokens.push(Token { id, number });
    }

    /// Ends an item that began at a token.
    pub fn item(&mut self, start: usize, class: Class, operation: u32) {
        let end = self.unit.tokens.len();
        if end > start {
            self.unit.items.push(Item { start: start as u32, end: end as u32, class, operation });
        }
    }

    /// Reads operations and aliases up to `}`, or to the end of the text.
    pub fn statements(&mut self, closed: bool) -> Result<()> {
        loop {
            match self.peek() {
                0 if self.at >= self.end => return if closed { self.unbalanced(b'}') } else { Ok(()) },
                b'}' if closed => {
                    self.at += 1;
                    return Ok(());
                }
                b'^' => self.block()?,
                b'#' | b'!' => self.alias()?,
                b'{' if self.byte(1) == b'-' && self.byte(2) == b'#' => self.resources()?,
                _ => self.operation()?,
            }
        }
    }

    /// `#name = value`, `!name = type`.
    fn alias(&mut self) -> Result<()> {
        let name = self.name()?;
        self.expect(b'=')?;
        self.peek();
        let start = self.at;
        self.skip_value()?;
        let value = self.span(start);
        self.aliases.define(self.text, name, value);
        Ok(())
    }

    /// `{-# ... #-}`: contents of weights.
    fn resources(&mut self) -> Result<()> {
        let rest = &self.text[self.at..self.end];
        match rest.windows(3).position(|bytes| bytes == b"#-}") {
            Some(length) => {
                self.at += length + 3;
                Ok(())
            }
            None => self.unbalanced(b'}'),
        }
    }

    pub fn define_block(&mut self, name: Span, number: u32, ty: Type) {
        let value = Value { source: Source::Block(number), ty, count: 1, depth: 0, constant: f64::NAN };
        self.values.define(self.text, name, value);
    }

    pub fn no_value(&self) -> Value {
        Value { source: Source::Block(u32::MAX), ty: NO_TYPE, count: 1, depth: 0, constant: f64::NAN }
    }
}
