//! Chooses, of all graphs that rules say are equal, the one that is expected to be fastest.
//!
//! The graph is cut into parts ([`parts`]); equal parts are worked on once. A part becomes an e-graph, which rules fill
//! with all that is equal ([`crate::egraph`]). Above it stand the physical choices ([`space`]): for each value that may
//! be needed in memory, the kernels that could compute it ([`fusion`]), each with its expected time ([`cost`]). Extraction
//! takes the cheapest plan of all parts together, within budgets, and says how far from the best it may be, or plans are
//! measured to find out ([`measured`]); the plan is written in place of the graph ([`write`]), and its
//! groups are handed on to the forming of kernels.

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
use explain::{Formed, Former, Spent};
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
    /// Whether and how plans are weighed by measured times.
    pub measure: Option<measured::Measure<'a>>,
    /// For an explanation: forms the kernels of the plan. What the graph would take as it is, and where its operations come
    /// from, is found out then, too.
    pub explain: Option<&'a dyn Former>,
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
    #[error("no kernels can be formed of the plan: {0}")]
    Forming(String),
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
    /// Where its operations come from where it occurs first, as MLIR writes it; with [`Options::explain`].
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
    /// Expected seconds of the best kernels for the graph as it was; 0 if no explanation was asked for.
    pub unchanged: f64,
    pub measured: measured::Report,
    pub spent: Spent,
    /// With [`Options::explain`].
    formed: Vec<Formed>,
    /// As asked for.
    extraction: Limits,
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
    let last = if options.explain.is_some() { layout::made_last(block)? } else { HashSet::new() };
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
        let laid = written(context, module, &done, &of_part, &firsts, &outcome, options.alone)?;
        let orders = orders::of_plan(context, ir::module_op(&laid), &parts, &of_part, &done)?;
        if done.iter().zip(&orders).all(|(part, orders)| part.space.orders == *orders) {
            break;
        }
        for (part, orders) in done.iter_mut().zip(orders) {
            part.space = Space::new(&part.graph, &part.imported.roots, orders, options);
        }
        (problem, firsts) = pose(&done, &options.budgets)?;
        outcome = (options.solve)(&problem, &options.extraction)?;
    }
    let mut measured = measured::Report::default();
    if let Some(measure) = &options.measure {
        let written = |plan: &Outcome| written(context, module, &done, &of_part, &firsts, plan, options.alone);
        (outcome, measured) = measured::choose(context, written, (&problem, &firsts), (options, measure), outcome)?;
    }
    clock.tick(|spent| &mut spent.extraction);
    let formed = match options.explain {
        Some(former) => {
            former.form(context, written(context, module, &done, &of_part, &firsts, &outcome, options.alone)?)
        }
        None => Ok(vec![]),
    };
    let formed = formed.map_err(|e| OptimizeError::Forming(e.to_string()))?;
    // Explaining is no part of choosing.
    clock.last = Instant::now();
    for (part, first) in done.iter_mut().zip(&firsts) {
        part.plan = part.plan_in(&outcome, *first).to_vec();
    }
    let plans = done.iter().map(|part| part.plan.as_slice());
    write_plans(context, block, &parts, &of_part, &done, plans.collect(), options.alone)?;
    clock.tick(|spent| &mut spent.translation);
    let (spent, extraction) = (clock.spent, options.extraction.clone());
    Ok(Optimization { parts: done, outcome, unchanged, measured, spent, formed, extraction, problem, firsts })
}

/// Writes the plan of each part of a block in place of the part; `plans` are by the parts' numbers. With `alone`
/// operations were weighed one by one.
fn write_plans<'c>(
    context: &'c Context,
    block: ir::Blk<'c>,
    parts: &[Part<'c>],
    of_part: &[usize],
    optimized: &[Optimized],
    plans: Vec<&[Option<u32>]>,
    alone: bool,
) -> Result<(), GraphError> {
    let Some(&end) = ir::block_ops(block).last() else { return Ok(()) };
    let mut writer = write::Writer::new(context, end, alone);
    for (part, &number) in parts.iter().zip(of_part) {
        let Optimized { graph, space, imported, .. } = &optimized[number];
        writer.part(part, number, graph, imported, space, plans[number])?;
    }
    writer.finish();
    edit::erase_unused(block);
    Ok(())
}

/// A copy of the module to which a plan is written.
fn written<'c>(
    context: &'c Context,
    module: ir::Op<'c>,
    optimized: &[Optimized],
    of_part: &[usize],
    firsts: &[usize],
    plan: &Outcome,
    alone: bool,
) -> Result<Module<'c>, GraphError> {
    let copy = Module::from_operation(ir::clone_op(module));
    let copy = copy.ok_or_else(|| GraphError::Malformed("no module to copy".into()))?;
    let block = body(ir::module_op(&copy))?;
    let plans = optimized.iter().zip(firsts).map(|(part, first)| part.plan_in(plan, *first));
    write_plans(context, block, &parts::parts(block), of_part, optimized, plans.collect(), alone)?;
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
    let unchanged = match options.explain {
        Some(_) => {
            let orders = orders::as_it_is(part, &graph, &imported, last);
            solve_alone(&Space::new(&graph, &imported.roots, orders, options), &options.extraction)?
        }
        None => 0.0,
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
    let space = Space::new(&graph, &imported.roots, Orders::default(), options);
    let mut locations = HashMap::new();
    if options.explain.is_some() {
        for (id, operation) in imported.operations.iter().zip(&part.operations) {
            locations.entry(graph.find(*id)).or_insert_with(|| operation.location().to_string());
        }
    }
    clock.tick(|spent| &mut spent.alternatives);
    let operations = part.operations.len();
    Ok(Optimized { times: 0, operations, graph, saturation, space, plan: vec![], unchanged, imported, locations })
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
mod tests;
