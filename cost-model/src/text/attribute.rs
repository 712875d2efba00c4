//! Attributes: dictionaries, sorted by key, and values.

use super::error::Result;
use super::hash;
use super::lex::{Span, is_letter};
use super::map::Map;
use super::reader::{Reader, Token};
use super::types::is_type;
use super::vocabulary::{Group, Mark, token};

/// Keys that say nothing about what runs.
fn is_silent_key(key: &[u8]) -> bool {
    matches!(
        key,
        b"hwc.name"
            | b"sym_name"
            | b"sym_visibility"
            | b"function_type"
            | b"arg_attrs"
            | b"res_attrs"
            | b"operandSegmentSizes"
            | b"resultSegmentSizes"
    )
}

/// Words that only hold the parts of an operation apart.
fn is_silent_word(word: &[u8]) -> bool {
    matches!(
        word,
        b"ins"
            | b"outs"
            | b"into"
            | b"to"
            | b"from"
            | b"in"
            | b"step"
            | b"over"
            | b"iter_args"
            | b"attributes"
            | b"output_shape"
            | b"init"
            | b"shared_outs"
            | b"unit"
            | b"x"
            | b"low"
            | b"high"
    )
}

impl Reader<'_> {
    /// `{key = value, ...}`.
    pub(super) fn dictionary(&mut self) -> Result<()> {
        self.deeper(Self::dictionary_within)
    }

    fn dictionary_within(&mut self) -> Result<()> {
        self.expect(b'{')?;
        let first = self.entries.len();
        let begin = self.unit.tokens.len();
        while self.peek() != b'}' {
            let key = if self.peek() == b'"' {
                let quoted = self.string()?;
                Span { start: quoted.start + 1, end: quoted.end - 1 }
            } else {
                self.word()
            };
            if key.start == key.end {
                return self.unexpected("the key of an attribute");
            }
            let start = self.unit.tokens.len();
            self.entry(key)?;
            self.entries.push((key, start as u32, self.unit.tokens.len() as u32));
            if !self.eat(b',') {
                break;
            }
        }
        self.expect(b'}')?;
        self.sort_entries(first, begin);
        Ok(())
    }

    /// Puts the tokens of the entries from `first` on, which begin at a token, in the order of their keys.
    fn sort_entries(&mut self, first: usize, begin: usize) {
        let text = self.text;
        let key = |entry: &(Span, u32, u32)| &text[entry.0.start as usize..entry.0.end as usize];
        if !self.entries[first..].is_sorted_by(|a, b| key(a) <= key(b)) {
            self.entries[first..].sort_by(|a, b| key(a).cmp(key(b)));
            self.swap.clear();
            for (_, start, end) in &self.entries[first..] {
                self.swap.extend_from_slice(&self.unit.tokens[*start as usize..*end as usize]);
            }
            self.unit.tokens.truncate(begin);
            self.unit.tokens.extend_from_slice(&self.swap);
        }
        self.entries.truncate(first);
    }

    /// What follows a key. A value that is one number, or a list of equal numbers, rides on the token of the key.
    fn entry(&mut self, key: Span) -> Result<()> {
        let name = self.bytes(key);
        let has_value = self.eat(b'=');
        if has_value && matches!(name, b"indexing_maps" | b"iterator_types") {
            return self.loops(name);
        }
        let start = self.unit.tokens.len();
        let (id, known) = token(Group::Key, name);
        self.put(id, f64::NAN);
        let unknown = self.unit.unknown;
        if has_value {
            self.peek();
            let value = self.at;
            self.value()?;
            if name == b"equation" {
                self.facts.hash = hash::extend(self.facts.hash, &self.text[value..self.at]);
            }
        }
        let values = &self.unit.tokens[start + 1..];
        let number = values.first().map_or(f64::NAN, |first| first.number);
        match name {
            b"hwk.constants" => {
                for token in values {
                    // Not a number, negative and too large ones are no arguments.
                    if let Some(argument) = self.unit.arguments.get_mut(token.number as usize) {
                        argument.constant |= token.number >= 0.0;
                    }
                }
            }
            b"hwk.estimate" => {
                for (expected, token) in self.unit.estimate.iter_mut().zip(values.iter().filter(|v| !v.number.is_nan()))
                {
                    *expected = token.number.max(0.0);
                }
            }
            b"channels_last" => self.facts.channels_last = number == 1.0,
            b"kernel" => self.facts.kernel = values.iter().map(|t| t.number).filter(|n| *n > 0.0).product(),
            _ => {}
        }
        if is_silent_key(name) || matches!(name, b"hwk.constants" | b"hwk.estimate") {
            self.unit.tokens.truncate(start);
            self.unit.unknown = unknown;
            return Ok(());
        }
        self.unit.unknown.keys += u32::from(known.is_none());
        if self.join_equal(start + 1) {
            self.unit.tokens.truncate(start + 1);
            self.unit.tokens[start].number = number;
        }
        Ok(())
    }

    /// Makes equal numbers from a token on one number; whether there is only that then.
    pub(super) fn join_equal(&mut self, start: usize) -> bool {
        let Some(first) = self.unit.tokens.get(start).copied() else { return false };
        let is_equal = |token: &Token| token.id == Mark::Number as u16 && token.number == first.number;
        let joined = self.unit.tokens[start..].iter().all(is_equal);
        if joined {
            self.unit.tokens.truncate(start + 1);
        }
        joined
    }

    /// `indexing_maps = [...]` and `iterator_types = [...]`, which are put out when the operands' types are known.
    pub(super) fn loops(&mut self, key: &[u8]) -> Result<()> {
        self.peek();
        self.expect(b'[')?;
        while self.peek() != b']' {
            if key == b"indexing_maps" {
                let map = self.map()?;
                self.maps.push(map);
            } else {
                self.iterator()?;
            }
            if !self.eat(b',') {
                break;
            }
        }
        self.expect(b']')
    }

    /// A map, or its alias.
    fn map(&mut self) -> Result<Map> {
        if self.peek() == b'#' {
            let name = self.name()?;
            return match self.aliases.find(self.text, name) {
                Some(value) => self.expand(value, Self::map),
                None => {
                    let named = self.string_of(name);
                    self.undefined(name.start as usize, named);
                    Ok(Map::default())
                }
            };
        }
        if self.eat_word(b"affine_map") { self.affine_map() } else { self.unexpected("an affine map") }
    }

    /// `"parallel"`, or `#linalg.iterator_type<parallel>`.
    fn iterator(&mut self) -> Result<()> {
        let kind = if self.peek() == b'"' {
            let quoted = self.string()?;
            Span { start: quoted.start + 1, end: quoted.end - 1 }
        } else if self.peek() == b'#' {
            self.name()?;
            self.expect(b'<')?;
            let word = self.word();
            self.expect(b'>')?;
            word
        } else {
            return self.unexpected("the kind of a loop");
        };
        let kind = match self.bytes(kind) {
            b"reduction" => Mark::Reduction,
            b"window" => Mark::Window,
            _ => Mark::Parallel,
        };
        self.kinds.push(kind);
        Ok(())
    }

    /// A value, put out as its tokens; what follows `:` is its type, which is passed over.
    pub(super) fn value(&mut self) -> Result<()> {
        self.deeper(Self::value_within)
    }

    fn value_within(&mut self) -> Result<()> {
        match self.peek() {
            _ if self.is_number() => {
                let number = self.number()?;
                self.put(Mark::Number as u16, number);
                self.type_of_value()
            }
            b'"' => {
                let string = self.string()?;
                self.word_token(Span { start: string.start + 1, end: string.end - 1 });
                self.type_of_value()
            }
            b'[' => self.list(b']'),
            b'{' => self.dictionary(),
            b'@' => self.symbol().map(drop),
            b'#' => self.dialect_attribute(),
            b'!' | b'(' => self.type_value(),
            byte if is_letter(byte) => {
                let word = self.word();
                self.word_value(word)?;
                self.type_of_value()
            }
            _ => self.unexpected("a value"),
        }
    }

    fn type_of_value(&mut self) -> Result<()> {
        if self.eat(b':') { self.ty().map(drop) } else { Ok(()) }
    }

    fn type_value(&mut self) -> Result<()> {
        let ty = self.ty()?;
        self.put_type(ty);
        Ok(())
    }

    /// Values up to a bracket; the opening one is next.
    fn list(&mut self, close: u8) -> Result<()> {
        self.at += 1;
        while self.peek() != close {
            self.value()?;
            if !self.eat(b',') {
                break;
            }
        }
        self.expect(close)
    }

    /// `@name`, `@name::@name`; the outermost name.
    pub(super) fn symbol(&mut self) -> Result<Span> {
        let name = self.name()?;
        while self.peek() == b':' && self.byte(1) == b':' {
            self.at += 2;
            self.name()?;
        }
        Ok(name)
    }

    /// `#alias`, `#dialect.name<...>`.
    pub(super) fn dialect_attribute(&mut self) -> Result<()> {
        let name = self.name()?;
        if let Some(value) = self.aliases.find(self.text, name) {
            return self.expand(value, Self::value);
        }
        let bytes = self.bytes(name);
        match bytes {
            b"#hwk.space" | b"#hwk.schedule" | b"#hwk.cpu" => return self.spec(&bytes[5..]),
            _ => {}
        }
        if self.byte(0) != b'<' && !bytes.contains(&b'.') {
            let named = self.string_of(name);
            self.undefined(name.start as usize, named);
            return Ok(());
        }
        self.word_token(name);
        if self.byte(0) == b'<' { self.skip_brackets() } else { Ok(()) }
    }

    /// The token of a word or a string; none where it says nothing.
    pub(super) fn word_token(&mut self, word: Span) {
        let bytes = self.bytes(word);
        if is_silent_word(bytes) {
            return;
        }
        let (id, known) = token(Group::Word, bytes);
        self.unit.unknown.words += u32::from(known.is_none());
        self.put(id, f64::NAN);
    }

    /// What a word that is taken already begins: a constant, a list of numbers, a map, a type, or nothing more.
    pub(super) fn word_value(&mut self, word: Span) -> Result<()> {
        let bytes = self.bytes(word);
        match bytes {
            b"true" | b"false" => self.put(Mark::Number as u16, f64::from(u8::from(bytes == b"true"))),
            b"unit" => {}
            b"loc" if self.peek() == b'(' => self.skip_brackets()?,
            b"dense" if self.peek() == b'<' => self.dense()?,
            b"dense_resource" | b"sparse" if self.peek() == b'<' => {
                self.skip_brackets()?;
                self.put(Mark::Data as u16, f64::NAN);
            }
            b"array" if self.peek() == b'<' => self.array()?,
            b"affine_map" if self.peek() == b'<' => {
                let first = self.expressions.len();
                let map = self.affine_map()?;
                self.put_map(map, false);
                self.expressions.truncate(first);
            }
            _ if is_type(bytes) => {
                self.at = word.start as usize;
                self.type_value()?;
            }
            _ => {
                self.word_token(word);
                if self.byte(0) == b'<' {
                    self.skip_brackets()?;
                }
            }
        }
        Ok(())
    }

    /// `dense<...>`: one number for all elements, or values that are left out.
    fn dense(&mut self) -> Result<()> {
        let start = self.at;
        self.at += 1;
        let number = if self.is_number() { self.number()? } else { f64::NAN };
        if !number.is_nan() && self.eat(b'>') {
            self.put(Mark::Number as u16, number);
            return Ok(());
        }
        self.at = start;
        self.skip_brackets()?;
        self.put(Mark::Data as u16, f64::NAN);
        Ok(())
    }

    /// `array<i64: 1, 2>`.
    fn array(&mut self) -> Result<()> {
        self.at += 1;
        self.ty()?;
        if self.eat(b':') {
            loop {
                if self.is_number() {
                    let number = self.number()?;
                    self.put(Mark::Number as u16, number);
                } else {
                    let word = self.word();
                    if !matches!(self.bytes(word), b"true" | b"false") {
                        return self.unexpected("a number");
                    }
                    self.put(Mark::Number as u16, f64::from(u8::from(self.bytes(word) == b"true")));
                }
                if !self.eat(b',') {
                    break;
                }
            }
        }
        self.expect(b'>')
    }

    /// Passes over one value: of an alias, or of a key that nothing is known of.
    pub(super) fn skip_value(&mut self) -> Result<()> {
        match self.peek() {
            _ if self.is_number() => drop(self.number()?),
            b'"' => drop(self.string()?),
            b'(' | b'[' | b'{' => self.skip_brackets()?,
            b'#' | b'!' | b'@' => drop(self.name()?),
            byte if is_letter(byte) => {
                let word = self.word();
                if self.bytes(word) == b"loc" && self.peek() == b'(' {
                    self.skip_brackets()?;
                }
            }
            _ => return self.unexpected("a value"),
        }
        if self.peek() == b'<' {
            self.skip_brackets()?;
        }
        if self.peek() == b':' {
            self.at += 1;
            return self.deeper(Self::skip_value);
        }
        if self.arrow() { self.deeper(Self::skip_value) } else { Ok(()) }
    }
}
