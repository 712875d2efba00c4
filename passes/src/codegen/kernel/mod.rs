//! What happens to each kernel before it is LLVM's: destinations, buffers, scratch memory.

pub mod carried;
pub mod destination;
pub mod form;
pub mod scratch;
