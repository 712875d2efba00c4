//! The machine code is made for.

use std::sync::Once;

use inkwell::{
    OptimizationLevel,
    targets::{CodeModel, InitializationConfig, RelocMode, Target, TargetMachine, TargetMachineOptions, TargetTriple},
};

use crate::codegen::{
    error::{CodegenError, Result},
    ffi,
    kernel::phases::SMALLEST,
};

/// Which machine to compile for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Cpu {
    /// The machine this runs on, with all of its features.
    #[default]
    Host,
    /// A CPU by its LLVM name (`znver4`, `x86-64-v3`), with the features that name implies.
    Named(String),
}

/// What to compile for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TargetOptions {
    pub cpu: Cpu,
    /// Write structured operations as upstream's plain loops instead of ours: slow, and an oracle for finding defects.
    pub plain_loops: bool,
    /// Loops of less work stay on one thread; [`SMALLEST`] where nothing else is said.
    pub split_from: Option<u64>,
}

/// A machine, resolved: what the manifest records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetInfo {
    pub triple: String,
    pub cpu: String,
    /// The features in use, without `+`, sorted.
    pub features: Vec<String>,
}

impl TargetInfo {
    pub fn has(&self, feature: &str) -> bool {
        self.features.binary_search_by(|f| f.as_str().cmp(feature)).is_ok()
    }

    /// Bytes of the widest vector register to use.
    pub fn vector_bytes(&self) -> u64 {
        if self.has("avx512f") {
            64
        } else if self.has("avx") {
            32
        } else {
            16
        }
    }

    /// Number of vector registers.
    pub fn vector_registers(&self) -> u64 {
        if self.has("avx512f") { 32 } else { 16 }
    }
}

/// LLVM's handle to a machine with its description.
pub struct Machine {
    pub(super) machine: TargetMachine,
    pub info: TargetInfo,
    /// Whether it is the one that this process runs on.
    pub host: bool,
    /// See [`TargetOptions::plain_loops`].
    pub plain_loops: bool,
    /// See [`TargetOptions::split_from`].
    pub split_from: u64,
}

/// The features that decide what code may run on which CPU, each with the CPUID-level names LLVM knows. Tuning flags
/// are left out: they do not stop code from running.
const FEATURES: &[&str] = &[
    "adx",
    "aes",
    "avx",
    "avx2",
    "avx512bf16",
    "avx512bitalg",
    "avx512bw",
    "avx512cd",
    "avx512dq",
    "avx512f",
    "avx512fp16",
    "avx512ifma",
    "avx512vbmi",
    "avx512vbmi2",
    "avx512vl",
    "avx512vnni",
    "avx512vp2intersect",
    "avx512vpopcntdq",
    "avxifma",
    "avxneconvert",
    "avxvnni",
    "avxvnniint16",
    "avxvnniint8",
    "amx-bf16",
    "amx-int8",
    "amx-tile",
    "bmi",
    "bmi2",
    "cx16",
    "f16c",
    "fma",
    "fma4",
    "gfni",
    "lzcnt",
    "movbe",
    "pclmul",
    "popcnt",
    "sha",
    "sse",
    "sse2",
    "sse3",
    "sse4.1",
    "sse4.2",
    "sse4a",
    "ssse3",
    "tbm",
    "vaes",
    "vpclmulqdq",
    "xop",
];

impl Machine {
    /// Resolves options to a machine.
    ///
    /// # Errors
    /// [`CodegenError::Target`] for a CPU name that LLVM does not know, or a host that is not x86-64.
    pub fn new(options: &TargetOptions) -> Result<Self> {
        static INITIALIZED: Once = Once::new();
        INITIALIZED.call_once(|| Target::initialize_x86(&InitializationConfig::default()));

        let triple = TargetMachine::get_default_triple();
        let name = triple.as_str().to_string_lossy().into_owned();
        if !name.starts_with("x86_64") {
            return Err(CodegenError::Target(format!("{name} is not x86-64")));
        }
        let (cpu, features) = match &options.cpu {
            Cpu::Host => (
                TargetMachine::get_host_cpu_name().to_string_lossy().into_owned(),
                TargetMachine::get_host_cpu_features().to_string_lossy().into_owned(),
            ),
            Cpu::Named(name) => (name.clone(), String::new()),
        };
        let target = Target::from_triple(&triple).map_err(|e| CodegenError::Target(e.to_string()))?;
        let used = ffi::cpu_features(&name, &cpu, &features, FEATURES).ok_or_else(|| {
            let known = ffi::cpu_names(&name, "+64bit").join(", ");
            CodegenError::Target(format!("unknown CPU '{cpu}'; there are {known}"))
        })?;
        let machine = target
            .create_target_machine_from_options(
                &triple,
                TargetMachineOptions::new()
                    .set_cpu(&cpu)
                    .set_features(&features)
                    .set_level(OptimizationLevel::Aggressive)
                    .set_reloc_mode(RelocMode::PIC)
                    .set_code_model(CodeModel::Small),
            )
            .ok_or_else(|| CodegenError::Target(format!("LLVM has no machine for {name}, {cpu}")))?;
        Ok(Self {
            machine,
            info: TargetInfo { triple: name, cpu, features: used },
            host: options.cpu == Cpu::Host,
            plain_loops: options.plain_loops,
            split_from: options.split_from.unwrap_or(SMALLEST),
        })
    }

    /// All features that LLVM was told, tuning included.
    pub fn all_features(&self) -> String {
        self.machine.get_feature_string().to_string_lossy().into_owned()
    }

    pub(super) fn triple(&self) -> TargetTriple {
        self.machine.get_triple()
    }
}
