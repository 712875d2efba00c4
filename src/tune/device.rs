//! Which machine this is.

use hwc_dialects::hwk::Target;
use hwc_passes::codegen::TargetOptions;
use hwc_passes::hwk;

use crate::Error;

/// LLVM's name of the processor, and a hash of its features, caches and cores, and of what the system calls it.
///
/// # Errors
/// [`crate::Fault::Environment`] on a machine that code cannot be made for.
pub fn device() -> Result<String, Error> {
    let Target::Cpu(target) = hwk::target_of(&TargetOptions::default())?;
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = text.lines().find(|line| line.starts_with("model name")).unwrap_or_default();
    let hash = blake3::hash(format!("{} {model}", Target::Cpu(target.clone())).as_bytes()).to_hex();
    Ok(format!("{}-{}", target.name, &hash.as_str()[..8]))
}
