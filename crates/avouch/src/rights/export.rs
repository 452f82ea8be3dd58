//! The export: everything held of a person, for people and for machines, in one zip.
//!
//! Keeps promises 6.1 and 6.5 (copy and portability, PIPL 45). No secret is in it, and nothing of others.
//! `data.json` (see `docs/export.md`), `index.html` to read, `manifest.json` with the SHA-256 of both.

use std::fmt::Write as _;
use std::io::{Cursor, Write};

use avouch_policy::model::Kind;
use avouch_policy::{Act, Policy};
use avouch_seal::{Sink, SubjectId};
use avouch_store::{Actor, Receipt, Which};
use serde_json::{Value, json};
use zip::write::SimpleFileOptions;

use crate::app::App;
use crate::fault::Fault;
use crate::gate::Wanted;

/// An export, ready to be handed to the person.
pub struct Export {
    /// The zip's bytes.
    pub zip: Vec<u8>,
    /// Where it is recorded.
    pub receipt: Receipt,
}

impl std::fmt::Debug for Export {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Export").field("bytes", &self.zip.len()).finish_non_exhaustive()
    }
}

impl App {
    /// Makes the export of everything held of a subject.
    ///
    /// # Errors
    /// [`Fault::Refused`]; [`Fault::NotFound`] for an unknown subject.
    pub async fn export(&self, subject: SubjectId, language: &str) -> Result<Export, Fault> {
        let policy = self.policy();
        let facts = policy.facts();
        let names: Vec<&str> = facts
            .collection
            .items
            .iter()
            .filter(|(_, item)| item.kind != Kind::Secret)
            .map(|(name, _)| name.as_str())
            .collect();
        let account = self.account(subject).await?;
        let consents = self.consent_history(subject).await?;
        let uses = self.uses(subject, jiff::Timestamp::UNIX_EPOCH).await?;
        let wanted = Wanted { act: Act::Export, purpose: super::PURPOSE, items: &names, recipient: None };
        let used = self.use_records(subject, &wanted, &Actor::Subject, &Which::all()).await?;
        let records: Vec<Value> = used
            .records
            .iter()
            .map(|record| {
                let item = policy.item_name(record.head.item);
                let value = record.value.expose(Sink::Subject, |v| String::from_utf8_lossy(v).into_owned());
                let structured = facts.collection.items.get(item).is_some_and(|i| i.kind == Kind::Structured);
                let value = if structured {
                    serde_json::from_str(&value).unwrap_or(Value::String(value))
                } else {
                    Value::String(value)
                };
                json!({
                    "item": item,
                    "label": facts.collection.items.get(item).map(|i| i.label.in_lang(language)),
                    "id": record.head.id.to_string(),
                    "value": value,
                    "purpose": record.head.purpose,
                    "source": record.head.source,
                    "created": record.head.created.to_string(),
                    "changed": record.head.changed.to_string(),
                    "until": record.head.until.map(|t| t.to_string()),
                })
            })
            .collect();
        let family = self.family(subject).await?;
        let links: Vec<Value> = family
            .links
            .iter()
            .map(|link| {
                json!({
                    "id": link.id.to_string(),
                    "role": if link.role == avouch_store::LinkRole::Child { "child" } else { "guardian" },
                    "asked": link.asked.to_string(),
                    "confirmed": link.confirmed.map(|t| t.to_string()),
                })
            })
            .collect();
        let data = json!({
            "format": "avouch-export/1",
            "subject": subject.to_string(),
            "made": self.store.now().to_string(),
            "policy": { "version": policy.version(), "digest": policy.digest().to_string() },
            "joined": account.joined.to_string(),
            "records": records,
            "consents": consents,
            "uses": uses,
            "guardians": links,
            "receipt": used.receipt,
        });
        let json = serde_json::to_vec_pretty(&data).map_err(|e| Fault::NotNow(format!("the export: {e}")))?;
        let html = readable(&policy, &data, language);
        let manifest = json!({
            "format": "avouch-export/1",
            "files": [
                { "name": "data.json", "sha256": digest(&json), "bytes": json.len() },
                { "name": "index.html", "sha256": digest(html.as_bytes()), "bytes": html.len() },
            ],
        });
        let manifest = serde_json::to_vec_pretty(&manifest).map_err(|e| Fault::NotNow(format!("the export: {e}")))?;
        let zip = pack(&[("index.html", html.as_bytes()), ("data.json", &json), ("manifest.json", &manifest)])
            .map_err(|e| Fault::NotNow(format!("the export could not be packed: {e}")))?;
        Ok(Export { zip, receipt: used.receipt })
    }
}

fn digest(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(&avouch_ledger::hash::sha256(bytes))
}

fn pack(files: &[(&str, &[u8])]) -> zip::result::ZipResult<Vec<u8>> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        zip.start_file(*name, SimpleFileOptions::default())?;
        zip.write_all(bytes)?;
    }
    Ok(zip.finish()?.into_inner())
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

fn text(value: &Value) -> String {
    match value {
        Value::String(s) => escape(s),
        Value::Null => "–".to_owned(),
        other => escape(&other.to_string()),
    }
}

/// A page that needs nothing but a browser. Its few words stand here because the file leaves the house.
fn readable(policy: &Policy, data: &Value, language: &str) -> String {
    let zh = language.starts_with("zh");
    let say = |en: &'static str, cn: &'static str| if zh { cn } else { en };
    let facts = policy.facts();
    let mut out = String::new();
    let title = say("What is held about you", "我们持有的您的个人信息");
    // Writing into a String cannot fail.
    let _infallible = write!(
        out,
        "<!doctype html><html lang=\"{}\"><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>{title}</title><style>body{{font:16px/1.6 system-ui,sans-serif;\
         max-width:60rem;margin:2rem auto;padding:0 1rem}}table{{border-collapse:collapse;width:100%}}\
         th,td{{text-align:left;vertical-align:top;border-bottom:1px solid #ccc;padding:.4rem}}</style>\
         <h1>{title}</h1><p>{} · {}</p>",
        escape(language),
        text(&data["made"]),
        text(&data["subject"]),
    );
    let heads = [
        say("Item", "信息"),
        say("Value", "内容"),
        say("Purpose", "目的"),
        say("From", "来源"),
        say("Since", "开始时间"),
        say("Until", "保存至"),
    ];
    let _infallible = write!(out, "<table><thead><tr>");
    for head in heads {
        let _infallible = write!(out, "<th scope=\"col\">{head}</th>");
    }
    let _infallible = write!(out, "</tr></thead><tbody>");
    for record in data["records"].as_array().into_iter().flatten() {
        let purpose = record["purpose"].as_str().unwrap_or_default();
        let label = facts.usage.purposes.get(purpose).map_or(purpose, |p| p.label.in_lang(language));
        let _infallible = write!(
            out,
            "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            text(&record["label"]),
            text(&record["value"]),
            escape(label),
            text(&record["source"]),
            text(&record["created"]),
            text(&record["until"]),
        );
    }
    let _infallible = write!(out, "</tbody></table><h2>{}</h2><ul>", say("Who used it", "谁使用过"));
    for count in data["uses"].as_array().into_iter().flatten() {
        let _infallible = write!(
            out,
            "<li>{} · {} · {} {} × {} · {}</li>",
            text(&count["item"]),
            text(&count["purpose"]),
            text(&count["party"]),
            text(&count["actor"]),
            text(&count["times"]),
            text(&count["last"]),
        );
    }
    let _infallible = write!(out, "</ul><h2>{}</h2><ul>", say("Your answers", "您的同意记录"));
    for event in data["consents"].as_array().into_iter().flatten() {
        let given = if event["given"] == json!(true) { say("given", "同意") } else { say("withdrawn", "撤回") };
        let _infallible = write!(out, "<li>{} · {} · {given}</li>", text(&event["at"]), text(&event["target"]));
    }
    out.push_str("</ul></html>");
    out
}
