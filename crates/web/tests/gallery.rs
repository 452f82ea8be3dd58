//! Every page renders with samples in every language; strict about words, structure and what may be loaded.
#![allow(missing_docs, dead_code, clippy::expect_used, clippy::panic, reason = "an integration test")]
#![allow(unreachable_pub, clippy::cast_possible_truncation, reason = "the samples are shared with the example")]

#[path = "../examples/gallery/samples/mod.rs"]
mod samples;

use std::collections::BTreeSet;

use avouch_web::lang::Lang;

/// Every attribute value of that name, in order.
fn attributes<'a>(html: &'a str, name: &str) -> Vec<&'a str> {
    let open = format!(" {name}=\"");
    html.split(open.as_str()).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

#[test]
fn every_page_has_all_its_words_in_every_language() {
    for lang in Lang::ALL {
        let pages = samples::pages(lang);
        assert!(pages.len() > 40, "{} pages", pages.len());
        for page in pages {
            assert!(!page.html.contains('⟦'), "{} in {}: {}", page.name, lang.tag(), around(&page.html));
            assert!(page.html.contains(&format!("<html lang=\"{}\">", lang.tag())));
        }
    }
}

fn around(html: &str) -> String {
    html.split('⟦').nth(1).unwrap_or("").chars().take(80).collect()
}

#[test]
fn no_page_carries_a_strange_script_inline_style_or_anything_from_elsewhere() {
    // The one script of ours, as a file, and only beside a passkey's button.
    let ours = format!("<script type=\"module\" src=\"{}\"></script>", avouch_web::http::assets::PASSKEYS.path);
    for page in samples::pages(Lang::En) {
        let (scripts, buttons) = (page.html.matches("<script").count(), page.html.matches("class=\"passkey\"").count());
        assert_eq!((scripts, page.html.matches(&ours).count()), (buttons, buttons), "{}", page.name);
        for forbidden in ["<style", " style=\"", " onclick", "javascript:", "<iframe", "<object"] {
            assert!(!page.html.contains(forbidden), "{}: {forbidden}", page.name);
        }
        for source in attributes(&page.html, "src") {
            assert!(source.starts_with('/'), "{}: {source}", page.name);
        }
    }
}

#[test]
fn every_page_has_one_headline_one_main_and_no_id_twice() {
    for page in samples::pages(Lang::ZhCn) {
        assert_eq!(page.html.matches("<h1").count(), 1, "{}", page.name);
        assert_eq!(page.html.matches("<main").count(), 1, "{}", page.name);
        let ids = attributes(&page.html, "id");
        let distinct: BTreeSet<_> = ids.iter().collect();
        assert_eq!(ids.len(), distinct.len(), "{}: {ids:?}", page.name);
        for list in ["aria-describedby", "aria-labelledby", "for"] {
            for id in attributes(&page.html, list).iter().flat_map(|v| v.split(' ')) {
                assert!(ids.contains(&id), "{}: {list} names {id}, which is not there", page.name);
            }
        }
    }
}

#[test]
fn every_form_that_changes_something_carries_the_token() {
    for page in samples::pages(Lang::En) {
        for form in page.html.split("<form").skip(1) {
            let form = form.split("</form>").next().unwrap_or("");
            if form.contains("method=\"post\"") {
                assert!(form.contains(&format!("name=\"csrf\" value=\"{}\"", samples::TOKEN)), "{}: {form}", page.name);
            }
        }
    }
}

#[test]
fn promise_8_1_contact_is_one_click_from_every_page_of_the_site() {
    for page in samples::pages(Lang::En) {
        if !page.name.starts_with("console") {
            assert!(page.html.contains("href=\"/contact\""), "{}", page.name);
            assert!(page.html.contains("href=\"/policy\""), "{}", page.name);
        }
    }
}

#[test]
fn promise_6_1_the_privacy_centre_is_one_click_from_every_signed_in_page() {
    for page in samples::pages(Lang::En) {
        if page.html.contains("action=\"/logout\"") && !page.name.starts_with("console") {
            assert!(page.html.contains("href=\"/privacy\""), "{}", page.name);
        }
    }
}

#[test]
fn promise_2_1_joining_ticks_nothing_beforehand_and_says_why_each_field_is_asked() {
    let pages = samples::pages(Lang::En);
    let join = pages.iter().find(|page| page.name == "join").expect("the join page");
    assert!(!join.html.contains(" checked"));
    for field in ["user_name", "password", "phone", "email", "nickname"] {
        assert!(join.html.contains(&format!("id=\"{field}-why\"")), "{field}");
    }
}

#[test]
fn promise_6_4_giving_and_withdrawing_a_consent_are_the_same_one_button() {
    let pages = samples::pages(Lang::En);
    let page = pages.iter().find(|page| page.name == "consents").expect("the consents page");
    let forms: Vec<&str> = page.html.split("<form").filter(|f| f.contains("/privacy/consents/")).collect();
    assert!(forms.iter().any(|f| f.contains("value=\"give\"")));
    assert!(forms.iter().any(|f| f.contains("value=\"withdraw\"")));
    for form in forms {
        let form = form.split("</form>").next().unwrap_or("");
        assert_eq!(form.matches("<button class=\"switch\"").count(), 1, "{form}");
    }
}

#[test]
fn personal_text_is_escaped() {
    let pages = samples::pages(Lang::En);
    let page = pages.iter().find(|page| page.name == "delete").expect("the delete page");
    assert!(!page.html.contains("<3"));
    assert!(page.html.contains("&#60;3"));
}
