//! What a refusal says to the person who reads it.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use avouch_policy::{Act, AskNames, Code, File, Party, Policy, Reason, Refusal, Source};

fn shipped(law: &str) -> Policy {
    let read = |name: &str| {
        let text = std::fs::read_to_string(format!("{}/../../policy/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap();
        File::new(name, text.replace("law = [\"cn-pipl\"]", law))
    };
    let texts = [("en", "text/en.md"), ("zh-CN", "text/zh-CN.md")];
    let texts = texts.into_iter().map(|(lang, name)| (lang.to_owned(), read(name))).collect();
    Policy::load(&Source { facts: read("policy.toml"), texts }).unwrap_or_else(|why| panic!("{why:#?}"))
}

const LAW: &str = "law = [\"cn-pipl\"]";

fn asked<'a>(items: &'a [&'a str], recipient: Option<&'a str>) -> AskNames<'a> {
    AskNames {
        act: Act::Share,
        party: Party::Service,
        purpose: "orders",
        items,
        recipient,
        region: "cn",
        at: "2026-11-23T00:00:00Z".parse().unwrap(),
    }
}

#[test]
fn promise_2_0_every_unknown_name_is_told_by_name() {
    let policy = shipped(LAW);
    let refusal = policy.ask(asked(&["fone", "order", "fax", "fone"], Some("kurier"))).unwrap_err();
    let told = refusal.tell(&policy, "en");
    let texts: Vec<&str> = told.iter().map(|t| t.text.as_str()).collect();
    assert_eq!(
        texts,
        ["The policy has no item ‘fone’.", "The policy has no item ‘fax’.", "The policy has no recipient ‘kurier’."]
    );
    assert_eq!(told[0].item.as_deref(), Some("fone"));
    assert_eq!(refusal.tell(&policy, "zh-CN")[2].text, "隐私政策中没有接收方“kurier”。");
}

#[test]
fn a_long_or_crooked_name_does_not_crook_the_refusal() {
    let policy = shipped(LAW);
    let name = format!("a\n\u{7}{}", "b".repeat(500));
    let told = policy.ask(asked(&[&name], None)).unwrap_err().tell(&policy, "en");
    assert!(told[0].text.chars().count() < 120 && !told[0].text.contains('\n'), "{}", told[0].text);
}

#[test]
fn promise_4_1_a_refusal_names_the_purpose_and_the_recipient_in_the_readers_language() {
    let policy = shipped(LAW);
    let refusal = Refusal {
        reasons: vec![Reason::act(Code::NoRecipientConsent), Reason::act(Code::RecipientPurpose)],
        purpose: policy.purpose("orders"),
        recipient: policy.recipient("payment"),
    };
    let en = refusal.tell(&policy, "en");
    assert_eq!(en[0].text, "There is no separate consent to Bridge Pay (demo).");
    assert_eq!(en[1].text, "The policy does not let Bridge Pay (demo) receive for ‘Orders and delivery’.");
    let zh = refusal.tell(&policy, "zh-CN");
    assert_eq!(zh[1].text, "政策未允许桥付（演示）为“订单与配送”接收信息。");
    assert!(zh.iter().chain(&en).all(|t| !t.text.contains('{')));
}

#[test]
fn promise_0_1_a_refusal_cites_the_laws_the_policy_is_under() {
    let refusal = Refusal { reasons: vec![Reason::act(Code::NoConsent)], purpose: None, recipient: None };
    let cited = |law: &str| {
        let policy = shipped(law);
        refusal.tell(&policy, "en").remove(0).citation
    };
    let (cn, both) = (cited(LAW), cited("law = [\"cn-pipl\", \"eu-gdpr\"]"));
    assert!(cn.contains("PIPL") && !cn.contains("GDPR"), "{cn}");
    assert!(both.contains("PIPL") && both.contains("GDPR"), "{both}");
    let eu = cited("law = [\"eu-gdpr\"]");
    assert!(!eu.contains("PIPL") && eu.contains("GDPR"), "{eu}");
}
