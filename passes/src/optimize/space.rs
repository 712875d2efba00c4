//! The physical choices above an e-graph: for every e-class that may be needed in memory, the ways to get it there.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use egg::Id;
use hwc_dialects::Op;
use hwc_extraction::{Budget, Node as Choice};

use super::Options;
use super::cost::{bytes, slicing};
use super::fusion::{Fusion, Kernel, is_kernel, types};
use super::orders::{Variant, lying, relayout, variants};
use crate::egraph::facts::Graph;
use crate::egraph::language::{Kind, Node};
use crate::graph::layout::Order;
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
    /// It was made in another order of axes and is brought into this one.
    Relayout,
}

/// A value in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    pub id: Id,
    /// Where it does not matter, this is [`Order::First`].
    pub order: Order,
}

impl Place {
    /// That of an e-class whose order does not matter.
    pub fn plain(id: Id) -> Place {
        Place { id, order: Order::First }
    }
}

/// How the values of a part lie in memory that is decided beforehand.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Orders {
    /// By number of the input.
    pub inputs: Vec<Order>,
    /// By number of the output, as others read it.
    pub outputs: Vec<Order>,
    /// All e-classes that are images, as they are made. Nothing where orders are not to be weighed.
    pub made: HashMap<Id, Order>,
}

impl Orders {
    fn weighed(&self) -> bool {
        !self.made.is_empty()
    }
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
    /// In which its operations work.
    pub order: Order,
    /// Numbers of what must be in memory.
    pub needs: Vec<u32>,
}

/// Everything that may be chosen.
pub struct Space {
    /// By number.
    pub places: Vec<Place>,
    pub alternatives: Vec<Vec<Alternative>>,
    pub roots: Vec<u32>,
    pub weights: Weights,
    /// What it is made for.
    pub orders: Orders,
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

/// A way to have a value in memory, before what it reads is numbered.
struct Choosable {
    way: Way,
    order: Order,
    seconds: f64,
    reads: Vec<Place>,
}

impl Space {
    /// All that the roots may need.
    pub fn new(graph: &Graph, roots: &[Id], orders: Orders, options: &Options) -> Space {
        let mut fusion = Fusion::new(graph, roots, options.costs, options.alone);
        let offers = options.offers;
        let weights = Weights::new(graph);
        let mut space = Space { places: vec![], alternatives: vec![], roots: vec![], weights, orders };
        let mut numbers: BTreeMap<Place, u32> = BTreeMap::new();
        let mut number = |place: Place, places: &mut Vec<Place>| {
            let next = places.len() as u32;
            *numbers.entry(place).or_insert_with(|| {
                places.push(place);
                next
            })
        };
        for (i, id) in roots.iter().enumerate() {
            let order = space.orders.outputs.get(i).copied().unwrap_or(Order::First);
            let root = number(space.lying(graph.find(*id), order), &mut space.places);
            space.roots.push(root);
        }
        let mut done = 0;
        while let Some(&place) = space.places.get(done) {
            let mut alternatives = vec![];
            for option in space.options(graph, &mut fusion, place) {
                let Choosable { way, order, seconds, reads } = option;
                let needs: Vec<u32> = reads.into_iter().map(|place| number(place, &mut space.places)).collect();
                let kept = types(graph, place.id).iter().map(bytes).sum();
                let bytes = if way == Way::Weights { kept } else { 0.0 };
                let lossy = match &way {
                    Way::Kernel(kernel) => offers.iter().flat_map(|offer| offer.lossy(graph, kernel)).collect(),
                    _ => vec![],
                };
                for lossy in lossy {
                    let seconds = lossy.seconds;
                    let (way, needs, lossy) = (way.clone(), needs.clone(), Some(lossy));
                    alternatives.push(Alternative { way, lossy, seconds, bytes, order, needs });
                }
                alternatives.push(Alternative { way, lossy: None, seconds, bytes, order, needs });
            }
            space.alternatives.push(alternatives);
            done += 1;
        }
        space
    }

    /// An e-class as it is read in an order.
    fn lying(&self, id: Id, order: Order) -> Place {
        if self.orders.made.contains_key(&id) { Place { id, order } } else { Place::plain(id) }
    }

    /// The ways to have a value in memory.
    fn options(&self, graph: &Graph, fusion: &mut Fusion, place: Place) -> Vec<Choosable> {
        let Place { id, order } = place;
        if graph[id].data.weights {
            return vec![Choosable { way: Way::Weights, order, seconds: 0.0, reads: vec![] }];
        }
        let mut options = vec![];
        let lies = |input: u32| self.orders.inputs.get(input as usize).copied().unwrap_or(Order::First);
        let is_input = |node: &Node| matches!(node.kind, Kind::Input(input) if self.lying(id, lies(input)) == place);
        if graph[id].nodes.iter().any(is_input) {
            options.push(Choosable { way: Way::Input, order, seconds: 0.0, reads: vec![] });
        }
        if let Some(made) = self.orders.made.get(&id).filter(|made| **made != order) {
            let (seconds, reads) = (relayout(graph, id).unwrap_or(0.0), vec![Place { id, order: *made }]);
            options.push(Choosable { way: Way::Relayout, order, seconds, reads });
            return options;
        }
        for (number, node) in graph[id].nodes.iter().enumerate() {
            let reads: BTreeSet<Id> = node.operands.iter().map(|o| graph.find(*o)).collect();
            let is_view = matches!(node.kind, Kind::Op(..) | Kind::Result(_)) && !is_kernel(node);
            if !is_view || reads.contains(&id) {
                continue;
            }
            for variant in self.variants(graph, &BTreeMap::from([(id, number)]), place, &reads) {
                let seconds = viewing(graph, id, node, variant.order) + variant.more;
                options.push(self.option(Way::View(number), seconds, variant));
            }
        }
        for kernel in fusion.kernels(id) {
            for variant in self.variants(graph, &kernel.members, place, &kernel.reads) {
                let order = self.orders.weighed().then_some(variant.order);
                let seconds = fusion.seconds(&kernel, &[id], order) + variant.more;
                let mut kernel = kernel.clone();
                kernel.seconds = seconds;
                options.push(self.option(Way::Kernel(kernel), seconds, variant));
            }
        }
        options
    }

    /// The ways of e-nodes to work that leave their result as asked for.
    fn variants(
        &self,
        graph: &Graph,
        members: &BTreeMap<Id, usize>,
        place: Place,
        reads: &BTreeSet<Id>,
    ) -> Vec<Variant> {
        let mut variants = variants(graph, members, place.id, reads);
        // The first is the one with channels first.
        variants.truncate(if self.orders.weighed() { usize::MAX } else { 1 });
        variants.retain(|variant| variant.result == place.order);
        variants
    }

    fn option(&self, way: Way, seconds: f64, variant: Variant) -> Choosable {
        let reads = variant.reads.iter().map(|(id, order)| self.lying(*id, *order)).collect();
        Choosable { way, order: variant.order, seconds, reads }
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
fn viewing(graph: &Graph, id: Id, node: &Node, order: Order) -> f64 {
    let (Some(Op::Slice), Some(&operand)) = (node.op(), node.operands.first()) else { return 0.0 };
    let shapes = lying(graph, graph.find(operand), order).zip(lying(graph, id, order));
    let bytes = types(graph, id).iter().map(bytes).sum();
    shapes.map_or(0.0, |(sliced, slice)| slicing(&sliced, &slice, bytes))
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
