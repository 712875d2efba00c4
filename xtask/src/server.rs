//! A Python script of `xtask/python` that serves requests: a line of JSON each way (`protocol.py`).

use crate::error::{Error, Result};
use crate::layout::Layout;
use crate::process;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

pub struct Server {
    name: &'static str,
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Server {
    pub fn start(layout: &Layout, name: &'static str, environment: &[(&str, &str)]) -> Result<Server> {
        let mut command = Command::new(layout.python());
        // No bytecode beside the scripts, which are part of the tree.
        command.arg("-B").arg(layout.script(name)).envs(environment.iter().copied());
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(|e| process::cannot_start(&command, e))?;
        let missing = || Error::answer(name, "a pipe is missing");
        let stdin = child.stdin.take().ok_or_else(missing)?;
        let stdout = BufReader::new(child.stdout.take().ok_or_else(missing)?);
        Ok(Server { name, child, stdin, stdout })
    }

    /// [`Error::Refused`] is an answer, and the next request may succeed; after [`Error::Answer`] the script is gone.
    pub fn ask<T: DeserializeOwned>(&mut self, request: &Value) -> Result<T> {
        let mut line = String::new();
        let exchange = writeln!(self.stdin, "{request}").and_then(|()| self.stdin.flush());
        exchange.and_then(|()| self.stdout.read_line(&mut line)).map_err(|e| Error::answer(self.name, e))?;
        if line.is_empty() {
            return Err(Error::answer(self.name, "it ended"));
        }
        let answer: Value = serde_json::from_str(&line).map_err(|e| Error::answer(self.name, e))?;
        match answer.get("error").and_then(Value::as_str) {
            Some(reason) => Err(Error::Refused { program: self.name, reason: reason.to_string() }),
            None => serde_json::from_value(answer).map_err(|e| Error::answer(self.name, e)),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It has no state worth saving, and may be in the middle of a long run.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
