//! Writes the loops of a scheduled nest.

mod reduce;

use std::collections::{HashMap, HashSet};

use melior::ir::{ValueLike, operation::OperationLike};

use super::{
    analyze::{Operand, Structured},
    body::{Bindings, Lanes, Repeat},
    memory::{Flat, Index},
    nest::{Access, ceil_div},
    partition::Division,
    schedule::{Load, Schedule},
    stages::{Feed, Stage},
};
use crate::codegen::{
    error::{CodegenError, Result},
    ir::{self, Builder, Val},
};

/// Where the loops are: the place of every operand and dimension, and how much of each dimension the tile covers.
#[derive(Clone)]
struct Place<'c> {
    inputs: Vec<Index<'c>>,
    outputs: Vec<Index<'c>>,
    dims: Vec<Index<'c>>,
    sizes: Vec<i64>,
}

/// One group of iterations in registers: for each unrolled dimension the iteration, and which vector.
#[derive(Clone, Debug)]
struct Point {
    unrolled: Vec<(usize, i64)>,
    vector: i64,
    active: i64,
}

/// How far accesses are moved by loops around a nest, in elements; nothing for those not listed.
#[derive(Default)]
pub struct Shift<'c> {
    pub inputs: Vec<Index<'c>>,
    pub outputs: Vec<Index<'c>>,
}

/// Writes one structured operation as loops before it. The operation itself stays.
pub struct Emitter<'c, 's> {
    source: &'s Structured<'c>,
    schedule: &'s Schedule,
    inputs: Vec<Option<Flat<'c>>>,
    outputs: Vec<Flat<'c>>,
    division: Option<&'s Division>,
}

impl<'c, 's> Emitter<'c, 's> {
    pub fn new(b: &Builder<'c>, source: &'s Structured<'c>, schedule: &'s Schedule) -> Self {
        let inputs = source.inputs.iter().map(|input| Some(Flat::new(b, input.buffer()?))).collect();
        let outputs = source.outputs.iter().map(|buffer| Flat::new(b, *buffer)).collect();
        Self { source, schedule, inputs, outputs, division: None }
    }

    /// Tells which loops threads divide.
    pub fn divided(mut self, division: &'s Division) -> Self {
        self.division = Some(division);
        self
    }

    /// Writes these outputs past the caches: whole lines at addresses that are multiples of a line.
    pub fn streaming(mut self, streamed: &[bool]) -> Self {
        self.outputs.iter_mut().zip(streamed).for_each(|(output, streamed)| output.streamed = *streamed);
        self
    }

    /// Has what these inputs are, so many elements ahead, brought into the caches.
    pub fn fetching(mut self, ahead: &[i64]) -> Self {
        self.inputs.iter_mut().zip(ahead).for_each(|(input, ahead)| {
            if let Some(input) = input {
                input.ahead = *ahead;
            }
        });
        self
    }

    /// Writes everything.
    pub fn emit(&self, b: &Builder<'c>, shift: &Shift<'c>) -> Result<()> {
        let nest = &self.source.nest;
        let moved =
            |place: Index<'c>, by: &[Index<'c>], i: usize| by.get(i).map_or(place, |by| place.advance(b, *by, 1));
        let start =
            |flat: Option<&Flat<'c>>, access: &Access| flat.map_or(Index::constant(0), |f| f.start).plus(access.offset);
        let place = Place {
            inputs: self.inputs.iter().zip(&nest.inputs).map(|(f, a)| start(f.as_ref(), a)).collect(),
            outputs: self.outputs.iter().zip(&nest.outputs).map(|(f, a)| start(Some(f), a)).collect(),
            dims: vec![Index::constant(0); nest.dims.len()],
            sizes: vec![1; nest.dims.len()],
        };
        let place = Place {
            inputs: (0..).zip(place.inputs).map(|(i, p)| moved(p, &shift.inputs, i)).collect(),
            outputs: (0..).zip(place.outputs).map(|(i, p)| moved(p, &shift.outputs, i)).collect(),
            ..place
        };
        b.independent(|inner| {
            if let Some(division) = self.division {
                division.mark_group(&inner, Some((nest, self.schedule)));
                division.mark_anchor(&inner);
            }
            self.parallel(&inner, 0, place)
        })
    }

    /// Moves along a dimension.
    fn moved(&self, b: &Builder<'c>, place: &Place<'c>, dim: usize, by: Index<'c>, size: i64) -> Place<'c> {
        let nest = &self.source.nest;
        let step = |places: &[Index<'c>], accesses: &[Access]| {
            places.iter().zip(accesses).map(|(p, a)| p.advance(b, by, a.strides[dim])).collect()
        };
        let mut next = Place {
            inputs: step(&place.inputs, &nest.inputs),
            outputs: step(&place.outputs, &nest.outputs),
            dims: place.dims.clone(),
            sizes: place.sizes.clone(),
        };
        next.dims[dim] = place.dims[dim].advance(b, by, 1);
        next.sizes[dim] = size;
        next
    }

    /// The parallel loops from `level` inwards: whole tiles in a loop, then what remains.
    fn parallel(&self, b: &Builder<'c>, level: usize, place: Place<'c>) -> Result<()> {
        let Some(&dim) = self.schedule.parallel.get(level) else { return self.tile(b, &place) };
        let extent = self.source.nest.dims[dim].extent;
        let tile = self.schedule.tile(dim);
        let whole = extent / tile * tile;
        if whole > tile {
            b.independent_loop(0, whole, tile, |inner, iv| {
                self.division.iter().for_each(|division| division.mark_loop(&inner, dim));
                let next = self.moved(&inner, &place, dim, Index { value: Some(iv), constant: 0 }, tile);
                self.parallel(&inner, level + 1, next)
            })?;
        } else if whole == tile {
            self.parallel(b, level + 1, self.moved(b, &place, dim, Index::constant(0), tile))?;
        }
        if whole < extent {
            self.parallel(b, level + 1, self.moved(b, &place, dim, Index::constant(whole), extent - whole))?;
        }
        Ok(())
    }

    fn lanes(&self) -> i64 {
        self.schedule.vector.map_or(1, |v| v.lanes)
    }

    /// Whether the vector dimension is a reduction.
    fn reduces_lanes(&self) -> bool {
        self.schedule.vector.is_some_and(|v| self.source.nest.is_reduction(v.dim))
    }

    /// The groups of iterations of a tile. Along a reduction each vector is an accumulator of its own.
    fn points(&self, place: &Place<'c>) -> Vec<Point> {
        let mut points = vec![Point { unrolled: vec![], vector: 0, active: 1 }];
        for &(dim, _) in &self.schedule.unroll {
            let each = |p: &Point| {
                let p = p.clone();
                (0..place.sizes[dim]).map(move |i| {
                    let mut next = p.clone();
                    next.unrolled.push((dim, i));
                    next
                })
            };
            points = points.iter().flat_map(each).collect();
        }
        let Some(v) = self.schedule.vector else { return points };
        let covered = if self.reduces_lanes() { v.lanes * v.count } else { place.sizes[v.dim] };
        let vectors = |p: &Point| {
            let p = p.clone();
            (0..ceil_div(covered, v.lanes)).map(move |i| Point {
                vector: i,
                active: (covered - i * v.lanes).min(v.lanes),
                ..p.clone()
            })
        };
        points.iter().flat_map(vectors).collect()
    }

    /// How far a point is from the place of its tile, for one operand.
    fn distance(&self, point: &Point, access: &Access) -> i64 {
        let along_vector = self.schedule.vector.map_or(0, |v| access.strides[v.dim] * v.lanes * point.vector);
        point.unrolled.iter().map(|&(d, i)| access.strides[d] * i).sum::<i64>() + along_vector
    }

    fn tile(&self, b: &Builder<'c>, place: &Place<'c>) -> Result<()> {
        let points = self.points(place);
        if !self.source.nest.has_reductions() {
            return self.independent(b, place, &points);
        }
        // Accumulators, one per point and output, outputs fastest.
        let mut accumulators = Vec::new();
        for point in &points {
            for output in 0..self.accumulators() {
                accumulators.push(match self.combiner(output) {
                    Some(combiner) if self.reduces_lanes() => {
                        let neutral = combiner.neutral(b, self.outputs[output].element);
                        Lanes { value: self.widen(b, neutral), is_vector: true }
                    }
                    _ => self.initial(b, place, point, output)?,
                });
            }
        }
        let done = self.reduce(b, 0, place.clone(), &points, accumulators)?;
        if self.reduces_lanes() {
            return self.finish_lanes(b, place, &points, &done);
        }
        for (point, results) in points.iter().zip(done.chunks(self.accumulators())) {
            self.finish(b, place, point, results)?;
        }
        Ok(())
    }

    /// The outputs of the body itself; those of a merged stage come after.
    fn accumulators(&self) -> usize {
        self.source.before.len()
    }

    /// Puts the results of a point where they belong.
    fn finish(&self, b: &Builder<'c>, place: &Place<'c>, point: &Point, results: &[Lanes<'c>]) -> Result<()> {
        if self.source.keeps_result {
            for (output, result) in results.iter().enumerate() {
                self.store(b, place, point, output, *result);
            }
        }
        if let Some(stage) = &self.source.after {
            let values = self.stage(b, place, point, stage, results)?;
            for (i, value) in values.into_iter().enumerate() {
                self.store(b, place, point, self.accumulators() + i, value);
            }
        }
        Ok(())
    }

    /// What a merged stage yields at a point.
    fn stage(
        &self,
        b: &Builder<'c>,
        place: &Place<'c>,
        point: &Point,
        stage: &Stage<'c>,
        results: &[Lanes<'c>],
    ) -> Result<Vec<Lanes<'c>>> {
        let mut cache = HashMap::new();
        let mut bindings = Bindings::new();
        for (argument, feed) in stage.body.inputs.iter().zip(&stage.feeds).filter(|(a, _)| stage.body.reads(**a)) {
            let value = match feed {
                Feed::Input(input) => self.operand(b, place, point, *input, &mut cache)?,
                Feed::Accumulator(output) => results[*output],
            };
            bindings.insert(ir::key(*argument), value);
        }
        let repeat =
            Repeat { body: &stage.body, builder: *b, lanes: self.lanes(), contract: false, skip: HashSet::new() };
        repeat.run(&mut bindings);
        Ok(stage.body.yields.iter().map(|y| repeat.lookup(*y, &bindings)).collect())
    }

    fn combiner(&self, output: usize) -> Option<&'static super::body::Combiner> {
        self.source.body.as_ref()?.reductions.as_ref()?.get(output).map(|r| r.combiner)
    }

    fn widen(&self, b: &Builder<'c>, value: Val<'c>) -> Val<'c> {
        b.value("vector.broadcast", &[value], b.vector(value.r#type(), self.lanes()), &[])
    }

    /// What an output holds before the operation, at a point.
    fn initial(&self, b: &Builder<'c>, place: &Place<'c>, point: &Point, output: usize) -> Result<Lanes<'c>> {
        let is_vector = self.schedule.vector.is_some() && !self.reduces_lanes();
        if let Some(stage) = &self.source.before[output] {
            let value = self.stage(b, place, point, stage, &[])?.first().copied();
            let value = value.ok_or_else(|| CodegenError::internal("a start without a value"))?;
            let widened = is_vector && !value.is_vector;
            return Ok(Lanes { value: if widened { self.widen(b, value.value) } else { value.value }, is_vector });
        }
        let access = &self.source.nest.outputs[output];
        let at = place.outputs[output].plus(self.distance(point, access));
        let flat = &self.outputs[output];
        match self.schedule.vector.filter(|_| is_vector) {
            Some(v) => {
                let stride = access.strides[v.dim];
                let how = if stride == 1 { Load::Contiguous } else { Load::Gathered };
                Ok(Lanes { value: flat.load_vector(b, at, stride, how, v.lanes, point.active), is_vector })
            }
            None => Ok(Lanes { value: flat.load(b, at), is_vector }),
        }
    }

    fn store(&self, b: &Builder<'c>, place: &Place<'c>, point: &Point, output: usize, result: Lanes<'c>) {
        let access = &self.source.nest.outputs[output];
        let at = place.outputs[output].plus(self.distance(point, access));
        let flat = &self.outputs[output];
        match self.schedule.vector.filter(|v| access.strides[v.dim] != 0) {
            Some(v) => {
                let value = if result.is_vector { result.value } else { self.widen(b, result.value) };
                flat.store_vector(b, at, access.strides[v.dim], value, v.lanes, point.active);
            }
            None => flat.store(b, at, result.value),
        }
    }

    /// A tile without reductions: every point is loaded, computed and stored.
    fn independent(&self, b: &Builder<'c>, place: &Place<'c>, points: &[Point]) -> Result<()> {
        let mut cache = HashMap::new();
        for point in points {
            let Some(body) = &self.source.body else {
                let copied = self.input(b, place, point, 0, &mut cache)?;
                self.store(b, place, point, 0, copied);
                continue;
            };
            let computed = self.during(b, place, point)?;
            let mut bindings = self.inputs(b, place, point, &computed, &mut cache)?;
            for (output, argument) in body.outputs.iter().enumerate().filter(|(_, a)| body.reads(**a)) {
                bindings.insert(ir::key(*argument), self.initial(b, place, point, output)?);
            }
            let repeat = self.repeat(b, HashSet::new(), false)?;
            repeat.run(&mut bindings);
            let results: Vec<Lanes> = body.yields.iter().map(|y| repeat.lookup(*y, &bindings)).collect();
            self.finish(b, place, point, &results)?;
        }
        Ok(())
    }

    fn repeat(&self, b: &Builder<'c>, skip: HashSet<usize>, contract: bool) -> Result<Repeat<'c, 's>> {
        let body = self.source.body.as_ref().ok_or_else(|| CodegenError::internal("a copy has no body"))?;
        Ok(Repeat { body, builder: *b, lanes: self.lanes(), contract, skip })
    }

    /// Computes and stores what the body reads of its own nest at a point.
    fn during(&self, b: &Builder<'c>, place: &Place<'c>, point: &Point) -> Result<Vec<Lanes<'c>>> {
        let Some(stage) = &self.source.during else { return Ok(vec![]) };
        let values = self.stage(b, place, point, stage, &[])?;
        let first = self.outputs.len() - values.len();
        for (i, value) in values.iter().enumerate() {
            self.store(b, place, point, first + i, *value);
        }
        Ok(values)
    }

    /// The inputs of a point, and the indices the body asks for. `cache` holds what the tile has loaded.
    fn inputs(
        &self,
        b: &Builder<'c>,
        place: &Place<'c>,
        point: &Point,
        computed: &[Lanes<'c>],
        cache: &mut HashMap<(usize, i64, i64), Lanes<'c>>,
    ) -> Result<Bindings<'c>> {
        let mut bindings = Bindings::new();
        for (i, argument) in self.source.body.iter().flat_map(|body| &body.inputs).enumerate() {
            if !ir::uses(*argument).is_empty() {
                let value = match self.source.inputs[i] {
                    Operand::Computed(result) => computed.get(result).copied(),
                    _ => Some(self.operand(b, place, point, i, cache)?),
                };
                let value = value.ok_or_else(|| CodegenError::internal("a result that no stage computes"))?;
                bindings.insert(ir::key(*argument), value);
            }
        }
        for op in self.source.body.iter().flat_map(|body| &body.indices) {
            let of = op.attribute("dim").ok().and_then(ir::integer_value).unwrap_or(0) as usize;
            let value = self.index(b, place, point, of);
            bindings.insert(ir::key(ir::result(*op, 0)), value);
        }
        Ok(bindings)
    }

    /// An input of the whole, at a point.
    fn operand(
        &self,
        b: &Builder<'c>,
        place: &Place<'c>,
        point: &Point,
        input: usize,
        cache: &mut HashMap<(usize, i64, i64), Lanes<'c>>,
    ) -> Result<Lanes<'c>> {
        match self.source.inputs[input] {
            Operand::Value(value) => Ok(Lanes { value, is_vector: false }),
            Operand::Buffer(_) => self.input(b, place, point, input, cache),
            Operand::Computed(_) => Err(CodegenError::internal("a stage that reads another one")),
        }
    }

    fn input(
        &self,
        b: &Builder<'c>,
        place: &Place<'c>,
        point: &Point,
        input: usize,
        cache: &mut HashMap<(usize, i64, i64), Lanes<'c>>,
    ) -> Result<Lanes<'c>> {
        let flat = self.inputs[input].as_ref().ok_or_else(|| CodegenError::internal("an input without memory"))?;
        let access = &self.source.nest.inputs[input];
        let how = self.schedule.loads[input];
        let distance = self.distance(point, access);
        let is_vector = self.schedule.vector.is_some() && how != Load::Broadcast;
        let active = if is_vector { point.active } else { 1 };
        if let Some(known) = cache.get(&(input, distance, active)) {
            return Ok(*known);
        }
        let at = place.inputs[input].plus(distance);
        let Some(v) = self.schedule.vector.filter(|_| is_vector) else {
            let value = Lanes { value: flat.load(b, at), is_vector: false };
            cache.insert((input, distance, active), value);
            return Ok(value);
        };
        let stride = access.strides[v.dim];
        if let Load::Transposed { along } = how {
            let inside = point.unrolled.iter().find(|(d, _)| *d == along).map_or(0, |(_, i)| *i);
            let columns = flat.load_columns(b, at.plus(-inside), stride, v.lanes, active, place.sizes[along]);
            for (i, value) in columns.into_iter().enumerate() {
                cache.insert((input, distance - inside + i as i64, active), Lanes { value, is_vector: true });
            }
            return cache
                .get(&(input, distance, active))
                .copied()
                .ok_or_else(|| CodegenError::internal("a column outside its square"));
        }
        let value = Lanes { value: flat.load_vector(b, at, stride, how, v.lanes, active), is_vector: true };
        cache.insert((input, distance, active), value);
        Ok(value)
    }

    /// The index of a dimension of the operation, at a point.
    fn index(&self, b: &Builder<'c>, place: &Place<'c>, point: &Point, of: usize) -> Lanes<'c> {
        let Some(dim) = self.source.nest.dims.iter().position(|d| d.index_of == Some(of)) else {
            return Lanes { value: b.constant_index(0), is_vector: false };
        };
        let unrolled = point.unrolled.iter().find(|(d, _)| *d == dim).map_or(0, |(_, i)| *i);
        match self.schedule.vector.filter(|v| v.dim == dim) {
            None => Lanes { value: place.dims[dim].plus(unrolled).build(b), is_vector: false },
            Some(v) => {
                let first = self.widen(b, place.dims[dim].plus(point.vector * v.lanes).build(b));
                let steps = b.positions(v.lanes);
                let value = b.value("arith.addi", &[first, steps], first.r#type(), &[]);
                Lanes { value, is_vector: true }
            }
        }
    }
}
