//! The kernels that could make an e-class: for each of its e-nodes, groups that compute some of what it reads as well.
//!
//! A group follows the rules by which kernels are formed (`graph/group.rs`): elementwise operations with one anchor whose
//! result they read, or with operations on the same rows. It is closed: nothing outside of it lies on a path between two
//! of its members, because an operand is either computed inside or read from memory by all of them. What is computed
//! inside and needed elsewhere too is computed again, and paid for again, unless another choice stores it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use egg::Id;
use hwc_dialects::{CostClass, Op, TensorType};

use super::cost::{Cost, Group, bytes};
use crate::egraph::facts::Graph;
use crate::egraph::language::{Kind, Node};
use crate::graph::layout::Order;
use crate::graph::{Call, LARGEST, Rows, is_border, rows_of};

/// A kernel that computes an e-class: which e-node computes each e-class inside, and what it reads from memory.
#[derive(Clone, Debug, PartialEq)]
pub struct Kernel {
    /// The e-class of the last member.
    pub root: Id,
    /// E-classes computed inside, with the place of the e-node in its class.
    pub members: BTreeMap<Id, usize>,
    pub reads: BTreeSet<Id>,
    pub seconds: f64,
    shape: Shape,
    /// Whether it computes all that it can of what nobody else reads in the cheapest trees, and nothing else.
    natural: bool,
}

/// What the members of a group have in common; see `graph/group.rs`.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Shape {
    Elementwise(usize),
    Rows(Rows),
    Anchored(usize),
}

/// Groups kept for each e-class while larger ones are made of them, beside those that compute nothing again.
const KEPT: usize = 6;
/// Groups of one e-node that are looked at.
const TRIED: usize = 48;

/// Makes groups, and remembers them.
pub struct Fusion<'a> {
    graph: &'a Graph,
    costs: &'a [&'a dyn Cost],
    /// What making an e-class takes at least with nothing fused, in seconds; of e-classes that are needed.
    alone: HashMap<Id, f64>,
    /// The places of the e-nodes of the cheapest trees.
    best: HashMap<Id, usize>,
    /// The e-classes that several others read in the cheapest trees.
    shared: HashSet<Id>,
    known: HashMap<Id, Vec<Kernel>>,
    /// E-classes whose groups are being made: no group holds itself.
    open: BTreeSet<Id>,
    /// Members of a group at most.
    largest: usize,
}

impl<'a> Fusion<'a> {
    /// Groups to make the roots. `costs` are asked in their order; with `alone` no group has more than one member.
    pub fn new(graph: &'a Graph, roots: &[Id], costs: &'a [&'a dyn Cost], alone: bool) -> Fusion<'a> {
        let (known, open, largest) = (HashMap::new(), BTreeSet::new(), if alone { 1 } else { LARGEST });
        let (alone, best, shared) = (HashMap::new(), HashMap::new(), HashSet::new());
        let mut fusion = Fusion { graph, costs, alone, best, shared, known, open, largest };
        (fusion.alone, fusion.best) = fusion.times_alone();
        fusion.shared = fusion.shared(roots);
        fusion
    }

    /// Seconds that making an e-class takes at least with nothing fused; infinite where it cannot be made.
    pub fn alone(&self, id: Id) -> f64 {
        self.alone.get(&id).copied().unwrap_or(f64::INFINITY)
    }

    /// The kernels that could make an e-class, those of one operation first.
    pub fn kernels(&mut self, id: Id) -> Vec<Kernel> {
        if let Some(known) = self.known.get(&id) {
            return known.clone();
        }
        if !self.open.insert(id) {
            return vec![];
        }
        let graph = self.graph;
        let mut all: Vec<Kernel> = vec![];
        for (place, node) in graph[id].nodes.iter().enumerate() {
            if is_kernel(node) {
                all.extend(self.of_node(id, place, node));
            }
        }
        self.open.remove(&id);
        all.sort_by(|a, b| self.total(a).total_cmp(&self.total(b)).then(a.members.len().cmp(&b.members.len())));
        // The best, those that compute nothing again, and each operation by itself.
        let mut kept = 0;
        all.retain(|kernel| {
            let counts = kernel.members.len() > 1 && !kernel.natural;
            kept += usize::from(counts);
            !counts || kept <= KEPT
        });
        // Around a circle this depends on where it was entered, which is the same every time.
        self.known.insert(id, all.clone());
        all
    }

    /// Seconds of a kernel with all that it reads, as if nothing were shared.
    fn total(&self, kernel: &Kernel) -> f64 {
        kernel.seconds + kernel.reads.iter().map(|id| self.alone(*id)).sum::<f64>()
    }

    /// What several e-classes read, or one and others outside, if each is computed by its best e-node.
    fn shared(&self, roots: &[Id]) -> HashSet<Id> {
        let mut open: Vec<Id> = roots.iter().map(|id| self.graph.find(*id)).collect();
        let (mut read, mut shared) = (HashSet::new(), HashSet::new());
        while let Some(id) = open.pop() {
            if !read.insert(id) {
                shared.insert(id);
                continue;
            }
            let node = self.best.get(&id).map(|place| &self.graph[id].nodes[*place]);
            let operands: BTreeSet<Id> =
                node.iter().flat_map(|node| &node.operands).map(|o| self.graph.find(*o)).collect();
            open.extend(operands);
        }
        shared
    }

    fn of_node(&mut self, id: Id, place: usize, node: &Node) -> Vec<Kernel> {
        let Some(shape) = self.shape(id, node) else { return vec![] };
        let mut operands: Vec<Id> = node.operands.iter().map(|o| self.graph.find(*o)).collect();
        operands.sort_unstable();
        operands.dedup();
        operands.retain(|o| is_value(self.graph, *o));
        let first = Kernel {
            root: id,
            members: BTreeMap::from([(id, place)]),
            reads: operands.iter().copied().collect(),
            seconds: 0.0,
            shape,
            natural: false,
        };
        let mut natural = first.clone();
        let mut groups = vec![first];
        for operand in operands {
            if self.largest == 1 || self.graph[operand].data.weights {
                continue;
            }
            let is_single = !self.shared.contains(&operand);
            let may_join = self.may_join(shape, node, operand);
            if !may_join && !is_single {
                continue;
            }
            let inside = self.kernels(operand);
            let mut larger = vec![];
            for group in groups.iter().filter(|_| may_join) {
                larger.extend(inside.iter().filter_map(|other| join(self.graph, group, other, node)));
            }
            groups.extend(larger);
            groups.truncate(TRIED);
            if is_single {
                let best = self.best.get(&operand);
                let own = inside.iter().find(|other| other.natural && other.members.get(&operand) == best);
                natural = own.and_then(|own| join(self.graph, &natural, own, node)).unwrap_or(natural);
            }
        }
        match groups.iter_mut().find(|group| group.members == natural.members) {
            _ if self.best.get(&id) != Some(&place) => {}
            Some(group) => group.natural = true,
            None => groups.push(Kernel { natural: true, ..natural }),
        }
        groups.retain(|group| !group.reads.contains(&id));
        for group in &mut groups {
            group.seconds = self.seconds(group, &[id], None);
        }
        groups
    }

    /// Whether anything of an e-class could be computed together with what has a shape, by itself or in a group on rows.
    fn may_join(&self, shape: Shape, reader: &Node, operand: Id) -> bool {
        let nodes = self.graph[operand].nodes.iter().filter(|node| is_kernel(node));
        nodes
            .filter_map(|node| self.shape(operand, node))
            .any(|other| joined(self.graph, shape, other, reader).is_some())
    }

    fn shape(&self, id: Id, node: &Node) -> Option<Shape> {
        let op = node.op()?;
        let elements = types(self.graph, id).first()?.elements()?;
        if op.info().cost == CostClass::Elementwise {
            return Some(Shape::Elementwise(elements));
        }
        let (Kind::Op(_, attrs), Some(&operand)) = (node.kind, node.operands.first()) else {
            return Some(Shape::Anchored(elements));
        };
        let rows = rows_of(op, self.graph.analysis.tables.attrs_of(attrs), types(self.graph, operand).first());
        Some(rows.map_or(Shape::Anchored(elements), Shape::Rows))
    }

    /// Seconds of a kernel that stores these e-classes and works in an order, or in the better one.
    pub fn seconds(&self, kernel: &Kernel, stored: &[Id], order: Option<Order>) -> f64 {
        let members: Vec<Member> =
            kernel.members.iter().filter_map(|(id, place)| Member::of(self.graph, *id, *place)).collect();
        let operands: Vec<Vec<Option<&TensorType>>> = members
            .iter()
            .map(|member| member.node.operands.iter().map(|o| types(self.graph, *o).first()).collect())
            .collect();
        let calls: Vec<Call> = members
            .iter()
            .zip(&operands)
            .map(|(member, operands)| Call {
                op: member.op,
                attrs: member.attrs,
                operands,
                results: types(self.graph, member.id),
            })
            .collect();
        // Of what is gathered from, as much is read as is made of it.
        let gathered = |id: Id| {
            let reads = |member: &&Member| member.node.operands.iter().any(|o| self.graph.find(*o) == id);
            let mut readers = members.iter().filter(reads).peekable();
            let first = readers.peek().map(|member| member.id)?;
            readers.all(|member| member.op.info().cost == CostClass::Gather).then_some(first)
        };
        let read = |id: &Id| types(self.graph, gathered(*id).unwrap_or(*id));
        let reads: Vec<&TensorType> = kernel.reads.iter().flat_map(read).collect();
        let writes: Vec<&TensorType> = stored.iter().flat_map(|id| types(self.graph, *id)).collect();
        let weights = kernel.reads.iter().filter(|id| self.graph[**id].data.weights).flat_map(read).map(bytes).sum();
        let group = Group { calls: &calls, reads: &reads, writes: &writes, weights, order };
        self.costs.iter().find_map(|cost| cost.seconds(&group)).unwrap_or(f64::INFINITY)
    }

    /// The least times with nothing fused: those of the cheapest trees, by iteration to the fix-point, with the places of
    /// their e-nodes.
    fn times_alone(&self) -> (HashMap<Id, f64>, HashMap<Id, usize>) {
        let graph = self.graph;
        let mut classes: Vec<Id> = graph.classes().map(|class| class.id).collect();
        classes.sort_unstable();
        let mut times: HashMap<Id, f64> = HashMap::new();
        let mut best: HashMap<Id, usize> = HashMap::new();
        let mut own: HashMap<(Id, usize), f64> = HashMap::new();
        loop {
            let mut changed = false;
            for &id in &classes {
                for (place, node) in graph[id].nodes.iter().enumerate() {
                    let below = node.operands.iter().map(|o| times.get(&graph.find(*o)).copied());
                    let Some(below) = below.sum::<Option<f64>>() else { continue };
                    let own = *own.entry((id, place)).or_insert_with(|| self.time_of(id, place, node));
                    let before = times.get(&id).copied().unwrap_or(f64::INFINITY);
                    // Sums of roundings must not go on for ever.
                    if own + below < before * (1.0 - 1e-9) {
                        times.insert(id, own + below);
                        best.insert(id, place);
                        changed = true;
                    }
                }
            }
            if !changed {
                return (times, best);
            }
        }
    }

    fn time_of(&self, id: Id, place: usize, node: &Node) -> f64 {
        if !is_kernel(node) || self.graph[id].data.weights {
            return 0.0;
        }
        let reads = node.operands.iter().map(|o| self.graph.find(*o)).filter(|o| is_value(self.graph, *o)).collect();
        let shape = Shape::Elementwise(0);
        let members = BTreeMap::from([(id, place)]);
        let kernel = Kernel { root: id, members, reads, seconds: 0.0, shape, natural: false };
        self.seconds(&kernel, &[id], None)
    }
}

/// An e-node with its operator.
struct Member<'a> {
    id: Id,
    op: Op,
    attrs: &'a hwc_dialects::Attrs,
    node: &'a Node,
}

impl<'a> Member<'a> {
    fn of(graph: &'a Graph, id: Id, place: usize) -> Option<Member<'a>> {
        let node = graph[id].nodes.get(place)?;
        match node.kind {
            Kind::Op(op, attrs) => Some(Member { id, op, attrs: graph.analysis.tables.attrs_of(attrs), node }),
            _ => None,
        }
    }
}

/// Types of what an e-class computes.
pub fn types(graph: &Graph, id: Id) -> &[TensorType] {
    graph[id].data.types.map_or(&[], |types| graph.analysis.tables.types_of(types))
}

/// Whether an e-node is computed by a kernel, and is not just another view of memory.
pub fn is_kernel(node: &Node) -> bool {
    node.op().is_some_and(|op| op.info().cost != CostClass::Free && op != Op::Slice)
}

/// Whether an e-class is read from memory where it is an operand: scalars that are known are part of the code.
fn is_value(graph: &Graph, id: Id) -> bool {
    let facts = &graph[id].data;
    facts.types.is_some() && !(facts.splat.is_some() && facts.weights)
}

/// A group with what another one computes of what it reads; nothing where they do not go together.
fn join(graph: &Graph, group: &Kernel, other: &Kernel, reader: &Node) -> Option<Kernel> {
    let shape = joined(graph, group.shape, other.shape, reader)?;
    let mut members = group.members.clone();
    for (id, place) in &other.members {
        // Whoever computes the same thing must compute it alike.
        if *members.entry(*id).or_insert(*place) != *place {
            return None;
        }
    }
    let reads = group.reads.union(&other.reads).copied().filter(|id| !members.contains_key(id)).collect();
    let joined = Kernel { root: group.root, members, reads, seconds: 0.0, shape, natural: false };
    (joined.members.len() <= LARGEST && is_closed(graph, &joined) && joined.order(graph).is_some()).then_some(joined)
}

impl Kernel {
    /// Its members, each after those that it reads; nothing where some need each other, as what two groups compute of an
    /// e-class that is equal to a function of itself may.
    pub fn order(&self, graph: &Graph) -> Option<Vec<Id>> {
        let mut order: Vec<Id> = vec![];
        while order.len() < self.members.len() {
            let (ready, _) = self.members.iter().find(|(id, place)| {
                let mut operands = graph[**id].nodes[**place].operands.iter().map(|o| graph.find(*o));
                !order.contains(id) && operands.all(|o| !self.members.contains_key(&o) || order.contains(&o))
            })?;
            order.push(*ready);
        }
        Some(order)
    }
}

/// Whether every member but the root is read inside: what is computed but not read would be in vain.
fn is_closed(graph: &Graph, kernel: &Kernel) -> bool {
    let mut read = BTreeSet::from([kernel.root]);
    for (id, place) in &kernel.members {
        read.extend(graph[*id].nodes[*place].operands.iter().map(|o| graph.find(*o)));
    }
    kernel.members.keys().all(|id| read.contains(id))
}

/// What a group becomes with the group of an operand of the e-node that all of it is computed for.
fn joined(graph: &Graph, group: Shape, operand: Shape, reader: &Node) -> Option<Shape> {
    match (group, operand) {
        (Shape::Rows(a), Shape::Rows(b)) => (a == b).then_some(group),
        (Shape::Rows(rows), Shape::Elementwise(n)) | (Shape::Elementwise(n), Shape::Rows(rows)) => {
            rows.fits(n).then_some(Shape::Rows(rows))
        }
        (Shape::Elementwise(a), Shape::Elementwise(b) | Shape::Anchored(b)) => (a == b).then_some(operand),
        // The operand is written where the border is.
        (Shape::Anchored(_), Shape::Elementwise(_) | Shape::Anchored(_)) if puts_border(graph, reader) => Some(group),
        // What follows an anchor is elementwise; only a reduction computes its operand on the way.
        (Shape::Anchored(_), Shape::Elementwise(_)) => {
            let class = reader.op().map(|op| op.info().cost);
            matches!(class, Some(CostClass::Elementwise | CostClass::Reduction)).then_some(group)
        }
        _ => None,
    }
}

/// Whether an e-node puts its operand into a larger tensor of zeros.
fn puts_border(graph: &Graph, node: &Node) -> bool {
    let Kind::Op(op, attrs) = node.kind else { return false };
    is_border(op, graph.analysis.tables.attrs_of(attrs), node.operands.len())
}
