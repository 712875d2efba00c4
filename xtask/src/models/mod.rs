//! `cargo xtask models`: real models against ONNX Runtime.

mod list;
mod measure;

pub use list::{Model, RECOGNITION, known_models};
pub use measure::{Times, alternate, file_name};

use crate::error::{Error, Result};
use crate::layout::Layout;
use crate::oracle::Oracle;
use crate::report::{JsonArg, Report};
use crate::{hwc_opt, setup, table};
use measure::Row;
use std::path::PathBuf;

/// The largest error of an output, as a part of the output's scale (its largest magnitude).
pub const ERROR_LIMIT: f64 = 1e-4;

#[derive(clap::Args)]
pub struct Args {
    /// Every ONNX file below this directory, instead of the project's list of models
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Size of a symbolic dimension, or of axis AXIS of an input; ignored by models that do not have it
    #[arg(long = "dim", value_name = "NAME=N|INPUT.AXIS=N")]
    dims: Vec<String>,
    /// Value of an input that must be known to compile: a number for all elements, or an .npy file
    #[arg(long = "value", value_name = "INPUT=NUMBER|FILE")]
    values: Vec<String>,
    /// Only models whose name contains this text
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    #[command(flatten)]
    json: JsonArg,
}

pub fn run(layout: &Layout, args: &Args) -> Result<()> {
    let dims = pairs("dim", &args.dims)?;
    if let Some((name, size)) = dims.iter().find(|(_, size)| size.parse::<u64>().is_err()) {
        return Err(Error::Usage(format!("--dim {name}={size}: the size is not a number")));
    }
    let values = pairs("value", &args.values)?;
    setup::build_tools()?;
    setup::python(layout)?;
    let mut models = match &args.dir {
        Some(dir) => list::below(dir)?,
        None => list::known_models(layout, args.filter.as_deref())?,
    };
    models.retain(|model| args.filter.as_ref().is_none_or(|text| model.name.contains(text)));
    if models.is_empty() {
        return Err(Error::Usage("no model to look at".to_string()));
    }
    for model in &mut models {
        model.dims.extend(dims.iter().map(|(name, size)| format!("{name}={size}")));
        model.values.extend(values.iter().cloned());
    }
    let program = hwc_opt::build(layout)?;
    let mut oracle = Oracle::start(layout)?;
    let mut rows = Vec::new();
    for model in &models {
        println!("{}", model.name);
        // A model that took the oracle down with it costs its own row only.
        let row = measure::row(layout, &program, &mut oracle, model);
        if row.oracle_is_gone {
            oracle = Oracle::start(layout)?;
        }
        rows.push(row);
    }
    report(args, &rows)
}

fn report(args: &Args, rows: &[Row]) -> Result<()> {
    println!();
    print!("{}", table::text(measure::HEADER, &rows.iter().map(Row::cells).collect::<Vec<_>>()));
    println!();
    let wrong: Vec<String> =
        rows.iter().filter_map(|row| row.wrong().map(|why| format!("{}: {why}", row.name))).collect();
    let worst = rows.iter().filter_map(|row| row.error).max_by(f64::total_cmp);
    Report::new("models")
        .figure("passed", rows.len() - wrong.len())
        .figure("total", rows.len())
        .figure("worst_error", worst)
        .finish(&args.json, serde_json::json!(rows), &wrong)
}

/// `NAME=VALUE` arguments. A name may hold `=`, a value not.
fn pairs(option: &str, arguments: &[String]) -> Result<Vec<(String, String)>> {
    let pair = |text: &String| match text.rsplit_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_string(), value.to_string())),
        _ => Err(Error::Usage(format!("--{option} {text}: write it as NAME=VALUE"))),
    };
    arguments.iter().map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::pairs;

    #[test]
    fn arguments_split_at_the_last_equals_sign() {
        let parsed = pairs("dim", &["a=b=3".to_string(), "x.0=1".to_string()]).expect("both are well-formed");
        assert_eq!(parsed, [("a=b".to_string(), "3".to_string()), ("x.0".to_string(), "1".to_string())]);
        assert!(pairs("dim", &["batch".to_string()]).is_err());
        assert!(pairs("dim", &["=1".to_string()]).is_err());
    }
}
