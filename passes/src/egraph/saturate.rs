//! Applies rules until nothing new comes of them, or a limit is met.
//!
//! An iteration looks for matches only where the e-graph changed since the last one: at the e-classes that changed, and
//! as many operations above them as a left side is deep. Rules that match too often in one iteration go on in the next
//! with what is left, so that a limit never loses a match: where nothing is left, every rule has been applied everywhere.

use std::collections::{BTreeSet, HashMap};

use egg::Id;

use super::facts::{Graph, Origin};
use super::language::Family;
use super::rules::{Binding, Operand, Rule, Term};

/// When saturation stops before the fix-point. All limits count work, none time: the result is the same every time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub iterations: u32,
    /// E-nodes made, all in all.
    pub nodes: usize,
    /// Matches of one rule that are applied in one iteration.
    pub matches: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { iterations: 16, nodes: 20_000, matches: 1_000 }
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
    let mut left: Vec<BTreeSet<Id>> = vec![BTreeSet::new(); rules.len()];
    let deepest = rules.iter().map(Rule::depth).max().unwrap_or(0);
    let mut iterations = vec![];
    graph.rebuild();
    let mut distances = all(graph);
    for number in 1..=limits.iterations {
        let before = (graph.total_size(), graph.number_of_classes());
        let matches: Vec<Vec<Binding>> = rules
            .iter()
            .zip(&mut left)
            .map(|(rule, left)| find(graph, rule, &distances, left, limits.matches))
            .collect();
        graph.analysis.touched.clear();
        let mut iteration = Iteration::default();
        let mut unions = 0;
        for (rule, matches) in matches.iter().enumerate() {
            graph.analysis.origin = Origin { rule: Some(rule as u32), iteration: number };
            let mut joined = 0;
            for binding in matches {
                if graph.total_number_of_nodes() < limits.nodes {
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
        iterations.push(iteration);
        if graph.total_number_of_nodes() >= limits.nodes {
            return Saturation { stop: Stop::Nodes, iterations };
        }
        let changed = unions > 0 || before != (graph.total_size(), graph.number_of_classes());
        if !changed && left.iter().all(BTreeSet::is_empty) {
            return Saturation { stop: Stop::Saturated, iterations };
        }
        distances = around(graph, deepest);
    }
    Saturation { stop: Stop::Iterations, iterations }
}

/// How many operations each e-class is above one that changed; those that are farther away are not there.
type Distances = HashMap<Id, usize>;

fn all(graph: &Graph) -> Distances {
    graph.classes().map(|class| (class.id, 0)).collect()
}

fn around(graph: &mut Graph, deepest: usize) -> Distances {
    let touched = std::mem::take(&mut graph.analysis.touched);
    let mut distances = Distances::new();
    let mut level: Vec<Id> = touched.into_iter().map(|id| graph.find(id)).collect();
    for distance in 0..=deepest {
        level.retain(|id| !distances.contains_key(id));
        level.sort_unstable();
        level.dedup();
        distances.extend(level.iter().map(|id| (*id, distance)));
        level = level.iter().flat_map(|id| graph[*id].parents()).map(|id| graph.find(id)).collect();
    }
    distances
}

/// Matches of a rule, `most` at most; `left` gets the e-classes that were not looked at.
fn find(graph: &Graph, rule: &Rule, distances: &Distances, left: &mut BTreeSet<Id>, most: usize) -> Vec<Binding> {
    let depth = rule.depth();
    let is_near = |id: &Id| distances.get(id).is_some_and(|distance| *distance <= depth);
    let classes = |part: usize| -> Vec<Id> {
        let family: Option<Family> = rule.family_of(part);
        let mut classes: Vec<Id> =
            family.and_then(|family| graph.classes_for_op(&family)).map(Iterator::collect).unwrap_or_default();
        classes.sort_unstable();
        classes
    };
    let mut matches = vec![];
    let waiting: BTreeSet<Id> = std::mem::take(left).into_iter().map(|id| graph.find(id)).collect();
    let roots = classes(0);
    if rule.left.len() == 1 {
        let roots = roots.into_iter().filter(|id| is_near(id) || waiting.contains(id));
        for root in roots {
            if matches.len() >= most {
                left.insert(root);
            } else {
                rule.matches(graph, &[root], &mut |binding| matches.push(binding));
            }
        }
    } else if roots.iter().any(is_near) || classes(1).iter().any(is_near) || !waiting.is_empty() {
        together(graph, rule, &roots, &classes(1), &mut |binding| matches.push(binding));
        if matches.len() > most {
            matches.truncate(most);
            left.extend(roots.first());
        }
    }
    matches
}

/// Matches of a left side of two parts: joined by what a name that occurs in both stands for.
fn together(graph: &Graph, rule: &Rule, first: &[Id], second: &[Id], found: &mut dyn FnMut(Binding)) {
    let Some(shared) = shared(rule) else { return };
    let mut partners: HashMap<Id, Vec<Id>> = HashMap::new();
    for &root in second {
        rule.matches_part(graph, 1, root, &mut |binding| {
            if let Some(id) = binding.values[shared] {
                let list = partners.entry(id).or_default();
                if list.last() != Some(&root) {
                    list.push(root);
                }
            }
        });
    }
    for &root in first {
        let mut keys = BTreeSet::new();
        rule.matches_part(graph, 0, root, &mut |binding| keys.extend(binding.values[shared]));
        let others: BTreeSet<Id> = keys.iter().filter_map(|key| partners.get(key)).flatten().copied().collect();
        for other in others {
            rule.matches(graph, &[root, other], found);
        }
    }
}

/// The number of a name for an operand that both parts of a left side hold.
fn shared(rule: &Rule) -> Option<usize> {
    let [first, second] = &rule.left[..] else { return None };
    (0..rule.values.len()).find(|&number| mentions(first, number) && mentions(second, number))
}

fn mentions(term: &Term, number: usize) -> bool {
    match term {
        Term::Value(other) => *other == number,
        Term::Operation(operation) => operation.operands.iter().any(|operand| match operand {
            Operand::One(term) => mentions(term, number),
            Operand::Each(..) => false,
        }),
        _ => false,
    }
}
