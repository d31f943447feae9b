//! End to end: the real binary beside a broker, by what a user sees.
//!
//! Lives here: one file a story. Against Apache Kafka where `KAFKA_BOOTSTRAP` names one.

mod admin;
mod approve;
mod bad_input;
mod buckets;
mod budgets;
mod console;
mod crash_matrix;
mod drifts;
mod evolve;
mod external;
mod followers;
mod full_disk;
mod imported;
mod loop_closes;
mod oip;
mod outage;
mod outside;
mod random_kills;
mod read_only;
mod recurring;
mod relief;
mod reload;
mod replay;
mod repository;
mod secure_kafka;
mod serve_bench;
mod stream_table;
mod trials;
mod watched;
mod workers;
