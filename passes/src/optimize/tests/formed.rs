//! The kernels of a program are the groups of its plan.

use std::collections::BTreeSet;

use hwc_dialects::mlir::hwk::{LAUNCH, YIELD};
use melior::ir::operation::OperationLike;

use super::*;
use crate::egraph::graphs::decoder;
use crate::graph::{self, chosen::Chosen};
use crate::optimize::cost::Group;
use crate::optimize::space::Way;

/// A call of a kernel: the groups of the plan that it does the work of, its operators, and how many values it stores.
#[derive(Debug)]
struct Launched {
    groups: BTreeSet<Chosen>,
    operators: Vec<String>,
    stored: usize,
}

/// The kernels that the plan of a graph becomes, after checking that each of its groups is the work of one call and that a
/// call for one group computes what the group does.
fn launched(text: &str, cost: &dyn Cost) -> Vec<Launched> {
    let context = crate::codegen::context::new();
    hwc_dialects::mlir::load(&context);
    let asked = Asked { cost: Some(cost), ..Asked::default() };
    let (optimization, module) = chosen_in(&context, "", text, asked).unwrap();
    let root = ir::module_op(&module);
    graph::fold_constants(&context, root).unwrap();
    graph::fold_affine(&context, root).unwrap();
    graph::channels_last(&context, root).unwrap();
    graph::fold_constants(&context, root).unwrap();
    graph::winograd(&context, root).unwrap();
    graph::pad_images(&context, root).unwrap();
    graph::form_kernels(&context, root, Some(cost)).unwrap();
    assert!(module.as_operation().verify(), "{}", module.as_operation());

    let calls = ir::walk(root).into_iter().filter(|op| ir::is(*op, LAUNCH));
    let launched: Vec<Launched> = calls.map(|call| launch(root, call)).collect();
    let mut seen: BTreeSet<Chosen> = BTreeSet::new();
    for call in &launched {
        assert!(call.groups.iter().all(|group| seen.insert(*group)), "a group of two calls: {launched:?}");
        if let [group] = call.groups.iter().collect::<Vec<_>>()[..] {
            let part = &optimization.parts[group.part];
            let (_, alternative) = part.chosen().find(|(class, _)| *class == group.class).unwrap();
            let Way::Kernel(kernel) = &alternative.way else { panic!("{alternative:?}") };
            let op = |(id, place): (&Id, &usize)| part.graph[*id].nodes[*place].op().unwrap().info().mnemonic;
            let mut planned: Vec<String> = kernel.members.iter().map(op).map(str::to_string).collect();
            planned.sort();
            // A border comes with the layout of images.
            let mut own: Vec<String> = call.operators.iter().filter(|op| *op != "pad").cloned().collect();
            own.sort();
            assert_eq!(own, planned, "{launched:?}");
        }
    }
    let kernels =
        |part: &Optimized| part.chosen().filter(|(_, a)| matches!(a.way, Way::Kernel(_))).count() * part.times;
    assert_eq!(seen.len(), optimization.parts.iter().map(kernels).sum::<usize>(), "{launched:?}");
    launched
}

fn launch(root: ir::Op, call: ir::Op) -> Launched {
    let name = call.attribute("kernel").ok().and_then(ir::string_value);
    let kernel = ir::hwk_kernels(root).into_iter().find(|kernel| ir::symbol(*kernel) == name).unwrap();
    let operations = ir::block_ops(ir::entry(kernel).unwrap()).into_iter().map(ir::name_of);
    let operators = operations.filter(|name| *name != YIELD && *name != "hwc.constant" && *name != "hwc.slice");
    let operators = operators.map(|name| name.trim_start_matches("hwc.").replace("winograd_", ""));
    let groups = graph::chosen::read(call).unwrap().into_iter().collect();
    Launched { groups, operators: operators.collect(), stored: ir::results(call).len() }
}

#[test]
fn chains_become_the_groups_that_were_chosen() {
    let text =
        "func.func @main(%x: tensor<64x64xf32>, %w: tensor<64x64xf32>, %v: tensor<64x64xf32>) -> tensor<64x64xf32> {
          %a = hwc.matmul %x, %w : (tensor<64x64xf32>, tensor<64x64xf32>) -> tensor<64x64xf32>
          %b = hwc.add %a, %x : (tensor<64x64xf32>, tensor<64x64xf32>) -> tensor<64x64xf32>
          %c = hwc.relu %b : (tensor<64x64xf32>) -> tensor<64x64xf32>
          %d = hwc.matmul %c, %v : (tensor<64x64xf32>, tensor<64x64xf32>) -> tensor<64x64xf32>
          return %d : tensor<64x64xf32> }";
    let calls = launched(text, &analytic());
    assert_eq!(calls.iter().map(|call| call.operators.join("+")).collect::<Vec<_>>(), ["matmul+add+relu", "matmul"]);
}

#[test]
fn every_layer_becomes_the_groups_that_were_chosen() {
    let calls = launched(&decoder(4), &analytic());
    // The same for all layers but the first and the last.
    let places: BTreeSet<usize> = calls.iter().flat_map(|call| &call.groups).map(|group| group.place).collect();
    assert!(places.len() >= 5, "{calls:?}");
}

/// Takes longer for a kernel of several operations than for these alone, or much less.
struct Fused(f64);

impl Cost for Fused {
    fn name(&self) -> &'static str {
        "fused"
    }

    fn seconds(&self, group: &Group) -> Option<f64> {
        Some(if group.calls.len() > 1 { self.0 * group.calls.len() as f64 } else { 1.0 })
    }
}

const FORK: &str = "func.func @main(%x: tensor<64x48xf32>) -> (tensor<64x1xf32>, tensor<1x48xf32>) {
      %r = hwc.relu %x : (tensor<64x48xf32>) -> tensor<64x48xf32>
      %a = hwc.reduce_max %r over [-1] : (tensor<64x48xf32>) -> tensor<64x1xf32>
      %b = hwc.reduce_max %r over [0] : (tensor<64x48xf32>) -> tensor<1x48xf32>
      return %a, %b : tensor<64x1xf32>, tensor<1x48xf32> }";

#[test]
fn what_was_chosen_apart_stays_apart() {
    let calls = launched(FORK, &Fused(2.0));
    assert_eq!(calls.iter().map(|call| call.operators.len()).collect::<Vec<_>>(), [1, 1, 1], "{calls:?}");
}

#[test]
fn what_was_chosen_to_be_computed_twice_is() {
    let calls = launched(FORK, &Fused(0.1));
    let mut operators: Vec<String> = calls.iter().map(|call| call.operators.join("+")).collect();
    operators.sort();
    assert_eq!(operators, ["relu+reduce_max", "relu+reduce_max"], "{calls:?}");
    assert!(calls.iter().all(|call| call.stored == 1), "{calls:?}");
}

#[test]
fn several_values_share_a_kernel() {
    let text =
        "func.func @main(%x: tensor<64x512xf32>, %y: tensor<64x512xf32>) -> (tensor<64x512xf32>, tensor<64x512xf32>) {
          %s = hwc.add %x, %y : (tensor<64x512xf32>, tensor<64x512xf32>) -> tensor<64x512xf32>
          %t = hwc.softmax %s {axis = -1} : (tensor<64x512xf32>) -> tensor<64x512xf32>
          return %s, %t : tensor<64x512xf32>, tensor<64x512xf32> }";
    let calls = launched(text, &analytic());
    assert_eq!((calls.len(), calls[0].stored, calls[0].groups.len()), (1, 2, 2), "{calls:?}");
    assert_eq!(calls[0].operators, ["add", "softmax"]);
}

#[test]
fn images_in_another_order_become_the_groups_that_were_chosen() {
    let conv = |x: &str, w: &str| {
        format!(
            "hwc.conv {x}, {w} {{pads = array<i64: 1, 1, 1, 1>}} : (tensor<1x32x32x32xf32>, tensor<32x32x3x3xf32>) -> tensor<1x32x32x32xf32>"
        )
    };
    let text = format!(
        "func.func @main(%x: tensor<1x32x32x32xf32>) -> tensor<1x32x32x32xf32> {{
           %o = hwc.constant dense<[[[[0.5]]]]> : tensor<1x1x1x1xf32>
           %w = hwc.tile %o {{repeats = array<i64: 32, 32, 3, 3>}} : (tensor<1x1x1x1xf32>) -> tensor<32x32x3x3xf32>
           %a = {}
           %b = hwc.relu %a : (tensor<1x32x32x32xf32>) -> tensor<1x32x32x32xf32>
           %c = {}
           %d = hwc.add %c, %b : (tensor<1x32x32x32xf32>, tensor<1x32x32x32xf32>) -> tensor<1x32x32x32xf32>
           %e = {}
           return %e : tensor<1x32x32x32xf32> }}",
        conv("%x", "%w"),
        conv("%b", "%w"),
        conv("%d", "%w")
    );
    let calls = launched(&text, &analytic());
    let of_plan: Vec<String> =
        calls.iter().filter(|call| !call.groups.is_empty()).map(|call| call.operators.join("+")).collect();
    assert_eq!(of_plan.iter().filter(|operators| operators.contains("conv")).count(), 3, "{calls:?}");
}

#[test]
fn operations_that_were_weighed_alone_go_together_freely() {
    let context = crate::codegen::context::new();
    hwc_dialects::mlir::load(&context);
    let text = "func.func @main(%x: tensor<64x64xf32>, %w: tensor<64x64xf32>) -> tensor<64x64xf32> {
          %a = hwc.matmul %x, %w : (tensor<64x64xf32>, tensor<64x64xf32>) -> tensor<64x64xf32>
          %b = hwc.relu %a : (tensor<64x64xf32>) -> tensor<64x64xf32>
          return %b : tensor<64x64xf32> }";
    let asked = Asked { alone: true, ..Asked::default() };
    let (_, module) = chosen_in(&context, "", text, asked).unwrap();
    graph::form_kernels(&context, ir::module_op(&module), Some(&analytic())).unwrap();
    assert_eq!(ir::hwk_kernels(ir::module_op(&module)).len(), 1);
}
