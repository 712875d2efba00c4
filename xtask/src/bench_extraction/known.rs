//! The best plans that are known of e-graphs of the extraction-gym.

/// File, without its endings, and the cost of its best known plan. What is not here is compared with our own plan where
/// that is proven to be the best.
const KNOWN: &[(&str, f64)] = &[
    ("rover_box_filter_3iteration_egraph", 1701.0),
    ("rover_mcm_3_7_21_original_8iteration_egraph", 1050.0),
    ("tensat_bert", 0.704719976783963),
    ("tensat_vgg", 4.850757016778516),
];

/// The best known cost for a file.
pub fn cost(file: &str) -> Option<f64> {
    let name = file.trim_end_matches(".gz").trim_end_matches(".json");
    KNOWN.iter().find(|(known, _)| *known == name).map(|(_, cost)| *cost)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_do_not_count() {
        assert_eq!(cost("tensat_vgg.json.gz"), cost("tensat_vgg.json"));
        assert!(cost("tensat_vgg.json").is_some());
        assert_eq!(cost("tensat_vgg_acyclic.json"), None);
    }
}
