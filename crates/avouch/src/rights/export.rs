//! The export: everything held of a person, for people and for machines, in one zip.
//!
//! Keeps promises 6.1 and 6.5 (copy and portability, PIPL 45). No secret is in it, and nothing of others.
//! `data.json` (see `docs/export.md`), `index.html` to read, `content/` with the pictures and videos, `signals.jsonl` with
//! what devices sent, and at the
//! end `manifest.json` with the SHA-256 of each. It is written while it is read: nothing is whole in memory.

use std::fmt::Write as _;
use std::io::Write;

use avouch_policy::model::Kind;
use avouch_policy::{Act, Policy};
use avouch_seal::{Sink, SubjectId};
use avouch_store::{Actor, Blob, Receipt, Role, SignalPlace, Which};
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use zip::write::SimpleFileOptions;

use crate::app::App;
use crate::fault::Fault;
use crate::gate::Wanted;

/// An export: what is said of everything, and the pictures and videos themselves, read as it is written.
pub struct Export {
    json: Vec<u8>,
    html: String,
    files: Vec<(String, Blob)>,
    signals: Option<Signals>,
    /// Where it is recorded.
    pub receipt: Receipt,
}

impl std::fmt::Debug for Export {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Export").field("files", &self.files.len()).finish_non_exhaustive()
    }
}

/// What devices sent: read page by page while it is written, one event a line.
struct Signals {
    app: App,
    subject: SubjectId,
    items: Vec<String>,
}

/// Signals read at once; each page leaves its own leaf.
const SIGNALS: u32 = 1_000;

impl Signals {
    /// The lines of the page after a place, and the place it ends at; nothing after the last.
    async fn page(&self, after: Option<SignalPlace>) -> Result<(Vec<u8>, Option<SignalPlace>), Fault> {
        let items: Vec<&str> = self.items.iter().map(String::as_str).collect();
        let wanted = Wanted { act: Act::Export, purpose: super::PURPOSE, items: &items, recipient: None };
        let used = self.app.use_signals(self.subject, &wanted, &Actor::Subject, SIGNALS, after).await?;
        let policy = self.app.policy();
        let mut lines = Vec::new();
        for record in &used.records {
            let fields = record.value.expose(Sink::Subject, |v| serde_json::from_slice::<Value>(v).unwrap_or_default());
            let line = json!({
                "item": policy.item_name(record.head.item),
                "purpose": record.head.purpose,
                "source": record.head.source,
                "taken": record.head.created.to_string(),
                "until": record.head.until.map(|t| t.to_string()),
                "fields": fields,
            });
            lines.extend_from_slice(line.to_string().as_bytes());
            lines.push(b'\n');
        }
        Ok((lines, used.records.last().map(|r| (r.head.created, r.head.id))))
    }
}

/// Hands what is written on, part by part, to whoever reads.
struct Parts(mpsc::Sender<std::io::Result<Bytes>>);

impl Write for Parts {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match self.0.blocking_send(Ok(Bytes::copy_from_slice(bytes))) {
            Ok(()) => Ok(bytes.len()),
            Err(_) => Err(std::io::Error::new(std::io::ErrorKind::BrokenPipe, "nobody reads any more")),
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Bytes of a picture or video read at once.
const READ: u64 = 1 << 20;

impl Export {
    /// Writes the zip, reading pictures and videos as it goes: nothing is whole in memory.
    fn write(self, out: Parts, runtime: &tokio::runtime::Handle) -> std::io::Result<()> {
        let mut zip = zip::ZipWriter::new_stream(std::io::BufWriter::with_capacity(1 << 16, out));
        let mut files = Vec::new();
        let mut told = |name: &str, sha256: String, bytes: u64| {
            files.push(json!({ "name": name, "sha256": sha256, "bytes": bytes }));
        };
        for (name, bytes) in [("index.html", self.html.as_bytes()), ("data.json", &self.json)] {
            zip.start_file(name, SimpleFileOptions::default())?;
            zip.write_all(bytes)?;
            told(name, digest(bytes), bytes.len() as u64);
        }
        if let Some(signals) = self.signals {
            zip.start_file("signals.jsonl", SimpleFileOptions::default().large_file(true))?;
            let (mut after, mut bytes, mut hash) = (None, 0, avouch_ledger::hash::Sha256::new());
            loop {
                let (lines, last) = runtime.block_on(signals.page(after)).map_err(std::io::Error::other)?;
                if last.is_none() {
                    break;
                }
                after = last;
                bytes += lines.len() as u64;
                hash.update(&lines);
                zip.write_all(&lines)?;
            }
            told("signals.jsonl", data_encoding::HEXLOWER.encode(&hash.finish()), bytes);
        }
        for (name, blob) in self.files {
            // What is a picture or a video already is not made smaller by packing.
            let options = SimpleFileOptions::default()
                .compression_method(zip::CompressionMethod::Stored)
                .large_file(blob.size() >= 1 << 31);
            zip.start_file(&name, options)?;
            let (mut at, mut hash) = (0, avouch_ledger::hash::Sha256::new());
            loop {
                let part = runtime.block_on(blob.read(at, at + READ)).map_err(std::io::Error::other)?;
                let Some(part) = part else { break };
                at += part.expose(Sink::Subject, |plain| {
                    hash.update(plain);
                    zip.write_all(plain).map(|()| plain.len() as u64)
                })?;
            }
            told(&name, data_encoding::HEXLOWER.encode(&hash.finish()), at);
        }
        zip.start_file("manifest.json", SimpleFileOptions::default())?;
        serde_json::to_writer_pretty(&mut zip, &json!({ "format": "avouch-export/1", "files": files }))?;
        zip.finish()?.into_inner().flush()
    }

    /// The zip, part by part as it is made. An end that is an error means that it is not whole: the store failed,
    /// or something in it was deleted meanwhile.
    #[must_use]
    pub fn stream(self) -> mpsc::Receiver<std::io::Result<Bytes>> {
        let (send, receive) = mpsc::channel(4);
        let runtime = tokio::runtime::Handle::current();
        let failed = send.clone();
        tokio::task::spawn_blocking(move || {
            if let Err(e) = self.write(Parts(send), &runtime) {
                // Whoever stopped reading is not told.
                let _gone = failed.blocking_send(Err(e));
            }
        });
        receive
    }

    /// The zip whole in memory, for small ones.
    ///
    /// # Errors
    /// As [`Export::stream`].
    pub async fn zip(self) -> std::io::Result<Vec<u8>> {
        let mut parts = self.stream();
        let mut zip = Vec::new();
        while let Some(part) = parts.recv().await {
            zip.extend_from_slice(&part?);
        }
        Ok(zip)
    }
}

fn extension(media: &str) -> &'static str {
    match media {
        "image/jpeg" => "jpg",
        "image/png" => "png",
        "video/mp4" => "mp4",
        "video/quicktime" => "mov",
        _ => "bin",
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
                    "file": record.blobs.iter().find(|b| b.role == Role::Whole)
                        .map(|b| format!("content/{item}-{}.{}", record.head.id, extension(&b.media))),
                    "purpose": record.head.purpose,
                    "source": record.head.source,
                    "created": record.head.created.to_string(),
                    "changed": record.head.changed.to_string(),
                    "until": record.head.until.map(|t| t.to_string()),
                    "kept_by": avouch_policy::End::read(&record.head.rule, record.head.until).map(|end| json!({
                        "purpose": end.purpose,
                        "after": end.after,
                        "keep": end.keep.to_string(),
                    })),
                })
            })
            .collect();
        let waiting: Vec<Value> = self
            .see_quarantined(subject)
            .await?
            .iter()
            .map(|kept| {
                let value = kept.value.expose(Sink::Subject, |v| String::from_utf8_lossy(v).into_owned());
                let secret = facts.collection.items.get(&kept.head.item).is_some_and(|i| i.kind == Kind::Secret);
                json!({
                    "item": kept.head.item,
                    "label": facts.collection.items.get(&kept.head.item).map(|i| i.label.in_lang(language)),
                    "value": (!secret).then_some(value),
                    "purpose": kept.head.purpose,
                    "source": kept.head.source,
                    "reasons": kept.head.reasons,
                    "created": kept.head.created.to_string(),
                    "until": kept.head.until.to_string(),
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
        let cases = self.told_cases(subject).await?;
        // Of a passkey its person is told all but the key and the handle, which serve nobody else.
        let passkeys: Vec<Value> = self
            .passkeys(subject)
            .await?
            .iter()
            .map(|held| {
                json!({
                    "name": held.passkey.name,
                    "made": held.passkey.made.to_string(),
                    "used": held.passkey.used.map(|t| t.to_string()),
                    "synced": held.passkey.synced,
                })
            })
            .collect();
        let (sums, permissions) = self.signals(subject).await?;
        let sums: Vec<Value> = sums
            .iter()
            .map(|s| {
                json!({
                    "item": s.item,
                    "label": facts.collection.items.get(&s.item).map(|i| i.label.in_lang(language)),
                    "purpose": s.purpose,
                    "source": s.source,
                    "count": s.count,
                    "first": s.first.to_string(),
                    "last": s.last.to_string(),
                    "until": s.until.map(|t| t.to_string()),
                })
            })
            .collect();
        let states: Vec<Value> = permissions
            .iter()
            .map(|p| json!({ "item": p.item, "state": p.state.name(), "at": p.at.to_string() }))
            .collect();
        let told = self.told_of(subject).await?;
        let passed_on: Vec<Value> = told
            .iter()
            .map(|n| {
                json!({
                    "to": n.name,
                    "event": n.event.name(),
                    "about": n.about,
                    "at": n.at.to_string(),
                    "confirmed": n.acknowledged.map(|t| t.to_string()),
                })
            })
            .collect();
        // An entry of an address book is another person's: that it is held is told, what it says is not handed on.
        let own = |item: &&String| facts.collection.items.get(*item).is_some_and(|i| i.signal.is_some() && !i.others);
        let items: Vec<String> = facts.collection.items.keys().filter(own).cloned().collect();
        let signals = (!sums.is_empty()).then(|| Signals { app: self.clone(), subject, items });
        let data = json!({
            "format": "avouch-export/1",
            "subject": subject.to_string(),
            "made": self.store.now().to_string(),
            "policy": { "version": policy.version(), "digest": policy.digest().to_string() },
            "joined": account.joined.to_string(),
            "records": records,
            "consents": consents,
            "uses": uses,
            "passkeys": passkeys,
            "guardians": links,
            "cases": cases,
            "waiting": waiting,
            "signals": sums,
            "permissions": states,
            "disclosures": self.disclosures(subject).await?,
            "passed_on": passed_on,
            "receipt": used.receipt,
        });
        let json = serde_json::to_vec_pretty(&data).map_err(|e| Fault::NotNow(format!("the export: {e}")))?;
        let html = readable(&policy, &data, language);
        let mut files = Vec::new();
        for record in used.records {
            let item = policy.item_name(record.head.item);
            for blob in record.blobs.into_iter().filter(|b| b.role == Role::Whole) {
                files.push((format!("content/{item}-{}.{}", record.head.id, extension(&blob.media)), blob));
            }
        }
        Ok(Export { json, html, files, signals, receipt: used.receipt })
    }
}

fn digest(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(&avouch_ledger::hash::sha256(bytes))
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
    let _infallible = write!(out, "</tbody></table>");
    let waiting = data["waiting"].as_array().map(Vec::as_slice).unwrap_or_default();
    if !waiting.is_empty() {
        let _infallible = write!(
            out,
            "<h2>{}</h2><ul>",
            say("Brought over, used for nothing until you answer", "迁移而来，您答复前不作任何使用")
        );
        for kept in waiting {
            let _infallible = write!(
                out,
                "<li>{} · {} · {} · {}</li>",
                text(&kept["label"]),
                text(&kept["value"]),
                text(&kept["source"]),
                text(&kept["until"]),
            );
        }
        let _infallible = write!(out, "</ul>");
    }
    let passkeys = data["passkeys"].as_array().map(Vec::as_slice).unwrap_or_default();
    if !passkeys.is_empty() {
        let _infallible =
            write!(out, "<h2>{}</h2><ul>", say("Your passkeys: made, last used", "您的通行密钥：创建与最近使用时间"));
        for passkey in passkeys {
            let (name, made, used) = (text(&passkey["name"]), text(&passkey["made"]), text(&passkey["used"]));
            let _infallible = write!(out, "<li>{name} · {made} · {used}</li>");
        }
        let _infallible = write!(out, "</ul>");
    }
    let _infallible = write!(out, "<h2>{}</h2><ul>", say("Who used it", "谁使用过"));
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
    let _infallible = write!(out, "</ul><h2>{}</h2><ul>", say("What your devices sent", "您的设备发送的信息"));
    for sum in data["signals"].as_array().into_iter().flatten() {
        let purpose = sum["purpose"].as_str().unwrap_or_default();
        let label = facts.usage.purposes.get(purpose).map_or(purpose, |p| p.label.in_lang(language));
        let _infallible = write!(
            out,
            "<li>{} · {} · {} × {} · {} – {}</li>",
            text(&sum["label"]),
            escape(label),
            text(&sum["source"]),
            text(&sum["count"]),
            text(&sum["first"]),
            text(&sum["last"]),
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
