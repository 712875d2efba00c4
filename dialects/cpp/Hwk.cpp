#include "Hwk.h"
#include "Hwc.h"

#include "mlir/CAPI/IR.h"
#include "mlir/CAPI/Registration.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/TypeSwitch.h"

#include "HwkDialect.cpp.inc"
#include "HwkInterfaces.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "HwkAttributes.cpp.inc"
#define GET_OP_CLASSES
#include "HwkOps.cpp.inc"

using namespace mlir;

void hwk::HwkDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "HwkAttributes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "HwkOps.cpp.inc"
      >();
}

extern "C" {
MLIR_DEFINE_CAPI_DIALECT_REGISTRATION(Hwk, hwk, hwk::HwkDialect)

/// Defined in Rust (`src/mlir/hwk.rs`): calls `give` once, with the canonical text of an attribute, or, where false is
/// returned, with what is wrong with it.
bool hwkCanonicalText(MlirStringRef mnemonic, MlirStringRef text, void (*give)(MlirStringRef, void *data), void *data);
}

//===--- Attributes ---===//

Attribute hwk::HwkDialect::parseAttribute(DialectAsmParser &parser, Type) const {
  // The parser of the surrounding text has found the end of the attribute and goes on there.
  auto [mnemonic, rest] = parser.getFullSymbolSpec().split('<');
  rest.consume_back(">");
  std::string answer;
  bool understood = hwkCanonicalText(
      wrap(mnemonic), wrap(rest),
      [](MlirStringRef text, void *data) { *static_cast<std::string *>(data) = unwrap(text).str(); }, &answer);
  if (!understood) {
    parser.emitError(parser.getNameLoc()) << answer;
    return {};
  }
  if (mnemonic == "space")
    return SpaceAttr::get(getContext(), answer);
  if (mnemonic == "schedule")
    return ScheduleAttr::get(getContext(), answer);
  return CpuAttr::get(getContext(), answer);
}

void hwk::HwkDialect::printAttribute(Attribute attribute, DialectAsmPrinter &printer) const {
  auto spec = cast<SpecInterface>(attribute);
  printer << spec.getSpecName() << '<' << spec.getText() << '>';
}

//===--- Operations ---===//

/// The clauses of a kernel: a word, and an attribute of the same name in parentheses.
static constexpr llvm::StringLiteral clauses[] = {"space", "schedule", "target"};

ParseResult hwk::KernelOp::parse(OpAsmParser &parser, OperationState &state) {
  StringAttr name;
  SmallVector<OpAsmParser::Argument> arguments;
  SmallVector<Type> types, results;
  if (parser.parseSymbolName(name, getSymNameAttrName(state.name), state.attributes) ||
      parser.parseArgumentList(arguments, OpAsmParser::Delimiter::Paren, /*allowType=*/true) || parser.parseArrow() ||
      parser.parseLParen())
    return failure();
  if (failed(parser.parseOptionalRParen()) && (parser.parseTypeList(results) || parser.parseRParen()))
    return failure();
  for (llvm::StringRef clause : clauses) {
    Attribute value;
    if (failed(parser.parseOptionalKeyword(clause)))
      continue;
    if (parser.parseLParen() || parser.parseAttribute(value) || parser.parseRParen())
      return failure();
    state.addAttribute(clause, value);
  }
  for (const auto &argument : arguments)
    types.push_back(argument.type);
  auto type = parser.getBuilder().getFunctionType(types, results);
  state.addAttribute(getFunctionTypeAttrName(state.name), TypeAttr::get(type));
  return failure(parser.parseOptionalAttrDictWithKeyword(state.attributes) ||
                 parser.parseRegion(*state.addRegion(), arguments));
}

void hwk::KernelOp::print(OpAsmPrinter &printer) {
  printer << ' ';
  printer.printSymbolName(getSymName());
  printer << '(';
  llvm::interleaveComma(getBody().getArguments(), printer,
                        [&](BlockArgument argument) { printer.printRegionArgument(argument); });
  printer << ") -> (";
  llvm::interleaveComma(getFunctionType().getResults(), printer);
  printer << ')';
  for (llvm::StringRef clause : clauses) {
    if (Attribute value = (*this)->getAttr(clause)) {
      printer.printNewline();
      printer << "    " << clause << '(' << value << ')';
    }
  }
  printer.printOptionalAttrDictWithKeyword(
      (*this)->getAttrs(), {getSymNameAttrName(), getFunctionTypeAttrName(), clauses[0], clauses[1], clauses[2]});
  printer << ' ';
  printer.printRegion(getBody(), /*printEntryBlockArgs=*/false, /*printBlockTerminators=*/true);
}

LogicalResult hwk::KernelOp::verify() { return ::hwc::verifyWithRust(getOperation()); }

LogicalResult hwk::LaunchOp::verifySymbolUses(SymbolTableCollection &symbols) {
  auto kernel = symbols.lookupNearestSymbolFrom<KernelOp>(*this, getKernelAttr());
  if (!kernel)
    return emitOpError() << "launches @" << getKernel() << ", which is no hwk.kernel of this module";
  FunctionType type = kernel.getFunctionType();
  auto given = FunctionType::get(getContext(), getOperandTypes(), getResultTypes());
  if (type != given)
    return emitOpError() << "launches @" << getKernel() << " as " << given << ", which is a " << type;
  return success();
}
