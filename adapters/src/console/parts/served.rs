//! What serves, and how well the arms have done.

use maud::{Markup, html};

use super::super::facts::{Arm, Curves, Network, Serving};
use super::super::{chart, network};

pub(super) fn serving(serving: &Serving) -> Markup {
    html! {
        h2 { "What serves, and why" }
        p.lead { "Generation " (serving.generation) ": " (serving.architecture) }
        p { (serving.why) }
        (changed(&serving.network))
        (network::picture(&serving.network))
    }
}

/// What the last morphism has changed, in words; the picture has a star there.
fn changed(of: &Network) -> Markup {
    let changed: usize = of.members.iter().filter(|member| member.from.is_some()).count();
    html! {
        @if let Some(before) = &of.compared_with {
            p.change {
                @if changed == 0 && of.gone.is_empty() { "As it was before: " (before) "." }
                @else { "What the last change made of " (before) " has a star ✱." }
            }
        }
    }
}

pub(super) fn curves(curves: &Curves) -> Markup {
    let (measure, level) = (&curves.measure, (1.0 - curves.alpha) * 100.0);
    html! {
        h2 { (capital(measure)) " since the start" }
        @match curves.stretches.last() {
            None => { p.nothing { "No outcome since the start of this process." } }
            Some(last) => {
                div.charts {
                    figure {
                        figcaption { (capital(measure)) " of each stretch" }
                        (chart::windows(curves))
                    }
                    figure {
                        figcaption { "Mean since the last swap, as its bound weighs it; the true one is in the band at every look, with " (format!("{level:.0} %")) }
                        (chart::since_swap(curves))
                    }
                }
                div.wide tabindex="0" role="region" aria-label="The arms now" {
                    table {
                        thead { tr { th scope="col" { "Arm" } th scope="col" { "Last stretch" } th scope="col" { "Since the last swap" } th scope="col" { "Band" } } }
                        tbody {
                            (row("arm-0", "Champion, as it served", &last.champion))
                            (row("arm-1", "Control, its learner", &last.control))
                            (row("arm-2", "First champion, frozen", &last.frozen))
                        }
                    }
                }
                p.small {
                    "At outcome " (last.until) ", the last stretch has " (last.outcomes) ". Lines across are swaps. A restart begins these curves anew."
                }
            }
        }
    }
}

fn row(class: &str, name: &str, arm: &Arm) -> Markup {
    let four = |value: f64| format!("{value:.4}");
    html! {
        tr {
            th scope="row" { span class={ "swatch " (class) } aria-hidden="true" {} (name) }
            td { (four(arm.mean)) }
            td { (four(arm.since_swap)) }
            td { (four(arm.lower)) " to " (four(arm.upper)) }
        }
    }
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}
