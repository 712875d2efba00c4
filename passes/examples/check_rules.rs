//! Tests rules of rewriting: `check_rules FILE.rules...` tells for each rule in how many matches both sides were the same,
//! and in how many milliseconds, or what is wrong with it.

use std::error::Error;
use std::time::Instant;

use hwc_passes::egraph::check::{SEED, check};
use hwc_passes::egraph::rules::parse;

fn main() -> Result<(), Box<dyn Error>> {
    let mut wrong = 0;
    for file in std::env::args().skip(1) {
        match parse(&file, &std::fs::read_to_string(&file)?) {
            Err(errors) => {
                wrong += errors.len();
                errors.iter().for_each(|error| println!("{error}"));
            }
            Ok(rules) => {
                for rule in rules {
                    let start = Instant::now();
                    let result = check(&rule, SEED);
                    let time = start.elapsed().as_millis();
                    match result {
                        Ok(matches) => println!("{}: {matches} matches, {time} ms", rule.name),
                        Err(fault) => {
                            wrong += 1;
                            println!("{file}:{}: the rule `{}` {fault} ({time} ms)", rule.line, rule.name);
                        }
                    }
                }
            }
        }
    }
    if wrong == 0 { Ok(()) } else { Err(format!("{wrong} rules may not be used").into()) }
}
