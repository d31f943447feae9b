//! Keys: finds the key somebody meant.
//!
//! Lives here: comparing the keys of a table with the known ones. May not: read files.

use super::ConfigError;

/// Tables in which any key may stand.
const FREE: [&str; 3] = ["codec.features", "kafka.properties", "kafka.properties_files"];

/// Refuses the first key that the defaults do not have, and names the nearest one.
pub(super) fn check(given: &toml::Table, known: &toml::Table, source: &str) -> Result<(), ConfigError> {
    check_under(given, known, "", source)
}

fn check_under(
    given: &toml::Table,
    known: &toml::Table,
    path: &str,
    source: &str,
) -> Result<(), ConfigError> {
    for (key, value) in given {
        let full = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        match (known.get(key), value) {
            (None, _) => return Err(unknown(&full, key, known, path, source)),
            (Some(toml::Value::Table(known)), toml::Value::Table(given))
                if !FREE.contains(&full.as_str()) =>
            {
                check_under(given, known, &full, source)?;
            }
            (Some(toml::Value::Table(_)), other) if !other.is_table() => {
                return Err(ConfigError(format!("`{full}` in {source} is a value; it has to be a table")));
            }
            (Some(_), _) => {}
        }
    }
    Ok(())
}

fn unknown(full: &str, key: &str, known: &toml::Table, path: &str, source: &str) -> ConfigError {
    let nearest = known.keys().min_by_key(|candidate| strsim::damerau_levenshtein(candidate, key));
    let hint = nearest.map_or(String::new(), |nearest| {
        let full = if path.is_empty() { nearest.clone() } else { format!("{path}.{nearest}") };
        format!("; did you mean `{full}`?")
    });
    ConfigError(format!("unknown key `{full}` in {source}{hint}"))
}
