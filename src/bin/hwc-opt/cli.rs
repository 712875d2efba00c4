//! The command line, from which help, completions and the manual page are made.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};

/// Exit codes, by whose fault it is.
pub const EXIT_CODES: &str = "\
Exit codes:
  0  all went well
  1  the input is wrong or asks for what is not supported
  2  the command line is wrong
  3  the environment is at fault: a file, a linker, a full disk
  4  a defect in hwc
  5  `verify`: results differ";

#[derive(Parser)]
#[command(name = "hwc-opt", version, about = "Compiles machine-learning models to native code", after_help = after_help())]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

/// The exit codes of most subcommands in a line.
const SHORT_EXIT_CODES: &str = "Exit codes: 0 ok, 1 input, 2 command line, 3 environment, 4 defect in hwc";

fn after_help() -> String {
    format!(
        "\
Without a subcommand, hwc-opt behaves as mlir-opt does: `hwc-opt FILE.mlir --pass-pipeline=...`;
`hwc-opt --help-opt` lists those options and the passes.

{SHORT_EXIT_CODES}, 5 results differ (verify)."
    )
}

#[derive(Subcommand)]
pub enum Command {
    /// Compiles an ONNX model, or kernels
    Compile(Box<Compile>),
    /// Runs a compiled model
    Run(Run),
    /// Shows what a model asks for and gives
    Inspect(Inspect),
    /// Compiles and runs models beside their test data, and compares
    Verify(Verify),
    /// Measures kernels, each by itself
    Measure(Measure),
    /// Teaches the cost model
    #[command(subcommand)]
    Tune(Tune),
    /// The process in which `measure` compiles and runs kernels
    #[command(hide = true)]
    MeasureWorker,
    /// Prints a completion script for a shell
    Completions(Completions),
    /// Prints the manual page (roff), or that of a subcommand
    Manual(Manual),
}

#[derive(Args)]
#[command(after_help = emit_and_exit_codes())]
#[command(group = ArgGroup::new("times").args(["measured_store", "measure_top"]).multiple(true))]
pub struct Compile {
    /// The ONNX file, or a graph or kernels in MLIR (NAME.mlir)
    pub model: PathBuf,
    /// Where to write; `-` is standard output where that is text
    #[arg(short, long)]
    pub output: PathBuf,
    /// What to write
    // Listed below, which takes half the lines; and so `--help` is as short as `-h`.
    #[arg(long, value_enum, default_value_t = Emit::Artifact, hide_possible_values = true)]
    pub emit: Emit,
    #[command(flatten)]
    pub how: How,
    /// Chooses by a learned model: builtin, or of `tune train`
    #[arg(long, value_name = "FILE")]
    pub cost_model: Option<PathBuf>,
    /// Chooses by the times of `measure --measure-store DIR`
    #[arg(long, value_name = "DIR")]
    pub measured_store: Option<PathBuf>,
    /// Measures, and takes the fastest, with so many threads
    #[arg(long, value_name = "N", default_value_t = NonZeroUsize::MIN, requires = "times")]
    pub measured_threads: NonZeroUsize,
    /// Measures the K best plans, and close schedules
    #[arg(long, value_name = "K")]
    pub measure_top: Option<NonZeroUsize>,
    /// Keeps to plans with so many bytes of weights
    #[arg(long, value_name = "BYTES", value_parser = limit, default_value = "inf", hide_default_value = true)]
    pub max_weight_bytes: f64,
    /// Keeps to plans whose lossy choices add so much error
    #[arg(long, value_name = "ERROR", value_parser = limit, default_value = "inf", hide_default_value = true)]
    pub max_error: f64,
    /// Keeps compiled kernels in this folder
    #[arg(long, value_name = "DIR", env = "HWC_CACHE_DIR")]
    pub kernel_cache: Option<PathBuf>,
    /// Writes why these kernels were chosen: a page (NAME.html) or JSON
    #[arg(long, value_name = "FILE")]
    pub explain: Vec<PathBuf>,
    /// Writes all that rules find equal, as NAME.json or NAME.dot
    #[arg(long, value_name = "FILE", value_parser = egraph_file)]
    pub dump_egraph: Vec<PathBuf>,
    /// Says why: all, or on kernel, plan, budget, saturation
    #[arg(
        long,
        value_name = "ABOUT,...",
        value_enum,
        value_delimiter = ',',
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "kernel,plan,budget,saturation",
        hide_possible_values = true
    )]
    pub remarks: Vec<Category>,
    /// Writes the program after each phase to this folder
    #[arg(long, value_name = "DIR")]
    pub dump_phases: Option<PathBuf>,
    /// Says nothing but errors and remarks
    #[arg(short, long)]
    pub quiet: bool,
}

fn emit_and_exit_codes() -> String {
    let values = Emit::value_variants().iter().filter_map(ValueEnum::to_possible_value);
    let lines = values.map(|v| format!("\n  {:<9}  {}", v.get_name(), v.get_help().cloned().unwrap_or_default()));
    format!("What --emit takes:{}\n\n{SHORT_EXIT_CODES}.", lines.collect::<String>())
}

/// Options of every compilation.
#[derive(Args)]
pub struct How {
    /// The machine: `host` or a triple of x86-64 Linux
    #[arg(long, default_value = "host")]
    pub target: String,
    /// The CPU by LLVM's name, such as x86-64-v3 [default: the host's]
    #[arg(long, value_name = "CPU")]
    pub mcpu: Option<String>,
    #[command(flatten)]
    pub fixed: Fixed,
    /// Keeps to direct convolutions, which are slower and round less
    #[arg(long)]
    pub no_winograd: bool,
    /// Rewrites the graph: none, greedy, saturate [the default]
    #[arg(long, value_name = "HOW", value_enum, default_value_t = Rewrite::Saturate, hide_possible_values = true, hide_default_value = true)]
    pub rewrite: Rewrite,
    /// By rules that are exact, reassociates, approximate
    #[arg(
        long,
        value_name = "CLASS,...",
        value_enum,
        value_delimiter = ',',
        default_value = "exact,reassociates",
        hide_possible_values = true
    )]
    pub rule_classes: Vec<RuleClass>,
    /// Adds rewrite rules; see docs/rules.md
    #[arg(long, value_name = "FILE")]
    pub rules: Vec<PathBuf>,
}

/// What a model leaves open.
#[derive(Args)]
pub struct Fixed {
    /// Fixes a symbolic dimension
    #[arg(long = "dim", value_name = "NAME=SIZE", value_parser = dim)]
    pub dims: Vec<(String, usize)>,
    /// Fixes the value of an input that must be known to compile
    #[arg(long = "value", value_name = "INPUT=FILE.npy", value_parser = named_path)]
    pub values: Vec<(String, PathBuf)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Rewrite {
    /// Not at all
    None,
    /// By one rule after the other, each where it pays by itself
    Greedy,
    /// By all rules at once, and then by the best choice among all that is equal
    Saturate,
    /// As TENSAT does, to compare with
    #[value(hide = true)]
    Tensat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RuleClass {
    /// The same numbers, bit for bit
    Exact,
    /// The same in real numbers, rounded differently
    Reassociates,
    /// Nearly the same
    Approximate,
}

/// What a remark is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Category {
    /// A kernel of the plan
    Kernel,
    /// The plan as a whole
    Plan,
    /// What a limit of the plan cost
    Budget,
    /// How far rules came
    Saturation,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Emit {
    /// One file that `hwc-opt run` and the runtime load
    Artifact,
    /// A shared library with its C header and weights
    Lib,
    /// An ELF object
    Obj,
    /// The graph in the hwc dialect
    Hwc,
    /// Kernels with their schedules, in the hwk dialect
    Hwk,
    /// Kernels as linalg on tensors
    Linalg,
    /// The LLVM dialect
    LlvmMlir,
    /// LLVM IR after optimization
    LlvmIr,
    /// Assembly
    Asm,
}

#[derive(Args)]
#[command(after_help = EXIT_CODES)]
pub struct Measure {
    /// An ONNX file, a graph in the hwc dialect (NAME.mlir), or kernels as `compile --emit hwk` writes them, which leaves
    /// out what large weights are
    pub kernel: PathBuf,
    #[command(flatten)]
    pub fixed: Fixed,
    /// Measures each kernel under up to this many schedules, the compiler's own among them
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub candidates: u32,
    /// Takes those that a learned model expects to be fastest: `builtin`, or one of `tune train`
    #[arg(long, value_name = "FILE")]
    pub cost_model: Option<PathBuf>,
    /// Times each of them this often
    #[arg(long, value_name = "N", default_value_t = 15, value_parser = clap::value_parser!(u32).range(3..))]
    pub rounds: u32,
    /// Runs kernels by so many threads; with more than one, times are elapsed times, and the machine should be idle
    #[arg(long, value_name = "N", default_value_t = NonZeroUsize::MIN)]
    pub threads: NonZeroUsize,
    /// Gives up on one after this time
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..))]
    pub timeout: u64,
    /// The CPU by LLVM's name [default: what the kernels say, else the host's]
    #[arg(long, value_name = "CPU")]
    pub mcpu: Option<String>,
    /// Keeps the times in this folder
    #[arg(long, value_name = "DIR", env = "HWC_CACHE_DIR")]
    pub measure_store: Option<PathBuf>,
    /// Tells what the code is made of, too: vector registers, spills, instructions, bytes
    #[arg(long)]
    pub code: bool,
    /// Tells llvm-mca's cycles of the innermost loop by processor, which know no caches
    #[arg(long)]
    pub mca: bool,
    /// Tells times as a share of this arithmetic rate, in GFLOP/s
    #[arg(long, value_name = "RATE")]
    pub peak_gflops: Option<f64>,
    /// Tells times as a share of this bandwidth, in GB/s
    #[arg(long, value_name = "RATE")]
    pub peak_gbytes: Option<f64>,
    /// Writes the report as JSON
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

#[derive(Subcommand)]
pub enum Tune {
    /// Measures kernels of random programs, and of models, to learn from
    Collect(Collect),
    /// Has llvm-mca tell of measured kernels what their innermost loops take on other processors
    Label(Label),
    /// Learns a cost model from measured kernels
    Train(Train),
    /// Judges cost models by measured kernels of families that they have not learned from
    Eval(Eval),
    /// Adapts a cost model to this machine by a few kernels that are measured
    Adapt(Adapt),
}

#[derive(Args)]
#[command(after_help = EXIT_CODES)]
pub struct Label {
    /// Folders of `tune collect`
    #[arg(required = true)]
    pub stores: Vec<PathBuf>,
    /// The folder for all of their rows, labelled or not; where it has some of them, goes on with the others
    #[arg(short, long)]
    pub output: PathBuf,
    /// Asks about so many rows, drawn by a hash of their texts
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    pub rows: usize,
    /// Says nothing but errors
    #[arg(short, long)]
    pub quiet: bool,
}

#[derive(Args)]
#[command(after_help = EXIT_CODES)]
pub struct Train {
    /// Folders of `tune collect`
    #[arg(required = true)]
    pub stores: Vec<PathBuf>,
    /// Where to write the model
    #[arg(short, long)]
    pub output: PathBuf,
    /// Learns from the families too that `tune eval` tests on
    #[arg(long)]
    pub all_families: bool,
    #[command(flatten)]
    pub how: HowToTrain,
    /// Says nothing but errors
    #[arg(short, long)]
    pub quiet: bool,
}

/// How a model is trained.
#[derive(Args)]
pub struct HowToTrain {
    /// How often each kernel is learned from
    #[arg(long, value_name = "N", default_value_t = 60)]
    pub epochs: usize,
    /// Networks whose mean is the prediction
    #[arg(long, value_name = "N", default_value_t = 2)]
    pub members: usize,
    /// Another model for each number
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
}

#[derive(Args)]
#[command(after_help = EXIT_CODES)]
pub struct Eval {
    /// Folders of `tune collect`
    #[arg(required = true)]
    pub stores: Vec<PathBuf>,
    /// Judges these, which differ in their seeds [default: as many as there are seeds are trained]
    #[arg(long = "cost-model", value_name = "FILE")]
    pub cost_models: Vec<PathBuf>,
    /// How often what is compared is trained
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..))]
    pub seeds: u64,
    /// Compares with nothing else
    #[arg(long)]
    pub no_baselines: bool,
    /// Adapts the models to each machine that they do not know, by so many kernels of it, which are chosen among those of
    /// families to learn from, and judges them before and after
    #[arg(long, value_name = "SAMPLES")]
    pub adapt: Option<NonZeroUsize>,
    /// Lists so many of the worst choices
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub worst: usize,
    #[command(flatten)]
    pub how: HowToTrain,
    /// Says nothing but the table and errors
    #[arg(short, long)]
    pub quiet: bool,
}

#[derive(Args)]
#[command(after_help = EXIT_CODES)]
pub struct Adapt {
    /// The folder of measured kernels, as that of `tune collect`; what is there is not measured again
    pub store: PathBuf,
    /// Where to write the model
    #[arg(short, long)]
    pub output: PathBuf,
    /// The model to adapt, `builtin` or one of `tune train`
    #[arg(long = "cost-model", value_name = "FILE", default_value = "builtin")]
    pub cost_model: PathBuf,
    /// Measures so many kernels, which are chosen before any is measured
    #[arg(long, value_name = "N", default_value = "10")]
    pub samples: NonZeroUsize,
    /// Chooses among other programs for each number
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// Compiles for this CPU, `host` or LLVM's name
    #[arg(long, value_name = "CPU", default_value = "host")]
    pub mcpu: String,
    /// Says nothing but errors
    #[arg(short, long)]
    pub quiet: bool,
}

#[derive(Args)]
#[command(after_help = EXIT_CODES)]
pub struct Collect {
    /// The folder of measured kernels; what is there is kept, and continued. Folders merge by copying their files together
    pub store: PathBuf,
    /// Ends after this time; a program that is being measured is finished
    #[arg(long, value_name = "MINUTES", default_value = "60", value_parser = limit)]
    pub minutes: f64,
    /// Ends after so many kernels
    #[arg(long, value_name = "N")]
    pub rows: Option<usize>,
    /// Other programs for each number
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// Runs kernels by so many threads; of several numbers, each program draws one
    #[arg(long, value_name = "N,...", value_delimiter = ',', default_value = "1")]
    pub threads: Vec<NonZeroUsize>,
    /// Compiles for these CPUs, `host` or LLVM's names; each program draws one
    #[arg(long, value_name = "CPU,...", value_delimiter = ',', default_value = "host")]
    pub mcpu: Vec<String>,
    /// Measures a kernel under up to so many schedules
    #[arg(long, value_name = "N", default_value_t = 15, value_parser = clap::value_parser!(u32).range(1..))]
    pub schedules: u32,
    /// Measures families of programs that a model learns from, or that it is tested on
    #[arg(long, value_enum, default_value_t = Families::All)]
    pub families: Families,
    /// Measures kernels of this model too, with symbolic dimensions fixed as by `compile --dim`
    #[arg(long = "model", value_name = "FILE[,NAME=SIZE]...", value_parser = sized_model)]
    pub models: Vec<SizedModel>,
    /// Says nothing but errors
    #[arg(short, long)]
    pub quiet: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Families {
    All,
    Learned,
    Tested,
}

#[derive(Args)]
#[command(after_help = EXIT_CODES)]
pub struct Run {
    /// A compiled model: an artifact, or a library beside its weights
    pub model: PathBuf,
    /// A value for an input
    #[arg(long = "input", value_name = "NAME=FILE.npy", value_parser = named_path)]
    pub inputs: Vec<(String, PathBuf)>,
    /// Writes each output to this folder, as NAME.npy
    #[arg(long, value_name = "DIR")]
    pub output_dir: Option<PathBuf>,
    /// Runs this many times and reports the times
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub repeat: u32,
    /// Computes by at most so many threads [default: as many as the process may run at once]
    #[arg(long, value_name = "N")]
    pub threads: Option<NonZeroUsize>,
    /// Writes the report as JSON
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

#[derive(Args)]
#[command(after_help = EXIT_CODES)]
pub struct Inspect {
    /// A compiled model or an ONNX file
    pub file: PathBuf,
    /// Prints JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Args)]
#[command(after_help = EXIT_CODES)]
pub struct Verify {
    /// Folders that hold model.onnx and test_data_set_*/{input,output}_N.pb
    #[arg(required_unless_present = "stdin")]
    pub folders: Vec<PathBuf>,
    /// Reads one folder a line from standard input and answers each with a line of JSON
    #[arg(long, conflicts_with = "folders")]
    pub stdin: bool,
}

#[derive(Args)]
pub struct Completions {
    pub shell: clap_complete::Shell,
}

#[derive(Args)]
pub struct Manual {
    pub command: Option<String>,
}

fn dim(text: &str) -> Result<(String, usize), String> {
    let (name, size) = text.rsplit_once('=').ok_or("expected NAME=SIZE")?;
    let size = size.parse().map_err(|_| format!("`{size}` is no size; expected a whole number"))?;
    if name.is_empty() { Err("the name is empty".into()) } else { Ok((name.into(), size)) }
}

/// A model with what fixes its symbolic dimensions.
#[derive(Clone, Debug)]
pub struct SizedModel {
    pub path: PathBuf,
    pub dims: Vec<(String, usize)>,
}

fn sized_model(text: &str) -> Result<SizedModel, String> {
    let mut parts = text.split(',');
    let path = parts.next().unwrap_or_default().into();
    Ok(SizedModel { path, dims: parts.map(dim).collect::<Result<_, _>>()? })
}

fn limit(text: &str) -> Result<f64, String> {
    let limit = text.parse().ok().filter(|limit| *limit >= 0.0);
    limit.ok_or_else(|| "expected a number that is not negative".into())
}

fn egraph_file(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    let is = |known| path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case(known));
    if is("json") || is("dot") { Ok(path) } else { Err("expected NAME.json or NAME.dot".into()) }
}

fn named_path(text: &str) -> Result<(String, PathBuf), String> {
    let (name, path) = text.split_once('=').ok_or("expected NAME=FILE")?;
    if name.is_empty() || path.is_empty() {
        return Err("expected NAME=FILE".into());
    }
    Ok((name.into(), path.into()))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_sound() {
        super::Cli::command().debug_assert();
    }
}
