// Does all parts of a task: with the workers of the caller, or else as one part. The workers' table is
// `hwc_runtime::abi::Workers`: threads, function, context.
llvm.func @hwc_dispatch(%workers: !llvm.ptr, %task: !llvm.ptr, %frame: !llvm.ptr) {
  %none = llvm.mlir.zero : !llvm.ptr
  %0 = llvm.mlir.constant(0 : i32) : i32
  %1 = llvm.mlir.constant(1 : i32) : i32
  %most = llvm.mlir.constant(65536 : i32) : i32
  %alone = llvm.icmp "eq" %workers, %none : !llvm.ptr
  llvm.cond_br %alone, ^one, ^ask
^ask:
  %asked = llvm.load %workers : !llvm.ptr -> i32
  %several = llvm.icmp "ugt" %asked, %1 : i32
  llvm.cond_br %several, ^many, ^one
^many:
  %threads = llvm.intr.umin(%asked, %most) : (i32, i32) -> i32
  %at_function = llvm.getelementptr %workers[8] : (!llvm.ptr) -> !llvm.ptr, i8
  %at_context = llvm.getelementptr %workers[16] : (!llvm.ptr) -> !llvm.ptr, i8
  %function = llvm.load %at_function : !llvm.ptr -> !llvm.ptr
  %context = llvm.load %at_context : !llvm.ptr -> !llvm.ptr
  llvm.call %function(%context, %task, %frame, %threads) : !llvm.ptr, (!llvm.ptr, !llvm.ptr, !llvm.ptr, i32) -> ()
  llvm.return
^one:
  llvm.call %task(%frame, %0, %1) : !llvm.ptr, (!llvm.ptr, i32, i32) -> ()
  llvm.return
}
