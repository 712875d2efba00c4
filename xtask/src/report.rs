//! How a command reports figures: one last line `name key=value ...`, details in a JSON file.

use crate::error::{Error, Result};
use serde_json::{Map, Value, json};
use std::fs;
use std::path::{Path, PathBuf};

/// The option that every command with figures has.
#[derive(clap::Args)]
pub struct JsonArg {
    /// Write the figures and their details to this file
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

/// The figures of one command, in the order they are printed in.
pub struct Report {
    name: &'static str,
    figures: Vec<(&'static str, Value)>,
}

impl Report {
    pub fn new(name: &'static str) -> Report {
        Report { name, figures: Vec::new() }
    }

    pub fn figure(mut self, key: &'static str, value: impl Into<Value>) -> Report {
        self.figures.push((key, value.into()));
        self
    }

    /// The last line.
    pub fn line(&self) -> String {
        let figures = self.figures.iter().map(|(key, value)| format!(" {key}={}", short(value)));
        figures.fold(self.name.to_string(), |line, figure| line + &figure)
    }

    /// Writes the JSON file, says what is wrong if anything is, then prints the last line.
    pub fn finish(self, json: &JsonArg, details: Value, wrong: &[String]) -> Result<()> {
        if let Some(path) = &json.json {
            let mut object: Map<String, Value> = [("name".to_string(), json!(self.name))].into_iter().collect();
            object.extend(self.figures.iter().map(|(key, value)| (key.to_string(), value.clone())));
            object.insert("details".to_string(), details);
            write_whole(path, &format!("{:#}\n", Value::Object(object)))?;
        }
        wrong.iter().for_each(|text| println!("wrong: {text}"));
        println!("{}", self.line());
        if wrong.is_empty() { Ok(()) } else { Err(Error::Reported) }
    }
}

/// Writes a file so that it appears whole or not at all.
pub fn write_whole(path: &Path, text: &str) -> Result<()> {
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    fs::write(&part, text).map_err(Error::io("write", &part))?;
    fs::rename(&part, path).map_err(Error::io("write", path))
}

/// Numbers with four significant digits, strings without blanks: a line is split at blanks.
fn short(value: &Value) -> String {
    match value {
        Value::Number(number) if number.is_f64() => significant(number.as_f64().unwrap_or(f64::NAN)),
        Value::Null => "none".to_string(),
        Value::String(text) => text.split_whitespace().collect::<Vec<_>>().join("_"),
        other => other.to_string(),
    }
}

/// A number with four significant digits; very small and very large ones with an exponent.
pub fn significant(number: f64) -> String {
    if number == 0.0 {
        return "0".to_string();
    }
    let magnitude = number.abs().log10().floor();
    if !number.is_finite() {
        number.to_string()
    } else if !(-3.0..6.0).contains(&magnitude) {
        format!("{number:.2e}")
    } else {
        format!("{number:.*}", (3.0 - magnitude).max(0.0) as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_line_keeps_order_and_has_no_blank_inside_a_value() {
        let report = Report::new("demo").figure("zeta", 3).figure("alpha", 0.000012345).figure("text", "a b");
        assert_eq!(report.line(), "demo zeta=3 alpha=1.23e-5 text=a_b");
    }

    #[test]
    fn numbers_have_four_digits() {
        for (number, text) in
            [(0.0, "0"), (12.3456, "12.35"), (1234.56, "1235"), (0.0123456, "0.01235"), (1.5e7, "1.50e7")]
        {
            assert_eq!(significant(number), text);
        }
    }

    #[test]
    fn a_wrong_row_fails_the_command() {
        let error = Report::new("x").finish(&JsonArg { json: None }, json!([]), &["row 1".to_string()]);
        assert_eq!(error.expect_err("a row is wrong").exit_code(), 1);
    }

    #[test]
    fn json_file_has_figures_and_details() {
        let path = std::env::temp_dir().join(format!("hwc-report-{}.json", std::process::id()));
        let arg = JsonArg { json: Some(path.clone()) };
        Report::new("x").figure("passed", 2).finish(&arg, json!([{"row": 1}]), &[]).expect("writes");
        let text = fs::read_to_string(&path).expect("is there");
        fs::remove_file(&path).expect("can be removed");
        let value: Value = serde_json::from_str(&text).expect("is JSON");
        assert_eq!(value, json!({"name": "x", "passed": 2, "details": [{"row": 1}]}));
    }
}
