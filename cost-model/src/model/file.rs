//! A model as one file: what it is, which format, a checksum, and the content.

use serde::{Deserialize, Serialize};

use super::Report;
use super::adapt::Correction;
use super::batch::Scaling;
use super::error::Error;
use super::interval::Margins;
use super::loss::Standard;
use super::matrix::Matrix;
use super::network::{Network, Perceptron, Sequence, Shape};
use super::outside::Known;
use crate::text::{Unit, fingerprint};

/// How a file begins.
const MAGIC: &[u8; 16] = b"hwc cost model\n\0";
/// Counts changes of the content.
const VERSION: u32 = 4;
/// Bytes of the checksum.
const SUM: usize = 16;
/// Networks of tier 1 at most.
const MOST: usize = 16;

/// All that a model is.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(super) struct Content {
    /// [`fingerprint`] of the tokens it was trained on. It stays the first entry, so that models for other tokens are told
    /// from damaged ones.
    pub fingerprint: String,
    pub report: Report,
    pub known: Known,
    pub scaling: Scaling,
    pub standard: Standard,
    pub shape: Shape,
    /// Parameters of tier 0.
    pub screen: Vec<Matrix>,
    /// Parameters of the networks of tier 1.
    pub members: Vec<Vec<Matrix>>,
    pub margins: Margins,
    /// How much longer than another schedule of the same kernel one has to be expected to take, as a logarithm, to take longer.
    pub apart: Margins,
    /// What is different on machines that the model was adapted to, one for each.
    pub corrections: Vec<Correction>,
}

fn broken(why: impl std::fmt::Display) -> Error {
    Error::Broken(why.to_string())
}

impl Content {
    pub fn to_bytes(&self) -> Vec<u8> {
        // Nothing in it refuses to be written: there are no maps with unknown sizes and no foreign types.
        let body = postcard::to_stdvec(self).unwrap_or_default();
        let sum = blake3::hash(&body);
        [MAGIC, &VERSION.to_le_bytes()[..], &sum.as_bytes()[..SUM], &body].concat()
    }

    pub fn from_bytes(bytes: &[u8]) -> Result<Content, Error> {
        let rest = bytes.strip_prefix(MAGIC).ok_or(Error::NotAModel)?;
        let (version, rest) = rest.split_first_chunk::<4>().ok_or_else(|| broken("it ends in its version"))?;
        let found = u32::from_le_bytes(*version);
        if found != VERSION {
            return Err(Error::Version { found, wanted: VERSION });
        }
        let (sum, body) = rest.split_first_chunk::<SUM>().ok_or_else(|| broken("it ends in its checksum"))?;
        if blake3::hash(body).as_bytes()[..SUM] != sum[..] {
            return Err(broken("its checksum does not fit"));
        }
        let (found, _) = postcard::take_from_bytes::<String>(body).map_err(broken)?;
        if found != fingerprint() {
            return Err(Error::Tokens { found, wanted: fingerprint().into() });
        }
        let (content, rest) = postcard::take_from_bytes::<Content>(body).map_err(broken)?;
        if !rest.is_empty() {
            return Err(broken("something follows its end"));
        }
        content.check()?;
        Ok(content)
    }

    /// Sizes that agree, numbers that are finite.
    fn check(&self) -> Result<(), Error> {
        let inputs = self.scaling.inputs();
        let standard = self.standard.iter().all(|(mean, deviation)| mean.is_finite() && deviation.is_finite());
        if !(self.scaling.is_sound()
            && self.known.is_sound()
            && self.margins.is_sound()
            && self.apart.is_sound()
            && standard)
        {
            return Err(broken("what is known of features is not sound"));
        }
        if !self.shape.is_sound() || self.members.is_empty() || self.members.len() > MOST {
            return Err(broken("the sizes of its networks are out of bounds"));
        }
        let screen = Perceptron { inputs }.sizes();
        let sizes = Sequence { shape: self.shape, inputs }.sizes();
        if !fits(&self.screen, &screen) || !self.members.iter().all(|member| fits(member, &sizes)) {
            return Err(broken("its parameters do not fit to its networks"));
        }
        if !self.corrections.iter().all(Correction::is_sound) {
            return Err(broken("what it was adapted by is not sound"));
        }
        Ok(())
    }

    /// What is different on a unit's machine.
    pub fn correction(&self, unit: &Unit) -> Option<&Correction> {
        self.corrections.iter().find(|correction| Some(correction.target) == unit.target)
    }
}

fn fits(parameters: &[Matrix], sizes: &[[usize; 2]]) -> bool {
    let fit = |(parameter, [rows, cols]): (&Matrix, &[usize; 2])| {
        (parameter.rows, parameter.cols) == (*rows, *cols)
            && parameter.data.len() == rows * cols
            && parameter.data.iter().all(|x| x.is_finite())
    };
    parameters.len() == sizes.len() && parameters.iter().zip(sizes).all(fit)
}
