//! Broken configurations: each is refused, and the message names the key and says what to do.

use std::collections::BTreeMap;

use model::{Embedding, Image, Sequence, SequenceKind};

use super::{Config, DEFAULTS};

const SCHEMA: &str =
    "[schema]\nclasses = [\"no\", \"yes\"]\nfeatures = [{ name = \"x\", kind = \"numeric\" }]\n";

#[test]
fn the_defaults_and_a_schema_are_enough() {
    assert!(DEFAULTS.parse::<toml::Table>().is_ok());
    let config = Config::parse(SCHEMA).expect("a small valid configuration");
    assert_eq!(config.kafka.topics.events, "model.events");
}

#[test]
fn broken_configurations_are_refused_with_the_key() {
    let cases = [
        ("x = [", "is not TOML"),
        ("[kafk]\nbrokers = \"a:1\"", "did you mean `kafka`?"),
        ("[kafka]\nbroker = \"a:1\"", "did you mean `kafka.brokers`?"),
        ("[kafka]\nbrokers = \"\"", "`kafka.brokers` is empty"),
        ("[kafka]\nbrokers = 9092\ncreate_topics = \"perhaps\"", "create_topics"),
        ("kafka = 3", "`kafka` in the text is a value"),
        ("[model]\nname = \"a b\"", "`model.name` is `a b`"),
        ("[model]\nname = \"..\"", "`model.name` is `..`"),
        ("[model]\nseed = -1", "seed"),
        ("[model]\ndevice = \"tpu\"", "`model.device` is `tpu`"),
        ("[http]\nlisten = \"here\"", "`http.listen` is `here`"),
        ("[admin]\nlisten = \"here\"", "`admin.listen` is `here`"),
        ("[serve]\ntls_certificate = \"tls.crt\"", "`serve.tls_key` is not"),
        ("[serve]\ntls_key = \"tls.key\"", "`serve.tls_certificate` is not"),
        ("[serve]\ntls_client_ca = \"ca.crt\"", "`serve.tls_certificate` is not"),
        ("[gate]\nalpha = 5.0", "`gate.alpha` is 5"),
        ("[gate]\nalpha_rule = \"some\"", "some"),
        ("[serve]\nmemory_policy = \"thrift\"", "`serve.memory_policy` is `thrift`"),
        ("[serve]\nholdback = 1.5", "`serve.holdback` is 1.5"),
        ("[serve]\nhttp_listen = \"here\"", "`serve.http_listen` is `here`"),
        ("[serve]\nrequest_rows_max = 9000", "`serve.queue_rows_max` is"),
        ("[serve]\nthreads = 0", "`serve.threads` is 0"),
        ("[serve]\ndeadline_seconds = -1.0", "`serve.deadline_seconds` is -1"),
        ("[serve]\nidle_seconds = 0.0", "`serve.idle_seconds` is 0"),
        ("[serve]\ndrain_seconds = -1.0", "`serve.drain_seconds` is -1"),
        ("[publish]\nevery_seconds = 0.0", "`publish.every_seconds` is 0"),
        ("[publish]\nkeep = 0", "`publish.keep` is 0"),
        ("[publish]\ncanary = -0.5", "`publish.canary` is -0.5"),
        ("[serve]\nlog_events = 2.0", "`serve.log_events` is 2"),
        ("[gate]\nquality_on = \"holdback\"", "`serve.holdback` is 0"),
        ("[gate]\nmargin = -0.5", "`gate.margin` is -0.5"),
        ("[gate]\nnon_inferiority_margin = 1.5", "`gate.non_inferiority_margin` is 1.5"),
        ("[search]\nshrink_above = -1.0", "`search.shrink_above` is -1"),
        ("[search]\nrungs = [3, 1]", "`search.rungs`"),
        ("[search]\nrungs = []", "`search.rungs`"),
        ("[search]\neta = 1", "`search.eta` is 1"),
        ("[search]\nwindow_outcomes = 1", "`search.window_outcomes` is 1"),
        ("[budget]\ncompute_seconds = nan", "`budget.compute_seconds`"),
        ("[join]\nmemory_bytes = 0", "`join.memory_bytes` is 0"),
        ("[join]\nabsent = \"nobody\"", "`join.absent` is `nobody`"),
        ("[state]\nsnapshots_kept = 0", "`state.snapshots_kept` is 0"),
        ("[codec]\nevent_id = \"id\"", "`codec.event_id` is `id`"),
        ("[codec.features]\ny = \"/y\"", "`codec.features.y` names no feature"),
        ("[detect]\naverage_run_length = inf", "`detect.average_run_length`"),
        ("champion = { external = \"kafka\" }", "`champion.external` is `kafka`"),
        ("champion = { external = \"oip\" }", "`champion.url` is ``"),
        (
            "champion = { external = \"oip\", url = \"http://a\", model = \"a/b\" }",
            "`champion.model` is `a/b`",
        ),
        (
            "champion = { external = \"events\" }\nserve = { log_events = 0.5 }",
            "would be taken for those of the champion",
        ),
        (
            "champion = { external = \"events\" }\ncodec = { event_prediction = \"no\" }",
            "`codec.event_prediction` is `no`",
        ),
    ];
    for (text, expected) in cases {
        let error = Config::parse(&format!("{text}\n{SCHEMA}")).expect_err(text).to_string();
        assert!(error.contains(expected), "{text:?} gave {error:?}");
    }
}

#[test]
fn secrets_are_not_shown() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("driftform.toml");
    let text = "[kafka.properties]\n\"sasl.password\" = \"hunter2\"\n\"sasl.username\" = \"ada\"\n";
    std::fs::write(&path, format!("{text}{SCHEMA}")).expect("a file");
    let shown = Config::effective(Some(&path), &BTreeMap::new()).expect("it is valid");
    assert!(shown.contains("\"sasl.password\" = \"(hidden)\"") && shown.contains("\"ada\""), "{shown}");
    let config = Config::load(Some(&path), &BTreeMap::new()).expect("it is valid");
    assert_eq!(config.kafka.properties["sasl.password"], "hunter2");
    assert!(!format!("{config:?}").contains("hunter2"));
}

#[test]
fn broken_schemas_are_refused() {
    let feature = "features = [{ name = \"x\", kind = \"numeric\" }]";
    let cases = [
        (String::new(), "`schema.features` is empty"),
        (format!("[schema]\n{feature}"), "0 classes"),
        (format!("[schema]\nclasses = [\"a\", \"a\"]\n{feature}"), "named twice"),
        (format!("[schema]\ntask = \"ranking\"\n{feature}"), "`schema.task` is `ranking`"),
        (format!("[schema]\ntask = \"regression\"\nclasses = [\"a\"]\n{feature}"), "`schema.classes`"),
        ("[schema]\nfeatures = [{ name = \"x\", kind = \"text\" }]".into(), "feature `x` is `text`"),
        ("[schema]\nfeatures = [{ name = \"x\", kind = \"numeric\", buckets = 4 }]".into(), "`buckets`"),
        (format!("[schema]\nclasses = [\"a\", \"b\"]\nclass_weights = [1.0]\n{feature}"), "class_weights"),
        (
            format!("[schema]\nclasses = [\"a\", \"b\"]\nevolve = \"maybe\"\n{feature}"),
            "`schema.evolve` is `maybe`",
        ),
        (
            format!("[schema]\nclasses = [\"a\", \"b\"]\nevolve = \"adopt\"\nclasses_max = 5000\n{feature}"),
            "`schema.classes_max` is 5000",
        ),
        (
            format!("[schema]\nclasses = [\"a\", \"b\"]\ndecision_threshold = 2.0\n{feature}"),
            "decision_threshold",
        ),
    ];
    for (text, expected) in cases {
        let error = Config::parse(&text).expect_err(&text).to_string();
        assert!(error.contains(expected), "{text:?} gave {error:?}");
    }
}

#[test]
fn the_environment_is_the_last_layer_and_is_checked_too() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("a.toml");
    std::fs::write(&path, SCHEMA).expect("it can be written");
    let with = |name: &str, value: &str| {
        Config::load(Some(&path), &BTreeMap::from([(name.to_owned(), value.to_owned())]))
    };
    assert_eq!(with("DRIFTFORM__MODEL__SEED", "7").expect("a number").learn.seed, 7);
    for (name, value, expected) in [
        ("DRIFTFORM__MODEL__SEDE", "7", "did you mean `model.seed`?"),
        ("DRIFTFORM__MODEL", "7", "DRIFTFORM__SECTION__KEY"),
        ("DRIFTFORM__MODEL__SEED", "seven", "seed"),
    ] {
        let error = with(name, value).expect_err(name).to_string();
        assert!(error.contains(expected), "{name} gave {error:?}");
    }
    let missing = Config::load(Some(&folder.path().join("b.toml")), &BTreeMap::new());
    assert!(missing.expect_err("no such file").to_string().contains("b.toml"));
}

#[test]
fn a_member_that_sees_labels_is_refused_where_none_may_be_seen() {
    let settings = |context_max: usize| {
        format!(
            "search = {{ context_max = {context_max} }}
             mixture = {{ members = [{{ context = 2 }}] }}
             [schema]
             classes = [\"a\", \"b\"]
             features = [{{ name = \"x\", kind = \"numeric\" }}]"
        )
    };
    let config = Config::parse(&settings(2)).expect("two labels may be seen").learn;
    assert_eq!(config.limits.contexts, [0, 1, 2]);
    let error = Config::parse(&settings(1)).expect_err("one label is not two").to_string();
    assert!(error.contains("`search.context_max` is 1"), "{error}");
    assert!(Config::parse(&settings(5)).is_err());
}

#[test]
fn embeddings_are_searched_or_not_and_given_to_members_either_way() {
    let settings = |embeddings: bool| {
        format!(
            "search = {{ embeddings = {embeddings} }}
             mixture = {{ members = [{{ embedding = {{ periodic = 2 }} }}, {{ embedding = \"none\" }}] }}
             [schema]
             classes = [\"a\", \"b\"]
             features = [{{ name = \"x\", kind = \"numeric\" }}]"
        )
    };
    let searched = |embeddings| Config::parse(&settings(embeddings)).expect("it is in order").learn;
    assert_eq!(searched(false).limits.embeddings, [Embedding::None]);
    assert_eq!(searched(true).limits.embeddings.len(), 3);
    assert_eq!(searched(false).start.members[0].embedding, Embedding::Periodic(2));
}

#[test]
fn a_picture_makes_members_genes_and_refusals() {
    let settings = |image: &str, members: &str| {
        format!(
            "{image}
             mixture = {{ members = [{members}] }}
             [schema]
             classes = [\"a\", \"b\"]
             features = [{{ name = \"w\", kind = \"categorical\" }}, {{ name = \"x\", kind = \"numeric\" }},
                         {{ name = \"y\", kind = \"numeric\" }}]"
        )
    };
    let without = Config::parse(&settings("", "{}")).expect("it is in order").learn;
    assert!(without.schema.picture().is_none() && without.limits.images.is_none());
    let asked = "image = { height = 2, width = 1, begin_with = [{ units = 3, kernel = 1 }], blocks_max = 1 }";
    let with = Config::parse(&settings(asked, "{}")).expect("it is in order").learn;
    assert_eq!(with.schema.picture().map(|picture| (picture.first, picture.places())), Some((1, 2)));
    assert_eq!(with.start.members[1].image.to_string(), "image 3 of 1 mean");
    let limits = with.limits.images.expect("they are searched");
    assert_eq!((limits.blocks_max, limits.grids), (1, vec![1]));
    let looking = "{ image = { conv = { units = 4, kernel = 1 } } }";
    let own = Config::parse(&settings(asked, looking)).expect("it is in order").learn;
    assert!(own.start.members.len() == 1 && own.start.members[0].image != Image::None);
    let refused =
        |image: &str, members: &str| Config::parse(&settings(image, members)).expect_err(image).to_string();
    assert!(
        refused("image = { first = \"z\", height = 2, width = 1 }", "{}").contains("`image.first` is `z`")
    );
    assert!(
        refused("image = { first = \"w\", height = 2, width = 1 }", "{}")
            .contains("`w` is part of the picture")
    );
    assert!(refused("image = { first = \"y\", height = 2, width = 1 }", "{}").contains("there are 1"));
    assert!(refused(asked, "{ image = { conv = { units = 4, kernel = 2 } } }").contains("kernel of 2"));
    assert!(refused("", looking).contains("`image.height` is 0"));
}

#[test]
fn what_events_carry_makes_members_genes_and_refusals() {
    let settings = |sequence: &str| {
        format!(
            "{sequence}
             mixture = {{ members = [{{}}] }}
             [schema]
             classes = [\"a\", \"b\"]
             features = [{{ name = \"x\", kind = \"numeric\" }}]"
        )
    };
    let without = Config::parse(&settings("")).expect("it is in order").learn;
    assert!(without.schema.sequences().is_none() && without.limits.sequences.is_none());
    assert_eq!(without.start.members.len(), 1);
    let asked =
        "sequence = { length = 4, entity = \"x\", begin_with = [\"gru\"], kinds = [\"conv1d\", \"gru\"] }";
    let with = Config::parse(&settings(asked)).expect("it is in order").learn;
    let sequences = with.schema.sequences().expect("events carry those before them");
    assert_eq!((sequences.entity, sequences.length), (Some(0), 4));
    assert_eq!(with.start.members[1].sequence, Sequence::Gru(16));
    assert_eq!(
        with.limits.sequences.expect("they are searched").kinds,
        [SequenceKind::Gru, SequenceKind::Conv1d]
    );
    let refused = |text: &str| Config::parse(&settings(text)).expect_err(text).to_string();
    assert!(refused("sequence = { length = 4, entity = \"card\" }").contains("`sequence.entity` is `card`"));
    assert!(refused("sequence = { length = 33 }").contains("a past of 33 events; give 1 to 32"));
    assert!(refused("sequence = { length = 4, kinds = [\"lstm\"] }").contains("lstm"));
    let reading = "mixture = { members = [{ sequence = { gru = 4 } }] }
         [schema]
         classes = [\"a\", \"b\"]
         features = [{ name = \"x\", kind = \"numeric\" }]";
    assert!(
        Config::parse(reading).expect_err("events carry none").to_string().contains("`sequence.length` is 0")
    );
}

#[test]
fn groups_are_told_apart_by_a_category_and_compared_by_a_class() {
    let settings = |gate: &str| {
        format!(
            "gate = {{ {gate} }}
             [schema]
             classes = [\"a\", \"b\"]
             features = [{{ name = \"x\", kind = \"numeric\" }}, {{ name = \"c\", kind = \"boolean\" }}]"
        )
    };
    let gate = |text: &str| Config::parse(&settings(text)).map(|config| config.learn.gate);
    let asked = gate("fairness_feature = \"c\", fairness_class = \"b\"").expect("it is in order");
    let fairness = asked.fairness.expect("it is asked for");
    assert_eq!((fairness.feature, fairness.class), (1, 1));
    let thresholds = asked.thresholds(0.05, 0.01, 1e6);
    assert!(thresholds.fairness.is_some() && thresholds.churn.is_none() && thresholds.energy.is_none());
    for (wrong, said) in [
        ("fairness_feature = \"y\"", "none of `schema.features`"),
        ("fairness_feature = \"x\", fairness_class = \"a\"", "a number"),
        ("fairness_feature = \"c\", fairness_class = \"z\"", "one of `a`, `b`"),
        ("churn_max = -0.1", "`gate.churn_max` is -0.1"),
        ("advisory = [\"speed\"]", "speed"),
        ("stresses = [\"rain\"]", "rain"),
    ] {
        let error = gate(wrong).expect_err(wrong).to_string();
        assert!(error.contains(said), "{error}");
    }
}

#[test]
fn exits_and_committees_are_searched_where_the_configuration_says_so() {
    let settings = |search: &str| {
        format!(
            "search = {{ {search} }}
             mixture = {{ members = [{{ widths = [8], exits = true, committee = 4 }}] }}
             [schema]
             classes = [\"a\", \"b\"]
             features = [{{ name = \"x\", kind = \"numeric\" }}]"
        )
    };
    let config = Config::parse(&settings("exits = true, committee_max = 4")).expect("both may be had").learn;
    assert!(config.limits.exits);
    assert_eq!(config.limits.committees, [1, 2, 4]);
    let usual = Config::parse(&settings("")).expect("a member may have what is not searched").learn;
    assert!(!usual.limits.exits && usual.limits.committees == [1]);
    assert!(
        !usual.limits.hardening
            && Config::parse(&settings("hardening = true")).expect("so may this").learn.limits.hardening
    );
    assert!(Config::parse(&settings("committee_max = 9")).is_err());
    assert!(Config::parse(&settings("committee_max = 0")).is_err());
}
