//! Where the left side of a rule matches.

use egg::Id;
use hwc_dialects::attrs::Attrs;
use hwc_dialects::op::{AttributeInfo, DefaultValue, Presence};

use super::super::facts::Graph;
use super::super::language::{Family, Kind, Node};
use super::super::tables::AttrsId;
use super::expression::{Binding, Expr, Value};
use super::{Attribute, Operand, Operation, Rule, Term};

impl Rule {
    /// By what e-nodes the first part of the left side is found.
    pub fn family_of(&self, part: usize) -> Option<Family> {
        match self.left.get(part)? {
            Term::Operation(operation) => Some(Family::Op(operation.op)),
            _ => None,
        }
    }

    /// Calls `found` with every way in which the parts of the left side match these e-classes and the conditions hold.
    pub fn matches(&self, graph: &Graph, roots: &[Id], found: &mut dyn FnMut(Binding)) {
        let binding = self.unbound(roots.iter().map(|id| graph.find(*id)).collect());
        let goals = self.left.iter().zip(&binding.roots).rev().map(|(term, id)| (term, *id)).collect();
        Search { graph, conditions: &self.conditions, binding: binding.clone(), found }.solve(goals);
    }

    /// Calls `found` with every way in which one part of the left side matches an e-class, whatever the conditions.
    pub fn matches_part(&self, graph: &Graph, part: usize, root: Id, found: &mut dyn FnMut(Binding)) {
        let Some(term) = self.left.get(part) else { return };
        Search { graph, conditions: &[], binding: self.unbound(vec![]), found }.solve(vec![(term, root)]);
    }

    fn unbound(&self, roots: Vec<Id>) -> Binding {
        Binding {
            roots,
            values: vec![None; self.values.len()],
            lists: vec![None; self.lists.len()],
            attrs: vec![None; self.attrs.len()],
            rests: vec![None; self.rests.len()],
        }
    }
}

/// A depth-first search for matches.
struct Search<'a> {
    graph: &'a Graph,
    conditions: &'a [Expr],
    binding: Binding,
    found: &'a mut dyn FnMut(Binding),
}

impl<'a> Search<'a> {
    /// Solves all goals, the last one first: a term that an e-class must match.
    fn solve(&mut self, mut goals: Vec<(&'a Term, Id)>) {
        while let Some((term, id)) = goals.pop() {
            let class = &self.graph[id];
            let holds = match term {
                Term::Value(number) => match self.binding.values[*number] {
                    Some(bound) => bound == class.id,
                    None => {
                        // Whoever calls restores the binding.
                        self.binding.values[*number] = Some(class.id);
                        true
                    }
                },
                Term::Number(value) => class.data.splat.is_some_and(|splat| is_number(splat, *value)),
                Term::Absent => class.nodes.iter().any(|node| node.kind == Kind::Absent),
                Term::Computed(_) | Term::Element => false,
                Term::Operation(operation) => {
                    for node in &class.nodes {
                        self.node(operation, node, &goals);
                    }
                    return;
                }
            };
            if !holds {
                return;
            }
        }
        if self.conditions.iter().all(|condition| condition.holds(self.graph, &self.binding)) {
            (self.found)(self.binding.clone());
        }
    }

    /// Solves the other goals with what an e-node binds.
    fn node(&mut self, operation: &'a Operation, node: &Node, others: &[(&'a Term, Id)]) {
        let Kind::Op(op, attrs) = node.kind else { return };
        if op != operation.op || !fits(&operation.operands, node.operands.len()) {
            return;
        }
        let before = self.binding.clone();
        if self.attributes(operation, attrs) {
            let mut goals = others.to_vec();
            if self.operands(operation, node, &mut goals) {
                self.solve(goals);
            }
        }
        self.binding = before;
    }

    fn operands(&mut self, operation: &'a Operation, node: &Node, goals: &mut Vec<(&'a Term, Id)>) -> bool {
        let first = goals.len();
        for (i, operand) in operation.operands.iter().enumerate() {
            match operand {
                Operand::One(term) => {
                    // Operands at the end may be left out.
                    match node.operands.get(i) {
                        Some(id) => goals.push((term, *id)),
                        None if matches!(term, Term::Absent) => {}
                        None => return false,
                    }
                }
                Operand::Each(list, _) => {
                    let rest: Vec<Id> = node.operands[i..].iter().map(|id| self.graph.find(*id)).collect();
                    match &self.binding.lists[*list] {
                        Some(bound) if *bound != rest => return false,
                        _ => self.binding.lists[*list] = Some(rest),
                    }
                }
            }
        }
        // The first operand is solved first.
        goals[first..].reverse();
        true
    }

    fn attributes(&mut self, operation: &Operation, attrs: AttrsId) -> bool {
        let given = self.graph.analysis.tables.attrs_of(attrs);
        for (name, pattern) in &operation.attrs {
            let Some(attr) = given.get(name) else { return false };
            let holds = match pattern {
                Attribute::Name(number) => match &self.binding.attrs[*number] {
                    Some(bound) => bound.is(attr),
                    None => {
                        self.binding.attrs[*number] = Value::of(attr);
                        self.binding.attrs[*number].is_some()
                    }
                },
                Attribute::Expr(expr) => expr.evaluate(self.graph, &self.binding).is_some_and(|value| value.is(attr)),
            };
            if !holds {
                return false;
            }
        }
        match operation.rest {
            Some(rest) => match self.binding.rests[rest] {
                Some(bound) => bound == attrs,
                None => {
                    self.binding.rests[rest] = Some(attrs);
                    true
                }
            },
            None => {
                let named = |info: &&AttributeInfo| operation.attrs.iter().any(|(name, _)| *name == info.name);
                operation.op.info().attributes.iter().filter(|info| !named(info)).all(|info| is_default(info, given))
            }
        }
    }
}

/// Whether an operation of so many operands can match.
fn fits(pattern: &[Operand], count: usize) -> bool {
    match pattern.last() {
        Some(Operand::Each(..)) => count + 1 >= pattern.len(),
        _ => {
            let at_least = pattern.iter().rposition(|o| !matches!(o, Operand::One(Term::Absent))).map_or(0, |i| i + 1);
            (at_least..=pattern.len()).contains(&count)
        }
    }
}

/// Numbers are compared as `f32` holds them, so that 0.1 is 0.1 in every type.
fn is_number(value: f64, wanted: f64) -> bool {
    value == wanted || value as f32 == wanted as f32
}

/// Whether an attribute has the value it has where it is not given.
pub fn is_default(info: &AttributeInfo, given: &Attrs) -> bool {
    let Some(value) = given.get(info.name) else { return true };
    match &info.presence {
        Presence::Default(default) => {
            let default = match default {
                DefaultValue::Int(v) => Value::Int(*v),
                DefaultValue::Bool(v) => Value::Bool(*v),
                DefaultValue::Float(v) => Value::Float(*v),
                DefaultValue::Str(v) => Value::Str((*v).to_string()),
                DefaultValue::Ints(v) => Value::Ints(v.to_vec()),
                DefaultValue::Floats(v) => Value::Floats(v.to_vec()),
            };
            default.is(value)
        }
        Presence::Optional | Presence::Required => false,
    }
}
