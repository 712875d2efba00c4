//! Connectionist temporal classification, decoded greedily (Graves et al., 2006).

/// The symbols that the model's last axis counts: nothing, the characters of its metadata (one a line), the space.
pub fn alphabet(characters: &str) -> Vec<String> {
    let lines = characters.lines().map(str::to_string);
    std::iter::once(String::new()).chain(lines).chain([" ".to_string()]).collect()
}

/// The most probable symbol of each step, without repetitions and blanks; and the lowest probability among those
/// letters. `probabilities` has shape `[steps, alphabet]`.
pub fn decode(probabilities: &[f32], alphabet: &[String]) -> (String, f32) {
    const BLANK: usize = 0;
    let (mut text, mut confidence, mut last) = (String::new(), 1.0_f32, BLANK);
    for step in probabilities.chunks_exact(alphabet.len()) {
        let Some((symbol, probability)) = step.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)) else { break };
        if symbol != BLANK && symbol != last {
            text += &alphabet[symbol];
            confidence = confidence.min(*probability);
        }
        last = symbol;
    }
    (text, confidence)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_alphabet_has_blank_first_and_space_last() {
        assert_eq!(alphabet("a\nb\n"), ["", "a", "b", " "]);
    }

    #[test]
    fn repetitions_collapse_unless_a_blank_is_between() {
        let alphabet = alphabet("a\nb");
        let steps = [1, 1, 0, 1, 2, 2, 3, 0, 2];
        let mut probabilities = vec![0.0; steps.len() * alphabet.len()];
        for (step, symbol) in steps.iter().enumerate() {
            probabilities[step * alphabet.len() + symbol] = 0.9 - step as f32 * 0.01;
        }
        let (text, confidence) = decode(&probabilities, &alphabet);
        assert_eq!(text, "aab b");
        assert!((confidence - 0.82).abs() < 1e-6);
    }
}
