//! Every answer is a number or has a name for why it is none.

#![allow(clippy::unwrap_used, reason = "tests may")]

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::thread::JoinHandle;

use proptest::prelude::*;

use super::*;

const TIMEOUT: Duration = Duration::from_millis(500);

fn vector(elements: &str) -> String {
    format!(r#"{{"status":"success","data":{{"resultType":"vector","result":[{elements}]}}}}"#)
}

fn element(value: &str) -> String {
    format!(r#"{{"metric":{{"job":"a"}},"value":[1764252000.123,"{value}"]}}"#)
}

#[test]
fn a_scalar_and_a_vector_of_one_are_numbers() {
    let scalar = r#"{"status":"success","data":{"resultType":"scalar","result":[1764252000,"0.25"]}}"#;
    assert_eq!(number(200, scalar.as_bytes()), Ok(0.25));
    assert_eq!(number(200, vector(&element("1e-3")).as_bytes()), Ok(0.001));
    let warned = vector(&element("2")).replace("\"success\"", "\"success\",\"warnings\":[\"slow\"]");
    assert_eq!(number(200, warned.as_bytes()), Ok(2.0));
}

#[test]
fn what_is_no_number_is_not_zero() {
    let several = vector(&[element("1"), element("2"), element("3")].join(","));
    let matrix = r#"{"status":"success","data":{"resultType":"matrix","result":[]}}"#;
    for (code, body, reason) in [
        (200, vector(""), "empty"),
        (200, several, "several"),
        (200, vector(&element("NaN")), "not_finite"),
        (200, vector(&element("+Inf")), "not_finite"),
        (200, vector(&element("many")), "unreadable"),
        (200, matrix.into(), "unreadable"),
        (200, r#"{"status":"success"}"#.into(), "unreadable"),
        (200, "<html>".into(), "unreadable"),
        (400, r#"{"status":"error","errorType":"bad_data","error":"parse error"}"#.into(), "refused"),
        (503, "down".into(), "refused"),
    ] {
        let missing = number(code, body.as_bytes()).unwrap_err();
        assert_eq!(missing.reason(), reason, "{body}");
        assert!(Missing::REASONS.contains(&reason) && !missing.is_for_all());
    }
    let refused = number(400, br#"{"status":"error","error":"parse error"}"#).unwrap_err();
    assert_eq!(refused.to_string(), "the server refuses the query with 400: parse error");
}

proptest! {
    #[test]
    fn no_answer_panics(code in 0_u16..600, body in prop::collection::vec(any::<u8>(), 0..200)) {
        drop(number(code, &body));
    }
}

/// A server that hears one request and answers so; it then says what it heard.
fn server(answer: Option<String>) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let heard = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let (mut heard, mut byte) = (Vec::new(), [0]);
        while !heard.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap() > 0 {
            heard.push(byte[0]);
        }
        match answer {
            // Whoever has read enough hangs up.
            Some(answer) => drop(stream.write_all(answer.as_bytes())),
            // Says nothing until the other side gives up.
            None => drop(stream.read(&mut byte)),
        }
        String::from_utf8(heard).unwrap()
    });
    (url, heard)
}

fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}

fn promql(url: &str, token_file: Option<PathBuf>) -> Promql {
    Promql::new(PromqlConfig { url: url.into(), timeout: TIMEOUT, token_file, ca_file: None }).unwrap()
}

#[test]
fn the_query_and_the_token_are_sent() {
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    fs::write(&token, "secret\n").unwrap();
    let (url, heard) = server(Some(ok(&vector(&element("7")))));
    let asked = promql(&format!("{url}/prom/"), Some(token)).ask("sum(up{job=~\"a b\"}) + 1 & #");
    assert_eq!(asked, Ok(7.0));
    let heard = heard.join().unwrap();
    let query = "sum(up%7Bjob%3D~%22a%20b%22%7D)%20%2B%201%20%26%20%23";
    assert!(heard.starts_with(&format!("GET /prom/api/v1/query?query={query}&timeout=500ms ")), "{heard}");
    assert!(heard.to_lowercase().contains("authorization: bearer secret\r\n"), "{heard}");
}

#[test]
fn a_server_that_is_silent_gone_or_talks_too_much_is_missing() {
    let (url, _) = server(None);
    assert_eq!(promql(&url, None).ask("up"), Err(Missing::TimedOut));
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let missing = promql(&format!("http://{gone}"), None).ask("up").unwrap_err();
    assert!(missing.reason() == "unreachable" && missing.is_for_all(), "{missing}");
    let long = " ".repeat(usize::try_from(ANSWER_BYTES_MAX).unwrap() + 1);
    let (url, _) = server(Some(ok(&long)));
    assert_eq!(promql(&url, None).ask("up"), Err(Missing::TooLarge));
}

#[test]
fn who_does_not_speak_tls_is_not_asked_in_plain_words() {
    let (url, _) = server(Some(ok(&vector(&element("7")))));
    let missing = promql(&url.replace("http://", "https://"), None).ask("up").unwrap_err();
    assert!(missing.is_for_all(), "{missing}");
}

#[test]
fn a_token_follows_to_nobody_else() {
    let (url, _) = server(Some(
        "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n".into(),
    ));
    assert_eq!(promql(&url, None).ask("up").unwrap_err().reason(), "refused");
}

#[test]
fn without_a_readable_token_nobody_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    let asked = || promql("http://127.0.0.1:1", Some(token.clone())).ask("up").unwrap_err().reason();
    assert_eq!(asked(), "token");
    fs::write(&token, "two\nlines").unwrap();
    assert_eq!(asked(), "token");
}

#[test]
fn a_file_without_certificates_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.crt");
    let refused = || {
        let url = "https://127.0.0.1:1".into();
        let config = PromqlConfig { url, timeout: TIMEOUT, token_file: None, ca_file: Some(file.clone()) };
        Promql::new(config).unwrap_err().to_string()
    };
    assert!(refused().contains("ca.crt: No such file"), "{}", refused());
    fs::write(&file, "nothing").unwrap();
    assert!(refused().ends_with("ca.crt: there is no certificate in it"), "{}", refused());
}
