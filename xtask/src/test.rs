//! `cargo xtask test`: every test, one after the other.

use crate::error::{Error, Result};
use crate::layout::Layout;
use crate::report::{JsonArg, Report};
use crate::{conformance, hwc_opt, process, setup};
use serde_json::json;
use std::time::Instant;

#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    json: JsonArg,
}

/// A part of the tests, by what it runs.
type Part = fn(&Layout) -> Result<()>;

/// In this order: what fails fast comes first. All share one release build.
const PARTS: &[(&str, Part)] =
    &[("cargo", cargo), ("conformance", |layout| conformance::run(layout, &conformance::Args::whole()))];

pub fn run(layout: &Layout, args: &Args) -> Result<()> {
    setup::build_tools()?;
    setup::python(layout)?;
    let (mut wrong, mut details) = (Vec::new(), Vec::new());
    for (name, part) in PARTS {
        let start = Instant::now();
        let result = part(layout);
        let seconds = start.elapsed().as_secs_f64();
        details.push(json!({"part": name, "passed": result.is_ok(), "seconds": seconds}));
        if let Err(error) = result {
            match error {
                Error::Reported | Error::Program { .. } => wrong.push(format!("{name}: {error}")),
                // Without the tools the other parts would fail as well.
                other => return Err(other),
            }
        }
        println!("{name}: {seconds:.0} s\n");
    }
    Report::new("test").figure("passed", PARTS.len() - wrong.len()).figure("failed", wrong.len()).finish(
        &args.json,
        json!(details),
        &wrong,
    )
}

/// Unit, integration and documentation tests of every crate; the lit suite is one of them.
fn cargo(layout: &Layout) -> Result<()> {
    let mut command = hwc_opt::cargo(layout);
    process::run(command.args(["test", "--release", "--workspace", "--no-fail-fast"]).envs(layout.tool_environment()))
}
