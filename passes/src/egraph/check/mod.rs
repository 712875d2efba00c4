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
use hwc_dialects::TensorType;
use hwc_dialects::reference::evaluate;
use hwc_dialects::reference::number::floats;
use hwc_runtime::dtype::Kind as Numbers;
use hwc_runtime::{DType, Tensor};

use super::facts::Graph;
use super::language::Kind;
use super::rules::apply::{Refusal, build};
use super::rules::{Binding, Class, Rule, RuleError, class_type};
use instance::Instance;

/// So many matches are compared ...
const MATCHES: usize = 80;
/// ... found within so many tries.
const TRIES: usize = 100_000;
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
    check_within(rule, seed, TRIES)
}

fn check_within(rule: &Rule, seed: u64, tries: usize) -> Result<usize, Fault> {
    let mut rng = Rng::with_seed(seed);
    let hints = hints::hints(rule);
    let mut compared = 0;
    for _ in 0..tries {
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

/// Compares both sides of one match; false where the right side does not apply, or there is next to nothing to compare.
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
    let mut tells = false;
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
        tells |= instance.largest > 1 && !expected.is_empty();
    }
    Ok(tells)
}

/// More elements than these are not computed: a rule may ask for any shape.
const MOST_ELEMENTS: usize = 1 << 20;

/// The value of an e-class of an e-graph in which no two were joined.
fn value(instance: &Instance, id: Id) -> Result<Tensor, String> {
    let graph: &Graph = &instance.graph;
    if class_type(graph, id).and_then(TensorType::elements).is_some_and(|count| count > MOST_ELEMENTS) {
        return Err("too many elements".into());
    }
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
mod tests;
