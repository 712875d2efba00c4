//! What a rule asks of its operands, so that random left sides meet it more often.

use super::super::rules::{Attribute, Expr, Operand, Rule, Term};

/// What an operand has to be for the rule to apply.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hint {
    /// Depends on constants only, or does not.
    pub weights: Option<bool>,
    /// A constant whose elements are the same.
    pub splat: bool,
}

/// For each name of an operand.
pub fn hints(rule: &Rule) -> Vec<Hint> {
    let mut hints = vec![Hint::default(); rule.values.len()];
    for condition in &rule.conditions {
        let (call, wanted) = match condition {
            Expr::Not(inner) => (&**inner, false),
            other => (other, true),
        };
        if let Expr::Call(function, arguments) = call
            && let [Expr::Value(number), ..] = arguments[..]
            && let Some(hint) = hints.get_mut(number)
        {
            match function.name {
                "weights" => hint.weights = Some(wanted),
                "is_splat" => hint.splat = wanted,
                _ => {}
            }
        }
        splats(condition, &mut hints);
    }
    rule.right.iter().for_each(|term| splats_of_term(term, &mut hints));
    hints
}

/// Marks the operands of which the one value is asked for.
fn splats(expr: &Expr, hints: &mut [Hint]) {
    match expr {
        Expr::Call(function, arguments) => {
            if let ("splat", [Expr::Value(number)]) = (function.name, &arguments[..])
                && let Some(hint) = hints.get_mut(*number)
            {
                hint.splat = true;
            }
            arguments.iter().for_each(|argument| splats(argument, hints));
        }
        Expr::Binary(_, a, b) => {
            splats(a, hints);
            splats(b, hints);
        }
        Expr::Not(inner) => splats(inner, hints),
        Expr::Ints(items) => items.iter().for_each(|item| splats(item, hints)),
        Expr::Literal(_) | Expr::Value(_) | Expr::List(_) | Expr::Attr(_) | Expr::Root(_) => {}
    }
}

fn splats_of_term(term: &Term, hints: &mut [Hint]) {
    match term {
        Term::Computed(expr) => splats(expr, hints),
        Term::Operation(operation) => {
            for operand in &operation.operands {
                match operand {
                    Operand::One(term) => splats_of_term(term, hints),
                    Operand::Each(_, Some(term)) => splats_of_term(term, hints),
                    Operand::Each(_, None) => {}
                }
            }
            for (_, attribute) in &operation.attrs {
                if let Attribute::Expr(expr) = attribute {
                    splats(expr, hints);
                }
            }
        }
        Term::Value(_) | Term::Element | Term::Number(_) | Term::Absent => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::egraph::rules::parse;

    #[test]
    fn conditions_say_what_operands_have_to_be() {
        let rule = "exact a: mul(mul(x, c), d) => mul(x, {2 * splat(d)}) if !weights(x), weights(c), rank(c) == 1";
        let rule = &parse("test.rules", rule).unwrap()[0];
        let none = Hint::default();
        let [x, c, d] = &hints(rule)[..] else { panic!("{rule:?}") };
        assert_eq!(*x, Hint { weights: Some(false), ..none });
        assert_eq!(*c, Hint { weights: Some(true), ..none });
        assert_eq!(*d, Hint { splat: true, ..none });
    }
}
