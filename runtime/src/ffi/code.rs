//! Code loaded into the process, and the call into it.
//!
//! `unsafe` because nothing can check what machine code does: loading it trusts whoever compiled it.

use std::any::Any;
use std::ffi::{CStr, c_char, c_void};
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsRawFd, FromRawFd};
use std::path::Path;

use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};

use crate::abi::{ENTRY_SYMBOL, Entry, MANIFEST_SYMBOL, Workers};

/// The entry of a compiled model, with whatever keeps its code in memory.
pub struct Code {
    entry: Entry,
    _keep_alive: Box<dyn Any + Send + Sync>,
}

/// Why a shared object could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum CodeError {
    /// The system has no memory, file descriptor or permission for it. The environment's fault.
    #[error("cannot hold the code in memory: {0}")]
    Memory(#[source] io::Error),
    /// The dynamic linker refuses it: damaged, for another machine, or in need of a library that is missing.
    #[error("the dynamic linker refuses the code: {0}")]
    Link(String),
    /// It loads, but is no compiled model.
    #[error("the code exports no symbol `{0}`: it was not compiled by hwc")]
    Symbol(&'static str),
}

impl Code {
    /// Code that is in memory already, as a just-in-time compiler leaves it.
    ///
    /// # Safety
    /// `entry` keeps to the conventions of [`crate::abi`] for the manifest it is used with, and stays callable, from any
    /// thread, until `keep_alive` is dropped.
    pub unsafe fn from_entry(entry: Entry, keep_alive: Box<dyn Any + Send + Sync>) -> Code {
        Code { entry, _keep_alive: keep_alive }
    }

    /// Loads the shared library at this path; gives its code and its manifest's text.
    pub(crate) fn open(path: &Path) -> Result<(Code, Vec<u8>), CodeError> {
        Code::load(path, ())
    }

    /// Loads a shared object that is the contents of `elf`; gives its code and its manifest's text.
    pub(crate) fn from_elf(elf: &[u8]) -> Result<(Code, Vec<u8>), CodeError> {
        let file = memory_file(elf).map_err(CodeError::Memory)?;
        let path = format!("/proc/self/fd/{}", file.as_raw_fd());
        // The linker takes a library of the same path for the same library. The descriptor stays open as long as the
        // library is loaded, so that no other one can get its number and with it its path.
        Code::load(Path::new(&path), file)
    }

    fn load(path: &Path, backing: impl Any + Send + Sync) -> Result<(Code, Vec<u8>), CodeError> {
        // SAFETY: runs the initialisers of the library, which the caller trusts by loading it; code compiled by hwc has none.
        let library = unsafe { Library::open(Some(path), RTLD_NOW | RTLD_LOCAL) };
        let library = library.map_err(|error| CodeError::Link(error.to_string()))?;
        // SAFETY: by the conventions of `crate::abi`, a library with this symbol exports a function of this type.
        let entry = unsafe { library.get::<Entry>(ENTRY_SYMBOL.as_bytes()) };
        let entry = *entry.map_err(|_| CodeError::Symbol(ENTRY_SYMBOL))?;
        // SAFETY: likewise for the text; the pointer is the address of its first byte.
        let text = unsafe { library.get::<*const c_char>(MANIFEST_SYMBOL.as_bytes()) };
        let text = text.map_err(|_| CodeError::Symbol(MANIFEST_SYMBOL))?.as_raw_ptr().cast::<c_char>();
        // SAFETY: it ends with a NUL and lives as long as the library, which is held here.
        let text = unsafe { CStr::from_ptr(text) }.to_bytes().to_vec();
        // The fields are dropped in order: first the library, then what it was loaded from.
        Ok((Code { entry, _keep_alive: Box::new((library, backing)) }, text))
    }

    /// Runs the model once and gives its status.
    ///
    /// # Safety
    /// The pointers are as [`crate::abi`] asks for the manifest that belongs to this code.
    pub(crate) unsafe fn call(
        &self,
        weights: *const u8,
        arena: *mut u8,
        inputs: &[*const c_void],
        outputs: &[*mut c_void],
        workers: *const Workers,
    ) -> i32 {
        // SAFETY: the caller's promise.
        unsafe { (self.entry)(weights.cast(), arena.cast(), inputs.as_ptr(), outputs.as_ptr(), workers) }
    }
}

/// An anonymous file in memory that holds these bytes and can no longer change.
fn memory_file(bytes: &[u8]) -> io::Result<File> {
    const NAME: &CStr = c"hwc-code";
    let flags = libc::MFD_CLOEXEC | libc::MFD_ALLOW_SEALING;
    // Where the system makes such files non-executable unless told otherwise, it knows MFD_EXEC; before, it refuses it.
    // SAFETY: the name ends with a NUL.
    let mut fd = unsafe { libc::memfd_create(NAME.as_ptr(), flags | libc::MFD_EXEC) };
    if fd < 0 && io::Error::last_os_error().raw_os_error() == Some(libc::EINVAL) {
        // SAFETY: as above.
        fd = unsafe { libc::memfd_create(NAME.as_ptr(), flags) };
    }
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the descriptor is new, open and owned by nobody else.
    let mut file = unsafe { File::from_raw_fd(fd) };
    file.write_all(bytes)?;
    let seals = libc::F_SEAL_SHRINK | libc::F_SEAL_GROW | libc::F_SEAL_WRITE | libc::F_SEAL_SEAL;
    // SAFETY: the descriptor is open and takes an integer for this command.
    if unsafe { libc::fcntl(fd, libc::F_ADD_SEALS, seals) } < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(file)
}
