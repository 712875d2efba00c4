//! Scratch memory that is used again.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::ffi::buffer::NoMemory;
use crate::ffi::call::{Program, Workspace};

/// Workspaces that no call uses now. There are never more than there were calls at the same time.
#[derive(Default)]
pub(super) struct Workspaces(Mutex<Vec<Workspace>>);

impl Workspaces {
    /// Lends a workspace; makes one where all are in use.
    pub(super) fn with<R>(&self, program: &Program, job: impl FnOnce(&mut Workspace) -> R) -> Result<R, NoMemory> {
        let idle = self.idle().pop();
        let mut workspace = idle.map_or_else(|| program.workspace(), Ok)?;
        let result = job(&mut workspace);
        self.idle().push(workspace);
        Ok(result)
    }

    /// Frees what is not in use.
    pub(super) fn clear(&self) {
        self.idle().clear();
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Workspace>> {
        // A list of idle workspaces is whole whatever the thread that held it was doing.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
