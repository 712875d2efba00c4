//! Objects into shared libraries.

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
    process::Command,
};

use crate::codegen::error::{CodegenError, Result};

/// Names a compiler driver (`gcc`, `clang`) or an ELF linker (`ld.lld`) to use instead of what is found.
pub const LINKER_VARIABLE: &str = "HWC_LINKER";

/// Compiler drivers first: they know where libm is. The bare linkers leave libm to be resolved at load time.
const CANDIDATES: &[&str] = &["cc", "gcc", "clang", "ld.lld", "/usr/lib/llvm-22/bin/ld.lld", "ld"];

/// Links objects of ours to the shared library `output`, through temporary files beside it.
///
/// # Errors
/// [`CodegenError::NoLinker`] if none can be started, [`CodegenError::Link`] with what the linker said, and
/// [`CodegenError::Io`] if the directory cannot be written.
pub fn shared_library<'a>(objects: impl IntoIterator<Item = &'a [u8]>, output: &Path) -> Result<()> {
    let mut paths = vec![];
    let written = objects.into_iter().enumerate().try_for_each(|(number, object)| {
        let path = with_suffix(output, &format!(".tmp.{number}.o"));
        paths.push(path.clone());
        std::fs::write(&path, object).map_err(|source| CodegenError::Io { path: path.display().to_string(), source })
    });
    let linked = written.and_then(|()| link(&paths, output));
    // The objects are of no use to anyone; that one cannot be removed is not worth an error.
    paths.iter().for_each(|path| _ = std::fs::remove_file(path));
    linked
}

fn link(objects: &[PathBuf], output: &Path) -> Result<()> {
    let chosen = env::var_os(LINKER_VARIABLE).filter(|name| !name.is_empty());
    let candidates: Vec<OsString> = match &chosen {
        Some(name) => vec![name.clone()],
        None => CANDIDATES.iter().map(OsString::from).collect(),
    };
    let mut tried = Vec::new();
    for linker in candidates {
        let mut command = Command::new(&linker);
        command.arg("-shared").arg("-o").arg(output).args(objects);
        if is_bare(&linker) {
            command.args(["-z", "noexecstack", "--gc-sections"]);
        } else {
            command.args(["-nostartfiles", "-Wl,-z,noexecstack", "-Wl,--gc-sections", "-lm"]);
        }
        match command.output() {
            Ok(done) if done.status.success() => return Ok(()),
            Ok(done) => {
                let said = String::from_utf8_lossy(&done.stderr);
                return Err(CodegenError::Link(format!(
                    "{} ended with {}: {}",
                    linker.display(),
                    done.status,
                    said.trim()
                )));
            }
            Err(error) => tried.push(format!("{}: {error}", linker.display())),
        }
    }
    Err(CodegenError::NoLinker(tried.join(", ")))
}

/// Whether this is an ELF linker and not a compiler driver.
fn is_bare(linker: &OsString) -> bool {
    let name = Path::new(linker).file_name().unwrap_or_default().to_string_lossy();
    name.starts_with("ld") || name.ends_with("-ld") || name == "lld"
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
