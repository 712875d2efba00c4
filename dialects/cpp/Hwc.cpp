#include "Hwc.h"

#include "mlir/CAPI/IR.h"
#include "mlir/CAPI/Registration.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectResourceBlobManager.h"

#include "HwcDialect.cpp.inc"
#define GET_OP_CLASSES
#include "HwcOps.cpp.inc"

void hwc::HwcDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "HwcOps.cpp.inc"
      >();
}

mlir::OpFoldResult hwc::ConstantOp::fold(FoldAdaptor) { return getValue(); }

extern "C" {
MLIR_DEFINE_CAPI_DIALECT_REGISTRATION(Hwc, hwc, hwc::HwcDialect)

/// Defined in Rust (`src/mlir/verify.rs`): calls `report` once for each thing that is wrong with `op`.
void hwcVerifyOperation(MlirOperation op, void (*report)(MlirStringRef message, void *data), void *data);
}

llvm::LogicalResult hwc::verifyWithRust(mlir::Operation *op) {
  struct State {
    mlir::Operation *op;
    bool failed;
  } state{op, false};
  hwcVerifyOperation(
      wrap(op),
      [](MlirStringRef message, void *data) {
        auto *state = static_cast<State *>(data);
        state->failed = true;
        state->op->emitOpError() << llvm::StringRef(message.data, message.length);
      },
      &state);
  return llvm::failure(state.failed);
}

//===--- Elements of attributes, which the C API of MLIR gives out one at a time ---===//

extern "C" {
/// Writes the elements of a `dense` attribute, row-major, one byte at least each (`i1` as 0 or 1), splats repeated.
/// False where the attribute is no such attribute or its elements do not take `size` bytes.
bool hwcReadDenseElements(MlirAttribute attribute, char *out, size_t size) {
  auto elements = llvm::dyn_cast<mlir::DenseIntOrFPElementsAttr>(unwrap(attribute));
  if (!elements)
    return false;
  size_t count = elements.getNumElements();
  if (elements.getElementType().isInteger(1)) {
    if (count != size)
      return false;
    for (bool value : elements.getValues<bool>())
      *out++ = value;
    return true;
  }
  llvm::ArrayRef<char> raw = elements.getRawData();
  if (!elements.isSplat()) {
    if (raw.size() != size)
      return false;
    std::copy(raw.begin(), raw.end(), out);
    return true;
  }
  if (raw.size() * count != size)
    return false;
  for (size_t i = 0; i < count; ++i)
    out = std::copy(raw.begin(), raw.end(), out);
  return true;
}

/// The bytes behind a `dense_resource` attribute; false where it is no such attribute or nothing is behind its name.
bool hwcResourceData(MlirAttribute attribute, const char **data, size_t *size) {
  auto elements = llvm::dyn_cast<mlir::DenseResourceElementsAttr>(unwrap(attribute));
  mlir::AsmResourceBlob *blob = elements ? elements.getRawHandle().getBlob() : nullptr;
  if (!blob)
    return false;
  *data = blob->getData().data();
  *size = blob->getData().size();
  return true;
}
}
