//! Applies rules until nothing new comes of them, or a limit is met.
//!
//! An iteration looks for matches only where the e-graph changed since the last one: at e-classes that have other e-nodes
//! or facts, and as many operations above them as a left side is deep. Of these only matches are applied that come upon
//! something new. Rules that match too often in one iteration go on in the next with what is left, so that a limit never
//! loses a match: where nothing is left, every rule has been applied everywhere.

use std::collections::HashSet;

use egg::{EClass, Id};
use hwc_dialects::Op;

use super::facts::{Facts, Graph, Origin};
use super::language::{Family, Node};
use super::rules::{Binding, Classes, Rule};

/// When saturation stops before the fix-point. All limits count work, none time: the result is the same every time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub iterations: u32,
    /// E-nodes made, all in all.
    pub nodes: usize,
    /// Matches of one rule that are applied in one iteration.
    pub matches: usize,
    /// Iterations in which rules of two parts are applied.
    pub together: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { iterations: 16, nodes: 20_000, matches: 1_000, together: u32::MAX }
    }
}

/// Why saturation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// No rule has anything to add.
    Saturated,
    Iterations,
    Nodes,
}

/// What one iteration did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Iteration {
    /// Afterwards.
    pub nodes: usize,
    pub classes: usize,
    /// For each rule that matched, by number: matches, and e-classes that became one.
    pub rules: Vec<(u32, usize, usize)>,
}

/// What saturation did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saturation {
    pub stop: Stop,
    pub iterations: Vec<Iteration>,
}

/// Applies rules to an e-graph that is rebuilt; origins number rules by their place in `rules`.
pub fn saturate(graph: &mut Graph, rules: &[Rule], limits: &Limits) -> Saturation {
    let mut left: Vec<Vec<Id>> = vec![vec![]; rules.len()];
    let deepest = rules.iter().map(Rule::depth).max().unwrap_or(0);
    let mut iterations = vec![];
    graph.rebuild();
    let mut seen = Seen::default();
    graph.analysis.touched = graph.classes().map(|class| class.id).collect();
    for number in 1..=limits.iterations {
        let before = (graph.total_size(), graph.number_of_classes());
        let touched = std::mem::take(&mut graph.analysis.touched);
        let changes = seen.update(graph, touched, deepest);
        let view = View::of(graph, &changes);
        let is_late = |rule: &Rule| rule.left.len() > 1 && number > limits.together;
        let found = rules.iter().zip(&mut left).map(|(rule, left)| match is_late(rule) {
            true => vec![],
            false => find(&view, rule, left, limits.matches),
        });
        let matches: Vec<Vec<Binding>> = found.collect();
        let mut iteration = Iteration::default();
        let mut unions = 0;
        // To count all e-nodes takes a walk over the e-classes. Until the e-graph is rebuilt only new ones come to them.
        let old = graph.nodes().len() - graph.total_number_of_nodes();
        for (rule, matches) in matches.iter().enumerate() {
            graph.analysis.origin = Origin { rule: Some(rule as u32), iteration: number };
            let mut joined = 0;
            for binding in matches {
                if graph.nodes().len() - old < limits.nodes {
                    joined += rules[rule].apply(graph, binding);
                }
            }
            unions += joined;
            if !matches.is_empty() {
                iteration.rules.push((rule as u32, matches.len(), joined));
            }
        }
        graph.rebuild();
        (iteration.nodes, iteration.classes) = (graph.total_number_of_nodes(), graph.number_of_classes());
        let is_full = iteration.nodes >= limits.nodes;
        iterations.push(iteration);
        if is_full {
            return Saturation { stop: Stop::Nodes, iterations };
        }
        let changed = unions > 0 || before != (graph.total_size(), graph.number_of_classes());
        if !changed && left.iter().all(Vec::is_empty) {
            return Saturation { stop: Stop::Saturated, iterations };
        }
    }
    Saturation { stop: Stop::Iterations, iterations }
}

/// What the last search saw.
#[derive(Default)]
struct Seen {
    /// E-nodes and facts of e-classes, by number.
    classes: Vec<Option<(Vec<Node>, Facts)>>,
}

/// What is new since the last search, by the numbers of e-classes.
struct Changes {
    /// A bit for each e-node of an e-class that is new there, the last one for all behind it. All of them where facts are.
    new: Vec<u64>,
    /// How many operations each e-class is above one that changed; [`FAR`] is farther than any rule is deep.
    distances: Vec<u8>,
}

const FAR: u8 = u8::MAX;

impl Seen {
    /// Looks at an e-graph that is rebuilt: at the e-classes that were touched and at those above them, whose e-nodes
    /// have other operands where e-classes became one.
    fn update(&mut self, graph: &Graph, touched: Vec<Id>, deepest: usize) -> Changes {
        let count = graph.nodes().len();
        self.classes.resize(count, None);
        let mut is_listed = vec![false; count];
        let mut list = |ids: &mut dyn Iterator<Item = Id>| -> Vec<Id> {
            ids.map(|id| graph.find(id))
                .filter(|id| !std::mem::replace(&mut is_listed[usize::from(*id)], true))
                .collect()
        };
        let mut looked_at = list(&mut touched.into_iter());
        let above: Vec<Id> = looked_at.iter().flat_map(|id| graph[*id].parents()).collect();
        looked_at.extend(list(&mut above.into_iter()));
        let mut changes = Changes { new: vec![0; count], distances: vec![FAR; count] };
        let mut level = vec![];
        for id in looked_at {
            let class = &graph[id];
            let seen = &mut self.classes[usize::from(id)];
            let new = match seen {
                Some((nodes, facts)) if *facts == class.data => {
                    let is_new = |node: &Node| nodes.binary_search(node).is_err();
                    let new = class.nodes.iter().enumerate().filter(|(_, node)| is_new(node));
                    new.fold(0, |bits, (place, _)| bits | bit(place))
                }
                _ => u64::MAX,
            };
            if new != 0 {
                *seen = Some((class.nodes.clone(), class.data));
                changes.new[usize::from(id)] = new;
                level.push(id);
            }
        }
        for distance in 0..=deepest.min(usize::from(FAR) - 1) {
            let mut above = vec![];
            for id in level {
                if changes.distances[usize::from(id)] == FAR {
                    changes.distances[usize::from(id)] = distance as u8;
                    above.extend(graph[id].parents().map(|id| graph.find(id)));
                }
            }
            level = above;
        }
        changes
    }
}

fn bit(place: usize) -> u64 {
    1 << place.min(63)
}

/// What an iteration looks at.
struct View<'g> {
    graph: &'g Graph,
    changes: &'g Changes,
    /// By number: to look them up by their ids is half of a search. With a bit for each operator of their e-nodes.
    classes: Vec<Option<(&'g EClass<Node, Facts>, u64)>>,
    /// Those that are near what changed by the operators of their e-nodes, in rising order.
    near: Vec<Vec<Near>>,
}

/// An e-class with e-nodes of an operator.
struct Near {
    id: Id,
    distance: u8,
    /// Bits for the operators of the first operands of these e-nodes, by place.
    below: [u64; 2],
}

impl<'g> View<'g> {
    fn of(graph: &'g Graph, changes: &'g Changes) -> View<'g> {
        let mut classes = vec![None; changes.new.len()];
        for class in graph.classes() {
            let operators = class.nodes.iter().filter_map(Node::op).fold(0, |bits, op| bits | operator_bit(op));
            classes[usize::from(class.id)] = Some((class, operators));
        }
        let operators = |id: &Id| classes[usize::from(*id)].map_or(0, |(_, operators)| operators);
        let mut near: Vec<Vec<Near>> = Op::all().iter().map(|_| vec![]).collect();
        for class in classes.iter().flatten().map(|(class, _)| *class) {
            let distance = changes.distances[usize::from(class.id)];
            for node in class.nodes.iter().filter(|_| distance != FAR) {
                let Some(op) = node.op() else { continue };
                let list = &mut near[op as usize];
                if list.last().is_none_or(|last| last.id != class.id) {
                    list.push(Near { id: class.id, distance, below: [0; 2] });
                }
                let below = list.last_mut().into_iter().flat_map(|last| &mut last.below);
                below.zip(&node.operands).for_each(|(bits, operand)| *bits |= operators(operand));
            }
        }
        View { graph, changes, classes, near }
    }

    /// E-classes that may be the root of a part of a rule at most as deep above what changed.
    fn near(&self, rule: &Rule, part: usize) -> impl Iterator<Item = Id> {
        let classes = match rule.family_of(part) {
            Some(Family::Op(op)) => &self.near[op as usize][..],
            // Left sides are operations.
            _ => &[],
        };
        let depth = rule.depth();
        let below = if part == 0 { rule.below() } else { &[] };
        let may_be = move |near: &&Near| {
            let has =
                |(place, op): &(usize, Op)| near.below.get(*place).is_none_or(|bits| bits & operator_bit(*op) != 0);
            usize::from(near.distance) <= depth && below.iter().all(has)
        };
        classes.iter().filter(may_be).map(|near| near.id)
    }

    fn has_changed(&self, id: Id) -> bool {
        self.changes.new[usize::from(id)] != 0
    }
}

/// Operators have the same one as few others.
fn operator_bit(op: Op) -> u64 {
    1 << (op as u32 % 64)
}

impl Classes for View<'_> {
    fn graph(&self) -> &Graph {
        self.graph
    }

    fn class(&self, id: Id) -> &EClass<Node, Facts> {
        self.classes[usize::from(id)].map_or_else(|| &self.graph[id], |(class, _)| class)
    }

    fn may_have(&self, id: Id, op: Op) -> bool {
        self.classes[usize::from(id)].is_none_or(|(_, operators)| operators & operator_bit(op) != 0)
    }

    fn is_new_node(&self, id: Id, place: usize) -> bool {
        self.changes.new[usize::from(id)] & bit(place) != 0
    }

    fn is_read_anew(&self, id: Id) -> bool {
        self.class(id).parents().map(|id| self.graph.find(id)).any(|above| {
            let operands = || self.class(above).nodes.iter().flat_map(|node| node.operands.iter());
            self.has_changed(above) || operands().any(|operand| self.has_changed(*operand))
        })
    }

    fn is_new(&self, id: Id, reach: usize) -> bool {
        let (new, distance) = (self.changes.new[usize::from(id)], usize::from(self.changes.distances[usize::from(id)]));
        new == u64::MAX || (reach > 0 && (new != 0 || (distance <= reach && self.may_have(id, Op::Concat))))
    }
}

/// Matches of a rule, `most` and those of one e-class at most. `left` gets the e-classes that were not looked at, which
/// come first the next time, with all of their matches.
fn find(view: &View, rule: &Rule, left: &mut Vec<Id>, most: usize) -> Vec<Binding> {
    let graph = view.graph;
    let mut seen = HashSet::new();
    let waiting = std::mem::take(left).into_iter().map(|id| graph.find(id));
    let waiting: Vec<Id> = waiting.filter(|id| seen.insert(*id)).collect();
    let classes = |part: usize| {
        let classes = rule.family_of(part).and_then(|family| graph.classes_for_op(&family));
        let mut classes: Vec<Id> = classes.map(Iterator::collect).unwrap_or_default();
        classes.sort_unstable();
        classes
    };
    let is_near = |part: usize| view.near(rule, part).next().is_some();
    let (mut roots, second): (Vec<Id>, Vec<Id>) = match rule.left.len() {
        1 => (view.near(rule, 0).collect(), vec![]),
        _ if is_near(0) || is_near(1) => (classes(0), classes(1)),
        _ if waiting.is_empty() => return vec![],
        _ => (vec![], classes(1)),
    };
    roots.retain(|id| !seen.contains(id));
    let mut matches = vec![];
    left.extend(rule.search(graph, &waiting, &second, most, &mut |binding| matches.push(binding)));
    let more = most.saturating_sub(matches.len());
    left.extend(rule.search(view, &roots, &second, more, &mut |binding| matches.push(binding)));
    matches
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::egraph::language::Kind;
    use crate::egraph::rules::parse;
    use hwc_dialects::{Attrs, TensorType};
    use hwc_runtime::DType;

    /// The square root and the exponential of so many values.
    fn roots_and_exponentials(count: usize) -> (Graph, Vec<Id>) {
        let mut graph = Graph::default();
        let mut roots = vec![];
        for _ in 0..count {
            let input = graph.analysis.tables.input(TensorType::fixed(DType::F32, &[4]), false);
            let x = graph.add(Node::leaf(Kind::Input(input)));
            for op in [Op::Sqrt, Op::Exp] {
                let attrs = graph.analysis.tables.attrs(op, &Attrs::default()).unwrap();
                roots.push(graph.add(Node { kind: Kind::Op(op, attrs), operands: [x].into() }));
            }
        }
        graph.rebuild();
        (graph, roots.into_iter().step_by(2).collect())
    }

    /// More matches than one iteration applies are applied by later ones.
    fn goes_on(rule: &str) {
        let rules = parse("test.rules", rule).unwrap();
        let (mut graph, roots) = roots_and_exponentials(7);
        let saturation = saturate(&mut graph, &rules, &Limits { matches: 2, ..Limits::default() });
        assert_eq!(saturation.stop, Stop::Saturated);
        let is_done = |id: &&Id| graph[**id].nodes.iter().any(|node| node.op() == Some(Op::Pow));
        assert_eq!(roots.iter().filter(is_done).count(), 7, "{saturation:?}");
    }

    #[test]
    fn a_limit_of_matches_loses_none() {
        goes_on("reassociates a: sqrt(x) => pow(x, 0.5)");
    }

    #[test]
    fn a_limit_of_matches_loses_none_of_two_parts() {
        goes_on("reassociates a: sqrt(x) & exp(x) => pow(x, 0.5) & exp(x)");
    }
}
