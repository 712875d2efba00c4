//! An explanation as one page that needs nothing but itself.

use hwc::Explanation;
use minijinja::value::{Serde, Value};
use minijinja::{Environment, Error, context};

use super::picture::picture;

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

/// Seconds in the unit that leaves few digits; infinite ones are written as such.
fn time(seconds: f64) -> String {
    const UNITS: &[(f64, &str)] = &[(1.0, "s"), (1e-3, "ms"), (1e-6, "µs")];
    if !seconds.is_finite() {
        return "∞".into();
    }
    let (unit, name) = UNITS.iter().find(|(unit, _)| seconds >= *unit).copied().unwrap_or((1e-6, "µs"));
    let digits = if seconds / unit < 10.0 { 2 } else { 1 };
    format!("{:.digits$} {name}", seconds / unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_units() {
        assert_eq!(
            [2.5, 0.0123, 4.5e-6, 3e-9, f64::INFINITY].map(time),
            ["2.50 s", "12.3 ms", "4.50 µs", "0.00 µs", "∞"]
        );
    }
}
