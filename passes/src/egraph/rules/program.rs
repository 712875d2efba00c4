//! Left sides as steps: operands are numbered, and stand in the order in which they are matched. So it is known
//! beforehand where a name is met first and gets what it stands for, and where it is met again and is compared.

use std::collections::HashSet;
use std::ops::RangeInclusive;

use hwc_dialects::Op;
use hwc_dialects::op::AttributeInfo;

use super::{Attribute, Expr, Operand, Operation, Term};

/// What is done with the e-class of an operand.
#[derive(Clone, Debug)]
pub struct Step {
    /// The number of the operand; roots are the first.
    pub operand: usize,
    pub test: Test,
}

#[derive(Clone, Debug)]
pub enum Test {
    /// It is what a name stands for from now on.
    Binds(usize),
    /// It is what a name stands for.
    Is(usize),
    Number(f64),
    Absent,
    /// One of its e-nodes is this; each is tried with all steps behind.
    Operation(Pattern),
}

/// An e-node, without its operands.
#[derive(Clone, Debug)]
pub struct Pattern {
    pub op: Op,
    /// How many operands there may be: those at the end may be left out where they are to be absent.
    pub counts: RangeInclusive<usize>,
    /// The number that the first operand gets, and how many get one.
    pub first: usize,
    pub numbered: usize,
    /// Places of operands that must be operations, and the operators.
    pub operations: Vec<(usize, Op)>,
    /// A list for all operands behind those, and whether it is met first here.
    pub list: Option<(usize, bool)>,
    pub attrs: Vec<(&'static str, AttributeTest)>,
    /// As for lists.
    pub rest: Option<(usize, bool)>,
    /// Places among the operator's attributes of those that must have their defaults.
    pub defaults: Vec<usize>,
}

#[derive(Clone, Debug)]
pub enum AttributeTest {
    Binds(usize),
    Is(usize),
    Equals(Expr),
}

/// Steps, and how many operands they number.
#[derive(Clone, Debug, Default)]
pub struct Program {
    pub steps: Vec<Step>,
    pub operands: usize,
}

impl Program {
    /// Matches several terms, the operands numbered from 0.
    pub fn of(terms: &[Term]) -> Program {
        let mut compiler = Compiler { steps: vec![], operands: terms.len(), met: HashSet::new() };
        terms.iter().enumerate().for_each(|(operand, term)| compiler.term(term, operand));
        Program { steps: compiler.steps, operands: compiler.operands }
    }

    /// Whether the steps bind all that an expression needs.
    pub fn binds(&self, expr: &Expr) -> bool {
        let patterns = || {
            self.steps.iter().filter_map(|step| match &step.test {
                Test::Operation(pattern) => Some(pattern),
                _ => None,
            })
        };
        match expr {
            Expr::Literal(_) => true,
            Expr::Value(name) => {
                self.steps.iter().any(|step| matches!(&step.test, Test::Binds(other) if other == name))
            }
            Expr::List(name) => patterns().any(|pattern| pattern.list.is_some_and(|(other, _)| other == *name)),
            Expr::Attr(name) => patterns()
                .flat_map(|pattern| &pattern.attrs)
                .any(|(_, test)| matches!(test, AttributeTest::Binds(other) if other == name)),
            // Steps may be for another part than the first.
            Expr::Root(_) => false,
            Expr::Ints(all) | Expr::Call(_, all) => all.iter().all(|expr| self.binds(expr)),
            Expr::Binary(_, a, b) => self.binds(a) && self.binds(b),
            Expr::Not(a) => self.binds(a),
        }
    }
}

/// A name: operands, lists, attributes and rests of attributes have numbers of their own.
#[derive(PartialEq, Eq, Hash)]
enum Name {
    Value(usize),
    List(usize),
    Attr(usize),
    Rest(usize),
}

struct Compiler {
    steps: Vec<Step>,
    operands: usize,
    met: HashSet<Name>,
}

impl Compiler {
    fn term(&mut self, term: &Term, operand: usize) {
        let test = match term {
            Term::Value(name) if self.met.insert(Name::Value(*name)) => Test::Binds(*name),
            Term::Value(name) => Test::Is(*name),
            Term::Number(value) => Test::Number(*value),
            Term::Operation(operation) => return self.operation(operation, operand),
            // The others do not stand on a left side.
            Term::Absent | Term::Element | Term::Computed(_) => Test::Absent,
        };
        self.steps.push(Step { operand, test });
    }

    fn operation(&mut self, operation: &Operation, operand: usize) {
        let terms = operation.operands.iter().map_while(|operand| match operand {
            Operand::One(term) => Some(term),
            Operand::Each(..) => None,
        });
        let terms: Vec<&Term> = terms.collect();
        let list = operation.operands.get(terms.len()).and_then(|operand| match operand {
            Operand::Each(list, _) => Some((*list, self.met.insert(Name::List(*list)))),
            Operand::One(_) => None,
        });
        let needed = terms.iter().rposition(|term| !matches!(term, Term::Absent)).map_or(0, |last| last + 1);
        let counts = if list.is_some() { terms.len()..=usize::MAX } else { needed..=terms.len() };
        let attrs = operation.attrs.iter().map(|(name, attribute)| {
            let test = match attribute {
                Attribute::Name(number) if self.met.insert(Name::Attr(*number)) => AttributeTest::Binds(*number),
                Attribute::Name(number) => AttributeTest::Is(*number),
                Attribute::Expr(expr) => AttributeTest::Equals(expr.clone()),
            };
            (*name, test)
        });
        let attrs = attrs.collect();
        let rest = operation.rest.map(|rest| (rest, self.met.insert(Name::Rest(rest))));
        let is_named = |info: &AttributeInfo| operation.attrs.iter().any(|(name, _)| *name == info.name);
        let declared = operation.op.info().attributes;
        let others = (0..declared.len()).filter(|place| rest.is_none() && !is_named(&declared[*place]));
        let first = self.operands;
        self.operands += terms.len();
        let operations = terms.iter().enumerate().filter_map(|(place, term)| match term {
            Term::Operation(operation) => Some((place, operation.op)),
            _ => None,
        });
        let pattern = Pattern {
            op: operation.op,
            counts,
            first,
            numbered: terms.len(),
            operations: operations.collect(),
            list,
            attrs,
            rest,
            defaults: others.collect(),
        };
        self.steps.push(Step { operand, test: Test::Operation(pattern) });
        terms.into_iter().enumerate().for_each(|(i, term)| self.term(term, first + i));
    }
}
