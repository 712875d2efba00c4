//! FileCheck lines from the text of a module.

use super::MARKER;
use std::collections::{HashMap, HashSet};

/// The test with the expectations of one prefix made from `output`; everything else stays, byte by byte.
///
/// Expectations of a function stand before the function of the same name in the test, together with the functions that
/// follow it in the output only; whatever is left stands after the marker.
pub fn renew(test: &str, prefix: &str, output: &str) -> String {
    let lines = without_checks(test, prefix);
    let marker = lines.iter().position(|line| line.contains(MARKER)).map_or(0, |at| at + 1);
    // After what is made for other prefixes, so that all stand in the order of the RUN lines.
    let head = lines[marker..].iter().take_while(|line| is_comment(line) || is_blank(line)).count();
    let made = lines[marker..marker + head].iter().rposition(|line| line.contains("-LABEL: ")).map_or(0, |last| {
        let rest = &lines[marker + last..marker + head];
        last + rest.iter().position(|line| is_blank(line)).map_or(rest.len(), |end| end + 1)
    });
    let comment = if lines.iter().any(|line| line.starts_with("//")) { "//" } else { "#" };
    // Blocks of lines, by the line of the test that they stand before.
    let mut blocks: Vec<(usize, String)> = Vec::new();
    let mut place = marker + made;
    let mut attributes = Names::default();
    for piece in pieces(output) {
        let found = piece.function.and_then(|name| {
            let from = blocks.last().map_or(0, |(at, _)| *at);
            (from..lines.len()).find(|&at| !is_comment(lines[at]) && function(lines[at]) == Some(name))
        });
        // Two functions of one name, in two parts of a split file, are told apart by their order.
        place = found.filter(|at| blocks.iter().all(|(taken, _)| taken < at)).unwrap_or(place);
        let text = expect(&piece.lines, comment, prefix, &mut attributes);
        match blocks.iter_mut().find(|(at, _)| *at == place) {
            Some((_, block)) => *block += &text,
            None => blocks.push((place, text)),
        }
    }
    let mut result = String::new();
    for at in 0..=lines.len() {
        let line = lines.get(at).copied().unwrap_or_default();
        for (_, block) in blocks.iter().filter(|(place, _)| *place == at) {
            // One empty line follows, whether it was there or not.
            result += if is_blank(line) { block.trim_end_matches('\n') } else { block };
            result += if is_blank(line) { "\n" } else { "" };
        }
        result += line;
    }
    result
}

/// The lines of a test that are no expectations of this prefix, nor the empty lines after them.
fn without_checks<'a>(test: &'a str, prefix: &str) -> Vec<&'a str> {
    let mut after_check = false;
    let keep = |line: &&str| {
        let check = is_check(line, prefix);
        let drop = check || (after_check && is_blank(line));
        after_check = check;
        !drop
    };
    test.split_inclusive('\n').filter(keep).collect()
}

fn is_blank(line: &str) -> bool {
    line.trim().is_empty()
}

fn is_comment(line: &str) -> bool {
    line.starts_with("//") || line.starts_with('#')
}

/// Whether a line is a comment with an expectation of this prefix.
fn is_check(line: &str, prefix: &str) -> bool {
    let text = line.trim_start_matches(['/', '#']);
    let Some(rest) = text.strip_prefix(' ').and_then(|text| text.strip_prefix(prefix)) else { return false };
    let rest = ["-LABEL", "-NEXT", "-SAME"].iter().find_map(|suffix| rest.strip_prefix(suffix)).unwrap_or(rest);
    text.len() < line.len() && rest.starts_with(':')
}

/// The name of the function that begins in a line.
fn function(line: &str) -> Option<&str> {
    let after = ["func.func ", "llvm.func ", "hwk.kernel "].iter().find_map(|op| line.trim_start().strip_prefix(op))?;
    let name = &after[after.find('@')? + 1..];
    name.find('(').map(|end| &name[..end])
}

/// A part of the output: at most one function, and what stands before it.
struct Piece<'a> {
    function: Option<&'a str>,
    lines: Vec<&'a str>,
}

fn pieces(output: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut lines = Vec::new();
    let mut name = None;
    for line in output.lines() {
        // What holds the functions says nothing, nor does what stands between the parts of a split file.
        if matches!(line, "" | "module {" | "}" | "// -----") {
            continue;
        }
        let starts = function(line);
        // Attributes have their names before the module, which begins a new piece as well.
        if starts.is_some() && name.is_some() || (name.is_some() && line.starts_with(['#', 'm'])) {
            pieces.push(Piece { function: name.take(), lines: std::mem::take(&mut lines) });
        }
        name = name.or(starts);
        lines.push(line);
    }
    if !lines.is_empty() {
        pieces.push(Piece { function: name, lines });
    }
    pieces
}

/// Expectations for the lines of a piece, with names of values as variables.
fn expect(lines: &[&str], comment: &str, prefix: &str, attributes: &mut Names) -> String {
    let mut text = String::new();
    let mut values = Names::default();
    let mut inside = false;
    if lines.first().is_some_and(|line| line.starts_with('#')) {
        // A new module begins; the names of attributes hold in all of it.
        *attributes = Names::default();
    }
    for line in lines {
        let line = line.trim_start();
        if function(line).is_some() {
            // A label must not have variables in it.
            let (head, rest) = line.split_at(line.find('(').map_or(line.len(), |at| at + 1));
            let rest = line_with_variables(rest, &mut values, attributes);
            text += &format!("{comment} {prefix}-LABEL: {}\n{comment} {prefix}-SAME: {rest}\n", escape(head));
            inside = true;
        } else {
            let next = if inside { "-NEXT" } else { "" };
            text += &format!("{comment} {prefix}{next}: {}\n", line_with_variables(line, &mut values, attributes));
        }
    }
    text + "\n"
}

/// Variables for the names that MLIR prints.
#[derive(Default)]
struct Names {
    by_name: HashMap<String, String>,
    taken: HashSet<String>,
}

impl Names {
    /// The variable for a name, and whether it is new.
    fn variable(&mut self, name: &str) -> (String, bool) {
        if let Some(variable) = self.by_name.get(name) {
            return (variable.clone(), false);
        }
        let plain: String =
            name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect();
        let mut variable = if plain.starts_with(|c: char| c.is_ascii_digit()) { format!("V{plain}") } else { plain };
        while !self.taken.insert(variable.clone()) {
            variable.push('_');
        }
        self.by_name.insert(name.to_string(), variable.clone());
        (variable, true)
    }
}

/// A line of a module as a pattern: `%0 = ...` becomes `%[[V0:.*]] = ...` and later `%[[V0]]`; `#map` likewise.
fn line_with_variables(line: &str, values: &mut Names, attributes: &mut Names) -> String {
    let mut text = String::new();
    let mut rest = line;
    while let Some(at) = rest.find(['%', '#']) {
        let (before, from) = rest.split_at(at);
        let is_name = |c: char| c.is_ascii_alphanumeric() || "_$.-".contains(c);
        let end = from[1..].find(|c| !is_name(c)).map_or(from.len(), |end| end + 1);
        // `->` may follow a name at once; `%0#1` is a result of an operation, `#hwc.x` an attribute of a dialect.
        let name = from[1..end].trim_end_matches('-');
        let starts_with_letter = name.starts_with(|c: char| c.is_ascii_alphabetic());
        text += &escape(before);
        if name.is_empty() || (from.starts_with('#') && (!starts_with_letter || name.contains('.'))) {
            text += &from[..1 + name.len()];
        } else {
            let (names, scope) = if from.starts_with('%') { (&mut *values, "") } else { (&mut *attributes, "$") };
            let (variable, new) = names.variable(name);
            text += &format!("{}[[{scope}{variable}{}]]", &from[..1], if new { ":.*" } else { "" });
        }
        rest = &from[1 + name.len()..];
    }
    text + &escape(rest)
}

/// FileCheck takes two brackets or braces for a pattern.
fn escape(text: &str) -> String {
    text.replace("{{", "{{[{][{]}}").replace("[[", "{{\\[\\[}}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEST: &str = "// RUN: hwc-opt %s | FileCheck %s\n// NOTE: Assertions are made by `cargo xtask bless`\n\n\
        // What it is about.\nfunc.func @f(%x: f32) {\n  return\n}\n";
    const OUTPUT: &str = "#map = affine_map<(d0) -> (d0)>\nmodule {\n  func.func @f(%arg0: f32) {\n    \
        %0:2 = \"a\"(%arg0) {m = #map, v = dense<[[1]]>} : (f32) -> (f32, f32)\n    \"b\"(%0#1, %arg0) : (f32, f32) -> ()\n    \
        return\n  }\n  func.func private @g(f32)\n}\n";
    const BLESSED: &str = "// RUN: hwc-opt %s | FileCheck %s\n// NOTE: Assertions are made by `cargo xtask bless`\n\n\
        // What it is about.\n\
        // CHECK: #[[$MAP:.*]] = affine_map<(d0) -> (d0)>\n\
        // CHECK-LABEL: func.func @f(\n// CHECK-SAME: %[[ARG0:.*]]: f32) {\n\
        // CHECK-NEXT: %[[V0:.*]]:2 = \"a\"(%[[ARG0]]) {m = #[[$MAP]], v = dense<{{\\[\\[}}1]]>} : (f32) -> (f32, f32)\n\
        // CHECK-NEXT: \"b\"(%[[V0]]#1, %[[ARG0]]) : (f32, f32) -> ()\n// CHECK-NEXT: return\n// CHECK-NEXT: }\n\n\
        // CHECK-LABEL: func.func private @g(\n// CHECK-SAME: f32)\n\n\
        func.func @f(%x: f32) {\n  return\n}\n";

    #[test]
    fn expectations_stand_before_their_function() {
        assert_eq!(renew(TEST, "CHECK", OUTPUT), BLESSED);
        assert_eq!(renew(BLESSED, "CHECK", OUTPUT), BLESSED);
    }
}
