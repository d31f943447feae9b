//! What the stories stand on: a binary that starts, and a broker that can be reached.

use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

use tests::broker::Broker;
use tests::process::{Process, binary};

const SOON: Duration = Duration::from_secs(30);

#[test]
fn the_binary_starts_and_ends() {
    let mut command = Command::new(binary().expect("the binary builds"));
    command.arg("--version");
    let mut process = Process::start(command).expect("the binary starts");
    let status = process.wait_exit(SOON).expect("it ends");
    assert!(status.success(), "{status}: {}", process.tail());
}

#[test]
fn the_broker_can_be_reached() {
    let broker = Broker::start(&["outside.events"]).expect("a broker");
    TcpStream::connect(broker.bootstrap()).expect("the broker accepts connections");
}
