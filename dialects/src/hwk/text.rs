//! The syntax that attributes share: words, numbers, and lists of them in brackets.

use std::fmt::{self, Display};

use super::Sizes;

/// Reads a text from its beginning; errors tell the column.
pub struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Reader<'t> {
    pub fn new(text: &'t str) -> Self {
        Self { text, at: 0 }
    }

    fn rest(&mut self) -> &'t str {
        let rest = &self.text[self.at..];
        let trimmed = rest.trim_start();
        self.at += rest.len() - trimmed.len();
        trimmed
    }

    /// What is wrong, and where.
    pub fn error(&mut self, what: impl Display) -> String {
        let rest = self.rest();
        let found = rest.split([',', ' ', '\n']).next().filter(|found| !found.is_empty());
        let found = found.map_or("the end".to_string(), |found| format!("`{found}`"));
        format!("column {}: {what}, found {found}", self.at + 1)
    }

    /// Takes a character if it is next.
    pub fn eat(&mut self, wanted: char) -> bool {
        let next = self.rest().starts_with(wanted);
        if next {
            self.at += wanted.len_utf8();
        }
        next
    }

    pub fn expect(&mut self, wanted: char) -> Result<(), String> {
        if self.eat(wanted) { Ok(()) } else { Err(self.error(format_args!("expected `{wanted}`"))) }
    }

    /// The next word, of letters, digits and `_`, `-`, `.`, with a letter first; nothing is taken where there is none.
    pub fn peek_word(&mut self) -> Option<&'t str> {
        let rest = self.rest();
        let ends = |c: char| !(c.is_ascii_alphanumeric() || "_-.".contains(c));
        let word = &rest[..rest.find(ends).unwrap_or(rest.len())];
        word.starts_with(|c: char| c.is_ascii_alphabetic()).then_some(word)
    }

    pub fn word(&mut self, what: &str) -> Result<&'t str, String> {
        let word = self.peek_word().ok_or_else(|| self.error(format_args!("expected {what}")))?;
        self.at += word.len();
        Ok(word)
    }

    /// A positive number.
    pub fn number(&mut self) -> Result<i64, String> {
        let rest = self.rest();
        let digits = &rest[..rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len())];
        match digits.parse() {
            Ok(number) if number > 0 => {
                self.at += digits.len();
                Ok(number)
            }
            _ => Err(self.error("expected a number above 0")),
        }
    }

    /// What `each` reads, separated by commas, between two brackets; may be empty.
    pub fn list<T>(
        &mut self,
        open: char,
        close: char,
        mut each: impl FnMut(&mut Self) -> Result<T, String>,
    ) -> Result<Vec<T>, String> {
        self.expect(open)?;
        let mut all = vec![];
        if self.eat(close) {
            return Ok(all);
        }
        loop {
            all.push(each(self)?);
            if self.eat(close) {
                return Ok(all);
            }
            if !self.eat(',') {
                return Err(self.error(format_args!("expected `,` or `{close}`")));
            }
        }
    }

    /// `name = number`.
    pub fn size(&mut self) -> Result<(String, i64), String> {
        let name = self.word("a name")?.to_string();
        self.expect('=')?;
        Ok((name, self.number()?))
    }

    /// `(name = number, ...)`.
    pub fn sizes(&mut self) -> Result<Sizes, String> {
        self.list('(', ')', Self::size)
    }

    /// Words in square brackets.
    pub fn words(&mut self, what: &str) -> Result<Vec<String>, String> {
        self.list('[', ']', |r| r.word(what).map(str::to_string))
    }

    /// Calls `each` for every item after a comma, up to the end.
    pub fn items(&mut self, mut each: impl FnMut(&mut Self) -> Result<(), String>) -> Result<(), String> {
        while self.eat(',') {
            each(self)?;
        }
        if self.rest().is_empty() { Ok(()) } else { Err(self.error("expected `,` or the end")) }
    }
}

/// Writes `(name = number, ...)`.
pub struct SizesText<'a>(pub &'a Sizes);

impl Display for SizesText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let items: Vec<String> = self.0.iter().map(|(name, size)| format!("{name} = {size}")).collect();
        write!(f, "({})", items.join(", "))
    }
}
