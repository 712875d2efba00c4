//! What happens to each kernel before it is LLVM's: destinations, buffers, scratch memory, phases for threads.

pub mod carried;
pub mod destination;
pub mod form;
pub mod phases;
pub mod placement;
pub mod scratch;
pub mod starts;
