//! llvm-mca, which tells what a loop takes by the tables that LLVM has of processors.

use std::collections::HashSet;
use std::ffi::OsString;
use std::io::{ErrorKind, Write};
use std::process::{Command, Output, Stdio};

use hwc_cost_model::dataset::PROCESSORS;
use hwc_passes::codegen::llvm::target::Machine;
use iced_x86::{CpuidFeature, Formatter, GasFormatter, Instruction};
use serde::Deserialize;

use super::{MachineCode, loops};
use crate::{Error, Fault, Target};

/// Names the llvm-mca to use instead of what is found.
pub const MCA_VARIABLE: &str = "HWC_LLVM_MCA";

/// Other versions have other tables.
const CANDIDATES: &[&str] = &["llvm-mca-22", "/usr/lib/llvm-22/bin/llvm-mca"];

/// Instructions that llvm-mca looks at: enough that the first ones do not matter.
const LOOKED_AT: usize = 20_000;

impl MachineCode {
    /// Assembly (AT&T) of one iteration of the loop that seems to be executed most often, of the whole largest function
    /// where there are no loops.
    pub fn innermost_loop(&self) -> String {
        text(loops::innermost(&self.functions))
    }

    /// llvm-mca's cycles of one iteration of this loop, on those of [`PROCESSORS`] that have the instruction set
    /// extensions that the kernel uses. Loads are taken to hit the first cache, and branches to be foreseen.
    ///
    /// # Errors
    /// [`Fault::Environment`] where llvm-mca cannot be started; [`Fault::Unsupported`] with what it says of the loop.
    pub fn mca(&self) -> Result<Vec<(String, f64)>, Error> {
        let body = loops::innermost(&self.functions);
        let (assembly, iterations) = (text(body), (LOOKED_AT / body.len().max(1)).clamp(10, 1000));
        let needed = self.used_features();
        let mut cycles = vec![];
        for name in PROCESSORS {
            // Asked by llvm-mca, any processor has all instructions.
            let processor = Machine::new(&Target::cpu(name).options())?.info;
            if needed.iter().all(|feature| processor.has(feature)) {
                cycles.push((name.to_string(), of_processor(&assembly, name, iterations)?));
            }
        }
        Ok(cycles)
    }

    /// Those of the target's instruction set extensions that the kernel has instructions of.
    pub(super) fn used_features(&self) -> Vec<&str> {
        let instructions = self.functions.iter().flat_map(|function| &function.instructions);
        let used: HashSet<CpuidFeature> = instructions.flat_map(Instruction::cpuid_features).copied().collect();
        // `AVX512_VNNI`, `SSE4_1`, `BMI1` to the `avx512vnni`, `sse4.1` and `bmi` of LLVM.
        let used: HashSet<String> =
            used.iter().map(|feature| format!("{feature:?}").to_lowercase().replace('_', "")).collect();
        let is_used = |feature: &&str| match *feature {
            "bmi" => used.contains("bmi1"),
            other => used.contains(&other.replace('.', "")),
        };
        self.features.iter().map(String::as_str).filter(is_used).collect()
    }
}

fn text(instructions: &[Instruction]) -> String {
    let mut formatter = GasFormatter::new();
    formatter.options_mut().set_rip_relative_addresses(true);
    let mut text = String::new();
    for instruction in instructions {
        formatter.format(instruction, &mut text);
        text.push('\n');
    }
    text
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Report {
    code_regions: Vec<Region>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Region {
    summary_view: Summary,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Summary {
    iterations: f64,
    total_cycles: f64,
}

fn of_processor(assembly: &str, processor: &str, iterations: usize) -> Result<f64, Error> {
    let output = run(assembly, processor, iterations)?;
    let failed = |why: String| Error::new(Fault::Unsupported, format!("llvm-mca -mcpu={processor}: {why}"));
    if !output.status.success() {
        return Err(failed(format!("{}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim())));
    }
    let report: Report = serde_json::from_slice(&output.stdout).map_err(|error| failed(error.to_string()))?;
    let summary = report.code_regions.first().map(|region| &region.summary_view);
    summary.map(|s| s.total_cycles / s.iterations).ok_or_else(|| failed("it looked at nothing".into()))
}

fn run(assembly: &str, processor: &str, iterations: usize) -> Result<Output, Error> {
    let chosen = std::env::var_os(MCA_VARIABLE).filter(|name| !name.is_empty());
    let candidates = chosen.map_or_else(|| CANDIDATES.iter().map(OsString::from).collect(), |name| vec![name]);
    let mut problems = vec![];
    for program in candidates {
        let mut command = Command::new(&program);
        command.args(["-mtriple=x86_64-unknown-linux-gnu", "--json", "--resource-pressure=0", "--instruction-info=0"]);
        command.arg(format!("-mcpu={processor}")).arg(format!("--iterations={iterations}")).arg("-");
        let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let answered = piped.spawn().and_then(|mut child| {
            // It reads all before it writes. Where it ends before that, its status tells why.
            let written = child.stdin.take().map_or(Ok(()), |mut input| input.write_all(assembly.as_bytes()));
            written.or_else(|error| if error.kind() == ErrorKind::BrokenPipe { Ok(()) } else { Err(error) })?;
            child.wait_with_output()
        });
        match answered {
            Ok(output) => return Ok(output),
            Err(error) => problems.push(format!("{}: {error}", program.display())),
        }
    }
    let hint = format!("install Debian's package llvm-22, or name the program in {MCA_VARIABLE}");
    Err(Error::new(Fault::Environment, format!("cannot run llvm-mca ({}); {hint}", problems.join("; "))))
}
