//! What architecture promises, held by examples and properties.

#![allow(clippy::unwrap_used, reason = "tests may")]

use super::*;

fn two_blocks() -> Architecture {
    let first = Block { norm: Norm::Layer, groups: vec![32, 32], ..Block::plain(64, Activation::Gelu) };
    Architecture {
        blocks: vec![first, Block::plain(32, Activation::Relu)],
        ..Architecture::linear(Hyper::default())
    }
}

#[test]
fn reads_well() {
    let sgd = Hyper { optimiser: Optimiser::Sgd, step_size: 0.03, ..Hyper::default() };
    assert_eq!(Architecture::linear(sgd).to_string(), "linear, sgd 0.03");
    assert_eq!(two_blocks().to_string(), "64 gelu layer → 32 relu, adamw 0.003");
    let mut busy = two_blocks();
    busy.blocks[0].dropout = 0.1;
    busy.blocks[0].skip = true;
    busy.exits = true;
    busy.committee = 4;
    busy.hyper =
        Hyper { weight_decay: 0.001, batch: 32, replay: 0.5, noise: 0.1, attack: 0.03, ..busy.hyper };
    assert_eq!(
        busy.to_string(),
        "64 gelu layer dropout 0.1 skip → 32 relu, adamw 0.003 decay 0.001 batch 32 replay 0.5 noise 0.1 attack 0.03, exits, committee of 4"
    );
}

#[test]
fn canonical_forms_of_equal_functions_are_equal() {
    let mut odd = two_blocks();
    odd.blocks[1].groups = vec![16, 0, 16];
    odd.blocks[1].skip = true;
    assert_ne!(odd, two_blocks());
    assert_eq!(odd.canonical(), two_blocks().canonical());
    assert_eq!(odd.digest(), two_blocks().digest());
}

#[test]
fn groups_under_a_norm_are_part_of_the_function() {
    let mut one = two_blocks();
    one.blocks[0].groups = vec![64];
    assert_ne!(one.digest(), two_blocks().digest());
    assert_eq!(one.without_groups(), two_blocks().without_groups());
}

#[test]
fn the_digest_never_changes() {
    assert_eq!(two_blocks().digest(), 17_632_193_988_576_209_037);
}

#[test]
fn what_was_written_before_there_were_kinds_is_dense() {
    let text = r#"{"groups":[8],"activation":"relu","norm":"none","dropout":0.0,"skip":false}"#;
    let block: Block = serde_json::from_str(text).unwrap();
    assert_eq!(block, Block::plain(8, Activation::Relu));
    let cross = Block { kind: BlockKind::Cross, ..block };
    assert_eq!(serde_json::from_str::<Block>(&serde_json::to_string(&cross).unwrap()).unwrap(), cross);
    assert_eq!(cross.to_string(), "cross 8 relu");
}

#[test]
fn residual_and_cross_blocks_keep_the_width_of_what_entered() {
    let block = |kind, width| Block { kind, ..Block::plain(width, Activation::Relu) };
    let blocks = vec![
        block(BlockKind::Cross, 3),
        block(BlockKind::Gated, 7),
        block(BlockKind::Residual, 9),
        block(BlockKind::Dense, 4),
    ];
    assert_eq!(Architecture { blocks, ..Architecture::linear(Hyper::default()) }.streams(5), [5, 7, 7, 4]);
}

#[test]
fn survives_json() {
    let text = serde_json::to_string(&two_blocks()).unwrap();
    assert_eq!(serde_json::from_str::<Architecture>(&text).unwrap(), two_blocks());
    let before = text.replace(",\"context\":0", "").replace(",\"exits\":false,\"committee\":1", "");
    assert_ne!(before, text);
    assert_eq!(serde_json::from_str::<Architecture>(&before).unwrap(), two_blocks(), "one saved without it");
}

#[test]
fn refuses_what_cannot_be_built() {
    let refused = |edit: fn(&mut Architecture)| {
        let mut architecture = two_blocks();
        edit(&mut architecture);
        architecture.check().unwrap_err().to_string()
    };
    assert!(two_blocks().check().is_ok());
    assert!(refused(|a| a.blocks[0].groups.clear()).contains("block 1 has 0 units"));
    assert!(refused(|a| a.blocks[1].dropout = 1.0).contains("block 2 has dropout 1"));
    assert!(refused(|a| a.hyper.step_size = f32::NAN).contains("step size is NaN"));
    assert!(refused(|a| a.hyper.batch = 0).contains("batch is 0"));
    assert!(refused(|a| a.hyper.replay = 2.0).contains("replay 2"));
    assert!(refused(|a| a.hyper.noise = 0.6).contains("noise is 0.6"));
    assert!(refused(|a| a.hyper.attack = f32::NAN).contains("attack NaN"));
    assert!(refused(|a| a.committee = 9).contains("committee of 9"));
    assert!(refused(|a| a.context = 5).contains("context is 5 labels"));
    assert!(refused(|a| a.blocks = vec![a.blocks[0].clone(); 17]).contains("at most 16"));
}
