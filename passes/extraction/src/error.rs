//! What can go wrong, and whose fault it is.

use crate::outcome::Nearest;
use crate::problem::Flaw;
use std::path::PathBuf;

pub type Result<T> = std::result::Result<T, Error>;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The caller's graph is not one.
    #[error("the graph is not sound:{}", lines(_0))]
    Invalid(Vec<Flaw>),
    /// Whatever is chosen, some root needs itself or an empty class. Names such classes.
    #[error("no plan exists: every choice for class {} needs itself or a class without nodes", list(_0))]
    Impossible(Vec<u32>),
    /// Plans exist, but none was found that keeps within the budgets.
    #[error("{_0}")]
    Infeasible(Box<Nearest>),
    /// The arithmetic of the linear solver failed.
    #[error("the solver failed: {0}")]
    Solver(String),
    /// A file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Io { path: PathBuf, source: std::io::Error },
    /// A file is not a serialized e-graph. All that is wrong, a node or class each.
    #[error("{} is not a serialized e-graph:{}", path.display(), lines(flaws))]
    Format { path: PathBuf, flaws: Vec<String> },
}

/// Flaws that a message names; it says how many more there are.
const MOST: usize = 20;

fn lines<T: std::fmt::Display>(flaws: &[T]) -> String {
    let mut text: String = flaws.iter().take(MOST).map(|flaw| format!("\n    {flaw}")).collect();
    if flaws.len() > MOST {
        text += &format!("\n    and {} more", flaws.len() - MOST);
    }
    text
}

fn list(classes: &[u32]) -> String {
    let words: Vec<String> = classes.iter().take(MOST).map(u32::to_string).collect();
    words.join(", ") + if classes.len() > MOST { ", ..." } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lists_are_cut_and_say_so() {
        let text = Error::Invalid((0..30).map(|root| Flaw::Root { root }).collect()).to_string();
        assert!(text.contains("root 19 is no class") && text.ends_with("and 10 more"), "{text}");
        assert!(Error::Impossible(vec![3, 4]).to_string().contains("class 3, 4 needs"));
    }
}
