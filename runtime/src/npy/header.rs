//! The header of an `npy` file: a Python dictionary as text.
//!
//! The format is described in NumPy's NEP 1; versions 1 to 3 differ in the width of the length and the encoding only.

/// What the dictionary says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// The element type as NumPy spells it: `<f4`.
    pub descr: String,
    /// True where the first index runs fastest.
    pub fortran_order: bool,
    pub shape: Vec<usize>,
}

/// Reads the dictionary; the error says what is wrong and at which byte.
pub(super) fn parse(text: &[u8]) -> Result<Header, String> {
    let mut parser = Parser { text, at: 0 };
    let (mut descr, mut fortran_order, mut shape) = (None, None, None);
    parser.expect(b'{')?;
    while !parser.accept(b'}') {
        let start = parser.at;
        let key = parser.string()?;
        parser.expect(b':')?;
        let repeated = match key.as_str() {
            "descr" => descr.replace(parser.descr()?).is_some(),
            "fortran_order" => fortran_order.replace(parser.boolean()?).is_some(),
            "shape" => shape.replace(parser.tuple()?).is_some(),
            _ => return Err(format!("unknown key `{key}` at byte {start}")),
        };
        if repeated {
            return Err(format!("key `{key}` is there twice"));
        }
        if !parser.accept(b',') {
            parser.expect(b'}')?;
            break;
        }
    }
    if parser.peek().is_some() {
        return Err(parser.unexpected("the end"));
    }
    let missing = |key| move || format!("key `{key}` is missing");
    Ok(Header {
        descr: descr.ok_or_else(missing("descr"))?,
        fortran_order: fortran_order.ok_or_else(missing("fortran_order"))?,
        shape: shape.ok_or_else(missing("shape"))?,
    })
}

struct Parser<'t> {
    text: &'t [u8],
    at: usize,
}

impl Parser<'_> {
    /// The next byte that is not white space.
    fn peek(&mut self) -> Option<u8> {
        let rest = self.text.get(self.at..)?;
        self.at += rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        self.text.get(self.at).copied()
    }

    fn accept(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, byte: u8) -> Result<(), String> {
        if self.accept(byte) { Ok(()) } else { Err(self.unexpected(&format!("`{}`", char::from(byte)))) }
    }

    fn unexpected(&self, wanted: &str) -> String {
        let found = self.text.get(self.at).map_or("its end".to_owned(), |b| format!("`{}`", b.escape_ascii()));
        format!("{wanted} expected at byte {}, found {found}", self.at)
    }

    /// A quoted string of printable ASCII characters without escapes.
    fn string(&mut self) -> Result<String, String> {
        let quote = self.peek().filter(|byte| matches!(byte, b'\'' | b'"'));
        let Some(quote) = quote else { return Err(self.unexpected("a string")) };
        let rest = self.text.get(self.at + 1..).unwrap_or_default();
        let end = rest.iter().position(|&byte| byte == quote || byte == b'\\' || !(b' '..=b'~').contains(&byte));
        match end {
            Some(end) if rest.get(end) == Some(&quote) => {
                self.at += end + 2;
                Ok(rest.iter().take(end).map(|&byte| char::from(byte)).collect())
            }
            _ => Err(self.unexpected("a string without escapes")),
        }
    }

    fn descr(&mut self) -> Result<String, String> {
        if self.peek() == Some(b'[') {
            return Err("its elements are records, which no tensor has".to_owned());
        }
        self.string()
    }

    fn boolean(&mut self) -> Result<bool, String> {
        self.peek();
        let rest = self.text.get(self.at..).unwrap_or_default();
        for (name, value) in [(&b"True"[..], true), (b"False", false)] {
            if rest.starts_with(name) {
                self.at += name.len();
                return Ok(value);
            }
        }
        Err(self.unexpected("`True` or `False`"))
    }

    fn tuple(&mut self) -> Result<Vec<usize>, String> {
        self.expect(b'(')?;
        let mut extents = Vec::new();
        while !self.accept(b')') {
            extents.push(self.number()?);
            if !self.accept(b',') {
                if extents.len() == 1 {
                    // In Python `(3)` is a number and no tuple.
                    return Err(self.unexpected("`,`"));
                }
                self.expect(b')')?;
                break;
            }
        }
        Ok(extents)
    }

    fn number(&mut self) -> Result<usize, String> {
        self.peek();
        let start = self.at;
        let rest = self.text.get(start..).unwrap_or_default();
        let mut value = 0usize;
        for digit in rest.iter().take_while(|byte| byte.is_ascii_digit()) {
            let next = value.checked_mul(10).and_then(|v| v.checked_add(usize::from(digit - b'0')));
            value = next.ok_or_else(|| format!("the extent at byte {start} is larger than can be addressed"))?;
            self.at += 1;
        }
        if self.at == start {
            return Err(self.unexpected("an extent"));
        }
        // Python 2 wrote long integers with this suffix.
        self.accept(b'L');
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_numpy_writes_is_read() {
        let cases: &[(&str, &str, bool, &[usize])] = &[
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }          \n", "<f4", false, &[3, 4]),
            ("{'descr': '|b1', 'fortran_order': True, 'shape': (), }\n", "|b1", true, &[]),
            ("{\"shape\":(5,),'descr':\">i8\",'fortran_order':False}", ">i8", false, &[5]),
            ("{'descr': '<u2', 'fortran_order': False, 'shape': (3L, 0L), }", "<u2", false, &[3, 0]),
        ];
        for &(text, descr, fortran_order, shape) in cases {
            let expected = Header { descr: descr.into(), fortran_order, shape: shape.into() };
            assert_eq!(parse(text.as_bytes()), Ok(expected));
        }
    }

    #[test]
    fn what_numpy_would_not_write_is_refused() {
        let cases: &[(&str, &str)] = &[
            ("", "`{` expected at byte 0, found its end"),
            ("{", "a string expected at byte 1, found its end"),
            ("{'descr': '<f4'", "`}` expected at byte 15"),
            ("{'descr': '<f4'}", "key `fortran_order` is missing"),
            ("{'descr': '<f4', 'descr': '<f4'}", "key `descr` is there twice"),
            ("{'descr': [('a', '<f4')]}", "records"),
            ("{'descr': '<f\\x34'}", "without escapes"),
            ("{'descr': '<f4", "without escapes"),
            ("{'kind': 1}", "unknown key `kind` at byte 1"),
            ("{'shape': (3)}", "`,` expected at byte 12, found `)`"),
            ("{'shape': (-3,)}", "an extent expected at byte 11, found `-`"),
            ("{'shape': (99999999999999999999,)}", "larger than can be addressed"),
            ("{'shape': (1,, 2)}", "an extent expected"),
            ("{'fortran_order': 0}", "`True` or `False` expected"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), } x", "the end expected at byte 60, found `x`"),
        ];
        for (text, expected) in cases {
            let error = parse(text.as_bytes()).expect_err(text);
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
