//! The memory of one call into compiled code.
//!
//! `unsafe` because the code gets bare pointers. [`Program`] knows what the manifest asks for, and a [`Call`] runs only
//! with memory of that size and alignment, so that callers need no `unsafe`.

use std::ffi::c_void;
use std::marker::PhantomData;

use bytes::Bytes;

use crate::abi::ALIGNMENT;
use crate::artifact::LoadError;
use crate::dtype::DType;
use crate::ffi::buffer::{AlignedBuffer, NoMemory};
use crate::ffi::code::Code;
use crate::ffi::workers::{self, Crew};
use crate::manifest::Manifest;
use crate::tensor::byte_len;

/// Code with its weights and the memory it asks for.
pub(crate) struct Program {
    code: Code,
    weights: Bytes,
    arena_bytes: usize,
    arena_alignment: usize,
    inputs: Vec<Need>,
    outputs: Vec<Need>,
}

/// What the code expects behind one pointer.
struct Need {
    bytes: usize,
    alignment: usize,
    optional: bool,
}

/// Scratch memory for one call at a time, to be used again.
pub(crate) struct Workspace {
    arena: AlignedBuffer,
    /// Null where nothing is set; all are, between calls.
    inputs: Vec<*const c_void>,
    outputs: Vec<*mut c_void>,
    copies: Vec<AlignedBuffer>,
}

// SAFETY: the pointers are null between calls, and during one it is borrowed by that call.
unsafe impl Send for Workspace {}

/// A call in preparation: memory that lives for `'m` is set pointer by pointer, then the code runs.
pub(crate) struct Call<'w, 'm> {
    program: &'w Program,
    workspace: &'w mut Workspace,
    memory: PhantomData<&'m mut [u8]>,
}

/// What became of memory offered to a [`Call`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Offer {
    Taken,
    /// There was some for this tensor already.
    Repeated,
    /// It has another size or, for an output, another alignment than needed.
    Unfit,
}

impl Program {
    /// Brings code, manifest and weights together. Weights that are not aligned to [`ALIGNMENT`] are copied.
    pub(crate) fn new(code: Code, manifest: &Manifest, weights: Bytes) -> Result<Program, LoadError> {
        let mut problems = manifest.check().err().unwrap_or_default();
        if weights.len() as u64 != manifest.weights.bytes {
            let what = format!("{} bytes, but the manifest says {}", weights.len(), manifest.weights.bytes);
            problems.push("weights", what);
        }
        LoadError::unless_empty(problems, &manifest.model)?;
        // The check above leaves no tensor without a size.
        let need = |dtype: DType, shape: &[usize], optional| {
            let bytes = byte_len(dtype, shape).unwrap_or(usize::MAX);
            Need { bytes, alignment: dtype.size(), optional }
        };
        let aligned = weights.as_ptr().addr().is_multiple_of(ALIGNMENT);
        Ok(Program {
            code,
            weights: if aligned { weights } else { AlignedBuffer::copy_of(&weights)?.into_bytes() },
            arena_bytes: manifest.arena.bytes as usize,
            arena_alignment: manifest.arena.alignment as usize,
            inputs: manifest.inputs.iter().map(|t| need(t.dtype, &t.shape, t.bound.is_some())).collect(),
            outputs: manifest.outputs.iter().map(|t| need(t.dtype, &t.shape, false)).collect(),
        })
    }

    /// Scratch memory for one call at a time of this program.
    pub(crate) fn workspace(&self) -> Result<Workspace, NoMemory> {
        Ok(Workspace {
            arena: AlignedBuffer::zeroed_with(self.arena_bytes, self.arena_alignment)?,
            inputs: vec![std::ptr::null(); self.inputs.len()],
            outputs: vec![std::ptr::null_mut(); self.outputs.len()],
            copies: Vec::new(),
        })
    }

    /// Begins a call with a workspace of this program.
    pub(crate) fn prepare<'w, 'm>(&'w self, workspace: &'w mut Workspace) -> Call<'w, 'm> {
        Call { program: self, workspace, memory: PhantomData }
    }
}

impl<'m> Call<'_, 'm> {
    /// Offers an input; copied where it is not aligned to its elements.
    pub(crate) fn offer_input(&mut self, index: usize, data: &'m [u8]) -> Result<Offer, NoMemory> {
        let (Some(need), Some(slot)) = (self.program.inputs.get(index), self.workspace.inputs.get_mut(index)) else {
            return Ok(Offer::Unfit);
        };
        if !slot.is_null() {
            return Ok(Offer::Repeated);
        }
        if data.len() != need.bytes {
            return Ok(Offer::Unfit);
        }
        *slot = if data.as_ptr().addr().is_multiple_of(need.alignment) {
            data.as_ptr().cast()
        } else {
            let copy = AlignedBuffer::copy_of(data)?;
            let start = copy.as_ptr().cast_const().cast();
            self.workspace.copies.push(copy);
            start
        };
        Ok(Offer::Taken)
    }

    /// Offers room for an output.
    pub(crate) fn offer_output(&mut self, index: usize, data: &'m mut [u8]) -> Offer {
        let (Some(need), Some(slot)) = (self.program.outputs.get(index), self.workspace.outputs.get_mut(index)) else {
            return Offer::Unfit;
        };
        if !slot.is_null() {
            return Offer::Repeated;
        }
        let start = data.as_mut_ptr();
        // Nothing is written to an empty output, so its address does not matter.
        if data.len() != need.bytes || (!data.is_empty() && !start.addr().is_multiple_of(need.alignment)) {
            return Offer::Unfit;
        }
        *slot = start.cast();
        Offer::Taken
    }

    /// The inputs without memory, apart from those that need none.
    pub(crate) fn missing_inputs(&self) -> impl Iterator<Item = usize> + '_ {
        let slots = self.workspace.inputs.iter().zip(&self.program.inputs);
        slots.enumerate().filter(|(_, (slot, need))| slot.is_null() && !need.optional).map(|(index, _)| index)
    }

    /// The outputs without memory.
    pub(crate) fn missing_outputs(&self) -> impl Iterator<Item = usize> + '_ {
        self.workspace.outputs.iter().enumerate().filter(|(_, slot)| slot.is_null()).map(|(index, _)| index)
    }

    /// Runs the code and gives its status, or goes on with a panic of the caller's executor; `None` where memory is missing or the workspace is another program's.
    pub(crate) fn run(self, crew: &Crew) -> Option<i32> {
        let Workspace { arena, inputs, outputs, .. } = &*self.workspace;
        // A workspace of another program would be too small.
        let ours = arena.fits(self.program.arena_bytes, self.program.arena_alignment)
            && (inputs.len(), outputs.len()) == (self.program.inputs.len(), self.program.outputs.len());
        if !ours || self.missing_inputs().next().is_some() || self.missing_outputs().next().is_some() {
            return None;
        }
        // SAFETY: every pointer was checked against what the manifest says when it was set, and the memory is borrowed
        // for `'m`; weights and arena are of the manifest's size and alignment; the arena is borrowed by this call alone.
        let status = unsafe {
            let (code, weights) = (&self.program.code, self.program.weights.as_ptr());
            code.call(weights, arena.as_ptr(), inputs, outputs, crew.workers())
        };
        workers::resume_panic();
        Some(status)
    }
}

impl Drop for Call<'_, '_> {
    fn drop(&mut self) {
        self.workspace.inputs.fill(std::ptr::null());
        self.workspace.outputs.fill(std::ptr::null_mut());
        self.workspace.copies.clear();
    }
}
