//! Networks as pictures: each member's blocks from its input to its answer, and what an edit has changed.
//!
//! Lives here: what to draw of a mixture ([`draw`]), and drawing it. May not: know why it was edited.

use maud::{Markup, html};
use model::{Architecture, Block, Edit, Embedding, Mixture, Morphism, Origin};
use serde::{Deserialize, Serialize};

use super::facts::Network;

/// A picture's width, and what its boxes take of it.
const WIDTH: usize = 300;
const BOX_LEFT: usize = 8;
const BOX_WIDTH: usize = 252;
const BOX_HEIGHT: usize = 36;
const STEP: usize = 54;
/// The bar that stands for a block's units: so many pixels each time they double.
const BAR_A_DOUBLING: f64 = 20.0;

/// A member of a mixture.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Member {
    /// What it is, in words.
    pub name: String,
    /// How much its answers count.
    pub weight: Option<f64>,
    /// Where it is new: the number of the member before the edit that it is nearest to, from 1.
    pub from: Option<usize>,
    /// Where it is new: the morphisms that lead from there.
    pub morphisms: Vec<String>,
    /// From its input to its answer.
    pub layers: Vec<Layer>,
}

/// What is drawn as one box.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Layer {
    /// What stands in it.
    pub text: String,
    /// Its units; none for what has none.
    pub units: Option<usize>,
    /// Whether it also reaches the head past what follows.
    pub skips: bool,
    /// Whether the edit has changed it.
    pub changed: bool,
}

/// What to draw of a mixture; `weights` are its members', and `before` is what it was made of.
pub fn draw(mixture: &Mixture, weights: &[f32], before: Option<&Mixture>) -> Network {
    let edit = before.map(|before| Edit::between(before, mixture));
    let member = |(at, architecture): (usize, &Architecture)| {
        let weight = weights.get(at).filter(|_| weights.len() == mixture.members.len());
        let weight = weight.map(|weight| f64::from(*weight)).filter(|weight| weight.is_finite());
        let origin = edit.as_ref().and_then(|edit| edit.0.get(at));
        let parent = match origin {
            Some(Origin::Child { parent, .. }) => {
                before.and_then(|before| Some((*parent, before.members.get(*parent)?)))
            }
            Some(Origin::Kept(_)) | None => None,
        };
        let path = parent.map_or(Vec::new(), |(_, from)| Morphism::path(from, architecture));
        Member {
            name: architecture.to_string(),
            weight,
            from: parent.map(|(at, _)| at + 1),
            morphisms: path.iter().map(ToString::to_string).collect(),
            layers: layers(architecture, parent.map(|(_, from)| from)),
        }
    };
    let parents = edit.as_ref().map_or(Vec::new(), Edit::parents);
    let gone = before.iter().flat_map(|before| before.members.iter().enumerate());
    let gone = gone.filter(|(at, _)| !parents.contains(at)).map(|(_, member)| member.to_string());
    Network {
        rule: mixture.rule.name().into(),
        members: mixture.members.iter().enumerate().map(member).collect(),
        gone: gone.collect(),
        compared_with: before.map(ToString::to_string),
    }
}

/// The boxes of one network; what differs from `from` is changed.
fn layers(of: &Architecture, from: Option<&Architecture>) -> Vec<Layer> {
    let (of, from) = (of.canonical(), from.map(Architecture::canonical));
    let differs = |same: &dyn Fn(&Architecture) -> bool| from.as_ref().is_some_and(|from| !same(from));
    let inputs = Layer {
        text: inputs(&of),
        changed: differs(&|from| (from.context, from.embedding) == (of.context, of.embedding)),
        ..Layer::default()
    };
    let blocks = of.blocks.iter().enumerate().map(|(at, block)| Layer {
        text: plain(block),
        units: Some(block.width()),
        skips: block.skip,
        changed: differs(&|from| from.blocks.get(at) == Some(block)),
    });
    let head = Layer {
        text: head(&of),
        changed: differs(&|from| {
            (from.exits, from.committee, from.blocks.is_empty())
                == (of.exits, of.committee, of.blocks.is_empty())
        }),
        ..Layer::default()
    };
    let learns = Layer {
        text: format!("learns by {}", of.hyper),
        changed: differs(&|from| from.hyper == of.hyper),
        ..Layer::default()
    };
    std::iter::once(inputs).chain(blocks).chain([head, learns]).collect()
}

/// What a block does, in words; its way past what follows is drawn.
fn plain(block: &Block) -> String {
    Block { skip: false, ..block.clone() }.to_string()
}

fn inputs(of: &Architecture) -> String {
    let embedding =
        if of.embedding == Embedding::None { String::new() } else { format!(", {}", of.embedding) };
    let context = if of.context > 0 { format!(", last {} labels", of.context) } else { String::new() };
    format!("features{embedding}{context}")
}

fn head(of: &Architecture) -> String {
    let what = if of.blocks.is_empty() { "linear answer" } else { "answer" };
    let exits = if of.exits { " at every depth" } else { "" };
    let committee = if of.committee > 1 { format!(", committee of {}", of.committee) } else { String::new() };
    format!("{what}{exits}{committee}")
}

/// All members, one beside the other where there is room.
pub(super) fn picture(network: &Network) -> Markup {
    html! {
        div.members {
            @for (at, member) in network.members.iter().enumerate() {
                figure.member {
                    figcaption {
                        "Member " (at + 1)
                        @if let Some(weight) = member.weight { ", counts " (format!("{:.0} %", weight * 100.0)) }
                        @if let Some(from) = member.from { " " span.tag { "new, from member " (from) } }
                    }
                    (drawn(member))
                    @if !member.morphisms.is_empty() {
                        ul.edits { @for morphism in &member.morphisms { li { (morphism) } } }
                    }
                }
            }
        }
        @if !network.gone.is_empty() {
            p { "No longer there: " (network.gone.join(" | ")) }
        }
    }
}

/// One network, from its input down to its answer, and how it learns.
fn drawn(member: &Member) -> Markup {
    let head = member.layers.len().saturating_sub(2);
    let height = STEP * member.layers.len().saturating_sub(1) + BOX_HEIGHT + 8;
    html! {
        svg.network viewBox=(format!("0 0 {WIDTH} {height}")) role="img" aria-label=(label(member)) {
            @for (at, layer) in member.layers.iter().enumerate() {
                @let top = 4 + at * STEP;
                @if at < head {
                    line.way x1=(BOX_LEFT + BOX_WIDTH / 2) y1=(top + BOX_HEIGHT) x2=(BOX_LEFT + BOX_WIDTH / 2) y2=(top + STEP) {}
                }
                @if layer.skips && at + 1 < head { (skip(top, 4 + head * STEP)) }
                (boxed(layer, top, at <= head))
            }
        }
    }
}

/// The way from a box past all that follow into the head.
fn skip(from: usize, to: usize) -> Markup {
    let (right, middle) = (BOX_LEFT + BOX_WIDTH, BOX_HEIGHT / 2);
    let (from, to, out) = (from + middle, to + middle, WIDTH - 10);
    html! { path.way d=(format!("M{right} {from} H{out} V{to} H{right}")) {} }
}

fn boxed(layer: &Layer, top: usize, solid: bool) -> Markup {
    let bar = layer.units.map(|units| BAR_A_DOUBLING * (units.max(1) as f64 * 2.0).log2());
    let class = match (layer.changed, solid) {
        (true, _) => "box changed",
        (false, true) => "box",
        (false, false) => "box aside",
    };
    html! {
        rect class=(class) x=(BOX_LEFT) y=(top) width=(BOX_WIDTH) height=(BOX_HEIGHT) rx="6" {}
        @if let Some(bar) = bar {
            rect.units x=(BOX_LEFT + 1) y=(top + BOX_HEIGHT - 5) width=(format!("{:.0}", bar.min(BOX_WIDTH as f64 - 2.0))) height="4" {}
        }
        text x=(BOX_LEFT + BOX_WIDTH / 2) y=(top + BOX_HEIGHT / 2 + 3) text-anchor="middle" {
            (layer.text) @if layer.changed { " ✱" }
        }
    }
}

fn label(member: &Member) -> String {
    let changed: Vec<&str> =
        member.layers.iter().filter(|layer| layer.changed).map(|layer| layer.text.as_str()).collect();
    let changed =
        if changed.is_empty() { String::new() } else { format!("; changed: {}", changed.join(", ")) };
    format!("Network: {}{changed}", member.name)
}
