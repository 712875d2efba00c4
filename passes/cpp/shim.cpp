// What the MLIR C API lacks and code generation needs. Thin: every decision is made in Rust.
#include "mlir-c/IR.h"
#include "mlir/CAPI/IR.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tensor/Transforms/Transforms.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/TargetParser/Triple.h"

using namespace mlir;

extern "C" {

// The stored bytes of an elements attribute. `kind` becomes 0 for plain elements, 1 for one element that stands for
// all, 2 for bits packed into bytes, 3 for one bit (a byte 0 or 255) that stands for all. False if the attribute does
// not hold its elements in memory.
bool hwcElementsBytes(MlirAttribute attribute, const char **data, size_t *size, int *kind) {
  Attribute attr = unwrap(attribute);
  if (auto dense = llvm::dyn_cast<DenseIntOrFPElementsAttr>(attr)) {
    llvm::ArrayRef<char> raw = dense.getRawData();
    *data = raw.data();
    *size = raw.size();
    *kind = (dense.isSplat() ? 1 : 0) + (dense.getElementType().isInteger(1) ? 2 : 0);
    return true;
  }
  if (auto resource = llvm::dyn_cast<DenseResourceElementsAttr>(attr)) {
    AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    if (!blob)
      return false;
    llvm::ArrayRef<char> raw = blob->getData();
    *data = raw.data();
    *size = raw.size();
    *kind = 0;
    return true;
  }
  return false;
}

// Which of `count` features (`+avx`) a CPU of this target has: writes 0 or 1 for each. False if the target or the CPU is
// unknown. `extra` are features on top of those the CPU's name implies.
bool hwcCpuFeatures(const char *triple, const char *cpu, const char *extra, const char *const *features, size_t count,
                    unsigned char *has) {
  std::string error;
  llvm::Triple parsed(triple);
  const llvm::Target *target = llvm::TargetRegistry::lookupTarget(parsed, error);
  if (!target)
    return false;
  // Asked for without a CPU first: LLVM prints a complaint about a name it does not know.
  std::unique_ptr<llvm::MCSubtargetInfo> info(target->createMCSubtargetInfo(parsed, "", ""));
  if (!info || !info->isCPUStringValid(cpu))
    return false;
  info.reset(target->createMCSubtargetInfo(parsed, cpu, extra));
  if (!info)
    return false;
  for (size_t i = 0; i < count; ++i)
    has[i] = info->checkFeatures(features[i]);
  return true;
}

// Hands `each` the name of every CPU of this target that has a feature (`+64bit`).
void hwcCpuNames(const char *triple, const char *feature, void *state, void (*each)(void *state, const char *name)) {
  std::string error;
  llvm::Triple parsed(triple);
  const llvm::Target *target = llvm::TargetRegistry::lookupTarget(parsed, error);
  std::unique_ptr<llvm::MCSubtargetInfo> all(target ? target->createMCSubtargetInfo(parsed, "", "") : nullptr);
  if (!all)
    return;
  for (const llvm::SubtargetSubTypeKV &cpu : all->getAllProcessorDescriptions()) {
    std::unique_ptr<llvm::MCSubtargetInfo> info(target->createMCSubtargetInfo(parsed, cpu.Key, ""));
    if (info && info->checkFeatures(feature))
      each(state, cpu.Key);
  }
}

// Fuses elementwise producers into their consumers wherever `mayFuse` says so, folds reshapes between structured
// operations into them, and takes `tensor.pad` and `tensor.concat` apart. False if it does not come to an end.
bool hwcFuseElementwise(MlirOperation root, bool (*mayFuse)(MlirOperation producer, MlirOperation consumer, size_t operand)) {
  Operation *op = unwrap(root);
  MLIRContext *context = op->getContext();
  linalg::ControlFusionFn control = [mayFuse](OpOperand *fused) {
    Operation *producer = fused->get().getDefiningOp();
    return producer && mayFuse(wrap(producer), wrap(fused->getOwner()), fused->getOperandNumber());
  };
  linalg::ControlFusionFn reshapes = [](OpOperand *fused) {
    Operation *producer = fused->get().getDefiningOp();
    return producer && producer->hasOneUse();
  };
  RewritePatternSet patterns(context);
  linalg::populateElementwiseOpsFusionPatterns(patterns, control);
  linalg::populateFoldReshapeOpsByExpansionPatterns(patterns, reshapes);
  linalg::populateEraseUnusedOperandsAndResultsPatterns(patterns);
  linalg::populateDecomposePadPatterns(patterns);
  tensor::populateDecomposeTensorConcatPatterns(patterns);
  linalg::GenericOp::getCanonicalizationPatterns(patterns, context);
  tensor::ExpandShapeOp::getCanonicalizationPatterns(patterns, context);
  tensor::CollapseShapeOp::getCanonicalizationPatterns(patterns, context);
  return succeeded(applyPatternsGreedily(op, std::move(patterns), GreedyRewriteConfig()));
}

} // extern "C"
