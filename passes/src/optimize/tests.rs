mod formed;

use hwc_dialects::Op;
use hwc_dialects::hwk::Cpu;

use super::cost::Analytic;
use super::*;
use crate::egraph::rules::parse;
use crate::graph::edit::text_after;

/// What a test asks for beside rules.
#[derive(Default)]
struct Asked<'a> {
    offers: &'a [&'a dyn Offer],
    budgets: Budgets,
    measure: Option<measured::Measure<'a>>,
    /// Instead of the one for all CPUs.
    cost: Option<&'a dyn Cost>,
    alone: bool,
}

fn analytic() -> Analytic {
    let cpu = Cpu { vector: 512, l1: 32 << 10, l2: 1 << 20, l3: 32 << 20, cores: 2, ..Cpu::default() };
    Analytic::new(&cpu, 1, 0.0)
}

/// What is chosen for a graph, and the graph that it becomes.
fn chosen(rules: &str, text: &str, asked: Asked) -> Result<(Optimization, String), OptimizeError> {
    let context = crate::codegen::context::new();
    hwc_dialects::mlir::load(&context);
    let (optimization, module) = chosen_in(&context, rules, text, asked)?;
    Ok((optimization, module.as_operation().to_string()))
}

fn chosen_in<'c>(
    context: &'c Context,
    rules: &str,
    text: &str,
    asked: Asked,
) -> Result<(Optimization, Module<'c>), OptimizeError> {
    let rules = parse("test.rules", rules).unwrap();
    let analytic = analytic();
    let options = Options {
        rules: &rules,
        limits: saturate::Limits::default(),
        costs: &[asked.cost.unwrap_or(&analytic)],
        offers: asked.offers,
        alone: asked.alone,
        budgets: asked.budgets,
        extraction: Limits::default(),
        solve: &hwc_extraction::solve,
        measure: asked.measure,
        explain: None,
    };
    let module = Module::parse(context, text).unwrap();
    let optimization = optimize(context, ir::module_op(&module), &options)?;
    assert!(module.as_operation().verify());
    Ok((optimization, module))
}

/// What is chosen for a graph.
pub fn chosen_of(rules: &str, text: &str) -> Optimization {
    chosen(rules, text, Asked::default()).unwrap().0
}

fn optimized(rules: &str, text: &str) -> String {
    chosen(rules, text, Asked::default()).unwrap().1
}

#[test]
fn the_cheaper_order_of_products_is_chosen() {
    let text = optimized(REORDER, THREE);
    assert!(text.contains("hwc.matmul %arg1, %arg2"), "{text}");
    assert!(!text.contains("-> tensor<512x512xf32>"), "{text}");
}

/// A convolution of one tap whose filters fill half of the lanes.
const POINTWISE: &str =
    "%b = hwc.conv %a, %w : (tensor<1x16x32x32xf32>, tensor<17x16x1x1xf32>) -> tensor<1x17x32x32xf32>";

const AS_A_PRODUCT: &str = "exact a: conv(x, w) => reshape(matmul(reshape(w, shape=[17, 16]), \
                            reshape(x, shape=[1, 16, 1024])), shape=[1, 17, 32, 32]) if dim(w, 2) == 1";

#[test]
fn what_brings_images_into_order_is_paid_for() {
    let alone = format!(
        "func.func @main(%a: tensor<1x16x32x32xf32>, %w: tensor<17x16x1x1xf32>) -> tensor<1x17x32x32xf32> {{
           {POINTWISE}
           return %b : tensor<1x17x32x32xf32> }}"
    );
    assert!(optimized(AS_A_PRODUCT, &alone).contains("hwc.matmul"));
    let between = format!(
        "func.func @main(%x: tensor<1x16x32x32xf32>, %v: tensor<16x16x3x3xf32>, %w: tensor<17x16x1x1xf32>,
                         %u: tensor<16x17x3x3xf32>) -> tensor<1x16x32x32xf32> {{
           %a = hwc.conv %x, %v {{pads = array<i64: 1, 1, 1, 1>}} : (tensor<1x16x32x32xf32>, tensor<16x16x3x3xf32>) -> tensor<1x16x32x32xf32>
           {POINTWISE}
           %c = hwc.conv %b, %u {{pads = array<i64: 1, 1, 1, 1>}} : (tensor<1x17x32x32xf32>, tensor<16x17x3x3xf32>) -> tensor<1x16x32x32xf32>
           return %c : tensor<1x16x32x32xf32> }}"
    );
    assert!(!optimized(AS_A_PRODUCT, &between).contains("hwc.matmul"));
}

#[test]
fn a_graph_without_rules_stays_as_it_is() {
    let text = "func.func @main(%x: tensor<4x6xf32>) -> (tensor<4x2xf32>, tensor<4x2xi64>, tensor<24xf32>) {
          %k = hwc.constant dense<2.0> : tensor<f32>
          %a = hwc.mul %x, %k : (tensor<4x6xf32>, tensor<f32>) -> tensor<4x6xf32>
          %v, %i = hwc.top_k %a {axis = -1, k = 2} : (tensor<4x6xf32>) -> (tensor<4x2xf32>, tensor<4x2xi64>)
          %c = hwc.clip %a max %k : (tensor<4x6xf32>, tensor<f32>) -> tensor<4x6xf32>
          %r = hwc.reshape %c {shape = array<i64: 24>} : (tensor<4x6xf32>) -> tensor<24xf32>
          return %v, %i, %r : tensor<4x2xf32>, tensor<4x2xi64>, tensor<24xf32> }";
    let before = text_after(|_, _| Ok(()), text);
    let after = optimized("", text);
    let sorted = |text: &str| {
        let mut operations: Vec<String> =
            text.split_whitespace().filter(|word| word.starts_with("hwc.")).map(str::to_string).collect();
        operations.sort();
        operations
    };
    assert_eq!(sorted(&before), sorted(&after), "{after}");
}

const THREE: &str =
    "func.func @main(%x: tensor<512x512xf32>, %y: tensor<512x512xf32>, %z: tensor<512x8xf32>) -> tensor<512x8xf32> {
       %a = hwc.matmul %x, %y : (tensor<512x512xf32>, tensor<512x512xf32>) -> tensor<512x512xf32>
       %b = hwc.matmul %a, %z : (tensor<512x512xf32>, tensor<512x8xf32>) -> tensor<512x8xf32>
       return %b : tensor<512x8xf32> }";

const REORDER: &str = "reassociates a: matmul(matmul(x, y), z) => matmul(x, matmul(y, z)) \
                       if rank(x) == 2, rank(y) == 2, rank(z) == 2";

/// What products take, where it is known: those with a narrow result and others.
struct Products {
    narrow: Option<f64>,
    wide: Option<f64>,
}

impl measured::Runner for Products {
    fn run<'c>(&self, _: &'c Context, graph: Module<'c>) -> Result<Vec<measured::Launch>, Box<dyn std::error::Error>> {
        let is_product = |op: &ir::Op| ir::is(*op, "hwc.matmul");
        let launch = |op: ir::Op| {
            let narrow = op.to_string().matches("512x8xf32").count() > 1;
            let seconds = if narrow { self.narrow } else { self.wide };
            Ok(measured::Launch { made_for: measured::made_for(op)?, seconds })
        };
        ir::walk(ir::module_op(&graph)).into_iter().filter(is_product).map(launch).collect()
    }
}

fn weighed_on(
    text: &str,
    (top, gain): (usize, f64),
    products: Products,
) -> (String, Vec<measured::MeasuredPlan>, usize) {
    let measure = Some(measured::Measure { top, rounds: 6, limits: Limits::default(), gain, runner: &products });
    let (Optimization { measured, .. }, text) = chosen(REORDER, text, Asked { measure, ..Asked::default() }).unwrap();
    (text, measured.plans, measured.kernels.len())
}

fn measured_on(narrow: f64) -> (String, Vec<measured::MeasuredPlan>, usize) {
    weighed_on(THREE, (2, 0.0), Products { narrow: Some(narrow), wide: Some(1.0) })
}

#[test]
fn what_was_measured_decides() {
    // Two narrow products by expectation; one of them is a wide one in the end.
    let (text, plans, kernels) = measured_on(10.0);
    assert!(text.contains("hwc.matmul %arg0, %arg1"), "{text}");
    assert_eq!(
        plans.iter().map(|plan| (plan.measured, plan.chosen)).collect::<Vec<_>>(),
        [(20.0, false), (11.0, true)]
    );
    assert!(plans[0].predicted < plans[1].predicted, "{plans:?}");
    assert_eq!(kernels, 2);
    // Where expectation is right, the first plan stays.
    let (text, plans, _) = measured_on(0.1);
    assert!(text.contains("hwc.matmul %arg1, %arg2"), "{text}");
    assert_eq!(plans.iter().map(|plan| plan.chosen).collect::<Vec<_>>(), [true, false]);
}

#[test]
fn what_is_known_of_some_kernels_decides() {
    // Wide products beside them, for the scale.
    let text = "func.func @main(%x: tensor<512x512xf32>, %y: tensor<512x512xf32>, %z: tensor<512x8xf32>)
            -> (tensor<512x8xf32>, tensor<512x512xf32>, tensor<512x512xf32>, tensor<512x512xf32>) {
          %a = hwc.matmul %x, %y : (tensor<512x512xf32>, tensor<512x512xf32>) -> tensor<512x512xf32>
          %b = hwc.matmul %a, %z : (tensor<512x512xf32>, tensor<512x8xf32>) -> tensor<512x8xf32>
          %c = hwc.matmul %y, %x : (tensor<512x512xf32>, tensor<512x512xf32>) -> tensor<512x512xf32>
          %d = hwc.matmul %x, %x : (tensor<512x512xf32>, tensor<512x512xf32>) -> tensor<512x512xf32>
          %e = hwc.matmul %y, %y : (tensor<512x512xf32>, tensor<512x512xf32>) -> tensor<512x512xf32>
          return %b, %c, %d, %e : tensor<512x8xf32>, tensor<512x512xf32>, tensor<512x512xf32>, tensor<512x512xf32> }";
    let weighed = |narrow, wide| weighed_on(text, (1, 0.0), Products { narrow, wide });
    let (after, plans, kernels) = weighed(Some(100.0), Some(1.0));
    assert!(after.contains("hwc.matmul %arg0, %arg1"), "{after}");
    assert_eq!(plans.iter().map(|plan| plan.measured).collect::<Vec<_>>(), [203.0, 104.0]);
    assert_eq!(kernels, 5);
    // What is known of one kind alone says nothing of the other.
    for (narrow, wide, known) in [(Some(100.0), None, 2), (None, Some(1.0), 3), (None, None, 0)] {
        let (after, plans, kernels) = weighed(narrow, wide);
        assert!(after.contains("hwc.matmul %arg1, %arg2"), "{after}");
        assert_eq!((plans.len(), kernels), (usize::from(known > 0), known));
    }
    // No plan is expected to take nothing.
    for (gain, count) in [(0.4, 2), (1.0, 1)] {
        let (_, plans, _) = weighed_on(text, (1, gain), Products { narrow: Some(100.0), wide: Some(1.0) });
        assert_eq!(plans.len(), count);
    }
}

#[test]
fn plans_that_cannot_be_run_are_not_chosen_over_others() {
    let (_, plans, _) = measured_on(f64::INFINITY);
    assert!(plans.iter().all(|plan| plan.measured.is_infinite()), "{plans:?}");
    assert!(plans[0].chosen, "{plans:?}");
}

/// Every product could be done in no time, and be wrong by one.
struct Careless;

impl Offer for Careless {
    fn lossy(&self, graph: &Graph, kernel: &fusion::Kernel) -> Vec<space::Lossy> {
        let is_product = |(id, place): (&egg::Id, &usize)| graph[*id].nodes[*place].op() == Some(Op::Matmul);
        let lossy = space::Lossy { name: "careless".into(), seconds: 0.0, error: 1.0 };
        if kernel.members.iter().any(is_product) { vec![lossy] } else { vec![] }
    }
}

/// How many products are lossy in the best plan.
fn lossy_within(budgets: Budgets) -> Result<usize, OptimizeError> {
    let text = "func.func @main(%x: tensor<64x64xf32>, %y: tensor<64x64xf32>) -> tensor<64x64xf32> {
          %w = hwc.constant dense<[[1.0, 2.0]]> : tensor<1x2xf32>
          %t = hwc.tile %w {repeats = array<i64: 64, 32>} : (tensor<1x2xf32>) -> tensor<64x64xf32>
          %a = hwc.matmul %x, %y : (tensor<64x64xf32>, tensor<64x64xf32>) -> tensor<64x64xf32>
          %b = hwc.matmul %a, %t : (tensor<64x64xf32>, tensor<64x64xf32>) -> tensor<64x64xf32>
          %c = hwc.matmul %b, %x : (tensor<64x64xf32>, tensor<64x64xf32>) -> tensor<64x64xf32>
          return %c : tensor<64x64xf32> }";
    let asked = Asked { offers: &[&Careless], budgets, ..Asked::default() };
    let (optimization, _) = chosen("", text, asked)?;
    Ok(optimization.parts[0].chosen().filter(|(_, alternative)| alternative.lossy.is_some()).count())
}

#[test]
fn lossy_alternatives_are_taken_within_the_budget() {
    let error = |error| Budgets { error, ..Budgets::default() };
    assert_eq!(lossy_within(error(f64::INFINITY)).unwrap(), 3);
    assert_eq!(lossy_within(error(2.5)).unwrap(), 2);
    assert_eq!(lossy_within(error(0.0)).unwrap(), 0);
}

#[test]
fn a_budget_that_no_plan_meets_is_an_error() {
    assert_eq!(lossy_within(Budgets { bytes: 16384.0, error: 0.0 }).unwrap(), 0);
    let error = lossy_within(Budgets { bytes: 16383.0, error: 0.0 }).unwrap_err().to_string();
    assert!(error.contains("16384 of 16383 of bytes of weights"), "{error}");
}

#[test]
fn a_wrong_rule_is_named() {
    let text = "func.func @main(%x: tensor<4x6xf32>) -> tensor<4x6xf32> {
          %a = hwc.relu %x : (tensor<4x6xf32>) -> tensor<4x6xf32>
          return %a : tensor<4x6xf32> }";
    let wrong = "exact wrong: relu(x) => reduce_max(x, axes=[0], keepdims=false)";
    let error = chosen(wrong, text, Asked::default()).map(drop).unwrap_err().to_string();
    assert_eq!(error, "the rule `wrong` equates 4x6xf32 with 6xf32");
}
