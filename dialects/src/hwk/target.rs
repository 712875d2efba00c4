//! Machines: `#hwk.cpu<...>`.

use std::fmt;

use super::text::Reader;

/// What a kernel is compiled for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    Cpu(Cpu),
}

/// A processor, as far as schedules depend on it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Cpu {
    /// LLVM's name for it.
    pub name: String,
    /// Instruction set extensions by LLVM's names, those of [`Cpu::FEATURES`] only.
    pub features: Vec<String>,
    /// Bits of a vector register, and how many there are.
    pub vector: i64,
    pub registers: i64,
    /// Bytes of the data caches that one core reaches, the shared ones whole.
    pub l1: i64,
    pub l2: i64,
    pub l3: i64,
    pub cores: i64,
}

impl Cpu {
    /// The extensions that decide which code is best; others are left out.
    pub const FEATURES: &[&str] = &[
        "amx-bf16",
        "amx-int8",
        "amx-tile",
        "avx",
        "avx2",
        "avx512bf16",
        "avx512bw",
        "avx512dq",
        "avx512f",
        "avx512fp16",
        "avx512vl",
        "avx512vnni",
        "avxvnni",
        "f16c",
        "fma",
        "sse4.1",
    ];

    /// Levels at which loops may be tiled, outer first.
    pub const LEVELS: &[&str] = &["l3", "l2", "l1", "registers"];

    /// # Errors
    /// What was expected, and where.
    pub fn from_text(text: &str) -> Result<Self, String> {
        let mut reader = Reader::new(text);
        let mut cpu = Cpu { name: reader.word("the name of a CPU")?.to_string(), ..Cpu::default() };
        let mut missing: Vec<&str> = Self::NUMBERS.iter().map(|(name, _)| *name).collect();
        reader.items(|reader| {
            let key = reader.word("a key")?;
            reader.expect('=')?;
            if key == "features" {
                cpu.features = reader.words("a feature")?;
                return Ok(());
            }
            let Some((_, field)) = Self::NUMBERS.iter().find(|(name, _)| *name == key) else {
                let names: Vec<&str> = Self::NUMBERS.iter().map(|(name, _)| *name).collect();
                return Err(format!("`{key}` is no key of #hwk.cpu; there are features, {}", names.join(", ")));
            };
            *field(&mut cpu) = reader.number()?;
            missing.retain(|name| *name != key);
            Ok(())
        })?;
        if missing.is_empty() { Ok(cpu) } else { Err(format!("#hwk.cpu needs {}", missing.join(", "))) }
    }

    #[expect(clippy::type_complexity, reason = "a table of named fields")]
    const NUMBERS: &[(&str, fn(&mut Cpu) -> &mut i64)] = &[
        ("vector", |c| &mut c.vector),
        ("registers", |c| &mut c.registers),
        ("l1", |c| &mut c.l1),
        ("l2", |c| &mut c.l2),
        ("l3", |c| &mut c.l3),
        ("cores", |c| &mut c.cores),
    ];
}

impl fmt::Display for Cpu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Cpu { name, features, vector, registers, l1, l2, l3, cores } = self;
        write!(f, "{name}, features = [{}], vector = {vector}, registers = {registers}", features.join(", "))?;
        write!(f, ", l1 = {l1}, l2 = {l2}, l3 = {l3}, cores = {cores}")
    }
}

impl Target {
    /// The attribute's mnemonic.
    pub fn mnemonic(&self) -> &'static str {
        match self {
            Target::Cpu(_) => "cpu",
        }
    }

    /// From a mnemonic and the text between its angle brackets.
    ///
    /// # Errors
    /// What was expected, and where.
    pub fn from_text(mnemonic: &str, text: &str) -> Result<Self, String> {
        match mnemonic {
            "cpu" => Cpu::from_text(text).map(Target::Cpu),
            _ => Err(format!("#hwk.{mnemonic} is no target; there is #hwk.cpu")),
        }
    }

    /// Levels at which loops may be tiled, outer first; the last one is that of registers.
    pub fn levels(&self) -> &'static [&'static str] {
        match self {
            Target::Cpu(_) => Cpu::LEVELS,
        }
    }

    /// Bits of a vector register, and how many there are.
    pub fn registers(&self) -> (i64, i64) {
        match self {
            Target::Cpu(cpu) => (cpu.vector, cpu.registers),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Cpu(cpu) => cpu.fmt(f),
        }
    }
}
