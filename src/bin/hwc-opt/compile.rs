//! `hwc-opt compile`.

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use hwc::{Compiler, Model, Options, Stage, Target};
use hwc_runtime::{atomic_file, npy};
use indicatif::ProgressBar;

use crate::cli::{Compile, Emit, How};
use crate::failure::{self, Failure};

pub fn compile(arguments: &Compile) -> Result<(), Failure> {
    let progress = Progress::new(arguments.quiet);
    let started = Instant::now();
    progress.say("reading the model");
    let model = Model::open(&arguments.model)?;
    let mut options = options(&arguments.how)?;
    if let Some(folder) = &arguments.dump_phases {
        std::fs::create_dir_all(folder).map_err(|e| Failure::file(folder, &e))?;
    }
    let (bar, folder) = (progress.bar.clone(), arguments.dump_phases.clone());
    let number = std::sync::atomic::AtomicUsize::new(0);
    let failed = std::sync::Arc::new(std::sync::Mutex::new(None));
    let report = failed.clone();
    options = options.observe(move |phase| {
        bar.set_message(phase.name.to_string());
        if let Some(folder) = &folder {
            let number = number.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let path = folder.join(format!("{number:02}-{}.mlir", phase.name));
            if let Err(error) = atomic_file::write(&path, (phase.text)().as_bytes()) {
                let first = Failure::file(&path, &error);
                report.lock().unwrap_or_else(std::sync::PoisonError::into_inner).get_or_insert(first);
            }
        }
    });
    let compiler = Compiler::new(options);
    let output = &arguments.output;
    let stage = match arguments.emit {
        Emit::Hwc => Some(Stage::Hwc),
        Emit::Linalg => Some(Stage::Linalg),
        Emit::LlvmMlir => Some(Stage::LlvmMlir),
        Emit::LlvmIr => Some(Stage::LlvmIr),
        Emit::Asm => Some(Stage::Asm),
        Emit::Artifact | Emit::Lib | Emit::Obj => None,
    };
    if let Some(stage) = stage {
        write(output, compiler.emit(&model, stage)?.as_bytes())?;
    } else {
        let artifact = compiler.compile(&model)?;
        match arguments.emit {
            Emit::Artifact => {
                artifact.save(output)?;
            }
            Emit::Lib => artifact.save_library(output)?,
            _ => write(output, artifact.object())?,
        }
    }
    if let Some(failure) = failed.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take() {
        return Err(failure);
    }
    progress.done(output, started.elapsed());
    Ok(())
}

/// The library's options from the command line's.
pub fn options(how: &How) -> Result<Options, Failure> {
    let mut options = Options::new();
    let known = ["host", "x86_64-unknown-linux-gnu", "x86_64-linux-gnu"];
    if !known.contains(&how.target.as_str()) {
        return Err(Failure::input(
            "--target",
            format!("unknown target `{}`; known are {}", how.target, known.join(", ")),
        ));
    }
    if let Some(cpu) = &how.mcpu {
        options = options.target(Target::cpu(cpu));
    }
    for (name, size) in &how.dims {
        options = options.dim(name, *size);
    }
    for (input, path) in &how.values {
        options = options.value(input, npy::read(path, None)?);
    }
    Ok(options)
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
        let bar =
            if quiet || !std::io::stderr().is_terminal() { ProgressBar::hidden() } else { ProgressBar::new_spinner() };
        bar.enable_steady_tick(Duration::from_millis(100));
        Progress { bar, quiet }
    }

    fn say(&self, what: &str) {
        self.bar.set_message(what.to_string());
    }

    fn done(&self, output: &Path, time: Duration) {
        self.bar.finish_and_clear();
        if !self.quiet && output != Path::new("-") {
            let size = std::fs::metadata(output).map_or(0, |m| m.len());
            let _ = writeln!(std::io::stderr(), "{}: {size} bytes in {:.2} s", output.display(), time.as_secs_f64());
        }
    }
}
