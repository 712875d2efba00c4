//! What is known of each e-class: types, constants, ranges of values. egg calls this an analysis.

use egg::{Analysis, DidMerge, EGraph, Id, Language};
use hwc_dialects::reference::evaluate;
use hwc_dialects::reference::number::{floats, from_floats, from_integers};
use hwc_dialects::{AxisOrder, Op, TensorType};
use hwc_runtime::dtype::Kind as Numbers;
use hwc_runtime::{DType, Tensor};

use super::language::{Kind, Node};
use super::tables::{AttrsId, Tables, TypesId};

pub type Graph = EGraph<Node, Analyst>;

/// The facts about one e-class.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Facts {
    /// Types of what it computes; nothing for what has no type: an absent operand, or an operation that is wrong.
    pub types: Option<TypesId>,
    /// The number of a constant that it is.
    pub constant: Option<u32>,
    /// The value of all of its elements, where they are known to be the same.
    pub splat: Option<f64>,
    /// True where it depends on constants only: it is computed once, when the model is compiled.
    pub weights: bool,
    /// Bounds of its elements; NaN may always occur beside them.
    pub range: Range,
}

/// An interval of numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    pub low: f64,
    pub high: f64,
}

impl Range {
    pub const ALL: Range = Range { low: f64::NEG_INFINITY, high: f64::INFINITY };

    fn new(low: f64, high: f64) -> Range {
        Range { low, high }
    }

    fn and(self, other: Range) -> Range {
        Range::new(self.low.max(other.low), self.high.min(other.high))
    }
}

/// Where an e-node comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The number of the rule that made it; none made the graph's own.
    pub rule: Option<u32>,
    /// The iteration in which it was made, from 1; 0 for the graph's own.
    pub iteration: u32,
}

/// A rule that equates what has no type or another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeConflict {
    /// The rule's number, or none where the graph itself is wrong.
    pub rule: Option<u32>,
    pub message: String,
}

/// Finds the facts, and keeps what they refer to.
pub struct Analyst {
    pub tables: Tables,
    /// Whence what is made now comes.
    pub origin: Origin,
    /// By number of the e-node.
    pub origins: Vec<Origin>,
    pub conflicts: Vec<TypeConflict>,
    /// E-classes that changed since the runner last looked.
    pub touched: Vec<Id>,
}

impl Default for Analyst {
    fn default() -> Self {
        Self {
            tables: Tables::default(),
            origin: Origin { rule: None, iteration: 0 },
            origins: vec![],
            conflicts: vec![],
            touched: vec![],
        }
    }
}

/// More elements of a constant are not looked at for their range.
const MOST_LOOKED_AT: usize = 1 << 16;

impl Analyst {
    /// Notes that the rule at work is wrong.
    pub fn conflict(&mut self, message: String) {
        let conflict = TypeConflict { rule: self.origin.rule, message };
        if !self.conflicts.contains(&conflict) {
            self.conflicts.push(conflict);
        }
    }

    /// Notes that the rule at work equates what has different types.
    pub fn equates(&mut self, left: Option<TypesId>, right: Option<TypesId>) {
        let text = |types: Option<TypesId>| {
            let types = types.map(|id| self.tables.types_of(id).iter().map(TensorType::to_string));
            types.map_or("nothing".to_string(), |types| types.collect::<Vec<_>>().join(", "))
        };
        let message = format!("equates {} with {}", text(left), text(right));
        self.conflict(message);
    }
}

impl Analysis<Node> for Analyst {
    type Data = Facts;

    fn make(graph: &mut Graph, node: &Node, id: Id) -> Facts {
        let analyst = &mut graph.analysis;
        if usize::from(id) >= analyst.origins.len() {
            analyst.origins.resize(usize::from(id) + 1, analyst.origin);
        }
        facts(graph, node)
    }

    fn remake(graph: &mut Graph, node: &Node, _id: Id) -> Facts {
        facts(graph, node)
    }

    fn merge(&mut self, a: &mut Facts, b: Facts) -> DidMerge {
        if a.types != b.types {
            self.equates(a.types, b.types);
        }
        let merged = Facts {
            types: a.types.or(b.types),
            constant: a.constant.or(b.constant),
            splat: a.splat.or(b.splat),
            weights: a.weights || b.weights,
            range: a.range.and(b.range),
        };
        let changes = DidMerge(merged != *a, merged != b);
        *a = merged;
        changes
    }

    fn modify(graph: &mut Graph, id: Id) {
        graph.analysis.touched.push(id);
    }
}

fn facts(graph: &mut Graph, node: &Node) -> Facts {
    let none = Facts { types: None, constant: None, splat: None, weights: false, range: Range::ALL };
    match node.kind {
        Kind::Input(number) => {
            let outside = graph.analysis.tables.input_of(number);
            Facts { types: Some(outside.types), weights: outside.weights, ..none }
        }
        Kind::Absent => Facts { weights: true, ..none },
        Kind::Constant(number) => {
            let tables = &mut graph.analysis.tables;
            let value = tables.constant_of(number).clone();
            let types = Some(tables.types(vec![TensorType::of(&value)]));
            Facts { types, constant: Some(number), splat: splat(&value), weights: true, range: range_of(&value) }
        }
        Kind::Result(index) => {
            let Some(&tuple) = node.operands.first() else { return none };
            let tuple = graph[tuple].data;
            let ty = tuple.types.and_then(|id| graph.analysis.tables.types_of(id).get(index as usize).cloned());
            let types = ty.map(|ty| graph.analysis.tables.types(vec![ty]));
            Facts { types, weights: tuple.weights, ..none }
        }
        Kind::Op(op, attrs) => {
            let operands: Vec<Facts> = node.children().iter().map(|&id| graph[id].data).collect();
            let types = operands.iter().map(|facts| facts.types).collect();
            let types = graph.analysis.tables.infer(op, attrs, types);
            let types = types.map_err(|error| graph.analysis.conflict(format!("makes {}: {error}", op.info().name)));
            let weights = operands.iter().all(|facts| facts.weights);
            let splat = splat_of(&graph.analysis.tables, op, attrs, &operands);
            let range =
                splat.filter(|value| !value.is_nan()).map_or_else(|| range(op, &operands), |v| Range::new(v, v));
            Facts { types: types.ok(), constant: None, splat, weights, range }
        }
    }
}

/// The value of all elements, where there is one.
pub fn splat(value: &Tensor) -> Option<f64> {
    let (size, bytes) = (value.dtype().size(), value.bytes());
    let (first, rest) = bytes.split_at_checked(size)?;
    let same = rest.chunks_exact(size).all(|element| element == first);
    let one = same.then(|| Tensor::from_bytes(value.dtype(), Vec::new(), bytes.slice(..size)).ok())??;
    floats(&one).first().copied()
}

/// The value of all elements of a result, where those of all operands are known.
fn splat_of(tables: &Tables, op: Op, attrs: AttrsId, operands: &[Facts]) -> Option<f64> {
    if matches!(op, Op::Reshape | Op::Transpose | Op::Expand | Op::Tile | Op::Slice) {
        return operands.first()?.splat;
    }
    if op.info().order != AxisOrder::Pointwise || operands.iter().any(|facts| facts.splat.is_none()) {
        return None;
    }
    let scalars = operands.iter().map(|facts| {
        let [ty] = tables.types_of(facts.types?) else { return None };
        scalar(ty.dtype, facts.splat?)
    });
    let scalars = scalars.collect::<Option<Vec<Tensor>>>()?;
    let scalars: Vec<Option<&Tensor>> = scalars.iter().map(Some).collect();
    let results = evaluate(op, tables.attrs_of(attrs), &scalars).ok()?;
    floats(results.first()?).first().copied()
}

/// A number as a scalar of an element type, where that has it.
pub fn scalar(dtype: DType, value: f64) -> Option<Tensor> {
    match dtype.kind() {
        Numbers::Float => from_floats(dtype, &[], [value]).ok(),
        _ if value.fract() == 0.0 => from_integers(dtype, &[], [value as i128]).ok(),
        _ => None,
    }
}

fn range_of(value: &Tensor) -> Range {
    if value.is_empty() || value.len() > MOST_LOOKED_AT {
        return Range::ALL;
    }
    let empty = Range::new(f64::INFINITY, f64::NEG_INFINITY);
    floats(value).into_iter().fold(empty, |range, v| Range::new(range.low.min(v), range.high.max(v)))
}

/// Bounds of the results of operators that have any.
fn range(op: Op, operands: &[Facts]) -> Range {
    let first = operands.first().map_or(Range::ALL, |facts| facts.range);
    let second = operands.get(1).map_or(Range::ALL, |facts| facts.range);
    let infinite = f64::INFINITY;
    match op {
        Op::Exp | Op::Abs | Op::Sqrt | Op::ReduceL1 | Op::ReduceL2 | Op::ReduceSumSquare => Range::new(0.0, infinite),
        Op::Relu => Range::new(first.low.max(0.0), first.high.max(0.0)),
        Op::Sigmoid | Op::HardSigmoid | Op::Softmax => Range::new(0.0, 1.0),
        Op::Tanh | Op::Erf | Op::Sin | Op::Cos | Op::Softsign => Range::new(-1.0, 1.0),
        Op::Max => Range::new(first.low.max(second.low), first.high.max(second.high)),
        Op::Min => Range::new(first.low.min(second.low), first.high.min(second.high)),
        Op::Clip => {
            let bound = |slot: usize| operands.get(slot).filter(|facts| facts.types.is_some()).map(|facts| facts.range);
            let low = bound(1).map_or(first, |low| Range::new(first.low.max(low.low), first.high.max(low.high)));
            bound(2).map_or(low, |high| Range::new(low.low.min(high.low), low.high.min(high.high)))
        }
        Op::Neg => Range::new(-first.high, -first.low),
        Op::Reshape | Op::Transpose | Op::Expand | Op::Tile | Op::Slice => first,
        Op::Concat => operands.iter().fold(Range::new(infinite, -infinite), |range, facts| {
            Range::new(range.low.min(facts.range.low), range.high.max(facts.range.high))
        }),
        _ => Range::ALL,
    }
}
