//! Rewriting keeps what a graph computes, whichever operations are chosen.

use std::collections::HashMap;

use hwc_dialects::mlir::{OpView, build};
use hwc_dialects::reference::{evaluate, number};
use hwc_dialects::{Attrs, Op, attrs};
use hwc_runtime::{DType, Tensor};
use melior::Context;
use melior::ir::{Location, Module, ValueLike};

use super::{choose, node, rewrite};
use crate::codegen::{context, ir};
use crate::lower::testing::random;

/// The values that `main` returns, by the reference evaluator.
fn run(module: &Module, inputs: &[Tensor]) -> Vec<Tensor> {
    let block = ir::entry(ir::functions(ir::module_op(module))[0]).unwrap();
    let keys = ir::arguments(block).into_iter().map(ir::key);
    let mut values: HashMap<usize, Tensor> = keys.zip(inputs.iter().cloned()).collect();
    for operation in ir::block_ops(block) {
        if ir::is(operation, "func.return") {
            return ir::operands(operation).into_iter().map(|v| values[&ir::key(v)].clone()).collect();
        }
        let view = OpView::of(&*operation).unwrap().unwrap();
        let operands: Vec<Option<&Tensor>> =
            view.operands.iter().map(|o| o.map(|v| &values[&(v.to_raw().ptr as usize)])).collect();
        let results =
            evaluate(view.op, &view.attrs, &operands).unwrap_or_else(|e| panic!("{}: {e}", view.op.info().name));
        values.extend(ir::results(operation).into_iter().map(ir::key).zip(results));
    }
    panic!("no return");
}

struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % n as u64) as usize
    }

    fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}

/// A graph that grows by random operations on images of `1 x C x H x W` and what they become.
struct Graph<'c> {
    context: &'c Context,
    block: ir::Blk<'c>,
    random: Random,
    values: Vec<(ir::Val<'c>, Vec<usize>)>,
}

impl<'c> Graph<'c> {
    /// Of one function without operations.
    fn new(context: &'c Context, module: &Module<'c>, seed: u64) -> Self {
        let block = ir::entry(ir::functions(ir::module_op(module))[0]).unwrap();
        ir::erase(ir::block_ops(block)[0]);
        let values = ir::arguments(block).into_iter().map(|v| (v, shape(v))).collect();
        Graph { context, block, random: Random(seed), values }
    }

    fn add(&mut self, op: Op, attrs: &Attrs, operands: &[Option<ir::Val<'c>>]) {
        let location = Location::unknown(self.context);
        let results = build(self.context, self.block, location, op, attrs, operands, &[]);
        self.values.extend(results.unwrap_or_else(|e| panic!("{e}")).into_iter().map(|v| (v, shape(v))));
    }

    fn constant(&mut self, shape: &[usize]) -> ir::Val<'c> {
        let value = random(DType::F32, shape, self.random.0);
        self.add(Op::Constant, &attrs! { "value" => value }, &[]);
        // It is an operand of what comes next only.
        self.values.pop().unwrap().0
    }

    /// Returns the last few values.
    fn finish(self) {
        let returned: Vec<_> = self.values.iter().rev().take(4).map(|(v, _)| *v).collect();
        ir::Builder::at_end(self.context, Location::unknown(self.context), self.block).op(
            "func.return",
            &returned,
            &[],
            &[],
        );
    }

    #[rustfmt::skip]
    fn grow(&mut self) {
        let (x, shape) = self.random.of(&self.values).clone();
        let one = [Some(x)];
        let choice = self.random.below(2) as i64;
        let rank = shape.len();
        match (self.random.below(18), rank) {
            (0, _) => self.add(Op::Relu, &attrs! {}, &one),
            (1, _) => {
                let same: Vec<ir::Val> = self.values.iter().filter(|(_, s)| *s == shape).map(|(v, _)| *v).collect();
                let other = *self.random.of(&same);
                self.add(Op::Add, &attrs! {}, &[Some(x), Some(other)]);
            }
            (2, 4) => {
                let other = self.constant(&[shape[1], 1, 1]);
                self.add(Op::Mul, &attrs! {}, &[Some(x), Some(other)]);
            }
            (3, 3 | 4) => {
                let last = self.constant(&shape[rank - 1..]);
                self.add(Op::Add, &attrs! {}, &[Some(last), Some(x)]);
            }
            (4, 4) => self.add(Op::ReduceMean, &attrs! { "axes" => vec![2i64, -1], "keepdims" => choice == 0 }, &one),
            (5, 4) => self.add(Op::ReduceMax, &attrs! { "axes" => vec![1 + choice] }, &one),
            (6, 3 | 4) => self.add(Op::ReduceSum, &attrs! { "axes" => vec![1i64], "keepdims" => false }, &one),
            (7, 3 | 4) => self.add(Op::Softmax, &attrs! { "axis" => 1i64 }, &one),
            (8, 4) => {
                let filters = *self.random.of(&[3, 8]);
                let (w, group) = match self.random.below(2) {
                    0 => (self.constant(&[filters, shape[1], 3, 3]), 1),
                    _ => (self.constant(&[shape[1], 1, 3, 3]), shape[1] as i64),
                };
                let b = (group == 1).then(|| self.constant(&[filters]));
                let attrs = attrs! { "group" => group, "pads" => vec![1i64, 1, 1, 1], "strides" => vec![1i64, 1 + self.random.below(2) as i64] };
                self.add(Op::Conv, &attrs, &[Some(x), Some(w), b]);
            }
            (9, 4) if shape[2] < 8 => {
                let w = self.constant(&[shape[1], 2, 2, 2]);
                self.add(Op::ConvTranspose, &attrs! { "strides" => vec![2i64, 2] }, &[Some(x), Some(w)]);
            }
            (10, 4) if shape[2] > 1 && shape[3] > 1 => {
                let attrs = attrs! { "kernel" => vec![2i64, 2] };
                let op = *self.random.of(&[Op::MaxPool, Op::AveragePool]);
                self.add(op, &attrs, &one);
            }
            (11, 3 | 4) => self.add(Op::Concat, &attrs! { "axis" => 1i64 - rank as i64 }, &[Some(x), Some(x)]),
            (12, 4) => {
                let attrs = attrs! { "axes" => vec![-1i64, 1], "starts" => vec![0i64, 0], "ends" => vec![2i64, 3], "steps" => vec![1i64, 1] };
                self.add(Op::Slice, &attrs, &one);
            }
            (13, 4) => self.add(Op::Pad, &attrs! { "low" => vec![0i64, 1, 0, 2], "high" => vec![0i64, 0, 1, 0] }, &one),
            (14, 4) => {
                let attrs = attrs! { "permutation" => self.random.of(&[vec![0i64, 2, 3, 1], vec![0, 3, 1, 2], vec![0, 1, 3, 2]]).clone() };
                self.add(Op::Transpose, &attrs, &one);
            }
            (15, 4) => {
                let flat = vec![shape[0] as i64, shape[1] as i64, (shape[2] * shape[3]) as i64];
                self.add(Op::Reshape, &attrs! { "shape" => flat }, &one);
            }
            (16, 3) => {
                let image = vec![shape[0] as i64, shape[1] as i64, 1, shape[2] as i64];
                self.add(Op::Reshape, &attrs! { "shape" => image }, &one);
            }
            (17, 4) if shape[2] < 8 => {
                self.add(Op::Resize, &attrs! { "axes" => vec![3i64, 2], "scales" => vec![2.0, 1.5], "mode" => "linear" }, &one);
            }
            _ => {}
        }
    }
}

fn shape(value: ir::Val) -> Vec<usize> {
    ir::static_shape(value.r#type()).unwrap().into_iter().map(|n| n as usize).collect()
}

const EMPTY: &str = "func.func @main(%x: tensor<1x3x4x5xf32>) { return }";

/// Compares what random graphs compute before and after they are rewritten as `chosen` says.
#[track_caller]
fn check(graphs: u64, least_rewritten: usize, chosen: impl Fn(ir::Blk, &[node::Node], &mut Random) -> Vec<bool>) {
    let context = context::new();
    hwc_dialects::mlir::load(&context);
    let input = [random(DType::F32, &[1, 3, 4, 5], 7)];
    let mut rewritten = 0;
    for seed in 0..graphs {
        let module = Module::parse(&context, EMPTY).unwrap();
        let mut graph = Graph::new(&context, &module, seed);
        (0..12).for_each(|_| graph.grow());
        graph.finish();
        let text = module.as_operation().to_string();
        let expected = run(&module, &input);
        let block = ir::entry(ir::functions(ir::module_op(&module))[0]).unwrap();
        let nodes = node::read(&ir::block_ops(block)).unwrap();
        let last = chosen(block, &nodes, &mut Random(seed + 1000));
        rewritten += usize::from(last.contains(&true));
        rewrite::rewrite(&context, block, &nodes, &last).unwrap();
        let actual = run(&module, &input);
        for (a, e) in actual.iter().zip(&expected) {
            assert_eq!(a.shape(), e.shape(), "seed {seed}: {text}\n{}", module.as_operation());
            // Sums may be taken in another order.
            let close = |(a, e): (f64, f64)| (a - e).abs() <= 1e-4 * e.abs().max(1.0);
            assert!(
                number::floats(a).into_iter().zip(number::floats(e)).all(close),
                "seed {seed}: {text}\n{}",
                module.as_operation()
            );
        }
    }
    assert!(rewritten >= least_rewritten, "{rewritten} of {graphs} graphs were rewritten");
}

#[test]
fn any_choice_keeps_the_meaning() {
    check(150, 120, |_, nodes, random| {
        let free = |node: &node::Node| node.view.as_ref().is_some_and(|view| view.role != node::Role::Fixed);
        nodes.iter().map(|node| free(node) && random.below(2) == 0).collect()
    });
}

#[test]
fn the_cheapest_choice_keeps_the_meaning() {
    check(200, 8, |block, nodes, _| choose::channels_last(block, nodes));
}
