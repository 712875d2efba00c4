//! The crate from outside: real artifacts, whose code a C compiler made.

mod artifacts;
mod common;
mod files;
mod sessions;
