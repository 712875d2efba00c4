//! Where ONNX Runtime is found, and its functions (`unsafe`: it is a library of C).

#![allow(unsafe_code)]

use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

use libloading::Library;
use ort::environment::Environment;
use ort::sys::{ORT_API_VERSION, OrtApi, OrtApiBase};

use super::error::Error;

/// The library's name for the loader.
const LIBRARY: &str = "libonnxruntime.so";

/// The environment of this process, made by the first call that finds a library.
pub(super) fn environment() -> Result<&'static Environment, Error> {
    static FOUND: OnceLock<Environment> = OnceLock::new();
    static SEARCH: Mutex<()> = Mutex::new(());
    let _one_at_a_time = SEARCH.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(environment) = FOUND.get() {
        return Ok(environment);
    }
    let environment = load()?;
    Ok(FOUND.get_or_init(|| environment))
}

fn load() -> Result<Environment, Error> {
    let mut tried = vec![];
    let found = candidates().iter().find_map(|path| native(path).map_err(|why| tried.push(why)).ok());
    let api = found.or_else(embedded).ok_or(Error::NoRuntime(tried))?;
    ort::set_api(api);
    ort::init().with_telemetry(false).build().map_err(|error| Error::Runtime(error.to_string()))
}

/// What is built in.
fn embedded() -> Option<OrtApi> {
    #[cfg(feature = "tract")]
    return Some(ort_tract::api());
    #[cfg(not(feature = "tract"))]
    None
}

/// The functions of a library, which stays loaded. The crate's own way to load one is undefined behaviour when it is tried
/// again after a failure.
fn native(path: &Path) -> Result<OrtApi, String> {
    let failed = |error: libloading::Error| format!("{}: {error}", path.display());
    // SAFETY: initializers of ONNX Runtime ask nothing of who loads it; a library under its name is taken for it.
    let library = unsafe { Library::new(path) }.map_err(failed)?;
    // SAFETY: this is the type of the function in ONNX Runtime's C interface.
    let base = unsafe { library.get::<unsafe extern "system" fn() -> *const OrtApiBase>(c"OrtGetApiBase") };
    let base = base.map_err(failed)?;
    // SAFETY: the function has no preconditions; what it gives is static, or null.
    let base = unsafe { base().as_ref() }.ok_or_else(|| format!("{}: no interface", path.display()))?;
    // SAFETY: as above.
    let api = unsafe { (base.GetApi)(ORT_API_VERSION) };
    // SAFETY: a table of functions of that version, or a later one, which begins alike; null where it is older.
    let api = unsafe { api.as_ref().map(|api| std::ptr::read(api)) };
    let api = api.ok_or_else(|| format!("{}: older than ONNX Runtime 1.{ORT_API_VERSION}", path.display()))?;
    std::mem::forget(library);
    Ok(api)
}

/// Libraries to try, the best first: the one that is named, that of the set-up, the system's.
fn candidates() -> Vec<PathBuf> {
    if let Some(named) = std::env::var_os("ORT_DYLIB_PATH").filter(|path| !path.is_empty()) {
        return vec![named.into()];
    }
    let named = std::env::var_os("HWC_VENV").map(PathBuf::from);
    // Programs of a build are in folders of `target`, beside its `venv`.
    let program = std::env::current_exe().unwrap_or_default();
    let beside = program.ancestors().map(|folder| folder.join("venv"));
    let mut found: Vec<PathBuf> = named.into_iter().chain(beside).flat_map(|venv| libraries(&venv)).collect();
    found.push(LIBRARY.into());
    found
}

/// Libraries of a Python environment, the newest Python's first.
fn libraries(venv: &Path) -> Vec<PathBuf> {
    let entries = |folder: &Path| -> Vec<PathBuf> {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
        paths.sort();
        paths.reverse();
        paths
    };
    let is_library = |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(LIBRARY));
    let pythons = entries(&venv.join("lib"));
    let folders = pythons.iter().map(|python| python.join("site-packages/onnxruntime/capi"));
    folders.flat_map(|folder| entries(&folder)).filter(is_library).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_library_of_an_environment_comes_first() {
        let venv = std::env::temp_dir().join(format!("hwc-venv-{}", std::process::id()));
        for (python, library) in
            [("python3.11", "libonnxruntime.so.1.30.0"), ("python3.13", "libonnxruntime.so.1.32.0")]
        {
            let folder = venv.join("lib").join(python).join("site-packages/onnxruntime/capi");
            std::fs::create_dir_all(&folder).expect("a folder");
            std::fs::write(folder.join(library), "").expect("a file");
            std::fs::write(folder.join("libonnxruntime_providers_shared.so"), "").expect("a file");
        }
        let found = libraries(&venv);
        std::fs::remove_dir_all(&venv).expect("removed");
        let names: Vec<_> = found.iter().filter_map(|path| path.file_name()?.to_str()).collect();
        assert_eq!(names, ["libonnxruntime.so.1.32.0", "libonnxruntime.so.1.30.0"]);
        assert_eq!(libraries(&venv), Vec::<PathBuf>::new());
    }
}
