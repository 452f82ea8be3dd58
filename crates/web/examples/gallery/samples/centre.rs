//! The privacy centre.

use avouch::storage::border::Notice;
use avouch_web::form::{Field, Input};
use avouch_web::frame::Frame;
use avouch_web::shown::Shown;
use avouch_web::site::policy::Change;
use avouch_web::site::privacy::Kept;
use avouch_web::site::privacy::cancel::{Cancel, Cancelling, Erased};
use avouch_web::site::privacy::consents::{Abroad, Answer, Consents, Fixed, Sensitive, Switch};
use avouch_web::site::privacy::correct::Correct;
use avouch_web::site::privacy::delete::{Delete, Deleted};
use avouch_web::site::privacy::export::{Export, Part};
use avouch_web::site::privacy::item::{ItemPage, Purpose, Recipient, Record};
use avouch_web::site::privacy::joint::{Joint, Linked, Prove};
use avouch_web::site::privacy::overview::{Group, Overview, Row, Unverified};
use avouch_web::site::privacy::receipts::{self, Leaf, Receipt, Receipts};
use avouch_web::site::privacy::sessions::{self, Sessions};
use avouch_web::site::privacy::signals::{self, Signals};
use avouch_web::site::privacy::transfer::{Changed, Handing, TransferPage};
use avouch_web::site::privacy::updates::{self, Updates};
use avouch_web::site::privacy::uses::{Line, Use, Uses};
use avouch_web::site::privacy::waiting::{self, Waiting};
use avouch_web::site::privacy::{passkeys, security};
use avouch_web::words;
use jiff::civil::date;

use super::{Page, Set, at, facts, put};

const LOG: &str = "plaza.example-cn-2026";

fn overview(s: &Set) -> Overview {
    let f = s.somebody("/privacy");
    let row = |item: &str, value: &str, used: u64| Row {
        item: item.into(),
        label: s.item(item),
        value: Shown::new(value),
        sensitive: matches!(item, "id_number" | "location"),
        used,
    };
    let many = |count: u64| f.t1("records", "count", count);
    let group = |clause: &str, rows: Vec<Row>| Group {
        clause: clause.into(),
        title: f.t(&format!("topic-{}", clause.replace('.', "-"))),
        rows,
    };
    let groups = vec![
        group(
            "1.1",
            vec![
                row("user_name", "lin.xiao", 21),
                row("phone", "199••••1234", 14),
                row("email", "l••••@mail.example", 2),
                row("password", "••••", 6),
                row("nickname", "小林 Lin", 40),
                row("address", "浦东••••88号", 3),
            ],
        ),
        group("1.2", vec![row("real_name", "林••••", 0), row("id_number", "310••••0000", 1)]),
        group("1.3", vec![row("text", &many(12), 57), row("comment", &many(31), 112), row("interests", &many(4), 0)]),
        group("1.5", vec![row("network_log", &many(9), 1)]),
        group("2.2", vec![row("order", &many(3), 6)]),
    ];
    Overview {
        waiting: true,
        joined: date(2026, 12, 2),
        groups,
        unverified: [("email", true), ("phone", false)]
            .map(|(i, sent)| Unverified { item: i.into(), label: f.texts.within(&s.item(i)), sent })
            .to_vec(),
        absent: ["avatar", "face", "picture", "video", "location", "contacts", "joint_account"]
            .map(|i| s.item(i))
            .to_vec(),
        f,
    }
}

fn passkeys(s: &Set, any: bool) -> Vec<passkeys::Row> {
    let row = |name: String, used: Option<&str>, synced| passkeys::Row {
        id: "7d0c5b1e9f3a4c2d8e6f7a8b9c0d1e2f".into(),
        name: Shown::new(name),
        made: "2026-12-02T01:00:00Z".parse().unwrap_or_default(),
        used: used.and_then(|at| at.parse().ok()),
        synced,
    };
    let rows = vec![
        row("Chrome · Android".into(), Some("2026-12-08T12:30:00Z"), true),
        row(s.pick("The key on my key ring", "钥匙扣上的安全密钥"), None, false),
    ];
    if any { rows } else { Vec::new() }
}

fn security(s: &Set, factor: bool) -> security::Security {
    let row = |item: &str, held, verified| security::Row {
        item: item.into(),
        label: s.item(item),
        held,
        reachable: true,
        verified,
    };
    security::Security {
        rows: vec![
            row("phone", true, None),
            row("email", true, "2026-12-01T01:00:00Z".parse().ok()),
            row("email", false, None),
        ],
        password: factor,
        factor,
        offered: true,
        passkeys: passkeys(s, factor),
        f: s.somebody("/privacy/security"),
    }
}

fn password(f: &Frame, why: bool) -> Field {
    let field =
        Field::new("password", f.t("cancel-password"), Input::Password).required().autocomplete("current-password");
    if why { field.why(f.t("cancel-password-why"), "") } else { field }
}

fn phone(s: &Set) -> ItemPage {
    let f = s.somebody("/privacy/items/phone");
    let last = f.day(&at("2026-12-15T02:00:00Z"));
    let purpose = |name: &str, count: u64, until: String| {
        let basis = facts::text(&format!("usage.purposes.{name}.basis"), s.lang);
        let item = f.texts.within(&s.item("phone"));
        let args: [(&'static str, &dyn avouch_web::text::Arg); 3] =
            [("count", &count), ("items", &item), ("last", &last)];
        Purpose {
            name: name.into(),
            label: s.purpose(name),
            clause: facts::text(&format!("usage.purposes.{name}.clause"), s.lang),
            why: facts::text(&format!("usage.purposes.{name}.why"), s.lang),
            basis: words::basis(f.texts, &basis),
            citation: facts::maybe(&format!("usage.purposes.{name}.citation"), s.lang),
            until,
            sentence: if count == 0 { f.t("uses-not") } else { f.texts.with("uses-count", &args) },
            consent: None,
        }
    };
    ItemPage {
        item: "phone".into(),
        label: s.item("phone"),
        clause: "1.1".into(),
        sensitive: false,
        necessity: String::new(),
        impact: String::new(),
        source: words::source(f.texts, "provided"),
        region: facts::text("storage.regions.cn.label", s.lang),
        records: vec![Record {
            id: "r-7f3k".into(),
            value: Shown::new("199••••1234"),
            collected: at("2026-12-02T06:11:00Z"),
        }],
        revealed: false,
        password: Some(password(&f, false)),
        purposes: vec![
            purpose("account", 1, f.t("until-account")),
            purpose("orders", 14, f.t1("until-after-collected", "period", s.pick("3 years", "3 年"))),
            purpose("support", 0, f.t1("until-after-collected", "period", s.pick("3 years", "3 年"))),
        ],
        recipients: vec![Recipient {
            name: s.recipient("courier"),
            role: words::role(f.texts, "processor"),
            purposes: s.purpose("orders"),
            region: facts::text("storage.regions.cn.label", s.lang),
            contact: "privacy@courier.example".into(),
        }],
        days: 30,
        can_correct: true,
        can_delete: false,
        not_deletable: f.t("item-needed"),
        f,
    }
}

fn interests(s: &Set) -> ItemPage {
    let mut page = phone(s);
    page.f.path = "/privacy/items/location".into();
    page.item = "location".into();
    page.label = s.item("location");
    page.clause = "6.4".into();
    page.sensitive = true;
    page.necessity = facts::text("collection.items.location.necessity", s.lang);
    page.impact = facts::text("collection.items.location.impact", s.lang);
    page.source = words::source(page.f.texts, "automatic");
    page.can_correct = false;
    page.can_delete = true;
    page.not_deletable = String::new();
    page.revealed = true;
    page.records = ["31.2304, 121.4737", "31.2397, 121.4998"]
        .map(|v| Record { id: "r-loc".into(), value: Shown::new(v), collected: at("2026-12-15T03:40:00Z") })
        .to_vec();
    page.recipients.clear();
    page.purposes = vec![Purpose {
        name: "nearby".into(),
        label: s.purpose("nearby"),
        clause: "6.4".into(),
        why: facts::text("usage.purposes.nearby.why", s.lang),
        basis: words::basis(page.f.texts, "separate-consent"),
        citation: String::new(),
        until: page.f.t1("until-after-collected", "period", s.pick("1 day", "1 天")),
        sentence: page.f.t("uses-not"),
        consent: Some(true),
    }];
    page
}

fn signals(s: &Set) -> Signals {
    let sum = |item: &str, purpose: &str, count: u64, kept: bool| signals::Sum {
        item: item.into(),
        label: s.item(item),
        clause: facts::text(&format!("collection.items.{item}.clause"), s.lang),
        purpose: purpose.into(),
        what_for: s.purpose(purpose),
        basis: String::new(),
        source: "service:plaza".into(),
        count,
        first: at("2026-12-02T01:20:00Z"),
        last: at("2026-12-04T11:20:00Z"),
        until: Some(at("2027-06-04T11:20:00Z")),
        kept: kept.then(|| Kept {
            what: s.item(item),
            why: s.somebody("/privacy/signals").t("kept-by-law"),
            citation: "§".into(),
            until: String::new(),
        }),
    };
    let f = s.somebody("/privacy/signals");
    let state = f.t("permission-denied");
    Signals {
        sums: vec![sum("network_log", "security", 12, true), sum("function_used", "analytics", 480, false)],
        permissions: vec![signals::Permission { label: s.item("location"), state, at: at("2026-12-03T01:20:00Z") }],
        f,
    }
}

fn joint(s: &Set, some: bool) -> Joint {
    let name = |partner: &str| facts::text(&format!("collection.partners.{partner}.name"), s.lang);
    let linked = |partner: &str, last: bool| Linked {
        partner: partner.into(),
        name: name(partner),
        account: Shown::new("p-8812"),
        nickname: Shown::new(s.pick("Mei", "小梅")),
        avatar: String::new(),
        scopes: "openid profile".into(),
        linked: at("2026-12-02T02:00:00Z"),
        used: at("2026-12-05T04:30:00Z"),
        receipt: avouch::store::Receipt { log: LOG.into(), index: 12 },
        last,
    };
    let way = |partner: &str| avouch_web::site::joint::Way { partner: partner.into(), name: name(partner) };
    Joint {
        linked: if some { vec![linked("harbour", false), linked("lantern", true)] } else { Vec::new() },
        ways: if some { Vec::new() } else { vec![way("harbour"), way("lantern")] },
        f: s.somebody("/privacy/joint"),
    }
}

/// Somebody who can show at a partner who they are.
fn linked(s: &Set, path: &str) -> Frame {
    let mut f = s.somebody(path);
    let name = facts::text("collection.partners.harbour.name", s.lang);
    if let Some(account) = &mut f.account {
        account.partners = vec![("harbour".into(), avouch_policy::Words::one(s.lang.tag(), &name))];
    }
    f
}

fn prove(s: &Set, error: String) -> Prove {
    Prove {
        f: linked(s, "/privacy/joint/prove"),
        partner: "harbour".into(),
        name: facts::text("collection.partners.harbour.name", s.lang),
        page: "/privacy/cancel".into(),
        error,
    }
}

fn changes(s: &Set) -> Updates {
    let text = |en: &str, zh: &str| s.pick(en, zh);
    let question = updates::Question {
        target: "marketing".into(),
        label: s.purpose("marketing"),
        clause: "2.5".into(),
        why: facts::text("usage.purposes.marketing.why", s.lang),
        new: vec![text("“Marketing and promotion” now also uses “Mobile number”.", "“营销与推广”将新使用“手机号码”。")],
        sensitive: Vec::new(),
    };
    let change = |text: String, major: bool| Change { text, major };
    Updates {
        shown: Some(updates::Shown {
            version: "1.1".into(),
            follows: "1.0".into(),
            at: at("2026-12-09T04:00:00Z"),
            coming: true,
            changes: vec![
                change(question.new.concat(), true),
                change(text("Orders: the address for mail is another.", "订单：联系邮箱有变更。"), false),
            ],
            questions: vec![question],
            child: false,
            others: 2,
            told: vec![(s.somebody("/").t("updates-told-sent"), at("2026-12-02T01:00:00Z"))],
            unread: true,
        }),
        children: Vec::new(),
        f: s.somebody("/privacy/updates"),
    }
}

fn waiting(s: &Set) -> Waiting {
    let value = |item: &str, value: &str| waiting::Value {
        label: s.item(item),
        value: Shown::new(value),
        sensitive: item == "location",
    };
    let text = |p: &str, key: &str| facts::maybe(&format!("usage.purposes.{p}.{key}"), s.lang);
    let group = |purpose: &str, consent: bool, values: Vec<waiting::Value>| waiting::Group {
        purpose: purpose.into(),
        label: s.purpose(purpose),
        clause: text(purpose, "clause"),
        why: text(purpose, "why"),
        sensitive: values
            .iter()
            .filter(|v| v.sensitive)
            .map(|v| Sensitive {
                label: v.label.clone(),
                necessity: facts::text("collection.items.location.necessity", s.lang),
                impact: facts::text("collection.items.location.impact", s.lang),
            })
            .collect(),
        values,
        consent,
        until: at("2027-03-01T01:20:00Z"),
    };
    Waiting {
        groups: vec![
            group("account", false, vec![value("nickname", "小林 Lin")]),
            group("nearby", true, vec![value("location", "31.2304, 121.4737")]),
        ],
        f: s.somebody("/privacy/waiting"),
    }
}

fn consents(s: &Set) -> Consents {
    let f = s.somebody("/privacy/consents");
    let all = facts::keys("usage.purposes");
    let basis = |p: &str| facts::text(&format!("usage.purposes.{p}.basis"), s.lang);
    let text = |p: &str, key: &str| facts::maybe(&format!("usage.purposes.{p}.{key}"), s.lang);
    let switches = all
        .iter()
        .filter(|p| basis(p).ends_with("consent"))
        .map(|p| {
            let items = facts::list(&format!("usage.purposes.{p}.items"));
            let sensitive = items
                .iter()
                .filter(|i| !facts::maybe(&format!("collection.items.{i}.impact"), s.lang).is_empty())
                .map(|i| Sensitive {
                    label: s.item(i),
                    necessity: facts::text(&format!("collection.items.{i}.necessity"), s.lang),
                    impact: facts::text(&format!("collection.items.{i}.impact"), s.lang),
                })
                .collect();
            let on = matches!(p.as_str(), "recommendation" | "marketing");
            Switch {
                purpose: p.clone(),
                label: s.purpose(p),
                clause: text(p, "clause"),
                why: text(p, "why"),
                items: items.iter().map(|i| s.item(i)).collect(),
                recipients: match p.as_str() {
                    "recommendation" => vec![s.recipient("ads")],
                    "analytics" => vec![s.recipient("stats")],
                    _ => Vec::new(),
                },
                without: text(p, "without"),
                on,
                since: (on || p == "analytics").then(|| at("2026-12-03T01:20:00Z")),
                separate: basis(p) == "separate-consent",
                outdated: p == "recommendation",
                frozen: p == "marketing",
                sensitive,
            }
        })
        .collect();
    let fixed = all
        .iter()
        .filter(|p| !basis(p).ends_with("consent"))
        .map(|p| Fixed {
            label: s.purpose(p),
            clause: text(p, "clause"),
            basis: words::basis(f.texts, &basis(p)),
            why: text(p, "why"),
        })
        .collect();
    let answer = |time: &str, p: &str, given: bool, index: u64| Answer {
        at: at(time),
        label: s.purpose(p),
        given,
        version: "1.0".into(),
        receipt: format!("{LOG}/{index}"),
    };
    let abroad = Abroad {
        notice: Notice {
            recipient: "overseas".into(),
            clause: "5.4".into(),
            name: s.pick("Overseas Mail (demo)", "海外邮件（演示）"),
            contact: "privacy@overseas.example".into(),
            region: s.pick("United States", "美国"),
            purposes: vec![s.purpose("marketing")],
            method: s.pick("Kept until the message is sent, then deleted.", "保存至邮件发出，随后删除。"),
            kinds: vec![s.item("email"), s.item("nickname")],
            sensitive: Vec::new(),
            rights: s.pick(
                "Write to the address above, or ask us to do it for you.",
                "可致函上述联系方式，也可由我们代您提出。",
            ),
        },
        on: false,
        since: None,
    };
    Consents {
        switches,
        abroad: vec![abroad],
        fixed,
        history: vec![
            answer("2026-12-12T09:00:00Z", "marketing", true, 803),
            answer("2026-12-05T11:30:00Z", "analytics", false, 412),
            answer("2026-12-03T01:20:00Z", "recommendation", true, 77),
        ],
        error: String::new(),
        f,
    }
}

fn transfer(s: &Set, objected: bool) -> TransferPage {
    let changed = Changed {
        purpose: "marketing".into(),
        label: s.purpose("marketing"),
        why: facts::text("usage.purposes.marketing.why", s.lang),
        items: vec![s.item("email"), s.item("nickname"), s.item("phone")],
        on: false,
    };
    TransferPage {
        f: s.somebody("/privacy/transfer"),
        handings: vec![Handing {
            id: "00112233445566778899aabbccddeeff".into(),
            name: s.pick("Harbour Social (demo)", "港湾社交（演示）"),
            contact: "privacy@harbour.example".into(),
            effective: at("2027-03-01T00:00:00Z"),
            open: true,
            off: false,
            changed: vec![changed],
            objected: objected.then(|| at("2026-12-16T04:00:00Z")),
            outcome: String::new(),
        }],
    }
}

fn uses(s: &Set) -> Uses {
    let f = s.somebody("/privacy/uses");
    let last = f.day(&at("2026-12-15T02:00:00Z"));
    let line = |p: &str, items: &[&str], count: u64, who: &str, open: bool| {
        let labels: Vec<String> = items.iter().map(|i| s.item(i)).collect();
        let items = f.texts.list_within(&labels);
        let args: [(&'static str, &dyn avouch_web::text::Arg); 3] =
            [("count", &count), ("items", &items), ("last", &last)];
        Line {
            purpose: p.into(),
            label: s.purpose(p),
            clause: facts::text(&format!("usage.purposes.{p}.clause"), s.lang),
            sentence: f.texts.with("uses-count", &args),
            who: who.into(),
            open,
        }
    };
    let one = |time: &str, act: &str, recipient: &str, refused: bool, index: u64| Use {
        at: at(time),
        act: words::act(f.texts, act),
        who: "plaza-shop".into(),
        items: f.texts.list(&[s.item("phone"), s.item("address")]),
        recipient: recipient.into(),
        refused,
        receipt: format!("{LOG}/{index}"),
    };
    let courier = s.recipient("courier");
    Uses {
        days: 30,
        lines: vec![
            line("content", &["nickname", "comment"], 112, "plaza-app", false),
            line("orders", &["phone", "address"], 14, &f.texts.list(&["plaza-shop".to_owned(), courier.clone()]), true),
            line("recommendation", &["interests"], 1, "plaza-feed", false),
        ],
        unused: ["support", "marketing", "emergency"].map(|p| s.purpose(p)).to_vec(),
        refused: 2,
        details: vec![
            one("2026-12-15T02:00:00Z", "share", &courier, false, 1180),
            one("2026-12-15T01:58:00Z", "use", "", false, 1177),
            one("2026-12-11T08:12:00Z", "share", &courier, true, 901),
        ],
        more: 11,
        f,
    }
}

fn kept(s: &Set) -> Vec<Kept> {
    vec![
        Kept {
            what: s.item("order"),
            why: s.pick(
                "The law on electronic commerce requires records of transactions to be kept.",
                "电子商务法要求保存交易记录。",
            ),
            citation: s.pick("E-Commerce Law, Art. 31", "《电子商务法》第三十一条"),
            until: s.pick("until 3 December 2029", "保存至 2029年12月3日"),
        },
        Kept {
            what: s.item("network_log"),
            why: s.pick("Network logs must be kept for security.", "网络日志须为安全目的留存。"),
            citation: s.pick("Cybersecurity Law, Art. 23", "《网络安全法》第二十三条"),
            until: s.pick("until 15 June 2027", "保存至 2027年6月15日"),
        },
    ]
}

pub(crate) fn leaf(s: &Set, f: &Frame, refused: bool) -> Leaf {
    Leaf {
        at: at("2026-12-15T02:00:00Z"),
        act: words::act(f.texts, "share"),
        outcome: words::outcome(f.texts, if refused { "refused" } else { "permitted" }),
        refused,
        who: format!("{} · plaza-shop", words::party(f.texts, "service")),
        purpose: s.purpose("orders"),
        clause: "2.2".into(),
        basis: words::basis(f.texts, "contract"),
        items: f.texts.list(&[s.item("phone"), s.item("address")]),
        recipient: s.recipient("courier"),
        region: facts::text("storage.regions.cn.label", s.lang),
        digest: "9f2c41d07be35a8816c0f4aa2d9be7730c55e1f86a4b92d3780e16cf5ad4b307".into(),
        reasons: if refused { s.reasons() } else { Vec::new() },
        log: LOG.into(),
        index: 1180,
        hash: "04d1e6b1f6c3b8c55a0a7be1f1d7f8f4f4c2d96f9e0f0a7c0c3b5a4d2e1f6a90".into(),
        size: (!refused).then_some(1204),
        root: "c77e3a914f0be2d18a6c05b37d92fe4460ab1d58739ce02fa4b6815dce39707f".into(),
    }
}

pub(crate) fn add(s: &Set, out: &mut Vec<Page>) {
    let backups = s.pick("30 days", "30 天");
    let receipt = format!("{LOG}/1180");
    put(out, "overview", &overview(s));
    put(out, "item", &phone(s));
    put(out, "item-sensitive", &interests(s));

    let f = s.somebody("/privacy/items/phone/correct");
    put(
        out,
        "correct",
        &Correct {
            item: "phone".into(),
            label: s.item("phone"),
            now: Shown::new("199••••1234"),
            fields: vec![
                Field::new("value", s.item("phone"), Input::Phone)
                    .hint(f.t("field-phone-hint"))
                    .required()
                    .autocomplete("tel"),
                Field::new("password", f.t("cancel-password"), Input::Password)
                    .why(f.t("correct-password-why"), "")
                    .required()
                    .autocomplete("current-password")
                    .error(f.t("field-required")),
            ],
            take_back_days: Some(7),
            by_code: true,
            error: f.t("correct-wrong-password"),
            f,
        },
    );
    put(
        out,
        "delete",
        &Delete {
            f: s.somebody("/privacy/records/r-1/delete"),
            item: "comment".into(),
            label: s.item("comment"),
            record: "r-1".into(),
            value: Shown::new(s.pick("Lovely light over the river this morning. <3", "今早江面上的光真美。<3")),
            collected: at("2026-12-10T00:12:00Z"),
            backups: backups.clone(),
            kept: None,
        },
    );
    put(
        out,
        "deleted",
        &Deleted {
            f: s.somebody("/privacy/records/r-1/delete"),
            item: "comment".into(),
            label: s.item("comment"),
            at: at("2026-12-16T04:00:00Z"),
            receipt: receipt.clone(),
            backups: backups.clone(),
        },
    );
    put(
        out,
        "export",
        &Export {
            f: s.somebody("/privacy/export"),
            password: None,
            error: String::new(),
            parts: [
                "user_name",
                "phone",
                "email",
                "nickname",
                "address",
                "text",
                "comment",
                "interests",
                "order",
                "network_log",
            ]
            .iter()
            .enumerate()
            .map(|(n, item)| Part {
                item: (*item).into(),
                label: s.item(item),
                count: if n < 5 { 1 } else { 7 * n as u64 },
            })
            .collect(),
        },
    );
    put(out, "signals", &signals(s));
    put(out, "joint-logins", &joint(s, true));
    put(out, "joint-logins-none", &joint(s, false));
    put(out, "joint-show", &prove(s, String::new()));
    let harbour = facts::text("collection.partners.harbour.name", s.lang);
    put(out, "joint-show-another", &prove(s, s.nobody("/").t1("joint-another", "name", harbour)));
    let asked = linked(s, "/privacy/export");
    let asked = Export { password: Some(password(&asked, false)), error: String::new(), parts: Vec::new(), f: asked };
    put(out, "export-linked", &asked);
    put(out, "waiting", &waiting(s));
    put(out, "updates", &changes(s));
    let mut guardian = changes(s);
    if let Some(shown) = guardian.shown.as_mut() {
        let questions = std::mem::take(&mut shown.questions);
        let child = updates::Child { link: "c0ffee".into(), version: "1.1".into(), questions };
        guardian.children = vec![child];
    }
    put(out, "updates-guardian", &guardian);
    put(out, "updates-none", &Updates { shown: None, children: Vec::new(), f: s.somebody("/privacy/updates") });
    put(out, "consents", &consents(s));
    put(out, "privacy-transfer", &transfer(s, false));
    put(out, "privacy-transfer-objected", &transfer(s, true));
    let none = TransferPage { f: s.somebody("/privacy/transfer"), handings: Vec::new() };
    put(out, "privacy-transfer-none", &none);
    let mut never = consents(s);
    never.history.clear();
    put(out, "consents-new", &never);
    never.error = never.f.t("consent-last");
    put(out, "consents-last-way-in", &never);
    put(out, "uses", &uses(s));
    let mut none = uses(s);
    none.lines.clear();
    none.refused = 0;
    put(out, "uses-none", &none);

    let row = |id: &str, device: &str, current| sessions::Row {
        id: id.into(),
        device: device.into(),
        began: at("2026-12-08T10:00:00Z"),
        seen: at("2026-12-16T04:05:00Z"),
        current,
    };
    let rows = vec![
        row("s1", "Chromium · Linux", true),
        row("s2", "Safari · iPhone", false),
        row("s3", "Firefox · Windows", false),
    ];
    put(out, "security", &security(s, false));
    put(out, "security-factor", &security(s, true));
    let f = s.somebody("/privacy/security/passkey");
    let name =
        Field::new("name", f.t("passkey-name"), Input::Text).required().hint(f.t1("passkey-name-hint", "count", 60u32));
    let fields = vec![name.value(Shown::new("Chrome · Linux"))];
    put(out, "passkey", &passkeys::MakePasskey { fields, error: String::new(), f });
    let f = s.somebody("/privacy/security/factor");
    put(
        out,
        "factor",
        &security::Factor {
            secret: Shown::new("JBSW Y3DP EHPK 3PXP"),
            picture: Shown::new("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 8 8\"></svg>"),
            uri: Shown::new("otpauth://totp/Plaza:lin_mei?secret=JBSWY3DPEHPK3PXP"),
            code: Field::new("code", f.t("code-label"), Input::Text).required().hint(f.t("factor-code-hint")),
            error: f.t("code-wrong"),
            f,
        },
    );
    let codes = ["GEZD-GNBV-GY3T-QOJQ-GEZD-GNBV", "MFRG-GZDF-MZTW-Q2LK-MFRG-GZDF"].map(Shown::new).to_vec();
    put(out, "recovery", &security::Recovery { codes, f: s.somebody("/privacy/security/factor") });
    put(out, "sessions", &Sessions { f: s.somebody("/privacy/sessions"), rows });

    let f = s.somebody("/privacy/cancel");
    put(
        out,
        "cancel",
        &Cancel {
            cooling_off: s.pick("7 days", "7 天"),
            erased_on: date(2026, 12, 23),
            complete_by: date(2027, 1, 7),
            provisional: true,
            kept: kept(s),
            backups: backups.clone(),
            password: Some(password(&f, true)),
            f,
        },
    );
    let mut f = s.somebody("/privacy/cancelling");
    if let Some(account) = &mut f.account {
        account.erased_on = Some(date(2026, 12, 23));
    }
    let mut on_overview = overview(s);
    on_overview.f.account.clone_from(&f.account);
    put(out, "overview-cancelling", &on_overview);
    put(
        out,
        "cancelling",
        &Cancelling {
            since: at("2026-12-16T04:20:00Z"),
            erased_on: date(2026, 12, 23),
            kept: Vec::new(),
            password: Some(password(&f, false)),
            f,
        },
    );
    put(
        out,
        "erased",
        &Erased {
            f: s.nobody("/privacy/erased"),
            at: at("2026-12-23T04:20:00Z"),
            receipt: receipt.clone(),
            log: LOG.into(),
            kept: kept(s),
            backups,
            told: facts::text("sharing.recipients.courier.name", s.lang),
        },
    );

    let f = s.somebody("/privacy/receipts");
    let rows = [
        ("share", "orders", false, 1180),
        ("use", "orders", false, 1177),
        ("use", "marketing", true, 990),
        ("give", "marketing", false, 803),
        ("login", "account", false, 760),
    ]
    .map(|(act, p, refused, index)| receipts::Row {
        at: at("2026-12-15T02:00:00Z"),
        act: words::act(f.texts, act),
        about: s.purpose(p),
        refused,
        receipt: format!("{LOG}/{index}"),
    })
    .to_vec();
    put(out, "receipts", &Receipts { rows, total: 57, next: "before=760".into(), previous: String::new(), f });
    for refused in [false, true] {
        let f = s.somebody("/privacy/receipts/plaza/1180");
        put(out, if refused { "receipt-refused" } else { "receipt" }, &Receipt { leaf: leaf(s, &f, refused), f });
    }
}
