//! `hwc-opt tune`.

mod adapt;
mod collect;
mod eval;
mod examples;
mod label;
mod train;

use crate::cli::Tune;
use crate::failure::Failure;

pub fn tune(command: &Tune) -> Result<(), Failure> {
    match command {
        Tune::Collect(arguments) => collect::collect(arguments),
        Tune::Label(arguments) => label::label(arguments),
        Tune::Train(arguments) => train::train(arguments),
        Tune::Eval(arguments) => eval::eval(arguments),
        Tune::Adapt(arguments) => adapt::adapt(arguments),
    }
}
