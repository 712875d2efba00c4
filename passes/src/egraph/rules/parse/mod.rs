//! Reading rules, and the check that they can be applied.

mod resolve;
mod syntax;

use super::program::Program;
use super::{Class, Rule};

/// What is wrong with a rule, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {message}")]
pub struct RuleError {
    pub file: String,
    /// From 1.
    pub line: usize,
    pub message: String,
}

/// The rules of a text; `file` is its name, which without ending is the family of its rules.
///
/// # Errors
/// Everything that is wrong with all of them.
pub fn parse(file: &str, text: &str) -> Result<Vec<Rule>, Vec<RuleError>> {
    let family = std::path::Path::new(file).file_stem().map_or(file.into(), |stem| stem.to_string_lossy());
    let (mut rules, mut errors) = (Vec::<Rule>::new(), vec![]);
    for (line, text) in lines(text) {
        let made = template(&text).map_err(|message| vec![message]).and_then(|copies| {
            let copies = copies.iter().map(|(suffix, text)| rule(&family, line, suffix, text));
            copies.collect::<Result<Vec<Rule>, _>>()
        });
        let wrong = |message: String| RuleError { file: file.into(), line, message };
        match made {
            Ok(made) => {
                for rule in made {
                    match rules.iter().find(|other| other.name == rule.name) {
                        Some(other) => errors
                            .push(wrong(format!("there is a rule `{}` on line {} already", rule.name, other.line))),
                        None => rules.push(rule),
                    }
                }
            }
            Err(messages) => errors.extend(messages.into_iter().map(wrong)),
        }
    }
    if errors.is_empty() { Ok(rules) } else { Err(errors) }
}

/// The rules that `RULE for WORD in WORDS` stands for: what each adds to the name, and its text.
fn template(text: &str) -> Result<Vec<(String, String)>, String> {
    let Some((rule, list)) = text.rsplit_once(" for ") else { return Ok(vec![(String::new(), text.to_string())]) };
    let is_word = |word: &str| word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') && !word.is_empty();
    let parts = list.split_once(" in ").map(|(word, list)| (word.trim(), list.split(',').map(str::trim)));
    match parts {
        Some((word, list)) if is_word(word) && list.clone().all(is_word) => {
            Ok(list.map(|with| (format!("-{with}"), replaced(rule, word, with))).collect())
        }
        _ => Err("expected `for NAME in OPERATOR, OPERATOR, ...` at the end".into()),
    }
}

/// A text with every occurrence of a word replaced.
fn replaced(text: &str, word: &str, with: &str) -> String {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let (mut result, mut rest) = (String::new(), text);
    while let Some(first) = rest.chars().next() {
        let length = rest.find(|c| is_part(c) != is_part(first)).unwrap_or(rest.len());
        let part = &rest[..length];
        result.push_str(if part == word { with } else { part });
        rest = &rest[length..];
    }
    result
}

/// Each rule on one line, with the number of its first.
fn lines(text: &str) -> Vec<(usize, String)> {
    let mut lines: Vec<(usize, String)> = vec![];
    for (number, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default();
        let continues = line.starts_with(char::is_whitespace);
        match lines.last_mut() {
            _ if line.trim().is_empty() => {}
            Some((_, last)) if continues => {
                last.push(' ');
                last.push_str(line.trim());
            }
            _ => lines.push((number + 1, line.trim().to_string())),
        }
    }
    lines
}

/// `suffix` is added to the name.
fn rule(family: &str, line: usize, suffix: &str, text: &str) -> Result<Rule, Vec<String>> {
    let wrong = |message: &str| Err(vec![message.to_string()]);
    let Some((head, equation)) = text.split_once(':') else {
        return wrong("expected `CLASS NAME: LEFT => RIGHT`, found no `:`");
    };
    let [class, name] = head.split_whitespace().collect::<Vec<_>>()[..] else {
        return wrong("expected `CLASS NAME:` before the equation");
    };
    let Some((_, class)) = Class::ALL.iter().find(|(text, _)| *text == class) else {
        let known = Class::ALL.map(|(name, _)| name).join(", ");
        return Err(vec![format!("`{class}` is no class of rules; there are {known}")]);
    };
    let equation = syntax::equation(equation).map_err(|message| vec![message])?;
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let empty = Rule {
        name: format!("{name}{suffix}"),
        family: family.to_string(),
        class: *class,
        text,
        line,
        left: vec![],
        right: vec![],
        conditions: vec![],
        values: vec![],
        lists: vec![],
        attrs: vec![],
        rests: vec![],
        whole: Program::default(),
        parts: vec![],
        depth: 0,
        reach: 0,
    };
    resolve::resolve(empty, &equation)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_is_wrong_is_told_with_its_line() {
        let text = "exact a: addd(x, y) => add(y, x)\n\
                    # a comment\n\
                    exact b: add(x, y) => add(x, z)\n\
                    fast c: add(x, y) => x\n\
                    exact d: transpose(x) => x if foo(x), rank(x, x) == 2\n\
                    exact e: add(x, y)\n  => add(y, x)  # over two lines\n\
                    exact e: add(x, y, y, axis=1) => x\n\
                    exact f: x => x\n\
                    exact g: h(x) => x for h of relu\n\
                    exact i: h(x) => x for h in relu, no\n";
        let errors = parse("mine.rules", text).unwrap_err();
        let errors: Vec<String> = errors.iter().map(RuleError::to_string).collect();
        assert_eq!(
            errors,
            [
                "mine.rules:1: there is no operator `addd`",
                "mine.rules:3: `z` on the right is not bound on the left",
                "mine.rules:4: `fast` is no class of rules; there are exact, reassociates, approximate",
                "mine.rules:5: `transpose` needs its attribute `permutation` named, or `..rest`",
                "mine.rules:5: there is no function `foo`",
                "mine.rules:5: `rank` takes 1 arguments, not 2",
                "mine.rules:8: `add` takes 2 operands, not 3",
                "mine.rules:8: `add` has no attribute `axis`",
                "mine.rules:9: the left side must be an operation",
                "mine.rules:10: expected `for NAME in OPERATOR, OPERATOR, ...` at the end",
                "mine.rules:11: there is no operator `no`",
            ]
        );
    }
}
