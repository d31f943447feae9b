//! Files that are right are shown, files that change are read anew, and files that are wrong change nothing.

use std::fs;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use tempfile::TempDir;

use super::*;

/// A folder with the files of a certificate.
fn files() -> (TempDir, TlsFiles) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let in_it = |name: &str| folder.path().join(name);
    let files = TlsFiles { certificate: in_it("tls.crt"), key: in_it("tls.key"), client_ca: None };
    let (certificate, key) = pair();
    fs::write(&files.certificate, certificate).expect("a file");
    fs::write(&files.key, key).expect("a file");
    (folder, files)
}

fn pair() -> (String, String) {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["localhost".into()]).expect("a plain name");
    (cert.pem(), signing_key.serialize_pem())
}

/// What the next connection is shown.
fn looked(tls: &Tls) -> Arc<ServerConfig> {
    if tls.begins_to_look() {
        tls.look();
    }
    tls.shown()
}

fn refused(files: &TlsFiles) -> String {
    Tls::open(files.clone(), b"h2").expect_err("the files are wrong").to_string()
}

#[test]
fn files_that_changed_are_shown_and_files_that_are_wrong_change_nothing() {
    let (_folder, files) = files();
    let tls = Tls::open(files.clone(), b"h2").expect("the files are right").always_looking();
    let first = looked(&tls);
    assert_eq!(first.alpn_protocols, [b"h2".to_vec()]);
    assert!(Arc::ptr_eq(&first, &looked(&tls)), "nothing has changed");

    let (certificate, key) = pair();
    fs::write(&files.certificate, certificate).expect("a file");
    assert!(Arc::ptr_eq(&first, &looked(&tls)), "the new key is not there yet");
    fs::write(&files.key, key).expect("a file");
    let second = looked(&tls);
    assert!(!Arc::ptr_eq(&first, &second), "both are there");
    fs::remove_file(&files.key).expect("it is ours");
    assert!(Arc::ptr_eq(&second, &looked(&tls)), "a file that is gone says nothing");
}

#[test]
fn files_are_not_looked_at_with_each_connection() {
    let (_folder, files) = files();
    let tls = Tls::open(files.clone(), b"h2").expect("the files are right");
    let first = looked(&tls);
    let (certificate, key) = pair();
    fs::write(&files.certificate, certificate).expect("a file");
    fs::write(&files.key, key).expect("a file");
    assert!(Arc::ptr_eq(&first, &looked(&tls)));
}

#[test]
fn only_one_looks_at_a_time_and_the_others_are_not_held_up() {
    let (_folder, files) = files();
    let tls = Tls::open(files, b"h2").expect("the files are right").always_looking();
    assert!(tls.begins_to_look() && !tls.begins_to_look());
    let meanwhile = tls.shown();
    tls.look();
    assert!(Arc::ptr_eq(&meanwhile, &tls.shown()) && tls.begins_to_look());
}

#[tokio::test]
async fn the_connection_that_looks_gets_what_it_finds() {
    let (_folder, files) = files();
    let tls = Tls::open(files.clone(), b"h2").expect("the files are right").always_looking();
    let tls = Arc::new(tls);
    let first = tls.server().await;
    let (certificate, key) = pair();
    fs::write(&files.certificate, certificate).expect("a file");
    fs::write(&files.key, key).expect("a file");
    assert!(!Arc::ptr_eq(&first, &tls.server().await));
}

#[test]
fn what_is_wrong_names_the_key_and_the_file() {
    let (folder, good) = files();
    let other = folder.path().join("other");
    let begins = |files: &TlsFiles, key: &str, path: &Path| {
        let error = refused(files);
        assert!(error.starts_with(&format!("`{key}`: {}: ", path.display())), "{error}");
        error
    };
    let absent = TlsFiles { certificate: other.clone(), ..good.clone() };
    begins(&absent, "serve.tls_certificate", &other);

    fs::write(&other, "no certificate").expect("a file");
    let error = begins(&absent, "serve.tls_certificate", &other);
    assert!(error.ends_with("there is no certificate in it"), "{error}");
    let keyless = TlsFiles { key: other.clone(), ..good.clone() };
    begins(&keyless, "serve.tls_key", &other);
    let open = TlsFiles { client_ca: Some(other.clone()), ..good.clone() };
    begins(&open, "serve.tls_client_ca", &other);

    fs::write(&other, pair().1).expect("a file");
    let error = begins(&keyless, "serve.tls_key", &other);
    assert!(error.contains("it does not go with"), "{error}");
    let endless = TlsFiles { key: PathBuf::from("/dev/zero"), ..good };
    begins(&endless, "serve.tls_key", Path::new("/dev/zero"));
}

#[test]
fn keys_are_not_told() {
    let (_folder, files) = files();
    let key = fs::read_to_string(&files.key).expect("it is there");
    let secret = key.lines().nth(1).expect("a key has lines").to_owned();
    let tls = Tls::open(files, b"h2").expect("the files are right");
    assert!(!format!("{tls:?}").contains(&secret));
}
