//! What kafka promises, held by examples and properties.

#![allow(clippy::unwrap_used, reason = "tests may")]

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use model::Timestamp;

use super::*;

const LONG: Duration = Duration::from_secs(20);

fn world(topics: &[&str]) -> (EmbeddedBroker, KafkaConfig) {
    let broker = EmbeddedBroker::start(topics).unwrap();
    let config = KafkaConfig::new(broker.bootstrap(), "m");
    (broker, config)
}

fn produce(config: &KafkaConfig, records: &[(&str, i64, &str)]) {
    let sink = Sink::open(config).unwrap();
    for (topic, time, payload) in records {
        sink.send(topic, Some(b"key"), payload.as_bytes(), Some(Timestamp(*time))).unwrap();
    }
    sink.flush(LONG).unwrap();
    assert_eq!((sink.failures(), sink.in_flight()), (0, 0));
}

fn poll_n(source: &mut Source, count: usize) -> Vec<Polled> {
    let deadline = Instant::now() + LONG;
    let mut records = Vec::new();
    while records.len() < count && Instant::now() < deadline {
        records.extend(source.poll(count - records.len(), Duration::from_millis(200)).unwrap());
    }
    records
}

fn texts(records: &[Polled]) -> Vec<&str> {
    records.iter().map(|record| std::str::from_utf8(&record.payload).unwrap()).collect()
}

const EVENTS_AND_LABELS: [(TopicRole, &str); 2] =
    [(TopicRole::Events, "m.events"), (TopicRole::Labels, "m.labels")];

#[test]
fn topics_are_merged_by_time_and_taken_up_again_at_a_position() {
    let (_broker, config) = world(&["m.events", "m.labels"]);
    produce(
        &config,
        &[
            ("m.labels", 20, "l20"),
            ("m.labels", 30, "l30"),
            ("m.events", 10, "e10"),
            ("m.events", 20, "e20"),
            ("m.events", 40, "e40"),
        ],
    );
    let mut source = Source::open(&config, &EVENTS_AND_LABELS, &Positions::new()).unwrap();
    assert_eq!(source.lag(), 5);
    let first = poll_n(&mut source, 3);
    assert_eq!(texts(&first), ["e10", "e20", "l20"]);
    assert_eq!((first[0].timestamp, first[0].key.as_deref()), (Timestamp(10), Some(b"key".as_slice())));
    let positions = source.positions();
    assert_eq!(positions[&("m.events".to_owned(), 0)], 2);
    assert_eq!(positions[&("m.labels".to_owned(), 0)], 1);
    assert_eq!(source.lag(), 2);
    source.commit(&positions).unwrap();
    drop(source);

    let mut again = Source::open(&config, &EVENTS_AND_LABELS, &positions).unwrap();
    assert_eq!(texts(&poll_n(&mut again, 2)), ["l30", "e40"]);
    assert!(again.lost().is_empty() && again.connected());
    assert_eq!(again.lag(), 0);
}

#[test]
fn a_topic_at_its_end_does_not_hold_the_others_and_wakes_up_again() {
    let (_broker, config) = world(&["m.events", "m.labels"]);
    produce(&config, &[("m.events", 10, "e10")]);
    let mut source = Source::open(&config, &EVENTS_AND_LABELS, &Positions::new()).unwrap();
    assert_eq!(texts(&poll_n(&mut source, 1)), ["e10"]);
    produce(&config, &[("m.labels", 11, "l11")]);
    assert_eq!(texts(&poll_n(&mut source, 1)), ["l11"]);
    produce(&config, &[("m.events", 12, "e12")]);
    assert_eq!(texts(&poll_n(&mut source, 1)), ["e12"]);
}

#[test]
fn every_partition_is_read() {
    let (broker, config) = world(&[]);
    broker.create_topic("m.events", 4).unwrap();
    let sink = Sink::open(&config).unwrap();
    for time in 0..200_i64 {
        sink.send("m.events", Some(&time.to_le_bytes()), b"x", Some(Timestamp(time + 1))).unwrap();
    }
    sink.flush(LONG).unwrap();
    let mut source = Source::open(&config, &[(TopicRole::Events, "m.events")], &Positions::new()).unwrap();
    let records = poll_n(&mut source, 200);
    assert_eq!(records.len(), 200);
    assert!(records.is_sorted_by_key(|record| record.timestamp));
    assert!(records.iter().any(|record| record.partition > 0));
}

#[test]
fn a_lost_position_is_told_and_reading_goes_on() {
    let (_broker, config) = world(&["m.events"]);
    produce(&config, &[("m.events", 1, "a")]);
    let positions = Positions::from([(("m.events".to_owned(), 0), 99)]);
    let mut source = Source::open(&config, &[(TopicRole::Events, "m.events")], &positions).unwrap();
    let expected = Lost { topic: "m.events".into(), partition: 0, wanted: 99, resumed: 0, end: 1 };
    assert_eq!(source.lost(), [expected]);
    assert_eq!(texts(&poll_n(&mut source, 1)), ["a"]);
}

#[test]
fn starting_at_the_latest_skips_what_is_there() {
    let (_broker, mut config) = world(&["m.events"]);
    config.start_at = StartAt::Latest;
    produce(&config, &[("m.events", 1, "old")]);
    let mut source = Source::open(&config, &[(TopicRole::Events, "m.events")], &Positions::new()).unwrap();
    produce(&config, &[("m.events", 2, "new")]);
    assert_eq!(texts(&poll_n(&mut source, 1)), ["new"]);
}

#[test]
fn a_cloud_event_is_marked_as_one() {
    let (_broker, config) = world(&["m.decisions"]);
    let sink = Sink::open(&config).unwrap();
    sink.cloud_event("m.decisions", "{\"specversion\":\"1.0\"}").unwrap();
    sink.flush(LONG).unwrap();
    let found = read_topic(&config, "m.decisions", 0, LONG).unwrap().remove(0);
    assert_eq!(found.payload, b"{\"specversion\":\"1.0\"}");
    let marked = b"application/cloudevents+json; charset=utf-8".to_vec();
    assert_eq!(found.headers, [("content-type".to_owned(), Some(marked))]);
}

#[test]
fn a_dead_letter_is_the_record_and_why() {
    let (_broker, config) = world(&["m.events", "m.dead-letters"]);
    let sink = Sink::open(&config).unwrap();
    let refused = Polled {
        role: TopicRole::Events,
        topic: "m.events".into(),
        partition: 3,
        offset: 77,
        timestamp: Timestamp(123),
        key: Some(b"k".to_vec()),
        payload: b"{".to_vec(),
        headers: vec![("trace".into(), Some(b"t1".to_vec())), ("empty".into(), None)],
    };
    sink.dead_letter(&refused, "decode", "not_json", "not JSON: EOF").unwrap();
    sink.flush(LONG).unwrap();

    let found = read_topic(&config, "m.dead-letters", 0, LONG).unwrap().remove(0);
    assert_eq!((found.payload, found.key), (refused.payload, refused.key));
    assert_eq!(found.timestamp, refused.timestamp);
    let headers: Vec<_> = found
        .headers
        .iter()
        .map(|(name, value)| {
            (name.as_str(), value.as_deref().map(|value| std::str::from_utf8(value).unwrap()))
        })
        .collect();
    assert_eq!(
        headers,
        [
            ("trace", Some("t1")),
            ("empty", None),
            ("__connect.errors.topic", Some("m.events")),
            ("__connect.errors.partition", Some("3")),
            ("__connect.errors.offset", Some("77")),
            ("__connect.errors.stage", Some("decode")),
            ("__connect.errors.exception.class.name", Some("not_json")),
            ("__connect.errors.exception.message", Some("not JSON: EOF")),
        ]
    );
}

#[test]
fn a_group_goes_on_after_what_was_stored() {
    let (_broker, mut config) = world(&["m.events"]);
    // The embedded broker waits this long for a member that has left.
    config.properties.insert("session.timeout.ms".into(), "5000".into());
    config.properties.insert("heartbeat.interval.ms".into(), "500".into());
    produce(&config, &[("m.events", 1, "a"), ("m.events", 2, "b"), ("m.events", 3, "c")]);
    let open = || GroupSource::open(&config, "driftform-m-serve", TopicRole::Events, "m.events").unwrap();
    let mut source = open();
    let records = source.poll(3, LONG).unwrap();
    assert_eq!(texts(&records)[0], "a");
    source.store(records[0].partition, records[0].offset).unwrap();
    drop(source);
    assert_eq!(texts(&open().poll(1, LONG).unwrap()), ["b"]);
}

fn ended(sink: &mut TransactionalSink, member: &Membership, ends: &BTreeMap<i32, i64>) -> Ending {
    let deadline = Instant::now() + LONG;
    let mut ending = Ending::Under;
    while ending == Ending::Under && Instant::now() < deadline {
        ending = sink.end(member, ends).unwrap();
    }
    ending
}

#[test]
fn what_a_transaction_sends_counts_with_the_positions_it_rests_on() {
    let (_broker, mut config) = world(&["m.events", "m.predictions"]);
    config.properties.insert("session.timeout.ms".into(), "5000".into());
    config.properties.insert("heartbeat.interval.ms".into(), "500".into());
    produce(&config, &[("m.events", 1, "a"), ("m.events", 2, "b"), ("m.events", 3, "c")]);
    let mut sink = TransactionalSink::open(&config, "driftform-m-serve-here").unwrap();
    while !sink.begin().unwrap() {}
    let mut source = GroupSource::open(&config, "driftform-m-serve", TopicRole::Events, "m.events").unwrap();
    let first = source.poll(1, LONG).unwrap();
    let ends = BTreeMap::from([(first[0].partition, first[0].offset)]);
    sink.send("m.predictions", None, b"of a", Some(Timestamp(1))).unwrap();
    let member = source.membership().unwrap();
    assert_eq!(ended(&mut sink, &member, &ends), Ending::Committed);
    assert_eq!(sink.trouble(), None);

    assert_eq!(texts(&source.poll(1, LONG).unwrap()), ["b"]);
    while !sink.begin().unwrap() {}
    sink.send("m.predictions", None, b"of b", Some(Timestamp(2))).unwrap();
    assert_eq!(sink.undo().unwrap(), Ending::Undone);
    source.rewind(&BTreeMap::from([(first[0].partition, first[0].offset + 1)]));
    // Where the group goes on after a crash is tested on Apache Kafka, end to end: this broker forgets such positions.
    assert_eq!(texts(&source.poll(1, LONG).unwrap()), ["b"], "it is to be done again");
}

#[test]
fn without_brokers_a_transaction_waits_and_says_nothing_wrong() {
    let (broker, config) = world(&["m.predictions"]);
    broker.set_reachable(false).unwrap();
    let mut sink = TransactionalSink::open(&config, "driftform-m-serve-here").unwrap();
    assert!(!sink.begin().unwrap() && sink.trouble().is_some());
    broker.set_reachable(true).unwrap();
    let deadline = Instant::now() + LONG;
    while !sink.begin().unwrap() && Instant::now() < deadline {}
    assert!(sink.begin().unwrap());
}

#[test]
fn an_outage_is_survived_on_both_sides() {
    let (broker, config) = world(&["m.events"]);
    produce(&config, &[("m.events", 1, "before")]);
    let mut source = Source::open(&config, &[(TopicRole::Events, "m.events")], &Positions::new()).unwrap();
    assert_eq!(texts(&poll_n(&mut source, 1)), ["before"]);

    broker.set_reachable(false).unwrap();
    let deadline = Instant::now() + LONG;
    while source.connected() && Instant::now() < deadline {
        assert_eq!(source.poll(1, Duration::from_millis(50)).unwrap(), []);
    }
    assert!(!source.connected() && source.trouble().is_some());
    let sink = Sink::open(&config).unwrap();
    let batch = Batch::default();
    assert!(batch.is_delivered(), "nothing was sent with it");
    sink.send_in(&batch, "m.events", None, b"during", Some(Timestamp(2))).unwrap();
    assert!(matches!(sink.flush(Duration::from_millis(10)), Err(KafkaError::Flush { left: 1, .. })));

    assert!(!batch.is_delivered(), "no broker has it");
    broker.set_reachable(true).unwrap();
    sink.flush(LONG).unwrap();
    assert!(batch.is_delivered() && sink.failures() == 0);
    assert_eq!(texts(&poll_n(&mut source, 1)), ["during"]);
    assert!(source.connected());
}

#[test]
fn a_full_queue_is_an_error_to_act_on() {
    let (broker, mut config) = world(&["m.events"]);
    broker.set_reachable(false).unwrap();
    config.properties.insert("queue.buffering.max.messages".into(), "2".into());
    let sink = Sink::open(&config).unwrap();
    let sent: Vec<_> = (0..3).map(|_| sink.send("m.events", None, b"x", None)).collect();
    assert!(matches!(&sent[..], [Ok(()), Ok(()), Err(KafkaError::QueueFull { .. })]));
}

#[test]
fn what_cannot_work_is_said_with_what_to_do() {
    let nowhere = |config: &mut KafkaConfig| config.request_timeout = Duration::from_millis(300);
    let mut config = KafkaConfig::new("127.0.0.1:1", "m");
    nowhere(&mut config);
    let open = |config: &KafkaConfig| {
        Source::open(config, &[(TopicRole::Events, "m.events")], &Positions::new()).err().unwrap().to_string()
    };
    let error = open(&config);
    assert!(error.starts_with("no broker answered at 127.0.0.1:1 within 300ms"), "{error}");

    for (name, mention) in [("enable.idempotence", "set by Driftform"), ("no.such.thing", "No such")] {
        let mut config = config.clone();
        config.properties.insert(name.into(), "true".into());
        let error = open(&config);
        assert!(error.contains(name) && error.contains(mention), "{error}");
    }
}

#[test]
fn an_absent_topic_is_named() {
    let (_broker, mut config) = world(&[]);
    let open = |config: &KafkaConfig| {
        Source::open(config, &[(TopicRole::Events, "absent")], &Positions::new()).err().unwrap().to_string()
    };
    let error = open(&config);
    assert!(error.contains("topic `absent` does not exist") && error.contains("create_topics"), "{error}");
    // The embedded broker knows no topic administration: the refusal has to be told.
    config.create_topics = true;
    let error = open(&config);
    assert!(error.contains("topic `absent` could not be created"), "{error}");
}

#[test]
fn a_property_may_lie_in_a_file_that_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("password");
    let mut config = KafkaConfig::new("b:9092", "m");
    config.properties_files.insert("sasl.password".into(), path.clone());
    let missing = config.client(&[], &[]).unwrap_err().to_string();
    assert!(missing.contains("`sasl.password`") && missing.contains("password: No such file"), "{missing}");
    std::fs::write(&path, "hunter2\n").unwrap();
    assert_eq!(config.client(&[], &[]).unwrap().get("sasl.password"), Some("hunter2"));
    config.properties.insert("sasl.password".into(), "other".into());
    assert!(config.client(&[], &[]).unwrap_err().to_string().contains("remove one of them"));
    config.properties.clear();
    config.properties_files.insert("enable.idempotence".into(), path);
    assert!(config.client(&[], &[]).unwrap_err().to_string().contains("set by Driftform"));
}

#[test]
fn secrets_are_not_shown() {
    let mut config = KafkaConfig::new("b:9092", "m");
    config.properties.insert("sasl.password".into(), "hunter2".into());
    config.properties.insert("sasl.username".into(), "alice".into());
    for shown in [format!("{config:?}"), serde_json::to_string(&config).unwrap()] {
        assert!(!shown.contains("hunter2") && shown.contains("alice"), "{shown}");
    }
    let read: KafkaConfig = serde_json::from_value(serde_json::json!({
        "brokers": "b:9092", "topics": Topics::named("m"), "group": "g", "alignment_wait": "250ms",
    }))
    .unwrap();
    assert_eq!(read.alignment_wait, Duration::from_millis(250));
    assert_eq!(read.topics.dead_letters, "m.dead-letters");
}

#[test]
fn readers_go_to_threads_of_their_own_and_end_without_a_broker() {
    fn goes_to_a_thread<T: Send>(_: &T) {}
    let (broker, config) = world(&["m.events"]);
    let source = Source::open(&config, &[(TopicRole::Events, "m.events")], &Positions::new()).unwrap();
    let group = GroupSource::open(&config, "g", TopicRole::Events, "m.events").unwrap();
    let sink = Sink::open(&config).unwrap();
    sink.send("m.events", None, b"x", None).unwrap();
    goes_to_a_thread(&broker);
    goes_to_a_thread(&source);
    goes_to_a_thread(&group);
    goes_to_a_thread(&sink);
    broker.set_reachable(false).unwrap();
    let begun = Instant::now();
    drop((source, group, sink));
    assert!(begun.elapsed() < LONG);
}

#[test]
fn a_parcel_is_fetched_from_where_its_sender_was_told_it_lies() {
    let (_broker, config) = world(&["m.stretches"]);
    produce(&config, &[("m.stretches", 1, "something else")]);
    let bytes: Vec<u8> = (0..2 * PIECE_BYTES_MAX + 5).map(|at| at as u8).collect();
    let (digest, pieces) = cut(&bytes);
    let (sink, batch) = (Sink::open(&config).unwrap(), Batch::default());
    assert_eq!((batch.first(), batch.refused()), (None, 0));
    for piece in &pieces {
        sink.send_in(&batch, "m.stretches", Some(digest.as_bytes()), piece, None).unwrap();
    }
    sink.flush(LONG).unwrap();
    let place = batch.first().unwrap();
    assert_eq!((place, batch.refused()), ((0, 1), 0));
    let fetch = |place, bytes_max, wait| {
        fetch_parcel(&config, "m.stretches", place, (digest.as_str(), bytes_max), wait).unwrap()
    };
    assert_eq!(
        fetch(place, bytes.len(), LONG),
        Some(Parcel { digest: digest.clone(), bytes: bytes.clone() })
    );
    // What begins later, or is too long, never comes; nobody waits for it once the end is there.
    assert_eq!(fetch((0, 2), bytes.len(), LONG), None);
    assert_eq!(fetch(place, bytes.len() - 1, LONG), None);
}

#[test]
fn a_member_that_pauses_stays_and_what_it_stored_is_not_given_to_the_next() {
    let (broker, mut config) = world(&[]);
    config.properties.insert("session.timeout.ms".into(), "5000".into());
    config.properties.insert("heartbeat.interval.ms".into(), "500".into());
    broker.create_topic("m.trials", 2).unwrap();
    let (sink, batch) = (Sink::open(&config).unwrap(), Batch::default());
    for (partition, text) in [(0, "a"), (0, "b"), (1, "c")] {
        sink.send_to(&batch, ("m.trials", partition), b"key", text.as_bytes()).unwrap();
    }
    sink.flush(LONG).unwrap();
    let open = || GroupSource::open(&config, "workers", TopicRole::Other, "m.trials").unwrap();
    let read = |source: &mut GroupSource, count: usize| {
        let (deadline, mut records) = (Instant::now() + LONG, Vec::new());
        while records.len() < count && Instant::now() < deadline {
            records.extend(source.poll(count, Duration::from_millis(200)).unwrap());
        }
        records
    };
    let mut member = open();
    let records = read(&mut member, 3);
    assert_eq!(records.len(), 3);
    let mut owns = member.assigned().unwrap();
    owns.sort_unstable();
    assert_eq!(owns, [0, 1]);
    member.pause().unwrap();
    sink.send_to(&batch, ("m.trials", 1), b"key", b"d").unwrap();
    sink.flush(LONG).unwrap();
    assert!(member.poll(1, Duration::from_millis(500)).unwrap().is_empty());
    member.go_on().unwrap();
    assert_eq!(texts(&read(&mut member, 1)), ["d"]);
    member.store(0, 0).unwrap();
    member.commit_stored();
    drop(member);
    let mut left: Vec<String> = texts(&read(&mut open(), 3)).into_iter().map(str::to_owned).collect();
    left.sort();
    assert_eq!(left, ["b", "c", "d"]);
}

#[test]
fn topics_of_trials_have_to_be_there_and_reading_begins_near_the_end() {
    let (broker, config) = world(&["m.stretches", "m.observations"]);
    assert!(matches!(open_trials_topics(&config, 4), Err(KafkaError::NoTopic { .. })));
    broker.create_topic("m.trials", 3).unwrap();
    assert_eq!(open_trials_topics(&config, 4).unwrap(), 3, "as many as there are, not as many as asked for");
    let near_end = |records| positions_near_end(&config, "m.observations", records).unwrap();
    let at = |offset| Positions::from([(("m.observations".to_owned(), 0), offset)]);
    assert_eq!(near_end(2), at(0));
    produce(&config, &[("m.observations", 1, "a"), ("m.observations", 2, "b"), ("m.observations", 3, "c")]);
    assert_eq!(near_end(2), at(1));
}
