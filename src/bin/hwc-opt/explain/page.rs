//! An explanation as one page that needs nothing but itself.

use hwc::Explanation;
use minijinja::value::{Serde, Value};
use minijinja::{Environment, Error, context};

use super::picture::picture;
use super::time;

/// The page about a model.
///
/// # Errors
/// A defect of the template.
pub fn page(model: &str, explanation: &Explanation) -> Result<String, Error> {
    let mut environment = Environment::new();
    environment.add_filter("time", time);
    // The ending of the name is what has values escaped.
    environment.add_template("page.html", include_str!("page.html"))?;
    let pictures = [("before", &explanation.before), ("after", &explanation.after)];
    let pictures = pictures.map(|(name, graph)| (name, picture(graph)));
    environment.get_template("page.html")?.render(context! {
        model,
        pictures => Value::from(Serde(pictures)),
        e => Value::from(Serde(explanation)),
        largest => explanation.parts.iter().flat_map(|part| &part.iterations).map(|i| i.nodes).max(),
    })
}
