//! Avatars from partners: pixels are taken, and nothing besides.

use avouch::collection::joint::PROFILE;
use avouch_testkit::{Engine, Home};
use serde_json::{Value, json};

use super::partner::{ISSUER, Manner, answer, held, joined, with_partners};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn promise_1_7_an_avatar_that_is_none_is_left_and_the_login_works() {
    let svg = br#"<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>"#;
    let redirect = b"HTTP/1.1 302 Go\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n".to_vec();
    let here = || format!("{ISSUER}/avatar");
    for (picture, avatar) in [
        (here(), answer(200, "image/png", svg)),
        (here(), answer(200, "image/png", &vec![0; 3 << 20])),
        (here(), answer(200, "text/html", b"<html>")),
        (here(), redirect),
        ("https://169.254.169.254/latest".to_owned(), Vec::new()),
        ("https://elsewhere.example/me.png".to_owned(), Vec::new()),
        ("file:///etc/passwd".to_owned(), Vec::new()),
    ] {
        let mut home = Home::new(Engine::Sqlite).await;
        let partner = with_partners(&mut home).await;
        *partner.manner.lock().unwrap() = Manner { picture: picture.clone(), avatar, ..Manner::default() };
        let subject = joined(&home, &partner, 1).await;
        let profile = held(&home, subject, PROFILE).await;
        assert_eq!((&profile[0]["nickname"], &profile[0]["avatar"]), (&json!("Mei"), &Value::Null), "{picture}");
    }
}
