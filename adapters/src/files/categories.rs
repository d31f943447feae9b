//! Names of categories: those that a file lists, or those that occur in a recorded stream.
//!
//! May not: know what the names are for.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use csv::StringRecord;
use model::onnx::Categories;
use model::{FeatureKind, Schema};

use super::cells::is_missing;
use super::error::FilesError;
use super::records::Records;

/// Longest list of names that is read, in bytes.
const LIST_BYTES_MAX: u64 = 64 << 20;

/// The names in a JSON object of lists, one list a feature.
pub fn listed_categories(path: &Path) -> Result<Categories, FilesError> {
    let refused = |message: String| FilesError::Record { path: path.into(), line: 1, message };
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(LIST_BYTES_MAX + 1).read_to_string(&mut text));
    read.map_err(|source| FilesError::Io { path: path.into(), source })?;
    if text.len() as u64 > LIST_BYTES_MAX {
        return Err(refused(format!("the list is longer than {LIST_BYTES_MAX} bytes")));
    }
    let lists: BTreeMap<String, Vec<String>> = serde_json::from_str(&text)
        .map_err(|error| refused(format!("give {{\"feature\": [\"name\", …], …}}: {error}")))?;
    let mut categories = Categories::default();
    for (feature, names) in lists {
        for name in names {
            categories.insert(&feature, &name).map_err(|error| refused(error.to_string()))?;
        }
    }
    Ok(categories)
}

/// The names that occur in a recorded stream, of each categorical feature of the schema.
pub fn occurring_categories(path: &Path, schema: &Schema) -> Result<Categories, FilesError> {
    let mut records = Records::open(path)?;
    let mut columns = Vec::new();
    for feature in schema.features() {
        if matches!(feature.kind, FeatureKind::Categorical { .. }) {
            columns.push((feature.name.as_str(), records.column(&feature.name)?));
        }
    }
    let (mut categories, mut cells) = (Categories::default(), StringRecord::new());
    while records.read(&mut cells)? {
        for (feature, at) in &columns {
            let cell = cells.get(*at).unwrap_or_default();
            if !is_missing(cell) {
                categories.insert(feature, cell).map_err(|error| records.refuse(error.to_string()))?;
            }
        }
    }
    Ok(categories)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use model::{Feature, Objective, Target};

    use super::*;

    fn schema() -> Schema {
        let feature = |name: &str, kind| Feature { name: name.into(), kind };
        let features = vec![
            feature("colour", FeatureKind::Categorical { buckets: 4 }),
            feature("price", FeatureKind::Numeric),
        ];
        Schema::new(features, Target::Regression, Objective::default()).expect("two features of two names")
    }

    fn read(
        name: &str,
        text: &str,
        read: impl Fn(&Path) -> Result<Categories, FilesError>,
    ) -> Result<Categories, String> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join(name);
        fs::write(&path, text).expect("a file");
        read(&path).map_err(|error| error.to_string())
    }

    #[test]
    fn names_that_occur_are_those_of_categorical_columns() {
        let text = "price,colour\n1,red\n2,NA\n3,blue\n4,red\n";
        let found = read("a.csv", text, |path| occurring_categories(path, &schema())).expect("a stream");
        assert_eq!(found.of("colour").collect::<Vec<_>>(), ["blue", "red"]);
        assert_eq!(found.of("price").count(), 0);
    }

    #[test]
    fn a_list_is_read_and_anything_else_refused() {
        let found = read("a.json", r#"{"colour": ["red", "blue", ""]}"#, listed_categories).expect("a list");
        assert_eq!(found.of("colour").collect::<Vec<_>>(), ["blue", "red"]);
        let refused = read("a.json", r#"["red"]"#, listed_categories).expect_err("no object");
        assert!(refused.contains(r#"give {"feature": ["name", …], …}"#), "{refused}");
    }
}
