//! What can go wrong with Kafka, and what to do about it.
//!
//! A broker that is away for a while is not an error: readers return nothing and say so in
//! `connected()`.

use std::time::Duration;

/// Why something could not be read from or written to Kafka.
#[derive(Debug, thiserror::Error)]
pub enum KafkaError {
    /// No broker answered.
    #[error(
        "no broker answered at {brokers} within {waited:?} ({message}); check the address, that it can be \
         reached from here, and security.protocol"
    )]
    Unreachable {
        /// The brokers asked.
        brokers: String,
        /// How long was waited.
        waited: Duration,
        /// What the library said.
        message: String,
    },
    /// Brokers do not believe who we say we are.
    #[error(
        "the brokers at {brokers} refuse the login ({message}); check sasl.mechanism, sasl.username and sasl.password in \
         kafka.properties and kafka.properties_files"
    )]
    Login {
        /// The brokers asked.
        brokers: String,
        /// What the library said.
        message: String,
    },
    /// Brokers are not who they say they are, do not speak TLS, or want to be shown a certificate.
    #[error(
        "no TLS with the brokers at {brokers} ({message}); check ssl.ca.location, which has to vouch for them, their \
         names in their certificates, and, where they ask for one, ssl.certificate.location and ssl.key.location in \
         kafka.properties and kafka.properties_files"
    )]
    Tls {
        /// The brokers asked.
        brokers: String,
        /// What the library said.
        message: String,
    },
    /// A topic does not exist.
    #[error("topic `{topic}` does not exist at {brokers}; create it, or set kafka.create_topics = true")]
    NoTopic {
        /// The topic.
        topic: String,
        /// The brokers asked.
        brokers: String,
    },
    /// A topic could not be created.
    #[error("topic `{topic}` could not be created: {message}; create it by hand")]
    CreateTopic {
        /// The topic.
        topic: String,
        /// What the broker said.
        message: String,
    },
    /// The brokers refused a request about a topic.
    #[error("the brokers refused topic `{topic}`: {message}")]
    Refused {
        /// The topic.
        topic: String,
        /// What they said.
        message: String,
    },
    /// A property is not one of librdkafka's, or not one to set by hand.
    #[error("kafka.properties: `{name}`: {message}")]
    Property {
        /// The property.
        name: String,
        /// What is wrong with it.
        message: String,
    },
    /// The file of a property cannot be read.
    #[error("kafka.properties_files: `{name}`: {path}: {source}")]
    PropertyFile {
        /// The property.
        name: String,
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// A client could not be made of its configuration.
    #[error("a kafka client could not be made: {0}; check kafka.properties")]
    Client(String),
    /// What was to be read next has been deleted in the meantime.
    #[error(
        "offset {wanted} of `{topic}` partition {partition} is gone; open the source again to go on with the \
         oldest record, and raise retention.ms"
    )]
    PositionLost {
        /// The topic.
        topic: String,
        /// The partition.
        partition: i32,
        /// The offset that was to come next.
        wanted: i64,
    },
    /// Reading cannot go on without help.
    #[error("reading `{topic}` cannot go on: {message}")]
    Read {
        /// The topic, or the group.
        topic: String,
        /// What the library said.
        message: String,
    },
    /// Positions could not be written to the group.
    #[error("positions could not be committed to group `{group}`: {message}")]
    Commit {
        /// The group.
        group: String,
        /// What the library said.
        message: String,
    },
    /// So much waits to be sent that nothing more is taken.
    #[error("the queue to topic `{topic}` is full; wait for the brokers and send again")]
    QueueFull {
        /// The topic.
        topic: String,
    },
    /// A record could not be handed to the library.
    #[error("a record could not be sent to `{topic}`: {message}")]
    Send {
        /// The topic.
        topic: String,
        /// What the library said.
        message: String,
    },
    /// A transaction can neither be ended nor undone.
    #[error(
        "transactions of `{id}` cannot go on: {message}; another daemon may have begun with the same name, or the \
         brokers do not allow them"
    )]
    Transaction {
        /// The identity.
        id: String,
        /// What the library said.
        message: String,
    },
    /// Not everything was delivered in time.
    #[error("{left} records were not delivered within {waited:?}")]
    Flush {
        /// How many are left.
        left: usize,
        /// How long was waited.
        waited: Duration,
    },
    /// The embedded broker could not be started.
    #[error("the embedded broker could not be started: {0}")]
    Embedded(String),
}
