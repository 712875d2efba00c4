//! Kernels of the dialect `hwk`: their attributes as plain types, and what makes a kernel valid.

use melior::Context;
use melior::ir::attribute::TypeAttribute;
use melior::ir::operation::{OperationLike, OperationRef};
use melior::ir::r#type::FunctionType;
use melior::ir::{Attribute, BlockLike, RegionLike, Type, ValueLike};

use super::types::tensor_type_from_mlir;
use crate::hwk::{Schedule, Space, Target, verify};
use crate::op::Op;

/// The names of the operations.
pub const KERNEL: &str = "hwk.kernel";
pub const LAUNCH: &str = "hwk.launch";
pub const YIELD: &str = "hwk.yield";

/// The attribute that numbers the arguments of a kernel which are constants wherever it is launched.
pub const CONSTANTS: &str = "hwk.constants";

/// The attribute that says how far apart the elements of a kernel's results lie, in elements along each axis: an array for
/// each result, empty for one that is row-major. Such a result is a part of a larger tensor.
pub const STRIDES: &str = "hwk.strides";

/// The attribute that says what code generation expects the most expensive loops of a kernel to take under its schedule: the
/// numbers of an [`Estimate`](crate::hwk::Estimate), `array<i64: ...>`. What measures kernels writes it, and cost models read it.
pub const ESTIMATE: &str = "hwk.estimate";

/// The attribute that says which chosen groups an operation of the graph is computed in, before kernels are formed, and of
/// which groups a launch does the work: `array<i64>` of three numbers for each group, the place in the graph of the part
/// that it is in, the number of that part's plan, and what it makes there. The first group stores what the operation makes.
pub const GROUPS: &str = "hwk.groups";

/// What was chosen for a kernel, as far as it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Choice {
    pub space: Option<Space>,
    pub schedule: Option<Schedule>,
    pub target: Option<Target>,
}

/// The attributes of a kernel by name, in the order of [`Choice`].
pub const CLAUSES: [&str; 3] = ["space", "schedule", "target"];

impl Choice {
    /// Reads the attributes that `attribute` gives by name.
    ///
    /// # Errors
    /// Each attribute that is of another kind than its name says.
    pub fn read<'c>(attribute: impl Fn(&str) -> Option<Attribute<'c>>) -> Result<Self, Vec<String>> {
        let mut errors = vec![];
        let mut text = |name: &str| {
            let printed = attribute(name)?.to_string();
            let parts = printed.strip_prefix("#hwk.").and_then(|rest| rest.strip_suffix('>')?.split_once('<'));
            let parts = parts.map(|(mnemonic, text)| (mnemonic.to_string(), text.to_string()));
            let fits = parts.filter(|(mnemonic, _)| match name {
                "target" => !["space", "schedule"].contains(&mnemonic.as_str()),
                _ => mnemonic == name,
            });
            if fits.is_none() {
                errors.push(format!("has the {name} {printed}, which is no {name}"));
            }
            fits
        };
        let (space, schedule, target) = (text("space"), text("schedule"), text("target"));
        let mut choice = Choice::default();
        // The dialect's parser has accepted the texts.
        let mut keep = |result: Result<(), String>| errors.extend(result.err());
        keep(space.map_or(Ok(()), |(_, text)| text.parse().map(|space| choice.space = Some(space))));
        keep(schedule.map_or(Ok(()), |(_, text)| text.parse().map(|schedule| choice.schedule = Some(schedule))));
        keep(target.map_or(Ok(()), |(mnemonic, text)| {
            Target::from_text(&mnemonic, &text).map(|target| choice.target = Some(target))
        }));
        if errors.is_empty() { Ok(choice) } else { Err(errors) }
    }

    /// The attributes that are there, by name.
    pub fn attributes<'c>(&self, context: &'c Context) -> Vec<(&'static str, Attribute<'c>)> {
        let [space, schedule, target] = CLAUSES;
        let texts = [
            self.space.as_ref().map(|s| (space, format!("#hwk.space<{s}>"))),
            self.schedule.as_ref().map(|s| (schedule, format!("#hwk.schedule<{s}>"))),
            self.target.as_ref().map(|t| (target, format!("#hwk.{}<{t}>", t.mnemonic()))),
        ];
        texts.into_iter().flatten().filter_map(|(name, text)| Some((name, Attribute::parse(context, &text)?))).collect()
    }

    /// Everything that does not go together.
    pub fn problems(&self) -> Vec<String> {
        match (&self.schedule, &self.space) {
            (None, _) => vec![],
            (Some(_), None) => {
                vec!["has a schedule but no space: it cannot be told what the schedule's dimensions are".into()]
            }
            (Some(_), Some(space)) if space.dims.is_empty() => {
                vec!["has a schedule but a space without dimensions".into()]
            }
            (Some(schedule), Some(space)) => verify(schedule, space, self.target.as_ref()),
        }
    }
}

/// Whether an operation is a kernel.
pub fn is_kernel(operation: &OperationRef) -> bool {
    operation.name().as_string_ref().as_str() == Ok(KERNEL)
}

/// Everything that is wrong with a kernel, one sentence each.
pub fn verify_kernel(kernel: &OperationRef) -> Vec<String> {
    let mut errors = signature_errors(kernel);
    match Choice::read(|name| kernel.attribute(name).ok()) {
        Ok(choice) => errors.extend(choice.problems()),
        Err(wrong) => errors.extend(wrong),
    }
    errors
}

fn signature_errors(kernel: &OperationRef) -> Vec<String> {
    let ty = kernel.attribute("function_type").ok().and_then(|a| TypeAttribute::try_from(a).ok());
    let Some(ty) = ty.and_then(|ty| FunctionType::try_from(ty.value()).ok()) else {
        return vec!["has no function type".into()];
    };
    let Some(block) = kernel.region(0).ok().and_then(|region| region.first_block()) else {
        return vec!["has no body".into()];
    };
    let mut errors = vec![];
    if block.next_in_region().is_some() {
        errors.push("has more than one block".to_string());
    }
    let inputs: Vec<Type> = (0..ty.input_count()).filter_map(|i| ty.input(i).ok()).collect();
    let results: Vec<Type> = (0..ty.result_count()).filter_map(|i| ty.result(i).ok()).collect();
    let arguments = (0..block.argument_count()).filter_map(|i| block.argument(i).ok());
    if !inputs.iter().copied().eq(arguments.map(|a| a.r#type())) {
        errors.push("has a body whose arguments are not those of its type".to_string());
    }
    for ty in inputs.iter().chain(&results).filter(|ty| tensor_type_from_mlir(**ty).is_none()) {
        errors.push(format!("takes or gives a {ty}; a kernel works on ranked tensors"));
    }
    let mut next = block.first_operation();
    while let Some(operation) = next {
        next = operation.next_in_block();
        let name = operation.name();
        let name = name.as_string_ref().as_str().unwrap_or("?").to_string();
        if name == YIELD && next.is_none() {
            if !results.iter().copied().eq(operation.operands().map(|v| v.r#type())) {
                errors.push("yields values whose types are not those of its results".to_string());
            }
        } else if Op::from_name(&name).is_none() {
            errors.push(format!("holds {name}; the body of a kernel is operations of `hwc` and hwk.yield at the end"));
        } else if next.is_none() {
            errors.push("does not end in hwk.yield".to_string());
        }
    }
    errors
}
