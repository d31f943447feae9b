//! Images: which features are a picture, and what may look at it.
//!
//! Lives here: the section, and what it makes of the schema, the members and the search space. Does not live here: what an
//! image does (that is [`model::image`]).

use model::{
    Architecture, Convolutions, Feature, FeatureKind, Hyper, Image, ImageLimits, Mixture, Optimiser, Picture,
    Schema,
};
use serde::{Deserialize, Serialize};

use super::{ConfigError, refuse};

/// `[image]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImageSection {
    /// See `config/default.toml`, which documents every key.
    pub first: String,
    /// See `config/default.toml`.
    pub height: u16,
    /// See `config/default.toml`.
    pub width: u16,
    /// See `config/default.toml`.
    pub channels: u16,
    /// See `config/default.toml`.
    pub units: Vec<u16>,
    /// See `config/default.toml`.
    pub blocks_max: usize,
    /// See `config/default.toml`.
    pub begin_with: Vec<Convolutions>,
}

impl ImageSection {
    /// The schema, with the picture that is in its rows.
    pub fn schema(&self, schema: Schema) -> Result<Schema, ConfigError> {
        if self.is_off() {
            return Ok(schema);
        }
        let is_first = |feature: &Feature| match self.first.as_str() {
            "" => feature.kind == FeatureKind::Numeric,
            name => feature.name == name,
        };
        let Some(first) = schema.features().iter().position(is_first) else {
            return refuse(format!(
                "`image.first` is `{}`, which is no feature; name the one with which the picture begins, or leave it empty: then that is \
                 the first number",
                self.first
            ));
        };
        let picture = Picture { first, height: self.height, width: self.width, channels: self.channels };
        schema.with_picture(Some(picture)).map_err(|error| ConfigError(format!("`image`: {error}")))
    }

    fn is_off(&self) -> bool {
        self.height == 0
    }

    /// What may be searched; nothing where rows have no picture.
    pub fn limits(&self) -> Option<ImageLimits> {
        let smallest = u8::try_from(self.height.min(self.width)).unwrap_or(u8::MAX);
        let mut limits =
            ImageLimits { units: self.units.clone(), blocks_max: self.blocks_max, ..ImageLimits::default() };
        limits.grids.retain(|grid| *grid <= smallest);
        (!self.is_off() && !self.units.is_empty()).then_some(limits)
    }

    /// The networks to begin with, with those that look at the picture, unless one of them does already.
    pub fn start(&self, mut start: Mixture) -> Result<Mixture, ConfigError> {
        let looks = |member: &Architecture| member.image != Image::None;
        if let (true, Some(member)) = (self.is_off(), start.members.iter().find(|member| looks(member))) {
            return refuse(format!(
                "`mixture.members` has `{member}`, but `image.height` is 0: rows have no picture"
            ));
        }
        if !self.is_off() && !start.members.iter().any(looks) {
            start.members.extend(self.begin_with.iter().cloned().map(looking));
        }
        start.check().map_err(|error| ConfigError(format!("`image.begin_with`: {error}")))?;
        Ok(start.canonical())
    }
}

/// A network that follows the stream and looks at the picture in each row.
fn looking(of: Convolutions) -> Architecture {
    let hyper = Hyper { optimiser: Optimiser::RmsProp, step_size: 0.003, ..Hyper::default() };
    Architecture { image: Image::Conv(of), ..Architecture::linear(hyper) }
}
