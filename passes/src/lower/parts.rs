//! Loops that write a tensor part by part.

use melior::ir::attribute::{DenseI32ArrayAttribute, DenseI64ArrayAttribute};
use melior::ir::{Attribute, ValueLike};

use super::Emitter;
use super::emit::DYNAMIC;
use crate::codegen::ir::{self, Val};

impl<'c> Emitter<'c> {
    /// `tensor[starts : starts + sizes]`, from where these indices say.
    pub fn part(&self, tensor: Val<'c>, starts: &[Val<'c>], sizes: &[usize]) -> Val<'c> {
        let ty = self.tensor(self.element_of(tensor), sizes);
        let segments = DenseI32ArrayAttribute::new(self.context, &[1, starts.len() as i32, 0, 0]).into();
        let operands: Vec<Val> = [tensor].into_iter().chain(starts.iter().copied()).collect();
        self.value("tensor.extract_slice", &operands, ty, &self.part_ranges(sizes, segments))
    }

    /// `into` with `part` written from where these indices say.
    pub fn insert_part(&self, part: Val<'c>, into: Val<'c>, starts: &[Val<'c>]) -> Val<'c> {
        let segments = DenseI32ArrayAttribute::new(self.context, &[1, 1, starts.len() as i32, 0, 0]).into();
        let operands: Vec<Val> = [part, into].into_iter().chain(starts.iter().copied()).collect();
        let ranges = self.part_ranges(&self.shape_of(part), segments);
        self.value("tensor.insert_slice", &operands, into.r#type(), &ranges)
    }

    /// A loop over `0..count` whose iterations each write a part of their own of a tensor, and read none that another one
    /// writes: `body` gets the index and the tensor, and returns it with its part written.
    pub fn parallel_for(
        &self,
        count: usize,
        written: Val<'c>,
        body: impl FnOnce(&Emitter<'c>, Val<'c>, Val<'c>) -> Val<'c>,
    ) -> Val<'c> {
        let bounds = [0, count as i64, 1].map(|n| self.index(n));
        let results = self.for_loop(bounds[0], bounds[1], bounds[2], &[written], |e, i, carried| {
            carried.first().map(|written| body(e, i, *written)).into_iter().collect()
        });
        if let Some(around) = results.first().and_then(|result| ir::defining_op(*result)) {
            ir::set_attribute(around, ir::PARALLEL, self.unit());
        }
        results.first().copied().unwrap_or(written)
    }

    /// The ranges of a part whose start is in operands.
    fn part_ranges(&self, sizes: &[usize], segments: Attribute<'c>) -> [(&'static str, Attribute<'c>); 4] {
        [
            ("static_offsets", DenseI64ArrayAttribute::new(self.context, &vec![DYNAMIC; sizes.len()]).into()),
            ("static_sizes", self.i64_array(sizes)),
            ("static_strides", self.i64_array(&vec![1; sizes.len()])),
            ("operandSegmentSizes", segments),
        ]
    }
}
