//! Every page with invented people, to look at: `cargo run -p avouch-web --example gallery -- DIR [ADDR]`.
//!
//! Writes `DIR/{lang}/{name}.html` with the style beside, for opening in any browser. With an address such
//! as `127.0.0.1:8099` it serves the pages too, on the real foundation, so that headers, cookies and forms
//! can be tried: `/{name}?lang=en`.
#![expect(clippy::print_stdout, reason = "a tool that tells where it wrote")]

mod samples;

use std::path::Path;
use std::time::SystemTime;

use avouch_web::fault::Fault;
use avouch_web::frame::{Face, Frame, Live};
use avouch_web::http::csrf::CsrfKey;
use avouch_web::http::guard::{Foundation, stand};
use avouch_web::http::headers::Transport;
use avouch_web::http::{Random, assets};
use avouch_web::lang::Lang;
use axum::Router;
use axum::extract::Path as UrlPath;
use axum::response::{Html, Redirect};
use axum::routing::get;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let dir = args.next().ok_or("usage: gallery DIR [ADDR]")?;
    write(Path::new(&dir))?;
    println!("pages in {dir}");
    if let Some(address) = args.next() {
        let listener = tokio::net::TcpListener::bind(&address).await?;
        println!("pages at http://{address}/");
        axum::serve(listener, serve()).await?;
    }
    Ok(())
}

fn write(dir: &Path) -> std::io::Result<()> {
    for asset in [&*assets::STYLE, &*assets::ICON] {
        let file = dir.join(asset.path.trim_start_matches('/'));
        std::fs::create_dir_all(file.parent().unwrap_or(dir))?;
        std::fs::write(file, asset.body)?;
    }
    for lang in Lang::ALL {
        let folder = dir.join(lang.tag());
        std::fs::create_dir_all(&folder)?;
        for page in samples::pages(lang) {
            let html = page.html.replace("=\"/assets/", "=\"../assets/");
            std::fs::write(folder.join(format!("{}.html", page.name)), html)?;
        }
    }
    Ok(())
}

/// The pages on the real foundation; a form that is sent comes back to the list.
fn serve() -> Router {
    let foundation = Foundation {
        live: Live::fixed(samples::names()),
        csrf: CsrfKey::new(&[1; 32]),
        random: Random::new(poor_bytes),
        transport: Transport { tls: false },
        origin: None,
    };
    let list = get(async |f: Frame| {
        let names: Vec<String> = samples::pages(f.texts.0)
            .iter()
            .map(|page| format!("<li><a href=\"/{0}\">{0}</a></li>", page.name))
            .collect();
        let csrf = &f.csrf;
        Html(format!(
            "<!doctype html><title>gallery</title><ul>{}</ul><form method=post action=/><input type=hidden name=csrf value=\"{csrf}\"><button>send a form</button></form>",
            names.concat()
        ))
    });
    let page = get(async |UrlPath(name): UrlPath<String>, f: Frame| {
        samples::pages(f.texts.0)
            .into_iter()
            .find(|page| page.name == name)
            .map(|page| Html(page.html.replace(samples::TOKEN, &f.csrf)))
            .ok_or(Fault::NotFound)
    });
    let routes = Router::new().route("/", list.post(async || Redirect::to("/?sent=1"))).route("/{name}", page);
    stand(routes, Face::Site, &foundation)
}

/// Not random at all; good enough for looking at pages on loopback.
#[expect(clippy::disallowed_methods, reason = "an example that shows invented pages on loopback")]
fn poor_bytes(out: &mut [u8]) {
    let mut seed = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(1, |d| d.subsec_nanos());
    for byte in out {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *byte = seed.to_be_bytes()[0];
    }
}
