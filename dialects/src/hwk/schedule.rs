//! `#hwk.schedule<...>`: how the loops of a kernel run.

use std::fmt;
use std::str::FromStr;

use super::text::{Reader, SizesText};
use super::{Inner, Sizes, size};

/// Sizes of tiles at one level of the machine: what is worked on at once there.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Tile {
    /// One of [`super::Target::levels`].
    pub level: String,
    pub sizes: Sizes,
}

/// The dimension that runs in vectors.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Vector {
    pub dim: String,
    /// Elements of a vector, and how many vectors are kept side by side.
    pub lanes: i64,
    pub count: i64,
}

/// Whether an operand is laid out anew for the inner loops, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Packing {
    /// Read where it lies.
    None,
    /// Once, at compile time: the operand is a constant.
    Constant,
    /// Block by block, on the fly.
    Block,
}

const PACKINGS: &[(Packing, &str)] =
    &[(Packing::None, "none"), (Packing::Constant, "constant"), (Packing::Block, "block")];

/// How a kernel's loops run. What is not said is left to code generation: a dimension without a tile runs one by one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Schedule {
    pub inner: Inner,
    /// Outer levels first.
    pub tiles: Vec<Tile>,
    /// Loops from the outside in; a dimension stands once for each level at which it has a tile, and once more for the
    /// loop over single iterations where there is one.
    pub order: Vec<String>,
    pub vector: Option<Vector>,
    /// By name of the operand; others are read where they lie.
    pub pack: Vec<(String, Packing)>,
    /// Dimensions whose loops are divided into ranges of iterations, one for each thread: the outermost loop over one of
    /// them, and where its iterations are long those over the next one inside of it. Without dimensions one thread does
    /// everything.
    pub threads: Option<Vec<String>>,
    /// Results are written past the caches.
    pub stream: bool,
}

impl Schedule {
    /// The tile of a dimension at a level.
    pub fn tile(&self, level: &str, dim: &str) -> Option<i64> {
        self.tiles.iter().find(|tile| tile.level == level).and_then(|tile| size(&tile.sizes, dim))
    }

    pub fn packing(&self, operand: &str) -> Packing {
        self.pack.iter().find(|(name, _)| name == operand).map_or(Packing::None, |(_, packing)| *packing)
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.inner.info().name)?;
        let list = |items: Vec<String>| items.join(", ");
        if !self.tiles.is_empty() {
            let tiles = self.tiles.iter().map(|t| format!("{}{}", t.level, SizesText(&t.sizes)));
            write!(f, ", tiles = [{}]", list(tiles.collect()))?;
        }
        if !self.order.is_empty() {
            write!(f, ", order = [{}]", self.order.join(", "))?;
        }
        if let Some(Vector { dim, lanes, count }) = &self.vector {
            write!(f, ", vector = {dim} : {lanes} x {count}")?;
        }
        if !self.pack.is_empty() {
            let name = |packing| PACKINGS.iter().find(|(p, _)| *p == packing).map_or("none", |(_, name)| *name);
            let pack = self.pack.iter().map(|(operand, packing)| format!("{operand} = {}", name(*packing)));
            write!(f, ", pack = ({})", list(pack.collect()))?;
        }
        if let Some(threads) = &self.threads {
            write!(f, ", threads = [{}]", threads.join(", "))?;
        }
        if self.stream { f.write_str(", stream") } else { Ok(()) }
    }
}

/// The keys of a schedule, each with what reads its value.
type Key = (&'static str, fn(&mut Reader, &mut Schedule) -> Result<(), String>);

const KEYS: &[Key] = &[
    ("tiles", |r, s| {
        s.tiles = r.list('[', ']', |r| Ok(Tile { level: r.word("a level")?.into(), sizes: r.sizes()? }))?;
        Ok(())
    }),
    ("order", |r, s| {
        s.order = r.words("a dimension")?;
        Ok(())
    }),
    ("vector", |r, s| {
        let dim = r.word("a dimension")?.to_string();
        r.expect(':')?;
        let lanes = r.number()?;
        r.expect('x')?;
        s.vector = Some(Vector { dim, lanes, count: r.number()? });
        Ok(())
    }),
    ("pack", |r, s| {
        s.pack = r.list('(', ')', |r| {
            let operand = r.word("an operand")?.to_string();
            r.expect('=')?;
            let how = r.word("a way of packing")?;
            let found = PACKINGS.iter().find(|(_, name)| *name == how).map(|(packing, _)| *packing);
            let packing = found.ok_or_else(|| format!("`{how}` is no way of packing; there are none, constant, block"));
            Ok((operand, packing?))
        })?;
        Ok(())
    }),
    ("threads", |r, s| {
        s.threads = Some(r.words("a dimension")?);
        Ok(())
    }),
];

impl FromStr for Schedule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut reader = Reader::new(text);
        let mut schedule =
            Schedule { inner: Inner::from_name(reader.word("an inner kernel")?)?, ..Schedule::default() };
        let mut seen: Vec<&str> = vec![];
        reader.items(|reader| {
            let key = reader.word("a key")?;
            if seen.contains(&key) {
                return Err(format!("`{key}` stands twice"));
            }
            seen.push(key);
            if key == "stream" {
                schedule.stream = true;
                return Ok(());
            }
            let Some((_, read)) = KEYS.iter().find(|(name, _)| *name == key) else {
                let names: Vec<&str> = KEYS.iter().map(|(name, _)| *name).collect();
                return Err(format!("`{key}` is no key of a schedule; there are {}, stream", names.join(", ")));
            };
            reader.expect('=')?;
            read(reader, &mut schedule)
        })?;
        Ok(schedule)
    }
}
