//! The dialects `hwc` and `hwk` inside MLIR: registration, conversion of types and attributes, reading and building operations.

mod attributes;
mod builder;
mod ffi;
pub mod hwk;
mod types;
mod verify;
mod view;

pub use attributes::{attribute_to_mlir, constant_attribute, elements_from_mlir};
pub use builder::{GraphBuilder, build};
pub use types::{tensor_type_from_mlir, tensor_type_to_mlir};
pub use view::OpView;

use melior::{Context, dialect::DialectRegistry};

/// Makes the dialects known to a registry; contexts load them when they first meet them.
pub fn register(registry: &DialectRegistry) {
    ffi::dialects().iter().for_each(|dialect| dialect.insert_dialect(registry));
}

/// Registers the dialects with a context and loads them.
pub fn load(context: &Context) {
    let registry = DialectRegistry::new();
    register(&registry);
    context.append_dialect_registry(&registry);
    context.get_or_load_dialect("hwc");
    context.get_or_load_dialect("hwk");
}

#[cfg(test)]
mod tests;
