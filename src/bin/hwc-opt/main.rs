//! The driver: a compiler of models, and `mlir-opt` with the passes of hwc.

mod cli;
mod compile;
mod failure;
mod inspect;
mod opt;
mod run;
mod verify;

use std::io::Write;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use cli::{Cli, Command};
use failure::Failure;

/// The subcommands' names; any other first argument makes this an opt tool.
fn is_compiler(first: Option<&str>) -> bool {
    const OWN: &[&str] = &["help", "-h", "--help", "-V", "--version"];
    match first {
        None => std::io::IsTerminal::is_terminal(&std::io::stdin()),
        Some(name) => OWN.contains(&name) || Cli::command().get_subcommands().any(|s| s.get_name() == name),
    }
}

fn main() -> ExitCode {
    let first = std::env::args().nth(1);
    if !is_compiler(first.as_deref()) {
        return opt::main();
    }
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are no errors; clap knows which stream each goes to.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    match dispatch(cli.command) {
        Ok(code) => code,
        Err(failure) => {
            let _ = writeln!(std::io::stderr(), "hwc-opt: {failure}");
            failure.exit_code()
        }
    }
}

fn dispatch(command: Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Compile(arguments) => compile::compile(&arguments)?,
        Command::Run(arguments) => run::run(&arguments)?,
        Command::Inspect(arguments) => inspect::inspect(&arguments)?,
        Command::Verify(arguments) => return verify::verify(&arguments),
        Command::Completions(arguments) => {
            let mut script = Vec::new();
            clap_complete::generate(arguments.shell, &mut Cli::command(), "hwc-opt", &mut script);
            failure::print(&script)?;
        }
        Command::Manual => {
            let mut page = Vec::new();
            clap_mangen::Man::new(Cli::command()).render(&mut page).map_err(|e| Failure::environment("manual", e))?;
            failure::print(&page)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
