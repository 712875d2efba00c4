//! Einstein's notation: which indices each operand has, and which are summed.

use crate::types::{Dim, TensorType};

/// An equation applied to operands of known ranks. Indices are numbered: those of the result first, in its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Einsum {
    /// For each operand, the index of each of its dimensions.
    pub operands: Vec<Vec<usize>>,
    /// Indices of the result: `0..kept`.
    pub kept: usize,
    /// Indices in total; those from `kept` on are summed.
    pub indices: usize,
    /// A letter for each index, `.` for those of an ellipsis.
    pub names: Vec<char>,
}

/// One index before numbering.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Label {
    /// A dimension of the ellipsis, counted from its last one.
    Ellipsis(std::cmp::Reverse<usize>),
    Letter(char),
}

/// The letters before and, where there is one, after the ellipsis.
struct Term {
    before: Vec<char>,
    after: Option<Vec<char>>,
}

impl Term {
    fn parse(text: &str) -> Result<Term, String> {
        let letters = |text: &str| -> Result<Vec<char>, String> {
            match text.chars().find(|c| !c.is_ascii_alphabetic()) {
                Some(wrong) => Err(format!("has `{wrong}` in the equation's term `{text}`, expected letters")),
                None => Ok(text.chars().collect()),
            }
        };
        Ok(match text.split_once("...") {
            Some((before, after)) => Term { before: letters(before)?, after: Some(letters(after)?) },
            None => Term { before: letters(text)?, after: None },
        })
    }

    fn letters(&self) -> impl Iterator<Item = char> {
        self.before.iter().chain(self.after.iter().flatten()).copied()
    }

    /// The labels of all dimensions, `ellipsis` of which the ellipsis stands for.
    fn labels(&self, ellipsis: usize) -> Vec<Label> {
        let mut labels: Vec<Label> = self.before.iter().map(|&c| Label::Letter(c)).collect();
        if let Some(after) = &self.after {
            labels.extend((0..ellipsis).rev().map(|i| Label::Ellipsis(std::cmp::Reverse(i))));
            labels.extend(after.iter().map(|&c| Label::Letter(c)));
        }
        labels
    }
}

impl Einsum {
    /// Parses an equation for operands of these ranks.
    ///
    /// # Errors
    /// What is wrong with the equation, or where it does not fit the operands.
    pub fn parse(equation: &str, ranks: &[usize]) -> Result<Einsum, String> {
        let text: String = equation.chars().filter(|c| !c.is_whitespace()).collect();
        let (inputs, output) = match text.split_once("->") {
            Some((inputs, output)) => (inputs, Some(Term::parse(output)?)),
            None => (text.as_str(), None),
        };
        let terms = inputs.split(',').map(Term::parse).collect::<Result<Vec<_>, _>>()?;
        if terms.len() != ranks.len() {
            return Err(format!("has {} operands, its equation `{equation}` {} terms", ranks.len(), terms.len()));
        }
        let mut labels = Vec::new();
        let mut widest = 0;
        for (i, (term, &rank)) in terms.iter().zip(ranks).enumerate() {
            let letters = term.letters().count();
            let ellipsis = match rank.checked_sub(letters) {
                Some(rest) if rest == 0 || term.after.is_some() => rest,
                _ => return Err(format!("has operand {i} of rank {rank}, its term in `{equation}` {letters} letters")),
            };
            widest = widest.max(ellipsis);
            labels.push(term.labels(ellipsis));
        }
        let output = match output {
            Some(term) => {
                if term.after.is_none() && widest > 0 {
                    return Err(format!("has an ellipsis in the terms of `{equation}` but not in its result"));
                }
                term.labels(widest)
            }
            None => {
                let mut all: Vec<Label> = labels.iter().flatten().copied().collect();
                all.sort();
                let once = |label: &Label| match label {
                    Label::Letter(_) => all.iter().filter(|l| *l == label).count() == 1,
                    Label::Ellipsis(_) => true,
                };
                let mut kept: Vec<Label> = all.iter().filter(|l| once(l)).copied().collect();
                kept.dedup();
                kept
            }
        };
        let mut numbered: Vec<Label> = Vec::new();
        for label in &output {
            if numbered.contains(label) {
                return Err(format!("has a letter twice in the result of `{equation}`"));
            }
            if !labels.iter().flatten().any(|l| l == label) {
                return Err(format!("has a letter in the result of `{equation}` that no operand has"));
            }
            numbered.push(*label);
        }
        let mut number = |label: &Label| {
            numbered.iter().position(|l| l == label).unwrap_or_else(|| {
                numbered.push(*label);
                numbered.len() - 1
            })
        };
        let operands = labels.iter().map(|term| term.iter().map(&mut number).collect()).collect();
        let name = |label: &Label| match label {
            Label::Letter(c) => *c,
            Label::Ellipsis(_) => '.',
        };
        Ok(Einsum { operands, kept: output.len(), indices: numbered.len(), names: numbered.iter().map(name).collect() })
    }

    /// The size of each index. A dimension of 1 broadcasts.
    ///
    /// # Errors
    /// Every index of which two dimensions differ.
    pub fn sizes(&self, operands: &[&TensorType]) -> Result<Vec<Dim>, Vec<String>> {
        let mut sizes: Vec<Option<Dim>> = vec![None; self.indices];
        let mut errors = Vec::new();
        for (operand, indices) in operands.iter().zip(&self.operands) {
            for (dim, &index) in operand.shape.iter().zip(indices) {
                let size = &mut sizes[index];
                match (&*size, dim) {
                    (None | Some(Dim::Fixed(1)), _) => *size = Some(dim.clone()),
                    (Some(_), Dim::Fixed(1)) => {}
                    (Some(Dim::Fixed(a)), Dim::Fixed(b)) if a != b => {
                        errors.push(format!("has dimensions of {a} and {b} for the index `{}`", self.names[index]));
                    }
                    (Some(Dim::Fixed(_)), _) => {}
                    (Some(_), Dim::Fixed(_)) => *size = Some(dim.clone()),
                    (Some(a), b) if a == b => {}
                    _ => *size = Some(Dim::Unknown),
                }
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        Ok(sizes.into_iter().map(|s| s.unwrap_or(Dim::Unknown)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(equation: &str, ranks: &[usize]) -> (Vec<Vec<usize>>, usize, usize) {
        let e = Einsum::parse(equation, ranks).unwrap();
        (e.operands, e.kept, e.indices)
    }

    #[test]
    fn indices_are_numbered_from_the_result() {
        assert_eq!(parsed("ij,jk->ik", &[2, 2]), (vec![vec![0, 2], vec![2, 1]], 2, 3));
        assert_eq!(parsed("ij , jk", &[2, 2]), (vec![vec![0, 2], vec![2, 1]], 2, 3));
        // Sorted: the result of `ba` is its transpose.
        assert_eq!(parsed("ba", &[2]), (vec![vec![1, 0]], 2, 2));
        assert_eq!(parsed("i,i", &[1, 1]), (vec![vec![0], vec![0]], 0, 1));
        assert_eq!(parsed(",i->i", &[0, 1]), (vec![vec![], vec![0]], 1, 1));
        assert_eq!(parsed("->", &[0]), (vec![vec![]], 0, 0));
    }

    #[test]
    fn an_ellipsis_is_aligned_at_its_last_dimension() {
        assert_eq!(parsed("...ii->...i", &[3]), (vec![vec![0, 1, 1]], 2, 2));
        assert_eq!(parsed("a...,...b", &[3, 2]), (vec![vec![2, 0, 1], vec![1, 3]], 4, 4));
        assert_eq!(parsed("i...j->j...i", &[2]), (vec![vec![1, 0]], 2, 2));
    }

    #[test]
    fn mistakes_are_explained() {
        for (equation, ranks) in [
            ("ij->ii", &[2][..]),
            ("ij->k", &[2]),
            ("ij,jk->ik", &[2]),
            ("ij->i", &[3]),
            ("i.j", &[3]),
            ("...i->i", &[2]),
            ("i->i->i", &[1]),
            ("1", &[1]),
        ] {
            assert!(Einsum::parse(equation, ranks).is_err(), "{equation}");
        }
    }

    #[test]
    fn sizes_agree_or_broadcast() {
        use hwc_runtime::DType::F32;
        let (a, b) = (TensorType::fixed(F32, &[2, 3]), TensorType::fixed(F32, &[1, 4]));
        let e = Einsum::parse("ij,jk", &[2, 2]).unwrap();
        assert_eq!(e.sizes(&[&a, &b]).unwrap(), [2, 4, 3].map(Dim::Fixed));
        assert_eq!(e.sizes(&[&a, &a]).unwrap_err().len(), 1);
    }
}
