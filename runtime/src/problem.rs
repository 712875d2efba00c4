//! Lists of problems, so that one error names everything that is wrong.

use std::fmt::{self, Write};

/// One thing that is wrong: where, and what (with what to do, where that is not obvious).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The place: ``input `x` ``, `section weights`, `header`.
    pub place: String,
    /// What is wrong there, as a clause without a full stop.
    pub what: String,
}

/// Everything that is wrong, in the order it was found.
///
/// Displays as `place: what` where there is one, else as a count and one line each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl Problems {
    pub fn new() -> Problems {
        Problems::default()
    }

    /// Adds one problem.
    pub fn push(&mut self, place: impl Into<String>, what: impl Into<String>) {
        self.0.push(Problem { place: place.into(), what: what.into() });
    }

    pub fn append(&mut self, mut other: Problems) {
        self.0.append(&mut other.0);
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn iter(&self) -> std::slice::Iter<'_, Problem> {
        self.0.iter()
    }

    /// `Ok` where there is none.
    pub fn into_result(self) -> Result<(), Problems> {
        if self.0.is_empty() { Ok(()) } else { Err(self) }
    }
}

/// Control characters, which names in files may have, are escaped: they would act on a terminal.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for char in self.place.chars().chain(": ".chars()).chain(self.what.chars()) {
            if char.is_control() { write!(f, "{}", char.escape_default())? } else { f.write_char(char)? }
        }
        Ok(())
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let [only] = self.0.as_slice() {
            return only.fmt(f);
        }
        write!(f, "{} problems", self.0.len())?;
        self.0.iter().try_for_each(|problem| write!(f, "\n  - {problem}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_a_line_and_several_are_a_list() {
        let mut problems = Problems::new();
        assert_eq!(problems.clone().into_result(), Ok(()));
        problems.push("input `x`", "missing");
        assert_eq!(problems.to_string(), "input `x`: missing");
        problems.push("input `y`", "unknown");
        assert_eq!(problems.to_string(), "2 problems\n  - input `x`: missing\n  - input `y`: unknown");
        assert!(problems.into_result().is_err());
    }

    #[test]
    fn control_characters_are_escaped() {
        let problem = Problem { place: "input `\x1b[2J\u{e9}`".into(), what: "a\nb".into() };
        assert_eq!(problem.to_string(), "input `\\u{1b}[2J\u{e9}`: a\\nb");
    }
}
