//! The legal schedules of a kernel, out of a table.

use super::{Class, Inner, Packing, Schedule, Space, Target, Tile, Vector, verify};

/// What is tried for a class of kernels.
#[derive(Debug)]
struct Choices {
    class: Class,
    inner: &'static [Inner],
    /// Roles whose dimensions may run in vectors, and how many vectors side by side.
    vectors: &'static [&'static str],
    counts: &'static [i64],
    /// Roles of which up to two dimensions have several iterations in registers, and how many; 0 stands for as many as
    /// a vector has lanes.
    tiled: &'static [&'static str],
    sizes: &'static [i64],
    orders: &'static [Order],
}

/// How loops follow each other.
#[derive(Clone, Copy, Debug)]
enum Order {
    /// As the generator of the loops likes it.
    Free,
    /// As the space has the dimensions.
    Given,
    /// Loops over results the other way round.
    Reversed,
}

const COUNTS: &[i64] = &[1, 2, 3, 4, 6, 8];
/// Vectors side by side where there is no accumulator to keep.
const FEW: &[i64] = &[1, 2, 4];
const SIZES: &[i64] = &[2, 3, 4, 5, 6, 7, 8, 10, 12, 13, 14, 16];
const ORDERS: &[Order] = &[Order::Free, Order::Given, Order::Reversed];
const BLOCKED: &[Inner] = &[Inner::Loops, Inner::Tile];
const ROWS: &[Inner] = &[Inner::Loops, Inner::Rows];

#[rustfmt::skip]
const CHOICES: &[Choices] = &[
    Choices { class: Class::Contraction,        inner: BLOCKED,         vectors: &["n", "m", "k"], counts: COUNTS, tiled: &["m", "n"],      sizes: SIZES, orders: ORDERS },
    Choices { class: Class::BatchedContraction, inner: BLOCKED,         vectors: &["n", "m", "k"], counts: COUNTS, tiled: &["m", "n"],      sizes: SIZES, orders: ORDERS },
    Choices { class: Class::Convolution,        inner: BLOCKED,         vectors: &["n", "m"],      counts: COUNTS, tiled: &["m", "n"],      sizes: SIZES, orders: ORDERS },
    Choices { class: Class::Depthwise,          inner: &[Inner::Loops], vectors: &["b", "m"],      counts: COUNTS, tiled: &["b", "m"],      sizes: SIZES, orders: ORDERS },
    Choices { class: Class::Reduction,          inner: ROWS,            vectors: &["cols", "rows"], counts: COUNTS, tiled: &["rows"],       sizes: &[2, 4, 8], orders: &[Order::Free] },
    Choices { class: Class::Normalization,      inner: ROWS,            vectors: &["cols", "rows"], counts: COUNTS, tiled: &["rows"],       sizes: &[2, 4, 8], orders: &[Order::Free] },
    Choices { class: Class::Softmax,            inner: ROWS,            vectors: &["cols", "rows"], counts: COUNTS, tiled: &["rows"],       sizes: &[2, 4, 8], orders: &[Order::Free] },
    Choices { class: Class::Elementwise,        inner: ROWS,            vectors: &["d"],           counts: FEW,    tiled: &["d"],           sizes: &[0],  orders: &[Order::Given, Order::Reversed] },
    Choices { class: Class::Transposition,      inner: ROWS,            vectors: &["d"],           counts: FEW,    tiled: &["d"],           sizes: &[0],  orders: &[Order::Given, Order::Reversed] },
    Choices { class: Class::Gather,             inner: ROWS,            vectors: &[],              counts: &[],    tiled: &[],              sizes: &[],   orders: ORDERS },
];

/// The level of the innermost tiles.
const REGISTERS: &str = "registers";

/// Every schedule of the table that is legal for a space on a target, without repetitions.
pub fn enumerate(space: &Space, target: &Target) -> Vec<Schedule> {
    let mut all = vec![];
    let lanes = widest_vector(space, target);
    for choices in CHOICES.iter().filter(|choices| choices.class == space.class) {
        if choices.vectors.is_empty() {
            let pairs = choices.inner.iter().flat_map(|inner| choices.orders.iter().map(move |order| (*inner, *order)));
            all.extend(pairs.map(|(inner, order)| Schedule {
                inner,
                order: loops(space, order),
                ..Schedule::default()
            }));
        }
        for vector in vectors(space, choices, lanes) {
            for tile in tiles(space, choices, &vector) {
                for inner in choices.inner {
                    for order in choices.orders {
                        all.extend(schedules(space, *inner, *order, &vector, &tile));
                    }
                }
            }
        }
    }
    all.retain(|schedule| verify(schedule, space, Some(target)).is_empty());
    let mut seen = std::collections::HashSet::new();
    all.retain(|schedule| seen.insert(schedule.clone()));
    all
}

/// The legal ways to divide the loops of a schedule among threads, other than its own: by one dimension, or not at all.
pub fn divisions(schedule: &Schedule, space: &Space, target: &Target) -> Vec<Schedule> {
    let one = space.dims.iter().map(|(dim, _)| vec![dim.clone()]);
    let all = one.chain([vec![]]).map(|threads| Schedule { threads: Some(threads), ..schedule.clone() });
    all.filter(|other| other != schedule && verify(other, space, Some(target)).is_empty()).collect()
}

fn widest_vector(space: &Space, target: &Target) -> i64 {
    target.registers().0 / space.bits.max(1)
}

/// The dimensions with one of these roles.
fn with_role<'a>(space: &'a Space, roles: &'a [&str]) -> impl Iterator<Item = (&'a str, i64)> {
    let has = |dim: &str| space.class.role(dim).is_some_and(|role| roles.contains(&role.name));
    space.dims.iter().filter(move |(dim, _)| has(dim)).map(|(dim, extent)| (dim.as_str(), *extent))
}

fn vectors(space: &Space, choices: &Choices, lanes: i64) -> Vec<Vector> {
    let mut all = vec![];
    for (dim, extent) in with_role(space, choices.vectors) {
        // A row much shorter than a vector takes the next power of two.
        let lanes = lanes.min(extent.max(2).unsigned_abs().next_power_of_two() as i64);
        let counts = choices.counts.iter().filter(|count| (**count - 1) * lanes < extent);
        all.extend(counts.map(|&count| Vector { dim: dim.to_string(), lanes, count }));
    }
    all
}

/// Tiles in registers: that of the vector's dimension, and of up to two others.
fn tiles(space: &Space, choices: &Choices, vector: &Vector) -> Vec<Tile> {
    let covered = (vector.dim.clone(), vector.lanes * vector.count);
    let with = |others: &[(&str, i64)]| {
        let mut sizes = vec![covered.clone()];
        sizes.extend(others.iter().map(|(dim, size)| (dim.to_string(), *size)));
        // In the order of the space, as they are printed elsewhere.
        sizes.sort_by_key(|(dim, _)| space.dims.iter().position(|(name, _)| name == dim));
        Tile { level: REGISTERS.into(), sizes }
    };
    let size = |size: i64| if size == 0 { vector.lanes } else { size };
    let others: Vec<(&str, i64)> = with_role(space, choices.tiled).filter(|(dim, _)| *dim != vector.dim).collect();
    let mut all = vec![with(&[])];
    for (i, (a, _)) in others.iter().enumerate() {
        for &first in choices.sizes {
            all.push(with(&[(a, size(first))]));
            let seconds = others[i + 1..].iter().filter(|_| space.class.accumulates());
            let pairs = seconds.flat_map(|(b, _)| choices.sizes.iter().map(move |second| (*b, *second)));
            all.extend(pairs.map(|(b, second)| with(&[(a, size(first)), (b, size(second))])));
        }
    }
    all
}

/// The loops from the outside in; none where the generator chooses.
fn loops(space: &Space, order: Order) -> Vec<String> {
    let reduces = |dim: &str| space.class.role(dim).is_some_and(|role| role.reduces);
    let names = || space.dims.iter().map(|(dim, _)| dim.clone());
    let mut results: Vec<String> = names().filter(|dim| !reduces(dim)).collect();
    if matches!(order, Order::Reversed) {
        results.reverse();
    }
    match order {
        Order::Free => vec![],
        _ => results.into_iter().chain(names().filter(|dim| reduces(dim))).collect(),
    }
}

fn schedules(space: &Space, inner: Inner, order: Order, vector: &Vector, tile: &Tile) -> Vec<Schedule> {
    let order = loops(space, order);
    let schedule =
        Schedule { inner, tiles: vec![tile.clone()], order, vector: Some(vector.clone()), ..Schedule::default() };
    if inner != Inner::Tile {
        return vec![schedule];
    }
    // Packed operands leave one order for each choice of the rest.
    if !schedule.order.is_empty() {
        return vec![];
    }
    let operand = if vector.dim.starts_with('m') { "lhs" } else { "rhs" };
    let packed = |packing| Schedule { pack: vec![(operand.to_string(), packing)], ..schedule.clone() };
    vec![packed(Packing::Constant), packed(Packing::Block)]
}
