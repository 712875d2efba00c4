// The C++ side of the `hwk` dialect: the classes that mlir-tblgen makes; texts and rules are Rust's.
#ifndef HWK_H
#define HWK_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "HwkDialect.h.inc"
#include "HwkInterfaces.h.inc"
#define GET_ATTRDEF_CLASSES
#include "HwkAttributes.h.inc"
#define GET_OP_CLASSES
#include "HwkOps.h.inc"

#endif // HWK_H
