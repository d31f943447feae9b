//! Examples: what documents say to type is a command line, what they say to write is a configuration, and a key that they
//! name is there.
//!
//! Lives here: examples held against the program. May not: run them.

use std::collections::BTreeSet;

use clap::error::ErrorKind;
use daemon::commands::command;
use daemon::config::{Config, DEFAULTS};
use toml::{Table, Value};

use super::documents::{Page, pages};

/// The language of blocks whose lines are typed, and of those that are a configuration.
const TYPED: &str = "sh";
const WRITTEN: &str = "toml";
/// What is started.
const PROGRAM: &str = "driftform";
/// Words after which a command line begins anew.
const BETWEEN: [&str; 8] = ["|", "&&", "||", ";", "&", "--", "then", "do"];
/// Words that start what stands after them.
const STARTERS: [&str; 4] = ["nohup", "exec", "time", "sudo"];
/// Where a shell sends what comes out.
const SENT: [&str; 6] = [">", ">>", "2>", "2>&1", "<", "&>"];
/// How a file ends, which is no key although it may be called as a section is.
const FILES: [&str; 4] = ["rs", "json", "toml", "safetensors"];
/// Pages that name keys which are no more, and keys of a chart.
const OF_OTHER_KEYS: [&str; 2] = ["CHANGELOG.md", "helm/driftform/README.md"];
/// Fewer than this, and some were not seen.
const LINES_LEAST: usize = 30;
const CONFIGURATIONS_LEAST: usize = 5;
const KEYS_LEAST: usize = 100;

/// A block says what differs from a file that a reader has already; this is the least of such a file.
const FILE: &str = r#"
[schema]
classes = ["fine", "fraud"]
features = [{ name = "amount", kind = "numeric" }]
"#;

/// The lines of a block, as a shell joins them.
fn lines(text: &str) -> Vec<String> {
    text.replace("\\\n", " ").lines().map(str::to_owned).collect()
}

/// What is said to the program in a line, each time that it is started there.
fn started(line: &str) -> Vec<Vec<String>> {
    let words = words(line);
    let words: Vec<&str> = words.iter().flat_map(|word| parted(word)).collect();
    let commands = words.split(|word| BETWEEN.contains(word)).filter_map(|words| {
        let is_before = |word: &&&str| STARTERS.contains(*word) || is_setting(word);
        let mut words = words.iter().skip_while(is_before);
        let program = words.next()?;
        let is_ours = *program == PROGRAM || program.ends_with(&format!("/{PROGRAM}"));
        let said = words.take_while(|word| !SENT.contains(*word)).map(|&word| word.to_owned());
        is_ours.then(|| said.collect())
    });
    let mut found: Vec<Vec<String>> = commands.collect();
    found.extend(by_cargo(&words));
    found
}

/// The words of a line, as a shell parts them; what it says for people is left out.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for one in line.chars() {
        match (quote, one) {
            (None, '#') if word.is_none() => break,
            (None, '"' | '\'') => {
                quote = Some(one);
                word.get_or_insert_default();
            }
            (Some(begun), _) if begun == one => quote = None,
            (None, _) if one.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(one),
        }
    }
    words.extend(word);
    words
}

/// A word, and the `;` that ends it.
fn parted(word: &str) -> Vec<&str> {
    match word.strip_suffix(';') {
        Some(before) if !before.is_empty() => vec![before, ";"],
        Some(_) | None => vec![word],
    }
}

/// `NAME=value` before a command.
fn is_setting(word: &str) -> bool {
    let name = word.split_once('=').map_or("", |(name, _)| name);
    !name.is_empty() && name.chars().all(|one| one.is_ascii_alphanumeric() || one == '_')
}

/// `cargo run -- …` of the default package.
fn by_cargo(words: &[&str]) -> Option<Vec<String>> {
    let at = words.iter().position(|word| *word == "--")?;
    let (cargo, said) = words.split_at(at);
    let of_another = ["-p", "--package", "--bin", "--example"];
    let is_run = cargo.windows(2).any(|pair| pair == ["cargo", "run"]);
    let is_ours = is_run && !cargo.iter().any(|word| of_another.contains(word));
    is_ours.then(|| said[1..].iter().map(|&word| word.to_owned()).collect())
}

/// Why the program would refuse what is said to it.
fn refusal(said: &[String]) -> Option<String> {
    let words = std::iter::once(PROGRAM.to_owned()).chain(said.iter().cloned());
    let error = command().try_get_matches_from(words).err()?;
    let is_help = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    (!is_help).then(|| error.to_string())
}

/// Why a command that a sentence names is none: it need not be whole.
fn unknown_command(word: &str) -> Option<String> {
    let mut said = word.strip_prefix(PROGRAM)?.strip_prefix(' ')?.split_whitespace();
    let named = said.next().filter(|named| !named.starts_with('-'))?;
    let all = command();
    let Some(found) = all.find_subcommand(named) else {
        return Some(format!("there is no command `{named}`"));
    };
    let flags: BTreeSet<String> =
        found.get_arguments().filter_map(|one| one.get_long()).map(|long| format!("--{long}")).collect();
    let flag =
        |word: &&str| word.starts_with("--") && !flags.contains(word.split('=').next().unwrap_or_default());
    said.find(flag).map(|flag| format!("`{named}` has no `{flag}`"))
}

/// A table, and what another says differently.
fn laid_over(mut below: Table, above: Table) -> Table {
    for (key, value) in above {
        let value = match (below.remove(&key), value) {
            (Some(Value::Table(below)), Value::Table(above)) => Value::Table(laid_over(below, above)),
            (_, value) => value,
        };
        below.insert(key, value);
    }
    below
}

/// Why a block is no configuration, neither whole nor as what is added to one.
fn no_configuration(text: &str) -> Option<String> {
    let table: Table = match text.parse() {
        Ok(table) => table,
        Err(error) => return Some(format!("{error}")),
    };
    let file: Table = FILE.parse().expect("it is TOML");
    Config::parse(&laid_over(file, table).to_string()).err().map(|error| error.to_string())
}

/// Every section, and every key as `section.key`.
fn keys() -> (BTreeSet<String>, BTreeSet<String>) {
    let all: Table = DEFAULTS.parse().expect("the defaults are TOML");
    let of = |section: &String, table: &Value| -> Vec<String> {
        let keys = table.as_table().into_iter().flat_map(Table::keys);
        keys.map(|key| format!("{section}.{key}")).collect()
    };
    let named = all.iter().flat_map(|(section, table)| of(section, table)).collect();
    (all.keys().cloned().collect(), named)
}

/// Whether a word of code looks like a key of a section, and whether it is one.
fn as_key(word: &str, (sections, keys): &(BTreeSet<String>, BTreeSet<String>)) -> Option<bool> {
    let key = word.split(" = ").next().unwrap_or_default();
    let (section, name) = key.split_once('.').filter(|(_, name)| !FILES.contains(name))?;
    let is_name = name.chars().all(|one| one.is_ascii_lowercase() || one == '_' || one.is_ascii_digit());
    (sections.contains(section) && is_name && !name.is_empty()).then(|| keys.contains(key))
}

fn told(page: &Page, wrong: &str) -> String {
    format!("{}: {wrong}", page.path)
}

#[test]
fn every_command_line_in_a_document_is_one() {
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for page in &pages() {
        let blocks = page.blocks_of(TYPED);
        for said in blocks.flat_map(|block| lines(&block.text)).flat_map(|line| started(&line)) {
            seen += 1;
            wrong.extend(refusal(&said).map(|why| told(page, &format!("{}\n{why}", said.join(" ")))));
        }
        wrong.extend(page.words.iter().filter_map(|word| unknown_command(word)).map(|why| told(page, &why)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen >= LINES_LEAST, "{seen} command lines: some were not seen");
}

#[test]
fn every_configuration_in_a_document_is_one() {
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for page in &pages() {
        for block in page.blocks_of(WRITTEN) {
            seen += 1;
            wrong.extend(
                no_configuration(&block.text).map(|why| told(page, &format!("{why}\n{}", block.text))),
            );
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen >= CONFIGURATIONS_LEAST, "{seen} configurations: some were not seen");
}

#[test]
fn every_key_that_a_document_names_is_there() {
    let (keys, mut wrong, mut seen) = (keys(), Vec::new(), 0);
    for page in pages().iter().filter(|page| !OF_OTHER_KEYS.contains(&page.path.as_str())) {
        for (word, known) in page.words.iter().filter_map(|word| Some((word, as_key(word, &keys)?))) {
            seen += 1;
            wrong.extend((!known).then(|| told(page, &format!("there is no key `{word}`"))));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen >= KEYS_LEAST, "{seen} keys: some were not seen");
}

#[test]
fn what_is_said_to_the_program_is_found() {
    let found = |line: &str| started(line).iter().map(|said| said.join(" ")).collect::<Vec<_>>();
    assert_eq!(found("driftform run --config a.toml   # the daemon"), ["run --config a.toml"]);
    assert_eq!(found("A=1 nohup target/release/driftform run > log 2>&1 &"), ["run"]);
    assert_eq!(found("driftform schema | head; driftform check"), ["schema", "check"]);
    assert_eq!(found("kubectl exec x-0 -- driftform budget --config b"), ["budget --config b"]);
    assert_eq!(found("cargo run --release -- demo --keep"), ["demo --keep"]);
    assert_eq!(found("helm install fraud helm/driftform --namespace ml"), [""; 0]);
    assert_eq!(found("cargo run -p tests --bin restart -- --rows 2"), [""; 0]);
    assert_eq!(words("a 'b c'\"d\" '' e#f # g"), ["a", "b cd", "", "e#f"]);
    assert_eq!(lines("driftform run \\\n  --config a\n"), ["driftform run    --config a"]);
}

#[test]
fn a_wrong_example_is_seen() {
    let said = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
    for good in ["run --config a.toml", "--help", "demo --help", "budget --config a p99_seconds 0.04"] {
        assert_eq!(refusal(&said(good)), None, "{good}");
    }
    for bad in ["run", "launch", "run --config a --fast", "budget --config a p99_seconds"] {
        assert!(refusal(&said(bad)).is_some(), "{bad}");
    }
    assert_eq!(unknown_command("driftform promote"), None);
    assert_eq!(unknown_command("driftform launch").as_deref(), Some("there is no command `launch`"));
    assert_eq!(unknown_command("driftform run --fast").as_deref(), Some("`run` has no `--fast`"));
    assert_eq!(no_configuration("[model]\nname = \"a\"\n"), None);
    assert!(no_configuration("[model]\nnames = \"a\"\n").is_some_and(|why| why.contains("names")));
    assert!(no_configuration("[schema]\nclasses = []\n").is_some(), "what is there wins over what is below");
    assert!(no_configuration("not TOML").is_some());
    let keys = keys();
    assert_eq!(as_key("gate.alpha = 0.05", &keys), Some(true));
    assert_eq!(as_key("gate.beta", &keys), Some(false));
    assert_eq!((as_key("driftform.toml", &keys), as_key("serve.rs", &keys)), (None, None));
}
