//! Links: what a document leads to is there, and a headline that is named is one of that page.
//!
//! Lives here: links within the workspace. May not: ask another server.

use std::collections::{BTreeMap, BTreeSet};

use super::documents::{Page, pages};
use super::workspace::root;

/// How a link begins that leads out of the workspace.
const ELSEWHERE: [&str; 3] = ["https://", "http://", "mailto:"];
/// Pages that lead to one another a lot: fewer links than this, and some were not seen.
const LINKS_LEAST: usize = 200;

/// What can be led to: headlines of every page, and whether there is a file.
struct Places<'a> {
    anchors: BTreeMap<&'a str, &'a BTreeSet<String>>,
    exists: &'a dyn Fn(&str) -> bool,
}

impl<'a> Places<'a> {
    fn new(pages: &'a [Page], exists: &'a dyn Fn(&str) -> bool) -> Self {
        Self { anchors: pages.iter().map(|page| (page.path.as_str(), &page.anchors)).collect(), exists }
    }

    /// One sentence for each link of a page that leads nowhere.
    fn wrong_with(&self, page: &Page) -> Vec<String> {
        let within = page.links.iter().filter(|link| !ELSEWHERE.iter().any(|start| link.starts_with(start)));
        within.filter_map(|link| self.refusal(&page.path, link)).collect()
    }

    fn refusal(&self, from: &str, link: &str) -> Option<String> {
        let (file, anchor) = link.split_once('#').map_or((link, None), |(file, anchor)| (file, Some(anchor)));
        let target = if file.is_empty() { Some(from.to_owned()) } else { resolved(from, file) };
        let Some(target) = target else {
            return Some(format!("{from}: `{link}` leads out of the workspace"));
        };
        if !(self.exists)(&target) {
            return Some(format!("{from}: `{link}`: there is no {target}"));
        }
        let named = self.anchors.get(target.as_str());
        let leads = |anchor| named.is_some_and(|anchors| anchors.contains(anchor));
        anchor
            .filter(|&anchor| !leads(anchor))
            .map(|anchor| format!("{from}: `{link}`: {target} has no headline `{anchor}`"))
    }
}

/// The path from the root that a link in a page means; none where it leads further up.
fn resolved(from: &str, link: &str) -> Option<String> {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in link.trim_end_matches('/').split('/') {
        match part {
            "." | "" => {}
            ".." => drop(parts.pop()?),
            _ => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[test]
fn every_link_of_a_document_leads_somewhere() {
    let pages = pages();
    let exists = |path: &str| root().join(path).exists();
    let places = Places::new(&pages, &exists);
    let wrong: Vec<String> = pages.iter().flat_map(|page| places.wrong_with(page)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let links: usize = pages.iter().map(|page| page.links.len()).sum();
    assert!(links >= LINKS_LEAST, "{links} links: some were not seen");
}

#[test]
fn every_page_for_users_is_led_to() {
    let pages = pages();
    let lead = |page: &Page| -> Vec<String> {
        let files = page.links.iter().filter_map(|link| link.split('#').next());
        files.filter_map(|file| resolved(&page.path, file)).collect()
    };
    let led_to: BTreeSet<String> = pages.iter().flat_map(lead).collect();
    let folder = |page: &Page| page.path.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
    let alone: Vec<&str> = pages
        .iter()
        .filter(|page| page.path.starts_with("docs/"))
        .filter(|page| !led_to.contains(&page.path) && !led_to.contains(&folder(page)))
        .map(|page| page.path.as_str())
        .collect();
    assert!(alone.is_empty(), "no document leads to {}", alone.join(", "));
}

#[test]
fn a_link_that_leads_nowhere_is_seen() {
    let pages = [Page::read("README.md", "# Top\n"), Page::read("docs/a.md", "# One thing\n")];
    let exists = |path: &str| ["README.md", "docs/a.md", "docs"].contains(&path);
    let places = Places::new(&pages, &exists);
    let wrong = |text: &str| places.wrong_with(&Page::read("docs/a.md", &format!("[x]({text})\n")));
    for good in
        ["../README.md", "../README.md#top", "#one-thing", "a.md#one-thing", "../docs/", "https://a.b/c#d"]
    {
        assert_eq!(wrong(good), [""; 0], "{good}");
    }
    assert_eq!(wrong("b.md"), ["docs/a.md: `b.md`: there is no docs/b.md"]);
    assert_eq!(wrong("#two"), ["docs/a.md: `#two`: docs/a.md has no headline `two`"]);
    assert_eq!(wrong("../README.md#one-thing").len(), 1);
    assert_eq!(wrong("../docs#x").len(), 1, "a folder has no headlines");
    assert_eq!(wrong("../../b.md"), ["docs/a.md: `../../b.md` leads out of the workspace"]);
}
