// Kernels with what was chosen for them: groups of `hwc` operations, their loops, schedules and machines.
#ifndef HWK
#define HWK

include "mlir/IR/OpBase.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Hwk_Dialect : Dialect {
  let name = "hwk";
  let cppNamespace = "::hwk";
  let summary = "Fused kernels, their schedules and machines";
  let description = [{
    A kernel is a group of `hwc` operations that are compiled together. What decides its code are attributes of it: the
    space of its iterations, the schedule of its loops, the machine. The text of one kernel is complete by itself.
  }];
  let extraClassDeclaration = [{
    mlir::Attribute parseAttribute(mlir::DialectAsmParser &parser, mlir::Type type) const override;
    void printAttribute(mlir::Attribute attribute, mlir::DialectAsmPrinter &printer) const override;
  }];
}

//===--- Attributes ---===//

// What spaces, schedules and targets have in common, whatever machine they are for.
def Hwk_SpecInterface : AttrInterface<"SpecInterface"> {
  let cppNamespace = "::hwk";
  let description = [{
    Something that decides how a kernel runs. It is held as its canonical text; its meaning, parsing and verification
    are Rust's (`dialects/src/hwk`).
  }];
  let methods = [
    InterfaceMethod<"The text between the angle brackets", "llvm::StringRef", "getText">,
    InterfaceMethod<"The name after `#hwk.`", "llvm::StringRef", "getSpecName">,
  ];
}

class Hwk_Spec<string name, string spec> : AttrDef<Hwk_Dialect, name, [Hwk_SpecInterface]> {
  // Without a mnemonic: the dialect parses and prints.
  let attrName = "hwk." # spec;
  let parameters = (ins StringRefParameter<"canonical text">:$text);
  let extraClassDeclaration = "llvm::StringRef getSpecName() const { return \"" # spec # "\"; }";
}

def Hwk_SpaceAttr : Hwk_Spec<"Space", "space"> {
  let summary = "The loops of a kernel's most expensive part: `#hwk.space<contraction, m = 128, n = 64, k = 32>`";
}
def Hwk_ScheduleAttr : Hwk_Spec<"Schedule", "schedule"> {
  let summary = "How they run: `#hwk.schedule<loops, tiles = [registers(m = 6, n = 32)], vector = n : 16 x 2>`";
}
def Hwk_CpuAttr : Hwk_Spec<"Cpu", "cpu"> {
  let summary = "A processor: `#hwk.cpu<znver4, features = [avx512f], vector = 512, registers = 32, l1 = ...>`";
}

//===--- Operations ---===//

class Hwk_Op<string mnemonic, list<Trait> traits = []> : Op<Hwk_Dialect, mnemonic, traits> {
  // Operations are built by Rust through the C API; the builders in C++ would only cost compile time.
  let skipDefaultBuilders = 1;
  let builders = [OpBuilder<(ins), [{}]>];
}

def Hwk_KernelOp : Hwk_Op<"kernel", [IsolatedFromAbove, Symbol]> {
  let summary = "A group of operations that are compiled together";
  let description = [{
    The body holds `hwc` operations and ends in `hwk.yield`. `space`, `schedule` and `target` are there once they are
    chosen; code generation obeys a schedule that it finds. A schedule needs a space.

    ```mlir
    hwk.kernel @matmul_0(%a: tensor<8x4xf32>, %b: tensor<4x16xf32>) -> (tensor<8x16xf32>)
        space(#hwk.space<contraction, m = 8, n = 16, k = 4>)
        schedule(#hwk.schedule<loops, tiles = [registers(m = 8, n = 16)], order = [m, n, k], vector = n : 16 x 1>) {
      %0 = hwc.matmul %a, %b : (tensor<8x4xf32>, tensor<4x16xf32>) -> tensor<8x16xf32>
      hwk.yield %0 : tensor<8x16xf32>
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttrOf<FunctionType>:$function_type,
                       OptionalAttr<Hwk_SpecInterface>:$space, OptionalAttr<Hwk_SpecInterface>:$schedule,
                       OptionalAttr<Hwk_SpecInterface>:$target);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
}

def Hwk_YieldOp : Hwk_Op<"yield", [Pure, Terminator, HasParent<"KernelOp">]> {
  let summary = "Ends a kernel and names its results";
  let arguments = (ins Variadic<AnyRankedTensor>:$operands);
  let assemblyFormat = "($operands^ `:` type($operands))? attr-dict";
}

def Hwk_LaunchOp : Hwk_Op<"launch", [Pure, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "Runs a kernel on values";
  let arguments = (ins FlatSymbolRefAttr:$kernel, Variadic<AnyRankedTensor>:$operands);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = "$kernel `(` $operands `)` attr-dict `:` functional-type($operands, $results)";
}

#endif // HWK
