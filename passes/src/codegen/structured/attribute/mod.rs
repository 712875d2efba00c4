//! The seam between schedules as attributes of the dialect `hwk`, which name dimensions by their roles, and the choices
//! of code generation, which number the dimensions of a nest.

mod class;
mod packing;
pub mod threads;

use hwc_dialects::hwk::{self, Class, Estimate, Inner, Space};
use hwc_dialects::mlir::hwk as mlir;
use melior::{Context, ir::operation::OperationLike};

use super::{
    Options,
    analyze::Structured,
    body::Body,
    contraction::{self, Choice},
    effort::{Effort, effort},
    nest::{Access, Kind, Nest},
    partition::Division,
    rows::{self, Group, How, Member},
    schedule::{self, Facts, Schedule, Vector},
    traffic,
};
use crate::codegen::{
    error::{CodegenError, Result},
    ir::{self, Op},
};

/// What the attributes of a function are called that says of a kernel what `hwk.kernel` says in its clauses.
pub fn attribute_name(clause: &str) -> String {
    format!("hwk.{clause}")
}

/// What was chosen for a kernel, by its function's attributes.
///
/// # Errors
/// [`CodegenError::Unsupported`] naming the kernel, where they are no such attributes.
pub fn read(kernel: Op<'_>) -> Result<mlir::Choice> {
    mlir::Choice::read(|clause| kernel.attribute(&attribute_name(clause)).ok()).map_err(|errors| {
        let name = ir::symbol(kernel).unwrap_or("?");
        CodegenError::Unsupported(errors.into_iter().map(|error| format!("@{name} {error}")).collect())
    })
}

/// Writes what was chosen to a function's attributes.
pub fn write<'c>(context: &'c Context, kernel: Op<'c>, choice: &mlir::Choice) {
    for (clause, attribute) in choice.attributes(context) {
        ir::set_attribute(kernel, &attribute_name(clause), attribute);
    }
}

/// Takes the schedule that a kernel has for its most expensive nest, or gives it the one chosen for that.
///
/// # Errors
/// [`CodegenError::Unsupported`] with everything that keeps the schedule from fitting the nest.
pub fn settle<'c>(context: &'c Context, kernel: Op<'c>, groups: &mut [Group<'c>], options: &Options<'c>) -> Result<()> {
    let mut choice = read(kernel)?;
    let name = ir::symbol(kernel).unwrap_or("?");
    let refuse = |problems: Vec<String>| {
        let lines = problems.into_iter().map(|p| format!("the schedule of @{name} does not fit: {p}"));
        CodegenError::Unsupported(lines.collect())
    };
    let rows = class::rows(groups);
    let Some((anchor, group)) = anchor(groups, options) else {
        let nothing = || refuse(vec!["the kernel has no loops to schedule".into()]);
        return choice.schedule.map_or(Ok(()), |_| Err(nothing()));
    };
    let spaces = anchor.spaces(rows.as_ref());
    let Some(given) = &choice.schedule else {
        let Some((space, mut schedule)) = anchor.described(spaces, choice.target.as_ref()) else { return Ok(()) };
        group.members[anchor.member].how = anchor.packed.map_or(How::Nest(anchor.chosen), How::Packed);
        group.division.is_anchor = true;
        schedule.stream = rows::streams(group, options.shape);
        (choice.space, choice.schedule) = (Some(space), Some(schedule));
        write(context, kernel, &choice);
        return Ok(());
    };
    let mut problems = choice.problems();
    let same = |space: &&Space| choice.space.as_ref().is_some_and(|given| given.dims == space.dims);
    let Some(space) = spaces.iter().find(same).or(spaces.first()) else { return Ok(()) };
    if let Some(other) = choice.space.as_ref().filter(|other| other.dims != space.dims) {
        problems.push(format!("its space is <{other}>, the loops are <{space}>"));
    }
    if problems.is_empty() {
        match anchor.obey(given, space, options) {
            Ok(how) => {
                group.members[anchor.member].how = how;
                group.may_stream = given.stream;
                group.division =
                    Division { given: threads::given(given, space), is_anchor: true, ..Division::default() };
                if given.stream && !rows::streams(group, options.shape) {
                    problems.push("results are streamed that are large, not read again, and whole lines".into());
                }
            }
            Err(wrong) => problems = wrong,
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(refuse(problems)) }
}

/// The schedules that there are for the most expensive nest of a kernel, with what is expected of it by each.
#[derive(Clone, Debug)]
pub struct Alternatives {
    pub space: Space,
    /// What estimates prefer.
    pub own: (hwk::Schedule, Estimate),
    /// All others that are legal, those expected to be fastest first.
    pub others: Vec<(hwk::Schedule, Estimate)>,
}

/// Schedules that a kernel may have; none where it has no nest to schedule.
pub fn alternatives<'c>(kernel: Op<'c>, options: &Options<'c>) -> Result<Option<Alternatives>> {
    let Some(target) = read(kernel)?.target else { return Ok(None) };
    let (mut groups, _) = super::groups(kernel, options);
    let rows = class::rows(&groups);
    let Some((anchor, group)) = anchor(&mut groups, options) else { return Ok(None) };
    let described = anchor.described(anchor.spaces(rows.as_ref()), Some(&target));
    let Some((space, mut preferred)) = described else { return Ok(None) };
    // What the default cuts for a cache may suit other tiles as well.
    let own = anchor.packed.as_ref().map(|packed| packing::to_attribute(packed, &space));
    let cut = own.iter().flat_map(|own| &own.tiles).find(|tile| tile.level != REGISTERS);
    let in_blocks = |schedule: &hwk::Schedule| {
        let cut = cut.filter(|_| schedule.inner == Inner::Tile)?;
        let tiles = [cut].into_iter().chain(&schedule.tiles).cloned().collect();
        Some(hwk::Schedule { tiles, ..schedule.clone() })
    };
    let hwk::Target::Cpu(cpu) = &target;
    let caches = [cpu.l1, cpu.l2, cpu.l3];
    let mut all: Vec<(hwk::Schedule, Estimate)> = vec![];
    for schedule in hwk::enumerate(&space, &target) {
        let blocked = in_blocks(&schedule).filter(|s| hwk::verify(s, &space, Some(&target)).is_empty());
        for schedule in blocked.into_iter().chain([schedule]) {
            let Ok(how) = anchor.obey(&schedule, &space, options) else { continue };
            let estimate = anchor.estimate(&how, caches);
            group.members[anchor.member].how = how;
            if rows::streams(group, options.shape) {
                all.push((hwk::Schedule { stream: true, ..schedule.clone() }, estimate));
            }
            all.push((schedule, estimate));
        }
    }
    all.sort_by(|a, b| a.1.cycles.total_cmp(&b.1.cycles));
    let how = anchor.obey(&preferred, &space, options).unwrap_or(How::Open);
    let estimate = anchor.estimate(&how, caches);
    group.members[anchor.member].how = how;
    preferred.stream = rows::streams(group, options.shape);
    Ok(Some(Alternatives { space, own: (preferred, estimate), others: all }))
}

/// What packing is expected to leave of a product's time.
const PACKED: f64 = 0.9;

/// The most expensive nest of a kernel, which its schedule is about.
struct Anchor<'c> {
    /// Its number in its group.
    member: usize,
    /// What remains of it within shared loops, and all of it.
    source: Structured<'c>,
    whole: Structured<'c>,
    shared: usize,
    alone: bool,
    facts: Facts,
    /// The schedule that our estimates prefer, and whether operands are packed for another one.
    chosen: Schedule,
    packed: Option<Choice>,
}

fn anchor<'a, 'c>(groups: &'a mut [Group<'c>], options: &Options<'c>) -> Option<(Anchor<'c>, &'a mut Group<'c>)> {
    let mut best: Option<(f64, usize, Anchor)> = None;
    for (number, group) in groups.iter().enumerate() {
        let shared = &group.shared[..];
        let alone = shared.is_empty() && group.members.len() == 1;
        for (member, Member { source, .. }) in group.members.iter().enumerate() {
            let (inner, whole) = (group.members[member].inner().clone(), group.members[member].whole(shared));
            let [inner, whole] = [inner, whole].map(|nest| Structured { nest, ..source.clone() });
            let facts = super::facts(&inner, options.shape);
            let chosen = schedule::choose(&inner.nest, &facts);
            let cost = shared.iter().product::<i64>() as f64 * chosen.cost;
            if !whole.nest.dims.is_empty() && best.as_ref().is_none_or(|(most, ..)| cost > *most) {
                let shared = shared.len();
                let anchor = Anchor { member, source: inner, whole, shared, alone, facts, chosen, packed: None };
                best = Some((cost, number, anchor));
            }
        }
    }
    let (_, number, mut anchor) = best?;
    if anchor.alone {
        anchor.packed = contraction::choose(&anchor.source, options.shape, &options.constants);
    }
    Some((anchor, groups.get_mut(number)?))
}

impl<'c> Anchor<'c> {
    /// The iteration space, by what the kernel does with the nest where that is known, and by the loops alone.
    fn spaces(&self, rows: Option<&class::Rows>) -> Vec<Space> {
        let nest = &self.whole.nest;
        let plain = space(&self.whole, &self.facts);
        let is_plain = matches!(plain.class, Class::Reduction | Class::Elementwise | Class::Transposition);
        let gathers = class::gathered(nest, &self.source).map(|roles| (Class::Gather, roles));
        let works_on = || rows.and_then(|rows| Some((rows.class, rows.roles(nest, &self.source, self.shared)?)));
        let refined = gathers.or_else(works_on).filter(|_| is_plain);
        let refined = refined.map(|(class, roles)| of_roles(class, &roles, nest, &self.facts));
        refined.into_iter().chain([plain]).collect()
    }

    /// What is chosen, in the first of these spaces in which it is legal.
    fn described(&self, spaces: Vec<Space>, target: Option<&hwk::Target>) -> Option<(Space, hwk::Schedule)> {
        let all = spaces.into_iter().map(|space| {
            let schedule = match &self.packed {
                Some(packed) => packing::to_attribute(packed, &space),
                None => to_attribute(&self.chosen, &space, self.shared),
            };
            (space, schedule)
        });
        let all: Vec<_> = all.collect();
        let legal = all.iter().find(|(space, schedule)| hwk::verify(schedule, space, target).is_empty());
        legal.or(all.last()).cloned()
    }

    /// What is expected of what remains within shared loops, and of the memory of all. What packing itself takes is not in it,
    /// which is fair among products of packed operands.
    fn estimate(&self, how: &How, caches: [i64; 3]) -> Estimate {
        let nest = &self.source.nest;
        let of_choice =
            |choice: &Choice| schedule::given(nest, &self.facts, Some(choice.vector), choice.tile.clone(), None);
        let (schedule, share) = match how {
            How::Open => (self.chosen.clone(), 1.0),
            How::Nest(schedule) => (schedule.clone(), 1.0),
            How::Packed(choice) => (of_choice(choice), PACKED),
        };
        let Effort { cycles, loads, shuffles, arithmetic, stores } = effort(nest, &self.facts, &schedule) * share;
        let packed = match how {
            How::Packed(choice) => choice.packed(nest),
            _ => vec![],
        };
        let lines = traffic::lines(&self.whole.nest, &schedule, self.shared, &packed, caches);
        Estimate { cycles, loads, shuffles, arithmetic, stores, lines }
    }

    /// How the nest is written by somebody else's schedule.
    fn obey(
        &self,
        given: &hwk::Schedule,
        space: &Space,
        options: &Options<'c>,
    ) -> std::result::Result<How, Vec<String>> {
        if given.inner == Inner::Tile && self.alone {
            return packing::from_attribute(given, space, &self.source, &self.facts, &options.constants)
                .map(How::Packed);
        }
        from_attribute(given, space, self.shared, &self.source.nest, &self.facts).map(How::Nest)
    }
}

/// The iteration space of a nest: its dimensions, in the nest's order, by their roles.
pub fn space(source: &Structured, facts: &Facts) -> Space {
    let nest = &source.nest;
    let product = source.body.as_ref().and_then(|body| factors(nest, body, facts));
    let (class, roles) = match product {
        Some((lhs, rhs)) => contraction(nest, &nest.inputs[lhs], &nest.inputs[rhs]),
        None => {
            let class = match &source.body {
                _ if nest.has_reductions() => Class::Reduction,
                Some(body) if !body.ops.is_empty() => Class::Elementwise,
                _ => Class::Transposition,
            };
            let role = |d: usize| match (class, nest.is_reduction(d)) {
                (Class::Reduction, false) => "rows",
                (Class::Reduction, true) => "cols",
                _ => "d",
            };
            (class, (0..nest.dims.len()).map(role).collect())
        }
    };
    of_roles(class, &roles, nest, facts)
}

/// The space of a nest whose dimensions have these roles.
fn of_roles(class: Class, roles: &[&'static str], nest: &Nest, facts: &Facts) -> Space {
    let name = |d: usize| {
        let same = |range: &[&str]| range.iter().filter(|role| **role == roles[d]).count();
        if same(roles) == 1 { roles[d].to_string() } else { format!("{}{}", roles[d], same(&roles[..d])) }
    };
    let dims = nest.dims.iter().enumerate().map(|(d, dim)| (name(d), dim.extent)).collect();
    Space { class, dims, bits: facts.widest * 8 }
}

/// The two inputs whose products are summed, if each is indexed by a dimension that does not index the other, or the
/// results are.
fn factors(nest: &Nest, body: &Body, facts: &Facts) -> Option<(usize, usize)> {
    let sums_products = body.reductions.as_ref()?.iter().all(|r| {
        let product =
            ir::defining_op(r.contribution).filter(|p| matches!(ir::name_of(*p), "arith.mulf" | "arith.muli"));
        r.combiner.kind == "add" && product.is_some_and(|p| ir::operand(p, 0) != ir::operand(p, 1))
    });
    if !sums_products {
        return None;
    }
    let reduced = |a: &Access| nest.of_kind(Kind::Reduction).any(|d| a.strides[d] != 0);
    let mut inputs = (0..nest.inputs.len()).filter(|&i| facts.reads[i] && reduced(&nest.inputs[i]));
    let (lhs, rhs) = (inputs.next()?, inputs.next()?);
    let (a, b) = (&nest.inputs[lhs], &nest.inputs[rhs]);
    let apart = |d: usize| (a.strides[d] == 0) != (b.strides[d] == 0);
    nest.of_kind(Kind::Parallel).any(apart).then_some((lhs, rhs))
}

/// Class and roles of a sum of products.
fn contraction(nest: &Nest, lhs: &Access, rhs: &Access) -> (Class, Vec<&'static str>) {
    // The operand whose windows overlap is the one that is convolved.
    let (lhs, rhs) = if overlaps(nest, rhs) && !overlaps(nest, lhs) { (rhs, lhs) } else { (lhs, rhs) };
    let role = |d: usize| match (nest.is_reduction(d), lhs.strides[d] != 0, rhs.strides[d] != 0) {
        (true, ..) => "k",
        (false, true, true) => "b",
        (false, false, true) => "n",
        (false, ..) => "m",
    };
    let roles: Vec<&str> = (0..nest.dims.len()).map(role).collect();
    let class = match () {
        () if overlaps(nest, lhs) && !roles.contains(&"n") => Class::Depthwise,
        () if overlaps(nest, lhs) => Class::Convolution,
        () if roles.contains(&"b") => Class::BatchedContraction,
        () => Class::Contraction,
    };
    (class, roles)
}

/// Whether several positions read the same element through different steps of a reduction.
fn overlaps(nest: &Nest, access: &Access) -> bool {
    let mut steps: Vec<(i64, i64)> =
        access.strides.iter().zip(&nest.dims).map(|(s, d)| (s.abs(), d.extent)).filter(|(s, _)| *s != 0).collect();
    steps.sort_unstable();
    let mut reach = 0;
    steps.iter().any(|(stride, extent)| {
        let meets = *stride <= reach;
        reach += stride * (extent - 1);
        meets
    })
}

/// A choice as an attribute. The first `shared` dimensions of the space are loops around the nest that was chosen for.
pub fn to_attribute(choice: &Schedule, space: &Space, shared: usize) -> hwk::Schedule {
    let name = |d: usize| space.dims[shared + d].0.clone();
    let vector = choice.vector.map(|v| hwk::Vector { dim: name(v.dim), lanes: v.lanes, count: v.count });
    let sizes: hwk::Sizes =
        (0..space.dims.len() - shared).map(|d| (name(d), choice.tile(d))).filter(|(_, size)| *size > 1).collect();
    let tiles = if sizes.is_empty() { vec![] } else { vec![hwk::Tile { level: REGISTERS.into(), sizes }] };
    let around = space.dims[..shared].iter().map(|(name, _)| name.clone());
    let order = around.chain(choice.parallel.iter().chain(&choice.reduction).map(|&d| name(d))).collect();
    let inner = if shared > 0 { Inner::Rows } else { Inner::Loops };
    hwk::Schedule { inner, tiles, order, vector, ..hwk::Schedule::default() }
}

/// The choice that an attribute says for a nest, around which the first `shared` dimensions of the space are loops.
///
/// # Errors
/// Everything in it that the nest or the generator of its loops cannot do.
pub fn from_attribute(
    attribute: &hwk::Schedule,
    space: &Space,
    shared: usize,
    nest: &Nest,
    facts: &Facts,
) -> std::result::Result<Schedule, Vec<String>> {
    let mut problems = vec![];
    let (around, inside) = space.dims.split_at(shared);
    let number = |name: &str| inside.iter().position(|(dim, _)| dim == name);
    let wanted = if shared > 0 { Inner::Rows } else { Inner::Loops }.info().name;
    let inner = attribute.inner.info().name;
    if inner != wanted {
        problems.push(format!("there is no inner kernel `{inner}` for these loops, only `{wanted}`"));
    }
    for (name, _) in around {
        let place = attribute.order.iter().position(|other| other == name);
        let tiled = attribute.tiles.iter().flat_map(|t| &t.sizes).any(|(other, size)| other == name && *size > 1);
        let vector = attribute.vector.as_ref().is_some_and(|v| v.dim == *name);
        if tiled || vector || place.is_some_and(|place| place >= shared) {
            problems.push(format!("`{name}` is an outer loop that several nests share, one iteration at a time"));
        }
    }
    let vector =
        attribute.vector.as_ref().and_then(|v| Some(Vector { dim: number(&v.dim)?, lanes: v.lanes, count: v.count }));
    if let Some(v) = &vector {
        let dim = &inside[v.dim].0;
        if !facts.vectorizable {
            problems.push("the kernel holds operations that do not run in vectors".into());
        } else if nest.is_reduction(v.dim) && !facts.associative {
            problems.push(format!("what is reduced along `{dim}` depends on the order and cannot run in vectors"));
        }
        if v.lanes * facts.widest > facts.vector_bytes {
            let (bits, have) = (facts.widest * 8, facts.vector_bytes * 8);
            problems.push(format!("{} lanes of {bits} bits are more than a vector, which has {have}", v.lanes));
        }
    }
    let mut unroll = vec![];
    for (name, size) in attribute.tiles.iter().filter(|t| t.level == REGISTERS).flat_map(|t| &t.sizes) {
        let Some(d) = number(name).filter(|d| vector.is_none_or(|v| v.dim != *d) && *size > 1) else { continue };
        if vector.is_none() {
            problems.push(format!("a tile along `{name}` without a vector"));
        }
        unroll.push((d, *size));
    }
    let mut order: Vec<usize> = vec![];
    for d in attribute.order.iter().filter_map(|name| number(name)) {
        if order.contains(&d) {
            problems.push(format!("the order names `{}` twice", inside[d].0));
        }
        order.push(d);
    }
    if order.iter().skip_while(|d| !nest.is_reduction(**d)).any(|d| !nest.is_reduction(*d)) {
        problems.push("the order has a dimension of the results inside of one that is reduced".into());
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let order = (!order.is_empty()).then_some(order);
    Ok(schedule::given(nest, facts, vector, unroll, order))
}

/// The level of the innermost tiles.
const REGISTERS: &str = "registers";
