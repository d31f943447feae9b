//! Documents: every page for people as plain data: where it leads, what can be led to, its blocks and words of code.
//!
//! Lives here: reading Markdown as GitHub does. May not: judge.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

use super::workspace::root;

/// A folder that only a build makes.
const BUILT: &str = "target";

/// A page, its path from the root of the workspace, and what of it can be checked.
#[derive(Debug, Default)]
pub struct Page {
    pub path: String,
    pub text: String,
    /// Where links and pictures lead, as they are written.
    pub links: Vec<String>,
    /// What a link can name after `#`: a headline, as GitHub makes an anchor of it.
    pub anchors: BTreeSet<String>,
    pub blocks: Vec<Block>,
    /// Code within a sentence.
    pub words: Vec<String>,
}

/// A fenced block of code, and the language that it says it is in.
#[derive(Debug, Default)]
pub struct Block {
    pub language: String,
    pub text: String,
}

impl Page {
    /// From its text.
    pub fn read(path: &str, text: &str) -> Self {
        let mut page = Self { path: path.to_owned(), text: text.to_owned(), ..Self::default() };
        let (mut headline, mut block) = (None::<String>, None::<Block>);
        let mut headlines = BTreeMap::new();
        for event in Parser::new_ext(text, Options::ENABLE_TABLES) {
            match event {
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    page.links.push(dest_url.to_string());
                }
                Event::Start(Tag::Heading { .. }) => headline = Some(String::new()),
                Event::End(TagEnd::Heading(_)) => {
                    page.anchors.extend(headline.take().map(|text| anchor(&text, &mut headlines)));
                }
                Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(language))) => {
                    block = Some(Block { language: language.to_string(), text: String::new() });
                }
                Event::End(TagEnd::CodeBlock) => page.blocks.extend(block.take()),
                Event::Text(text) => match (&mut block, &mut headline) {
                    (Some(block), _) => block.text.push_str(&text),
                    (None, Some(headline)) => headline.push_str(&text),
                    (None, None) => {}
                },
                Event::Code(text) => {
                    page.words.push(text.to_string());
                    if let Some(headline) = &mut headline {
                        headline.push_str(&text);
                    }
                }
                _ => {}
            }
        }
        page
    }

    /// Blocks in a language.
    pub fn blocks_of<'a>(&'a self, language: &'a str) -> impl Iterator<Item = &'a Block> {
        self.blocks.iter().filter(move |block| block.language == language)
    }
}

/// GitHub's rule: small letters, no punctuation but `-` and `_`, `-` for spaces; a number behind one that is there already.
fn anchor(headline: &str, before: &mut BTreeMap<String, usize>) -> String {
    let kept = headline.trim().chars().filter(|&one| one.is_alphanumeric() || " -_".contains(one));
    let plain: String = kept.collect::<String>().to_lowercase().replace(' ', "-");
    let count = before.entry(plain.clone()).or_default();
    let anchor = if *count == 0 { plain } else { format!("{plain}-{count}") };
    *count += 1;
    anchor
}

/// Every page of the workspace, by path.
pub fn pages() -> Vec<Page> {
    let mut found = Vec::new();
    collect(&root(), &mut found);
    assert!(found.len() > 80, "{} documents: some were not seen", found.len());
    found
}

fn collect(folder: &Path, found: &mut Vec<Page>) {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("a readable folder").path()).collect();
    paths.sort();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with('.') || name == BUILT {
            continue;
        }
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            let text = fs::read_to_string(&path).expect("documents are readable text");
            let inside = path.strip_prefix(root()).expect("collected under the root");
            found.push(Page::read(&inside.display().to_string(), &text));
        }
    }
}

#[test]
fn a_page_is_read_as_github_shows_it() {
    let text = "# `run`, and: what_then?\n\n## Twice\n\n## Twice\n\n| [a](b.md#c) | `x` |\n|---|---|\n\n\
                `[no](link.md)` and ![d](e.png)\n\n```toml\n[f](g.md)\n```\n";
    let page = Page::read("docs/a.md", text);
    assert_eq!(page.links, ["b.md#c", "e.png"]);
    assert_eq!(Vec::from_iter(&page.anchors), ["run-and-what_then", "twice", "twice-1"]);
    assert_eq!(page.words, ["run", "x", "[no](link.md)"]);
    assert_eq!(page.blocks_of("toml").map(|block| block.text.as_str()).collect::<Vec<_>>(), ["[f](g.md)\n"]);
    assert_eq!(page.blocks_of("sh").count(), 0);
}
