//! Plot: how many times shorter an episode is, by how many workers there are.
//!
//! Lives here: the drawing, as SVG by a library. May not: simulate.

use anyhow::{Result, anyhow};
use plotters::prelude::*;

use super::world::Simulated;

/// The size it is drawn at; pages scale it.
const SIZE: (u32, u32) = (720, 420);
const LETTERS: i32 = 15;
/// Inks that are seen on light and on dark pages, one for each number of candidates.
const INKS: [RGBColor; 4] =
    [RGBColor(213, 94, 0), RGBColor(0, 158, 115), RGBColor(0, 114, 178), RGBColor(204, 121, 167)];
const TEXT: RGBColor = RGBColor(128, 128, 128);
const GRID: RGBColor = RGBColor(200, 200, 200);

/// One curve for each number of candidates, both axes by factors.
pub fn draw(simulated: &[Simulated]) -> Result<String> {
    let mut svg = String::new();
    draw_into(&mut svg, simulated).map_err(|error| anyhow!("the plot cannot be drawn: {error}"))?;
    Ok(svg)
}

fn draw_into(svg: &mut String, simulated: &[Simulated]) -> Result<(), DrawingAreaErrorKind<std::io::Error>> {
    let most = |of: fn(&Simulated) -> f64| simulated.iter().map(of).fold(1.0, f64::max);
    let (workers, speed_up) = (most(|one| one.workers as f64), most(|one| one.speed_up));
    let area = SVGBackend::with_string(svg, SIZE).into_drawing_area();
    let mut context = ChartBuilder::on(&area)
        .margin(12)
        .x_label_area_size(44)
        .y_label_area_size(60)
        .build_cartesian_2d((1.0..workers).log_scale(), (1.0..speed_up * 1.2).log_scale())?;
    let letters = || ("sans-serif", LETTERS).into_font().color(&TEXT);
    context
        .configure_mesh()
        .x_desc("workers")
        .y_desc("times shorter than with one")
        .label_style(letters())
        .axis_style(GRID)
        .bold_line_style(GRID)
        .light_line_style(TRANSPARENT)
        .draw()?;
    let mut candidates: Vec<usize> = simulated.iter().map(|one| one.candidates).collect();
    candidates.dedup();
    for (candidates, ink) in candidates.into_iter().zip(INKS) {
        let of = simulated.iter().filter(|one| one.candidates == candidates);
        let points = of.map(|one| (one.workers as f64, one.speed_up));
        context
            .draw_series(LineSeries::new(points, ink.stroke_width(2)))?
            .label(format!("{candidates} candidates"))
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], ink.stroke_width(2)));
    }
    let corner = SeriesLabelPosition::UpperLeft;
    context.configure_series_labels().position(corner).label_font(letters()).border_style(GRID).draw()?;
    area.present()
}
