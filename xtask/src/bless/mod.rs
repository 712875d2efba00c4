//! `cargo xtask bless`: writes the FileCheck expectations of golden tests anew.
//!
//! Runs lit with this program in FileCheck's place, so that a test's own RUN lines say what is printed. A file whose
//! expectations are made this way says so by a line with [`MARKER`]; any other file is left as it is.

mod expectations;

use crate::error::{Error, Result};
use crate::layout::Layout;
use crate::{hwc_opt, process, report, setup};
use std::fs;
use std::io::Read;
use std::path::PathBuf;
use std::process::Command;

/// Stands in a comment of each golden test, before what depends on no function.
pub const MARKER: &str = "NOTE: Assertions are made by `cargo xtask bless`";

#[derive(clap::Args)]
pub struct Args {
    /// Tests or folders of tests [default: lit-tests]
    paths: Vec<PathBuf>,
}

pub fn run(layout: &Layout, args: &Args) -> Result<()> {
    setup::python(layout)?;
    let hwc_opt = hwc_opt::build(layout)?;
    let this = std::env::current_exe().map_err(|e| Error::Environment(format!("this program has no path: {e}")))?;
    let suite = [layout.root.join("lit-tests")];
    let paths = if args.paths.is_empty() { &suite[..] } else { &args.paths[..] };
    let mut lit = Command::new(layout.venv.join("bin/lit"));
    lit.arg("--quiet").args(paths).env("HWC_OPT", hwc_opt).env("HWC_VENV", &layout.venv).env("HWC_BLESS", this);
    process::run(&mut lit)
}

/// FileCheck's command line, as far as golden tests use it.
#[derive(clap::Args)]
pub struct FileArgs {
    test: PathBuf,
    #[arg(long, default_value = "CHECK")]
    check_prefix: String,
    /// Whatever else FileCheck takes changes nothing about what it expects
    #[arg(allow_hyphen_values = true, trailing_var_arg = true, hide = true)]
    rest: Vec<String>,
}

/// Does for one file and one prefix what FileCheck would check, from the output on standard input.
pub fn run_file(args: &FileArgs) -> Result<()> {
    let mut output = Vec::new();
    std::io::stdin().read_to_end(&mut output).map_err(Error::io("read", "standard input"))?;
    let test = fs::read_to_string(&args.test).map_err(Error::io("read", &args.test))?;
    let output = String::from_utf8_lossy(&output);
    // What is no module, as an error message, is expected by hand.
    if !test.contains(MARKER) || !output.lines().any(|line| line.starts_with("module")) {
        return Ok(());
    }
    let blessed = expectations::renew(&test, &args.check_prefix, &output);
    if blessed != test { report::write_whole(&args.test, &blessed) } else { Ok(()) }
}
