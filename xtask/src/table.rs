//! Tables in plain text.

/// One line per row, columns aligned; a column whose cells all start with a digit, a sign or `-` is aligned right.
pub fn text(header: &[&str], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain([header[column].chars().count()]).max().unwrap_or(0)
    };
    let columns: Vec<(usize, bool)> = (0..header.len()).map(|c| (width(c), is_numeric(rows, c))).collect();
    let line = |cells: Vec<&str>| {
        let padded = cells
            .iter()
            .zip(&columns)
            .map(|(cell, (width, right))| if *right { format!("{cell:>width$}") } else { format!("{cell:<width$}") });
        padded.collect::<Vec<_>>().join("  ").trim_end().to_string() + "\n"
    };
    let body = rows.iter().map(|row| line(row.iter().map(String::as_str).collect()));
    std::iter::once(line(header.to_vec())).chain(body).collect()
}

/// The same as a table of Markdown.
pub fn markdown(header: &[&str], rows: &[Vec<String>]) -> String {
    let line = |cells: &mut dyn Iterator<Item = &str>| format!("| {} |\n", cells.collect::<Vec<_>>().join(" | "));
    let rule = (0..header.len()).map(|column| if is_numeric(rows, column) { "---:" } else { "---" });
    let rows = rows.iter().map(|row| line(&mut row.iter().map(String::as_str)));
    [line(&mut header.iter().copied()), line(&mut rule.into_iter())].into_iter().chain(rows).collect()
}

fn is_numeric(rows: &[Vec<String>], column: usize) -> bool {
    let number = |cell: &String| cell.starts_with(|c: char| c.is_ascii_digit() || "+-".contains(c));
    rows.iter().filter_map(|row| row.get(column)).all(number)
}

#[cfg(test)]
mod tests {
    use super::{markdown, text};

    #[test]
    fn aligns_numbers_right_and_words_left() {
        let rows = [vec!["conv".to_string(), "12".to_string()], vec!["a".to_string(), "3".to_string()]];
        assert_eq!(text(&["op", "count"], &rows), "op    count\nconv     12\na         3\n");
        assert_eq!(markdown(&["op", "count"], &rows), "| op | count |\n| --- | ---: |\n| conv | 12 |\n| a | 3 |\n");
    }
}
