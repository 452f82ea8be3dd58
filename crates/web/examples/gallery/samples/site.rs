//! The site outside the privacy centre.

use avouch_web::form::{Choice, Field, Input};
use avouch_web::shown::Shown;
use avouch_web::site::contact::Contact;
use avouch_web::site::home::Home;
use avouch_web::site::join::Join;
use avouch_web::site::joint;
use avouch_web::site::logged_out::LoggedOut;
use avouch_web::site::login::Login;
use avouch_web::site::policy::{Change, Chapter, PolicyPage, Version};
use avouch_web::site::privacy::transfer::Announced;
use avouch_web::site::step::Step;
use avouch_web::site::summary::Summary;
use avouch_web::words;
use jiff::civil::date;

use super::{Page, Set, at, facts, put};

pub(crate) fn summary(s: &Set) -> Summary {
    let optional = facts::keys("usage.purposes")
        .into_iter()
        .filter(|p| facts::get(&format!("usage.purposes.{p}.basis")).as_str().is_some_and(|b| b.ends_with("consent")))
        .map(|p| s.purpose(&p))
        .collect();
    Summary {
        needed: facts::list("usage.purposes.account.required").iter().map(|i| s.item(i)).collect(),
        optional,
        recipients: ["courier", "payment", "stats", "ads"].map(|r| s.recipient(r)).to_vec(),
        region: facts::text("storage.regions.cn.label", s.lang),
        abroad: false,
        answer_within: s.pick("15 working days", "15 个工作日"),
        version: "1.0".into(),
        effective: date(2026, 12, 1),
    }
}

fn join(s: &Set) -> Join {
    let f = s.nobody("/join");
    let why = facts::text("usage.purposes.account.why", s.lang);
    Join {
        fields: vec![
            Field::new("user_name", s.item("user_name"), Input::Text)
                .why(
                    s.pick("The name you log in with and others find you by.", "您登录及他人查找您时使用的名称。"),
                    "2.1",
                )
                .hint(f.t("field-user-name-hint"))
                .required()
                .autocomplete("username"),
            Field::new("password", s.item("password"), Input::Password)
                .why(
                    s.pick(
                        "So that only you get in. Kept only in a form nobody can read.",
                        "仅供您本人登录，以任何人都无法读取的形式保存。",
                    ),
                    "2.1",
                )
                .hint(f.t1("field-password-hint", "count", 15_u32))
                .required()
                .autocomplete("new-password"),
        ],
        contacts: vec![
            Field::new("phone", s.item("phone"), Input::Phone)
                .why(why.clone(), "2.1")
                .hint(f.t("field-phone-hint"))
                .either()
                .autocomplete("tel"),
            Field::new("email", s.item("email"), Input::Email).why(why, "2.1").either().autocomplete("email"),
        ],
        optional: vec![
            Field::new("nickname", s.item("nickname"), Input::Text)
                .why(
                    s.pick(
                        "Shown beside what you post. Without one, your user name is.",
                        "显示在您发布的内容旁；不填则显示用户名。",
                    ),
                    "2.2",
                )
                .autocomplete("nickname"),
        ],
        ages: vec![
            Choice { value: "child".into(), label: f.t1("join-age-under", "age", 14_u32), chosen: false },
            Choice { value: "teen".into(), label: f.t2("join-age-teen", "from", 14_u32, "to", 17_u32), chosen: false },
            Choice { value: "adult".into(), label: f.t1("join-age-adult", "age", 18_u32), chosen: false },
        ],
        invitation: Field::new("invitation", f.t("join-invitation"), Input::Text).hint(f.t("join-invitation-hint")),
        age_error: String::new(),
        guardian_under: 14,
        off: summary(s).optional,
        version: "1.0".into(),
        error: String::new(),
        ways: ways(s),
        f,
    }
}

fn ways(s: &Set) -> Vec<joint::Way> {
    ["harbour", "lantern"].map(|p| joint::Way { partner: p.into(), name: partner(s, p) }).to_vec()
}

fn partner(s: &Set, name: &str) -> String {
    facts::text(&format!("collection.partners.{name}.name"), s.lang)
}

fn before(s: &Set, inside: bool, error: String) -> joint::Before {
    let f = if inside { s.somebody("/privacy/joint/harbour/link") } else { s.nobody("/login/with/harbour") };
    let purpose = |key: &str| facts::text(&format!("usage.purposes.joint_login.{key}"), s.lang);
    joint::Before {
        inside,
        partner: "harbour".into(),
        name: partner(s, "harbour"),
        items: ["joint_account", "joint_profile"]
            .map(|i| joint::Received { label: s.item(i), clause: "1.7".into() })
            .to_vec(),
        why: purpose("why"),
        clause: "1.7".into(),
        without: purpose("without"),
        until: f.t("until-withdrawn"),
        policy: "https://id.harbour.example/privacy".into(),
        error,
        action: "/login/with/harbour".into(),
        fields: if inside {
            vec![Field::new("password", f.t("login-password"), Input::Password).required().hint(f.t("joint-prove"))]
        } else {
            Vec::new()
        },
        f,
    }
}

fn joint_join(s: &Set, wrong: bool) -> joint::JointJoin {
    let f = s.nobody("/login/with/harbour/back");
    joint::JointJoin {
        partner: "harbour".into(),
        name: partner(s, "harbour"),
        nickname: Shown::new(if wrong { "" } else { "Mei" }),
        hidden: vec![("flow", Shown::new("sample")), ("told", Shown::new("sample"))],
        fields: vec![Field::new("user_name", s.item("user_name"), Input::Text).required()],
        contacts: vec![Field::new("email", s.item("email"), Input::Email)],
        ages: vec![Choice { value: "adult".into(), label: f.t1("join-age-adult", "age", 18_u32), chosen: true }],
        age_error: if wrong { f.t("join-age-missing") } else { String::new() },
        version: "1.0".into(),
        f,
    }
}

fn login(s: &Set) -> Login {
    let f = s.nobody("/login");
    Login {
        fields: vec![
            Field::new("name", f.t("login-name"), Input::Text).required().autocomplete("username"),
            Field::new("password", f.t("login-password"), Input::Password).required().autocomplete("current-password"),
        ],
        next: "/privacy".into(),
        error: String::new(),
        codes: true,
        ways: ways(s),
        f,
    }
}

fn code(s: &Set) -> Step {
    let f = s.nobody("/login/code/enter");
    let (title, button, lead) = (f.t("code-title"), f.t("code-go"), f.t1("code-sent", "minutes", 10_u32));
    let field = Field::new("code", f.t("code-label"), Input::Text).required().hint(f.t("code-hint"));
    let (wrong, again) = (f.t("code-wrong"), f.t("code-again"));
    Step::new(f, title, "/login/code/enter", button)
        .say(lead)
        .wrong(wrong)
        .carry("contact", "lin_mei@plaza.example")
        .ask(field)
        .way("/login/code", again)
}

fn policy(s: &Set) -> PolicyPage {
    let f = s.nobody("/policy");
    let chapters = words::CHAPTERS
        .map(|n| Chapter { anchor: format!("clause-{n}"), number: n.into(), title: words::chapter(f.texts, n) })
        .to_vec();
    let mut html = String::new();
    for chapter in &chapters {
        html += &format!("<h2 id=\"{}\">{} {}</h2>", chapter.anchor, chapter.number, chapter.title);
        html += &s.pick(
            "<p>Each kind of data below is collected only for the purposes named beside it, kept only as long as the table says, and used only after the purpose has been checked. What you did not agree to does not happen.</p>",
            "<p>以下各类信息仅为其旁列明的用途收集，保存期限以表中所列为限，每次使用前均核验用途。未经您同意的处理不会发生。</p>",
        );
        if chapter.number == "1" {
            html += &s.pick("<h3 id=\"clause-1.1\">1.1 Account</h3><table><thead><tr><th>Data</th><th>Source</th><th>Purpose</th><th>Kept</th></tr></thead><tbody>", "<h3 id=\"clause-1.1\">1.1 账号信息</h3><table><thead><tr><th>信息</th><th>来源</th><th>用途</th><th>保存期限</th></tr></thead><tbody>");
            for item in facts::list("usage.purposes.account.items") {
                html += &format!(
                    "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
                    s.item(&item),
                    words::source(f.texts, "provided"),
                    s.purpose("account"),
                    f.t("until-account")
                );
            }
            html += "</tbody></table>";
        }
    }
    PolicyPage {
        summary: Some(summary(s)),
        version: "1.0".into(),
        effective: date(2026, 12, 1),
        until: None,
        coming: false,
        digest: "9f2c41d07be35a8816c0f4aa2d9be7730c55e1f86a4b92d3780e16cf5ad4b307".into(),
        chapters,
        html,
        changes: Vec::new(),
        versions: vec![Version {
            version: "1.0".into(),
            effective: date(2026, 12, 1),
            current: true,
            coming: false,
            shown: true,
        }],
        f,
    }
}

pub(crate) fn add(s: &Set, out: &mut Vec<Page>) {
    put(out, "home", &Home { f: s.nobody("/"), summary: summary(s), announced: None });
    let mut f = s.somebody("/");
    f.coming = Some(s.coming());
    put(out, "home-coming-change", &Home { f, summary: summary(s), announced: None });
    let announced = Announced {
        name: s.pick("Harbour Social (demo)", "港湾社交（演示）"),
        contact: "privacy@harbour.example".into(),
        effective: at("2027-03-01T00:00:00Z"),
    };
    let f = s.somebody("/");
    put(out, "home-change-of-hands", &Home { f, summary: summary(s), announced: Some(announced) });

    put(out, "join", &join(s));
    let mut wrong = join(s);
    wrong.error = wrong.f.t("join-contact-missing");
    wrong.age_error = wrong.f.t("join-age-missing");
    let short = wrong.f.t2("field-password-short", "count", 15_u32, "given", 6_u32);
    let taken = wrong.f.t("join-taken");
    wrong.fields = wrong
        .fields
        .into_iter()
        .map(|field| match field.input {
            Input::Password => field.error(short.clone()),
            _ => field.value(Shown::new("lin.xiao")).error(taken.clone()),
        })
        .collect();
    put(out, "join-wrong", &wrong);

    put(out, "login", &login(s));
    let mut failed = login(s);
    failed.error = failed.f.t("login-failed");
    put(out, "login-failed", &failed);
    put(out, "joint", &before(s, false, String::new()));
    let unreached = s.nobody("/login").t1("joint-unreached", "name", partner(s, "harbour"));
    put(out, "joint-unreached", &before(s, false, unreached));
    put(out, "joint-link", &before(s, true, String::new()));
    put(out, "joint-join", &joint_join(s, false));
    put(out, "joint-join-wrong", &joint_join(s, true));
    put(out, "login-code", &code(s));
    put(out, "logged-out", &LoggedOut { f: s.nobody("/logged-out") });

    put(out, "policy", &policy(s));
    let mut past = policy(s);
    past.f.path = "/policy/0.9".into();
    past.version = "0.9".into();
    past.effective = date(2026, 6, 1);
    past.until = Some(date(2026, 11, 30));
    past.summary = None;
    past.versions = vec![
        Version { version: "1.0".into(), effective: date(2026, 12, 1), current: true, coming: false, shown: false },
        Version { version: "0.9".into(), effective: date(2026, 6, 1), current: false, coming: false, shown: true },
    ];
    past.changes = vec![
        Change {
            text: s.pick("A recipient was added: Ads Example (demo).", "新增接收方：广告示例（演示）。"),
            major: true,
        },
        Change {
            text: s.pick(
                "Crash records are kept for 6 months instead of 12.",
                "崩溃记录的保存期限由 12 个月缩短为 6 个月。",
            ),
            major: false,
        },
    ];
    put(out, "policy-past", &past);

    put(out, "contact", &contact(s, s.nobody("/contact"), ""));
    put(out, "contact-wrong", &contact(s, s.nobody("/contact"), &s.pick("Please fill this in.", "请填写此项。")));
    put(out, "contact-signed-in", &contact(s, s.somebody("/contact"), ""));
    super::cases::add(s, out);
}

fn contact(s: &Set, f: avouch_web::frame::Frame, wrong: &str) -> Contact {
    let mut fields = vec![avouch_web::site::contact::text_field(&f, "", wrong.into())];
    if f.account.is_none() {
        fields.push(Field::new("email", f.t("contact-reply"), Input::Email).why(f.t("contact-reply-why"), "2.4"));
    }
    let choice =
        |code: &str| Choice { value: code.into(), label: avouch_web::case::coded(&f, "category", code), chosen: false };
    Contact {
        categories: ["question", "complaint", "rights", "other"].map(choice).to_vec(),
        category_error: wrong.into(),
        fields,
        email: facts::text("contact.email", s.lang),
        officer: facts::text("controller.officer.name", s.lang),
        officer_email: facts::text("controller.officer.email", s.lang),
        within: s.pick("15 working days", "15 个工作日"),
        due: Some(date(2027, 1, 4)),
        provisional: true,
        relief: super::cases::relief(s),
        f,
    }
}
