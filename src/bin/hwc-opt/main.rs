//! The driver: a compiler of models, and `mlir-opt` with the passes of hwc.

mod cli;
mod compile;
mod explain;
mod failure;
mod inspect;
mod measure;
mod opt;
mod run;
mod signals;
mod tune;
mod verify;

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use cli::{Cli, Command};
use failure::Failure;

/// Whether the command line is the compiler's; else this is an opt tool, whose first argument is an option or a file.
fn is_compiler(first: Option<&str>) -> bool {
    match first {
        None => std::io::IsTerminal::is_terminal(&std::io::stdin()),
        Some("-h" | "--help" | "-V" | "--version" | "help") => true,
        Some(word) => {
            let subcommand = Cli::command().get_subcommands().any(|s| s.get_name() == word);
            // A mistyped subcommand is not to be reported as a missing file.
            subcommand || !(word.starts_with('-') || word.contains(['.', '/']) || Path::new(word).exists())
        }
    }
}

fn main() -> ExitCode {
    opt::tell_fatal_errors();
    let first = std::env::args_os().nth(1);
    if !is_compiler(first.as_ref().map(|word| word.to_string_lossy()).as_deref()) {
        return opt::main();
    }
    signals::clean_up();
    let result = match Cli::try_parse() {
        Ok(cli) => failure::guarded(|| dispatch(cli.command)),
        // Help and version are no errors; clap knows which stream each goes to.
        Err(error) if error.use_stderr() => {
            let _ = error.print();
            return ExitCode::from(failure::code::COMMAND_LINE);
        }
        Err(help) => failure::written(help.print()).map(|()| ExitCode::SUCCESS),
    };
    result.unwrap_or_else(|failure| {
        let _ = writeln!(std::io::stderr(), "hwc-opt: {failure}");
        failure.exit_code()
    })
}

fn dispatch(command: Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Compile(arguments) => compile::compile(&arguments)?,
        Command::Run(arguments) => run::run(&arguments)?,
        Command::Inspect(arguments) => inspect::inspect(&arguments)?,
        Command::Measure(arguments) => measure::measure(&arguments)?,
        Command::Tune(command) => tune::tune(&command)?,
        Command::MeasureWorker => measure::worker()?,
        Command::Verify(arguments) => return verify::verify(&arguments),
        Command::Completions(arguments) => {
            let mut script = Vec::new();
            clap_complete::generate(arguments.shell, &mut Cli::command(), "hwc-opt", &mut script);
            failure::print(&script)?;
        }
        Command::Manual(arguments) => failure::print(&manual(arguments.command.as_deref())?)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// The manual page of the driver or of a subcommand.
fn manual(subcommand: Option<&str>) -> Result<Vec<u8>, Failure> {
    let mut command = Cli::command();
    // Gives each subcommand the name that its page has.
    command.build();
    if let Some(name) = subcommand {
        let found = command.find_subcommand(name).cloned();
        let found = found.ok_or_else(|| Failure::command_line(format!("there is no subcommand `{name}`")))?;
        command = found.display_name(format!("hwc-opt-{name}"));
    }
    let mut page = Vec::new();
    clap_mangen::Man::new(command).render(&mut page).map_err(|e| Failure::environment("manual", e))?;
    Ok(page)
}
