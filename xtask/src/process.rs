//! Running other programs: loudly, quietly, or measured.

use crate::error::{Error, Result};
use std::io::Read;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};
use wait4::Wait4;

/// Runs a program whose output the user should see.
pub fn run(command: &mut Command) -> Result<()> {
    let status = command.status().map_err(|e| cannot_start(command, e))?;
    if status.success() { Ok(()) } else { Err(failed(command, status, String::new())) }
}

/// Runs a program and gives back what it writes to standard output.
pub fn capture(command: &mut Command) -> Result<String> {
    let output = command.output().map_err(|e| cannot_start(command, e))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(failed(command, output.status, String::from_utf8_lossy(&output.stderr).into_owned()))
    }
}

/// What a measured program did.
pub struct Measured {
    /// `None`: killed after the time limit.
    pub status: Option<ExitStatus>,
    /// Standard error.
    pub errors: String,
    pub elapsed: Duration,
    /// Largest resident set, bytes.
    pub peak_bytes: u64,
}

impl Measured {
    /// An error that quotes what the program said, unless it succeeded.
    pub fn check(&self, program: &str) -> Result<()> {
        let status = match self.status {
            Some(status) if status.success() => return Ok(()),
            Some(status) => status.to_string(),
            None => format!("stopped after {:.0} s", self.elapsed.as_secs_f64()),
        };
        Err(Error::Program { program: program.to_string(), status, output: last_lines(&self.errors, 20) })
    }
}

/// Runs a program for at most `limit` and measures it.
pub fn measure(command: &mut Command, limit: Duration) -> Result<Measured> {
    let start = Instant::now();
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
    let mut child = child.map_err(|e| cannot_start(command, e))?;
    let stderr = child.stderr.take();
    let reader = thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = stderr {
            // What was read before an error is what there is to report.
            let _ = pipe.read_to_end(&mut bytes);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    });
    let (status, peak_bytes, elapsed) = wait(&mut child, start, limit).map_err(|e| cannot_start(command, e))?;
    Ok(Measured { status, errors: reader.join().unwrap_or_default(), elapsed, peak_bytes })
}

fn wait(child: &mut Child, start: Instant, limit: Duration) -> std::io::Result<(Option<ExitStatus>, u64, Duration)> {
    let mut killed = false;
    loop {
        if let Some(used) = child.try_wait4()? {
            let status = (!killed).then_some(used.status);
            return Ok((status, used.rusage.maxrss, start.elapsed()));
        }
        if !killed && start.elapsed() > limit {
            child.kill()?;
            killed = true;
        }
        thread::sleep(Duration::from_millis(2));
    }
}

pub fn cannot_start(command: &Command, error: std::io::Error) -> Error {
    Error::Environment(format!("cannot run {}: {error}", command.get_program().to_string_lossy()))
}

fn failed(command: &Command, status: ExitStatus, output: String) -> Error {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let program = words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ");
    Error::Program { program, status: status.to_string(), output: last_lines(&output, 30) }
}

/// The last lines of a long text: errors come last.
pub fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.trim_end().lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}
