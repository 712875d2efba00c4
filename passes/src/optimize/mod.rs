//! Chooses, of all graphs that rules say are equal, the one that is expected to be fastest.
//!
//! The graph is cut into parts ([`parts`]); equal parts are worked on once. A part becomes an e-graph, which rules fill
//! with all that is equal ([`crate::egraph`]). Above it stand the physical choices ([`space`]): for each value that may
//! be needed in memory, the kernels that could compute it ([`fusion`]), each with its expected time ([`cost`]). Extraction
//! takes the cheapest plan of all parts together, within budgets, and says how far from the best it may be, or plans are
//! measured to find out ([`measured`]); the plan is written in place of the graph ([`write`]).

pub mod cost;
pub mod dump;
pub mod explain;
pub mod fusion;
pub mod measured;
mod orders;
pub mod parts;
pub mod space;
mod write;

use std::collections::{HashMap, HashSet};
use std::time::Instant;

use egg::Id;
use hwc_extraction::{Limits, Outcome, Problem};
use melior::Context;
use melior::ir::Module;
use melior::ir::operation::OperationLike;

use crate::codegen::ir;
use crate::egraph::facts::Graph;
use crate::egraph::module::{Imported, Part};
use crate::egraph::rules::Rule;
use crate::egraph::saturate::{self, Saturation, saturate};
use crate::graph::{GraphError, edit, layout};
use cost::Cost;
use explain::Spent;
use space::{Budgets, Offer, Orders, Space};

/// How to choose.
pub struct Options<'a> {
    pub rules: &'a [Rule],
    pub limits: saturate::Limits,
    /// Asked for the time of a kernel in this order.
    pub costs: &'a [&'a dyn Cost],
    pub offers: &'a [&'a dyn Offer],
    /// Whether kernels are weighed as if each were one operation.
    pub alone: bool,
    pub budgets: Budgets,
    pub extraction: Limits,
    /// Finds the plan: [`hwc_extraction::solve`], or what remembers its answers.
    pub solve: &'a dyn Fn(&Problem, &Limits) -> hwc_extraction::Result<Outcome>,
    /// Whether and how plans are measured.
    pub measure: Option<measured::Measure<'a>>,
    /// Whether to find out what the graph would take as it is, and where its operations come from, for an explanation.
    pub compare: bool,
}

/// Why nothing was chosen.
#[derive(Debug, thiserror::Error)]
pub enum OptimizeError {
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// Rules equate what differs in type. Each message names its rule.
    #[error("{}", .0.join("\n"))]
    Rules(Vec<String>),
    #[error("plans cannot be measured: {0}")]
    Measuring(String),
    #[error(transparent)]
    Extraction(#[from] hwc_extraction::Error),
}

/// A part that was worked on, and what became of it.
pub struct Optimized {
    /// How often it occurs.
    pub times: usize,
    /// Operations of the graph as it was.
    pub operations: usize,
    pub graph: Graph,
    pub saturation: Saturation,
    pub space: Space,
    /// The alternative chosen for each e-class of the space that is needed, by number.
    pub plan: Vec<Option<u32>>,
    /// Expected seconds without rules.
    unchanged: f64,
    imported: Imported,
    /// What the space was made for.
    orders: Orders,
    /// Where its operations come from where it occurs first, as MLIR writes it; with [`Options::compare`].
    locations: HashMap<Id, String>,
}

impl Optimized {
    /// What of a plan of all parts is about this one, whose first class has this number there.
    fn plan_in<'p>(&self, plan: &'p Outcome, first: usize) -> &'p [Option<u32>] {
        &plan.solution.choice[first..first + self.space.places.len()]
    }
}

/// What was chosen, and from what.
pub struct Optimization {
    pub parts: Vec<Optimized>,
    /// Costs are in seconds.
    pub outcome: Outcome,
    /// Expected seconds of the best kernels for the graph as it was; 0 if [`Options::compare`] was not asked for.
    pub unchanged: f64,
    pub measured: measured::Report,
    pub spent: Spent,
    problem: Problem,
    /// The number in the problem of the first e-class of each part.
    firsts: Vec<usize>,
}

/// How often a plan is made for the orders of axes that suit the one before.
const ORDERINGS: usize = 2;

/// Rewrites the function of a module.
///
/// # Errors
/// Where the module is no graph, a rule is wrong, or no plan keeps within the budgets; the module is as it was then.
pub fn optimize<'c>(
    context: &'c Context,
    module: ir::Op<'c>,
    options: &Options,
) -> Result<Optimization, OptimizeError> {
    let block = body(module)?;
    let mut clock = Clock::start();
    let parts = parts::parts(block);
    let of_part = parts::numbers(&parts)?;
    clock.tick(|spent| &mut spent.translation);
    let last = if options.compare { layout::made_last(block)? } else { HashSet::new() };
    clock.tick(|spent| &mut spent.alternatives);
    let mut done: Vec<Optimized> = vec![];
    let mut unchanged = 0.0;
    for (part, &number) in parts.iter().zip(&of_part) {
        if number == done.len() {
            done.push(saturated(part, &last, options, &mut clock)?);
        }
        done[number].times += 1;
        unchanged += done[number].unchanged;
    }
    clock.tick(|spent| &mut spent.translation);
    let (mut problem, mut firsts) = pose(&done, &options.budgets)?;
    let mut outcome = (options.solve)(&problem, &options.extraction)?;
    for _ in 0..if done.iter().any(|part| orders::matter(&part.graph)) { ORDERINGS } else { 0 } {
        let laid = written(context, module, &done, &of_part, &firsts, &outcome)?;
        let orders = orders::of_plan(context, ir::module_op(&laid), &parts, &of_part, &done)?;
        if done.iter().zip(&orders).all(|(part, orders)| part.orders == *orders) {
            break;
        }
        for (part, orders) in done.iter_mut().zip(orders) {
            part.space = Space::new(&part.graph, &part.imported.roots, &orders, options);
            part.orders = orders;
        }
        (problem, firsts) = pose(&done, &options.budgets)?;
        outcome = (options.solve)(&problem, &options.extraction)?;
    }
    let mut measured = measured::Report::default();
    if let Some(measure) = &options.measure {
        let written = |plan: &Outcome| written(context, module, &done, &of_part, &firsts, plan);
        (outcome, measured) = measured::choose(context, written, (&problem, &firsts), (options, measure))?;
    }
    for (part, first) in done.iter_mut().zip(&firsts) {
        part.plan = part.plan_in(&outcome, *first).to_vec();
    }
    clock.tick(|spent| &mut spent.extraction);
    let plans = done.iter().map(|part| part.plan.as_slice());
    write_plans(context, block, &parts, &of_part, &done, plans.collect(), false)?;
    clock.tick(|spent| &mut spent.translation);
    Ok(Optimization { parts: done, outcome, unchanged, measured, spent: clock.spent, problem, firsts })
}

/// Writes the plan of each part of a block in place of the part; `plans` are by the parts' numbers.
fn write_plans<'c>(
    context: &'c Context,
    block: ir::Blk<'c>,
    parts: &[Part<'c>],
    of_part: &[usize],
    optimized: &[Optimized],
    plans: Vec<&[Option<u32>]>,
    marks: bool,
) -> Result<(), GraphError> {
    let Some(&end) = ir::block_ops(block).last() else { return Ok(()) };
    let mut writer = write::Writer::new(context, end, marks);
    for (part, &number) in parts.iter().zip(of_part) {
        let Optimized { graph, space, imported, .. } = &optimized[number];
        writer.part(part, number, graph, imported, space, plans[number])?;
    }
    writer.finish();
    edit::erase_unused(block);
    Ok(())
}

/// A copy of the module to which a plan is written, its operations marked.
fn written<'c>(
    context: &'c Context,
    module: ir::Op<'c>,
    optimized: &[Optimized],
    of_part: &[usize],
    firsts: &[usize],
    plan: &Outcome,
) -> Result<Module<'c>, GraphError> {
    let copy = Module::from_operation(ir::clone_op(module));
    let copy = copy.ok_or_else(|| GraphError::Malformed("no module to copy".into()))?;
    let block = body(ir::module_op(&copy))?;
    let plans = optimized.iter().zip(firsts).map(|(part, first)| part.plan_in(plan, *first));
    write_plans(context, block, &parts::parts(block), of_part, optimized, plans.collect(), true)?;
    Ok(copy)
}

/// The block of the one function of a module.
fn body(module: ir::Op) -> Result<ir::Blk, GraphError> {
    let functions = ir::functions(module);
    let [main] = functions[..] else {
        return Err(GraphError::Malformed(format!("expected one function, found {}", functions.len())));
    };
    ir::entry(main).ok_or_else(|| GraphError::Malformed("the function has no body".into()))
}

/// Where time goes.
struct Clock {
    last: Instant,
    spent: Spent,
}

impl Clock {
    fn start() -> Clock {
        Clock { last: Instant::now(), spent: Spent::default() }
    }

    /// What passed since the last tick was for this.
    fn tick(&mut self, purpose: impl Fn(&mut Spent) -> &mut f64) {
        *purpose(&mut self.spent) += self.last.elapsed().as_secs_f64();
        self.last = Instant::now();
    }
}

fn saturated(
    part: &Part,
    last: &HashSet<usize>,
    options: &Options,
    clock: &mut Clock,
) -> Result<Optimized, OptimizeError> {
    let mut graph = Graph::default();
    let imported = part.import(&mut graph)?;
    clock.tick(|spent| &mut spent.translation);
    let unchanged = match options.compare {
        true => {
            let orders = orders::as_it_is(part, &graph, &imported, last);
            solve_alone(&Space::new(&graph, &imported.roots, &orders, options), &options.extraction)?
        }
        false => 0.0,
    };
    clock.tick(|spent| &mut spent.alternatives);
    let saturation = saturate(&mut graph, options.rules, &options.limits);
    clock.tick(|spent| &mut spent.saturation);
    let conflicts = &graph.analysis.conflicts;
    if !conflicts.is_empty() {
        let name = |rule: Option<u32>| rule.and_then(|rule| options.rules.get(rule as usize)).map(|rule| &rule.name);
        let told = conflicts.iter().map(|conflict| match name(conflict.rule) {
            Some(rule) => format!("the rule `{rule}` {}", conflict.message),
            None => format!("the graph {}", conflict.message),
        });
        return Err(OptimizeError::Rules(told.collect()));
    }
    let space = Space::new(&graph, &imported.roots, &Orders::default(), options);
    let mut locations = HashMap::new();
    if options.compare {
        for (id, operation) in imported.operations.iter().zip(&part.operations) {
            locations.entry(graph.find(*id)).or_insert_with(|| operation.location().to_string());
        }
    }
    clock.tick(|spent| &mut spent.alternatives);
    let operations = part.operations.len();
    Ok(Optimized {
        times: 0,
        operations,
        graph,
        saturation,
        space,
        plan: vec![],
        unchanged,
        imported,
        orders: Orders::default(),
        locations,
    })
}

/// Seconds of the best plan of a space.
fn solve_alone(space: &Space, limits: &Limits) -> Result<f64, OptimizeError> {
    let (mut classes, mut roots) = (vec![], vec![]);
    space.add_to(&Budgets::default(), 1, &mut classes, &mut roots);
    Ok(hwc_extraction::solve(&Problem::new(&classes, &roots, vec![])?, limits)?.cost)
}

/// One problem for all parts together, because budgets are about all of them, with the number of each part's first class.
fn pose(parts: &[Optimized], budgets: &Budgets) -> Result<(Problem, Vec<usize>), OptimizeError> {
    let (mut classes, mut roots, mut firsts) = (vec![], vec![], vec![]);
    for part in parts.iter() {
        firsts.push(classes.len());
        part.space.add_to(budgets, part.times, &mut classes, &mut roots);
    }
    Ok((Problem::new(&classes, &roots, budgets.limits())?, firsts))
}

#[cfg(test)]
mod tests {
    use hwc_dialects::Op;
    use hwc_dialects::hwk::Cpu;

    use super::cost::Analytic;
    use super::*;
    use crate::egraph::rules::parse;
    use crate::graph::edit::text_after;

    fn analytic() -> Analytic {
        let cpu = Cpu { vector: 512, l1: 32 << 10, l2: 1 << 20, l3: 32 << 20, cores: 2, ..Cpu::default() };
        Analytic::new(&cpu, 1, 0.0)
    }

    fn settings<'a>(rules: &'a [Rule], costs: &'a [&'a dyn Cost]) -> Options<'a> {
        Options {
            rules,
            limits: saturate::Limits::default(),
            costs,
            offers: &[],
            alone: false,
            budgets: Budgets::default(),
            extraction: Limits::default(),
            solve: &hwc_extraction::solve,
            measure: None,
            compare: false,
        }
    }

    /// What is chosen for a graph.
    pub(super) fn chosen_of(rules: &str, text: &str) -> Optimization {
        let rules = parse("test.rules", rules).unwrap();
        let analytic = analytic();
        let costs: [&dyn Cost; 1] = [&analytic];
        let context = crate::codegen::context::new();
        hwc_dialects::mlir::load(&context);
        let module = melior::ir::Module::parse(&context, text).unwrap();
        optimize(&context, ir::module_op(&module), &settings(&rules, &costs)).unwrap()
    }

    fn optimized(rules: &str, text: &str) -> String {
        let rules = parse("test.rules", rules).unwrap();
        let analytic = analytic();
        let costs: [&dyn Cost; 1] = [&analytic];
        text_after(
            |context, module| {
                let options = settings(&rules, &costs);
                optimize(context, module, &options).map(drop).map_err(|e| GraphError::Malformed(e.to_string()))
            },
            text,
        )
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

    /// A machine on which products with a narrow result take long, or cannot be done at all.
    struct Narrow(f64);

    impl measured::Runner for Narrow {
        fn run<'c>(
            &self,
            _: &'c Context,
            graph: melior::ir::Module<'c>,
        ) -> Result<Vec<measured::Launch>, Box<dyn std::error::Error>> {
            let is_product = |op: &ir::Op| ir::is(*op, "hwc.matmul");
            let launch = |op: ir::Op| {
                let narrow = op.to_string().matches("512x8xf32").count() > 1;
                let seconds = if narrow { self.0 } else { 1.0 };
                measured::Launch { made_for: measured::made_for(op), seconds }
            };
            Ok(ir::walk(ir::module_op(&graph)).into_iter().filter(is_product).map(launch).collect())
        }
    }

    fn measured_on(runner: &Narrow) -> (String, Vec<measured::MeasuredPlan>, usize) {
        let rules = parse("test.rules", REORDER).unwrap();
        let analytic = analytic();
        let costs: [&dyn Cost; 1] = [&analytic];
        let context = crate::codegen::context::new();
        hwc_dialects::mlir::load(&context);
        let module = melior::ir::Module::parse(&context, THREE).unwrap();
        let measure = Some(measured::Measure { top: 2, runner });
        let options = Options { measure, ..settings(&rules, &costs) };
        let optimization = optimize(&context, ir::module_op(&module), &options).unwrap();
        let report = &optimization.measured;
        (ir::module_op(&module).to_string(), report.plans.clone(), report.kernels.len())
    }

    #[test]
    fn what_was_measured_decides() {
        // Two narrow products by expectation; one of them is a wide one in the end.
        let (text, plans, kernels) = measured_on(&Narrow(10.0));
        assert!(text.contains("hwc.matmul %arg0, %arg1"), "{text}");
        assert_eq!(
            plans.iter().map(|plan| (plan.measured, plan.chosen)).collect::<Vec<_>>(),
            [(20.0, false), (11.0, true)]
        );
        assert!(plans[0].predicted < plans[1].predicted, "{plans:?}");
        assert_eq!(kernels, 2);
        // Where expectation is right, the first plan stays.
        let (text, plans, _) = measured_on(&Narrow(0.1));
        assert!(text.contains("hwc.matmul %arg1, %arg2"), "{text}");
        assert_eq!(plans.iter().map(|plan| plan.chosen).collect::<Vec<_>>(), [true, false]);
    }

    #[test]
    fn plans_that_cannot_be_run_are_not_chosen_over_others() {
        let (_, plans, _) = measured_on(&Narrow(f64::INFINITY));
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
        let context = crate::codegen::context::new();
        hwc_dialects::mlir::load(&context);
        let text = "func.func @main(%x: tensor<64x64xf32>, %y: tensor<64x64xf32>) -> tensor<64x64xf32> {
              %w = hwc.constant dense<[[1.0, 2.0]]> : tensor<1x2xf32>
              %t = hwc.tile %w {repeats = array<i64: 64, 32>} : (tensor<1x2xf32>) -> tensor<64x64xf32>
              %a = hwc.matmul %x, %y : (tensor<64x64xf32>, tensor<64x64xf32>) -> tensor<64x64xf32>
              %b = hwc.matmul %a, %t : (tensor<64x64xf32>, tensor<64x64xf32>) -> tensor<64x64xf32>
              %c = hwc.matmul %b, %x : (tensor<64x64xf32>, tensor<64x64xf32>) -> tensor<64x64xf32>
              return %c : tensor<64x64xf32> }";
        let module = melior::ir::Module::parse(&context, text).unwrap();
        let analytic = analytic();
        let costs: [&dyn Cost; 1] = [&analytic];
        let options = Options { offers: &[&Careless], budgets, ..settings(&[], &costs) };
        let optimization = optimize(&context, ir::module_op(&module), &options)?;
        let part = &optimization.parts[0];
        let chosen = part
            .plan
            .iter()
            .enumerate()
            .filter_map(|(class, place)| part.space.alternatives[class].get((*place)? as usize)?.lossy.as_ref());
        Ok(chosen.count())
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
        let rules = parse("test.rules", "exact wrong: relu(x) => reduce_max(x, axes=[0], keepdims=false)").unwrap();
        let context = crate::codegen::context::new();
        hwc_dialects::mlir::load(&context);
        let text = "func.func @main(%x: tensor<4x6xf32>) -> tensor<4x6xf32> {
              %a = hwc.relu %x : (tensor<4x6xf32>) -> tensor<4x6xf32>
              return %a : tensor<4x6xf32> }";
        let module = melior::ir::Module::parse(&context, text).unwrap();
        let analytic = analytic();
        let costs: [&dyn Cost; 1] = [&analytic];
        let options = settings(&rules, &costs);
        let error = optimize(&context, ir::module_op(&module), &options).map(drop).unwrap_err().to_string();
        assert_eq!(error, "the rule `wrong` equates 4x6xf32 with 6xf32");
    }
}
