//! A page is never more than was said beforehand.

use linli_model::Classification;
use linli_scope::decide::Ask;
use linli_store::StoreError;
use linli_tests::databases;

use super::{World, actor, caller, scope, world};

#[test]
fn a_page_of_too_many_bytes_is_broken_off_while_it_is_read() {
    for database in databases() {
        let World { runtime, store, keyring, .. } = world(&database);
        let scope = scope(&store.catalogue(), &keyring, "\"read\"", "label = \"plain\", count = \"plain\"", "");
        let actor = actor(&["44"], Classification::Sensitive);
        let ask = |limit| Ask { entity: "thing".into(), fields: vec!["label".into(), "count".into()], limit, ..Ask::default() };
        let within = |limit, most| runtime.block_on(store.read_within(&scope.read(&caller(&actor), &ask(limit)).unwrap(), most));
        let whole = within(50, usize::MAX).unwrap();
        assert!(whole.count > 2);
        assert_eq!(within(50, whole.json.len()).unwrap().json, whole.json);
        for most in [0, 1, whole.json.len() / 2, whole.json.len() - 1] {
            assert!(matches!(within(50, most), Err(StoreError::TooLarge { most: told }) if told == most), "{most}");
        }
        // One row alone may be too much.
        assert!(matches!(within(1, 3), Err(StoreError::TooLarge { .. })));
        assert_eq!(within(1, whole.json.len()).unwrap().count, 1);
    }
}
