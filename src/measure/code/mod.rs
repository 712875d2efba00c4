//! What the code of a kernel is made of, read from its object: nothing is run.
//!
//! An object is what is run, so its instructions are read back instead of printing the kernel as assembly too, which would
//! have LLVM generate the code a second time.

mod loops;
mod mca;

use std::collections::{BTreeSet, HashSet};

use hwc_cost_model::dataset::Code;
use iced_x86::{Decoder, DecoderOptions, Instruction, InstructionInfoFactory, Mnemonic, OpAccess, OpKind, Register};
use object::{Object, ObjectSection, ObjectSymbol, SymbolKind};

pub use mca::MCA_VARIABLE;

use crate::{Artifact, Compiler, Error, Fault, Model, Options};

/// The instructions of a kernel: of all its functions, those that share its loops among threads too, but not of what
/// calls it.
pub struct MachineCode {
    functions: Vec<Function>,
    /// Instruction set extensions of the target by LLVM's names.
    features: Vec<String>,
}

/// A function's instructions by address, without what pads them.
#[derive(Default)]
struct Function {
    bytes: usize,
    instructions: Vec<Instruction>,
}

impl MachineCode {
    /// Compiles a kernel, given as [`kernels`](super::kernels) and [`candidates`](super::candidates) give it.
    ///
    /// # Errors
    /// As [`Compiler::compile`]; [`Fault::Unsupported`] for instructions that are not known here.
    pub fn of(kernel: &str, options: &Options) -> Result<MachineCode, Error> {
        let options = Options { one_object: false, in_place: true, ..options.clone() };
        MachineCode::read(&Compiler::new(options).compile(&Model::from_mlir(kernel))?)
    }

    /// Reads the kernels of an artifact that has an object for each.
    pub(crate) fn read(artifact: &Artifact) -> Result<MachineCode, Error> {
        let Some((_entry, kernels)) = artifact.objects.split_last() else {
            return Err(Error::new(Fault::Defect, "an artifact without objects"));
        };
        let mut functions = vec![];
        for object in kernels {
            let damaged = |error| Error::new(Fault::Defect, format!("the object of a kernel cannot be read: {error}"));
            let object = object::File::parse(&object[..]).map_err(damaged)?;
            let is_function = |symbol: &object::Symbol| symbol.kind() == SymbolKind::Text && symbol.size() > 0;
            for symbol in object.symbols().filter(is_function) {
                let Some(section) = symbol.section_index() else { continue };
                let section = object.section_by_index(section).map_err(damaged)?;
                let bytes = section.data_range(symbol.address(), symbol.size()).map_err(damaged)?.unwrap_or_default();
                functions.push(Function::decode(bytes)?);
            }
        }
        Ok(MachineCode { functions, features: artifact.manifest.target.features.clone() })
    }

    /// Counts what the code has.
    pub fn numbers(&self) -> Code {
        let instructions = || self.functions.iter().flat_map(|function| &function.instructions);
        let registers: BTreeSet<usize> = instructions().flat_map(vector_registers).collect();
        Code {
            registers: registers.len() as u32,
            spills: self.functions.iter().map(Function::spills).sum::<usize>() as u32,
            instructions: instructions().count() as u32,
            code_bytes: self.functions.iter().map(|function| function.bytes).sum::<usize>() as u32,
        }
    }
}

impl Function {
    fn decode(bytes: &[u8]) -> Result<Function, Error> {
        let mut instructions: Vec<Instruction> = Decoder::new(64, bytes, DecoderOptions::NONE).into_iter().collect();
        if let Some(unknown) = instructions.iter().find(|instruction| instruction.is_invalid()) {
            let start = &bytes[unknown.ip() as usize..];
            let start = &start[..start.len().min(15)];
            return Err(Error::new(Fault::Unsupported, format!("no instruction is known that begins {start:02x?}")));
        }
        instructions.retain(|instruction| instruction.mnemonic() != Mnemonic::Nop);
        Ok(Function { bytes: bytes.len(), instructions })
    }

    /// Stores of registers to the function's part of the stack that are read back; what is not is an argument of a call.
    fn spills(&self) -> usize {
        let mut information = InstructionInfoFactory::new();
        let frame = self.has_frame_pointer();
        let (mut stored, mut read) = (vec![], HashSet::new());
        for instruction in &self.instructions {
            let base = instruction.memory_base();
            let is_stack = base == Register::RSP || frame && base == Register::RBP;
            let operand = (0..instruction.op_count()).find(|n| instruction.op_kind(*n) == OpKind::Memory);
            let Some(operand) = operand.filter(|_| is_stack) else { continue };
            let place = (base, instruction.memory_displacement64());
            match information.info(instruction).op_access(operand) {
                OpAccess::Write if instruction.op1_kind() == OpKind::Register => stored.push(place),
                OpAccess::Read | OpAccess::CondRead => _ = read.insert(place),
                // Arithmetic on what is kept there.
                OpAccess::ReadWrite => stored.push(place),
                _ => {}
            }
        }
        stored.iter().filter(|place| read.contains(*place)).count()
    }

    /// Whether `rbp` points to the function's part of the stack: `mov rbp, rsp`.
    fn has_frame_pointer(&self) -> bool {
        self.instructions.iter().any(|instruction| {
            instruction.mnemonic() == Mnemonic::Mov
                && instruction.op0_register() == Register::RBP
                && instruction.op1_register() == Register::RSP
        })
    }
}

/// Numbers of the vector registers that an instruction names: `xmm3`, `ymm3` and `zmm3` are one.
fn vector_registers(instruction: &Instruction) -> impl Iterator<Item = usize> {
    let operands = (0..instruction.op_count()).filter(|n| instruction.op_kind(*n) == OpKind::Register);
    let named = operands.map(|n| instruction.op_register(n)).chain([instruction.memory_index()]);
    named.filter(|register| register.is_vector_register()).map(Register::number)
}

#[cfg(test)]
mod tests;
