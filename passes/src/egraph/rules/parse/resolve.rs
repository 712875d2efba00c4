//! From names to numbers: which operator, function, operand or attribute each means.

use std::str::FromStr;

use hwc_dialects::Op;
use hwc_dialects::op::{Arity, Presence};
use hwc_runtime::DType;

use super::super::functions;
use super::super::program::Program;
use super::super::{Attribute, Expr, Operand, Operation, Rule, Term, Value};
use super::syntax;

/// Completes a rule by its equation.
///
/// # Errors
/// Everything that is wrong.
pub fn resolve(mut rule: Rule, equation: &syntax::Equation) -> Result<Rule, Vec<String>> {
    let mut resolver = Resolver { rule: &mut rule, errors: vec![], element: None };
    let left: Vec<Term> = equation.left.iter().map(|term| resolver.left(term)).collect();
    for term in &left {
        if !matches!(term, Term::Operation(_)) && resolver.errors.is_empty() {
            resolver.wrong("the left side must be an operation");
        }
    }
    if equation.left.len() != equation.right.len() {
        resolver.wrong("both sides must have the same number of parts");
    }
    let right = equation.right.iter().map(|term| resolver.right(term)).collect();
    let conditions: Vec<Expr> = equation.conditions.iter().map(|expr| resolver.expression(expr)).collect();
    let mut errors = resolver.errors;
    errors.dedup();
    if !errors.is_empty() {
        return Err(errors);
    }
    rule.whole = Program::of(&left);
    let part = |term| {
        let program = Program::of(std::slice::from_ref(term));
        let own = conditions.iter().filter(|condition| program.binds(condition)).cloned().collect();
        (program, own)
    };
    rule.parts = left.iter().map(part).collect();
    rule.reach = conditions.iter().map(Expr::reach).max().unwrap_or(0);
    rule.depth = rule.reach + left.iter().map(Term::depth).max().unwrap_or(0);
    (rule.left, rule.right, rule.conditions) = (left, right, conditions);
    Ok(rule)
}

struct Resolver<'a> {
    rule: &'a mut Rule,
    errors: Vec<String>,
    /// On the right, inside of what is done to each of a list: the list's name.
    element: Option<String>,
}

fn position(names: &[String], name: &str) -> Option<usize> {
    names.iter().position(|known| known == name)
}

/// The number of a name, a new one if need be.
fn number(names: &mut Vec<String>, name: &str) -> usize {
    position(names, name).unwrap_or_else(|| {
        names.push(name.to_string());
        names.len() - 1
    })
}

impl Resolver<'_> {
    fn wrong(&mut self, message: impl Into<String>) {
        self.errors.push(message.into());
    }

    fn left(&mut self, term: &syntax::Term) -> Term {
        match term {
            syntax::Term::Name(name) => Term::Value(number(&mut self.rule.values, name)),
            syntax::Term::Number(value) => Term::Number(*value),
            syntax::Term::Absent => Term::Absent,
            syntax::Term::Computed(_) => {
                self.wrong("`{...}` can only stand on the right");
                Term::Absent
            }
            syntax::Term::Operation { name, operands, attrs, rest } => {
                let op = self.operator(name, operands);
                let operands = operands.iter().map(|operand| match (&operand.term, operand.each) {
                    (syntax::Term::Name(name), true) => Operand::Each(number(&mut self.rule.lists, name), None),
                    (_, true) => {
                        self.wrong("`...` on the left can only follow a name");
                        Operand::One(Term::Absent)
                    }
                    (term, false) => Operand::One(self.left(term)),
                });
                let operands = operands.collect();
                let Some(op) = op else { return Term::Absent };
                self.attributes_given(op, name, attrs, rest.is_some());
                let attrs = self.attributes(op, attrs, |resolver, value| match value {
                    syntax::Expr::Name(name) if !resolver.is_taken(name) => {
                        Attribute::Name(number(&mut resolver.rule.attrs, name))
                    }
                    _ => Attribute::Expr(resolver.expression(value)),
                });
                let rest = rest.as_ref().map(|name| number(&mut self.rule.rests, name));
                Term::Operation(Operation { op, operands, attrs, rest })
            }
        }
    }

    /// Whether a name means something else than an attribute.
    fn is_taken(&self, name: &str) -> bool {
        position(&self.rule.values, name).is_some() || position(&self.rule.lists, name).is_some()
    }

    fn right(&mut self, term: &syntax::Term) -> Term {
        match term {
            syntax::Term::Name(name) if self.element.as_ref() == Some(name) => Term::Element,
            syntax::Term::Name(name) => match position(&self.rule.values, name) {
                Some(number) => Term::Value(number),
                None => {
                    self.wrong(format!("`{name}` on the right is not bound on the left"));
                    Term::Absent
                }
            },
            syntax::Term::Number(value) => Term::Number(*value),
            syntax::Term::Absent => Term::Absent,
            syntax::Term::Computed(value) => Term::Computed(self.expression(value)),
            syntax::Term::Operation { name, operands, attrs, rest } => {
                let Some(op) = self.operator(name, operands) else { return Term::Absent };
                let operands = operands.iter().map(|operand| self.right_operand(operand)).collect();
                let attrs = self.attributes(op, attrs, |resolver, value| Attribute::Expr(resolver.expression(value)));
                let rest = rest.as_ref().and_then(|name| {
                    let number = position(&self.rule.rests, name);
                    if number.is_none() {
                        self.wrong(format!("`..{name}` on the right is not bound on the left"));
                    }
                    number
                });
                if rest.is_none() {
                    let names: Vec<&str> = attrs.iter().map(|(name, _)| *name).collect();
                    self.required(op, name, |attribute| names.contains(&attribute));
                }
                Term::Operation(Operation { op, operands, attrs, rest })
            }
        }
    }

    fn right_operand(&mut self, operand: &syntax::Operand) -> Operand {
        if !operand.each {
            return Operand::One(self.right(&operand.term));
        }
        let lists: Vec<String> = self.rule.lists.iter().filter(|name| mentions(&operand.term, name)).cloned().collect();
        let [list] = &lists[..] else {
            self.wrong("what `...` follows must hold the name of one list");
            return Operand::One(Term::Absent);
        };
        let number = number(&mut self.rule.lists, list);
        let outer = self.element.replace(list.clone());
        let term = self.right(&operand.term);
        self.element = outer;
        Operand::Each(number, (!matches!(term, Term::Element)).then(|| Box::new(term)))
    }

    /// The operator of a name, if it takes so many operands.
    fn operator(&mut self, name: &str, operands: &[syntax::Operand]) -> Option<Op> {
        let Some(op) = Op::from_name(&format!("hwc.{name}")).filter(|op| *op != Op::Constant) else {
            self.wrong(format!("there is no operator `{name}`"));
            return None;
        };
        let slots = op.info().operands;
        let variadic = slots.last().is_some_and(|slot| slot.arity == Arity::Variadic);
        let least = slots.iter().filter(|slot| slot.arity == Arity::One).count();
        let most = if variadic { usize::MAX } else { slots.len() };
        if op.info().results != 1 {
            self.wrong(format!("`{name}` has {} results: rules are about operators of one", op.info().results));
        }
        match operands.len() {
            n if n < least || n > most => {
                let wanted = if least == most { least.to_string() } else { format!("{least} to {most}") };
                let wanted = if variadic { format!("{least} or more") } else { wanted };
                self.wrong(format!("`{name}` takes {wanted} operands, not {n}"));
            }
            _ if operands.iter().any(|operand| operand.each) && !variadic => {
                self.wrong(format!("`{name}` takes no list of operands"));
            }
            _ => {}
        }
        Some(op)
    }

    fn attributes(
        &mut self,
        op: Op,
        attrs: &[(String, syntax::Expr)],
        mut value: impl FnMut(&mut Self, &syntax::Expr) -> Attribute,
    ) -> Vec<(&'static str, Attribute)> {
        let mut resolved = vec![];
        for (name, expr) in attrs {
            match op.info().attributes.iter().find(|attribute| attribute.name == name) {
                Some(attribute) => resolved.push((attribute.name, value(self, expr))),
                None => self.wrong(format!("`{}` has no attribute `{name}`", op.info().mnemonic)),
            }
        }
        resolved
    }

    fn attributes_given(&mut self, op: Op, name: &str, attrs: &[(String, syntax::Expr)], rest: bool) {
        if !rest {
            self.required(op, name, |attribute| attrs.iter().any(|(name, _)| name == attribute));
        }
    }

    fn required(&mut self, op: Op, name: &str, given: impl Fn(&str) -> bool) {
        for attribute in op.info().attributes {
            if matches!(attribute.presence, Presence::Required) && !given(attribute.name) {
                self.wrong(format!("`{name}` needs its attribute `{}` named, or `..rest`", attribute.name));
            }
        }
    }

    fn expression(&mut self, expr: &syntax::Expr) -> Expr {
        match expr {
            syntax::Expr::Int(value) => Expr::Literal(Value::Int(*value)),
            syntax::Expr::Float(value) => Expr::Literal(Value::Float(*value)),
            syntax::Expr::Str(value) => Expr::Literal(Value::Str(value.clone())),
            syntax::Expr::Bool(value) => Expr::Literal(Value::Bool(*value)),
            syntax::Expr::List(items) => Expr::Ints(items.iter().map(|item| self.expression(item)).collect()),
            syntax::Expr::Not(inner) => Expr::Not(Box::new(self.expression(inner))),
            syntax::Expr::Binary(operator, a, b) => {
                Expr::Binary(*operator, Box::new(self.expression(a)), Box::new(self.expression(b)))
            }
            syntax::Expr::Name(name) => self.name(name),
            syntax::Expr::Call(name, arguments) => {
                let resolved: Vec<Expr> = arguments.iter().map(|argument| self.expression(argument)).collect();
                match functions::find(name) {
                    Some(function) if function.arguments == resolved.len() => Expr::Call(function, resolved),
                    Some(function) => {
                        let (wanted, given) = (function.arguments, resolved.len());
                        self.wrong(format!("`{name}` takes {wanted} arguments, not {given}"));
                        Expr::Literal(Value::Bool(false))
                    }
                    None => {
                        self.wrong(format!("there is no function `{name}`"));
                        Expr::Literal(Value::Bool(false))
                    }
                }
            }
        }
    }

    fn name(&mut self, name: &str) -> Expr {
        let root = name.strip_prefix("result").and_then(|number| match number {
            "" => Some(0),
            _ => usize::from_str(number).ok()?.checked_sub(1),
        });
        if let Some(number) = position(&self.rule.values, name) {
            Expr::Value(number)
        } else if let Some(number) = position(&self.rule.lists, name) {
            Expr::List(number)
        } else if let Some(number) = position(&self.rule.attrs, name) {
            Expr::Attr(number)
        } else if let Some(root) = root {
            Expr::Root(root)
        } else if let Some(dtype) = DType::from_name(name) {
            Expr::Literal(Value::Type(dtype))
        } else {
            self.wrong(format!("`{name}` is not bound on the left"));
            Expr::Literal(Value::Bool(false))
        }
    }
}

/// Whether a name stands for an operand in a term.
fn mentions(term: &syntax::Term, name: &str) -> bool {
    match term {
        syntax::Term::Name(other) => other == name,
        syntax::Term::Operation { operands, .. } => operands.iter().any(|operand| mentions(&operand.term, name)),
        _ => false,
    }
}
