//! Contractions over packed operands.
//!
//! A contraction multiplies a *left* operand, of which elements are broadcast, with a *right* operand, of which vectors
//! are loaded along the innermost dimension of the result. The right operand is packed into panels: for a register
//! tile's width of columns, all that the reductions visit, in their order. A panel is read front to back, whatever the
//! shape, so it neither strides over memory nor competes with itself for the sets of a cache. A right operand that is a
//! constant of the model is stored packed; another one is packed first, if it is used often enough.
//!
//! A panel stays in the second-level cache while blocks of the left operand pass; a left operand whose rows compete for
//! the same sets of the first-level cache is read a few rows at a time. A schedule may have it copied to rows that do not
//! compete instead.

mod blocks;
mod cache;
mod copy;
mod panels;

pub use cache::Cache;

use melior::ir::ValueLike;

use self::{cache::LINE, panels::Layout};
use super::{
    Shape,
    analyze::{Operand, Structured},
    facts,
    memory_use::{is_view, root},
    nest::{Access, Kind, Nest, ceil_div},
    partition::Division,
    schedule::{Facts, Schedule, Vector},
};
use crate::codegen::{
    ir::{self, Builder, Op, Val},
    plan::order::Order,
};

/// Uses of each element from which packing while the model runs pays.
const OFTEN: i64 = 24;

/// A part of a contraction, with how it runs.
pub struct Piece<'c> {
    pub source: Structured<'c>,
    pub schedule: Schedule,
    /// The dimension of the contraction that each of its dimensions is a part of; nothing for a copy.
    dims: Option<Vec<usize>>,
    /// The input that the kernel packs itself.
    packed: Option<usize>,
}

impl Piece<'_> {
    /// How threads divide the piece, where they divide the contraction so.
    pub fn division(&self, whole: &Division) -> Division {
        self.dims.as_ref().map_or_else(Division::default, |dims| whole.of_piece(dims.clone(), self.packed))
    }
}

/// A contraction as pieces that run one after another, copies to packed operands first.
pub struct Plan<'c> {
    pub pieces: Vec<Piece<'c>>,
    /// The argument of the kernel that is expected in another order.
    pub packed: Option<(Val<'c>, Order)>,
}

/// Which operand is which, and the dimension that runs in vectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Roles {
    left: usize,
    right: usize,
    columns: usize,
}

/// What is chosen about a contraction. Dimensions are those of its nest.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// The columns of a panel: the dimension that runs in vectors, and how many of them stand side by side.
    pub vector: Vector,
    /// Rows of a tile in registers, by dimension.
    pub tile: Vec<(usize, i64)>,
    /// Rows of the left operand that stay in the second-level cache while panels pass.
    pub block: Option<(usize, i64)>,
    /// Reductions that are summed in registers at a stretch; what they sum waits in the memory of the result.
    pub stretch: Option<(usize, i64)>,
    /// The right operand is stored packed, not packed while the model runs.
    pub constant: bool,
    /// The left operand is copied to rows that do not compete for the sets of a cache.
    pub copies_left: bool,
    /// All panels pass for each row of tiles, instead of all rows for each panel.
    pub panels_inside: bool,
}

impl Choice {
    /// The inputs of a nest that are copied: the right one, whose columns run in vectors, and maybe the left one.
    pub fn packed(&self, nest: &Nest) -> Vec<usize> {
        let is_right = |i: usize| nest.inputs[i].strides[self.vector.dim] != 0;
        (0..nest.inputs.len()).filter(|i| is_right(*i) || self.copies_left).collect()
    }
}

/// The choice that promises to be the fastest; nothing if the nest is no contraction, or packing gains nothing.
/// `constants` are the kernel's arguments that are constants of the model wherever the kernel is called.
pub fn choose<'c>(source: &Structured<'c>, shape: Shape, constants: &[Val<'c>]) -> Option<Choice> {
    let facts = facts(source, shape);
    let roles = roles(source, &facts)?;
    let nest = &source.nest;
    let constant = constant(source, roles, constants).is_some();
    if !constant && !pays(nest, roles, &facts, shape) {
        return None;
    }
    let stretch = blocks::stretch(nest, roles, &facts, shape);
    let most = copy::most_rows(nest, roles, &facts, shape);
    let vector = panels::width(nest, roles, &facts, most)?;
    let (tile, block, panels_inside) = blocks::tile(nest, roles, vector, stretch, most, &facts, shape)?;
    // A few rows at a time compete no more, and nothing has to be copied.
    Some(Choice { vector, tile, block, stretch, constant, copies_left: false, panels_inside })
}

/// Everything about a choice that the nest cannot do.
pub fn problems<'c>(choice: &Choice, source: &Structured<'c>, facts: &Facts, constants: &[Val<'c>]) -> Vec<String> {
    let Some(roles) = roles(source, facts) else {
        return vec!["the loops are no product of two operands with columns that fill a vector".into()];
    };
    let rows = blocks::rows(&source.nest, roles);
    let checks = [
        (choice.vector.dim != roles.columns, "vectors run along the innermost dimension of the result"),
        (choice.vector.lanes != facts.lanes(), "vectors fill a register of the machine"),
        (choice.tile.iter().any(|(d, _)| !rows.contains(d)), "a tile has rows of the left operand beside its vectors"),
        (choice.block.is_some_and(|(d, _)| !rows.contains(&d)), "a block has rows of the left operand"),
        (choice.stretch.is_some_and(|(d, _)| !source.nest.is_reduction(d)), "a stretch is of a reduction"),
        (
            choice.constant && constant(source, roles, constants).is_none(),
            "the operand to pack as a constant is none wherever the kernel is called",
        ),
        (
            choice.copies_left && copy::matrix(&source.nest, roles).is_none(),
            "the left operand is no matrix whose rows could be set apart",
        ),
    ];
    checks.iter().filter(|(wrong, _)| *wrong).map(|(_, what)| what.to_string()).collect()
}

/// Writes down a choice as pieces. Copies are allocated at `b`. Nothing if the nest is not what the choice is for.
pub fn plan<'c>(
    b: &Builder<'c>,
    source: &Structured<'c>,
    choice: &Choice,
    shape: Shape,
    constants: &[Val<'c>],
) -> Option<Plan<'c>> {
    let facts = facts(source, shape);
    let roles = roles(source, &facts)?;
    let layout = Layout::new(&source.nest, roles, choice.vector);
    let most = if choice.copies_left { i64::MAX } else { copy::most_rows(&source.nest, roles, &facts, shape) };
    let mut pieces = vec![];
    let mut source = source.clone();
    let constant = constant(&source, roles, constants).filter(|_| choice.constant);
    if constant.is_none() {
        let packed = copy::allocate(b, source.inputs[roles.right].buffer()?, elements(&source.nest, roles.right));
        pieces.extend(layout.copies(&source, roles, packed, &facts));
        source.inputs[roles.right] = Operand::Buffer(packed);
    }
    if choice.copies_left {
        pieces.push(copy::set_rows_apart(b, &mut source, roles, &facts)?);
    }
    for part in layout.parts(&source.nest, roles) {
        for stretch in blocks::stretches(part, &source, choice) {
            for (nest, schedule, dims) in blocks::blocked(&stretch.part, roles, choice, most, &facts) {
                pieces.push(Piece {
                    source: Structured { nest, ..stretch.source.clone() },
                    schedule,
                    dims: Some(dims),
                    packed: constant.is_none().then_some(roles.right),
                });
            }
        }
    }
    Some(Plan { pieces, packed: constant.map(|argument| (argument, layout.order)) })
}

fn roles(source: &Structured, facts: &Facts) -> Option<Roles> {
    let nest = &source.nest;
    let body = source.body.as_ref()?;
    if source.during.is_some()
        || !facts.vectorizable
        || !facts.associative
        || !nest.has_reductions()
        || body.outputs.len() != 1
    {
        return None;
    }
    let read: Vec<usize> = (0..nest.inputs.len()).filter(|&i| facts.reads[i]).collect();
    let [first, second] = read[..] else { return None };
    let lanes = facts.lanes();
    let output = &nest.outputs[0];
    let columns = nest.of_kind(Kind::Parallel).find(|&d| output.strides[d] == 1 && nest.dims[d].extent >= lanes)?;
    let uses = |i: usize| nest.inputs[i].strides[columns] != 0;
    let (left, right) = match (uses(first), uses(second)) {
        (false, true) => (first, second),
        (true, false) => (second, first),
        _ => return None,
    };
    let is_plain = nest.dims.iter().all(|d| d.index_of.is_none());
    (is_plain && is_injective(nest, &nest.inputs[right])).then_some(Roles { left, right, columns })
}

/// Whether no two iterations of the dimensions an access depends on meet at one element.
fn is_injective(nest: &Nest, access: &Access) -> bool {
    let mut dims: Vec<(i64, i64)> = used(access).map(|d| (access.strides[d], nest.dims[d].extent)).collect();
    dims.sort_unstable();
    dims.iter().all(|(stride, _)| *stride > 0) && dims.windows(2).all(|w| w[0].0 * w[0].1 <= w[1].0)
}

fn used(access: &Access) -> impl Iterator<Item = usize> + '_ {
    (0..access.strides.len()).filter(|&d| access.strides[d] != 0)
}

/// How many elements of an input the nest visits.
fn elements(nest: &Nest, input: usize) -> i64 {
    used(&nest.inputs[input]).map(|d| nest.dims[d].extent).product()
}

/// The argument of the kernel that the right operand is all of, if it is a constant and nothing else looks at it.
fn constant<'c>(source: &Structured<'c>, roles: Roles, constants: &[Val<'c>]) -> Option<Val<'c>> {
    let argument = root(source.inputs[roles.right].buffer()?).filter(|r| constants.contains(r))?;
    let all = ir::element_count(&ir::static_shape(argument.r#type())?)?;
    let covers = source.nest.inputs[roles.right].offset == 0 && elements(&source.nest, roles.right) as u64 == all;
    (covers && only_user(argument, source.op)).then_some(argument)
}

/// Whether an operation is the only one that accesses a buffer, directly or through views.
fn only_user<'c>(buffer: Val<'c>, op: Op<'c>) -> bool {
    ir::users(buffer).into_iter().all(|user| {
        user == op
            || (is_view(user) && ir::results(user).into_iter().all(|r| !ir::is_memref(r.r#type()) || only_user(r, op)))
    })
}

/// Whether packing the right operand while the model runs saves more than it costs.
fn pays(nest: &Nest, roles: Roles, facts: &Facts, shape: Shape) -> bool {
    let right = &nest.inputs[roles.right];
    let uses: i64 =
        nest.of_kind(Kind::Parallel).filter(|&d| right.strides[d] == 0).map(|d| nest.dims[d].extent).product();
    if uses < OFTEN {
        return false;
    }
    if right.strides[roles.columns] != 1 {
        return true;
    }
    // Two lines of each row make the panel of a tile.
    let lanes = facts.lanes();
    nest.of_kind(Kind::Reduction).filter(|&d| right.strides[d] != 0).any(|d| {
        let lines = ceil_div(2 * lanes * right.bytes, LINE);
        !shape.l2().holds(nest.dims[d].extent, right.strides[d] * right.bytes, lines)
    })
}
