//! A home whose policy sends abroad in every way the law knows.

use std::sync::{Arc, Mutex};

use avouch::collection::put::NewRecord;
use avouch::gate::Wanted;
use avouch::store::{Actor, Credential, SubjectId, Which};
use avouch::{App, Fault};
use avouch_policy::{Act, Policy};
use avouch_store::{Faults, Location};
use avouch_testkit::{Engine, Home, home};

/// By the exemption of small numbers.
pub const SMALL: &str = "small";
/// By a standard contract.
pub const CONTRACT: &str = "contract";
/// By the authority's assessment.
pub const ASSESSED: &str = "assessed";
/// By an exemption the law names by its case.
pub const NAMED: &str = "named";
/// By nothing.
pub const BARE: &str = "bare";

const ALL: [(&str, &str); 5] = [
    (SMALL, "mechanism = 'exemption', citation = 'cn-pipl.cross_border.exempt_below'"),
    (CONTRACT, "mechanism = 'standard-contract', filing = { id = 'F-1', filed = '2026-10-20' }"),
    (ASSESSED, "mechanism = 'security-assessment', valid_from = '2026-10-01', valid_until = '2029-10-01'"),
    (NAMED, "mechanism = 'exemption', citation = 'cn-pipl.cross_border.exempt.contract'"),
    (BARE, ""),
];

/// The shipped policy with recipients abroad; interests are sensitive, and offers rest on separate consent.
fn policy() -> Arc<Policy> {
    let mut source = home::source();
    let mut text = source.facts.text.replace("allowed = false", "allowed = true");
    let interests = "label = { en = \"Interests\", zh-CN = \"兴趣标签\" }\n";
    let sensitive = "sensitive = true\nnecessity = { en = \"So.\", zh-CN = \"如此。\" }\nimpact = { en = \"So.\", zh-CN = \"如此。\" }\nassessment = { id = \"PIA-9\", approved = \"2026-10-01\" }\n";
    assert!(text.contains(interests));
    text = text.replace(interests, &format!("{interests}{sensitive}"));
    let (before, after) = text.split_once("[usage.purposes.marketing]").unwrap();
    text = format!(
        "{before}[usage.purposes.marketing]{}",
        after.replacen("basis = \"consent\"", "basis = \"separate-consent\"", 1)
    );
    text.push_str("\n[storage.regions.us]\nlabel = { en = \"United States\", zh-CN = \"美国\" }\ncountry = \"US\"\n");
    for (name, way) in ALL {
        let mut letters = name.chars();
        let title: String = letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect();
        text.push_str(&format!(
            "\n[sharing.recipients.{name}]\nclause = '5.4'\nname = {{ en = '{title} Abroad (demo)', zh-CN = '境外（演示）{name}' }}\n\
             contact = 'privacy@{name}.example'\nrole = 'processor'\nkind = {{ en = 'offers', zh-CN = '推广' }}\n\
             purposes = ['marketing']\nitems = ['email', 'nickname', 'interests']\nregion = 'us'\nhosts = ['api.{name}.example']\n\
             agreement = {{ id = 'A', signed = '2026-01-10', expires = '2028-01-10', next_check = '2027-06-10' }}\n"
        ));
        if !way.is_empty() {
            text.push_str(&format!(
                "abroad = {{ {way}, reference = 'X-1', method = {{ en = 'Sent by mail.', zh-CN = '以邮件发送。' }}, \
                 rights = {{ en = 'Write there.', zh-CN = '请致函对方。' }}, \
                 assessment = {{ id = 'PIA-10', approved = '2026-10-01' }} }}\n"
            ));
        }
    }
    source.facts.text = text;
    Arc::new(Policy::load(&source).unwrap_or_else(|faults| panic!("{faults}")))
}

/// Fails the next commit once it is armed.
#[derive(Default)]
pub struct Once(Mutex<bool>);

impl Once {
    pub fn arm(&self) {
        *self.0.lock().unwrap() = true;
    }
}

impl Faults for Once {
    fn strike(&self, point: &'static str) -> bool {
        point == "before commit" && std::mem::take(&mut *self.0.lock().unwrap())
    }
}

/// The codes of a refusal.
pub fn codes(outcome: Result<(), Fault>) -> Vec<&'static str> {
    match outcome {
        Err(Fault::Refused(denied)) => denied.refusal.reasons.iter().map(|r| r.code.name()).collect(),
        other => panic!("not refused: {other:?}"),
    }
}

/// A home with recipients abroad, and a service that sends there.
#[derive(Clone)]
pub struct Abroad {
    pub home: Arc<Home>,
    service: Arc<Credential>,
}

impl Abroad {
    pub async fn new(engine: Engine) -> Self {
        let home = Home::new(engine).await;
        home.app.store.set_policy(policy());
        let service = home.service("mail", &["marketing", "recommendation"]).await;
        Self { home: Arc::new(home), service }
    }

    /// Moves the clock on to a moment.
    pub fn clock_to(&self, moment: &str) {
        let moment: jiff::Timestamp = moment.parse().unwrap();
        self.home.clock.advance(moment.duration_since(self.home.app.store.now()));
    }

    pub async fn node(&self, name: &str, faults: Option<Arc<dyn Faults>>) -> App {
        let node = self.home.node(name, faults).await;
        node.store.set_policy(policy());
        node
    }

    /// People who agreed to everything, of whom everything is there.
    pub async fn people(&self, count: u64) -> Vec<SubjectId> {
        let mut people = Vec::new();
        for n in 0..count {
            let person = self.person_without_interests(n).await;
            let new = NewRecord {
                subject: person,
                purpose: "marketing".to_owned(),
                item: "interests".to_owned(),
                record: None,
                value: "pottery".to_owned(),
            };
            self.home.app.put_record(new, &Actor::Service(Arc::clone(&self.service))).await.unwrap();
            people.push(person);
        }
        people
    }

    pub async fn person_without_interests(&self, n: u64) -> SubjectId {
        let person = self.home.person(n).await.subject;
        self.home.consent(person, "marketing", true).await;
        for (recipient, _) in ALL {
            self.home.app.answer_abroad(person, recipient, true, "en", &Actor::Subject).await.unwrap();
        }
        person
    }

    pub async fn send(&self, person: SubjectId, recipient: &str, item: &str) -> Result<(), Fault> {
        self.send_through(&self.home.app, person, recipient, item).await
    }

    pub async fn send_through(&self, app: &App, person: SubjectId, recipient: &str, item: &str) -> Result<(), Fault> {
        let items = [item];
        let wanted = Wanted { act: Act::Share, purpose: "marketing", items: &items, recipient: Some(recipient) };
        let actor = Actor::Service(Arc::clone(&self.service));
        app.use_records(person, &wanted, &actor, &Which::all()).await.map(drop)
    }

    pub async fn refused(&self, person: SubjectId, recipient: &str, item: &str, expected: &[&str]) {
        assert_eq!(codes(self.send(person, recipient, item).await), expected, "{recipient} {item}");
    }

    /// The counts of this year: of plain and of sensitive data.
    pub async fn counts(&self) -> (u32, u32) {
        let border = self.home.app.border().await.unwrap().unwrap();
        self.counts_of(border.years[0].year).await
    }

    pub async fn counts_of(&self, year: i16) -> (u32, u32) {
        let border = self.home.app.border().await.unwrap().unwrap();
        let of = |counted: &str| {
            let year = border.years.iter().find(|y| y.year == year).unwrap();
            year.thresholds.iter().find(|t| t.counted == counted).unwrap().people
        };
        (of("plain"), of("sensitive"))
    }

    /// The thresholds that came near, or with `true` were reached, by name.
    pub async fn marks(&self) -> Vec<(String, bool)> {
        let tasks = self.home.app.border().await.unwrap().unwrap().tasks;
        let mut marks: Vec<_> = tasks.into_iter().map(|t| (t.mark.record, t.mark.reached)).collect();
        marks.sort();
        marks
    }

    /// Fills a count up with entries of nobody.
    pub async fn seed(&self, counted: &str, to: u32) {
        let (plain, sensitive) = self.entries().await;
        let missing = to - if counted == "plain" { plain } else { sensitive };
        let rows = if matches!(self.home.places().0, Location::Sqlite(_)) {
            format!(
                "INSERT INTO crossing (year, digest, counted) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 \
                 FROM n WHERE i < {missing}) SELECT 2026, randomblob(16), '{counted}' FROM n;"
            )
        } else {
            format!(
                "INSERT INTO crossing (year, digest, counted) SELECT 2026, decode(md5(random()::text || i), 'hex'), \
                 '{counted}' FROM generate_series(1, {missing}) AS i;"
            )
        };
        let total = "INSERT INTO crossing_total (year, plain, sensitive) VALUES (2026, 0, 0) ON CONFLICT DO NOTHING;";
        let count = format!("UPDATE crossing_total SET {counted} = {to} WHERE year = 2026;");
        self.script(&format!("{rows}{total}{count}")).await;
    }

    /// How many entries there are.
    pub async fn entries(&self) -> (u32, u32) {
        (self.number("plain", "").await, self.number("sensitive", "").await)
    }

    /// Whether an entry bears a person's id.
    pub async fn names(&self, person: SubjectId) -> bool {
        let hex = data_encoding::HEXLOWER.encode(person.id());
        let of = match self.home.places().0 {
            Location::Sqlite(_) => format!(" AND lower(hex(digest)) = '{hex}'"),
            Location::Postgres(_) => format!(" AND encode(digest, 'hex') = '{hex}'"),
        };
        self.number("plain", &of).await + self.number("sensitive", &of).await > 0
    }

    async fn number(&self, counted: &str, and: &str) -> u32 {
        let sql = format!("SELECT count(*) FROM crossing WHERE counted = '{counted}'{and}");
        match self.home.places().0 {
            Location::Sqlite(path) => {
                rusqlite::Connection::open(path).unwrap().query_row(&sql, [], |row| row.get(0)).unwrap()
            }
            Location::Postgres(config) => {
                let (client, connection) = tokio_postgres::connect(&config.url, tokio_postgres::NoTls).await.unwrap();
                tokio::spawn(connection);
                u32::try_from(client.query_one(&sql, &[]).await.unwrap().get::<_, i64>(0)).unwrap()
            }
        }
    }

    async fn script(&self, sql: &str) {
        match self.home.places().0 {
            Location::Sqlite(path) => rusqlite::Connection::open(path).unwrap().execute_batch(sql).unwrap(),
            Location::Postgres(config) => {
                let (client, connection) = tokio_postgres::connect(&config.url, tokio_postgres::NoTls).await.unwrap();
                tokio::spawn(connection);
                client.batch_execute(sql).await.unwrap();
            }
        }
    }
}
