//! Which rules a compilation uses, and how.

mod tensat;

use hwc_dialects::hwk::Target;
use hwc_dialects::mlir::tensor_type_from_mlir;
use hwc_extraction::{Limits, Problem};
use hwc_passes::codegen::ir;
use hwc_passes::egraph::check::check_all;
use hwc_passes::egraph::rules::{Class, Rule, builtin, parse};
use hwc_passes::optimize::cost::{Analytic, bytes};
use hwc_passes::optimize::explain::{Explanation, Former, Picture, explain};
use hwc_passes::optimize::measured::{Measure, Runner};
use hwc_passes::optimize::{self, OptimizeError, optimize};
use melior::Context;
use melior::ir::ValueLike;

use crate::measure::{Plans, Predicted, Recorded, Schedules};
use crate::{Error, Fault, Options, Rewriting};

/// How long extraction searches: differences of a thousandth are less than what is known of times.
const EXTRACTION: Limits =
    Limits { seconds: None, cancel: None, threads: 2, seed: 0, rounds: 8, work: 5_000, gap: 1e-3 };

/// How often measured times are fed back to the choice of a plan: until nothing new comes of it, nearly always.
const ROUNDS: usize = 6;
/// The same for predicted times, and how long is searched for plans by them: they are worth less of the time that a
/// compilation takes.
const PREDICTED_ROUNDS: usize = 2;
const QUICK: Limits = Limits { rounds: 2, work: 0, ..EXTRACTION };
/// By how much a plan has to be expected to be faster by the predicted times of another one's kernels to be asked about: less
/// is not known of them.
const PREDICTED_GAIN: f64 = 0.02;

/// Rewrites the graph as the options say.
///
/// # Errors
/// Where rules of the options are wrong, or no plan keeps within the budgets.
pub fn rewrite<'c>(context: &'c Context, module: ir::Op<'c>, options: &Options) -> Result<Option<Explanation>, Error> {
    let rules = rules(options)?;
    let analytic = costs(module, options)?;
    let solve = |problem: &Problem, limits: &Limits| match &options.kernel_cache {
        Some(cache) => cache.solved(problem, limits),
        None => hwc_extraction::solve(problem, limits),
    };
    let store = options.measured.as_ref().filter(|_| options.rewriting == Rewriting::Saturate);
    let plans = options.measure_top.as_ref().zip(store);
    let plans = plans.map(|((top, measurer), store)| (*top, Plans::new(options, *top, measurer, store)));
    let recorded = store.map(|store| Recorded::new(options, store));
    let model = options.cost_model.as_ref().filter(|_| options.rewriting == Rewriting::Saturate);
    let predicted = model.map(|model| Predicted::new(options, model));
    let measure = match (&plans, &recorded, &predicted) {
        (Some((top, plans)), ..) => Some(measured(*top, plans)),
        (None, Some(recorded), _) => Some(measured(1, recorded)),
        (None, None, Some(runner)) => {
            Some(Measure { top: 1, rounds: PREDICTED_ROUNDS, limits: QUICK, gain: PREDICTED_GAIN, runner })
        }
        (None, None, None) => None,
    };
    let former = Schedules::new(options);
    let mut settings = optimize::Options {
        rules: &rules,
        limits: Default::default(),
        costs: &[&analytic],
        offers: &[],
        alone: false,
        budgets: options.budgets,
        extraction: EXTRACTION,
        solve: &solve,
        measure,
        explain: options.explain.then_some(&former as &dyn Former),
    };
    match options.rewriting {
        Rewriting::None => {}
        Rewriting::Saturate | Rewriting::Tensat => {
            if options.rewriting == Rewriting::Tensat {
                (settings.limits, settings.alone) = (tensat::LIMITS, true);
            }
            let before = if options.explain { picture(module) } else { Picture::default() };
            let optimization = optimize(context, module, &settings).map_err(wrong)?;
            if options.explain {
                return Ok(Some(explain(&optimization, &rules, before, picture(module))));
            }
        }
        Rewriting::Greedy => {
            for rule in &rules {
                settings.rules = std::slice::from_ref(rule);
                optimize(context, module, &settings).map_err(wrong)?;
            }
        }
    }
    Ok(None)
}

/// Plans weighed by times that were measured.
fn measured<'a>(top: usize, runner: &'a dyn Runner) -> Measure<'a> {
    Measure { top, rounds: ROUNDS, limits: EXTRACTION, gain: 0.0, runner }
}

/// What kernels of a module are expected to cost.
///
/// # Errors
/// Where there is no machine like that of the options.
pub fn costs(module: ir::Op, options: &Options) -> Result<Analytic, Error> {
    let Target::Cpu(cpu) = hwc_passes::hwk::target_of(&options.target.options())?;
    Ok(Analytic::new(&cpu, usize::try_from(cpu.cores).unwrap_or(1), bytes_of_constants(module)))
}

/// Bytes of the constants that a function holds.
fn bytes_of_constants(module: ir::Op) -> f64 {
    let constants = ir::walk(module).into_iter().filter(|op| ir::is(*op, "hwc.constant")).flat_map(ir::results);
    let types = constants.filter_map(|value| tensor_type_from_mlir(value.r#type()));
    types.map(|ty| bytes(&ty)).sum()
}

fn picture(module: ir::Op) -> Picture {
    ir::functions(module).first().copied().and_then(ir::entry).map(Picture::of).unwrap_or_default()
}

/// The compiler's own rules and those of the options, of the classes admitted.
fn rules(options: &Options) -> Result<Vec<Rule>, Error> {
    let mut rules = builtin().to_vec();
    let mut errors = vec![];
    for (file, text) in &options.rules {
        match parse(file, text) {
            Ok(own) => {
                errors.extend(check_all(&own, file).err().into_iter().flatten());
                rules.extend(own);
            }
            Err(wrong) => errors.extend(wrong),
        }
    }
    if !errors.is_empty() {
        let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
        return Err(Error::new(Fault::Input, lines.join("\n")));
    }
    if options.rewriting == Rewriting::Tensat {
        rules.retain(|rule| tensat::is_one(&rule.name));
    }
    rules.retain(|rule| match rule.class {
        Class::Exact => true,
        Class::Reassociates => !options.exact_only,
        Class::Approximate => options.approximate,
    });
    Ok(rules)
}

fn wrong(error: OptimizeError) -> Error {
    match error {
        OptimizeError::Graph(error) => error.into(),
        OptimizeError::Measuring(_) => Error::new(Fault::Environment, error),
        OptimizeError::Forming(_) => Error::new(Fault::Defect, error),
        // The compiler's own rules are tested.
        OptimizeError::Rules(_) | OptimizeError::Extraction(_) => Error::new(Fault::Input, error),
    }
}
