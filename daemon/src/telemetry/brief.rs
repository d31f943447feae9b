//! Brief names: what a person has to read of a mixture that takes the place of another.
//!
//! Lives here: the words. The whole names are in the event, for programs.

/// What is new of `architecture` beside the one before it, and the name of that one: members that both have are not told twice.
///
/// A name that is no mixture's is told as it is.
pub(super) fn changed(architecture: &str, before: &str) -> (String, String) {
    let (now, mut gone) = (members(architecture), members(before));
    if now.len() < 2 && gone.len() < 2 {
        return (architecture.to_owned(), before.to_owned());
    }
    let mut new = Vec::new();
    for member in &now {
        match gone.iter().position(|known| known == member) {
            Some(at) => drop(gone.remove(at)),
            None => new.push(*member),
        }
    }
    let listed = |word: &str, names: &[&str]| {
        if names.is_empty() { String::new() } else { format!(", {word} {}", names.join(" | ")) }
    };
    let told = format!("{}{}{}", head(architecture), listed("with", &new), listed("without", &gone));
    (told, head(before).to_owned())
}

/// The names of the members; one that is no mixture is its own.
fn members(name: &str) -> Vec<&str> {
    name.split_once(": ").map_or_else(|| vec![name], |(_, members)| members.split(" | ").collect())
}

/// The rule of a mixture and of how many it is.
fn head(name: &str) -> &str {
    name.split_once(": ").map_or(name, |(head, _)| head)
}

#[cfg(test)]
mod tests {
    use model::{Architecture, Edit, Hyper, Mixture};

    use super::*;

    #[test]
    fn names_are_taken_apart_as_mixtures_put_them_together() {
        let member = |step_size| Architecture::linear(Hyper { step_size, ..Hyper::default() });
        let before = Mixture::of_one(member(0.1)).edited(&Edit::add(1, 0, member(0.2)));
        let after = before.edited(&Edit::add(2, 0, member(0.3)));
        let (told, said) = changed(&after.to_string(), &before.to_string());
        assert_eq!(told, format!("{} of 3, with {}", after.rule.name(), member(0.3)));
        assert_eq!(said, format!("{} of 2", before.rule.name()));
    }

    #[test]
    fn members_that_both_have_are_not_told() {
        let before = "adaptive of 3: linear sgd | 64 relu | 64 relu";
        for (architecture, expected) in [
            (
                "adaptive of 3: linear sgd | 64 relu | 128 relu",
                "adaptive of 3, with 128 relu, without 64 relu",
            ),
            ("adaptive of 4: linear sgd | 64 relu | 64 relu | 8 tanh", "adaptive of 4, with 8 tanh"),
            ("adaptive of 2: linear sgd | 64 relu", "adaptive of 2, without 64 relu"),
            ("linear sgd", "linear sgd, without 64 relu | 64 relu"),
        ] {
            assert_eq!(changed(architecture, before), (expected.to_owned(), "adaptive of 3".to_owned()));
        }
        assert_eq!(changed("64 relu", "linear"), ("64 relu".to_owned(), "linear".to_owned()));
        let grown = ("adaptive of 2, with 8 tanh".to_owned(), "linear".to_owned());
        assert_eq!(changed("adaptive of 2: linear | 8 tanh", "linear"), grown);
    }
}
