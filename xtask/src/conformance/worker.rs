//! One `hwc-opt verify --stdin` process, restarted when it dies or hangs.

use super::name_of;
use serde::{Deserialize, Serialize};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    Passed,
    /// Ran and differs.
    Failed,
    /// Refused with a reason.
    Unsupported,
    /// The process died, or took too long.
    Crashed,
}

impl Status {
    pub fn word(self) -> &'static str {
        match self {
            Status::Passed => "passed",
            Status::Failed => "FAILED",
            Status::Unsupported => "unsupported",
            Status::Crashed => "CRASHED",
        }
    }
}

/// What became of one test.
#[derive(Debug, Serialize)]
pub struct Outcome {
    pub name: String,
    pub status: Status,
    pub detail: String,
    pub compile_ms: f64,
    pub run_ms: f64,
    /// From question to answer, as seen from here.
    pub total_ms: f64,
}

/// What `verify --stdin` answers.
#[derive(Deserialize)]
struct Answer {
    dir: String,
    status: Status,
    #[serde(default)]
    detail: String,
    #[serde(default)]
    compile_ms: f64,
    #[serde(default)]
    run_ms: f64,
}

pub struct Worker<'a> {
    program: &'a Path,
    limit: Duration,
    process: Option<Process>,
}

impl<'a> Worker<'a> {
    pub fn new(program: &'a Path, limit: Duration) -> Worker<'a> {
        Worker { program, limit, process: None }
    }

    pub fn verify(&mut self, test: &Path) -> Outcome {
        let start = Instant::now();
        let answer = self.ask(test);
        let total_ms = start.elapsed().as_secs_f64() * 1e3;
        let name = name_of(test);
        match answer {
            Ok(Answer { status, detail, compile_ms, run_ms, .. }) => {
                Outcome { name, status, detail, compile_ms, run_ms, total_ms }
            }
            Err(detail) => Outcome { name, status: Status::Crashed, detail, compile_ms: 0.0, run_ms: 0.0, total_ms },
        }
    }

    /// After an error the process is gone; the next question starts a new one.
    fn ask(&mut self, test: &Path) -> Result<Answer, String> {
        let mut process = match self.process.take() {
            Some(process) => process,
            None => Process::start(self.program).map_err(|e| format!("cannot run {}: {e}", self.program.display()))?,
        };
        // A process that died between two questions shows as a missing answer.
        let _ = writeln!(process.stdin, "{}", test.display()).and_then(|()| process.stdin.flush());
        match process.answers.recv_timeout(self.limit) {
            Ok(line) => match read(&line, test) {
                Ok(answer) => {
                    self.process = Some(process);
                    Ok(answer)
                }
                Err(detail) => Err(process.end(&detail)),
            },
            Err(RecvTimeoutError::Timeout) => Err(process.end(&format!("no answer after {} s", self.limit.as_secs()))),
            Err(RecvTimeoutError::Disconnected) => Err(process.end("the process ended")),
        }
    }
}

fn read(line: &str, test: &Path) -> Result<Answer, String> {
    let answer: Answer = serde_json::from_str(line).map_err(|e| format!("unreadable answer ({e}): {line}"))?;
    if Path::new(&answer.dir) == test { Ok(answer) } else { Err(format!("the answer is about {}", answer.dir)) }
}

struct Process {
    child: Child,
    stdin: ChildStdin,
    answers: Receiver<String>,
    /// The end of its standard error.
    errors: Arc<Mutex<Vec<u8>>>,
}

impl Process {
    fn start(program: &Path) -> std::io::Result<Process> {
        let mut command = Command::new(program);
        command.args(["verify", "--stdin"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let missing = || std::io::Error::other("a pipe is missing");
        let stdin = child.stdin.take().ok_or_else(missing)?;
        let stdout = child.stdout.take().ok_or_else(missing)?;
        let stderr = child.stderr.take().ok_or_else(missing)?;
        let (sender, answers) = channel();
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let errors = Arc::default();
        let kept = Arc::clone(&errors);
        thread::spawn(move || keep_end(stderr, &kept));
        Ok(Process { child, stdin, answers, errors })
    }

    /// Ends the process and says how it ended.
    fn end(mut self, reason: &str) -> String {
        drop(self.stdin);
        // A process that closed its output is about to end by itself; give it the time to say why.
        let deadline = Instant::now() + Duration::from_millis(500);
        while Instant::now() < deadline && matches!(self.child.try_wait(), Ok(None)) && !reason.starts_with("no answer")
        {
            thread::sleep(Duration::from_millis(5));
        }
        let alive = matches!(self.child.try_wait(), Ok(None));
        if alive {
            // It may end in between; waiting tells.
            let _ = self.child.kill();
        }
        let status = match self.child.wait() {
            Ok(status) if !alive => format!(" ({status})"),
            _ => String::new(),
        };
        // A moment for the thread that reads; waiting for its end would wait for grandchildren that hold the pipe.
        thread::sleep(Duration::from_millis(20));
        let errors = self.errors.lock().map(|kept| String::from_utf8_lossy(&kept).into_owned()).unwrap_or_default();
        format!("{reason}{status} {}", crate::process::last_lines(&errors, 8)).trim_end().to_string()
    }
}

/// Keeps the last kilobytes of a stream: a worker lives for hundreds of tests.
fn keep_end(mut stream: impl Read, kept: &Mutex<Vec<u8>>) {
    const KEEP: usize = 8192;
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = stream.read(&mut buffer) {
        let Ok(mut kept) = kept.lock() else { return };
        kept.extend_from_slice(&buffer[..count]);
        let excess = kept.len().saturating_sub(KEEP);
        kept.drain(..excess);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    /// A worker process whose behaviour depends on the name of the test.
    const FAKE: &str = r#"#!/bin/sh
while read -r dir; do
  case "$dir" in
    *dies*) echo "what a pity" >&2; kill -SEGV $$ ;;
    *hangs*) exec sleep 60 ;;
    *babbles*) echo "not JSON" ;;
    *differs*) echo "{\"dir\":\"$dir\",\"status\":\"failed\",\"detail\":\"y[0]: 1 instead of 2\"}" ;;
    *) echo "{\"dir\":\"$dir\",\"status\":\"passed\",\"compile_ms\":1.5,\"run_ms\":0.25}" ;;
  esac
done
"#;

    #[test]
    fn a_worker_survives_what_its_process_does() {
        let program = std::env::temp_dir().join(format!("hwc-fake-verify-{}", std::process::id()));
        fs::write(&program, FAKE).expect("writes");
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("is ours");
        let mut worker = Worker::new(&program, Duration::from_secs(1));
        let mut verify = |name: &str| worker.verify(Path::new(name));

        let good = verify("/t/test_good");
        assert_eq!((good.status, good.compile_ms, good.name.as_str()), (Status::Passed, 1.5, "test_good"));
        let differs = verify("/t/test_differs");
        assert_eq!((differs.status, differs.detail.as_str()), (Status::Failed, "y[0]: 1 instead of 2"));
        let dies = verify("/t/test_dies");
        assert_eq!(dies.status, Status::Crashed);
        assert!(dies.detail.contains("signal: 11") && dies.detail.contains("what a pity"), "{}", dies.detail);
        assert_eq!(verify("/t/test_good").status, Status::Passed);
        let hangs = verify("/t/test_hangs");
        assert_eq!((hangs.status, hangs.detail.as_str()), (Status::Crashed, "no answer after 1 s"));
        assert_eq!(verify("/t/test_babbles").status, Status::Crashed);
        assert_eq!(verify("/t/test_good").status, Status::Passed);
        drop(worker);
        fs::remove_file(&program).expect("is there");
    }
}
