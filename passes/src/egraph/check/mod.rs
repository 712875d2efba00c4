//! The test that every rule must pass: both sides are evaluated on random shapes, element types, attributes and values
//! for which the left side and the conditions hold.
//!
//! A left side is made at random ([`instance`]), with what its operators want in mind, until the rule has matched so many
//! times; the rule itself then makes its right side, and the reference evaluator computes both. A rule that never matches
//! is as wrong as one whose sides differ.

mod hints;
mod instance;
mod propose;

use egg::Id;
use fastrand::Rng;
use hwc_dialects::reference::evaluate;
use hwc_dialects::reference::number::floats;
use hwc_runtime::dtype::Kind as Numbers;
use hwc_runtime::{DType, Tensor};

use super::facts::Graph;
use super::language::Kind;
use super::rules::apply::{Refusal, build};
use super::rules::{Binding, Class, Rule, RuleError};
use instance::Instance;

/// So many matches are compared ...
const MATCHES: usize = 40;
/// ... found within so many tries.
const TRIES: usize = 60_000;
/// Matches of one instance that are looked at.
const OF_ONE: usize = 4;

/// Why a rule may not be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("never applies: no match in {TRIES} random graphs")]
    Never,
    #[error("applies in {0} of {TRIES} random graphs, too few to test it: {MATCHES} are wanted")]
    Seldom(usize),
    #[error("makes an invalid right side of {left}: {message}")]
    Invalid { left: String, message: String },
    #[error("equates {left} with {right} of another type")]
    Type { left: String, right: String },
    #[error("is false: {left} differs from {right} at element {element}: {expected} and {actual}")]
    False { left: String, right: String, element: usize, expected: String, actual: String },
}

/// Tests a rule; gives how many matches were compared.
///
/// # Errors
/// The first instance for which the rule does not hold, or that there are too few.
pub fn check(rule: &Rule, seed: u64) -> Result<usize, Fault> {
    let mut rng = Rng::with_seed(seed);
    let hints = hints::hints(rule);
    let mut compared = 0;
    for _ in 0..TRIES {
        let Some(mut instance) = Instance::new(rule, &hints, &mut rng) else { continue };
        let mut matches: Vec<Binding> = vec![];
        rule.matches(&instance.graph, &instance.roots, &mut |binding| matches.push(binding));
        for binding in matches.iter().take(OF_ONE) {
            compared += usize::from(compare(rule, &mut instance, binding)?);
        }
        if compared >= MATCHES {
            return Ok(compared);
        }
    }
    Err(if compared == 0 { Fault::Never } else { Fault::Seldom(compared) })
}

/// The seed with which rules are tested, so that a rule passes every time or never.
pub const SEED: u64 = 1;

/// Tests rules that were read from a file.
///
/// # Errors
/// What is wrong with each rule that may not be used.
pub fn check_all(rules: &[Rule], file: &str) -> Result<(), Vec<RuleError>> {
    let wrong = rules.iter().filter_map(|rule| {
        let fault = check(rule, SEED).err()?;
        Some(RuleError { file: file.into(), line: rule.line, message: format!("the rule `{}` {fault}", rule.name) })
    });
    let wrong: Vec<RuleError> = wrong.collect();
    if wrong.is_empty() { Ok(()) } else { Err(wrong) }
}

/// Compares both sides of one match; false where the right side does not apply.
fn compare(rule: &Rule, instance: &mut Instance, binding: &Binding) -> Result<bool, Fault> {
    let mut rights = vec![];
    for (term, &root) in rule.right.iter().zip(&binding.roots) {
        let left = instance.text(root);
        match build(&mut instance.graph, binding, term, root) {
            Ok(right) => rights.push((root, right)),
            Err(Refusal::NoValue) => return Ok(false),
            Err(Refusal::Invalid(message)) => return Err(Fault::Invalid { left, message }),
        }
    }
    for (left, right) in rights {
        let (is, wanted) = (instance.graph[right].data.types, instance.graph[left].data.types);
        if is != wanted {
            return Err(Fault::Type { left: instance.text(left), right: instance.text(right) });
        }
        let (Ok(expected), Ok(actual)) = (value(instance, left), value(instance, right)) else { return Ok(false) };
        if let Some(element) = difference(rule.class, &expected, &actual) {
            let show = |tensor: &Tensor| floats(tensor).get(element).map_or("nothing".into(), f64::to_string);
            let (left, right) = (instance.text(left), instance.text(right));
            let (expected, actual) = (show(&expected), show(&actual));
            return Err(Fault::False { left, right, element, expected, actual });
        }
    }
    Ok(true)
}

/// The value of an e-class of an e-graph in which no two were joined.
fn value(instance: &Instance, id: Id) -> Result<Tensor, String> {
    let graph: &Graph = &instance.graph;
    let node = graph[id].nodes.first().ok_or("an empty e-class")?;
    match node.kind {
        Kind::Input(number) => instance.inputs.get(&number).cloned().ok_or_else(|| "an unknown input".into()),
        Kind::Constant(number) => Ok(graph.analysis.tables.constant_of(number).clone()),
        Kind::Absent | Kind::Result(_) => Err("no value".into()),
        Kind::Op(op, attrs) => {
            let operands = node.operands.iter().map(|id| match graph[*id].nodes.first().map(|node| node.kind) {
                Some(Kind::Absent) => Ok(None),
                _ => value(instance, *id).map(Some),
            });
            let operands = operands.collect::<Result<Vec<_>, String>>()?;
            let operands: Vec<Option<&Tensor>> = operands.iter().map(Option::as_ref).collect();
            let results = evaluate(op, graph.analysis.tables.attrs_of(attrs), &operands).map_err(|e| e.to_string())?;
            results.into_iter().next().ok_or_else(|| "no result".into())
        }
    }
}

/// The first element in which two tensors differ by more than a class of rules may.
fn difference(class: Class, expected: &Tensor, actual: &Tensor) -> Option<usize> {
    let (a, b) = (floats(expected), floats(actual));
    let is_exact = class == Class::Exact || expected.dtype().kind() != Numbers::Float;
    let largest = a.iter().chain(&b).copied().filter(|v| v.is_finite()).fold(1.0, |m: f64, v| m.max(v.abs()));
    let relative = match (class, expected.dtype()) {
        (Class::Approximate, _) => 1e-2,
        (_, DType::F64) => 1e-9,
        _ => 1e-4,
    };
    let is_same =
        |a: f64, b: f64| a == b || (a.is_nan() && b.is_nan()) || (!is_exact && (a - b).abs() <= relative * largest);
    a.iter().zip(&b).position(|(a, b)| !is_same(*a, *b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::egraph::rules::parse;

    fn fault(rule: &str) -> Option<Fault> {
        let rules = parse("test.rules", rule).unwrap();
        check(&rules[0], 1).err()
    }

    #[test]
    fn true_rules_pass() {
        for rule in [
            "exact a: add(x, y) => add(y, x)",
            "reassociates b: add(add(x, y), z) => add(x, add(y, z))",
            "exact c: transpose(transpose(x, permutation=p), permutation=q) => transpose(x, permutation=compose(p, q))",
            "exact d: mul(x, 1) => x if shape(x) == shape(result)",
            "reassociates e: matmul(matmul(x, a), b) => matmul(x, matmul(a, b)) if rank(x) == 2, rank(a) == 2, rank(b) == 2",
            "exact f: concat(xs..., axis=a) => concat(xs..., axis=axis(a, rank(result)))",
            "exact g: relu(concat(xs..., axis=a)) => concat(relu(xs)..., axis=a)",
            "exact h: matmul(x, a) & matmul(x, b) => slice(matmul(x, concat(a, b, axis=1)), axes=[rank(result) - 1], \
             starts=[0], ends=[dim(a, 1)], steps=[1]) & slice(matmul(x, concat(a, b, axis=1)), axes=[rank(result) - 1], \
             starts=[dim(a, 1)], ends=[dim(a, 1) + dim(b, 1)], steps=[1]) \
             if rank(a) == 2, rank(b) == 2, rank(x) >= 2, next(x, a, b)",
        ] {
            assert_eq!(fault(rule), None, "{rule}");
        }
    }

    #[test]
    fn false_rules_are_found() {
        for (rule, found) in [
            ("exact a: sub(x, y) => sub(y, x)", "is false"),
            ("exact b: mul(x, 1) => x", "of another type"),
            ("exact c: add(add(x, y), z) => add(x, add(y, z))", "is false"),
            (
                "exact d: transpose(transpose(x, permutation=p), permutation=q) => transpose(x, permutation=compose(q, p))",
                "of another type",
            ),
            ("exact e: add(x, y) => add(y, x) if rank(x) == 77", "never applies"),
            ("exact f: relu(x) => transpose(x, permutation=[1, 0]) if rank(x) == 3", "makes an invalid right side"),
            ("reassociates g: sqrt(mul(x, x)) => x", "is false"),
            ("reassociates h: div(x, x) => 1", "of another type"),
        ] {
            let fault = fault(rule).map(|fault| fault.to_string()).unwrap_or_default();
            assert!(fault.contains(found), "{rule}: {fault}");
        }
    }
}
