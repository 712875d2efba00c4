//! The crate from outside: real artifacts, whose code a C compiler made.

mod artifacts;
mod c_api;
mod common;
mod files;
mod in_memory;
mod sessions;
mod threads;
