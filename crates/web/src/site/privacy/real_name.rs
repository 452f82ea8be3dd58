//! `/privacy/real-name`: told why, agreed to apart, then name and document, then the answer.
//!
//! Keeps promise 1.2: the notice says why, what a leak could do, for how long, who outside gets it and what
//! works without it, before anything is asked (PIPL 30); yes and no weigh the same; a way without a face and
//! without a machine is always there; what was given is corrected by a new check and deleted by one click.

use askama::Template;
use avouch::collection::document::DocumentType;
use avouch::collection::real_name::{self, Method, NewClaim, PURPOSE};
use avouch::store::Actor;
use axum::Form;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use jiff::Timestamp;
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::fault::Fault;
use crate::form::{Choice, Field, Input};
use crate::frame::Frame;
use crate::page::{Page, PageWith};
use crate::shown::Shown;
use crate::site::privacy::consents::Sensitive;
use crate::site::privacy::proof::{self, Proof, password};
use crate::state::{Signed, Web, page_fault, say, told};

/// What is said before anything is asked.
#[derive(Clone, Debug)]
pub struct Notice {
    /// Why, one sentence.
    pub why: String,
    /// Labels of what is taken.
    pub items: Vec<String>,
    /// The sensitive ones: why they are needed and what a leak could do.
    pub sensitive: Vec<Sensitive>,
    /// For how long, in words.
    pub until: String,
    /// Names of who outside gets it; empty where nobody does.
    pub recipients: Vec<String>,
    /// What stops without it.
    pub without: String,
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "site/privacy/real_name.html")]
pub struct RealName {
    /// The frame.
    pub f: Frame,
    /// What is said before anything is asked.
    pub notice: Notice,
    /// Whether the purpose was agreed to.
    pub agreed: bool,
    /// Since when a check is under way, and by when it is given up.
    pub checking: Option<(Timestamp, Timestamp)>,
    /// Whether staff look at it.
    pub by_staff: bool,
    /// When the name was confirmed.
    pub verified: Option<Timestamp>,
    /// Whether a guardian must agree before anything is taken.
    pub needs_guardian: bool,
    /// Whether the form stands open: nothing is confirmed, or a new check was asked for.
    pub form: bool,
    /// The kinds of document.
    pub documents: Vec<Choice>,
    /// What is wrong with the kind; empty when nothing is.
    pub document_error: String,
    /// Name, number, lines.
    pub fields: Vec<Field>,
    /// The ways to check.
    pub methods: Vec<Choice>,
    /// The password, where a confirmed name is about to be changed.
    pub proof: Option<Field>,
    /// What was wrong with the whole; empty when nothing was.
    pub error: String,
}

impl RealName {
    /// The fields with something wrong, for the summary on top.
    #[must_use]
    pub fn wrong(&self) -> Vec<&Field> {
        self.fields.iter().chain(&self.proof).filter(|field| !field.error.is_empty()).collect()
    }
}

fn notice(web: &Web, f: &Frame) -> Result<Notice, Fault> {
    let policy = web.policy();
    let facts = policy.facts();
    let purpose = facts.usage.purposes.get(PURPOSE).ok_or(Fault::NotFound)?;
    let items: Vec<_> = policy.items_of(PURPOSE).into_iter().filter_map(|i| facts.collection.items.get(i)).collect();
    let until = super::item::kept_until(f, purpose);
    let outside = facts.sharing.recipients.values().filter(|r| r.purposes.contains(PURPOSE));
    Ok(Notice {
        why: say(f, &purpose.why),
        items: items.iter().map(|i| say(f, &i.label)).collect(),
        sensitive: items
            .iter()
            .filter(|i| i.sensitive)
            .map(|i| Sensitive {
                label: say(f, &i.label),
                necessity: i.necessity.as_ref().map(|w| say(f, w)).unwrap_or_default(),
                impact: i.impact.as_ref().map(|w| say(f, w)).unwrap_or_default(),
            })
            .collect(),
        until,
        recipients: outside.map(|r| say(f, &r.name)).collect(),
        without: purpose.without.as_ref().map(|w| say(f, w)).unwrap_or_default(),
    })
}

/// What the form sends.
#[derive(Deserialize, Default)]
#[expect(missing_debug_implementations, reason = "holds personal data")]
pub struct Sent {
    #[serde(default)]
    name: String,
    #[serde(default)]
    document: String,
    #[serde(default)]
    number: String,
    #[serde(default)]
    lines: String,
    #[serde(default)]
    method: String,
    #[serde(flatten)]
    proof: Proof,
}

/// What is wrong, field by field.
type Wrong = Vec<(&'static str, String)>;

fn words(f: &Frame, fault: &avouch::FieldFault) -> (&'static str, String) {
    let field = match fault.field.as_str() {
        "name" => "name",
        "document" => "document",
        "lines" => "lines",
        _ => "number",
    };
    let text = match fault.code {
        "required" => f.t("field-required"),
        "not-a-name" => f.t("name-bad"),
        "document-old" => f.t("document-old"),
        "document-length" => f.t("document-length"),
        "document-character" => f.t("document-character"),
        "document-region" => f.t("document-region"),
        "document-birth" => f.t("document-birth"),
        "document-future" => f.t("document-future"),
        "document-check" => f.t("document-check"),
        "document-other" => f.t("document-other"),
        "document-nationality" => f.t("document-nationality"),
        "document-lines" => f.t("document-lines"),
        "document-line-check" => f.t("document-line-check"),
        "document-disagree" => f.t("document-disagree"),
        "document-expired" => f.t("document-expired"),
        _ => fault.text.clone(),
    };
    (field, text)
}

/// The words for a kind of document.
#[must_use]
pub(crate) fn document(f: &Frame, kind: DocumentType) -> String {
    f.t(match kind {
        DocumentType::ResidentId => "document-resident-id",
        DocumentType::Passport => "document-passport",
        DocumentType::HkMacaoPermit => "document-hk-macao-permit",
        DocumentType::TaiwanPermit => "document-taiwan-permit",
        DocumentType::ResidencePermit => "document-residence-permit",
        DocumentType::ForeignPermanent => "document-foreign-permanent",
    })
}

async fn page(
    web: &Web,
    f: Frame,
    session: &Signed,
    again: bool,
    sent: &Sent,
    wrong: &Wrong,
) -> Result<RealName, Fault> {
    let told = page_fault(&f);
    let subject = session.0.subject();
    let standing = web.app.name_standing(subject).await.map_err(&told)?;
    let family = web.app.family(subject).await.map_err(&told)?;
    let error = |name: &str| wrong.iter().find(|(n, _)| *n == name).map(|(_, text)| text.clone()).unwrap_or_default();
    let chosen =
        |value: &str, label: String, sent: &str| Choice { value: value.to_owned(), label, chosen: value == sent };
    let methods = web.app.name_methods();
    // The picture of a face cannot be sent by this page yet; that way is offered by applications only.
    let methods: Vec<Method> = methods.into_iter().filter(|m| *m != Method::Face).collect();
    let fields = vec![
        Field::new("name", f.t("name-field"), Input::Text)
            .required()
            .autocomplete("name")
            .hint(f.t("name-hint"))
            .value(Shown::new(sent.name.as_str()))
            .error(error("name")),
        Field::new("number", f.t("number-field"), Input::Text)
            .required()
            .hint(f.t("number-hint"))
            .value(Shown::new(sent.number.as_str()))
            .error(error("number")),
        Field::new("lines", f.t("lines-field"), Input::Area)
            .hint(f.t("lines-hint"))
            .value(Shown::new(sent.lines.as_str()))
            .error(error("lines")),
    ];
    let verified = standing.verified.as_ref().map(|h| h.changed);
    Ok(RealName {
        notice: notice(web, &f)?,
        agreed: standing.agreed,
        checking: standing.check.as_ref().map(|c| (c.at, c.ends)),
        by_staff: standing.check.is_some_and(|c| c.stage == avouch::store::CheckStage::Staff),
        verified,
        needs_guardian: family.needs_guardian,
        form: verified.is_none() || again,
        documents: DocumentType::ALL.into_iter().map(|k| chosen(k.name(), document(&f, k), &sent.document)).collect(),
        document_error: error("document"),
        fields,
        methods: methods
            .iter()
            .map(|m| {
                let label = f.t(if *m == Method::Register { "method-register" } else { "method-review" });
                let one = methods.len() == 1;
                Choice { value: m.name().to_owned(), label, chosen: one || sent.method == m.name() }
            })
            .collect(),
        proof: (verified.is_some() && !session.0.proven).then(|| password(&f).error(error("password"))),
        error: error("whole"),
        f,
    })
}

/// Whether a new check was asked for.
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    again: Option<String>,
}

/// `GET /privacy/real-name`
///
/// # Errors
/// What keeps the store from answering.
pub async fn show(
    State(web): State<Web>,
    f: Frame,
    signed: Signed,
    axum::extract::Query(asked): axum::extract::Query<Asked>,
) -> Result<Page<RealName>, Fault> {
    Ok(Page(page(&web, f, &signed, asked.again.is_some(), &Sent::default(), &Vec::new()).await?))
}

/// What the notice's form sends.
#[derive(Debug, Deserialize)]
pub struct Choiced {
    answer: String,
}

/// `POST /privacy/real-name/consent`: yes, or no and everything goes.
///
/// # Errors
/// What keeps the store from answering, and refusals.
pub async fn consent(
    State(web): State<Web>,
    f: Frame,
    Signed(session): Signed,
    Form(sent): Form<Choiced>,
) -> Result<Response, Fault> {
    let given = match sent.answer.as_str() {
        "give" => true,
        "withdraw" => false,
        "later" => return Ok(Redirect::to("/privacy").into_response()),
        _ => return Err(Fault::Malformed),
    };
    let answer = web.app.answer(session.subject(), PURPOSE, given, f.tag(), &Actor::Subject);
    answer.await.map_err(page_fault(&f))?;
    Ok(Redirect::to("/privacy/real-name").into_response())
}

/// `POST /privacy/real-name`
///
/// # Errors
/// Refusals, and what keeps the store from answering.
pub async fn send(
    State(web): State<Web>,
    f: Frame,
    Signed(mut session): Signed,
    Form(sent): Form<Sent>,
) -> Result<Response, Fault> {
    let mut outcome = Ok(());
    if sent.proof.given() {
        outcome = sent.proof.show(&web, &mut session, &f).await;
    }
    if outcome.is_ok() {
        let claim = NewClaim {
            name: Zeroizing::new(sent.name.clone()),
            document: DocumentType::named(&sent.document),
            number: Zeroizing::new(sent.number.clone()),
            lines: Zeroizing::new(sent.lines.clone()),
            method: Method::named(&sent.method).unwrap_or(Method::Review),
            face: None,
        };
        outcome = web.app.claim_name(&session, claim).await.map(|_| ());
    }
    let (status, wrong) = match outcome {
        Ok(()) => return Ok(Redirect::to("/privacy/real-name").into_response()),
        Err(avouch::Fault::Invalid(faults)) => {
            (StatusCode::UNPROCESSABLE_ENTITY, faults.iter().map(|fault| words(&f, fault)).collect())
        }
        Err(avouch::Fault::NotNow(_)) => (StatusCode::CONFLICT, vec![("whole", f.t("name-under-way"))]),
        Err(other) => {
            let (status, error) = proof::error(&f, &other).ok_or_else(|| told(&other, f.tag()))?;
            (status, vec![("password", error)])
        }
    };
    let shown = page(&web, f, &Signed(session), true, &sent, &wrong).await?;
    Ok(PageWith(status, shown).into_response())
}

/// What of an item is hidden until the password was shown: what promise 1.2 names, whatever its kind.
#[must_use]
pub fn hidden(item: &avouch_policy::model::Item, name: &str) -> bool {
    item.clause.as_str() == "1.2" && name != real_name::CHECK
}
