// `mlir-opt`'s main function with passes written in Rust. Its command-line options are global to the process, so only
// the driver uses it, never the library.

#include "mlir-c/IR.h"
#include "mlir/CAPI/IR.h"
#include "mlir/CAPI/Registration.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/Signals.h"

#include <csignal>
#include <unistd.h>

/// The dialect of kernels, of the crate `hwc-dialects`.
extern "C" MlirDialectHandle mlirGetDialectHandle__hwk__(void);

namespace {
/// Runs the pass number `index` of the Rust table; `report` is called once for each error.
using RunPass = bool (*)(size_t index, MlirOperation module, void (*report)(MlirStringRef message, void *data),
                         void *data);

class RustPass : public mlir::PassWrapper<RustPass, mlir::OperationPass<mlir::ModuleOp>> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(RustPass)

  RustPass(size_t index, std::string name, std::string description, RunPass run)
      : index(index), name(std::move(name)), description(std::move(description)), run(run) {}

  llvm::StringRef getArgument() const override { return name; }
  llvm::StringRef getDescription() const override { return description; }
  llvm::StringRef getName() const override { return name; }

  void getDependentDialects(mlir::DialectRegistry &registry) const override {
    // What a pass creates has to be loaded before it runs.
    registry.insert<mlir::arith::ArithDialect, mlir::bufferization::BufferizationDialect, mlir::func::FuncDialect,
                    mlir::linalg::LinalgDialect, mlir::LLVM::LLVMDialect, mlir::math::MathDialect,
                    mlir::memref::MemRefDialect, mlir::scf::SCFDialect, mlir::tensor::TensorDialect,
                    mlir::vector::VectorDialect>();
    mlirDialectHandleInsertDialect(mlirGetDialectHandle__hwk__(), wrap(&registry));
  }

  void runOnOperation() override {
    bool ok = run(
        index, wrap(getOperation().getOperation()),
        [](MlirStringRef message, void *data) {
          static_cast<RustPass *>(data)->getOperation()->emitError() << llvm::StringRef(message.data, message.length);
        },
        this);
    if (!ok)
      signalPassFailure();
  }

private:
  size_t index;
  std::string name, description;
  RunPass run;
};
} // namespace

extern "C" {
/// Makes a pass of the Rust table available by name.
void hwcRegisterPass(size_t index, MlirStringRef name, MlirStringRef description, RunPass run) {
  std::string nameText(name.data, name.length), descriptionText(description.data, description.length);
  mlir::registerPass([=]() -> std::unique_ptr<mlir::Pass> {
    return std::make_unique<RustPass>(index, nameText, descriptionText, run);
  });
}

/// What LLVM cannot go on after ends the process with the exit codes of the driver. The reason is told on standard error.
void hwcTellFatalErrors(int environment, int defect) {
  static int codes[2];
  codes[0] = environment;
  codes[1] = defect;
  llvm::install_fatal_error_handler([](void *, const char *reason, bool) {
    // A disk that is full is met by LLVM's streams in their destructors, from where they cannot return an error.
    bool disk = llvm::StringRef(reason).contains("IO failure");
    llvm::errs() << "hwc-opt: error: " << reason << "\n";
    if (!disk)
      llvm::errs() << "this is a defect in hwc; please report it with the input and the command line\n";
    // Removes output files that are not whole.
    llvm::sys::RunInterruptHandlers();
    _exit(codes[disk ? 0 : 1]);
  });
}

/// Behaves as `mlir-opt` with the dialects of `registry`; returns the process's exit code.
int hwcOptMain(int argc, char **argv, MlirDialectRegistry registry) {
  // Rust ignores the signal; a filter whose reader goes away ends without a word.
  signal(SIGPIPE, SIG_DFL);
  return mlir::asMainReturnCode(mlir::MlirOptMain(argc, argv, "hwc-opt: passes over MLIR\n", *unwrap(registry)));
}
}
