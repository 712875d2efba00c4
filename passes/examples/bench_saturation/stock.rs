//! The same rules in egg's own `Runner`: a search of the whole e-graph for each rule in each iteration.
//!
//! Left sides that egg's patterns can say are egg's patterns, which it compiles and matches by itself; what they find is
//! held against the rule's conditions. Left sides with attributes or lists are matched as we match them. Right sides are
//! always ours.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use egg::{
    Applier, ENodeOrVar, Id, Pattern, PatternAst, RecExpr, Rewrite, Runner, SearchMatches, Searcher, SimpleScheduler,
    StopReason, Subst, Symbol, Var,
};
use hwc_dialects::attrs::Attrs;
use hwc_passes::egraph::facts::{Analyst, Graph};
use hwc_passes::egraph::language::{Kind, Node};
use hwc_passes::egraph::rules::{Binding, Operand, Operation, Rule, Term};

type Stock = Rewrite<Node, Analyst>;

/// The rules as egg has them, and how many of them are egg's patterns.
pub struct Rules {
    pub rewrites: Vec<Stock>,
    pub patterns: usize,
}

/// Rules for an e-graph, which gets the attributes that patterns name.
pub fn rules(graph: &mut Graph, rules: &[Rule]) -> Rules {
    let mut patterns = 0;
    let rewrites = rules.iter().filter_map(|rule| {
        let pattern = Plain::of(graph, rule);
        patterns += usize::from(pattern.is_some());
        let found = Arc::new(Mutex::new(vec![]));
        let left = Left { rule: rule.clone(), pattern, found: found.clone() };
        Rewrite::new(rule.name.as_str(), left, Right { rule: rule.clone(), found }).ok()
    });
    let rewrites = rewrites.collect();
    Rules { rewrites, patterns }
}

/// Fills an e-graph by egg's `Runner`; tells whether that ended with the fix-point, and after how many iterations.
pub fn saturate(graph: Graph, rules: &Rules) -> (Graph, bool, usize) {
    let runner = Runner::<Node, Analyst>::new(Analyst::default())
        .with_egraph(graph)
        .with_scheduler(SimpleScheduler)
        .with_iter_limit(usize::MAX)
        .with_node_limit(usize::MAX)
        .with_time_limit(Duration::from_secs(600))
        .with_hook(|runner| {
            // What our runner takes from there.
            runner.egraph.analysis.touched.clear();
            Ok(())
        })
        .run(&rules.rewrites);
    let saturated = matches!(runner.stop_reason, Some(StopReason::Saturated));
    (runner.egraph, saturated, runner.iterations.len())
}

/// A left side, which leaves what its names stand for to the right side: a substitution has room for e-classes only.
struct Left {
    rule: Rule,
    pattern: Option<Plain>,
    found: Arc<Mutex<Vec<Binding>>>,
}

struct Right {
    rule: Rule,
    found: Arc<Mutex<Vec<Binding>>>,
}

/// The variable for the number of a match.
fn number() -> Var {
    Var::from_u32(u32::MAX)
}

impl Left {
    fn keep(&self, root: Id, bindings: Vec<Binding>) -> Option<SearchMatches<'_, Node>> {
        let mut found = self.found.lock().ok()?;
        let numbers = found.len()..found.len() + bindings.len();
        found.extend(bindings);
        let substs = numbers.map(|match_number| {
            let mut subst = Subst::with_capacity(1);
            subst.insert(number(), Id::from(match_number));
            subst
        });
        let substs: Vec<Subst> = substs.collect();
        (!substs.is_empty()).then_some(SearchMatches { eclass: root, substs, ast: None })
    }
}

impl Searcher<Node, Analyst> for Left {
    fn search_eclass_with_limit(&self, graph: &Graph, root: Id, _: usize) -> Option<SearchMatches<'_, Node>> {
        let mut bindings = vec![];
        match &self.pattern {
            Some(plain) => bindings = plain.matches(graph, &self.rule, root),
            None => self.rule.matches(graph, &[root], &mut |binding| bindings.push(binding)),
        }
        self.keep(root, bindings)
    }

    fn search_with_limit(&self, graph: &Graph, limit: usize) -> Vec<SearchMatches<'_, Node>> {
        if let Ok(mut found) = self.found.lock() {
            found.clear();
        }
        let classes = |part| {
            let family = self.rule.family_of(part);
            family
                .and_then(|family| graph.classes_for_op(&family))
                .map(Iterator::collect::<Vec<Id>>)
                .unwrap_or_default()
        };
        let roots = classes(0);
        if self.pattern.is_some() {
            return roots.iter().filter_map(|root| self.search_eclass_with_limit(graph, *root, limit)).collect();
        }
        let mut matches = vec![];
        let mut found = |binding: Binding| matches.extend(self.keep(binding.roots[0], vec![binding]));
        self.rule.search(graph, &roots, &classes(1), limit, &mut found);
        matches
    }

    fn vars(&self) -> Vec<Var> {
        vec![number()]
    }
}

impl Applier<Node, Analyst> for Right {
    fn apply_one(
        &self,
        graph: &mut Graph,
        root: Id,
        subst: &Subst,
        _: Option<&PatternAst<Node>>,
        _: Symbol,
    ) -> Vec<Id> {
        let Ok(found) = self.found.lock() else { return vec![] };
        let binding = subst.get(number()).and_then(|number| found.get(usize::from(*number)));
        vec![root; binding.map_or(0, |binding| self.rule.apply(graph, binding))]
    }

    fn vars(&self) -> Vec<Var> {
        vec![number()]
    }
}

/// A left side as egg's pattern: names are variables by their numbers, and so are numbers, behind the names.
struct Plain {
    pattern: Pattern<Node>,
    names: usize,
    numbers: Vec<f64>,
}

impl Plain {
    /// Nothing for a left side of several parts, or with attributes, lists or operands that may be absent.
    fn of(graph: &mut Graph, rule: &Rule) -> Option<Plain> {
        let [Term::Operation(root)] = &rule.left[..] else { return None };
        let mut writer = Writer { graph, ast: RecExpr::default(), names: rule.values.len(), numbers: vec![] };
        writer.operation(root)?;
        Some(Plain { pattern: Pattern::new(writer.ast), names: writer.names, numbers: writer.numbers })
    }

    fn matches(&self, graph: &Graph, rule: &Rule, root: Id) -> Vec<Binding> {
        let Some(found) = self.pattern.search_eclass(graph, root) else { return vec![] };
        let class = |subst: &Subst, variable: usize| subst.get(Var::from_u32(variable as u32)).copied();
        let is_number = |subst: &Subst, place: usize, wanted: f64| {
            let splat = class(subst, self.names + place).and_then(|id| graph[id].data.splat);
            splat.is_some_and(|splat| splat as f32 == wanted as f32)
        };
        let mut bindings = vec![];
        for subst in &found.substs {
            if !self.numbers.iter().enumerate().all(|(place, wanted)| is_number(subst, place, *wanted)) {
                continue;
            }
            let values = (0..self.names).map(|name| class(subst, name).map(|id| graph.find(id))).collect();
            let binding = Binding { roots: vec![graph.find(root)], values, ..Binding::default() };
            if rule.conditions.iter().all(|condition| condition.holds(graph, &binding)) {
                bindings.push(binding);
            }
        }
        bindings
    }
}

struct Writer<'g> {
    graph: &'g mut Graph,
    ast: PatternAst<Node>,
    names: usize,
    numbers: Vec<f64>,
}

impl Writer<'_> {
    fn operation(&mut self, operation: &Operation) -> Option<Id> {
        if !operation.attrs.is_empty() || operation.rest.is_some() {
            return None;
        }
        let operands = operation.operands.iter().map(|operand| match operand {
            Operand::One(Term::Value(name)) => Some(self.variable(*name)),
            Operand::One(Term::Number(value)) => {
                self.numbers.push(*value);
                Some(self.variable(self.names + self.numbers.len() - 1))
            }
            Operand::One(Term::Operation(operation)) => self.operation(operation),
            _ => None,
        });
        let operands: Box<[Id]> = operands.collect::<Option<_>>()?;
        let attrs = self.graph.analysis.tables.attrs(operation.op, &Attrs::default()).ok()?;
        Some(self.ast.add(ENodeOrVar::ENode(Node { kind: Kind::Op(operation.op, attrs), operands })))
    }

    fn variable(&mut self, number: usize) -> Id {
        self.ast.add(ENodeOrVar::Var(Var::from_u32(number as u32)))
    }
}
