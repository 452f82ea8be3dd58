//! Avatars from partners: pixels are taken, and nothing besides.

use avouch::collection::joint::PROFILE;
use avouch_testkit::{Engine, Home, media};
use image::ImageFormat;
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn promise_1_7_an_avatar_that_is_something_else_as_well_is_kept_as_pixels_alone() {
    let page = b"<html><script>alert('Somebody else')</script></html>".as_slice();
    let program = b"\n*/=1;alert('Somebody else')//".as_slice();
    let mut packed = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    packed.start_file("Somebody else.html", zip::write::SimpleFileOptions::default()).unwrap();
    std::io::Write::write_all(&mut packed, page).unwrap();
    let packed = packed.finish().unwrap().into_inner();
    let png = media::picture(40, 30, ImageFormat::Png);
    let mut comment = b"Comment\0".to_vec();
    comment.extend(page);
    for (what, avatar) in [
        ("a page behind it", [png.as_slice(), page].concat()),
        ("a program behind it", [png.as_slice(), program].concat()),
        ("an archive behind it", [png.as_slice(), packed.as_slice()].concat()),
        ("a page within it", media::png_with_chunk(b"tEXt", &comment)),
        ("a page behind a moving picture", [media::picture(40, 30, ImageFormat::Gif).as_slice(), page].concat()),
        ("a position and an owner beside it", media::jpeg_with_position("Somebody else", 40, 30)),
    ] {
        let mut home = Home::new(Engine::Sqlite).await;
        let partner = with_partners(&mut home).await;
        let given = answer(200, "image/png", &avatar);
        *partner.manner.lock().unwrap() = Manner { avatar: given, ..Manner::default() };
        let subject = joined(&home, &partner, 1).await;
        let profile = held(&home, subject, PROFILE).await;
        let kept = profile[0]["avatar"]["base64"].as_str().unwrap_or_else(|| panic!("{what}"));
        let kept = data_encoding::BASE64.decode(kept.as_bytes()).unwrap();
        assert!(image::load_from_memory(&kept).is_ok(), "{what}: it is a picture");
        let has = |part: &[u8]| kept.windows(part.len()).any(|w| w == part);
        for part in [b"<script".as_slice(), b"alert(", b"Somebody else", b"PK\x03\x04", &media::LATITUDE] {
            assert!(!has(part), "{what}: {:?}", String::from_utf8_lossy(part));
        }
        // Its end is the picture's own.
        let end: &[u8] = match profile[0]["avatar"]["media"].as_str() {
            Some("image/png") => b"IEND\xae\x42\x60\x82",
            Some("image/jpeg") => b"\xff\xd9",
            other => panic!("{what}: {other:?}"),
        };
        assert!(kept.ends_with(end), "{what}");
    }
}
