//! Running a compiled model.

mod bind;
mod outputs;
mod workspaces;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;

pub use outputs::Outputs;

use crate::abi::{STATUS_OK, status_text};
use crate::artifact::{Artifact, LoadError};
use crate::cpu;
use crate::ffi::buffer::{AlignedBuffer, NoMemory};
use crate::ffi::call::{Program, Workspace};
use crate::ffi::code::Code;
use crate::ffi::mapping::map_file;
use crate::ffi::workers::Crew;
use crate::library;
use crate::manifest::Manifest;
use crate::problem::Problems;
use crate::tensor::{Tensor, byte_len};
use crate::threads::Threads;
use crate::view::{TensorView, TensorViewMut};
use bind::{Binder, Names};
use workspaces::Workspaces;

/// A compiled model, ready to run.
///
/// May be shared between threads: each running call has scratch memory of its own, which is kept and used again.
pub struct Session {
    manifest: Arc<Manifest>,
    names: Names,
    program: Program,
    workspaces: Workspaces,
    crew: Crew,
}

/// Why a run gives no result.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Inputs or outputs are not what the model asks for: everything that does not fit. The caller's fault.
    #[error("the tensors do not fit the model: {0}")]
    Tensors(Problems),
    /// There is no memory for the arena or the outputs. The environment's fault.
    #[error(transparent)]
    Memory(#[from] NoMemory),
    /// The compiled code stopped; see [`crate::abi::STATUSES`]. The inputs' values are at fault.
    #[error("the model stopped with status {status}: {}", status_text(*status))]
    Stopped { status: i32 },
    /// The runtime contradicts itself. A defect of hwc.
    #[error("defect in the runtime: {0}")]
    Defect(&'static str),
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("model", &self.manifest.model).finish_non_exhaustive()
    }
}

impl Session {
    /// Loads an artifact, or a shared library that was compiled with `--emit lib` and stands beside its weights.
    ///
    /// The file is mapped and must stay as it is while the session lives (replacing it by renaming is fine). Its code
    /// becomes part of the process: load only what you would run as a program. Checked are its integrity, its version
    /// and that this CPU can run it.
    pub fn load(path: impl AsRef<Path>) -> Result<Session, LoadError> {
        let path = path.as_ref();
        let file = map_file(path).map_err(|source| LoadError::Io { path: path.to_path_buf(), source })?;
        if file.starts_with(b"\x7fELF") {
            return library::load(path, &file);
        }
        Session::prepare(Artifact::read(path.display().to_string(), file, cpu::check)?)
    }

    /// Makes an artifact that is open already ready to run.
    pub fn new(artifact: Artifact) -> Result<Session, LoadError> {
        let mut problems = Problems::new();
        cpu::check(artifact.manifest(), &mut problems);
        LoadError::unless_empty(problems, artifact.name())?;
        Session::prepare(artifact)
    }

    fn prepare(artifact: Artifact) -> Result<Session, LoadError> {
        let name = artifact.name().to_owned();
        let (code, text) =
            Code::from_elf(artifact.code()).map_err(|source| LoadError::Code { name: name.clone(), source })?;
        if text != artifact.manifest_text() {
            let mut problems = Problems::new();
            problems.push("section code", "its manifest is not the artifact's; compile the model again");
            return Err(LoadError::Unusable { name, problems });
        }
        let (manifest, weights) = artifact.into_manifest_and_weights();
        Session::from_parts(manifest, weights, code)
    }

    /// A session of code that is in memory already.
    ///
    /// `weights` are used in place if aligned to [`crate::abi::ALIGNMENT`] bytes, and copied otherwise
    /// ([`crate::weights::WeightsImage::to_bytes`] gives aligned ones). Their digest is not checked, nor is the target.
    pub fn from_parts(manifest: Manifest, weights: Bytes, code: Code) -> Result<Session, LoadError> {
        let names = Names::of(&manifest);
        let program = Program::new(code, &manifest, weights)?;
        let (workspaces, crew) = (Workspaces::default(), Crew::new(Threads::default()));
        Ok(Session { names, program, workspaces, crew, manifest: Arc::new(manifest) })
    }

    /// What the model asks for and gives.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Which threads compute the calls that start from now on; at first [`Threads::All`].
    pub fn set_threads(&mut self, threads: Threads) {
        self.crew = Crew::new(threads);
    }

    /// Into how many parts loops are split; 1 where the calling thread does everything.
    pub fn threads(&self) -> usize {
        self.crew.threads()
    }

    /// The same as [`Session::set_threads`], with workers of any kind.
    pub(crate) fn set_crew(&mut self, crew: Crew) {
        self.crew = crew;
    }

    /// Runs the model on inputs given by name, in any order; inputs with a bound value may be left out.
    ///
    /// ```no_run
    /// # use hwc_runtime::{Session, Tensor};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let session = Session::load("model.hwc")?;
    /// let x = Tensor::from_vec(vec![1, 3], vec![1.0f32, 2.0, 3.0])?;
    /// let outputs = session.run([("x", &x)])?;
    /// println!("{:?}", outputs.get("y"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn run<'i, V: Into<TensorView<'i>>>(
        &self,
        inputs: impl IntoIterator<Item = (&'i str, V)>,
    ) -> Result<Outputs, RunError> {
        let outputs = &self.manifest.outputs;
        let mut buffers = Vec::with_capacity(outputs.len());
        for output in outputs {
            let bytes = byte_len(output.dtype, &output.shape).ok_or(RunError::Defect("an output of no size"))?;
            buffers.push(AlignedBuffer::zeroed(bytes)?);
        }
        let room = outputs.iter().zip(&mut buffers).map(|(output, buffer)| {
            let view = TensorViewMut { dtype: output.dtype, shape: &output.shape, data: buffer.as_mut() };
            (output.name.as_str(), view)
        });
        self.run_into(inputs, room)?;
        let tensors = outputs.iter().zip(buffers).map(|(output, buffer)| {
            Tensor::from_bytes(output.dtype, output.shape.as_slice(), buffer.into_bytes())
                .map_err(|_| RunError::Defect("an output of another size than its room"))
        });
        Ok(Outputs::new(self.manifest.clone(), tensors.collect::<Result<_, _>>()?))
    }

    /// Runs the model into memory of the caller's: room for every output, by name, aligned to its elements.
    ///
    /// Allocates nothing once as many calls have run at the same time as do now, unless an input is not aligned to
    /// its elements and so has to be copied. After an error the contents of the outputs are undefined.
    pub fn run_into<'i, 'o, V: Into<TensorView<'i>>>(
        &self,
        inputs: impl IntoIterator<Item = (&'i str, V)>,
        outputs: impl IntoIterator<Item = (&'o str, TensorViewMut<'o>)>,
    ) -> Result<(), RunError> {
        self.workspaces.with(&self.program, |workspace| self.run_with(workspace, inputs, outputs))?
    }

    /// Frees the scratch memory that no running call uses. The next calls allocate it again.
    pub fn release_memory(&self) {
        self.workspaces.clear();
    }

    fn run_with<'i, 'o, V: Into<TensorView<'i>>>(
        &self,
        workspace: &mut Workspace,
        inputs: impl IntoIterator<Item = (&'i str, V)>,
        outputs: impl IntoIterator<Item = (&'o str, TensorViewMut<'o>)>,
    ) -> Result<(), RunError> {
        let call = self.program.prepare(workspace);
        let mut binder = Binder { manifest: &self.manifest, names: &self.names, call, problems: Problems::new() };
        binder.inputs(inputs)?;
        binder.outputs(outputs);
        let Binder { call, problems, .. } = binder;
        problems.into_result().map_err(RunError::Tensors)?;
        match call.run(&self.crew) {
            Some(STATUS_OK) => Ok(()),
            Some(status) => Err(RunError::Stopped { status }),
            None => Err(RunError::Defect("a tensor was left out unnoticed")),
        }
    }
}
