#![allow(clippy::unwrap_used, reason = "tests")]

use std::{fs, path::Path, sync::Arc};

use gw_fleet_core::{
    declared::Declared,
    message::Resource,
    node::{Persist, SavedWorld},
};
use gw_model::{Digest, ResourceName, Revision, RootDigest, StageKey};
use proptest::prelude::*;

use super::{Error, Found, Store};
use crate::identity::NodeKey;

fn key() -> NodeKey {
    NodeKey::for_tests(7)
}

fn open(dir: &Path) -> (Store, Result<Option<Found>, Error>) {
    Store::open(dir, &key()).unwrap()
}

fn found(dir: &Path) -> Option<Found> {
    open(dir).1.unwrap()
}

fn stage(n: u32) -> StageKey {
    let name: ResourceName = format!("stage/000000000000/us-east-1/api{n}/prod").parse().unwrap();
    match name {
        ResourceName::Stage(key) => key,
        _ => unreachable!("a stage's name"),
    }
}

fn resource(n: u32, version: u64, content: &[u8]) -> Resource {
    Resource { name: ResourceName::Stage(stage(n)), version, content: content.into() }
}

/// A world that a test changes beside the one on disk.
#[derive(Default)]
struct Model {
    declared: Declared,
    former: std::collections::BTreeMap<StageKey, Arc<[u8]>>,
    number: u64,
}

impl Model {
    fn change(
        &mut self,
        upserts: Vec<Resource>,
        removals: Vec<u32>,
        former: Vec<(u32, Option<&[u8]>)>,
    ) -> Persist {
        self.number += 1;
        let removals: Vec<_> =
            removals.into_iter().map(|n| ResourceName::Stage(stage(n))).collect();
        for name in &removals {
            self.declared.remove(name);
        }
        let all = upserts.iter().cloned();
        let mut next: Declared =
            self.declared.iter().filter_map(|(name, _)| self.declared.resource(name)).collect();
        for resource in all {
            let Resource { name, version, content } = resource;
            next.insert(name, gw_fleet_core::declared::Entry { version, content });
        }
        self.declared = next;
        let former: Vec<(StageKey, Option<Arc<[u8]>>)> =
            former.into_iter().map(|(n, content)| (stage(n), content.map(Into::into))).collect();
        for (key, content) in &former {
            match content {
                Some(content) => self.former.insert(key.clone(), Arc::clone(content)),
                None => self.former.remove(key),
            };
        }
        Persist {
            revision: Revision::new(3, self.number),
            root: self.declared.root(),
            whole: false,
            upserts,
            removals,
            former,
        }
    }

    fn saved(&self) -> (SavedWorld, RootDigest) {
        let resources = self.declared.iter().filter_map(|(name, _)| self.declared.resource(name));
        let former = self.former.iter().map(|(key, bytes)| (key.clone(), Arc::clone(bytes)));
        let world = SavedWorld {
            revision: Revision::new(3, self.number),
            resources: resources.collect(),
            former: former.collect(),
        };
        (world, self.declared.root())
    }

    fn check(&self, found: Found) {
        let Found { mut world, root } = found;
        let (expected, expected_root) = self.saved();
        world.resources.sort_by(|a, b| a.name.cmp(&b.name));
        world.former.sort();
        assert_eq!(world, expected);
        assert_eq!(root, expected_root);
    }
}

/// A store whose folder holds a few changes of a world.
fn filled(dir: &Path) -> (Store, Model) {
    let (mut store, none) = open(dir);
    assert!(none.unwrap().is_none());
    let mut model = Model::default();
    model.change(vec![resource(1, 1, b"one"), resource(2, 1, b"two")], vec![], vec![]);
    let (world, root) = model.saved();
    store.rewrite(&world, root).unwrap();
    let second = model.change(vec![resource(2, 2, b"zwei")], vec![], vec![(2, Some(b"two"))]);
    let third = model.change(vec![resource(3, 3, b"drei")], vec![1], vec![]);
    store.append(&[second, third]).unwrap();
    (store, model)
}

#[test]
fn what_was_written_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let (mut store, mut model) = filled(dir.path());
    model.check(found(dir.path()).unwrap());
    let fourth = model.change(vec![], vec![], vec![(2, None)]);
    store.append(&[fourth]).unwrap();
    model.check(found(dir.path()).unwrap());
}

#[test]
fn nothing_written_is_no_world() {
    let dir = tempfile::tempdir().unwrap();
    assert!(found(dir.path()).is_none());
}

#[test]
fn a_forgotten_world_is_gone() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = filled(dir.path());
    drop(store);
    Store::forget(dir.path()).unwrap();
    Store::forget(dir.path()).unwrap();
    assert!(found(dir.path()).is_none());
}

#[test]
fn another_key_opens_nothing() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path());
    let (mut store, refused) = Store::open(dir.path(), &NodeKey::for_tests(8)).unwrap();
    assert!(matches!(refused, Err(Error::NotAuthentic(_))));
    // The folder serves the next world all the same.
    let model = Model::default();
    let (world, root) = model.saved();
    store.rewrite(&world, root).unwrap();
    let (_, again) = Store::open(dir.path(), &NodeKey::for_tests(8)).unwrap();
    model.check(again.unwrap().unwrap());
}

#[test]
fn an_unknown_format_is_named() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path());
    let path = dir.path().join("manifest");
    let text = fs::read_to_string(&path).unwrap().replace("\"format\":1", "\"format\":99");
    fs::write(&path, text).unwrap();
    let error = open(dir.path()).1.unwrap_err();
    assert!(matches!(error, Error::UnknownFormat { format: 99, .. }), "{error}");
}

#[test]
fn an_oversized_manifest_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path());
    fs::write(dir.path().join("manifest"), vec![b'x'; 1 << 20]).unwrap();
    assert!(matches!(open(dir.path()).1, Err(Error::TooLarge(_))));
}

#[test]
fn a_torn_tail_behind_the_manifest_costs_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (_, model) = filled(dir.path());
    let path = dir.path().join("log.1");
    let mut bytes = fs::read(&path).unwrap();
    bytes.extend_from_slice(&[0, 0, 0, 90, 1, 2, 3]);
    fs::write(&path, &bytes).unwrap();
    model.check(found(dir.path()).unwrap());
    // A length from outer space is no reason to allocate.
    bytes.extend_from_slice(&[0xff; 40]);
    fs::write(&path, &bytes).unwrap();
    model.check(found(dir.path()).unwrap());
}

#[test]
fn records_that_the_manifest_does_not_count_yet_are_taken() {
    let dir = tempfile::tempdir().unwrap();
    let (mut store, mut model) = filled(dir.path());
    let manifest = fs::read(dir.path().join("manifest")).unwrap();
    let more = model.change(vec![resource(9, 9, b"nine")], vec![2], vec![(2, None)]);
    store.append(&[more]).unwrap();
    fs::write(dir.path().join("manifest"), manifest).unwrap();
    model.check(found(dir.path()).unwrap());
}

#[test]
fn a_log_put_back_to_an_older_state_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (mut store, mut model) = filled(dir.path());
    let log = fs::read(dir.path().join("log.1")).unwrap();
    let more = model.change(vec![resource(9, 9, b"nine")], vec![], vec![]);
    store.append(&[more]).unwrap();
    fs::write(dir.path().join("log.1"), log).unwrap();
    assert!(matches!(open(dir.path()).1, Err(Error::Truncated)));
}

#[test]
fn a_large_change_is_split_and_found_whole() {
    let dir = tempfile::tempdir().unwrap();
    let (mut store, mut model) = filled(dir.path());
    let content = vec![b'x'; 300_000];
    let many = (0..20).map(|n| resource(n, 5, &content)).collect();
    let large = model.change(many, vec![], vec![(4, Some(&content))]);
    store.append(&[large]).unwrap();
    assert!(store.wants_rewrite(), "the log is far larger than what it began with");
    model.check(found(dir.path()).unwrap());
    let (world, root) = model.saved();
    store.rewrite(&world, root).unwrap();
    model.check(found(dir.path()).unwrap());
    assert!(!store.wants_rewrite());
    assert!(!dir.path().join("log.1").exists() && dir.path().join("log.2").exists());
    // Half of a split change is none of it.
    let half = model.number;
    let many = (0..20).map(|n| resource(n, 6, &content)).collect();
    let manifest = fs::read(dir.path().join("manifest")).unwrap();
    let large = model.change(many, vec![], vec![]);
    store.append(&[large]).unwrap();
    let path = dir.path().join("log.2");
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() - 10]).unwrap();
    fs::write(dir.path().join("manifest"), manifest).unwrap();
    assert_eq!(found(dir.path()).unwrap().world.revision.number, half);
}

#[test]
fn contents_prove_themselves() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    let contents = store.contents();
    let digest = Digest::of(b"content");
    contents.put(digest, b"content").unwrap();
    contents.sync().unwrap();
    assert_eq!(contents.size(digest), Some(7));
    assert_eq!(contents.get(digest).unwrap().as_deref(), Some(&b"content"[..]));
    let sealed = fs::read(dir.path().join("contents").join(digest.to_string())).unwrap();
    assert!(!sealed.windows(7).any(|window| window == b"content"), "encrypted");
    // Found again by another process; a file under another's name is not believed.
    let other = Digest::of(b"other");
    fs::write(dir.path().join("contents").join(other.to_string()), &sealed).unwrap();
    fs::write(dir.path().join("contents").join("left.tmp"), b"x").unwrap();
    let (store, _) = open(dir.path());
    assert!(store.contents().get(other).is_err());
    assert_eq!(store.contents().get(other).unwrap(), None, "removed, to be fetched again");
    assert!(store.contents().get(digest).unwrap().is_some());
    assert!(!dir.path().join("contents/left.tmp").exists());
}

#[test]
fn unwanted_contents_stay_within_their_budget() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = open(dir.path());
    let contents = store.contents();
    let digests: Vec<Digest> = (0..5_u8)
        .map(|byte| {
            let content = [byte; 10];
            contents.put(Digest::of(&content), &content).unwrap();
            Digest::of(&content)
        })
        .collect();
    contents.get(digests[1]).unwrap();
    let wanted = [digests[0]].into();
    assert_eq!(contents.collect(&wanted, 20), 10);
    let kept: Vec<bool> = digests.iter().map(|digest| contents.size(*digest).is_some()).collect();
    assert_eq!(kept, [true, true, false, false, true], "the last used of the unwanted ones");
    assert_eq!(contents.total_bytes(), 30);
}

/// Every file below `dir`.
fn files_of(dir: &Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).unwrap().flatten() {
        if entry.path().is_dir() {
            files.extend(files_of(&entry.path()));
        } else {
            files.push(entry.path());
        }
    }
    files.sort();
    files
}

/// One way in which a file can go wrong.
#[derive(Debug, Clone)]
enum Damage {
    Flip { at: usize, mask: u8 },
    Cut { to: usize },
    Append(Vec<u8>),
    Replace(Vec<u8>),
    Remove,
}

fn damage() -> impl Strategy<Value = Damage> {
    let bytes = || proptest::collection::vec(any::<u8>(), 0..200);
    prop_oneof![
        4 => (any::<usize>(), 1_u8..).prop_map(|(at, mask)| Damage::Flip { at, mask }),
        2 => any::<usize>().prop_map(|to| Damage::Cut { to }),
        1 => bytes().prop_map(Damage::Append),
        1 => bytes().prop_map(Damage::Replace),
        1 => Just(Damage::Remove),
    ]
}

fn do_damage(path: &Path, damage: &Damage) {
    let mut bytes = fs::read(path).unwrap();
    match damage {
        Damage::Flip { at, mask } if !bytes.is_empty() => {
            let at = at % bytes.len();
            bytes[at] ^= mask;
        }
        Damage::Flip { .. } => {}
        Damage::Cut { to } => bytes.truncate(to % (bytes.len() + 1)),
        Damage::Append(more) => bytes.extend_from_slice(more),
        Damage::Replace(with) => bytes.clone_from(with),
        Damage::Remove => return fs::remove_file(path).unwrap(),
    }
    fs::write(path, bytes).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, ..ProptestConfig::default() })]

    /// Whatever happens to the files: no panic, and either the very world that
    /// was written or none.
    #[test]
    fn damage_never_gives_another_world(
        damages in proptest::collection::vec((any::<usize>(), damage()), 1..4),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let (store, model) = filled(dir.path());
        let digest = Digest::of(b"content");
        store.contents().put(digest, b"content").unwrap();
        drop(store);
        for (which, damage) in &damages {
            let files = files_of(dir.path());
            if !files.is_empty() {
                do_damage(&files[which % files.len()], damage);
            }
        }
        let (mut store, found) = open(dir.path());
        if let Ok(Some(found)) = found {
            model.check(found);
        }
        if let Ok(Some(content)) = store.contents().get(digest) {
            prop_assert_eq!(content, b"content");
        }
        // And the folder can be used on.
        let (world, root) = model.saved();
        store.rewrite(&world, root).unwrap();
        model.check(open(dir.path()).1.unwrap().unwrap());
    }

    /// Any sequence of changes, restarts and rewrites is found as it was made.
    #[test]
    fn any_history_is_found(
        steps in proptest::collection::vec((0_u32..6, 0_u8..8, any::<u8>()), 1..30),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let mut store = open(dir.path()).0;
        let mut model = Model::default();
        for (n, what, byte) in steps {
            let content = vec![byte; usize::from(byte)];
            let change = match what {
                0 => model.change(vec![], vec![n], vec![]),
                1 => model.change(vec![], vec![], vec![(n, Some(&content))]),
                2 => model.change(vec![], vec![], vec![(n, None)]),
                _ => {
                    let version = model.number + 1;
                    model.change(vec![resource(n, version, &content)], vec![], vec![])
                }
            };
            if what == 7 {
                store = open(dir.path()).0;
            }
            if store.is_open() {
                store.append(&[change]).unwrap();
            } else {
                let (world, root) = model.saved();
                store.rewrite(&world, root).unwrap();
            }
        }
        model.check(found(dir.path()).unwrap());
    }
}
