//! The machine that is compiled for, as an attribute.

use std::path::Path;
use std::sync::LazyLock;

use hwc_dialects::hwk::{Cpu, Target};

use crate::codegen::llvm::target::Machine;
use crate::codegen::{self, CodegenError, TargetOptions};

/// Bytes of data caches where they are not known. Blocks are chosen by the first two, which are small, so that they fit
/// elsewhere too; what is larger than the last is written past it, which only a large one makes right elsewhere.
const CACHES: [i64; 3] = [32 << 10, 512 << 10, 32 << 20];

/// What schedules may know of a machine. Caches and cores are this computer's where code is made for it, and small ones
/// for a CPU that is only named, so that such code does not depend on where it is made.
pub fn cpu(machine: &Machine) -> Target {
    let known = |feature: &&String| Cpu::FEATURES.contains(&feature.as_str());
    let [l1, l2, l3] = caches(machine);
    let cores = std::thread::available_parallelism().map_or(1, |n| n.get() as i64);
    Target::Cpu(Cpu {
        name: machine.info.cpu.clone(),
        features: machine.info.features.iter().filter(known).cloned().collect(),
        vector: machine.info.vector_bytes() as i64 * 8,
        registers: machine.info.vector_registers() as i64,
        l1,
        l2,
        l3,
        cores: if machine.host { cores } else { 1 },
    })
}

/// The same for the machine that options name.
///
/// # Errors
/// [`CodegenError::Target`] where LLVM does not know it.
pub fn target_of(options: &TargetOptions) -> Result<Target, CodegenError> {
    Machine::new(options).map(|machine| cpu(&machine))
}

/// A text that is the same only for options by which the same code is made of a kernel.
///
/// # Errors
/// [`CodegenError::Target`] where LLVM does not know the machine.
pub fn identity(options: &TargetOptions) -> Result<String, CodegenError> {
    let machine = Machine::new(options)?;
    Ok(format!("{} {} {options:?} {}", machine.info.triple, machine.all_features(), cpu(&machine)))
}

/// Options for the machine that a kernel names.
///
/// # Errors
/// [`CodegenError::Target`] where LLVM does not know the CPU, or knows it without a feature that the kernel names.
pub fn machine_for(target: &Target) -> Result<TargetOptions, CodegenError> {
    let Target::Cpu(wanted) = target;
    let lacks = |machine: &Machine| -> Vec<&str> {
        wanted.features.iter().map(String::as_str).filter(|f| !machine.info.has(f)).collect()
    };
    let host = Machine::new(&TargetOptions::default())?;
    if host.info.cpu == wanted.name && lacks(&host).is_empty() {
        return Ok(TargetOptions::default());
    }
    let options = TargetOptions { cpu: codegen::Cpu::Named(wanted.name.clone()), ..TargetOptions::default() };
    match lacks(&Machine::new(&options)?)[..] {
        [] => Ok(options),
        ref lacking => Err(CodegenError::Target(format!(
            "the kernel's target says {}, which {} lacks",
            lacking.join(", "),
            wanted.name
        ))),
    }
}

/// Bytes of the data caches that a core of a machine reaches, from the smallest.
pub fn caches(machine: &Machine) -> [i64; 3] {
    static HOST: LazyLock<[i64; 3]> = LazyLock::new(host_caches);
    if machine.host { *HOST } else { CACHES }
}

/// The data caches that the first core reaches, as Linux tells them.
fn host_caches() -> [i64; 3] {
    let mut caches = CACHES;
    for index in 0..8 {
        let folder = Path::new("/sys/devices/system/cpu/cpu0/cache").join(format!("index{index}"));
        let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap_or_default().trim().to_string();
        let level: usize = read("level").parse().unwrap_or(0);
        let size: Option<i64> = read("size").strip_suffix('K').and_then(|kib| kib.parse().ok());
        if let (1..=3, Some(kib)) = (level, size)
            && kib > 0
            && read("type") != "Instruction"
        {
            caches[level - 1] = kib << 10;
        }
    }
    caches
}
