//! Charts: curves of the stream and of evidence, as SVG by a library.
//!
//! Lives here: what is drawn with which ink. May not: say which colour an ink has; that is the style sheet's, once for light and
//! once for dark, so here an ink is only a colour that nobody would choose.

use maud::{Markup, PreEscaped, html};
use plotters::prelude::*;

use super::facts::{Arm, Curves, PathPoint};

/// The size all charts are drawn at; pages scale them.
const SIZE: (u32, u32) = (460, 250);
const LETTERS: i32 = 15;
/// What curves may leave free above and below, as a share of their range.
const ROOM: f64 = 0.15;
/// The least range worth drawing.
const RANGE_MIN: f64 = 1e-3;
/// Evidence below this (natural logarithm) is drawn there: how little there is matters to nobody.
const EVIDENCE_LEAST: f64 = -3.0;

/// Inks, as the style sheet knows them.
const TEXT: RGBColor = RGBColor(1, 0, 0);
const GRID: RGBColor = RGBColor(2, 0, 0);
const ARMS: [RGBColor; 3] = [RGBColor(3, 0, 0), RGBColor(4, 0, 0), RGBColor(5, 0, 0)];
const LIMIT: RGBColor = RGBColor(6, 0, 0);
const MARK: RGBColor = RGBColor(7, 0, 0);
/// How much of a band's ink is seen.
const BAND_SHARE: f64 = 0.16;

/// A curve, in one or more pieces, each a list of places and values.
struct Curve {
    ink: RGBColor,
    pieces: Vec<Vec<(f64, f64)>>,
}

/// What is around a curve: for each place the lower and the upper end, in pieces.
struct Band {
    ink: RGBColor,
    pieces: Vec<Vec<(f64, f64, f64)>>,
}

/// What a chart shows.
#[derive(Default)]
struct Chart {
    /// For those who do not see it.
    label: String,
    curves: Vec<Curve>,
    bands: Vec<Band>,
    /// Values with a line of their own.
    levels: Vec<f64>,
    /// Places with a line of their own.
    marks: Vec<f64>,
    /// The least and the largest value that can be.
    bounds: (f64, f64),
}

/// Means over stretches of the stream.
pub(super) fn windows(curves: &Curves) -> Markup {
    let arm = |ink, of: fn(&Arm) -> f64, at: usize| Curve { ink, pieces: vec![values(curves, at, of)] };
    let lines = (0..ARMS.len()).map(|at| arm(ARMS[at], |arm| arm.mean, at)).collect();
    chart(&Chart {
        label: format!("{} of champion, control and frozen first champion along the stream", curves.measure),
        curves: lines,
        marks: marks(curves),
        bounds: (0.0, 1.0),
        ..Chart::default()
    })
}

/// Means since the last swap, with their confidence sequences.
pub(super) fn since_swap(curves: &Curves) -> Markup {
    let cuts = marks(curves);
    let lines = (0..ARMS.len()).map(|at| Curve {
        ink: ARMS[at],
        pieces: cut(&values(curves, at, |arm| arm.since_swap), |point| point.0, &cuts),
    });
    let bands = (0..ARMS.len()).map(|at| {
        let ends = curves.stretches.iter().map(|stretch| {
            let arm = stretch.arms()[at];
            (stretch.until as f64, arm.lower, arm.upper)
        });
        Band { ink: ARMS[at], pieces: cut(&ends.collect::<Vec<_>>(), |ends| ends.0, &cuts) }
    });
    chart(&Chart {
        label: format!("mean {} since the last swap, with confidence sequences", curves.measure),
        curves: lines.collect(),
        bands: bands.collect(),
        marks: cuts.clone(),
        bounds: (0.0, 1.0),
        ..Chart::default()
    })
}

/// The evidence of a test, as powers of ten, and the thresholds (natural logarithms) at which it decides.
pub(super) fn evidence(path: &[PathPoint], thresholds: &[f64]) -> Markup {
    let of = |ink, log: fn(&PathPoint) -> Option<f64>| {
        let points = path.iter().filter_map(|point| Some((point.outcomes as f64, to_tens(log(point)?))));
        Curve { ink, pieces: vec![points.collect()] }
    };
    chart(&Chart {
        label: "evidence of gain and of harm against the thresholds, as powers of ten".into(),
        curves: vec![of(ARMS[0], |point| point.log_gain), of(ARMS[1], |point| point.log_harm)],
        levels: thresholds.iter().map(|threshold| to_tens(*threshold)).collect(),
        bounds: (f64::NEG_INFINITY, f64::INFINITY),
        ..Chart::default()
    })
}

fn to_tens(log: f64) -> f64 {
    log.max(EVIDENCE_LEAST) / std::f64::consts::LN_10
}

fn values(curves: &Curves, at: usize, of: fn(&Arm) -> f64) -> Vec<(f64, f64)> {
    curves.stretches.iter().map(|stretch| (stretch.until as f64, of(&stretch.arms()[at]))).collect()
}

fn marks(curves: &Curves) -> Vec<f64> {
    curves.swaps.iter().map(|swap| swap.outcomes as f64).collect()
}

/// What is drawn begins anew after each cut.
fn cut<T: Copy>(points: &[T], place: fn(&T) -> f64, cuts: &[f64]) -> Vec<Vec<T>> {
    points.chunk_by(|a, b| !crossed(place(a), place(b), cuts)).map(<[T]>::to_vec).collect()
}

fn crossed(before: f64, after: f64, cuts: &[f64]) -> bool {
    cuts.iter().any(|cut| (before..after).contains(cut))
}

fn chart(chart: &Chart) -> Markup {
    let Some((places, range)) = ranges(chart) else {
        return html! { p.nothing { "Nothing to draw yet." } };
    };
    let mut svg = String::new();
    draw(&mut svg, chart, places, range).expect("writing to a string cannot fail");
    // What is around the drawing is written here: it has a width where the page has one, and words for those who do not see it.
    let drawn = svg.split_once('>').map_or("", |(_, rest)| rest);
    let drawn = drawn.trim_end().strip_suffix("</svg>").unwrap_or(drawn);
    html! {
        svg.chart viewBox=(format!("0 0 {} {}", SIZE.0, SIZE.1)) role="img" aria-label=(chart.label) {
            (PreEscaped(drawn))
        }
    }
}

/// From where to where a chart goes, in places and in values; none where there is nothing to draw.
fn ranges(chart: &Chart) -> Option<((f64, f64), (f64, f64))> {
    let points = || {
        chart
            .curves
            .iter()
            .flat_map(|curve| curve.pieces.iter().flatten())
            .filter(|point| point.1.is_finite())
    };
    let span = |values: &mut dyn Iterator<Item = f64>| {
        values.fold(None, |span: Option<(f64, f64)>, value| {
            Some(span.map_or((value, value), |(least, most)| (least.min(value), most.max(value))))
        })
    };
    let (from, to) = span(&mut points().map(|point| point.0))?;
    let levels = chart.levels.iter().copied();
    let (least, most) = span(&mut points().map(|point| point.1).chain(levels))?;
    let room = ((most - least) * ROOM).max(RANGE_MIN);
    let range = ((least - room).max(chart.bounds.0), (most + room).min(chart.bounds.1));
    (range.0 < range.1).then_some(((from, to.max(from + 1.0)), range))
}

fn draw(
    svg: &mut String,
    chart: &Chart,
    (from, to): (f64, f64),
    (least, most): (f64, f64),
) -> Result<(), DrawingAreaErrorKind<std::io::Error>> {
    let area = SVGBackend::with_string(svg, SIZE).into_drawing_area();
    let mut context = ChartBuilder::on(&area)
        .margin(8)
        .x_label_area_size(26)
        .y_label_area_size(46)
        .build_cartesian_2d(from..to, least..most)?;
    let letters = ("sans-serif", LETTERS).into_font().color(&TEXT);
    context
        .configure_mesh()
        .disable_x_mesh()
        .x_labels(4)
        .y_labels(5)
        .label_style(letters)
        .axis_style(GRID)
        .bold_line_style(GRID)
        .light_line_style(TRANSPARENT)
        .x_label_formatter(&|place| thousands(*place))
        .y_label_formatter(&|value| number(*value, most - least))
        .draw()?;
    let inside = |value: f64| value.clamp(least, most);
    for Band { ink, pieces } in &chart.bands {
        for piece in pieces.iter().filter(|piece| piece.len() > 1) {
            let there = piece.iter().map(|(place, lower, _)| (*place, inside(*lower)));
            let back = piece.iter().rev().map(|(place, _, upper)| (*place, inside(*upper)));
            let around: Vec<(f64, f64)> = there.chain(back).collect();
            context.draw_series(std::iter::once(Polygon::new(around, ink.mix(BAND_SHARE))))?;
        }
    }
    for mark in chart.marks.iter().filter(|mark| (from..=to).contains(*mark)) {
        context.draw_series(LineSeries::new([(*mark, least), (*mark, most)], MARK.stroke_width(1)))?;
    }
    for level in &chart.levels {
        context.draw_series(LineSeries::new([(from, *level), (to, *level)], LIMIT.stroke_width(2)))?;
    }
    for Curve { ink, pieces } in chart.curves.iter().rev() {
        for piece in pieces {
            let points = piece
                .iter()
                .filter(|point| point.1.is_finite())
                .map(|(place, value)| (*place, inside(*value)));
            context.draw_series(LineSeries::new(points, ink.stroke_width(2)))?;
        }
    }
    area.present()
}

fn thousands(place: f64) -> String {
    if place.abs() < 10_000.0 { format!("{place:.0}") } else { format!("{:.0}k", place / 1e3) }
}

fn number(value: f64, range: f64) -> String {
    let digits = if range < 0.05 {
        3
    } else if range < 0.5 {
        2
    } else {
        1
    };
    format!("{value:.digits$}")
}
