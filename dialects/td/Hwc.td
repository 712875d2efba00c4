// Every operator of the dialect. A new family is a file included here; a new operator is a row of its family's file.
include "Base.td"
include "Constant.td"
include "Elementwise.td"
include "Contraction.td"
include "Reduction.td"
include "Normalization.td"
include "Attention.td"
