// The dialect, its operand vocabulary, and the columns of the operator table.
#ifndef HWC_BASE
#define HWC_BASE

include "mlir/IR/OpBase.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Hwc_Dialect : Dialect {
  let name = "hwc";
  let cppNamespace = "::hwc";
  let summary = "Dataflow graphs of tensor operators";
  let description = [{
    A graph is a function of pure operators on ranked tensors. Signless integers are signed, `ui8` and its like are
    unsigned, `i1` is boolean. A symbolic dimension is `?`; its name stands in the tensor's encoding, an array with one
    string per dimension: `tensor<?x128xf32, ["batch", ""]>`. Whatever decides a shape (axes, pads, sizes) is an
    attribute, never an operand.
  }];
}

def Hwc_Tensor : RankedTensorOf<[AnyType], [], "ranked tensor">;

// One row of the operator table. MLIR's C++ classes, the Rust enum `Op`, its `OpInfo`, type inference, the reference
// evaluator and the lowering are all generated from it. Attributes may be I64Attr, BoolAttr, F32Attr, StrAttr,
// TypeAttr, ElementsAttr, DenseI64ArrayAttr, DenseF32ArrayAttr and StrArrayAttr, plain, optional or with a default.
// At most one operand is variadic, and it is the last.
class Hwc_Op<string mnemonic, list<Trait> traits = []> : Op<Hwc_Dialect, mnemonic, traits # [Pure]> {
  // The ONNX operator with the same meaning, empty where there is none.
  string onnx = "";
  // A variant of the Rust enum `CostClass`.
  string cost = ?;
  // What the operator asks of the order of its axes: a variant of the Rust enum `AxisOrder`.
  string order = "Fixed";
  // Rust expressions, in terms of `call`. `infer` sees `hwc_dialects::infer::*`, `reference` sees
  // `hwc_dialects::reference::*`, `lowering` sees `hwc_passes::lower::*`. A function that is missing is a build error.
  string infer = ?;
  string reference = ?;
  string lowering = ?;

  let hasVerifier = 1;
  // Operations are built by Rust through the C API; the builders in C++ would only cost compile time.
  let skipDefaultBuilders = 1;
  let builders = [OpBuilder<(ins), [{}]>];
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
  let extraClassDefinition = [{
    ::llvm::LogicalResult $cppClass::verify() { return ::hwc::verifyWithRust(getOperation()); }
  }];
}

#endif // HWC_BASE
