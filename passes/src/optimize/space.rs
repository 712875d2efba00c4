//! The physical choices above an e-graph: for every e-class that may be needed in memory, the ways to get it there.

use std::collections::{BTreeMap, HashMap};

use egg::Id;
use hwc_dialects::{AxisOrder, Op};
use hwc_extraction::{Budget, Node as Choice};

use super::cost::{Cost, bytes, slicing};
use super::fusion::{Fusion, Kernel, is_kernel, types};
use crate::egraph::facts::Graph;
use crate::egraph::language::{Kind, Node};
use crate::graph::{Call, flops};

/// A way to have the value of an e-class in memory.
#[derive(Clone, Debug, PartialEq)]
pub enum Way {
    /// It is given.
    Input,
    /// It is computed when the model is compiled, as [`Weights`] says.
    Weights,
    /// The e-node at this place is another view of its operand's memory: a reshape, a slice, one of several results.
    View(usize),
    Kernel(Kernel),
}

/// What a lossy way costs and how wrong it is: a number format, a sparse form of attention.
#[derive(Clone, Debug, PartialEq)]
pub struct Lossy {
    pub name: String,
    pub seconds: f64,
    /// How much it adds to the error of the result, in the unit of the budget.
    pub error: f64,
}

/// What offers lossy ways beside a kernel. They are choices about a kernel and never facts about its e-class, so errors
/// do not spread through equalities.
pub trait Offer {
    fn lossy(&self, graph: &Graph, kernel: &Kernel) -> Vec<Lossy>;
}

/// One alternative of the problem.
#[derive(Clone, Debug, PartialEq)]
pub struct Alternative {
    pub way: Way,
    pub lossy: Option<Lossy>,
    pub seconds: f64,
    /// Bytes of weights that it keeps.
    pub bytes: f64,
    /// Numbers of the e-classes that must be in memory.
    needs: Vec<u32>,
}

/// Everything that may be chosen.
pub struct Space {
    /// By number.
    pub classes: Vec<Id>,
    pub alternatives: Vec<Vec<Alternative>>,
    pub roots: Vec<u32>,
    pub weights: Weights,
}

/// Limits of a plan; infinite where there is none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Budgets {
    /// Bytes of weights.
    pub bytes: f64,
    pub error: f64,
}

impl Default for Budgets {
    fn default() -> Self {
        Self { bytes: f64::INFINITY, error: f64::INFINITY }
    }
}

impl Space {
    /// All that the roots may need.
    pub fn new(graph: &Graph, roots: &[Id], costs: &[&dyn Cost], offers: &[&dyn Offer]) -> Space {
        let mut fusion = Fusion::new(graph, costs);
        let weights = Weights::new(graph);
        let mut numbers: BTreeMap<Id, u32> = BTreeMap::new();
        let mut space = Space { classes: vec![], alternatives: vec![], roots: vec![], weights };
        let mut number = |id: Id, classes: &mut Vec<Id>| {
            let next = classes.len() as u32;
            *numbers.entry(id).or_insert_with(|| {
                classes.push(id);
                next
            })
        };
        space.roots = roots.iter().map(|id| number(graph.find(*id), &mut space.classes)).collect();
        let mut done = 0;
        while let Some(&id) = space.classes.get(done) {
            let mut alternatives = vec![];
            for (way, seconds, reads) in space.ways(graph, &mut fusion, id) {
                let needs: Vec<u32> = reads.into_iter().map(|id| number(id, &mut space.classes)).collect();
                let kept = types(graph, id).iter().map(bytes).sum();
                let bytes = if way == Way::Weights { kept } else { 0.0 };
                let lossy = match &way {
                    Way::Kernel(kernel) => offers.iter().flat_map(|offer| offer.lossy(graph, kernel)).collect(),
                    _ => vec![],
                };
                for lossy in lossy {
                    let seconds = lossy.seconds;
                    let (way, needs, lossy) = (way.clone(), needs.clone(), Some(lossy));
                    alternatives.push(Alternative { way, lossy, seconds, bytes, needs });
                }
                alternatives.push(Alternative { way, lossy: None, seconds, bytes, needs });
            }
            space.alternatives.push(alternatives);
            done += 1;
        }
        space
    }

    fn ways(&self, graph: &Graph, fusion: &mut Fusion, id: Id) -> Vec<(Way, f64, Vec<Id>)> {
        if graph[id].data.weights {
            return vec![(Way::Weights, 0.0, vec![])];
        }
        let mut ways = vec![];
        for (place, node) in graph[id].nodes.iter().enumerate() {
            match node.kind {
                Kind::Input(_) => ways.push((Way::Input, 0.0, vec![])),
                Kind::Op(..) | Kind::Result(_) if !is_kernel(node) => {
                    let reads = node.operands.iter().map(|o| graph.find(*o)).collect();
                    ways.push((Way::View(place), viewing(graph, id, node), reads));
                }
                _ => {}
            }
        }
        for kernel in fusion.kernels(id) {
            let reads = kernel.reads.iter().copied().collect();
            ways.push((Way::Kernel(kernel.clone()), kernel.seconds, reads));
        }
        ways
    }

    /// Adds the choice as extraction sees it to a problem's classes and roots. What is chosen is done so many `times`.
    pub fn add_to(&self, budgets: &Budgets, times: usize, classes: &mut Vec<Vec<Choice>>, roots: &mut Vec<u32>) {
        let first = classes.len() as u32;
        let times = times as f64;
        let choice = |alternative: &Alternative| {
            let error = alternative.lossy.as_ref().map_or(0.0, |lossy| lossy.error);
            Choice {
                cost: alternative.seconds * times,
                children: alternative.needs.iter().map(|number| number + first).collect(),
                amounts: budgets.amounts(alternative.bytes * times, error * times),
            }
        };
        classes.extend(self.alternatives.iter().map(|alternatives| alternatives.iter().map(choice).collect()));
        roots.extend(self.roots.iter().map(|number| number + first));
    }
}

impl Budgets {
    /// Those that are finite, as extraction sees them.
    pub fn limits(&self) -> Vec<Budget> {
        let all = [("bytes of weights", self.bytes), ("error", self.error)];
        let finite = all.iter().filter(|(_, limit)| !limit.is_infinite());
        finite.map(|(name, limit)| Budget { name: (*name).into(), limit: *limit }).collect()
    }

    /// What counts against them.
    fn amounts(&self, bytes: f64, error: f64) -> Vec<f64> {
        let all = [(bytes, self.bytes), (error, self.error)];
        all.iter().filter(|(_, limit)| !limit.is_infinite()).map(|(amount, _)| *amount).collect()
    }
}

/// Seconds that a view costs those that read it.
fn viewing(graph: &Graph, id: Id, node: &Node) -> f64 {
    let (Some(Op::Slice), Some(&operand)) = (node.op(), node.operands.first()) else { return 0.0 };
    let (Some(sliced), Some(result)) = (types(graph, operand).first(), types(graph, id).first()) else { return 0.0 };
    let image = |node: &Node| node.op().is_some_and(|op| op.info().order == AxisOrder::Image);
    slicing(sliced, result, graph[operand].nodes.iter().any(image))
}

/// How what depends on constants only is computed: the e-node of each e-class that takes the least work.
#[derive(Clone, Debug, Default)]
pub struct Weights(HashMap<Id, usize>);

/// Arithmetic of one operation on weights that is not worth the time to compile; the reference evaluator does some
/// tens of millions in a second.
const MOST_WORK: f64 = 3e8;

impl Weights {
    fn new(graph: &Graph) -> Weights {
        let mut classes: Vec<Id> = graph.classes().filter(|class| class.data.weights).map(|class| class.id).collect();
        classes.sort_unstable();
        let mut best: HashMap<Id, (f64, usize)> = HashMap::new();
        loop {
            let mut changed = false;
            for &id in &classes {
                for (place, node) in graph[id].nodes.iter().enumerate() {
                    let below = node.operands.iter().map(|o| best.get(&graph.find(*o)).map(|(work, _)| *work));
                    let Some(below) = below.sum::<Option<f64>>() else { continue };
                    let Some(own) = work(graph, id, node) else { continue };
                    if best.get(&id).is_none_or(|(work, _)| own + below < *work) {
                        best.insert(id, (own + below, place));
                        changed = true;
                    }
                }
            }
            if !changed {
                return Weights(best.into_iter().map(|(id, (_, place))| (id, place)).collect());
            }
        }
    }

    /// The e-node that computes an e-class.
    pub fn node<'g>(&self, graph: &'g Graph, id: Id) -> Option<&'g Node> {
        graph[id].nodes.get(*self.0.get(&id)?)
    }
}

/// Arithmetic to compute an e-node of weights; nothing where it is too much.
fn work(graph: &Graph, id: Id, node: &Node) -> Option<f64> {
    let Kind::Op(op, attrs) = node.kind else { return Some(0.0) };
    let operands: Vec<_> = node.operands.iter().map(|o| types(graph, *o).first()).collect();
    let results = types(graph, id);
    let call = Call { op, attrs: graph.analysis.tables.attrs_of(attrs), operands: &operands, results };
    let moved: f64 = results.iter().map(bytes).sum();
    // Even what only moves is work.
    Some(1.0 + flops(&call) + moved).filter(|work| *work < MOST_WORK)
}
