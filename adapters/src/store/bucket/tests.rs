//! What is told of a bucket's troubles. The rest is proved beside an object store, in the tests of the whole.

use super::*;

/// An error, and what it comes from.
#[derive(Debug, thiserror::Error)]
#[error("{text}")]
struct Link {
    text: &'static str,
    source: Option<Box<Link>>,
}

fn told_of(chain: [&'static str; 2]) -> String {
    let [outer, inner] = chain.map(|text| Link { text, source: None });
    let source = Box::new(Link { source: Some(Box::new(inner)), ..outer });
    told(&object_store::Error::Generic { store: "S3", source })
}

#[test]
fn the_same_trouble_is_told_in_the_same_words() {
    let refused = "Server returned non-2xx status code: 403 Forbidden: <Error><Code>AccessDenied</Code>\
                   <Message>Not yours</Message><RequestId>4711</RequestId></Error>";
    assert_eq!(told_of(["Error performing PUT http://x in 3ms - ...", refused]), "AccessDenied: Not yours");
    let bare = "Server returned non-2xx status code: 503 Service Unavailable: ";
    assert_eq!(told_of(["Error performing PUT http://x in 9ms - ...", bare]), bare.trim_end_matches(": "));
    let other = told_of(["no region", "of this name"]);
    assert!(other.contains("no region"), "{other}");
}
