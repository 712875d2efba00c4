//! Everything in this crate that needs `unsafe`, apart from the C API: aligned memory, mapped files, loaded code, threads
//! that run it.

mod apart;
pub mod buffer;
pub(crate) mod call;
pub mod code;
pub(crate) mod mapping;
pub mod pool;
pub(crate) mod workers;
