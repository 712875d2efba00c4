//! LLVM IR: translation, optimization, assembly and object code.
#![allow(unsafe_code)]

use std::collections::BTreeSet;

use hwc_runtime::abi::{ENTRY_SYMBOL, MANIFEST_SYMBOL};
use inkwell::{
    GlobalVisibility,
    attributes::{Attribute, AttributeLoc},
    context::Context,
    memory_buffer::MemoryBuffer,
    module::{Linkage, Module},
    passes::PassBuilderOptions,
    targets::FileType,
    values::FunctionValue,
};

use super::target::Machine;
use crate::codegen::{
    diagnostics::Diagnostics,
    error::{CodegenError, Result},
};

/// A module of LLVM IR, made for one machine.
pub struct Unit<'l, 'm> {
    module: Module<'l>,
    machine: &'m Machine,
}

fn llvm(step: &'static str) -> impl Fn(inkwell::support::LLVMString) -> CodegenError {
    move |message| CodegenError::Llvm { step, message: message.to_string() }
}

impl<'l, 'm> Unit<'l, 'm> {
    /// Translates a module in the LLVM dialect. The functions `shared`, whether they are defined here or not, are known
    /// to other units of the same library.
    ///
    /// # Errors
    /// [`CodegenError::Mlir`] if translation fails, [`CodegenError::Llvm`] if the result does not verify.
    pub fn translate(
        module: &melior::ir::Module,
        shared: &BTreeSet<String>,
        context: &'l Context,
        machine: &'m Machine,
        diagnostics: &Diagnostics,
    ) -> Result<Self> {
        // SAFETY: both contexts are alive, and the module that is returned belongs to us.
        let module = unsafe {
            let raw = mlir_sys::mlirTranslateModuleToLLVMIR(module.as_operation().to_raw(), context.raw().cast());
            if raw.is_null() {
                return Err(CodegenError::Mlir { phase: "translation to LLVM IR", diagnostics: diagnostics.take() });
            }
            Module::new(raw.cast())
        };
        module.set_triple(&machine.triple());
        module.set_data_layout(&machine.machine.get_target_data().get_data_layout());
        let unit = Self { module, machine };
        unit.attributes(context, shared);
        unit.module.verify().map_err(llvm("verification"))?;
        Ok(unit)
    }

    /// Adds the manifest's text.
    pub fn add_manifest(&self, manifest: &str, context: &'l Context) {
        let text = context.const_string(manifest.as_bytes(), true);
        let global = self.module.add_global(text.get_type(), None, MANIFEST_SYMBOL);
        global.set_initializer(&text);
        global.set_constant(true);
    }

    /// Takes over what another unit defines.
    ///
    /// # Errors
    /// [`CodegenError::Llvm`] if both define the same.
    pub fn link(&self, other: Self) -> Result<()> {
        self.module.link_in_module(other.module).map_err(llvm("linking of modules"))
    }

    /// Kernels stay functions of their own: inlining them would lose what their arguments promise about aliasing, and
    /// make one function of the whole model.
    fn attributes(&self, context: &'l Context, shared: &BTreeSet<String>) {
        let flag = |name: &str| context.create_enum_attribute(Attribute::get_named_enum_kind_id(name), 0);
        let width = (self.machine.info.vector_bytes() * 8).to_string();
        let is_shared = |function: &FunctionValue| function.get_name().to_str().is_ok_and(|name| shared.contains(name));
        for function in self.module.get_functions().filter(is_shared) {
            function.set_linkage(Linkage::External);
            function.as_global_value().set_visibility(GlobalVisibility::Hidden);
        }
        for function in self.module.get_functions().filter(|f| f.count_basic_blocks() > 0) {
            let add = |attribute| function.add_attribute(AttributeLoc::Function, attribute);
            add(flag("nounwind"));
            add(context.create_string_attribute("prefer-vector-width", &width));
            if function.get_name().to_bytes() == ENTRY_SYMBOL.as_bytes() {
                continue;
            }
            add(flag("noinline"));
            if !is_shared(&function) {
                function.set_linkage(Linkage::Internal);
            }
        }
    }

    /// Keeps functions that units of one library share to this one, which has them all.
    pub fn hide(&self) {
        let is_shared = |f: &FunctionValue| f.as_global_value().get_visibility() == GlobalVisibility::Hidden;
        for function in self.module.get_functions().filter(is_shared) {
            function.as_global_value().set_visibility(GlobalVisibility::Default);
            function.set_linkage(Linkage::Internal);
        }
    }

    /// Runs LLVM's optimizer.
    pub fn optimize(&self) -> Result<()> {
        let options = PassBuilderOptions::create();
        // Loops come here in vectors and unrolled as far as that pays; looking for more takes long and finds nothing.
        options.set_loop_slp_vectorization(false);
        options.set_loop_unrolling(false);
        self.module.run_passes("default<O3>", &self.machine.machine, options).map_err(llvm("optimization"))
    }

    /// The module as LLVM assembly language.
    pub fn ir_text(&self) -> String {
        self.module.print_to_string().to_string_lossy().into_owned()
    }

    /// The module as assembly for the target.
    pub fn assembly(&self) -> Result<String> {
        let buffer = self.emit(FileType::Assembly)?;
        Ok(String::from_utf8_lossy(buffer.as_slice()).trim_end_matches('\0').to_owned())
    }

    /// The module as an ELF object.
    pub fn object(&self) -> Result<Vec<u8>> {
        Ok(self.emit(FileType::Object)?.as_slice().to_vec())
    }

    fn emit(&self, kind: FileType) -> Result<MemoryBuffer<'static>> {
        self.machine.machine.write_to_memory_buffer(&self.module, kind).map_err(llvm("code emission"))
    }
}
