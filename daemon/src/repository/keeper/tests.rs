//! Champions come to be versions, whatever is in the way meanwhile, and nothing is written that no file can say.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use model::{
    Architecture, Encoder, Hyper, Mixture, MixtureNetwork, MixtureWeights, Row, Shape, category_value,
};
use tempfile::TempDir;

use super::*;
use crate::config::Config;
use crate::telemetry::Telemetry;

const SCHEMA: &str = "[schema]
    classes = [\"a\", \"b\"]
    features = [{ name = \"x\", kind = \"numeric\" }, { name = \"colour\", kind = \"categorical\" }]";

/// A repository in a folder, and what keeps it.
struct Scene {
    config: Config,
    telemetry: Telemetry,
    work: Work,
    folder: TempDir,
}

impl Scene {
    fn set(settings: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let names = folder.path().join("names.json");
        fs::write(&names, r#"{"colour": ["red"]}"#).expect("the disk takes it");
        let text = format!(
            "model = {{ name = \"fraud\" }}
            repository = {{ location = '{}', categories = '{}', unchecked = true, {settings} }}\n{SCHEMA}",
            folder.path().join("models").display(),
            names.display()
        );
        let config = Config::parse(&text).expect("a small valid configuration");
        let telemetry = Telemetry::new();
        let work = work(&config, &telemetry);
        Self { config, telemetry, work, folder }
    }

    /// Another life of the same daemon.
    fn restart(&mut self) {
        self.work = work(&self.config, &self.telemetry);
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("models/fraud")
    }

    /// Versions that are there.
    fn versions(&self) -> Vec<u64> {
        let names =
            fs::read_dir(self.path()).expect("a folder").map(|entry| entry.expect("readable").file_name());
        let mut versions: Vec<u64> = names.filter_map(|name| name.to_str()?.parse().ok()).collect();
        versions.sort_unstable();
        versions
    }

    fn counted(&self, result: &str) -> u64 {
        let families = self.telemetry.registry.gather();
        let family = families.iter().find(|family| family.name() == "driftform_repository_total");
        let series = family.expect("it is declared").get_metric().iter();
        let mut found = series.filter(|series| series.get_label()[0].value() == result);
        found.next().expect("it has this result").get_counter().get_value() as u64
    }
}

fn work(config: &Config, telemetry: &Telemetry) -> Work {
    let (config, metrics) = (config.repository.clone(), telemetry.repository.clone());
    let config = config.expect("it is somewhere");
    Work { post: Arc::new(Post::default()), config, metrics, runtime: None, trouble: None }
}

/// A linear model that differs from those of other generations; it may see so many of the newest labels.
fn model(config: &Config, generation: u64, context: u8) -> Model {
    let schema = Arc::clone(&config.learn.schema);
    let mut encoder = Encoder::new(&schema);
    for row in 0..20 {
        let row = vec![row as f32, category_value("red", model::schema::BUCKETS_DEFAULT)];
        encoder.observe(&Row::new(row).expect("finite"));
    }
    let shape = Shape::with_labels(encoder.width(), schema.target());
    let member = Architecture { context, ..Architecture::linear(Hyper::default()) };
    let mixture = Mixture { members: vec![member], ..config.learn.start.clone() };
    let mut weights = MixtureWeights::initial(&mixture, shape, generation);
    for table in weights.members.iter_mut().flat_map(|member| member.0.values_mut()) {
        table.data.fill(generation as f32 / 100.0);
    }
    let network = MixtureNetwork::from_weights(&mixture, shape, &weights, &Device::cpu()).expect("it fits");
    Model::new(schema, encoder, network).expect("it fits")
}

fn pending(model: &Model, generation: u64) -> Pending {
    let (parts, generation) = (model.parts().expect("plain"), Generation(generation));
    Pending { champion: Champion { parts, generation }, stage: Stage::New, failures: 0 }
}

/// One try at a champion of this generation, whose weights are those of another.
fn attend(scene: &mut Scene, generation: u64, weights: u64) -> Option<Pending> {
    let pending = pending(&model(&scene.config, weights, 0), generation);
    scene.work.attend(pending)
}

#[test]
fn each_champion_is_the_newest_version_also_one_that_serves_again() {
    let mut scene = Scene::set("keep = 2");
    for (generation, newest) in [(7, 7), (9, 9), (7, 10), (11, 11)] {
        assert!(attend(&mut scene, generation, generation).is_none());
        assert_eq!(scene.versions().last(), Some(&newest));
    }
    assert_eq!((scene.versions(), scene.counted("written")), (vec![10, 11], 4));
    let config = fs::read_to_string(scene.path().join("config.pbtxt")).expect("it is there");
    assert!(config.contains("name: \"fraud\""), "{config}");
}

#[test]
fn what_is_there_already_is_not_written_again_after_a_restart() {
    let mut scene = Scene::set("keep = 5");
    assert!(attend(&mut scene, 7, 1).is_none());
    scene.restart();
    assert!(attend(&mut scene, 7, 1).is_none());
    assert_eq!(scene.versions(), [7]);
    assert!(attend(&mut scene, 7, 2).is_none(), "the same number, given to other weights after a crash");
    assert_eq!(scene.versions(), [7, 8]);
}

#[test]
fn what_is_in_the_way_is_told_once_and_tried_again_until_it_is_gone() {
    let mut scene = Scene::set("");
    let path = scene.path();
    fs::create_dir_all(path.parent().expect("a folder")).expect("the disk takes it");
    fs::write(&path, "in the way").expect("the disk takes it");
    let mut pending = Some(pending(&model(&scene.config, 7, 0), 7));
    for failures in 1..=3 {
        pending = pending.and_then(|pending| scene.work.attend(pending));
        assert_eq!(pending.as_ref().map(|pending| pending.failures), Some(failures));
    }
    let said = scene.work.trouble.clone().expect("something is the matter");
    assert!(said.contains("fraud"), "{said}");
    fs::remove_file(&path).expect("it is ours");
    assert!(pending.and_then(|pending| scene.work.attend(pending)).is_none());
    assert_eq!((scene.versions(), scene.counted("failed"), scene.counted("written")), (vec![7], 3, 1));
    assert!(scene.work.trouble.is_none());
}

#[test]
fn tries_come_later_and_later_but_never_end() {
    let scene = Scene::set("");
    let mut pending = pending(&model(&scene.config, 7, 0), 7);
    let waits = [1, 2, 3, 6, 7, 1_000, u32::MAX].map(|failures| {
        pending.failures = failures;
        pending.wait().as_secs()
    });
    assert_eq!(waits, [1, 2, 4, 32, 60, 60, 60]);
}

#[test]
fn one_that_sees_the_newest_labels_is_refused_by_name_and_leaves_what_is_there() {
    let mut scene = Scene::set("");
    assert!(attend(&mut scene, 7, 7).is_none());
    let sees = pending(&model(&scene.config, 8, 1), 8);
    assert!(scene.work.attend(sees).is_none(), "it is not tried again");
    assert_eq!((scene.versions(), scene.counted("refused")), (vec![7], 1));
    let said = scene.work.trouble.clone().expect("something is the matter");
    assert!(said.contains("labels that had arrived"), "{said}");
    assert!(attend(&mut scene, 9, 9).is_none());
    assert_eq!(scene.versions(), [7, 9]);
}

#[test]
fn weights_are_read_back_as_they_were_also_with_labels() {
    let mut scene = Scene::set("format = \"safetensors\"");
    let model = model(&scene.config, 7, 1);
    assert!(scene.work.attend(pending(&model, 7)).is_none());
    let read = Model::from_files(&scene.path().join("7"), &Device::cpu()).expect("it is whole");
    assert_eq!(read.parts().expect("plain"), model.parts().expect("plain"));
}

#[test]
fn a_list_of_names_that_cannot_be_read_is_tried_again() {
    let mut scene = Scene::set("");
    let names = scene.folder.path().join("names.json");
    fs::write(&names, "[").expect("it is ours");
    let left = attend(&mut scene, 7, 7).expect("somebody may mend it");
    fs::write(&names, r#"{"colour": ["red", "blue"]}"#).expect("it is ours");
    assert!(scene.work.attend(left).is_none());
    assert_eq!(scene.versions(), [7]);
}
