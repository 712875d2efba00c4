//! The reductions of a nest: loops that carry accumulators, and what becomes of their lanes.

use std::collections::{HashMap, HashSet};

use melior::ir::{Attribute, Type, TypeLike, ValueLike, attribute::DenseI64ArrayAttribute};

use super::{
    super::{
        body::{Combiner, Lanes},
        memory::{Index, mask},
        nest::ceil_div,
    },
    Emitter, Place, Point,
};
use crate::codegen::{
    error::{CodegenError, Result},
    ir::{self, Builder, Val},
};

impl<'c> Emitter<'c, '_> {
    /// The reduction loops from `level` inwards; returns the accumulators after them.
    pub(super) fn reduce(
        &self,
        b: &Builder<'c>,
        level: usize,
        place: Place<'c>,
        points: &[Point],
        accumulators: Vec<Lanes<'c>>,
    ) -> Result<Vec<Lanes<'c>>> {
        let Some(&dim) = self.schedule.reduction.get(level) else {
            return self.accumulate(b, &place, points, &accumulators);
        };
        let extent = self.source.nest.dims[dim].extent;
        let tile = self.schedule.tile(dim);
        let whole = extent / tile * tile;
        let mut current = accumulators;
        if self.is_unrolled(level, points.len()) {
            for at in (0..whole).step_by(tile as usize) {
                let next = self.moved(b, &place, dim, Index::constant(at), tile);
                current = self.reduce(b, level + 1, next, points, current)?;
            }
        } else if whole > tile {
            let before: Vec<Val> = current.iter().map(|a| a.value).collect();
            let vectors: Vec<bool> = current.iter().map(|a| a.is_vector).collect();
            let lanes = |values: &[Val<'c>]| -> Vec<Lanes<'c>> {
                values.iter().zip(&vectors).map(|(&value, &is_vector)| Lanes { value, is_vector }).collect()
            };
            let after = b.for_loop(0, whole, tile, &before, |inner, iv, carried| {
                let next = self.moved(&inner, &place, dim, Index { value: Some(iv), constant: 0 }, tile);
                let result = self.reduce(&inner, level + 1, next, points, lanes(carried))?;
                Ok(result.into_iter().map(|a| a.value).collect())
            })?;
            current = lanes(&after);
        } else if whole == tile {
            let next = self.moved(b, &place, dim, Index::constant(0), tile);
            current = self.reduce(b, level + 1, next, points, current)?;
        }
        if whole < extent {
            let next = self.moved(b, &place, dim, Index::constant(whole), extent - whole);
            current = self.reduce(b, level + 1, next, points, current)?;
        }
        Ok(current)
    }

    /// Whether the reduction loops from `level` inwards are few enough steps to be written out: the window of a
    /// convolution would otherwise be loops of three iterations.
    fn is_unrolled(&self, level: usize, points: usize) -> bool {
        const MOST_STEPS: i64 = 32;
        const MOST: f64 = 320.0;
        // Vectors along a row; more of them and LLVM would keep a whole row in registers that it does not have.
        const MOST_OF_ROW: i64 = 16;
        let trips = |d: &usize| ceil_div(self.source.nest.dims[*d].extent, self.schedule.tile(*d));
        let steps: i64 = self.schedule.reduction[level..].iter().map(trips).fold(1, i64::saturating_mul);
        let vectors = steps.saturating_mul(points as i64);
        let work = vectors as f64 * self.source.work().max(1.0);
        steps <= MOST_STEPS && work <= MOST && (!self.reduces_lanes() || vectors <= MOST_OF_ROW)
    }

    /// One step of all reductions, for every point.
    fn accumulate(
        &self,
        b: &Builder<'c>,
        place: &Place<'c>,
        points: &[Point],
        accumulators: &[Lanes<'c>],
    ) -> Result<Vec<Lanes<'c>>> {
        let body = self.source.body.as_ref().ok_or_else(|| CodegenError::internal("a copy that reduces"))?;
        let outputs = self.accumulators();
        let mut cache = HashMap::new();
        let mut results = Vec::with_capacity(accumulators.len());
        for (point, before) in points.iter().zip(accumulators.chunks(outputs)) {
            if !self.reduces_lanes() {
                let computed = self.during(b, place, point)?;
                let mut bindings = self.inputs(b, place, point, &computed, &mut cache)?;
                for (argument, value) in body.outputs.iter().zip(before) {
                    bindings.insert(ir::key(*argument), *value);
                }
                let repeat = self.repeat(b, HashSet::new(), true)?;
                repeat.run(&mut bindings);
                for (yielded, value) in body.yields.iter().zip(before) {
                    let result = repeat.lookup(*yielded, &bindings);
                    let value = if value.is_vector { repeat.widen(result) } else { result.value };
                    results.push(Lanes { value, is_vector: before[0].is_vector });
                }
                continue;
            }
            // Lanes are iterations of the reduction: what each contributes is combined into its accumulator.
            let v = self.schedule.vector.ok_or_else(|| CodegenError::internal("lanes without vectors"))?;
            let active = (place.sizes[v.dim] - point.vector * v.lanes).clamp(0, v.lanes);
            if active == 0 {
                results.extend_from_slice(before);
                continue;
            }
            let reductions = body.reductions.as_ref().ok_or_else(|| CodegenError::internal("no combiner"))?;
            let point = Point { active, ..point.clone() };
            let computed = self.during(b, place, &point)?;
            let mut bindings = self.inputs(b, place, &point, &computed, &mut cache)?;
            let skip = reductions.iter().map(|r| ir::op_key(r.op)).collect();
            let repeat = self.repeat(b, skip, true)?;
            repeat.run(&mut bindings);
            for (reduction, accumulator) in reductions.iter().zip(before) {
                let mut value = repeat.widen(repeat.lookup(reduction.contribution, &bindings));
                if active < v.lanes {
                    let neutral = self.widen(b, reduction.combiner.neutral(b, reduction.contribution.r#type()));
                    let operands = [mask(b, v.lanes, active), value, neutral];
                    value = b.value("arith.select", &operands, value.r#type(), &[]);
                }
                results.push(Lanes {
                    value: reduction.combiner.combine(b, accumulator.value, value, true),
                    is_vector: true,
                });
            }
        }
        Ok(results)
    }

    /// Combines the lanes of the accumulators into elements, with what the outputs held before.
    pub(super) fn finish_lanes(
        &self,
        b: &Builder<'c>,
        place: &Place<'c>,
        points: &[Point],
        done: &[Lanes<'c>],
    ) -> Result<()> {
        let outputs = self.accumulators();
        let count = self.schedule.vector.map_or(1, |v| v.count) as usize;
        for (group, results) in points.chunks(count).zip(done.chunks(count * outputs)) {
            let mut totals = vec![];
            for output in 0..outputs {
                let combiner = self.combiner(output).ok_or_else(|| CodegenError::internal("no combiner"))?;
                let mut vectors: Vec<Val> = results.iter().skip(output).step_by(outputs).map(|l| l.value).collect();
                while vectors.len() > 1 {
                    vectors = vectors
                        .chunks(2)
                        .map(|pair| pair.get(1).map_or(pair[0], |&other| combiner.combine(b, pair[0], other, true)))
                        .collect();
                }
                let element = self.outputs[output].element;
                let kind = b.parse_attribute(&format!("#vector.kind<{}>", combiner.kind))?;
                let mut attributes = vec![("kind", kind)];
                if matches!(combiner.op, "arith.addf" | "arith.mulf") {
                    attributes.push(("fastmath", b.fast_math("reassoc")));
                }
                let total = self.total(b, combiner, vectors[0], element, &attributes);
                let before = self.initial(b, place, &group[0], output)?.value;
                totals.push(Lanes { value: combiner.combine(b, before, total, false), is_vector: false });
            }
            self.finish(b, place, &group[0], &totals)?;
        }
        Ok(())
    }

    /// All lanes of a vector combined; narrow floats in `f32`, since no machine at hand computes in them.
    fn total(
        &self,
        b: &Builder<'c>,
        combiner: &Combiner,
        vector: Val<'c>,
        element: Type<'c>,
        attributes: &[(&str, Attribute<'c>)],
    ) -> Val<'c> {
        let narrow = element.is_f16() || element.is_bf16();
        let (wide, ty) = match narrow {
            true => {
                let single = Type::float32(b.context);
                (b.value("arith.extf", &[vector], b.vector(single, self.lanes()), &[]), single)
            }
            false => (vector, element),
        };
        // LLVM takes the lanes of these one after the other.
        let is_extreme = matches!(combiner.op, "arith.maximumf" | "arith.minimumf" | "arith.maxnumf" | "arith.minnumf");
        let total = match is_extreme {
            true => self.halved(b, combiner, wide, ty),
            false => b.value("vector.reduction", &[wide], ty, attributes),
        };
        if narrow { b.value("arith.truncf", &[total], element, &[]) } else { total }
    }

    /// All lanes combined, one half with the other again and again.
    fn halved(&self, b: &Builder<'c>, combiner: &Combiner, vector: Val<'c>, ty: Type<'c>) -> Val<'c> {
        let (mut lanes, mut rest) = (self.lanes(), vector);
        while lanes > 1 {
            let half = |from: i64| -> Vec<i64> { (from..from + lanes / 2).collect() };
            let (low, high) = (b.shuffle(rest, rest, &half(0)), b.shuffle(rest, rest, &half(lanes / 2)));
            rest = combiner.combine(b, low, high, true);
            lanes /= 2;
        }
        let first = DenseI64ArrayAttribute::new(b.context, &[0]).into();
        b.value("vector.extract", &[rest], ty, &[("static_position", first)])
    }
}
