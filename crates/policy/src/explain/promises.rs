//! The promises 0.1 to 8.3 and where each finds the facts that keep it.

use super::{Line, Lines, Promise, both, kept};
use crate::model::Facts;
use crate::policy::Policy;
use crate::terms::{chapter, key, pick, value};

/// Number, English, Chinese, and the facts that keep it: paths of single facts, or tables whose things bear
/// the number as their clause.
type Row = (&'static str, &'static str, &'static str, &'static [&'static str]);

const ROWS: &[Row] = &[
    (
        "0.1",
        "Principles, methods and rights are explained so that people can choose",
        "说明原则、方式和权利，便于您判断和选择",
        &["title", "version", "effective", "languages"],
    ),
    ("1.1", "Account: user name, mobile number, e-mail, password", "账号：用户名、手机号码、邮箱、密码", &[]),
    ("1.2", "Real name: name, ID type and number, face", "实名：姓名、证件类型和号码、人脸", &[]),
    ("1.3", "Content people upload and publish", "您上传和发布的内容", &[]),
    ("1.4", "Device: model, operating system, unique id", "设备：型号、操作系统、唯一标识", &[]),
    ("1.5", "Network: IP, operator, access method", "网络：IP地址、运营商、接入方式", &[]),
    ("1.6", "Logs: access time, function used, crash records", "日志：访问时间、使用功能、崩溃记录", &[]),
    ("1.7", "Joint login, as the person authorised", "按您的授权联合登录", &[]),
    ("2.0", "Lawful, fair, necessary: default deny", "合法、正当、必要：默认拒绝", &["usage.purposes.*.basis"]),
    ("2.1", "Registration, identity verification, password retrieval", "注册、身份验证、密码找回", &[]),
    ("2.2", "Recommendation, social interaction, payment", "推荐、社交互动、支付", &[]),
    ("2.3", "Usage analysis, failure detection, experience", "使用分析、故障检测、体验优化", &[]),
    ("2.4", "Customer service", "客户服务", &[]),
    ("2.5", "Marketing by consent", "经同意的营销", &[]),
    ("2.6", "Compliance and law enforcement", "合规与配合执法", &[]),
    ("2.7", "The exceptions, registered", "登记的例外情形", &["usage.purposes.*.exceptional"]),
    ("3.1", "Cookies: login state", "Cookie：登录状态", &[]),
    ("3.2", "Cookies: analytics", "Cookie：统计分析", &[]),
    ("3.3", "Cookies: personalised content and ads", "Cookie：个性化内容与广告", &[]),
    ("3.4", "Third parties' cookies", "第三方Cookie", &["cookies.trackers.*.party"]),
    (
        "3.5",
        "Reject or delete some or all, told what may stop working",
        "可拒绝或删除部分或全部，并告知影响",
        &["cookies.control", "cookies.ask_again", "cookies.categories.*.without"],
    ),
    (
        "4.1",
        "No sharing but by authorisation, necessity, law or emergency",
        "除授权、必要、法定或紧急外不共享",
        &["sharing.recipients.*.role"],
    ),
    ("4.2", "Confidentiality agreement and supervision", "保密协议与监督", &["sharing.recipients.*.agreement"]),
    (
        "4.3",
        "Merger: told, and bound or asked again",
        "合并等情形：告知并约束接收方或重新征得同意",
        &["sharing.transfer.notify", "sharing.transfer.ask_again"],
    ),
    ("4.4", "Publication only by consent or law", "仅经同意或依法公开", &["sharing.publication.basis"]),
    ("5.1", "Shortest retention", "最短保存期限", &["usage.purposes.*.retention", "storage.backups.kept"]),
    (
        "5.2",
        "Cancelled means deleted, but for what law keeps",
        "注销即删除，法律要求留存的除外",
        &["storage.statutory.*.keep", "rights.cancel.complete_within"],
    ),
    ("5.3", "Stored in the home region", "存储于境内", &["controller.region", "storage.regions.*.suite"]),
    (
        "5.4",
        "Cross-border: by law and separate consent",
        "出境：依法并取得单独同意",
        &["storage.cross_border.allowed", "storage.cross_border.separate_consent"],
    ),
    ("5.5", "Encryption, anonymisation, access control", "加密、匿名化、访问控制", &["security.encryption"]),
    (
        "5.6",
        "Access review, assessment, training",
        "权限复核、安全评估、培训",
        &["security.access_review", "security.assessment", "security.training"],
    ),
    ("5.7", "Leaks: people and regulator told in time", "泄露：及时告知个人和监管机构", &["security.incident_contact"]),
    (
        "6.1",
        "See and correct",
        "查阅和更正",
        &["rights.offered=access", "rights.offered=correct", "collection.items.*.editable"],
    ),
    (
        "6.2",
        "Delete, without a hidden copy",
        "删除，不留隐藏副本",
        &["rights.offered=delete", "rights.delete.trash", "collection.items.*.deletable"],
    ),
    (
        "6.3",
        "Cancel the account",
        "注销账号",
        &["rights.offered=cancel", "rights.cancel.cooling_off", "rights.cancel.erase_now"],
    ),
    (
        "6.4",
        "Revoke a permission",
        "撤回授权",
        &["rights.offered=revoke", "rights.offered=withdraw", "collection.items.*.permission"],
    ),
    (
        "6.5",
        "The rights the law adds",
        "法律规定的其他权利",
        &[
            "rights.offered=copy",
            "rights.offered=portability",
            "rights.offered=restrict",
            "rights.offered=explain",
            "rights.offered=deceased",
            "rights.offered=guardian",
            "collection.minors.guardian_under",
            "rights.export.link_expires",
        ],
    ),
    (
        "7.1",
        "Changes announced, shown by pop-up, displayed prominently",
        "变更公告、弹窗并显著展示",
        &["updates.channels", "updates.notice"],
    ),
    (
        "7.2",
        "Major changes: purpose, ownership, rights, sharing",
        "重大变更：目的、控制权、权利行使、共享",
        &["controller.control"],
    ),
    ("8.1", "A contact function", "联系功能", &["contact.function", "contact.email"]),
    ("8.2", "An answer in time", "按时答复", &["contact.respond_within", "contact.respond_from", "contact.calendar"]),
    ("8.3", "The way to regulator and court", "向监管机构和法院寻求救济", &["contact.regulator.name", "contact.court"]),
];

pub(super) fn all(policy: &Policy, lang: &str) -> Vec<Promise> {
    let facts = policy.facts();
    let json = crate::digest::canonical(facts);
    ROWS.iter()
        .map(|(id, en, zh, sources)| {
            let mut out = Lines::default();
            by_clause(facts, id, lang, &mut out);
            for source in *sources {
                let (path, element) =
                    source.split_once('=').map_or((*source, None), |(path, element)| (path, Some(element)));
                let steps: Vec<&str> = path.split('.').collect();
                find(&json, &steps, &mut Vec::new(), &mut |path, found| {
                    single(facts, path, found, element, lang, &mut out)
                });
            }
            Promise { id, title: pick(lang, en, zh), facts: out.0 }
        })
        .collect()
}

/// Everything whose clause is `id`.
fn by_clause(facts: &Facts, id: &str, lang: &str, out: &mut Lines) {
    for (name, item) in facts.collection.items.iter().filter(|(_, i)| i.clause.as_str() == id) {
        let (label, source) = (item.label.in_lang(lang), value(lang, item.source.as_str()));
        out.say(
            &format!("collection.items.{name}"),
            both(lang, format!("{label}, {source}"), format!("{label}，{source}")),
        );
    }
    for (name, purpose) in facts.usage.purposes.iter().filter(|(_, p)| p.clause.as_str() == id) {
        let (label, basis) = (purpose.label.in_lang(lang), value(lang, purpose.basis.as_str()));
        let kept = kept(purpose, lang).unwrap_or_default();
        out.say(
            &format!("usage.purposes.{name}"),
            both(lang, format!("{label}, by {basis}. {kept}"), format!("{label}，依据{basis}。{kept}")),
        );
    }
    for (name, category) in facts.cookies.categories.iter().filter(|(_, c)| c.clause.as_str() == id) {
        let (label, why) = (category.label.in_lang(lang), category.why.in_lang(lang));
        out.say(
            &format!("cookies.categories.{name}"),
            both(lang, format!("{label}: {why}"), format!("{label}：{why}")),
        );
    }
    for (name, recipient) in facts.sharing.recipients.iter().filter(|(_, r)| r.clause.as_str() == id) {
        let (label, kind) = (recipient.name.in_lang(lang), recipient.kind.in_lang(lang));
        out.say(
            &format!("sharing.recipients.{name}"),
            both(lang, format!("{label}, {kind}"), format!("{label}，{kind}")),
        );
    }
}

/// One fact by its path.
fn single(
    facts: &Facts,
    path: &[String],
    found: &serde_json::Value,
    element: Option<&str>,
    lang: &str,
    out: &mut Lines,
) {
    use serde_json::Value;
    let whole = path.join(".");
    if out.0.iter().any(|line: &Line| line.path == whole) && element.is_none() {
        return;
    }
    let text = match found {
        Value::Array(list) if element.is_some() => {
            let Some(element) = element.filter(|e| list.iter().any(|v| v.as_str() == Some(e))) else { return };
            value(lang, element)
        }
        Value::Array(list) => list
            .iter()
            .filter_map(Value::as_str)
            .map(|v| value(lang, v))
            .collect::<Vec<_>>()
            .join(pick(lang, ", ", "、")),
        Value::Object(map) => match (whole.as_str(), map.get(lang).or_else(|| map.get("en")).and_then(Value::as_str)) {
            (_, Some(words)) => words.to_owned(),
            (path, None) if path.ends_with(".retention") => {
                let purpose = path.split('.').nth(2).and_then(|name| facts.usage.purposes.get(name));
                purpose.and_then(|p| kept(p, lang)).unwrap_or_default()
            }
            _ => map
                .iter()
                .filter_map(|(k, v)| Some(format!("{} {}", key(lang, &[k]), v.as_str()?)))
                .collect::<Vec<_>>()
                .join(pick(lang, ", ", "，")),
        },
        Value::String(text) => value(lang, text),
        other => value(lang, &other.to_string()),
    };
    let of = match path {
        [_, _, name, ..] if path.len() > 3 => name.clone(),
        [first, _, ..] => chapter(lang, first).to_owned(),
        _ => chapter(lang, "").to_owned(),
    };
    let fact = key(lang, &path.iter().map(String::as_str).collect::<Vec<_>>());
    out.say(&whole, both(lang, format!("{of}: {fact}: {text}"), format!("{of}：{fact}：{text}")));
}

/// Calls `found` for every value the steps lead to.
fn find(
    value: &serde_json::Value,
    steps: &[&str],
    path: &mut Vec<String>,
    found: &mut impl FnMut(&[String], &serde_json::Value),
) {
    let Some((step, rest)) = steps.split_first() else { return found(path, value) };
    let Some(map) = value.as_object() else { return };
    for (key, inner) in map.iter().filter(|(key, _)| *step == "*" || *step == key.as_str()) {
        path.push(key.clone());
        find(inner, rest, path, found);
        path.pop();
    }
}
