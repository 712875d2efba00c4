//! What is said between a measurer and its worker: a line of JSON each, requests and replies in turn.

use std::io::{BufRead, BufReader, Write};
use std::num::NonZeroUsize;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use hwc_cost_model::dataset::Code;
use serde::{Deserialize, Serialize};

use crate::{Error, Fault};

#[derive(Debug, Deserialize, Serialize)]
pub enum Request {
    /// Compiles a kernel, to be run by so many threads.
    Load { id: usize, text: String, threads: NonZeroUsize },
    /// Runs it for a while; once, after filling the caches with something else, if `cold`.
    Time { id: usize, cold: bool },
}

#[derive(Debug, Deserialize, Serialize)]
pub enum Reply {
    /// What the code is made of, unless that cannot be told.
    Loaded {
        code: Option<Code>,
    },
    /// Seconds, operations and bytes of one run.
    Time {
        seconds: f64,
        flops: f64,
        bytes: f64,
    },
    Refused(String),
}

/// Why a worker did not answer.
#[derive(Debug, PartialEq)]
pub enum Death {
    /// Its process ended: with this status.
    Crashed(String),
    TimedOut,
}

/// A worker; it ends with this value.
pub struct Process {
    child: Child,
    requests: ChildStdin,
    replies: Receiver<String>,
}

impl Process {
    pub fn start(mut command: Command) -> Result<Process, Error> {
        let failed = |what: &str| Error::new(Fault::Environment, format!("cannot start a worker to measure: {what}"));
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let mut child = child.map_err(|e| failed(&e.to_string()))?;
        let (Some(requests), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(failed("it has no standard streams"));
        };
        let (sender, replies) = channel();
        // Ends with the worker's output.
        std::thread::spawn(move || {
            for line in BufReader::new(answers).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Ok(Process { child, requests, replies })
    }

    pub fn ask(&mut self, request: &Request, timeout: Duration) -> Result<Reply, Death> {
        let line = serde_json::to_string(request).map_err(|e| Death::Crashed(e.to_string()))? + "\n";
        if self.requests.write_all(line.as_bytes()).and_then(|()| self.requests.flush()).is_err() {
            return Err(self.died());
        }
        match self.replies.recv_timeout(timeout) {
            Ok(line) => serde_json::from_str(&line).map_err(|e| Death::Crashed(format!("unreadable answer: {e}"))),
            Err(RecvTimeoutError::Timeout) => Err(Death::TimedOut),
            Err(RecvTimeoutError::Disconnected) => Err(self.died()),
        }
    }

    fn died(&mut self) -> Death {
        Death::Crashed(self.child.wait().map_or_else(|e| e.to_string(), |status| status.to_string()))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
