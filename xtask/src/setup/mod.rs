//! `cargo xtask setup`: whatever is missing on this machine, and nothing else.
//!
//! Each part looks first and is done in milliseconds when all is there, so that other commands simply call it.

mod debian;
mod python;
mod wheels;

pub use wheels::Package;

use crate::error::Result;
use crate::layout::Layout;
use std::time::Instant;

#[derive(clap::Args)]
pub struct Args {
    /// Leave out the model files (180 MB), which only `demo` and `models` need
    #[arg(long)]
    without_models: bool,
}

pub fn run(layout: &Layout, args: &Args) -> Result<()> {
    let start = Instant::now();
    build_tools()?;
    python(layout)?;
    browser()?;
    if !args.without_models {
        models(layout, Package::ALL)?;
    }
    println!("set up in {:.1} s: {}", start.elapsed().as_secs_f64(), layout.venv.display());
    Ok(())
}

/// What `cargo build` needs: LLVM and MLIR 22, libclang, lld, a C++ compiler, CMake.
pub fn build_tools() -> Result<()> {
    debian::install(debian::BUILD)
}

/// The Python environment: ONNX and its node tests, ONNX Runtime, lit.
pub fn python(layout: &Layout) -> Result<()> {
    python::install(layout, python::TOOLS)
}

/// The browser in which tests look at pages.
pub fn browser() -> Result<()> {
    debian::install(debian::BROWSER)
}

/// The other compilers and runtimes that `bench` measures, in the same environment.
pub fn peers(layout: &Layout) -> Result<()> {
    python(layout)?;
    python::install(layout, python::PEERS)
}

/// The model files of these packages.
pub fn models(layout: &Layout, packages: &[Package]) -> Result<()> {
    packages.iter().try_for_each(|package| wheels::install(layout, *package))
}
