//! Reading the output of a text-recognition network trained with connectionist temporal classification.
//!
//! Graves et al.: Connectionist temporal classification (2006), greedy decoding.

/// The alphabet of a model, index 0 being the blank.
pub struct Alphabet(Vec<String>);

impl Alphabet {
    /// From the model's metadata: one character a line. PP-OCR appends a space, which the list leaves out.
    pub fn from_metadata(characters: &str) -> Alphabet {
        let blank = std::iter::once(String::new());
        Alphabet(blank.chain(characters.lines().map(String::from)).chain(std::iter::once(" ".to_string())).collect())
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The most probable character of each step, repetitions and blanks left out; `scores` has one row a step.
    pub fn decode(&self, scores: &[f32]) -> String {
        let mut text = String::new();
        let mut last = 0;
        for row in scores.chunks_exact(self.len()) {
            let best = row.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).map_or(0, |(index, _)| index);
            if best != last {
                text.push_str(&self.0[best]);
            }
            last = best;
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repetitions_are_one_unless_a_blank_is_between() {
        let alphabet = Alphabet::from_metadata("a\nb");
        assert_eq!(alphabet.len(), 4);
        let row = |best: usize| (0..4).map(move |i| if i == best { 1.0 } else { 0.0 });
        let scores: Vec<f32> = [1, 1, 0, 1, 2, 3, 2, 0].into_iter().flat_map(row).collect();
        assert_eq!(alphabet.decode(&scores), "aab b");
    }
}
