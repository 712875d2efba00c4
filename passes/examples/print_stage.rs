//! Prints what becomes of a file in kernel form: `print_stage STAGE FILE.mlir [CPU]`, for the stages `linalg`,
//! `llvm-mlir`, `llvm-ir`, `asm`.

use std::error::Error;

use hwc_passes::codegen::{Cpu, Silent, Stage, TargetOptions, context, print_stage};
use melior::ir::Module;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [stage, path, cpu @ ..] = &arguments[..] else { return Err("usage: print_stage STAGE FILE.mlir [CPU]".into()) };
    let stage = match stage.as_str() {
        "linalg" => Stage::Linalg,
        "llvm-mlir" => Stage::LlvmMlir,
        "llvm-ir" => Stage::LlvmIr,
        "asm" => Stage::Asm,
        other => return Err(format!("no stage {other}").into()),
    };
    let cpu = cpu.first().map_or(Cpu::Host, |name| Cpu::Named(name.clone()));
    let context = context::new();
    let mut module = Module::parse(&context, &std::fs::read_to_string(path)?).ok_or("the file does not parse")?;
    let options = TargetOptions { cpu, ..Default::default() };
    print!("{}", print_stage(&context, &mut module, &options, stage, &mut Silent)?);
    Ok(())
}
