// Operators that copy elements between addresses known at compile time.

// Inference, reference and lowering are the functions of the family's module that bear the operator's name.
class Hwc_Movement<string mnemonic, string onnxName> : Hwc_Op<mnemonic> {
  let results = (outs Hwc_Tensor:$result);
  let onnx = onnxName;
  let cost = "Movement";
  let infer = "movement::" # mnemonic # "(call)";
  let reference = "movement::" # mnemonic # "(call)";
  let lowering = "movement::" # mnemonic # "(call)";
}

def Hwc_ReshapeOp : Hwc_Movement<"reshape", "Reshape"> {
  let summary = "The same elements in another shape";
  let description = [{
    Each entry of `shape` is the size of a dimension of the result, or
    - `-1`, in one place at most: what remains of the operand's elements;
    - `-2 - i`: the size of the operand's dimension `i`, which lets symbolic dimensions through.

    A zero is a dimension without elements.
  }];
  let arguments = (ins Hwc_Tensor:$operand, DenseI64ArrayAttr:$shape);
  let cost = "Free";
}

def Hwc_TransposeOp : Hwc_Movement<"transpose", "Transpose"> {
  let summary = "Dimensions in another order";
  let description = [{
    Dimension `i` of the result is dimension `permutation[i]` of the operand.
  }];
  let arguments = (ins Hwc_Tensor:$operand, DenseI64ArrayAttr:$permutation);
}

def Hwc_ConcatOp : Hwc_Movement<"concat", "Concat"> {
  let summary = "Operands one after the other along an axis";
  let description = [{
    `axis` counts from the end where it is negative. There is one operand at least.
  }];
  let order = "Named";
  let arguments = (ins Variadic<Hwc_Tensor>:$operands, I64Attr:$axis);
}

def Hwc_SliceOp : Hwc_Movement<"slice", "Slice"> {
  let summary = "Every `step`-th element between `start` and `end` along some axes";
  let description = [{
    `starts`, `ends` and `steps` have one entry for each of `axes`, which are distinct and may count from the end.
    Starts and ends below zero count from the end of the axis; they are then clamped to the axis, as in Python. A
    negative step walks towards the front, from `start` to before `end`.
  }];
  let order = "Named";
  let arguments = (ins Hwc_Tensor:$operand, DenseI64ArrayAttr:$axes, DenseI64ArrayAttr:$starts,
    DenseI64ArrayAttr:$ends, DenseI64ArrayAttr:$steps);
}

def Hwc_PadOp : Hwc_Movement<"pad", "Pad"> {
  let summary = "More elements, or fewer, at the ends of each axis";
  let description = [{
    `low` and `high` have one entry per dimension: elements added before and after. Negative entries remove elements,
    which happens before anything is added. What is added depends on `mode`:
    - `constant`: the single element of `value`, zero where it is not given;
    - `edge`: the nearest element;
    - `reflect`: the axis mirrored at its first and last element, which are not repeated;
    - `wrap`: the axis repeated.

    All but `constant` need an element to copy along each axis that grows.
  }];
  let order = "Named";
  let arguments = (ins Hwc_Tensor:$operand, Optional<Hwc_Tensor>:$value, DenseI64ArrayAttr:$low,
    DenseI64ArrayAttr:$high, DefaultValuedStrAttr<StrAttr, "constant">:$mode);
  let assemblyFormat = "$operand (`value` $value^)? attr-dict `:` functional-type(operands, results)";
}

def Hwc_ExpandOp : Hwc_Movement<"expand", "Expand"> {
  let summary = "Repetition along dimensions of size one, by numpy's rules for broadcasting";
  let description = [{
    The result has the shape to which the operand's and `shape` broadcast; an entry of 1 keeps the operand's dimension.
  }];
  let arguments = (ins Hwc_Tensor:$operand, DenseI64ArrayAttr:$shape);
}

def Hwc_TileOp : Hwc_Movement<"tile", "Tile"> {
  let summary = "The whole operand repeated along each axis";
  let description = [{
    `repeats` has one entry per dimension, none below zero.
  }];
  let order = "Named";
  let arguments = (ins Hwc_Tensor:$operand, DenseI64ArrayAttr:$repeats);
}
