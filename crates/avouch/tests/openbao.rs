//! The root key in a real OpenBao: wrapped, rotated, moved there from a file; and what is said when it is not there.
//!
//! Keeps promise 5.5.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::path::PathBuf;
use std::sync::Arc;

use avouch::outbound::Reach;
use avouch::security::openbao::{OpenBao, Transit};
use avouch::{App, Settings};
use avouch_seal::{KeyFile, Kms, KmsError, Moving, Region, SystemEntropy};
use avouch_store::{Store, StoreConfig};
use avouch_testkit::openbao::Server;
use avouch_testkit::{Engine, Home, SeededEntropy, policy};

fn keeper(server: &Server, key: &str, token_file: PathBuf) -> OpenBao {
    let transit = Transit { address: server.address(), mount: "transit".into(), key: key.into(), token_file };
    OpenBao::new(transit, Reach { loopback: vec![server.socket()], ..Reach::default() }, None).unwrap()
}

fn server() -> Server {
    let server = Server::start();
    for key in ["avouch", "other"] {
        server.bao(&["write", "-f", &format!("transit/keys/{key}")]);
    }
    server
}

#[test]
fn promise_5_5_openbao_wraps_for_a_context_and_unwraps_for_no_other() {
    let mut server = server();
    let kms = keeper(&server, "avouch", server.token_file());
    let first = kms.wrap("region:cn:1", b"secret", &SystemEntropy).unwrap();
    assert!(!first.windows(6).any(|w| w == b"secret"));
    assert_eq!(kms.unwrap("region:cn:1", &first).unwrap().as_slice(), b"secret");
    assert!(matches!(kms.unwrap("region:eu:1", &first), Err(KmsError::Wrong(_))), "the context is bound in");
    let other = keeper(&server, "other", server.token_file());
    assert!(matches!(other.unwrap("region:cn:1", &first), Err(KmsError::Wrong(_))), "another key");
    assert!(matches!(kms.unwrap("region:cn:1", b"not wrapped"), Err(KmsError::Wrong(_))));

    assert_eq!(kms.version().unwrap(), "vault:v1");
    kms.rotate(&SystemEntropy).unwrap();
    assert_eq!(kms.version().unwrap(), "vault:v2");
    let second = kms.wrap("region:cn:1", b"secret", &SystemEntropy).unwrap();
    assert_eq!(kms.wrapped_by("region:cn:1", &first).unwrap(), "vault:v1");
    assert_eq!(kms.wrapped_by("region:cn:1", &second).unwrap(), "vault:v2");
    assert_eq!(kms.unwrap("region:cn:1", &first).unwrap().as_slice(), b"secret", "an old version opens until retired");
    kms.retire().unwrap();
    assert!(matches!(kms.unwrap("region:cn:1", &first), Err(KmsError::Wrong(_))));
    assert_eq!(kms.unwrap("region:cn:1", &second).unwrap().as_slice(), b"secret");

    // A token that was revoked, one that may do nothing, none at all; a key that is not there; a server that is down.
    let token = server.bao(&["token", "create", "-field=token", "-policy=default"]);
    let file = tempfile::tempdir().unwrap();
    let place = file.path().join("token");
    std::fs::write(&place, &token).unwrap();
    let weak = keeper(&server, "avouch", place.clone());
    let said = |kms: &OpenBao| kms.unwrap("region:cn:1", &second).unwrap_err().to_string();
    assert!(said(&weak).contains("refuses the token"), "{}", said(&weak));
    server.bao(&["token", "revoke", &token]);
    assert!(said(&weak).contains("refuses the token"), "{}", said(&weak));
    assert!(!said(&weak).contains(&token), "no secret is told");
    std::fs::remove_file(&place).unwrap();
    assert!(said(&weak).contains("cannot be read"), "{}", said(&weak));
    let none = keeper(&server, "nowhere", server.token_file());
    assert!(none.version().unwrap_err().to_string().contains("no such engine or key"));
    server.bao(&["operator", "seal"]);
    assert!(said(&kms).contains("sealed"), "{}", said(&kms));
    server.kill();
    assert!(said(&kms).contains("cannot be reached"), "{}", said(&kms));
}

#[test]
fn a_key_service_is_reached_over_https_or_on_this_machine_where_it_is_named() {
    let transit = |address: &str| Transit {
        address: address.into(),
        mount: "transit".into(),
        key: "avouch".into(),
        token_file: "token".into(),
    };
    assert!(OpenBao::new(transit("https://bao.plaza.example:8200"), Reach::default(), None).is_ok());
    for wrong in ["http://bao.plaza.example:8200", "http://127.0.0.1:8200", "bao"] {
        assert!(OpenBao::new(transit(wrong), Reach::default(), None).is_err(), "{wrong}");
    }
    let odd = Transit { key: "a/../b".into(), ..transit("https://bao.plaza.example") };
    assert!(OpenBao::new(odd, Reach::default(), None).is_err());
}

async fn open(home: &Home, kms: Arc<dyn Kms>, node: &str) -> Result<App, avouch_store::StoreError> {
    let (data, keys) = home.places();
    let store = Store::open(StoreConfig {
        region: Region::new("cn").unwrap(),
        data: data.clone(),
        keys: keys.clone(),
        objects: home.dir.path().join("objects"),
        journals: home.dir.path().join("journals"),
        node: node.into(),
        origin: "plaza.example/cn".into(),
        kms,
        clock: Arc::clone(&home.clock) as _,
        entropy: Arc::new(SeededEntropy::new(u64::from(node.as_bytes()[0]))),
        policy: policy(),
        faults: None,
    })
    .await?;
    Ok(App::new(store, Settings::default()))
}

#[tokio::test]
async fn promise_5_5_a_root_key_moves_from_its_file_into_openbao_while_people_are_served() {
    let mut server = server();
    let home = Home::new(Engine::Sqlite).await;
    let subject = home.person(1).await.subject;
    let service = || Box::new(keeper(&server, "avouch", server.token_file()));
    let file = KeyFile::open(&home.key_file()).unwrap();
    let app = open(&home, Arc::new(Moving::new(Box::new(file), service())), "b").await.unwrap();
    let rotated = app.rotate_root().await.unwrap();
    assert_eq!(rotated.version, "vault:v1");
    assert!(app.store.keys().await.unwrap().iter().all(|k| k.wrapped_by == "vault:v1"));
    assert_eq!(home.app.see(subject, "nickname").await.unwrap().len(), 1, "who serves goes on");

    // From now on the file is not needed; and it opens nothing.
    let app = open(&home, Arc::from(service() as Box<dyn Kms>), "c").await.unwrap();
    assert_eq!(app.see(subject, "nickname").await.unwrap().len(), 1);
    assert_eq!(app.rotate_root().await.unwrap().version, "vault:v2");
    app.rotate_region(|_| {}).await.unwrap();
    app.retire_keys().await.unwrap();
    assert_eq!(app.see(subject, "nickname").await.unwrap().len(), 1);
    let file: Arc<dyn Kms> = Arc::new(KeyFile::open(&home.key_file()).unwrap());
    assert!(open(&home, file, "d").await.is_err());

    // While the service is down, what runs goes on, and what starts says why it cannot.
    let late = keeper(&server, "avouch", server.token_file());
    server.kill();
    assert_eq!(app.see(subject, "nickname").await.unwrap().len(), 1);
    let said = open(&home, Arc::new(late), "e").await.err().map(|e| e.to_string()).unwrap_or_default();
    assert!(said.contains("cannot be reached"), "{said}");
}
