//! The computation inside a structured operation, and how to repeat it on vectors.

use std::collections::{HashMap, HashSet};

use melior::ir::{Attribute, BlockLike, Type, TypeLike, ValueLike, operation::OperationLike};

use crate::codegen::ir::{self, Blk, Builder, Op, Val};

/// An associative operation that a reduction combines with.
#[derive(Debug)]
pub struct Combiner {
    pub op: &'static str,
    /// Its name as a kind of `vector.reduction`.
    pub kind: &'static str,
    /// The element that changes nothing: as a float, and as an integer of a given width. Those that leave out what is
    /// not a number have one that is.
    float: f64,
    integer: fn(u32) -> i64,
}

const fn least(bits: u32) -> i64 {
    -1 << (bits - 1)
}
const fn most(bits: u32) -> i64 {
    !least(bits)
}

#[rustfmt::skip]
const COMBINERS: &[Combiner] = &[
    Combiner { op: "arith.addf",     kind: "add",      float: -0.0,              integer: |_| 0 },
    Combiner { op: "arith.mulf",     kind: "mul",      float: 1.0,               integer: |_| 1 },
    Combiner { op: "arith.maximumf", kind: "maximumf", float: f64::NEG_INFINITY, integer: |_| 0 },
    Combiner { op: "arith.minimumf", kind: "minimumf", float: f64::INFINITY,     integer: |_| 0 },
    Combiner { op: "arith.maxnumf",  kind: "maxnumf",  float: f64::NEG_INFINITY, integer: |_| 0 },
    Combiner { op: "arith.minnumf",  kind: "minnumf",  float: f64::INFINITY,     integer: |_| 0 },
    Combiner { op: "arith.addi",     kind: "add",      float: 0.0,               integer: |_| 0 },
    Combiner { op: "arith.muli",     kind: "mul",      float: 0.0,               integer: |_| 1 },
    Combiner { op: "arith.maxsi",    kind: "maxsi",    float: 0.0,               integer: least },
    Combiner { op: "arith.minsi",    kind: "minsi",    float: 0.0,               integer: most },
    Combiner { op: "arith.maxui",    kind: "maxui",    float: 0.0,               integer: |_| 0 },
    Combiner { op: "arith.minui",    kind: "minui",    float: 0.0,               integer: |_| -1 },
    Combiner { op: "arith.andi",     kind: "and",      float: 0.0,               integer: |_| -1 },
    Combiner { op: "arith.ori",      kind: "or",       float: 0.0,               integer: |_| 0 },
    Combiner { op: "arith.xori",     kind: "xor",      float: 0.0,               integer: |_| 0 },
];

impl Combiner {
    /// The element that changes nothing.
    pub fn neutral<'c>(&self, b: &Builder<'c>, ty: Type<'c>) -> Val<'c> {
        if ty.is_integer() {
            b.value("arith.constant", &[], ty, &[("value", b.integer(ty, (self.integer)(ir::bit_width(ty))))])
        } else {
            b.constant_float(ty, self.float)
        }
    }
}

impl Combiner {
    /// `accumulated` with one more, on vectors or scalars. If `from_neutral`, what is accumulated started from the neutral
    /// element.
    pub fn combine<'c>(&self, b: &Builder<'c>, accumulated: Val<'c>, more: Val<'c>, from_neutral: bool) -> Val<'c> {
        const UNORDERED: i64 = 14;
        let ty = accumulated.r#type();
        let shape = ir::static_shape(ty).and_then(|s| s.first().copied());
        let condition = shape.map_or(b.integer_type(1), |lanes| b.vector(b.integer_type(1), lanes));
        let compare = |is: i64, x: Val<'c>, y: Val<'c>| {
            b.value("arith.cmpf", &[x, y], condition, &[("predicate", b.integer(b.integer_type(64), is))])
        };
        let select = |condition, yes, no| b.value("arith.select", &[condition, yes, no], ty, &[]);
        // A comparison and a choice, which yields the second if either is not a number, is one instruction.
        let extreme = |x, y| select(compare(if self.kind.starts_with("max") { 2 } else { 4 }, x, y), x, y);
        match self.op {
            "arith.maxnumf" | "arith.minnumf" if from_neutral => extreme(more, accumulated),
            "arith.maximumf" | "arith.minimumf" => {
                let is_lost = compare(UNORDERED, accumulated, accumulated);
                select(is_lost, accumulated, extreme(accumulated, more))
            }
            "arith.addf" | "arith.mulf" => {
                b.value(self.op, &[accumulated, more], ty, &[("fastmath", b.fast_math("contract"))])
            }
            _ => b.value(self.op, &[accumulated, more], ty, &[]),
        }
    }
}

/// How one result of the body depends on the value accumulated so far.
#[derive(Clone, Copy, Debug)]
pub struct Reduction<'c> {
    pub combiner: &'static Combiner,
    /// The operation that combines, and what it combines with.
    pub op: Op<'c>,
    pub contribution: Val<'c>,
}

/// The block of a structured operation: arguments for inputs, then for outputs.
#[derive(Clone, Debug)]
pub struct Body<'c> {
    pub inputs: Vec<Val<'c>>,
    pub outputs: Vec<Val<'c>>,
    pub yields: Vec<Val<'c>>,
    pub ops: Vec<Op<'c>>,
    /// The operations that ask for an index.
    pub indices: Vec<Op<'c>>,
    /// One per output, if all of them are of the form `combine(output, contribution)`.
    pub reductions: Option<Vec<Reduction<'c>>>,
    /// Whether every operation means the same on vectors, lane by lane.
    pub vectorizable: bool,
}

impl<'c> Body<'c> {
    pub fn new(block: Blk<'c>, input_count: usize) -> Option<Self> {
        let terminator = block.terminator()?;
        let mut arguments = ir::arguments(block);
        let outputs = arguments.split_off(input_count);
        let mut ops = ir::block_ops(block);
        ops.pop();
        let yields = ir::operands(terminator);
        let reductions = outputs.iter().zip(&yields).map(|(o, y)| reduction(*o, *y)).collect();
        let indices = ops.iter().copied().filter(|op| ir::is(*op, "linalg.index")).collect();
        let vectorizable = ops.iter().all(|op| is_lanewise(*op));
        Some(Self { inputs: arguments, outputs, yields, ops, indices, reductions, vectorizable })
    }

    /// Whether the argument is read.
    pub fn reads(&self, argument: Val<'c>) -> bool {
        !ir::uses(argument).is_empty()
    }

    /// Bytes of the widest value computed; at least one.
    pub fn widest(&self) -> i64 {
        let values = self.ops.iter().flat_map(|op| ir::results(*op)).chain(self.inputs.iter().copied());
        let used = values.filter(|v| !ir::uses(*v).is_empty()).chain(self.yields.iter().copied());
        used.map(|v| ir::byte_width(v.r#type()) as i64).max().unwrap_or(1).max(1)
    }

    /// Work per iteration in simple vector instructions.
    pub fn cost(&self) -> f64 {
        let all: f64 = self.ops.iter().map(|op| op_cost(*op)).sum();
        // A product that is added to the accumulator is one instruction with the addition.
        let fused = self.reductions.iter().flatten().filter(|r| {
            r.combiner.op == "arith.addf" && ir::defining_op(r.contribution).is_some_and(|p| ir::is(p, "arith.mulf"))
        });
        (all - fused.count() as f64).max(0.5)
    }
}

fn op_cost(op: Op<'_>) -> f64 {
    match ir::name_of(op) {
        "arith.constant" | "linalg.index" => 0.0,
        "arith.divf" | "math.sqrt" => 6.0,
        "math.absf" | "math.floor" | "math.ceil" | "math.round" | "math.roundeven" | "math.trunc" | "math.fma" => 1.0,
        name if name.starts_with("math.") => 20.0,
        _ => 1.0,
    }
}

/// Matches `yield combine(output, contribution)` where the output is read nowhere else.
fn reduction<'c>(output: Val<'c>, yielded: Val<'c>) -> Option<Reduction<'c>> {
    let op = ir::defining_op(yielded)?;
    let combiner = COMBINERS.iter().find(|c| c.op == ir::name_of(op))?;
    let uses = ir::uses(output);
    let [(user, operand)] = uses[..] else { return None };
    if user != op || ir::uses(yielded).len() != 1 {
        return None;
    }
    Some(Reduction { combiner, op, contribution: ir::operand(op, 1 - operand)? })
}

/// Whether an operation does the same to each lane of vectors as it does to scalars.
fn is_lanewise(op: Op<'_>) -> bool {
    let name = ir::name_of(op);
    if op.region_count() > 0 {
        return false;
    }
    match name {
        "linalg.index" => true,
        // Lanes beyond the end of a row hold zeros; an integer division by one of them would trap.
        "arith.divsi" | "arith.divui" | "arith.remsi" | "arith.remui" | "arith.ceildivsi" | "arith.ceildivui"
        | "arith.floordivsi" => ir::operand(op, 1).is_some_and(is_nonzero_constant),
        _ => name.starts_with("arith.") || name.starts_with("math."),
    }
}

fn is_nonzero_constant(value: Val<'_>) -> bool {
    ir::defining_op(value)
        .filter(|op| ir::is(*op, "arith.constant"))
        .and_then(|op| op.attribute("value").ok())
        .and_then(ir::integer_value)
        .is_some_and(|v| v != 0)
}

/// A value of one iteration, or of as many iterations as a vector has lanes.
#[derive(Clone, Copy)]
pub struct Lanes<'c> {
    pub value: Val<'c>,
    pub is_vector: bool,
}

/// What is known of the values of the body in one group of iterations.
pub type Bindings<'c> = HashMap<usize, Lanes<'c>>;

/// Repeats the body for one group of iterations.
pub struct Repeat<'c, 'b> {
    pub body: &'b Body<'c>,
    pub builder: Builder<'c>,
    pub lanes: i64,
    /// Let multiplications and additions of floats contract into one rounding.
    pub contract: bool,
    /// Operations to leave out.
    pub skip: HashSet<usize>,
}

impl<'c> Repeat<'c, '_> {
    /// Builds the operations that `bindings` of the block arguments (and of `linalg.index`) feed, and adds their results.
    pub fn run(&self, bindings: &mut Bindings<'c>) {
        for op in &self.body.ops {
            let bound = |value: &Val<'c>| bindings.contains_key(&ir::key(*value));
            if self.skip.contains(&ir::op_key(*op)) || ir::results(*op).first().is_some_and(bound) {
                continue;
            }
            self.repeat(*op, bindings);
        }
    }

    fn repeat(&self, op: Op<'c>, bindings: &mut Bindings<'c>) {
        let operands: Vec<Lanes> = op.operands().map(|v| self.lookup(v, bindings)).collect();
        let is_vector = operands.iter().any(|o| o.is_vector);
        if op.region_count() > 0 {
            // Only iterations one at a time reach this; the regions name values of the body directly.
            let copy = self.builder.insert(ir::clone_op(op));
            ir::remap(copy, &|value| bindings.get(&ir::key(value)).map(|b| b.value));
            for (old, new) in ir::results(op).into_iter().zip(ir::results(copy)) {
                bindings.insert(ir::key(old), Lanes { value: new, is_vector: false });
            }
            return;
        }
        let values: Vec<Val> = operands.iter().map(|o| if is_vector { self.widen(*o) } else { o.value }).collect();
        let types: Vec<Type> = op
            .results()
            .map(|r| if is_vector { self.builder.vector(r.r#type(), self.lanes) } else { r.r#type() })
            .collect();
        let mut attributes: Vec<(String, Attribute)> =
            op.attributes().map(|(n, a)| (n.as_string_ref().as_str().unwrap_or("").to_owned(), a)).collect();
        if self.contract && matches!(ir::name_of(op), "arith.mulf" | "arith.addf" | "arith.subf") {
            attributes.retain(|(n, _)| n != "fastmath");
            attributes.push(("fastmath".into(), self.builder.fast_math("contract")));
        }
        let attributes: Vec<(&str, Attribute)> = attributes.iter().map(|(n, a)| (n.as_str(), *a)).collect();
        let copy = self.builder.op(ir::name_of(op), &values, &types, &attributes);
        for (old, new) in ir::results(op).into_iter().zip(ir::results(copy)) {
            bindings.insert(ir::key(old), Lanes { value: new, is_vector });
        }
    }

    /// What a value of the body is in these iterations; values from outside are the same in all of them.
    pub fn lookup(&self, value: Val<'c>, bindings: &Bindings<'c>) -> Lanes<'c> {
        bindings.get(&ir::key(value)).copied().unwrap_or(Lanes { value, is_vector: false })
    }

    /// The value as a vector.
    pub fn widen(&self, lanes: Lanes<'c>) -> Val<'c> {
        if lanes.is_vector {
            lanes.value
        } else {
            let ty = self.builder.vector(lanes.value.r#type(), self.lanes);
            self.builder.value("vector.broadcast", &[lanes.value], ty, &[])
        }
    }
}
