//! The right operand in panels.

use super::{
    super::{
        analyze::Structured,
        nest::{Access, Kind, Nest, ceil_div},
        schedule::{self, Facts, Schedule, Vector},
    },
    Piece, Roles,
    blocks::rows,
    copy::copy,
};
use crate::codegen::{
    ir::Val,
    plan::order::{Order, Run},
};

/// A narrower panel is preferred to one that promises to be faster by less: threads share many panels better than few.
const NEAR: f64 = 1.01;

/// The width of panels that promises the fastest tile of at most so many rows in registers.
pub fn width(nest: &Nest, roles: Roles, facts: &Facts, most: i64) -> Option<Vector> {
    let (dim, lanes) = (roles.columns, facts.lanes());
    let counts = [1, 2, 3, 4, 6, 8].into_iter().filter(|count| count * lanes <= nest.dims[dim].extent);
    let vectors = counts.map(|count| Vector { dim, lanes, count });
    let cost = |vector: &Vector| -> f64 {
        let parts = Layout::new(nest, roles, *vector).parts(nest, roles);
        parts.iter().filter_map(|part| part.schedule(roles, most, facts)).map(|schedule| schedule.cost).sum()
    };
    let costs: Vec<(f64, Vector)> = vectors.map(|v| (cost(&v), v)).collect();
    let least = costs.iter().map(|(cost, _)| *cost).min_by(f64::total_cmp)?;
    costs.into_iter().find(|(cost, _)| *cost <= least * NEAR).map(|(_, v)| v)
}

/// A right operand in panels: outer dimensions, panels, reductions, columns; what is left of the columns after the last
/// whole panel follows as a narrower one.
pub struct Layout {
    vector: Vector,
    panels: i64,
    rest: i64,
    /// Rows of a panel.
    depth: i64,
    outer: Vec<(usize, i64)>,
    inner: Vec<(usize, i64)>,
    pub order: Order,
}

/// The iterations over panels of one width: the nest with the columns split into panels and columns of a panel.
pub struct Part {
    pub nest: Nest,
    /// The first column.
    pub first: i64,
    /// The dimension along which panels follow each other; the one after it runs in vectors.
    pub panel: usize,
    pub vector: Vector,
}

impl Layout {
    /// Where the elements of the right operand are in panels of these vectors.
    pub fn new(nest: &Nest, roles: Roles, vector: Vector) -> Self {
        let right = &nest.inputs[roles.right];
        let (extent, width) = (nest.dims[vector.dim].extent, vector.lanes * vector.count);
        let within = |kind: Kind| {
            let dims = nest.of_kind(kind).filter(|&d| d != vector.dim && right.strides[d] != 0);
            dims.map(|d| (d, nest.dims[d].extent)).collect::<Vec<_>>()
        };
        let (outer, inner) = (within(Kind::Parallel), within(Kind::Reduction));
        let depth: i64 = inner.iter().map(|(_, extent)| extent).product();
        let panels = extent / width;
        let rest = extent % width;
        let source = |(d, extent): &(usize, i64)| (*extent, right.strides[*d]);
        let column = right.strides[vector.dim];
        let run = |first: i64, panels: i64, width: i64| {
            let mut dims = vec![(panels, column * width)];
            dims.extend(inner.iter().map(source));
            dims.push((width, column));
            Run { offset: first * column, dims }
        };
        let mut runs = vec![];
        if panels > 0 {
            runs.push(run(0, panels, width));
        }
        if rest > 0 {
            runs.push(run(panels * width, 1, rest));
        }
        let order = Order { outer: outer.iter().map(source).collect(), runs };
        Self { vector, panels, rest, depth, outer, inner, order }
    }

    /// The strides of the packed operand in the dimensions of the nest, for panels of `width` columns that follow each
    /// other along dimension `panel`.
    fn strides(&self, dims: usize, panel: usize, width: i64) -> Vec<i64> {
        let columns = panel + 1;
        let moved = |d: usize| if d > panel { d + 1 } else { d };
        let mut strides = vec![0; dims];
        strides[columns] = 1;
        let mut step = width;
        for (d, extent) in self.inner.iter().rev() {
            strides[moved(*d)] = step;
            step *= extent;
        }
        strides[panel] = step;
        let mut step = self.depth * (self.panels * self.vector.lanes * self.vector.count + self.rest);
        for (d, extent) in self.outer.iter().rev() {
            strides[moved(*d)] = step;
            step *= extent;
        }
        strides
    }

    /// The nest cut at the end of the whole panels, over the packed operand.
    pub fn parts(&self, nest: &Nest, roles: Roles) -> Vec<Part> {
        let width = self.vector.lanes * self.vector.count;
        let cuts = [(0, self.panels, width), (self.panels * width, 1, self.rest)];
        let cuts = cuts.into_iter().filter(|(_, panels, width)| panels * width > 0);
        cuts.map(|(first, panels, width)| {
            let mut part = nest.narrowed(roles.columns, first, panels * width).split(roles.columns, width);
            let strides = self.strides(part.dims.len(), roles.columns, width);
            let right = &mut part.inputs[roles.right];
            *right = Access { strides, offset: first * self.depth, bytes: right.bytes };
            let count = ceil_div(width, self.vector.lanes);
            let vector = Vector { dim: roles.columns + 1, count, ..self.vector };
            Part { nest: part, first, panel: roles.columns, vector }
        })
        .collect()
    }

    /// Copies of the right operand into `packed`.
    pub fn copies<'c>(&self, source: &Structured<'c>, roles: Roles, packed: Val<'c>, facts: &Facts) -> Vec<Piece<'c>> {
        let from = source.inputs[roles.right];
        let original = &source.nest.inputs[roles.right];
        let whole = Nest { inputs: vec![original.clone()], outputs: vec![], dims: source.nest.dims.clone() };
        self.parts(&source.nest, roles)
            .iter()
            .map(|part| {
                let (panels, width) = (part.nest.dims[part.panel].extent, part.nest.dims[part.panel + 1].extent);
                let read = whole.narrowed(roles.columns, part.first, panels * width).split(roles.columns, width);
                copy(source.op, from, &read.inputs[0], packed, &part.nest.inputs[roles.right], &read.dims, facts)
            })
            .collect()
    }
}

impl Part {
    /// The number here of a dimension of the whole nest; of the columns, the one that goes from panel to panel.
    pub fn moved(&self, d: usize) -> usize {
        if d > self.panel { d + 1 } else { d }
    }

    /// The number in the whole nest of a dimension here.
    pub fn original(&self, d: usize) -> usize {
        if d > self.panel { d - 1 } else { d }
    }

    /// The best schedule of tiles of at most so many rows.
    pub fn schedule(&self, roles: Roles, most: i64, facts: &Facts) -> Option<Schedule> {
        schedule::choose_for(&self.nest, facts, self.vector, &rows(&self.nest, roles), most)
    }
}
