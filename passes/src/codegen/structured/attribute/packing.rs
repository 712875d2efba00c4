//! Choices about packed operands, as attributes: `#hwk.schedule<tile, ...>`.

use hwc_dialects::hwk::{self, Inner, Packing, Sizes, Space};

use super::{
    super::{
        analyze::Structured,
        contraction::{self, Choice},
        schedule::{Facts, Vector},
    },
    REGISTERS,
};
use crate::codegen::ir::Val;

/// The level of the cache that blocks are for.
const CACHE: &str = "l2";

/// The operands that the columns and the rows belong to: columns are those of the right one in most products, but of the
/// left one where results lie transposed.
fn operands(columns: &str) -> (&'static str, &'static str) {
    if columns.starts_with('m') { ("rhs", "lhs") } else { ("lhs", "rhs") }
}

/// A choice as an attribute.
pub fn to_attribute(choice: &Choice, space: &Space) -> hwk::Schedule {
    let name = |d: usize| space.dims[d].0.clone();
    let Vector { dim, lanes, count } = choice.vector;
    let columns = name(dim);
    let (left, right) = operands(&columns);
    let blocks: Sizes = choice.block.iter().chain(&choice.stretch).map(|(d, size)| (name(*d), *size)).collect();
    let mut registers: Sizes = choice.tile.iter().map(|(d, size)| (name(*d), *size)).collect();
    registers.push((columns.clone(), lanes * count));
    let mut tiles = vec![hwk::Tile { level: REGISTERS.into(), sizes: registers }];
    if !blocks.is_empty() {
        tiles.insert(0, hwk::Tile { level: CACHE.into(), sizes: blocks });
    }
    let mut pack = vec![];
    if choice.copies_left {
        pack.push((left.to_string(), Packing::Block));
    }
    pack.push((right.to_string(), if choice.constant { Packing::Constant } else { Packing::Block }));
    let vector = Some(hwk::Vector { dim: columns, lanes, count });
    hwk::Schedule { inner: Inner::Tile, tiles, order: order(choice, space), vector, pack, ..hwk::Schedule::default() }
}

/// The loops from the outside in: batches, stretches, blocks, panels and rows of tiles, reductions.
fn order(choice: &Choice, space: &Space) -> Vec<String> {
    let reduces = |name: &str| space.class.role(name).is_some_and(|role| role.reduces);
    let batches = |name: &str| name.starts_with('b');
    let columns = &space.dims[choice.vector.dim].0;
    let stem = &columns[..1];
    let names = || space.dims.iter().map(|(name, _)| name.clone());
    let panels = names().filter(|name| name.starts_with(stem) && !batches(name));
    let rows = names().filter(|name| !name.starts_with(stem) && !batches(name) && !reduces(name));
    let inner: Vec<String> =
        if choice.panels_inside { rows.chain(panels).collect() } else { panels.chain(rows).collect() };
    let outer = choice.stretch.iter().chain(&choice.block).map(|(d, _)| space.dims[*d].0.clone());
    names().filter(|name| batches(name)).chain(outer).chain(inner).chain(names().filter(|name| reduces(name))).collect()
}

/// The choice that an attribute says for a nest.
///
/// # Errors
/// Everything in it that the nest or its generator cannot do.
pub fn from_attribute<'c>(
    attribute: &hwk::Schedule,
    space: &Space,
    source: &Structured<'c>,
    facts: &Facts,
    constants: &[Val<'c>],
) -> Result<Choice, Vec<String>> {
    let number = |name: &str| space.dims.iter().position(|(dim, _)| dim == name);
    let reduces = |d: usize| source.nest.is_reduction(d);
    let vector = attribute.vector.as_ref().and_then(|v| Some((number(&v.dim)?, v)));
    let Some((dim, vector)) = vector else { return Err(vec!["inner kernel `tile` runs in vectors".into()]) };
    let (left, right) = operands(&vector.dim);
    let sizes = |level: &str| -> Vec<(usize, i64)> {
        let tiles = attribute.tiles.iter().filter(|tile| tile.level == level).flat_map(|tile| &tile.sizes);
        tiles.filter_map(|(name, size)| Some((number(name)?, *size))).collect()
    };
    let (stretches, blocks): (Vec<_>, Vec<_>) = sizes(CACHE).into_iter().partition(|(d, _)| reduces(*d));
    let tile = sizes(REGISTERS).into_iter().filter(|(d, size)| *d != dim && *size > 1).collect();
    let place = |is: &dyn Fn(usize) -> bool| attribute.order.iter().rposition(|name| number(name).is_some_and(is));
    let in_rows = |d: usize| !reduces(d) && d != dim && !space.dims[d].0.starts_with('b');
    let choice = Choice {
        vector: Vector { dim, lanes: vector.lanes, count: vector.count },
        tile,
        block: blocks.first().copied(),
        stretch: stretches.first().copied(),
        constant: attribute.packing(right) == Packing::Constant,
        copies_left: attribute.packing(left) != Packing::None,
        panels_inside: place(&|d| d == dim) > place(&in_rows),
    };
    let mut problems = contraction::problems(&choice, source, facts, constants);
    let checks = [
        (stretches.len() > 1, "blocks cut one reduction"),
        (blocks.len() > 1, "blocks cut one dimension of rows"),
        (attribute.packing(right) == Packing::None, "inner kernel `tile` reads its vectors from a packed operand"),
        (attribute.packing(left) == Packing::Constant, "the operand whose elements are broadcast is not packed ahead"),
    ];
    problems.extend(checks.iter().filter(|(wrong, _)| *wrong).map(|(_, what)| what.to_string()));
    if !attribute.order.is_empty() && problems.is_empty() && attribute.order != order(&choice, space) {
        problems.push(format!("the loops would have to be in the order [{}]", order(&choice, space).join(", ")));
    }
    if problems.is_empty() { Ok(choice) } else { Err(problems) }
}
