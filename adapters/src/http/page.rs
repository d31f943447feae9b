//! The status page: plain HTML, made here, nothing loaded from elsewhere.
//!
//! May not: compute what it shows, or let through what would be read as markup.

use std::fmt::{self, Display, Write};

use super::{Health, Status};

const STYLE: &str = "\
:root{color-scheme:light dark}\
body{font:1rem/1.5 system-ui,sans-serif;max-width:48rem;margin:0 auto;padding:1rem;overflow-wrap:anywhere}\
h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}\
dl,ol{margin:0;padding:0;list-style:none}\
dl>div,li{display:grid;grid-template-columns:minmax(9rem,1fr) 3fr;gap:0 1rem;padding:.3rem 0;\
border-bottom:1px solid color-mix(in srgb,CanvasText 15%,Canvas)}\
dd{margin:0}dt,time{color:color-mix(in srgb,CanvasText 70%,Canvas)}\
.bad{font-weight:600}\
@media(max-width:30rem){dl>div,li{grid-template-columns:1fr}}";

/// How often a browser asks again, in seconds.
const REFRESH_SECONDS: u32 = 5;

/// The page as HTML.
pub(super) fn render(status: &Status, health: &Health) -> String {
    let mut page = String::new();
    write_page(&mut page, status, health).expect("writing to a string cannot fail");
    page
}

fn write_page(out: &mut String, status: &Status, health: &Health) -> fmt::Result {
    let title = Escaped(&status.title);
    write!(
        out,
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <meta http-equiv=\"refresh\" content=\"{REFRESH_SECONDS}\">\
         <title>{title}</title><style>{STYLE}</style></head>\n<body><h1>{title}</h1>\n"
    )?;
    out.write_str("<dl>\n")?;
    for (name, value) in &status.facts {
        writeln!(out, "<div><dt>{}</dt><dd>{}</dd></div>", Escaped(name), Escaped(value))?;
    }
    out.write_str("</dl>\n")?;
    write_checks(out, health)?;
    out.write_str("<h2>What happened</h2>\n")?;
    if status.timeline.is_empty() {
        return out.write_str("<p>Nothing yet.</p>\n</body></html>\n");
    }
    out.write_str("<ol>\n")?;
    for (time, what) in &status.timeline {
        writeln!(out, "<li><time>{}</time><span>{}</span></li>", Escaped(time), Escaped(what))?;
    }
    out.write_str("</ol>\n</body></html>\n")
}

fn write_checks(out: &mut String, health: &Health) -> fmt::Result {
    let summary = if health.is_ready() { "ready" } else { "not ready" };
    writeln!(out, "<h2>Health: {summary}</h2>\n<dl>")?;
    for (name, result) in &health.checks {
        let name = Escaped(name);
        match result {
            Ok(()) => writeln!(out, "<div><dt>{name}</dt><dd>ok</dd></div>")?,
            Err(reason) => {
                writeln!(out, "<div><dt>{name}</dt><dd class=\"bad\">{}</dd></div>", Escaped(reason))?;
            }
        }
    }
    out.write_str("</dl>\n")
}

/// Text that is shown as it is, inside an element or an attribute.
struct Escaped<'a>(&'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                plain => f.write_char(plain)?,
            }
        }
        Ok(())
    }
}
