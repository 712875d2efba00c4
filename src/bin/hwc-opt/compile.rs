//! `hwc-opt compile`.

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use hwc::measure::Store;
use hwc::{Compiler, CostModel, Diagnostic, KernelCache, Model, Options, Rewriting, Severity, Stage, Target};
use hwc_runtime::atomic_file::{self, AtomicFile};
use hwc_runtime::npy;
use indicatif::{ProgressBar, ProgressFinish};

use crate::cli::{Compile, Emit, Fixed, How, Rewrite, RuleClass};
use crate::explain;
use crate::failure::{self, Failure};
use crate::measure::measurer;

pub fn compile(arguments: &Compile) -> Result<(), Failure> {
    check_rewriting(arguments)?;
    check_output(arguments)?;
    let progress = Progress::new(arguments.quiet);
    let started = Instant::now();
    progress.say("reading the model");
    let model = Model::open(&arguments.model)?;
    let mut options = options(&arguments.how)?;
    if let Some(folder) = &arguments.measured_store {
        options = options.measured(Store::open(folder)?.threads(arguments.measured_threads));
    }
    if let Some(path) = &arguments.cost_model {
        options = options.cost_model(cost_model(path)?);
    }
    // Phases show all that is compiled, so all is.
    if let (Some(folder), None) = (&arguments.kernel_cache, &arguments.dump_phases) {
        options = options.kernel_cache(KernelCache::open(folder)?);
    }
    if let Some(count) = arguments.measure_top {
        options = options.measure_top(count, measurer()?.threads(arguments.measured_threads));
    }
    options = options.budgets(arguments.max_weight_bytes, arguments.max_error);
    options = options.explain(explain::is_asked_for(arguments));
    if arguments.emit == Emit::Obj {
        options = options.one_object();
    }
    if let Some(folder) = &arguments.dump_phases {
        std::fs::create_dir_all(folder).map_err(|e| Failure::file(folder, &e))?;
    }
    let (bar, folder) = (progress.bar.clone(), arguments.dump_phases.clone());
    let number = AtomicUsize::new(0);
    let failed = Arc::new(Mutex::new(Vec::new()));
    let report = failed.clone();
    options = options.observe(move |phase| {
        bar.set_message(phase.name.to_string());
        if let Some(folder) = &folder {
            let number = number.fetch_add(1, Ordering::Relaxed);
            let path = folder.join(format!("{number:02}-{}.mlir", phase.name));
            if let Err(error) = atomic_file::write(&path, (phase.text)().as_bytes()) {
                report.lock().unwrap_or_else(PoisonError::into_inner).push(Failure::file(&path, &error));
            }
        }
    });
    let result = emit(&Compiler::new(options), &model, arguments);
    let dumps = std::mem::take(&mut *failed.lock().unwrap_or_else(PoisonError::into_inner));
    let diagnostics = result?;
    Failure::all(dumps)?;
    progress.done(arguments, &diagnostics, started.elapsed());
    Ok(())
}

/// Compiles and writes; gives the warnings and remarks.
fn emit(compiler: &Compiler, model: &Model, arguments: &Compile) -> Result<Vec<Diagnostic>, Failure> {
    let output = &arguments.output;
    let stage = match arguments.emit {
        Emit::Hwc => Some(Stage::Hwc),
        Emit::Hwk => Some(Stage::Hwk),
        Emit::Linalg => Some(Stage::Linalg),
        Emit::LlvmMlir => Some(Stage::LlvmMlir),
        Emit::LlvmIr => Some(Stage::LlvmIr),
        Emit::Asm => Some(Stage::Asm),
        Emit::Artifact | Emit::Lib | Emit::Obj => None,
    };
    if let Some(stage) = stage {
        let mut emitted = compiler.emit(model, stage)?;
        emitted.diagnostics.extend(explain::tell(arguments, emitted.explanation.as_ref())?);
        write(output, emitted.text.as_bytes())?;
        return Ok(emitted.diagnostics);
    }
    let artifact = compiler.compile(model)?;
    let remarks = explain::tell(arguments, artifact.explanation())?;
    match arguments.emit {
        Emit::Artifact => {
            artifact.save(output)?;
        }
        Emit::Lib => artifact.save_library(output)?,
        _ => write(output, &artifact.objects().concat())?,
    }
    Ok(artifact.diagnostics().iter().cloned().chain(remarks).collect())
}

/// Refuses what the chosen way of rewriting would not look at.
fn check_rewriting(arguments: &Compile) -> Result<(), Failure> {
    let Compile { how, measure_top, max_weight_bytes, max_error, explain, dump_egraph, remarks, .. } = arguments;
    let (rewrites, saturates) =
        (how.rewrite != Rewrite::None, matches!(how.rewrite, Rewrite::Saturate | Rewrite::Tensat));
    let options = [
        ("--rules", rewrites || how.rules.is_empty()),
        ("--measure-top", saturates || measure_top.is_none()),
        ("--max-weight-bytes", saturates || max_weight_bytes.is_infinite()),
        ("--max-error", saturates || max_error.is_infinite()),
        ("--explain", saturates || explain.is_empty()),
        ("--dump-egraph", saturates || dump_egraph.is_empty()),
        ("--remarks", saturates || remarks.is_empty()),
    ];
    let unused: Vec<&str> = options.iter().filter(|(_, used)| !used).map(|(name, _)| *name).collect();
    if unused.is_empty() {
        return Ok(());
    }
    Err(Failure::command_line(format!("--rewrite is not saturate, so nothing comes of {}", unused.join(", "))))
}

/// What can be known to be wrong with the output before a long compilation.
fn check_output(arguments: &Compile) -> Result<(), Failure> {
    let output = &arguments.output;
    if output == Path::new("-") {
        return match arguments.emit {
            Emit::Artifact | Emit::Lib => Err(Failure::command_line("`-o -` takes neither artifact nor lib")),
            _ => Ok(()),
        };
    }
    // Dropped without being finished, the file leaves nothing behind.
    AtomicFile::create(output).map(drop).map_err(|e| Failure::file(output, &e))
}

/// The library's options from the command line's.
pub fn options(how: &How) -> Result<Options, Failure> {
    let admits = |class| how.rule_classes.contains(&class);
    let mut options = Options::new()
        .winograd(!how.no_winograd)
        .rewriting(match how.rewrite {
            Rewrite::None => Rewriting::None,
            Rewrite::Greedy => Rewriting::Greedy,
            Rewrite::Saturate => Rewriting::Saturate,
            Rewrite::Tensat => Rewriting::Tensat,
        })
        .rule_classes(admits(RuleClass::Reassociates), admits(RuleClass::Approximate));
    let mut failures = Vec::new();
    let known = ["host", "x86_64-unknown-linux-gnu", "x86_64-linux-gnu"];
    if !known.contains(&how.target.as_str()) {
        let what = format!("unknown target `{}`; known are {}", how.target, known.join(", "));
        failures.push(Failure::input("--target", what));
    }
    if let Some(cpu) = &how.mcpu {
        options = options.target(Target::cpu(cpu));
    }
    options = fix(options, &how.fixed, &mut failures);
    for path in &how.rules {
        match std::fs::read_to_string(path) {
            Ok(text) => options = options.rules(path.display().to_string(), text),
            Err(error) => failures.push(Failure::file(path, &error)),
        }
    }
    Failure::all(failures)?;
    Ok(options)
}

/// Options with what the command line fixes of a model, and what is wrong with that.
pub fn fix(mut options: Options, fixed: &Fixed, failures: &mut Vec<Failure>) -> Options {
    for (number, (name, size)) in fixed.dims.iter().enumerate() {
        if fixed.dims[..number].iter().any(|(other, _)| other == name) {
            failures.push(Failure::input(format!("--dim {name}={size}"), "the dimension is fixed more than once"));
        }
        options = options.dim(name, *size);
    }
    for (number, (input, path)) in fixed.values.iter().enumerate() {
        if fixed.values[..number].iter().any(|(other, _)| other == input) {
            failures.push(Failure::input(format!("--value {input}"), "the value is given more than once"));
        }
        match npy::read(path, None) {
            Ok(value) => options = options.value(input, value),
            Err(error) => failures.push(error.into()),
        }
    }
    options
}

/// The learned model of this name.
pub fn cost_model(name: &Path) -> Result<CostModel, Failure> {
    let model = if name == Path::new("builtin") { CostModel::builtin() } else { CostModel::open(name) };
    Ok(model?)
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    if path == Path::new("-") {
        return failure::print(bytes);
    }
    atomic_file::write(path, bytes).map_err(|e| Failure::file(path, &e))
}

/// A spinner on a terminal; elsewhere nothing but the last line.
struct Progress {
    bar: ProgressBar,
    quiet: bool,
}

impl Progress {
    fn new(quiet: bool) -> Progress {
        let shown = !quiet && std::io::stderr().is_terminal();
        let bar = if shown { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
        // An error message does not follow on a half-drawn line.
        let bar = bar.with_finish(ProgressFinish::AndClear);
        bar.enable_steady_tick(Duration::from_millis(100));
        Progress { bar, quiet }
    }

    fn say(&self, what: &str) {
        self.bar.set_message(what.to_string());
    }

    fn done(&self, arguments: &Compile, diagnostics: &[Diagnostic], time: Duration) {
        self.bar.finish_and_clear();
        let mut text = String::new();
        for Diagnostic { severity, message } in diagnostics {
            match severity {
                // Those that were asked for begin with their place.
                Severity::Remark => text += &format!("{message}\n"),
                _ if self.quiet => {}
                _ => text += &format!("hwc-opt: warning: {message}\n"),
            }
        }
        let output = &arguments.output;
        if !self.quiet && output != Path::new("-") {
            let size = std::fs::metadata(output).map_or(0, |m| m.len());
            text += &format!("{}: {size} bytes in {:.2} s\n", output.display(), time.as_secs_f64());
        }
        // The work is done and written; that nobody hears of it is no failure.
        let _ = std::io::stderr().write_all(text.as_bytes());
    }
}
