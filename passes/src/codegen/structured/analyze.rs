//! Reads structured operations on buffers as loop nests.

use melior::ir::{AffineExpr, AffineMap, Attribute, ValueLike, operation::OperationLike};

use super::{
    body::Body,
    nest::{Access, Dim, Kind, Nest},
    stages::Stage,
};
use crate::codegen::ir::{self, Op, Val};

/// A structured operation: its loops, where its operands are, what it computes.
#[derive(Clone, Debug)]
pub struct Structured<'c> {
    pub op: Op<'c>,
    pub nest: Nest,
    pub inputs: Vec<Operand<'c>>,
    pub outputs: Vec<Val<'c>>,
    /// Nothing for a copy.
    pub body: Option<Body<'c>>,
    /// What an output holds before, if that is computed here; one per output of the body.
    pub before: Vec<Option<Stage<'c>>>,
    /// What becomes of the results; its own results go to the outputs after those of the body.
    pub after: Option<Stage<'c>>,
    /// What is computed in each iteration for the body to read; its results are also stored, to the last outputs.
    pub during: Option<Stage<'c>>,
    /// Whether the results of the body are stored themselves.
    pub keeps_result: bool,
    /// Merged operations: where the loops go if not to `op`, and which operations go away with them.
    pub place: Option<Op<'c>>,
    pub absorbed: Vec<Op<'c>>,
}

/// An input: a buffer, one value for all iterations, or a result of [`Structured::during`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Operand<'c> {
    Buffer(Val<'c>),
    Value(Val<'c>),
    Computed(usize),
}

impl<'c> Operand<'c> {
    pub fn buffer(self) -> Option<Val<'c>> {
        match self {
            Operand::Buffer(buffer) => Some(buffer),
            Operand::Value(_) | Operand::Computed(_) => None,
        }
    }
}

/// Reads an operation; nothing if it is not structured, or its accesses are not linear with known strides. The nest has
/// the dimensions of the operation.
pub fn read<'c>(op: Op<'c>) -> Option<Structured<'c>> {
    match ir::name_of(op) {
        "linalg.generic" => generic(op),
        "memref.copy" => copy(op),
        _ => None,
    }
}

impl<'c> Structured<'c> {
    fn new(op: Op<'c>, nest: Nest, inputs: Vec<Operand<'c>>, outputs: Vec<Val<'c>>, body: Option<Body<'c>>) -> Self {
        let before = vec![None; outputs.len()];
        Self {
            op,
            nest,
            inputs,
            outputs,
            body,
            before,
            after: None,
            during: None,
            keeps_result: true,
            place: None,
            absorbed: vec![],
        }
    }

    /// Work per iteration in simple vector instructions.
    pub fn work(&self) -> f64 {
        self.bodies().map(Body::cost).reduce(|all, own| all + own).unwrap_or(0.5)
    }

    /// What runs in each iteration.
    pub fn bodies(&self) -> impl Iterator<Item = &Body<'c>> {
        self.body.iter().chain(self.during.iter().map(|stage| &stage.body))
    }

    /// A copy of elements, written where `op` stands.
    pub fn copy_of(op: Op<'c>, nest: Nest, from: Operand<'c>, to: Val<'c>) -> Self {
        Self::new(op, nest, vec![from], vec![to], None)
    }
}

/// How many of a `linalg.generic`'s operands are inputs.
pub fn input_count(op: Op<'_>) -> Option<usize> {
    op.operand_count().checked_sub(segment(op, 1)?)
}

fn generic<'c>(op: Op<'c>) -> Option<Structured<'c>> {
    if op.result_count() > 0 {
        return None;
    }
    let operands = ir::operands(op);
    let block = *ir::op_blocks(op).first()?;
    let maps = ir::array(op.attribute("indexing_maps").ok()?)?;
    let kinds: Vec<Kind> =
        ir::array(op.attribute("iterator_types").ok()?)?.into_iter().map(kind).collect::<Option<_>>()?;
    let input_count = input_count(op)?;
    let mut nest = Nest {
        dims: kinds.iter().map(|&kind| Dim { extent: -1, kind, index_of: None }).collect(),
        inputs: vec![],
        outputs: vec![],
    };
    let mut inputs = vec![];
    for (i, (&operand, map)) in operands.iter().zip(&maps).enumerate() {
        let map = ir::affine_map(*map)?;
        let access = if ir::is_memref(operand.r#type()) {
            access(operand, &map, &mut nest.dims)?
        } else {
            Access { strides: vec![0; kinds.len()], offset: 0, bytes: 0 }
        };
        if i >= input_count {
            nest.outputs.push(access);
            continue;
        }
        nest.inputs.push(access);
        let is_buffer = ir::is_memref(operand.r#type());
        inputs.push(if is_buffer { Operand::Buffer(operand) } else { Operand::Value(operand) });
    }
    // A window dimension may be bound by no operand alone; every dimension of a verified operation is bound by some.
    if nest.dims.iter().any(|d| d.extent < 0) {
        return None;
    }
    let body = Body::new(block, input_count)?;
    for index in &body.indices {
        let dim = ir::integer_value(index.attribute("dim").ok()?)? as usize;
        nest.dims.get_mut(dim)?.index_of = Some(dim);
    }
    let reads_reductions = nest.outputs.iter().any(|o| nest.of_kind(Kind::Reduction).any(|d| o.strides[d] != 0));
    if reads_reductions {
        return None;
    }
    Some(Structured::new(op, nest, inputs, operands[input_count..].to_vec(), Some(body)))
}

fn copy<'c>(op: Op<'c>) -> Option<Structured<'c>> {
    let (from, to) = (ir::operand(op, 0)?, ir::operand(op, 1)?);
    let shape = ir::static_shape(to.r#type())?;
    let access = |buffer: Val<'c>| {
        let bytes = ir::byte_width(ir::element_type(buffer.r#type())) as i64;
        Some(Access { strides: ir::strides(buffer.r#type())?, offset: 0, bytes })
    };
    let dims = shape.iter().map(|&extent| Dim { extent, kind: Kind::Parallel, index_of: None }).collect();
    let nest = Nest { dims, inputs: vec![access(from)?], outputs: vec![access(to)?] };
    Some(Structured::new(op, nest, vec![Operand::Buffer(from)], vec![to], None))
}

/// The n-th of an operation's operand segment sizes.
fn segment(op: Op<'_>, index: usize) -> Option<usize> {
    let sizes = ir::dense_i32(op.attribute("operandSegmentSizes").ok()?)?;
    usize::try_from(*sizes.get(index)?).ok()
}

fn kind(attribute: Attribute) -> Option<Kind> {
    let text = attribute.to_string();
    if text.contains("parallel") { Some(Kind::Parallel) } else { text.contains("reduction").then_some(Kind::Reduction) }
}

/// The access of a buffer through an affine map; sets the extents of dimensions that index it alone.
fn access<'c>(buffer: Val<'c>, map: &AffineMap<'c>, dims: &mut [Dim]) -> Option<Access> {
    let strides = ir::strides(buffer.r#type())?;
    let shape = ir::static_shape(buffer.r#type())?;
    let bytes = ir::byte_width(ir::element_type(buffer.r#type())) as i64;
    let mut access = Access { strides: vec![0; dims.len()], offset: 0, bytes };
    for (r, (stride, extent)) in strides.iter().zip(&shape).enumerate() {
        let expr = map.result(r).ok()?;
        if expr.is_dim() {
            let dim = dims.get_mut(expr.dim_position())?;
            dim.extent = *extent;
        }
        let (coefficients, constant) = linear(&expr, dims.len())?;
        for (total, coefficient) in access.strides.iter_mut().zip(coefficients) {
            *total += stride * coefficient;
        }
        access.offset += stride * constant;
    }
    Some(access)
}

/// Coefficients and constant of a linear expression over dimensions.
fn linear(expr: &AffineExpr<'_>, dims: usize) -> Option<(Vec<i64>, i64)> {
    if expr.is_constant() {
        return Some((vec![0; dims], expr.constant_value()));
    }
    if expr.is_dim() {
        let mut coefficients = vec![0; dims];
        *coefficients.get_mut(expr.dim_position())? = 1;
        return Some((coefficients, 0));
    }
    if !expr.is_add() && !expr.is_mul() {
        return None;
    }
    let (mut a, mut a0) = linear(&expr.lhs(), dims)?;
    let (mut b, mut b0) = linear(&expr.rhs(), dims)?;
    if expr.is_add() {
        a.iter_mut().zip(&b).for_each(|(x, y)| *x += y);
        return Some((a, a0 + b0));
    }
    if b.iter().any(|c| *c != 0) {
        std::mem::swap(&mut a, &mut b);
        std::mem::swap(&mut a0, &mut b0);
    }
    let is_product_with_constant = b.iter().all(|c| *c == 0);
    is_product_with_constant.then(|| (a.iter().map(|c| c * b0).collect(), a0 * b0))
}
