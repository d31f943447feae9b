//! Boards: dashboards, rules and their tests as plain data, and the metrics that a query names.
//!
//! Lives here: reading them from the tree. May not: judge, or ask a Prometheus.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde::Deserialize;
use serde_json::Value;

mod promql;

pub use promql::{names, with_values};

/// What is watched at once, as files.
#[derive(Debug)]
pub struct Boards {
    /// Dashboards, by file name.
    pub dashboards: Vec<(String, Value)>,
    /// Rules of all files.
    pub rules: Vec<Rule>,
    /// Tests of all files.
    pub tests: Vec<RuleTest>,
}

/// A rule: it records or alerts.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Rule {
    /// What it records, if it does.
    #[serde(default)]
    pub record: String,
    /// What it alerts of, if it does.
    #[serde(default)]
    pub alert: String,
    /// The query.
    pub expr: String,
    /// How long that has to be so.
    #[serde(default, rename = "for")]
    pub lasting: String,
    /// What is added to the series.
    #[serde(default)]
    pub labels: Labels,
    /// What is told.
    #[serde(default)]
    pub annotations: Annotations,
}

/// What an alert adds to its series.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Labels {
    /// How urgent it is.
    #[serde(default)]
    pub severity: String,
}

/// What an alert tells.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Annotations {
    /// One sentence, always the same.
    pub summary: String,
    /// One sentence with the numbers.
    pub description: String,
    /// What to do.
    pub runbook_url: String,
    /// Where to look.
    pub dashboard_url: String,
}

#[derive(Deserialize)]
struct RuleFile {
    groups: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    rules: Vec<Rule>,
}

#[derive(Deserialize)]
struct TestFile {
    tests: Vec<RuleTest>,
}

/// One story that promtool tells the rules.
#[derive(Clone, Debug, Deserialize)]
pub struct RuleTest {
    /// When which alerts fire.
    #[serde(default)]
    pub alert_rule_test: Vec<AlertTest>,
    /// What is recorded when.
    #[serde(default)]
    pub promql_expr_test: Vec<ExprTest>,
}

/// What fires at a moment of the story.
#[derive(Clone, Debug, Deserialize)]
pub struct AlertTest {
    /// The moment, in minutes: `20m`.
    pub eval_time: String,
    /// Which alert.
    pub alertname: String,
    /// Each time that it fires then.
    #[serde(default)]
    pub exp_alerts: Vec<serde::de::IgnoredAny>,
}

/// What a query gives at a moment of the story.
#[derive(Clone, Debug, Deserialize)]
pub struct ExprTest {
    /// The query.
    pub expr: String,
    /// What comes out.
    #[serde(default)]
    pub exp_samples: Vec<serde::de::IgnoredAny>,
}

/// Where the tree begins.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The files of a folder that end so, by name.
pub fn files(folder: &Path, ending: &str) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))?;
    let paths = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    let is_one = |path: &PathBuf| path.extension().is_some_and(|found| found == ending);
    let mut paths: Vec<PathBuf> = paths.into_iter().filter(is_one).collect();
    paths.sort();
    Ok(paths)
}

impl Boards {
    /// All there are.
    pub fn read() -> Result<Self> {
        let folder = root().join("dashboards");
        let mut read = Self { dashboards: Vec::new(), rules: Vec::new(), tests: Vec::new() };
        for path in files(&folder, "json")? {
            let board = serde_json::from_str(&fs::read_to_string(&path)?);
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            read.dashboards.push((name, board.with_context(|| path.display().to_string())?));
        }
        for path in files(&folder.join("rules"), "yaml")? {
            let file: RuleFile = yaml(&path)?;
            read.rules.extend(file.groups.into_iter().flat_map(|group| group.rules));
        }
        for path in files(&folder.join("tests"), "yaml")? {
            let file: TestFile = yaml(&path)?;
            read.tests.extend(file.tests);
        }
        Ok(read)
    }

    /// Every query of the dashboards, with the name of what it is for.
    pub fn queries(&self) -> Vec<(String, String)> {
        self.dashboards.iter().flat_map(|(name, board)| queries(name, board)).collect()
    }
}

fn yaml<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<T> {
    let text = fs::read_to_string(path)?;
    serde_saphyr::from_str(&text).with_context(|| path.display().to_string())
}

/// The panels of a dashboard, those in folded rows, too.
pub fn panels(board: &Value) -> Vec<&Value> {
    let outer = board["panels"].as_array().map(Vec::as_slice).unwrap_or_default();
    outer
        .iter()
        .flat_map(|panel| std::iter::once(panel).chain(panel["panels"].as_array().into_iter().flatten()))
        .collect()
}

fn queries(name: &str, board: &Value) -> Vec<(String, String)> {
    let each = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let mut found = Vec::new();
    for panel in panels(board) {
        let title = format!("{name}: {}", panel["title"].as_str().unwrap_or_default());
        for target in each(&panel["targets"]) {
            found.push((title.clone(), target["expr"].as_str().unwrap_or_default().to_owned()));
        }
    }
    for annotation in each(&board["annotations"]["list"]) {
        let title = format!("{name}: annotation {}", annotation["name"].as_str().unwrap_or_default());
        found.push((title, annotation["expr"].as_str().unwrap_or_default().to_owned()));
    }
    for variable in each(&board["templating"]["list"]).iter().filter(|one| one["type"] == "query") {
        let title = format!("{name}: variable {}", variable["name"].as_str().unwrap_or_default());
        let query = variable["query"]["query"].as_str().unwrap_or_default();
        // `label_values(series, label)`: the series are a query.
        let series =
            query.strip_prefix("label_values(").and_then(|rest| rest.rsplit_once(',')).map(|it| it.0);
        found.push((title, series.unwrap_or(query).to_owned()));
    }
    found
}
