//! Emits operations of upstream dialects on tensors, with little ceremony.

use std::ops::Deref;

use hwc_dialects::TensorType;
use hwc_runtime::{DType, dtype::Kind};
use melior::ir::attribute::{ArrayAttribute, DenseI32ArrayAttribute, DenseI64ArrayAttribute, FloatAttribute};
use melior::ir::r#type::RankedTensorType;
use melior::ir::{Attribute, Location, Type, TypeLike, ValueLike};

use crate::codegen::ir::{self, Blk, Builder, Val};

/// An offset of this value stands for an operand.
pub(super) const DYNAMIC: i64 = i64::MIN;

/// How a loop of a structured operation iterates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loop {
    Parallel,
    Reduction,
}

/// Builds operations at the end of a block.
#[derive(Clone, Copy)]
pub struct Emitter<'c>(Builder<'c>);

impl<'c> Deref for Emitter<'c> {
    type Target = Builder<'c>;

    fn deref(&self) -> &Builder<'c> {
        &self.0
    }
}

impl<'c> Emitter<'c> {
    pub fn new(builder: Builder<'c>) -> Emitter<'c> {
        Emitter(builder)
    }

    pub fn at(&self, location: Location<'c>) -> Emitter<'c> {
        let mut builder = self.0;
        builder.location = location;
        Emitter(builder)
    }

    fn inside(&self, block: Blk<'c>) -> Emitter<'c> {
        Emitter(self.0.in_block(block))
    }

    // Types.

    /// The type in which elements lie in memory: signless, and `i8` for what LLVM has no type for.
    pub fn storage(&self, dtype: DType) -> Type<'c> {
        match dtype {
            DType::Bool => self.integer_type(1),
            DType::F16 => Type::float16(self.context),
            DType::BF16 => Type::bfloat16(self.context),
            DType::F32 => Type::float32(self.context),
            DType::F64 => Type::float64(self.context),
            _ => self.integer_type(dtype.size() as u32 * 8),
        }
    }

    /// The type in which scalars are computed: `f32` for every narrower float, the storage type for the rest.
    pub fn compute(&self, dtype: DType) -> Type<'c> {
        match dtype.kind() {
            Kind::Float if dtype != DType::F64 => Type::float32(self.context),
            _ => self.storage(dtype),
        }
    }

    pub fn tensor(&self, element: Type<'c>, shape: &[usize]) -> Type<'c> {
        let sizes: Vec<u64> = shape.iter().map(|&n| n as u64).collect();
        RankedTensorType::new(&sizes, element, None).into()
    }

    /// The tensor type that holds values of a type of the dialect; `None` where a dimension is not known.
    pub fn tensor_of(&self, ty: &TensorType) -> Option<Type<'c>> {
        Some(self.tensor(self.storage(ty.dtype), &ty.static_shape()?))
    }

    pub fn shape_of(&self, tensor: Val<'c>) -> Vec<usize> {
        ir::static_shape(tensor.r#type()).unwrap_or_default().into_iter().map(|n| n as usize).collect()
    }

    pub fn element_of(&self, tensor: Val<'c>) -> Type<'c> {
        ir::element_type(tensor.r#type())
    }

    // Scalars.

    pub fn index(&self, value: i64) -> Val<'c> {
        self.constant_index(value)
    }

    /// An integer constant, wrapped to the width of the type.
    pub fn int(&self, ty: Type<'c>, value: i64) -> Val<'c> {
        self.value("arith.constant", &[], ty, &[("value", self.integer(ty, value))])
    }

    /// A floating-point constant, rounded to the type.
    pub fn float(&self, ty: Type<'c>, value: f64) -> Val<'c> {
        self.value("arith.constant", &[], ty, &[("value", FloatAttribute::new(self.context, ty, value).into())])
    }

    /// The constant zero of an integer, float or index type.
    pub fn zero(&self, ty: Type<'c>) -> Val<'c> {
        if ty.is_float() { self.float(ty, 0.0) } else { self.int(ty, 0) }
    }

    /// An operation on scalars whose result has the type of its first operand, as most of `arith` and `math` do.
    pub fn same(&self, name: &str, operands: &[Val<'c>]) -> Val<'c> {
        self.value(name, operands, operands[0].r#type(), &[])
    }

    /// A conversion to another type: `arith.extf`, `arith.index_cast` and their like.
    pub fn cast(&self, name: &str, value: Val<'c>, to: Type<'c>) -> Val<'c> {
        if value.r#type() == to { value } else { self.value(name, &[value], to, &[]) }
    }

    /// `arith.cmpf` or `arith.cmpi` by the predicate's number in the arith dialect.
    pub fn compare(&self, name: &str, predicate: i64, lhs: Val<'c>, rhs: Val<'c>) -> Val<'c> {
        let predicate = self.integer(self.integer_type(64), predicate);
        self.value(name, &[lhs, rhs], self.integer_type(1), &[("predicate", predicate)])
    }

    pub fn select(&self, condition: Val<'c>, yes: Val<'c>, no: Val<'c>) -> Val<'c> {
        self.value("arith.select", &[condition, yes, no], yes.r#type(), &[])
    }

    // Tensors.

    /// A tensor whose elements are not defined yet.
    pub fn empty(&self, element: Type<'c>, shape: &[usize]) -> Val<'c> {
        self.value("tensor.empty", &[], self.tensor(element, shape), &[])
    }

    /// A tensor of one value.
    pub fn filled(&self, shape: &[usize], value: Val<'c>) -> Val<'c> {
        let element = value.r#type();
        let out = self.empty(element, shape);
        let ty = out.r#type();
        let segments = DenseI32ArrayAttribute::new(self.context, &[1, 1]).into();
        let fill = self.op_with_regions(
            "linalg.fill",
            &[value, out],
            &[ty],
            &[("operandSegmentSizes", segments)],
            &[&[element, element]],
        );
        self.body(fill, 0, |_, arguments| vec![arguments[0]], "linalg.yield");
        ir::result(fill, 0)
    }

    /// Reads one element.
    pub fn extract(&self, tensor: Val<'c>, indices: &[Val<'c>]) -> Val<'c> {
        let operands: Vec<_> = std::iter::once(tensor).chain(indices.iter().copied()).collect();
        self.value("tensor.extract", &operands, self.element_of(tensor), &[])
    }

    /// The tensor with one element replaced.
    pub fn insert_element(&self, value: Val<'c>, tensor: Val<'c>, indices: &[Val<'c>]) -> Val<'c> {
        let operands: Vec<_> = [value, tensor].into_iter().chain(indices.iter().copied()).collect();
        self.value("tensor.insert", &operands, tensor.r#type(), &[])
    }

    /// The same elements in another shape; costs nothing at run time.
    pub fn reshape(&self, tensor: Val<'c>, shape: &[usize]) -> Val<'c> {
        let from = self.shape_of(tensor);
        if from == shape {
            return tensor;
        }
        let element = self.element_of(tensor);
        let sizes = ("static_output_shape", self.i64_array(shape));
        if from.is_empty() {
            // One element expands to any rank without any group.
            return self.regroup("tensor.expand_shape", tensor, self.tensor(element, shape), 0, &[sizes]);
        }
        let count = shape.iter().product();
        let flat = if from.len() == 1 {
            tensor
        } else {
            self.regroup("tensor.collapse_shape", tensor, self.tensor(element, &[count]), from.len(), &[])
        };
        match shape.len() {
            0 => self.regroup("tensor.collapse_shape", flat, self.tensor(element, shape), 0, &[]),
            1 => flat,
            rank => self.regroup("tensor.expand_shape", flat, self.tensor(element, shape), rank, &[sizes]),
        }
    }

    /// A collapse to, or an expansion of, one dimension; `rank` is that of the other side, 0 for no group at all.
    fn regroup(
        &self,
        name: &str,
        tensor: Val<'c>,
        to: Type<'c>,
        rank: usize,
        attributes: &[(&str, Attribute<'c>)],
    ) -> Val<'c> {
        let index = self.integer_type(64);
        let groups: Vec<Attribute> = if rank == 0 {
            Vec::new()
        } else {
            let group: Vec<Attribute> = (0..rank).map(|i| self.integer(index, i as i64)).collect();
            vec![ArrayAttribute::new(self.context, &group).into()]
        };
        let mut attributes = attributes.to_vec();
        attributes.push(("reassociation", ArrayAttribute::new(self.context, &groups).into()));
        self.value(name, &[tensor], to, &attributes)
    }

    /// `tensor[offsets : offsets + sizes * strides : strides]`.
    pub fn slice(&self, tensor: Val<'c>, offsets: &[usize], sizes: &[usize], strides: &[usize]) -> Val<'c> {
        let ty = self.tensor(self.element_of(tensor), sizes);
        let segments = DenseI32ArrayAttribute::new(self.context, &[1, 0, 0, 0]).into();
        self.value("tensor.extract_slice", &[tensor], ty, &self.ranges(offsets, sizes, strides, segments))
    }

    /// `into` with `tensor` written at `into[offsets : offsets + sizes * strides : strides]`, sizes being the tensor's.
    pub fn insert_slice(&self, tensor: Val<'c>, into: Val<'c>, offsets: &[usize], strides: &[usize]) -> Val<'c> {
        let segments = DenseI32ArrayAttribute::new(self.context, &[1, 1, 0, 0, 0]).into();
        let sizes = self.shape_of(tensor);
        self.value(
            "tensor.insert_slice",
            &[tensor, into],
            into.r#type(),
            &self.ranges(offsets, &sizes, strides, segments),
        )
    }

    /// `tensor[index]`, of one dimension less.
    pub fn row(&self, tensor: Val<'c>, index: Val<'c>) -> Val<'c> {
        let shape = self.shape_of(tensor);
        let ty = self.tensor(self.element_of(tensor), &shape[1..]);
        let segments = DenseI32ArrayAttribute::new(self.context, &[1, 1, 0, 0]).into();
        self.value("tensor.extract_slice", &[tensor, index], ty, &self.row_ranges(&shape, segments))
    }

    /// `into` with `row` written at `into[index]`.
    pub fn insert_row(&self, row: Val<'c>, into: Val<'c>, index: Val<'c>) -> Val<'c> {
        let segments = DenseI32ArrayAttribute::new(self.context, &[1, 1, 1, 0, 0]).into();
        let ranges = self.row_ranges(&self.shape_of(into), segments);
        self.value("tensor.insert_slice", &[row, into, index], into.r#type(), &ranges)
    }

    /// `value` in the memory of `into`, which is overwritten: what a loop carries must be where it was.
    pub fn write_over(&self, value: Val<'c>, into: Val<'c>) -> Val<'c> {
        self.value("bufferization.materialize_in_destination", &[value, into], into.r#type(), &[])
    }

    /// The ranges of one row whose number is an operand.
    fn row_ranges(&self, shape: &[usize], segments: Attribute<'c>) -> [(&'static str, Attribute<'c>); 4] {
        let mut offsets = vec![0; shape.len()];
        offsets[0] = DYNAMIC;
        let sizes: Vec<usize> = std::iter::once(1).chain(shape[1..].iter().copied()).collect();
        [
            ("static_offsets", DenseI64ArrayAttribute::new(self.context, &offsets).into()),
            ("static_sizes", self.i64_array(&sizes)),
            ("static_strides", self.i64_array(&vec![1; shape.len()])),
            ("operandSegmentSizes", segments),
        ]
    }

    fn ranges(
        &self,
        offsets: &[usize],
        sizes: &[usize],
        strides: &[usize],
        segments: Attribute<'c>,
    ) -> [(&'static str, Attribute<'c>); 4] {
        [
            ("static_offsets", self.i64_array(offsets)),
            ("static_sizes", self.i64_array(sizes)),
            ("static_strides", self.i64_array(strides)),
            ("operandSegmentSizes", segments),
        ]
    }

    pub(super) fn i64_array(&self, values: &[usize]) -> Attribute<'c> {
        let values: Vec<i64> = values.iter().map(|&v| v as i64).collect();
        DenseI64ArrayAttribute::new(self.context, &values).into()
    }

    // Structured operations and loops.

    /// An affine map of `dims` dimensions, named `d0`, `d1`, ..., to these expressions.
    pub fn map<S: AsRef<str>>(&self, dims: usize, results: &[S]) -> Attribute<'c> {
        let names: Vec<String> = (0..dims).map(|i| format!("d{i}")).collect();
        let results: Vec<&str> = results.iter().map(AsRef::as_ref).collect();
        let text = format!("affine_map<({}) -> ({})>", names.join(", "), results.join(", "));
        Attribute::parse(self.context, &text).expect("lowerings write well-formed affine maps")
    }

    pub fn identity(&self, dims: usize) -> Attribute<'c> {
        self.map(dims, &(0..dims).map(|i| format!("d{i}")).collect::<Vec<_>>())
    }

    /// The map by which an operand of this shape is read where the result has rank `rank`: numpy's broadcasting.
    pub fn broadcast_map(&self, shape: &[usize], rank: usize) -> Attribute<'c> {
        let skip = rank - shape.len();
        let results: Vec<String> = shape
            .iter()
            .enumerate()
            .map(|(i, &n)| if n == 1 { "0".into() } else { format!("d{}", i + skip) })
            .collect();
        self.map(rank, &results)
    }

    /// A `linalg.generic`: `body` gets one scalar per input, then one per output, and returns one per output.
    pub fn generic(
        &self,
        inputs: &[(Val<'c>, Attribute<'c>)],
        outputs: &[(Val<'c>, Attribute<'c>)],
        loops: &[Loop],
        body: impl FnOnce(&Emitter<'c>, &[Val<'c>]) -> Vec<Val<'c>>,
    ) -> Vec<Val<'c>> {
        let all: Vec<_> = inputs.iter().chain(outputs).copied().collect();
        let operands: Vec<Val> = all.iter().map(|(v, _)| *v).collect();
        let maps: Vec<Attribute> = all.iter().map(|(_, m)| *m).collect();
        let results: Vec<Type> = outputs.iter().map(|(v, _)| v.r#type()).collect();
        let elements: Vec<Type> = operands.iter().map(|v| self.element_of(*v)).collect();
        let iterators: Vec<Attribute> = loops
            .iter()
            .map(|l| {
                let name = if *l == Loop::Parallel { "parallel" } else { "reduction" };
                Attribute::parse(self.context, &format!("#linalg.iterator_type<{name}>"))
                    .expect("iterator types are part of linalg, which is loaded")
            })
            .collect();
        let segments = DenseI32ArrayAttribute::new(self.context, &[inputs.len() as i32, outputs.len() as i32]);
        let generic = self.op_with_regions(
            "linalg.generic",
            &operands,
            &results,
            &[
                ("indexing_maps", ArrayAttribute::new(self.context, &maps).into()),
                ("iterator_types", ArrayAttribute::new(self.context, &iterators).into()),
                ("operandSegmentSizes", segments.into()),
            ],
            &[&elements],
        );
        self.body(generic, 0, body, "linalg.yield");
        ir::results(generic)
    }

    /// The position of a loop inside the body of a `linalg.generic`.
    pub fn loop_index(&self, dim: usize) -> Val<'c> {
        let dim = self.integer(self.integer_type(64), dim as i64);
        self.value("linalg.index", &[], self.index_type(), &[("dim", dim)])
    }

    /// `for i in lower..upper step step` that carries values: `body` gets `i` and the values, and returns the next ones.
    pub fn for_loop(
        &self,
        lower: Val<'c>,
        upper: Val<'c>,
        step: Val<'c>,
        carried: &[Val<'c>],
        body: impl FnOnce(&Emitter<'c>, Val<'c>, &[Val<'c>]) -> Vec<Val<'c>>,
    ) -> Vec<Val<'c>> {
        let types: Vec<Type> = carried.iter().map(|v| v.r#type()).collect();
        let operands: Vec<Val> = [lower, upper, step].into_iter().chain(carried.iter().copied()).collect();
        let arguments: Vec<Type> = std::iter::once(self.index_type()).chain(types.iter().copied()).collect();
        let op = self.op_with_regions("scf.for", &operands, &types, &[], &[&arguments]);
        self.body(op, 0, |inner, arguments| body(inner, arguments[0], &arguments[1..]), "scf.yield");
        ir::results(op)
    }

    /// `if condition { yes } else { no }` with values.
    pub fn if_else(
        &self,
        condition: Val<'c>,
        types: &[Type<'c>],
        yes: impl FnOnce(&Emitter<'c>) -> Vec<Val<'c>>,
        no: impl FnOnce(&Emitter<'c>) -> Vec<Val<'c>>,
    ) -> Vec<Val<'c>> {
        let op = self.op_with_regions("scf.if", &[condition], types, &[], &[&[], &[]]);
        self.body(op, 0, |inner, _| yes(inner), "scf.yield");
        self.body(op, 1, |inner, _| no(inner), "scf.yield");
        ir::results(op)
    }

    /// Fills the one block of a region and ends it.
    fn body(
        &self,
        op: ir::Op<'c>,
        region: usize,
        body: impl FnOnce(&Emitter<'c>, &[Val<'c>]) -> Vec<Val<'c>>,
        end: &str,
    ) {
        let block = ir::op_blocks(op)[region];
        let inner = self.inside(block);
        let values = body(&inner, &ir::arguments(block));
        inner.op(end, &values, &[], &[]);
    }
}
