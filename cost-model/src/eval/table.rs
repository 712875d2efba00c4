//! Predictors beside each other, as a table of Markdown that reads as plain text too.

use super::{Figure, Measure, Report};
use std::fmt::{Display, Formatter, Result};

/// Measures by predictors: `mean ± half of the interval over seeds (interval over families)`, `-` where there is none. Below
/// it stands the line of the last report.
pub struct Table<'a>(pub &'a [Report]);

impl Display for Table<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let Some(last) = self.0.last() else { return Ok(()) };
        let mut rows = vec![
            ["measure".to_string(), "of".into()]
                .into_iter()
                .chain(self.0.iter().map(|r| r.name.clone()))
                .collect::<Vec<_>>(),
        ];
        for figure in &last.figures {
            let cells = self.0.iter().map(|report| report.figure(&figure.measure).map_or("-".into(), cell));
            rows.push([figure.measure.name(), figure.count.to_string()].into_iter().chain(cells).collect());
        }
        let speeds = self.0.iter().map(|report| number(report.queries_per_second, 0));
        rows.push(["queries/s".to_string(), String::new()].into_iter().chain(speeds).collect());
        let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0).max(3);
        let widths: Vec<usize> = (0..rows[0].len()).map(width).collect();
        let line = |row: &[String]| {
            let cells = row.iter().zip(&widths).enumerate();
            let cell = |(at, (text, width)): (usize, (&String, &usize))| {
                if at == 0 { format!(" {text:<width$} |") } else { format!(" {text:>width$} |") }
            };
            format!("|{}", cells.map(cell).collect::<String>())
        };
        writeln!(f, "{}", line(&rows[0]))?;
        let rule = |(at, width): (usize, &usize)| {
            if at == 0 { format!(" {} |", "-".repeat(*width)) } else { format!(" {}: |", "-".repeat(width - 1)) }
        };
        writeln!(f, "|{}", widths.iter().enumerate().map(rule).collect::<String>())?;
        for row in &rows[1..] {
            writeln!(f, "{}", line(row))?;
        }
        writeln!(f)?;
        writeln!(f, "{}", last.line())
    }
}

impl Report {
    /// What a script reads: `eval-cost mape=... pairwise=... regret=... best5=... coverage=... queries_per_s=...`, parts of
    /// one, `-` where there is none.
    pub fn line(&self) -> String {
        let measures = [Measure::Mape, Measure::Pairwise, Measure::Regret, Measure::Best5, Measure::Coverage];
        let field = |measure: &Measure| format!(" {}={}", measure.name(), number(self.value(measure), 4));
        let fields: String = measures.iter().map(field).collect();
        format!("eval-cost{fields} queries_per_s={}", number(self.queries_per_second, 0))
    }
}

fn cell(figure: &Figure) -> String {
    let Some(value) = figure.value else { return "-".into() };
    let seeds = figure.over_seeds.map_or(String::new(), |half| format!(" ± {half:.3}"));
    let families = figure.over_families.map_or(String::new(), |(low, high)| format!(" ({low:.3} to {high:.3})"));
    format!("{value:.3}{seeds}{families}")
}

fn number(value: Option<f64>, digits: usize) -> String {
    value.filter(|value| value.is_finite()).map_or("-".into(), |value| format!("{value:.digits$}"))
}
