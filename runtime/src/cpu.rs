//! Whether this machine can run code that was compiled for a target.

use std::env::consts::{ARCH, OS};

use crate::manifest::Manifest;
use crate::problem::Problems;

/// How an instruction set extension is looked for.
enum Test {
    /// Every x86-64 CPU has it.
    Baseline,
    /// Compilers make no use of it on their own: instructions for operating systems, cryptography, cache control.
    Unused,
    /// Asks the CPU and, where the operating system has a part in it, that as well.
    Detect(fn() -> bool),
}

/// Adds to the problems why this machine cannot run what the manifest describes.
pub fn check(manifest: &Manifest, problems: &mut Problems) {
    let target = &manifest.target;
    let mut parts = target.triple.split('-');
    if parts.next() != Some(ARCH) || !parts.any(|part| part == OS) {
        let what = format!("compiled for {}, but this is {ARCH} with {OS}: compile for this machine", target.triple);
        problems.push("target", what);
        // The features of another architecture say nothing here.
        return;
    }
    let (mut missing, mut unknown) = (Vec::new(), Vec::new());
    for feature in &target.features {
        match FEATURES.iter().find(|row| row.0 == feature) {
            None => unknown.push(feature.as_str()),
            Some((_, Test::Detect(detect))) if !detect() => missing.push(feature.as_str()),
            Some(_) => {}
        }
    }
    if !missing.is_empty() {
        let (cpu, list) = (&target.cpu, missing.join(", "));
        problems.push("target", format!("compiled for {cpu}, but this CPU lacks {list}: compile for this CPU"));
    }
    if !unknown.is_empty() {
        let list = unknown.join(", ");
        problems.push("target", format!("this runtime cannot tell whether the CPU has {list}: update the runtime"));
    }
}

/// The instruction set extensions that this machine has and compilers make use of, as LLVM spells them.
pub fn host_features() -> Vec<&'static str> {
    let has = |test: &Test| match test {
        Test::Baseline => true,
        Test::Unused => false,
        Test::Detect(detect) => detect(),
    };
    FEATURES.iter().filter(|row| has(&row.1)).map(|row| row.0).collect()
}

/// Every feature that a manifest may name, as LLVM spells them.
pub fn known_features() -> impl Iterator<Item = &'static str> {
    FEATURES.iter().map(|row| row.0)
}

#[cfg(not(target_arch = "x86_64"))]
const FEATURES: &[(&str, Test)] = &[];

/// A bit of a register of a CPUID leaf, for what the standard library does not detect.
#[cfg(target_arch = "x86_64")]
macro_rules! cpuid {
    ($leaf:literal, $register:ident, $bit:literal) => {
        || {
            use std::arch::x86_64::__cpuid;
            // The first leaf of each range holds the number of its last.
            __cpuid($leaf & 0x8000_0000).eax >= $leaf && __cpuid($leaf).$register >> $bit & 1 == 1
        }
    };
}

#[cfg(target_arch = "x86_64")]
macro_rules! features {
    (
        baseline: $($baseline:literal)*;
        unused: $($unused:literal)*;
        same: [$($same:tt)*];
        other: $($llvm:literal => $std:tt)*;
        cpuid: $($name:literal => $leaf:literal $register:ident $bit:literal)*;
    ) => {
        const FEATURES: &[(&str, Test)] = &[
            $(($baseline, Test::Baseline),)*
            $(($unused, Test::Unused),)*
            $(($same, Test::Detect(|| std::arch::is_x86_feature_detected!($same))),)*
            $(($llvm, Test::Detect(|| std::arch::is_x86_feature_detected!($std))),)*
            $(($name, Test::Detect(cpuid!($leaf, $register, $bit))),)*
        ];
    };
}

#[cfg(target_arch = "x86_64")]
features! {
    baseline: "64bit" "cmov" "cx8" "fxsr" "mmx" "sse" "sse2" "x87";
    unused: "cldemote" "clflushopt" "clwb" "clzero" "cmpccxadd" "enqcmd" "fsgsbase" "hreset" "invpcid" "kl" "lwp" "movdir64b"
        "movdiri" "mwaitx" "pconfig" "pku" "prefetchi" "ptwrite" "raoint" "rdpid" "rdpru" "rdrnd" "rdseed" "rtm" "serialize"
        "sgx" "shstk" "tsxldtrk" "uintr" "usermsr" "waitpkg" "wbnoinvd" "widekl" "xsave" "xsavec" "xsaveopt" "xsaves";
    // What LLVM and the standard library spell alike.
    same: ["adx" "aes" "avx" "avx2" "avx512bf16" "avx512bitalg" "avx512bw" "avx512cd" "avx512dq" "avx512f" "avx512fp16"
        "avx512ifma" "avx512vbmi" "avx512vbmi2" "avx512vl" "avx512vnni" "avx512vp2intersect" "avx512vpopcntdq" "avxifma"
        "avxneconvert" "avxvnni" "avxvnniint16" "avxvnniint8" "bmi2" "f16c" "fma" "gfni" "lzcnt" "movbe" "popcnt" "sha"
        "sha512" "sm3" "sm4" "sse3" "sse4.1" "sse4.2" "sse4a" "ssse3" "tbm" "vaes" "vpclmulqdq"];
    other:
        "bmi" => "bmi1"
        // The instruction came with SSE 4.2, and 512-bit registers with AVX-512.
        "crc32" => "sse4.2"
        "cx16" => "cmpxchg16b"
        "evex512" => "avx512f"
        "pclmul" => "pclmulqdq";
    cpuid:
        "fma4" => 0x8000_0001 ecx 16
        "prfchw" => 0x8000_0001 ecx 8
        "sahf" => 0x8000_0001 ecx 0
        "xop" => 0x8000_0001 ecx 11;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::tests::tiny;

    fn problems(triple: &str, features: &[&str]) -> String {
        let mut manifest = tiny();
        manifest.target.triple = triple.to_owned();
        manifest.target.features = features.iter().map(|&f| f.to_owned()).collect();
        let mut problems = Problems::new();
        check(&manifest, &mut problems);
        problems.iter().map(|p| format!("{p}\n")).collect()
    }

    #[test]
    fn what_this_machine_has_passes() {
        let triple = format!("{ARCH}-unknown-{OS}-gnu");
        assert_eq!(problems(&triple, &host_features()), "");
        // The operating system's list of flags names these as LLVM does.
        let flags = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let flags = flags.lines().find(|line| line.starts_with("flags")).unwrap_or_default();
        for name in ["avx", "avx2", "avx512f", "avx512bw", "fma", "f16c", "bmi2", "gfni", "sse4a", "movbe", "adx"] {
            let listed = flags.split_whitespace().any(|flag| flag == name);
            assert_eq!(host_features().contains(&name), listed, "{name}");
        }
    }

    #[test]
    fn another_machine_and_unknown_features_are_named() {
        let report = problems("riscv64-unknown-linux-gnu", &["avx2"]);
        assert!(report.contains("compiled for riscv64-unknown-linux-gnu") && !report.contains("avx2"), "{report}");
        assert!(problems(&format!("{ARCH}-unknown-plan9"), &[]).contains("plan9"));
        let report = problems(&format!("{ARCH}-unknown-{OS}-gnu"), &["warp-drive"]);
        assert!(report.contains("cannot tell whether the CPU has warp-drive"), "{report}");
    }

    #[test]
    fn names_are_unique() {
        let names: Vec<_> = known_features().collect();
        assert_eq!(names.iter().collect::<std::collections::HashSet<_>>().len(), names.len());
    }
}
