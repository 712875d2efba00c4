// Values known at compile time.

def Hwc_ConstantOp : Hwc_Op<"constant", [ConstantLike, AllTypesMatch<["value", "result"]>]> {
  let summary = "A tensor known at compile time";
  let description = [{
    More than sixteen elements are held outside the text, as `dense_resource`.

    ```mlir
    %0 = hwc.constant dense<[1, 2]> : tensor<2xi64>
    ```
  }];
  let arguments = (ins ElementsAttr:$value);
  let results = (outs Hwc_Tensor:$result);
  let assemblyFormat = "$value attr-dict";
  let hasFolder = 1;
  let cost = "Free";
  let infer = "constant::constant(call)";
  let reference = "constant::constant(call)";
  let lowering = "constant::constant(call)";
}
