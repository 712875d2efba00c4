//! Why a plan was chosen: what it is made of, what each kernel is expected to take, what the next best plan without it
//! would take, and which rules led there. Times are in seconds.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::error::Error;

use egg::Id;
use hwc_dialects::Op;
use hwc_dialects::mlir::tensor_type_from_mlir;
use hwc_extraction::Limits;
use melior::Context;
use melior::ir::{Module, ValueLike};
use serde::Serialize;

use super::dump::EGraph;
use super::fusion::types;
use super::measured::{MadeFor, MeasuredPlan};
use super::space::{Alternative, Budgets, Way};
use super::{Optimization, Optimized, pose};
use crate::codegen::ir;
use crate::egraph::facts::{Graph, Origin};
use crate::egraph::language::Node;
use crate::egraph::rules::Rule;

/// Everything about one choice.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explanation {
    /// Expected time of the chosen plan, and of the graph as it was.
    pub predicted: f64,
    pub unchanged: f64,
    /// No plan of these alternatives takes less; `gap` is relative, 0 where the plan is proven to be the best.
    pub bound: f64,
    pub gap: f64,
    pub proved: bool,
    pub spent: Spent,
    pub stages: Vec<StageExplained>,
    pub parts: Vec<PartExplained>,
    pub kernels: Vec<KernelExplained>,
    /// Rules that matched.
    pub rules: Vec<RuleExplained>,
    /// Plans that were measured, in order: nothing where none was to be.
    pub measured: Vec<MeasuredPlan>,
    /// What the budgets cut off: nothing where there are none.
    pub budgets: Vec<BudgetExplained>,
    pub before: Picture,
    pub after: Picture,
    /// All that the rules say is equal.
    #[serde(skip)]
    pub egraph: EGraph,
}

/// What the choice itself took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Spent {
    /// From MLIR and back.
    pub translation: f64,
    pub saturation: f64,
    /// Making the alternatives.
    pub alternatives: f64,
    pub extraction: f64,
}

/// What the best plan was when a stage of extraction ended.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StageExplained {
    pub stage: String,
    pub cost: f64,
    pub bound: f64,
    pub seconds: f64,
}

/// A part of the graph that was worked on once.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PartExplained {
    /// Where it begins where it occurs first, as MLIR writes it.
    pub location: String,
    /// How often it occurs.
    pub times: usize,
    pub operations: usize,
    pub stop: String,
    pub nodes: usize,
    pub classes: usize,
    /// Alternatives that extraction had.
    pub alternatives: usize,
    pub iterations: Vec<IterationExplained>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct IterationExplained {
    pub nodes: usize,
    pub classes: usize,
    /// Matches of each rule.
    pub matches: BTreeMap<String, usize>,
}

/// A kernel of the plan, or a relayout.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct KernelExplained {
    /// Where the operation comes from that computes the same where its part occurs first, or else the one that it is read
    /// for, as MLIR writes it.
    pub location: String,
    /// The number of its part.
    pub part: usize,
    pub times: usize,
    /// Mnemonics of its operators, in order.
    pub operators: Vec<String>,
    pub result: String,
    /// Of one run.
    pub predicted: f64,
    /// Of one run, where it was measured.
    pub measured: Option<f64>,
    /// Rules that made its operations.
    pub rules: Vec<String>,
    /// What does its work in the program; nothing where nothing is launched for it, and for
    /// relayouts, which belong to what reads them.
    pub formed: Option<KernelFormed>,
    /// What the best plan without this kernel computes the same value by, and how much more that plan takes; none for
    /// kernels of little weight, and where there is no other.
    pub alternative: Option<AlternativeExplained>,
}

/// What forms kernels of graphs.
pub trait Former {
    /// The calls of kernels that a graph becomes to which a plan is written.
    ///
    /// # Errors
    /// Whatever keeps kernels from being formed.
    fn form<'c>(&self, context: &'c Context, graph: Module<'c>) -> Result<Vec<Formed>, Box<dyn Error>>;
}

/// A call of a kernel.
#[derive(Clone, Debug, PartialEq)]
pub struct Formed {
    /// As [`made_for`](super::measured::made_for) tells.
    pub made_for: MadeFor,
    pub kernel: KernelFormed,
}

/// A kernel of the program.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct KernelFormed {
    pub name: String,
    /// The loops of its most expensive nest, and how they run, as `#hwk.space` and `#hwk.schedule` have them.
    pub space: String,
    pub schedule: String,
    /// How many schedules of such loops are legal on the machine.
    pub legal: usize,
    /// Seconds of one run by the costs that plans are made by, all that it does together.
    pub predicted: f64,
    /// Of how many kernels of the plan it does the work.
    pub merged: usize,
    /// What a learned cost model says of it, where there is one that knows such kernels.
    pub learned: Option<Learned>,
}

/// Seconds of one call by a learned cost model, and between which nine of ten such kernels are.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Learned {
    pub seconds: f64,
    pub low: f64,
    pub high: f64,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AlternativeExplained {
    pub operators: Vec<String>,
    /// Of the whole plan.
    pub more: f64,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RuleExplained {
    pub name: String,
    pub family: String,
    pub class: String,
    pub text: String,
    pub matches: usize,
    /// E-classes that became one.
    pub unions: usize,
    /// Operations of the plan that it made.
    pub chosen: usize,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BudgetExplained {
    pub name: String,
    pub limit: f64,
    pub used: f64,
    /// Expected time without the budget.
    pub without: Option<f64>,
}

/// A graph to draw.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Picture {
    pub nodes: Vec<PictureNode>,
    /// Numbers of nodes.
    pub edges: Vec<(usize, usize)>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PictureNode {
    pub operator: String,
    pub result: String,
    /// Its class of cost, which tells what kind of work it is.
    pub kind: String,
}

impl Picture {
    /// The operations of a function, without constants.
    pub fn of(block: ir::Blk) -> Picture {
        let mut numbers: HashMap<usize, usize> = HashMap::new();
        let mut picture = Picture::default();
        for operation in ir::block_ops(block) {
            let Some(op) = Op::from_name(ir::name_of(operation)).filter(|op| *op != Op::Constant) else { continue };
            let number = picture.nodes.len();
            for made in ir::operands(operation).into_iter().filter_map(ir::defining_op) {
                picture.edges.extend(numbers.get(&ir::op_key(made)).map(|from| (*from, number)));
            }
            numbers.insert(ir::op_key(operation), number);
            let result = ir::results(operation).first().and_then(|value| tensor_type_from_mlir(value.r#type()));
            picture.nodes.push(PictureNode {
                operator: op.info().mnemonic.into(),
                result: result.map(|ty| ty.to_string()).unwrap_or_default(),
                kind: format!("{:?}", op.info().cost),
            });
        }
        picture
    }
}

/// So many kernels, those that take longest, are told with their next best alternative.
const EXPLAINED: usize = 24;

/// How long is searched near the plan for one without a kernel.
const QUICK: Limits = Limits { seconds: None, cancel: None, threads: 2, seed: 0, rounds: 2, work: 0, gap: 1e-3 };

/// Explains a choice; `rules` are those that it had.
pub fn explain(optimization: &Optimization, rules: &[Rule], before: Picture, after: Picture) -> Explanation {
    let outcome = &optimization.outcome;
    let made_by: Vec<MadeBy> = optimization.parts.iter().map(|part| MadeBy::new(&part.graph)).collect();
    let mut formed: HashMap<(usize, usize), &KernelFormed> = HashMap::new();
    for Formed { made_for, kernel } in &optimization.formed {
        for place in made_for {
            formed.entry(*place).or_insert(kernel);
        }
    }
    let mut kernels = vec![];
    let mut chosen: BTreeMap<u32, usize> = BTreeMap::new();
    for (number, part) in optimization.parts.iter().enumerate() {
        let locations = locations(part);
        for (class, alternative) in part.chosen() {
            let members = match &alternative.way {
                Way::Kernel(kernel) => &kernel.members,
                Way::Relayout => &BTreeMap::new(),
                Way::Input | Way::Weights | Way::View(_) => continue,
            };
            let by = members.iter().filter_map(|(id, place)| made_by[number].rule(&part.graph, *id, *place));
            let by: BTreeSet<u32> = by.collect();
            for rule in &by {
                *chosen.entry(*rule).or_default() += part.times;
            }
            let names = by.iter().filter_map(|rule| Some(rules.get(*rule as usize)?.name.clone()));
            let result = types(&part.graph, part.space.places[class].id).iter().map(ToString::to_string);
            let explained = KernelExplained {
                location: locations.get(&class).copied().unwrap_or_default().into(),
                part: number,
                times: part.times,
                operators: operators(&part.graph, &alternative.way),
                result: result.collect::<Vec<_>>().join(", "),
                predicted: alternative.seconds,
                measured: optimization.measured.kernels.get(&(number, class)).map(|all| all / part.times as f64),
                rules: names.collect(),
                formed: formed.get(&(number, class)).map(|kernel| (*kernel).clone()),
                alternative: None,
            };
            kernels.push((class, explained));
        }
    }
    kernels.sort_by(|(_, a), (_, b)| (b.predicted * b.times as f64).total_cmp(&(a.predicted * a.times as f64)));
    for (class, kernel) in kernels.iter_mut().take(EXPLAINED) {
        kernel.alternative = alternative(optimization, kernel.part, *class);
    }
    Explanation {
        predicted: outcome.cost,
        unchanged: optimization.unchanged,
        bound: outcome.bound,
        gap: outcome.gap,
        proved: outcome.proved,
        spent: optimization.spent,
        stages: outcome
            .stages
            .iter()
            .map(|stage| StageExplained {
                stage: stage.kind.name().into(),
                cost: stage.cost,
                bound: stage.bound,
                seconds: stage.seconds,
            })
            .collect(),
        parts: optimization.parts.iter().map(|part| part_explained(part, rules)).collect(),
        kernels: kernels.into_iter().map(|(_, kernel)| kernel).collect(),
        rules: rules_explained(optimization, rules, &chosen),
        measured: optimization.measured.plans.clone(),
        budgets: budgets_explained(optimization),
        before,
        after,
        egraph: EGraph::new(&optimization.parts),
    }
}

impl Optimized {
    /// What its plan has, with the number of what each alternative puts into memory.
    pub(super) fn chosen(&self) -> impl Iterator<Item = (usize, &Alternative)> {
        let alternative = |(class, place): (usize, &Option<u32>)| {
            Some((class, self.space.alternatives[class].get((*place)? as usize)?))
        };
        self.plan.iter().enumerate().filter_map(alternative)
    }
}

/// Where what a plan computes comes from, by the number of its e-class.
fn locations(part: &Optimized) -> HashMap<usize, &str> {
    let Optimized { space, plan, locations, .. } = part;
    let mut found = HashMap::new();
    let mut open: Vec<(usize, &str)> = space.roots.iter().map(|root| (*root as usize, "")).collect();
    while let Some((class, reader)) = open.pop() {
        if found.contains_key(&class) {
            continue;
        }
        let own = locations.get(&space.places[class].id).map_or(reader, String::as_str);
        found.insert(class, own);
        let chosen = plan[class].and_then(|place| space.alternatives[class].get(place as usize));
        let needs = chosen.map_or(&[][..], |alternative| &alternative.needs);
        open.extend(needs.iter().map(|need| (*need as usize, own)));
    }
    found
}

/// Mnemonics of what is done: of a kernel its operators, each after those that it reads.
fn operators(graph: &Graph, way: &Way) -> Vec<String> {
    match way {
        Way::Kernel(kernel) => {
            let order = kernel.order(graph).unwrap_or_default();
            let op = |id: &Id| graph[*id].nodes[kernel.members[id]].op();
            order.iter().filter_map(|id| Some(op(id)?.info().mnemonic.to_string())).collect()
        }
        Way::Relayout => vec!["relayout".into()],
        Way::Input | Way::Weights | Way::View(_) => vec!["view".into()],
    }
}

/// By which rule each e-node was made first.
struct MadeBy(HashMap<Node, Origin>);

impl MadeBy {
    fn new(graph: &Graph) -> MadeBy {
        let mut origins: HashMap<Node, Origin> = HashMap::new();
        for (node, origin) in graph.nodes().iter().zip(&graph.analysis.origins) {
            let mut node = node.clone();
            node.operands.iter_mut().for_each(|id| *id = graph.find(*id));
            origins.entry(node).or_insert(*origin);
        }
        MadeBy(origins)
    }

    fn rule(&self, graph: &Graph, id: Id, place: usize) -> Option<u32> {
        self.0.get(&graph[id].nodes[place])?.rule
    }
}

/// The best plan that does not compute an e-class as this one does.
fn alternative(optimization: &Optimization, number: usize, class: usize) -> Option<AlternativeExplained> {
    let Optimization { problem, outcome: best, .. } = optimization;
    let (part, first) = (&optimization.parts[number], optimization.firsts[number]);
    let outcome = hwc_extraction::next_best(problem, &best.solution, (first + class) as u32, &QUICK).ok()??;
    let place = outcome.solution.choice[first + class];
    let other = place.and_then(|place| part.space.alternatives[class].get(place as usize));
    let operators = other.map_or(vec![], |other| operators(&part.graph, &other.way));
    // Of a plan that was measured, or is only nearly the best, others may be expected to be better.
    Some(AlternativeExplained { operators, more: (outcome.cost - best.cost).max(0.0) })
}

/// What a plan uses of the budgets, and what the best plan would take without them.
fn budgets_explained(optimization: &Optimization) -> Vec<BudgetExplained> {
    let budgets = optimization.problem.budgets();
    if budgets.is_empty() {
        return vec![];
    }
    let free = pose(&optimization.parts, &Budgets::default()).ok();
    let known = [optimization.outcome.solution.clone()];
    let without = free.and_then(|(free, _)| hwc_extraction::solve_from(&free, &optimization.extraction, &known).ok());
    let without = without.map(|outcome| outcome.cost);
    let explained = budgets.iter().zip(&optimization.outcome.used);
    explained
        .map(|(budget, used)| BudgetExplained { name: budget.name.clone(), limit: budget.limit, used: *used, without })
        .collect()
}

fn part_explained(part: &Optimized, rules: &[Rule]) -> PartExplained {
    let name = |rule: u32| rules.get(rule as usize).map_or_else(String::new, |rule| rule.name.clone());
    let iterations = part.saturation.iterations.iter().map(|iteration| IterationExplained {
        nodes: iteration.nodes,
        classes: iteration.classes,
        matches: iteration.rules.iter().map(|(rule, matches, _)| (name(*rule), *matches)).collect(),
    });
    let first = part.imported.operations.first().and_then(|id| part.locations.get(&part.graph.find(*id)));
    PartExplained {
        location: first.cloned().unwrap_or_default(),
        times: part.times,
        operations: part.operations,
        stop: format!("{:?}", part.saturation.stop).to_lowercase(),
        nodes: part.graph.total_number_of_nodes(),
        classes: part.graph.number_of_classes(),
        alternatives: part.space.alternatives.iter().map(Vec::len).sum(),
        iterations: iterations.collect(),
    }
}

fn rules_explained(optimization: &Optimization, rules: &[Rule], chosen: &BTreeMap<u32, usize>) -> Vec<RuleExplained> {
    let mut used: BTreeMap<u32, (usize, usize)> = BTreeMap::new();
    for iteration in optimization.parts.iter().flat_map(|part| &part.saturation.iterations) {
        for (rule, matches, unions) in &iteration.rules {
            let entry = used.entry(*rule).or_default();
            *entry = (entry.0 + matches, entry.1 + unions);
        }
    }
    let explained = used.into_iter().filter_map(|(number, (matches, unions))| {
        let rule = rules.get(number as usize)?;
        Some(RuleExplained {
            name: rule.name.clone(),
            family: rule.family.clone(),
            class: rule.class.name().into(),
            text: rule.text.clone(),
            matches,
            unions,
            chosen: chosen.get(&number).copied().unwrap_or(0),
        })
    });
    explained.collect()
}
