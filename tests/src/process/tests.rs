//! The harness on a shell instead of the daemon: what it promises has to hold before it is trusted.

use std::os::unix::process::ExitStatusExt as _;

use super::*;

const SOON: Duration = Duration::from_secs(30);
const AT_ONCE: Duration = Duration::from_millis(50);

fn shell(script: &str) -> Process {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    Process::start(command).expect("sh is everywhere")
}

#[test]
fn a_line_is_found_and_lines_before_it_are_passed_over() {
    let mut process = shell("echo one >&2; echo two >&2; echo three >&2");
    assert_eq!(process.wait_for_line(SOON, |line| line.starts_with("tw")).expect("it says two"), "two");
    assert_eq!(process.wait_for_line(SOON, |_| true).expect("it says three"), "three");
    assert!(process.wait_exit(SOON).expect("it ends").success());
}

#[test]
fn a_line_that_never_comes_is_an_error_that_shows_the_log() {
    let mut process = shell("echo here >&2; exec sleep 600");
    process.wait_for_line(SOON, |line| line == "here").expect("it says here");
    let error = process.wait_for_line(AT_ONCE, |line| line == "gone").expect_err("it never says gone");
    assert!(error.to_string().contains("here"), "{error}");
}

#[test]
fn a_child_that_ends_says_how() {
    let mut process = shell("exit 3");
    assert_eq!(process.wait_exit(SOON).expect("it ends").code(), Some(3));
    process.terminate().expect_err("nobody is left to be asked");
}

#[test]
fn a_polite_signal_reaches_the_child() {
    let mut process = shell("trap 'echo bye >&2; exit 0' TERM; echo ready >&2; while :; do sleep 0.1; done");
    process.wait_for_line(SOON, |line| line == "ready").expect("it is ready");
    process.terminate().expect("it runs");
    process.wait_for_line(SOON, |line| line == "bye").expect("it says bye");
    assert!(process.wait_exit(SOON).expect("it ends").success());
}

#[test]
fn a_killed_child_has_no_last_word() {
    let mut process = shell("trap 'echo bye >&2' EXIT TERM; echo ready >&2; while :; do sleep 0.1; done");
    process.wait_for_line(SOON, |line| line == "ready").expect("it is ready");
    process.kill().expect("it runs");
    assert_eq!(process.wait_exit(SOON).expect("it is gone").signal(), Some(9));
    assert!(!process.tail().contains("bye"));
}

#[test]
fn a_child_that_runs_is_not_taken_for_ended() {
    let mut process = shell("exec sleep 600");
    let error = process.wait_exit(AT_ONCE).expect_err("it runs");
    assert!(error.to_string().starts_with("still running"), "{error}");
}

#[test]
fn a_dropped_child_is_gone() {
    let process = shell("exec sleep 600");
    let id = Pid::from_child(&process.child);
    drop(process);
    assert!(rustix::process::test_kill_process(id).is_err());
}

#[test]
fn waiting_ends_with_the_value_or_the_deadline() {
    let mut looks = 0;
    let value = wait_until("three looks", SOON, || {
        looks += 1;
        (looks == 3).then_some(looks)
    });
    assert_eq!(value.expect("the third look"), 3);
    let error = wait_until("the moon", AT_ONCE, || None::<()>).expect_err("it never comes");
    assert_eq!(error.to_string(), "the moon: not within 50ms");
}
