//! Limits take effect at once, the rest is named, and what is wrong changes nothing.

#![allow(clippy::unwrap_used, reason = "tests may")]

use super::*;

const SCHEMA: &str = r#"
    [schema]
    classes = ["a", "b"]
    features = [{ name = "x", kind = "numeric" }]
"#;

/// What comes of a file that said the one and says the other.
fn reloaded(before: &str, after: &str) -> Result<Reloaded, ConfigError> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("driftform.toml");
    std::fs::write(&file, format!("{before}{SCHEMA}")).unwrap();
    let (layers, _) = Layers::read(file.clone(), BTreeMap::new()).unwrap();
    std::fs::write(&file, format!("{after}{SCHEMA}")).unwrap();
    layers.again()
}

fn watch(name: &str, limit: f64) -> String {
    format!("[[budget.watch]]\nname = \"{name}\"\nkind = \"latency\"\nlimit = {limit}\n")
}

#[test]
fn limits_take_effect_at_once() {
    let before = format!("[budget]\ncompute_seconds = 0.5\n{}", watch("p99", 1.0));
    let after = format!("[budget]\ncompute_seconds = 0.25\nslow_ratio = 0.5\n{}", watch("p99", 2.0));
    let reloaded = reloaded(&before, &after).unwrap();
    assert!(reloaded.needs_restart.is_empty(), "{:?}", reloaded.needs_restart);
    assert!((reloaded.learn.budget.compute_seconds - 0.25).abs() < 1e-9);
    assert!((reloaded.learn.budget.watch[0].limit - 2.0).abs() < 1e-9);
}

#[test]
fn what_needs_a_restart_is_named() {
    let before = format!("[budget]\ncompute_batch = 8\n{}[search]\neta = 2\n", watch("p99", 1.0));
    let after = format!("[budget]\ncompute_batch = 9\n{}[search]\neta = 3\n", watch("p95", 1.0));
    let needs = reloaded(&before, &after).unwrap().needs_restart;
    assert_eq!(needs, ["budget.compute_batch", "budget.watch", "search.eta"]);
}

#[test]
fn a_changed_secret_is_noticed_and_not_told() {
    let with = |password: &str| format!("[kafka.properties]\n\"sasl.password\" = \"{password}\"\n");
    let needs = reloaded(&with("hunter2"), &with("hunter3")).unwrap().needs_restart;
    assert_eq!(needs, ["kafka.properties"]);
}

#[test]
fn the_budgets_of_the_start_take_only_limits() {
    let budget = |watch: &str| Config::parse(&format!("{watch}{SCHEMA}")).unwrap().learn.budget;
    let (started, newer) =
        (budget(&watch("p99", 1.0)), budget(&format!("{}{}", watch("p99", 0.5), watch("p95", 3.0))));
    let merged = started.with_limits_of(&newer);
    assert_eq!(merged.watch.len(), 1);
    assert!((merged.watch[0].limit - 0.5).abs() < 1e-9);
}

#[test]
fn what_is_wrong_is_refused_with_its_key() {
    for (after, key) in [
        ("[budget]\ncompute_seconds = -1.0\n", "budget.compute_seconds"),
        ("[budget]\nfailed_ratio = 2.0\n", "budget.failed_ratio"),
        ("[budget]\ncompute_second = 1.0\n", "budget.compute_seconds"),
        (&watch("P99", 1.0), "budget.watch.name"),
        (&watch("compute_seconds", 1.0), "compute_seconds"),
        (&watch("p99", 0.0), "budget.watch.limit"),
        (&watch("p99", 1.0).replace("latency", "speed"), "budget.watch.kind"),
        (&format!("{}query = \"up\"\n", watch("p99", 1.0)), "prometheus.url"),
        ("[prometheus]\nurl = \"localhost\"\n", "prometheus.url"),
        ("[prometheus]\nurl = \"http://a\"\nevery_seconds = 0\n", "prometheus.every_seconds"),
    ] {
        let refused = reloaded("", after).unwrap_err().to_string();
        assert!(refused.contains(key), "{after}: {refused}");
    }
}

#[test]
fn what_counts_at_once_is_taken_over() {
    let learn = |text: &str| Config::parse(&format!("{text}{SCHEMA}")).unwrap().learn;
    for path in AT_ONCE {
        let (section, key) = path.split_once('.').unwrap();
        let value = match path {
            "search.enabled" => "false",
            "gate.approval" => "\"promotions\"",
            "budget.slow_ratio" | "budget.failed_ratio" | "relief.quality_loss_max" => "0.125",
            "budget.compute_seconds" => "0.5",
            _ => "77",
        };
        let newer = learn(&format!("[{section}]\n{key} = {value}\n"));
        let (started, newer_told) = (learn(""), format!("{newer:?}"));
        assert_ne!(format!("{started:?}"), newer_told, "{path} is in it");
        assert_eq!(format!("{:?}", started.with_what_counts_at_once_of(&newer)), newer_told, "{path}");
    }
}
