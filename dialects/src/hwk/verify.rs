//! Whether a schedule is legal.

use super::{Packing, Role, Schedule, Space, Target};

/// The level of the innermost tiles where no target says it.
const REGISTERS: &str = "registers";

/// Everything that makes a schedule illegal for a space and, where it is known, a target; one sentence each.
pub fn verify(schedule: &Schedule, space: &Space, target: Option<&Target>) -> Vec<String> {
    let mut check = Check { schedule, space, target, problems: vec![] };
    check.inner();
    check.tiles();
    check.order();
    check.vector();
    check.registers();
    check.packing();
    check.threads();
    check.problems
}

struct Check<'a> {
    schedule: &'a Schedule,
    space: &'a Space,
    target: Option<&'a Target>,
    problems: Vec<String>,
}

impl<'a> Check<'a> {
    fn problem(&mut self, what: String) {
        self.problems.push(what);
    }

    /// The extent of a dimension that `place` names; a problem where there is none.
    fn extent(&mut self, place: &str, dim: &str) -> Option<i64> {
        let extent = self.space.extent(dim);
        if extent.is_none() {
            self.problem(format!("{place} names dimension `{dim}`; the space has {}", self.space.names()));
        }
        extent
    }

    fn role(&self, dim: &str) -> Option<&'static Role> {
        self.space.class.role(dim)
    }

    /// A dimension's extent, filled up to whole vectors where it runs in vectors, or in squares of vectors that are
    /// transposed in registers.
    fn padded(&self, dim: &str, extent: i64) -> i64 {
        match &self.schedule.vector {
            Some(v) if v.dim == dim || !self.space.class.accumulates() => {
                blocks(extent, v.lanes).saturating_mul(v.lanes)
            }
            _ => extent,
        }
    }

    fn inner(&mut self) {
        let info = self.schedule.inner.info();
        let class = self.space.class;
        if !info.classes.is_empty() && !info.classes.contains(&class) {
            let classes: Vec<&str> = info.classes.iter().map(|c| c.info().name).collect();
            self.problem(format!(
                "inner kernel `{}` is for {}, not for {}",
                info.name,
                classes.join(", "),
                class.info().name
            ));
        }
    }

    fn tiles(&mut self) {
        let levels = self.target.map(Target::levels);
        let inner = self.schedule.inner.info();
        let vector = self.schedule.vector.as_ref().map(|vector| &vector.dim);
        let mut last = None;
        for (number, tile) in self.schedule.tiles.iter().enumerate() {
            let level = &tile.level;
            if let Some(levels) = levels {
                let position = levels.iter().position(|l| l == level);
                if position.is_none() {
                    self.problem(format!("tile of level `{level}`; the target has {}", levels.join(", ")));
                } else if position <= last {
                    self.problem(format!("tile of level `{level}` stands after one of an inner level, or twice"));
                }
                last = position.max(last);
            }
            if levels.is_none_or(|levels| levels.contains(&level.as_str())) && !inner.levels.contains(&level.as_str()) {
                let (name, has) = (inner.name, inner.levels.join(", "));
                self.problem(format!("inner kernel `{name}` has no tiles of level `{level}`, only of {has}"));
            }
            for (i, (dim, size)) in tile.sizes.iter().enumerate() {
                let Some(extent) = self.extent(&format!("tile of level `{level}`"), dim) else { continue };
                if tile.sizes[..i].iter().any(|(other, _)| other == dim) {
                    self.problem(format!("tile of level `{level}` names dimension `{dim}` twice"));
                }
                let reduces = self.role(dim).is_some_and(|role| role.reduces);
                if level == self.registers_level() && reduces && *size > 1 && vector != Some(dim) {
                    self.problem(format!(
                        "`{dim}` is reduced one by one: registers hold no tile of it but its vectors"
                    ));
                }
                if *size > self.padded(dim, extent) {
                    self.problem(format!(
                        "tile {dim} = {size} of level `{level}` is larger than the dimension, {extent}"
                    ));
                }
                let outer = self.schedule.tiles[..number].iter().rev();
                let outer = outer.flat_map(|t| &t.sizes).find(|(name, _)| name == dim).map(|(_, size)| *size);
                // A tile that is all of the dimension may end within an inner one, as the dimension itself does.
                if let Some(outer) = outer.filter(|outer| *outer < extent)
                    && outer % size != 0
                {
                    self.problem(format!(
                        "tile {dim} = {size} of level `{level}` does not divide the one around it, {outer}"
                    ));
                }
            }
        }
    }

    fn order(&mut self) {
        let order = &self.schedule.order;
        for (i, dim) in order.iter().enumerate().filter(|(i, dim)| !order[..*i].contains(dim)) {
            if self.extent("the order", dim).is_none() {
                continue;
            }
            let times = order[i..].iter().filter(|other| *other == dim).count();
            let levels = self.schedule.tiles.iter().filter(|t| t.sizes.iter().any(|(name, _)| name == dim)).count();
            if times > levels + 1 {
                self.problem(format!(
                    "the order names dimension `{dim}` {times} times; it has tiles of {levels} levels"
                ));
            }
        }
        if order.is_empty() {
            return;
        }
        let missing: Vec<&str> = self
            .space
            .dims
            .iter()
            .map(|(name, _)| name.as_str())
            .filter(|name| !order.iter().any(|o| o == name))
            .collect();
        if !missing.is_empty() {
            self.problem(format!("the order lacks dimension `{}`", missing.join("`, `")));
        }
    }

    fn vector(&mut self) {
        let Some(vector) = &self.schedule.vector else { return };
        let (dim, lanes) = (&vector.dim, vector.lanes);
        if self.extent("vector", dim).is_some() && self.role(dim).is_some_and(|role| !role.vector) {
            self.problem(format!("dimension `{dim}` cannot run in vectors in class {}", self.space.class.info().name));
        }
        if lanes.count_ones() != 1 || lanes < 2 {
            self.problem(format!("a vector of {lanes} lanes; it has 2, 4, 8, ..."));
        }
        if let Some(target) = self.target {
            let (bits, wanted) = (target.registers().0, lanes.saturating_mul(self.space.bits));
            if wanted > bits {
                self.problem(format!(
                    "a vector of {lanes} lanes of {} bits; the target's have {bits} bits",
                    self.space.bits
                ));
            }
        }
        if let Some(tile) = self.register_tile(dim)
            && tile != lanes.saturating_mul(vector.count)
        {
            self.problem(format!(
                "tile {dim} = {tile} in registers is not {lanes} x {}, which the vectors of that dimension cover",
                vector.count
            ));
        }
    }

    fn registers_level(&self) -> &'static str {
        self.target.and_then(|t| t.levels().last().copied()).unwrap_or(REGISTERS)
    }

    fn register_tile(&self, dim: &str) -> Option<i64> {
        self.schedule.tile(self.registers_level(), dim)
    }

    /// Accumulators stay in registers while a reduction runs, beside one vector of each operand.
    fn registers(&mut self) {
        let (Some(target), Some(vector)) = (self.target, &self.schedule.vector) else { return };
        if !self.space.class.accumulates() {
            return;
        }
        let have = target.registers().1;
        let points = self.space.dims.iter().filter(|(dim, _)| *dim != vector.dim);
        let points = points.filter_map(|(dim, _)| self.register_tile(dim)).fold(1i64, i64::saturating_mul);
        let accumulators = points.saturating_mul(vector.count);
        if accumulators.saturating_add(OPERANDS) > have {
            self.problem(format!(
                "register pressure: {points} points x {} vectors are {accumulators} accumulators, and {OPERANDS} registers \
                 hold operands; the target has {have}",
                vector.count,
            ));
        }
    }

    fn packing(&mut self) {
        let operands = self.space.class.info().operands;
        let inner = self.schedule.inner.info();
        let packs = self.schedule.pack.iter().any(|(_, packing)| *packing != Packing::None);
        let without = [
            (packs && !inner.packs, "packs no operand"),
            (self.schedule.stream && !inner.streams, "writes through the caches"),
        ];
        for (_, what) in without.iter().filter(|(given, _)| *given) {
            self.problem(format!("inner kernel `{}` {what}", inner.name));
        }
        for (operand, _) in self.schedule.pack.iter().filter(|(_, packing)| *packing != Packing::None) {
            if !operands.contains(&operand.as_str()) {
                let known = if operands.is_empty() { "none".to_string() } else { operands.join(", ") };
                let class = self.space.class.info().name;
                self.problem(format!("packs operand `{operand}`; class {class} has {known} to pack"));
            }
        }
    }

    fn threads(&mut self) {
        let threads = self.schedule.threads.iter().flatten();
        for (i, dim) in threads.enumerate() {
            if self.extent("threads", dim).is_none() {
                continue;
            }
            if self.schedule.threads.iter().flatten().take(i).any(|other| other == dim) {
                self.problem(format!("threads name dimension `{dim}` twice"));
            }
            if self.role(dim).is_some_and(|role| role.reduces) {
                self.problem(format!("threads cannot share dimension `{dim}`: its iterations combine into one result"));
            } else if let Some(whole) = self.undivided(dim) {
                self.problem(format!(
                    "threads cannot share dimension `{dim}`: its outermost tile holds all {whole} of it"
                ));
            }
        }
    }

    /// The extent of a dimension whose outermost tile is all of it, so that there is no loop.
    fn undivided(&self, dim: &str) -> Option<i64> {
        let extent = self.space.extent(dim)?;
        let outermost = self.schedule.tiles.iter().flat_map(|t| &t.sizes).find(|(name, _)| name == dim);
        (outermost.map_or(1, |(_, size)| *size) >= extent).then_some(extent)
    }
}

/// Registers that hold operands beside the accumulators.
const OPERANDS: i64 = 2;

/// How many blocks of a size it takes to cover an extent.
fn blocks(extent: i64, size: i64) -> i64 {
    (extent - 1) / size + 1
}
