//! The grammar of rules: from text to terms and expressions in which names are still names.

use super::super::expression::Binary;

#[derive(Clone, Debug, PartialEq)]
pub enum Term {
    Name(String),
    Number(f64),
    Computed(Expr),
    Absent,
    Operation { name: String, operands: Vec<Operand>, attrs: Vec<(String, Expr)>, rest: Option<String> },
}

#[derive(Clone, Debug, PartialEq)]
pub struct Operand {
    pub term: Term,
    /// Followed by `...`.
    pub each: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Expr {
    Name(String),
    Int(i64),
    Float(f64),
    Str(String),
    Bool(bool),
    List(Vec<Expr>),
    Call(String, Vec<Expr>),
    Binary(Binary, Box<Expr>, Box<Expr>),
    Not(Box<Expr>),
}

/// A rule without its class and name.
#[derive(Clone, Debug, PartialEq)]
pub struct Equation {
    pub left: Vec<Term>,
    pub right: Vec<Term>,
    pub conditions: Vec<Expr>,
}

/// Parses `left => right if conditions`.
///
/// # Errors
/// What was expected, and what is there instead.
pub fn equation(text: &str) -> Result<Equation, String> {
    let mut parser = Parser { tokens: tokens(text)?, next: 0, depth: 0 };
    let left = parser.terms()?;
    parser.expect("=>")?;
    let right = parser.terms()?;
    let mut conditions = vec![];
    if parser.take("if") {
        conditions.push(parser.expression(0)?);
        while parser.take(",") {
            conditions.push(parser.expression(0)?);
        }
    }
    match parser.peek() {
        Some(token) => Err(format!("expected the end of the rule, found `{}`", token.text())),
        None => Ok(Equation { left, right, conditions }),
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    Int(i64),
    Float(f64),
    Str(String),
    Mark(&'static str),
}

impl Token {
    fn text(&self) -> String {
        match self {
            Token::Word(text) | Token::Str(text) => text.clone(),
            Token::Int(value) => value.to_string(),
            Token::Float(value) => value.to_string(),
            Token::Mark(mark) => (*mark).to_string(),
        }
    }
}

/// Longer ones first.
const MARKS: [&str; 25] = [
    "...", "=>", "==", "!=", "<=", ">=", "&&", "||", "..", "(", ")", "[", "]", "{", "}", ",", "=", "<", ">", "+", "-",
    "*", "/", "%", "&",
];

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = vec![];
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = if first.is_ascii_digit() {
            let (token, length) = number(rest)?;
            tokens.push(token);
            length
        } else if first.is_ascii_alphabetic() || first == '_' {
            let length = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
            tokens.push(Token::Word(rest[..length].to_string()));
            length
        } else if first == '"' {
            let length = rest[1..].find('"').ok_or("a text has no end")?;
            tokens.push(Token::Str(rest[1..1 + length].to_string()));
            length + 2
        } else if let Some(mark) = MARKS.iter().find(|mark| rest.starts_with(**mark)) {
            tokens.push(Token::Mark(mark));
            mark.len()
        } else if first == '!' {
            tokens.push(Token::Mark("!"));
            1
        } else {
            return Err(format!("unexpected character `{first}`"));
        };
        rest = rest[length..].trim_start();
    }
    Ok(tokens)
}

fn number(text: &str) -> Result<(Token, usize), String> {
    let digits = |text: &str| text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let mut length = digits(text);
    let whole = length;
    let fraction = text[length..].strip_prefix('.').filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    if let Some(fraction) = fraction {
        length += 1 + digits(fraction);
    }
    if let Some(exponent) = text[length..].strip_prefix('e') {
        let sign = usize::from(exponent.starts_with(['-', '+']));
        let count = digits(&exponent[sign..]);
        length += if count > 0 { 1 + sign + count } else { 0 };
    }
    let wrong = |_| format!("`{}` is no number", &text[..length]);
    let token = match length == whole {
        true => Token::Int(text[..length].parse().map_err(|_| format!("`{}` is too large", &text[..length]))?),
        false => Token::Float(text[..length].parse().map_err(|e: std::num::ParseFloatError| wrong(e))?),
    };
    Ok((token, length))
}

/// Terms and expressions may be nested so deep.
const DEEPEST: usize = 64;

struct Parser {
    tokens: Vec<Token>,
    next: usize,
    depth: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next)
    }

    fn advance(&mut self) -> Option<Token> {
        let token = self.peek().cloned();
        self.next += 1;
        token
    }

    /// Whether what comes is this mark or word, which is then taken.
    fn take(&mut self, text: &str) -> bool {
        let is = match self.peek() {
            Some(Token::Mark(mark)) => *mark == text,
            Some(Token::Word(word)) => word == text,
            _ => false,
        };
        self.next += usize::from(is);
        is
    }

    fn expect(&mut self, text: &str) -> Result<(), String> {
        if self.take(text) { Ok(()) } else { Err(self.unexpected(&format!("`{text}`"))) }
    }

    fn unexpected(&self, wanted: &str) -> String {
        match self.peek() {
            Some(token) => format!("expected {wanted}, found `{}`", token.text()),
            None => format!("expected {wanted}, found the end of the rule"),
        }
    }

    fn deeper<T>(&mut self, parse: impl FnOnce(&mut Self) -> Result<T, String>) -> Result<T, String> {
        if self.depth == DEEPEST {
            return Err("is nested too deep".into());
        }
        self.depth += 1;
        let result = parse(self);
        self.depth -= 1;
        result
    }

    fn terms(&mut self) -> Result<Vec<Term>, String> {
        let mut terms = vec![self.term()?];
        while self.take("&") {
            terms.push(self.term()?);
        }
        Ok(terms)
    }

    fn term(&mut self) -> Result<Term, String> {
        self.deeper(Self::term_inside)
    }

    fn term_inside(&mut self) -> Result<Term, String> {
        if self.take("_") {
            return Ok(Term::Absent);
        }
        if self.take("{") {
            let value = self.expression(0)?;
            self.expect("}")?;
            return Ok(Term::Computed(value));
        }
        let sign = if self.take("-") { -1.0 } else { 1.0 };
        match self.peek().cloned() {
            Some(Token::Int(value)) => {
                self.next += 1;
                Ok(Term::Number(sign * value as f64))
            }
            Some(Token::Float(value)) => {
                self.next += 1;
                Ok(Term::Number(sign * value))
            }
            Some(Token::Word(name)) if sign > 0.0 => {
                self.next += 1;
                if self.take("(") { self.operation(name) } else { Ok(Term::Name(name)) }
            }
            _ => Err(self.unexpected("an operation, a name or a number")),
        }
    }

    /// What stands between the parentheses.
    fn operation(&mut self, name: String) -> Result<Term, String> {
        let (mut operands, mut attrs, mut rest) = (vec![], vec![], None);
        while !self.take(")") {
            if !operands.is_empty() || !attrs.is_empty() || rest.is_some() {
                self.expect(",")?;
            }
            let named = matches!(self.tokens.get(self.next..self.next + 2), Some([Token::Word(_), Token::Mark("=")]));
            if self.take("..") {
                match (self.advance(), rest.is_some()) {
                    (Some(Token::Word(name)), false) => rest = Some(name),
                    _ => return Err("expected one name after `..`".into()),
                }
            } else if named {
                let Some(Token::Word(attribute)) = self.advance() else { return Err("expected a name".into()) };
                self.next += 1;
                attrs.push((attribute, self.expression(0)?));
            } else if attrs.is_empty() && rest.is_none() {
                let term = self.term()?;
                operands.push(Operand { term, each: self.take("...") });
            } else {
                return Err(self.unexpected("an attribute"));
            }
        }
        Ok(Term::Operation { name, operands, attrs, rest })
    }

    /// An expression of operators that bind tighter than `above`.
    fn expression(&mut self, above: u8) -> Result<Expr, String> {
        let mut left = self.deeper(Self::operand)?;
        loop {
            let Some(Token::Mark(mark)) = self.peek() else { return Ok(left) };
            let known = Binary::ALL.iter().find(|(text, ..)| text == mark);
            let Some((_, operator, tightness)) = known.filter(|(.., tightness)| *tightness > above) else {
                return Ok(left);
            };
            self.next += 1;
            let right = self.deeper(|parser| parser.expression(*tightness))?;
            left = Expr::Binary(*operator, Box::new(left), Box::new(right));
        }
    }

    fn operand(&mut self) -> Result<Expr, String> {
        if self.take("!") {
            return Ok(Expr::Not(Box::new(self.deeper(Self::operand)?)));
        }
        if self.take("(") {
            let inner = self.expression(0)?;
            self.expect(")")?;
            return Ok(inner);
        }
        if self.take("[") {
            return Ok(Expr::List(self.list("]")?));
        }
        let negative = self.take("-");
        match self.peek().cloned() {
            Some(Token::Int(value)) => {
                self.next += 1;
                Ok(Expr::Int(if negative { -value } else { value }))
            }
            Some(Token::Float(value)) => {
                self.next += 1;
                Ok(Expr::Float(if negative { -value } else { value }))
            }
            Some(Token::Str(text)) if !negative => {
                self.next += 1;
                Ok(Expr::Str(text))
            }
            Some(Token::Word(name)) if !negative => {
                self.next += 1;
                match name.as_str() {
                    "true" => Ok(Expr::Bool(true)),
                    "false" => Ok(Expr::Bool(false)),
                    _ if self.take("(") => Ok(Expr::Call(name, self.list(")")?)),
                    _ => Ok(Expr::Name(name)),
                }
            }
            _ => Err(self.unexpected("a value")),
        }
    }

    /// Expressions up to a closing mark.
    fn list(&mut self, end: &str) -> Result<Vec<Expr>, String> {
        let mut items = vec![];
        while !self.take(end) {
            if !items.is_empty() {
                self.expect(",")?;
            }
            items.push(self.expression(0)?);
        }
        Ok(items)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_bind_as_in_mathematics() {
        let text = |rule: &str| format!("{:?}", equation(rule).map(|e| e.conditions));
        assert_eq!(text("f(x) => x if 1 + 2 * 3 == 7"), text("f(x) => x if (1 + (2 * 3)) == 7"));
        assert_eq!(text("f(x) => x if 5 - 2 - 1 == 2"), text("f(x) => x if ((5 - 2) - 1) == 2"));
        assert_eq!(text("f(x) => x if a && b || c"), text("f(x) => x if (a && b) || c"));
    }

    #[test]
    fn what_is_missing_is_named() {
        let error = |rule: &str| equation(rule).unwrap_err();
        assert_eq!(error("f(x) = x"), "expected `=>`, found `=`");
        assert_eq!(error("f(x"), "expected `,`, found the end of the rule");
        assert_eq!(error("f(a=1, x) => x"), "expected an attribute, found `x`");
        assert_eq!(error("f(x) => x if"), "expected a value, found the end of the rule");
        assert_eq!(error("f(x) => x x"), "expected the end of the rule, found `x`");
        assert_eq!(error("f(x) => x if #"), "unexpected character `#`");
        assert_eq!(error("f(x) => 99999999999999999999"), "`99999999999999999999` is too large");
        assert!(error(&format!("{}x", "f(".repeat(100))).contains("too deep"));
    }
}
