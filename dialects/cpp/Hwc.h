// The C++ side of the `hwc` dialect: the classes that mlir-tblgen makes, and a verifier that asks Rust.
#ifndef HWC_H
#define HWC_H

#include "mlir-c/IR.h"
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace hwc {
/// Checks one operation by the operator table on the Rust side.
llvm::LogicalResult verifyWithRust(mlir::Operation *op);
} // namespace hwc

#include "HwcDialect.h.inc"
#define GET_OP_CLASSES
#include "HwcOps.h.inc"

#endif // HWC_H
