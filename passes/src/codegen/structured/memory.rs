//! Buffers as flat rows of elements, and vectors in and out of them.

use melior::ir::{
    Attribute, Type, TypeLike, ValueLike,
    attribute::{BoolAttribute, DenseElementsAttribute, DenseI32ArrayAttribute, DenseI64ArrayAttribute},
};

use super::schedule::Load;
use crate::codegen::ir::{self, Builder, Val};

/// An index that is partly known: `value + constant`.
#[derive(Clone, Copy, Debug)]
pub struct Index<'c> {
    pub value: Option<Val<'c>>,
    pub constant: i64,
}

impl<'c> Index<'c> {
    pub const fn constant(constant: i64) -> Self {
        Self { value: None, constant }
    }

    pub fn plus(self, offset: i64) -> Self {
        Self { constant: self.constant + offset, ..self }
    }

    /// `self + by * factor`.
    pub fn advance(self, b: &Builder<'c>, by: Index<'c>, factor: i64) -> Self {
        let constant = self.constant + by.constant * factor;
        let Some(step) = by.value.filter(|_| factor != 0) else { return Self { constant, ..self } };
        let index = b.index_type();
        let scaled =
            if factor == 1 { step } else { b.value("arith.muli", &[step, b.constant_index(factor)], index, &[]) };
        let value = match self.value {
            Some(value) => b.value("arith.addi", &[value, scaled], index, &[]),
            None => scaled,
        };
        Self { value: Some(value), constant }
    }

    pub fn build(self, b: &Builder<'c>) -> Val<'c> {
        match self.value {
            None => b.constant_index(self.constant),
            Some(value) if self.constant == 0 => value,
            Some(value) => b.value("arith.addi", &[value, b.constant_index(self.constant)], b.index_type(), &[]),
        }
    }
}

/// A buffer seen as one row of elements.
#[derive(Clone, Copy, Debug)]
pub struct Flat<'c> {
    row: Val<'c>,
    /// Where the buffer starts in the row.
    pub start: Index<'c>,
    /// Whether whole vectors are written past the caches.
    pub streamed: bool,
    /// How many elements ahead of each whole vector that is read the cache is told to fetch; 0 for none.
    pub ahead: i64,
    /// Type of an element to compute with.
    pub element: Type<'c>,
    /// Type of an element in memory: `i1` is a byte; narrow floats are moved as integers, since what LLVM does to vectors
    /// of them without instructions for them goes through calls.
    stored: Type<'c>,
}

impl<'c> Flat<'c> {
    pub fn new(b: &Builder<'c>, buffer: Val<'c>) -> Self {
        let ty = buffer.r#type();
        // Elements from the start of the buffer to its last one.
        let extents = ir::static_shape(ty).unwrap_or_default();
        let strides = ir::strides(ty).unwrap_or_default();
        let span: i64 = 1 + extents.iter().zip(&strides).map(|(extent, stride)| (extent - 1) * stride).sum::<i64>();
        let element = ir::element_type(ty);
        let rank = ir::static_shape(ty).map_or(0, |s| s.len());
        let scalar = b.memref(element, &[]);
        let index = b.index_type();
        let mut types = vec![scalar];
        types.extend(vec![index; 1 + 2 * rank]);
        let metadata = b.op("memref.extract_strided_metadata", &[buffer], &types, &[]);
        let array = |values: &[i64]| -> Attribute { DenseI64ArrayAttribute::new(b.context, values).into() };
        let attributes = [
            ("static_offsets", array(&[0])),
            ("static_sizes", array(&[span.max(1)])),
            ("static_strides", array(&[1])),
            ("operandSegmentSizes", DenseI32ArrayAttribute::new(b.context, &[1, 0, 0, 0]).into()),
        ];
        let flat_type = b.memref(element, &[span.max(1)]);
        let row = b.value("memref.reinterpret_cast", &[ir::result(metadata, 0)], flat_type, &attributes);
        let start = Index { value: Some(ir::result(metadata, 1)), constant: 0 };
        let stored = stored_type(b, element);
        let row = if stored == element { row } else { reinterpret(b, row, stored, span.max(1)) };
        Self { row, start, streamed: false, ahead: 0, element, stored }
    }

    /// One element.
    pub fn load(&self, b: &Builder<'c>, at: Index<'c>) -> Val<'c> {
        let value = b.value("memref.load", &[self.row, at.build(b)], self.stored, &[]);
        self.decode(b, value, None)
    }

    pub fn store(&self, b: &Builder<'c>, at: Index<'c>, value: Val<'c>) {
        let value = self.encode(b, value, None);
        b.op("memref.store", &[value, self.row, at.build(b)], &[], &[]);
    }

    /// Stored elements into a vector, the first `active` lanes; the others are zero.
    fn row_of(&self, b: &Builder<'c>, at: Index<'c>, lanes: i64, active: i64) -> Val<'c> {
        let ty = b.vector(self.stored, lanes);
        if active >= lanes {
            return b.value("vector.load", &[self.row, at.build(b)], ty, &[]);
        }
        let operands = [self.row, at.build(b), mask(b, lanes, active), b.zero(ty)];
        b.value("vector.maskedload", &operands, ty, &[])
    }

    /// A vector of the elements at `at`, `at + stride`, ...; of lanes from `active` on nothing is known but that nothing
    /// outside the buffer is read for them.
    pub fn load_vector(
        &self,
        b: &Builder<'c>,
        at: Index<'c>,
        stride: i64,
        how: Load,
        lanes: i64,
        active: i64,
    ) -> Val<'c> {
        let value = match how {
            Load::Contiguous => {
                if self.ahead != 0 && active >= lanes {
                    self.fetch(b, at.plus(self.ahead));
                }
                self.row_of(b, at, lanes, active)
            }
            Load::Strided(n) => self.strided(b, at, n, lanes, active),
            Load::Broadcast | Load::Gathered | Load::Transposed { .. } => {
                let element =
                    |l: i64| b.value("memref.load", &[self.row, at.plus(l * stride).build(b)], self.stored, &[]);
                let mut elements: Vec<Val> = (0..active).map(element).collect();
                if active < lanes {
                    elements.resize(lanes as usize, b.zero(self.stored));
                }
                b.value("vector.from_elements", &elements, b.vector(self.stored, lanes), &[])
            }
        };
        self.decode(b, value, Some(lanes))
    }

    /// Has the line of an element brought into the caches. It need not exist.
    fn fetch(&self, b: &Builder<'c>, at: Index<'c>) {
        const ALL_CACHES: i64 = 3;
        let flag = |value| BoolAttribute::new(b.context, value).into();
        let hints = [
            ("isWrite", flag(false)),
            ("localityHint", b.integer(b.integer_type(32), ALL_CACHES)),
            ("isDataCache", flag(true)),
        ];
        b.op("memref.prefetch", &[self.row, at.build(b)], &[], &hints);
    }

    /// Every n-th element: as few contiguous loads as cover them, none of which reaches beyond the last one.
    fn strided(&self, b: &Builder<'c>, at: Index<'c>, n: i64, lanes: i64, active: i64) -> Val<'c> {
        let span = n * (active - 1) + 1;
        // Elements of interest in one load.
        let per_load = (lanes - 1) / n + 1;
        let mut result: Option<Val> = None;
        let mut first = 0;
        while first < active {
            let last = (first + per_load).min(active);
            let start = (n * first).min(span - lanes).max(0);
            let row = self.row_of(b, at.plus(start), lanes, (span - start).min(lanes));
            let pick = |l: i64| n * l - start;
            let shuffle: Vec<i64> = (0..lanes)
                .map(|l| match result {
                    None => pick(l.min(last - 1)),
                    Some(_) if l < first => l,
                    Some(_) => lanes + pick(l.min(last - 1)),
                })
                .collect();
            result = Some(b.shuffle(result.unwrap_or(row), row, &shuffle));
            first = last;
        }
        result.unwrap_or_else(|| b.zero(b.vector(self.stored, lanes)))
    }

    /// The columns of a square: `lanes` rows that start `stride` apart, of which `rows` exist, each with `columns`
    /// elements. Element r of column c is the element at `at + r * stride + c`.
    pub fn load_columns(
        &self,
        b: &Builder<'c>,
        at: Index<'c>,
        stride: i64,
        lanes: i64,
        rows: i64,
        columns: i64,
    ) -> Vec<Val<'c>> {
        let zero = b.zero(b.vector(self.stored, lanes));
        let mut square: Vec<Val> = (0..lanes)
            .map(|r| if r < rows { self.row_of(b, at.plus(r * stride), lanes, columns) } else { zero })
            .collect();
        // Interleaving the first half of the rows with the second moves each element's row bit by bit into its lane.
        let half = lanes / 2;
        let low: Vec<i64> = (0..half).flat_map(|i| [i, lanes + i]).collect();
        let high: Vec<i64> = (half..lanes).flat_map(|i| [i, lanes + i]).collect();
        for _ in 0..lanes.trailing_zeros() {
            square = (0..half as usize)
                .flat_map(|i| {
                    let (x, y) = (square[i], square[i + half as usize]);
                    [b.shuffle(x, y, &low), b.shuffle(x, y, &high)]
                })
                .collect();
        }
        square.truncate(columns as usize);
        square.into_iter().map(|column| self.decode(b, column, Some(lanes))).collect()
    }

    /// Writes the first `active` lanes to `at`, `at + stride`, ...
    pub fn store_vector(&self, b: &Builder<'c>, at: Index<'c>, stride: i64, value: Val<'c>, lanes: i64, active: i64) {
        let value = self.encode(b, value, Some(lanes));
        if stride != 1 {
            for lane in 0..active {
                let position = DenseI64ArrayAttribute::new(b.context, &[lane]).into();
                let element = b.value("vector.extract", &[value], self.stored, &[("static_position", position)]);
                b.op("memref.store", &[element, self.row, at.plus(lane * stride).build(b)], &[], &[]);
            }
        } else if active >= lanes {
            let past_caches = [
                ("alignment", b.integer(b.integer_type(64), lanes * ir::byte_width(self.stored) as i64)),
                ("nontemporal", BoolAttribute::new(b.context, true).into()),
            ];
            let attributes = if self.streamed { &past_caches[..] } else { &[] };
            b.op("vector.store", &[value, self.row, at.build(b)], &[], attributes);
        } else {
            b.op("vector.maskedstore", &[self.row, at.build(b), mask(b, lanes, active), value], &[], &[]);
        }
    }

    /// From what is stored to what is computed with.
    fn decode(&self, b: &Builder<'c>, value: Val<'c>, lanes: Option<i64>) -> Val<'c> {
        let ty = lanes.map_or(self.element, |n| b.vector(self.element, n));
        if self.stored == self.element {
            value
        } else if is_bool(self.element) {
            let not_equal = [("predicate", b.integer(b.integer_type(64), 1))];
            b.value("arith.cmpi", &[value, b.zero(value.r#type())], ty, &not_equal)
        } else {
            b.value("arith.bitcast", &[value], ty, &[])
        }
    }

    fn encode(&self, b: &Builder<'c>, value: Val<'c>, lanes: Option<i64>) -> Val<'c> {
        let ty = lanes.map_or(self.stored, |n| b.vector(self.stored, n));
        if self.stored == self.element {
            value
        } else {
            let op = if is_bool(self.element) { "arith.extui" } else { "arith.bitcast" };
            b.value(op, &[value], ty, &[])
        }
    }
}

/// See [`Flat::stored`].
fn stored_type<'c>(b: &Builder<'c>, element: Type<'c>) -> Type<'c> {
    if is_bool(element) {
        b.integer_type(8)
    } else if element.is_f16() || element.is_bf16() {
        b.integer_type(16)
    } else {
        element
    }
}

fn is_bool(ty: Type<'_>) -> bool {
    ty.is_integer() && ir::bit_width(ty) == 1
}

/// A mask of which the first `active` lanes are set.
pub fn mask<'c>(b: &Builder<'c>, lanes: i64, active: i64) -> Val<'c> {
    let values: Vec<i32> = (0..lanes).map(|lane| i32::from(lane < active)).collect();
    let ty = b.vector(b.integer_type(1), lanes);
    b.value("arith.constant", &[], ty, &[("value", DenseElementsAttribute::bool_values(ty, &values).into())])
}

/// The same row with another element type of the same size. No operation of the memref dialect does this; both types
/// become the same descriptor, and the casts to and from it cancel.
fn reinterpret<'c>(b: &Builder<'c>, row: Val<'c>, element: Type<'c>, span: i64) -> Val<'c> {
    let Some(descriptor) = Type::parse(b.context, "!llvm.struct<(ptr, ptr, i64, array<1 x i64>, array<1 x i64>)>")
    else {
        return row;
    };
    let opened = b.value("builtin.unrealized_conversion_cast", &[row], descriptor, &[]);
    b.value("builtin.unrealized_conversion_cast", &[opened], b.memref(element, &[span]), &[])
}
