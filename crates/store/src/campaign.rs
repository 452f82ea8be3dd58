//! Campaigns, and whom they must not reach.
//!
//! Keeps promise 2.5: a campaign holds no personal data; who refused a channel is kept as a keyed digest of the
//! address that outlives the account, so that the address is not written to again when it joins anew or is imported.

use avouch_seal::SubjectId;
use jiff::Timestamp;

use crate::engine::{Hold, Row, Val};
use crate::error::StoreError;
use crate::journal::{Entry, Kind};
use crate::look::Look;
use crate::store::Store;
use crate::tx::Tx;

/// Names a campaign.
pub type CampaignId = [u8; 16];

/// A keyed digest that stands for an address that refused.
pub type Suppressed = [u8; 32];

/// A digest as an entry of the journal holds it.
fn halves(digest: &Suppressed) -> ([u8; 16], [u8; 16]) {
    let (mut first, mut second) = ([0; 16], [0; 16]);
    for (to, from) in first.iter_mut().chain(&mut second).zip(digest) {
        *to = *from;
    }
    (first, second)
}

/// What is sent, or shown at a place, to everyone who opted in.
#[derive(Debug, Clone)]
pub struct Campaign {
    /// Names it.
    pub id: CampaignId,
    /// The purpose, of one channel.
    pub purpose: String,
    /// The service that sends it.
    pub service: String,
    /// The place it is shown at; empty for what is sent.
    pub slot: String,
    /// Its words by language, JSON.
    pub words: String,
    /// When it was made.
    pub at: Timestamp,
    /// When it is shown no more; nothing for what is sent.
    pub until: Option<Timestamp>,
    /// The last person looked at.
    pub last: Option<SubjectId>,
    /// Whether everyone was looked at.
    pub done: bool,
    /// How many messages were queued.
    pub queued: u64,
    /// How many could not be reached: the gate said no, or no verified contact.
    pub refused: u64,
    /// How many addresses had refused before.
    pub suppressed: u64,
    /// How many messages were sent.
    pub sent: u64,
}

/// The columns of a head, in the order they are read in.
macro_rules! columns {
    () => {
        "id, purpose, service, slot, words, at, until, last, done, queued, refused, suppressed, sent"
    };
}

fn campaign(look: &Look<'_>, row: &Row) -> Result<Campaign, StoreError> {
    Ok(Campaign {
        id: row.bytes(0)?,
        purpose: row.text(1)?.to_owned(),
        service: row.text(2)?.to_owned(),
        slot: row.text(3)?.to_owned(),
        words: row.text(4)?.to_owned(),
        at: row.time(5)?,
        until: row.time_opt(6)?,
        last: match row.blob_opt(7)? {
            None => None,
            Some(_) => Some(SubjectId::new(look.shared.region, row.bytes(7)?)),
        },
        done: row.flag(8)?,
        queued: row.uint(9)?,
        refused: row.uint(10)?,
        suppressed: row.uint(11)?,
        sent: row.uint(12)?,
    })
}

/// What came of one page of people.
#[derive(Debug, Clone, Copy, Default)]
pub struct CampaignPage {
    /// The last person of the page; nothing where there was nobody left.
    pub last: Option<SubjectId>,
    /// Messages queued.
    pub queued: u64,
    /// People who cannot be reached.
    pub refused: u64,
    /// Addresses that had refused before.
    pub suppressed: u64,
}

impl Look<'_> {
    /// A campaign by its id.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn campaign(&mut self, id: CampaignId) -> Result<Option<Campaign>, StoreError> {
        let sql = concat!("SELECT ", columns!(), " FROM campaign WHERE id = ?1");
        let row = self.db.first(sql, &[Val::Blob(&id)]).await?;
        row.map(|row| campaign(self, &row)).transpose()
    }

    /// What is shown at a place now: the newest of it.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn campaign_at(&mut self, slot: &str) -> Result<Option<Campaign>, StoreError> {
        let now = self.now();
        let sql = concat!(
            "SELECT ",
            columns!(),
            " FROM campaign WHERE slot = ?1 AND slot <> '' AND until > ?2 ORDER BY at DESC, id LIMIT 1"
        );
        let row = self.db.first(sql, &[Val::Text(slot), now.into()]).await?;
        row.map(|row| campaign(self, &row)).transpose()
    }

    /// A page of the people who consented to a purpose, in the order of their ids.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn consenting(
        &mut self,
        purpose: &str,
        after: Option<SubjectId>,
        limit: u32,
    ) -> Result<Vec<SubjectId>, StoreError> {
        let from = after.as_ref().map_or(Val::Blob(&[]), |s| Val::Blob(s.id()));
        let rows = self
            .db
            .query(
                "SELECT DISTINCT subject FROM consent WHERE target = ?1 AND kind IN ('consent', 'separate') \
                 AND given = 1 AND subject > ?2 ORDER BY subject LIMIT ?3",
                &[Val::Text(purpose), from, Val::Int(i64::from(limit))],
            )
            .await?;
        rows.iter().map(|row| Ok(SubjectId::new(self.shared.region, row.bytes(0)?))).collect()
    }

    /// The language a person was asked in for a purpose they said yes to.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn asked_in(&mut self, subject: SubjectId, purpose: &str) -> Result<Option<String>, StoreError> {
        let row = self
            .db
            .first(
                "SELECT language FROM consent WHERE subject = ?1 AND target = ?2 AND given = 1",
                &[Val::Blob(subject.id()), Val::Text(purpose)],
            )
            .await?;
        row.map(|row| row.text(0).map(str::to_owned)).transpose()
    }

    /// The keyed digests that stand for a person's contact of an item, if it refuses.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn suppressed_as(&mut self, subject: SubjectId, item: &str) -> Result<Vec<Suppressed>, StoreError> {
        let rows = self
            .db
            .query(
                "SELECT digest FROM identifier WHERE subject = ?1 AND item = ?2",
                &[Val::Blob(subject.id()), Val::Text(item)],
            )
            .await?;
        rows.iter()
            .map(|row| {
                // Not the digest people are found by: that list dies with them, this one does not.
                let found_by = data_encoding::HEXLOWER.encode(row.blob(0)?);
                Ok(self.shared.keys.blind_index("suppression", &found_by))
            })
            .collect()
    }

    /// Whether a person's contact of an item refused a purpose, in this account or in one before.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn is_suppressed(&mut self, subject: SubjectId, purpose: &str, item: &str) -> Result<bool, StoreError> {
        for digest in self.suppressed_as(subject, item).await? {
            let of = [Val::Blob(&digest), Val::Text(purpose)];
            if self.db.first("SELECT 1 FROM suppression WHERE digest = ?1 AND purpose = ?2", &of).await?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl Tx<'_> {
    /// Keeps a new campaign. The leaf is the caller's.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn put_campaign(
        &mut self,
        purpose: &str,
        service: &str,
        slot: &str,
        words: &str,
        until: Option<Timestamp>,
    ) -> Result<CampaignId, StoreError> {
        let (id, now) = (self.random::<16>(), self.now());
        self.db
            .execute(
                "INSERT INTO campaign (id, purpose, service, slot, words, at, until, last, done, queued, refused, \
                 suppressed, sent) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, NULL, ?8, 0, 0, 0, 0)",
                &[
                    Val::Blob(&id),
                    Val::Text(purpose),
                    Val::Text(service),
                    Val::Text(slot),
                    Val::Text(words),
                    now.into(),
                    until.into(),
                    (!slot.is_empty()).into(),
                ],
            )
            .await?;
        Ok(id)
    }

    /// Notes that a person is looked at for a campaign; false when that was done before.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn enter_campaign(&mut self, subject: SubjectId, id: CampaignId) -> Result<bool, StoreError> {
        self.held(subject, Hold::Shared)?;
        let made = self
            .db
            .execute(
                "INSERT INTO campaign_member (subject, campaign, sent) VALUES (?1, ?2, 0) \
                 ON CONFLICT (subject, campaign) DO NOTHING",
                &[Val::Blob(subject.id()), Val::Blob(&id)],
            )
            .await?;
        Ok(made == 1)
    }

    /// Adds a page to what came of a campaign.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn count_campaign(&mut self, id: CampaignId, page: &CampaignPage) -> Result<(), StoreError> {
        let last = page.last.as_ref().map(|s| Val::Blob(s.id()));
        self.db
            .execute(
                "UPDATE campaign SET last = COALESCE(?2, last), done = ?3, queued = queued + ?4, \
                 refused = refused + ?5, suppressed = suppressed + ?6 WHERE id = ?1",
                &[
                    Val::Blob(&id),
                    last.into(),
                    page.last.is_none().into(),
                    page.queued.into(),
                    page.refused.into(),
                    page.suppressed.into(),
                ],
            )
            .await?;
        Ok(())
    }

    /// Counts a message as sent, once a person.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn sent_campaign(&mut self, subject: SubjectId, id: CampaignId) -> Result<(), StoreError> {
        self.held(subject, Hold::Shared)?;
        let marked = self
            .db
            .execute(
                "UPDATE campaign_member SET sent = 1 WHERE subject = ?1 AND campaign = ?2 AND sent = 0",
                &[Val::Blob(subject.id()), Val::Blob(&id)],
            )
            .await?;
        if marked == 1 {
            self.db.execute("UPDATE campaign SET sent = sent + 1 WHERE id = ?1", &[Val::Blob(&id)]).await?;
        }
        Ok(())
    }

    /// Keeps that these addresses refused a purpose.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn suppress(&mut self, purpose: &str, digests: &[Suppressed]) -> Result<(), StoreError> {
        let now = self.now();
        for digest in digests {
            let (subject, detail) = halves(digest);
            self.journal(Entry { kind: Kind::Refused, at: now, subject, detail });
            self.db
                .execute(
                    "INSERT INTO suppression (digest, purpose, at) VALUES (?1, ?2, ?3) \
                     ON CONFLICT (digest, purpose) DO NOTHING",
                    &[Val::Blob(digest), Val::Text(purpose), now.into()],
                )
                .await?;
        }
        Ok(())
    }

    /// Forgets that these addresses refused a purpose: their person has asked for it anew.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn unsuppress(&mut self, purpose: &str, digests: &[Suppressed]) -> Result<(), StoreError> {
        for digest in digests {
            let of = [Val::Blob(digest), Val::Text(purpose)];
            self.db.execute("DELETE FROM suppression WHERE digest = ?1 AND purpose = ?2", &of).await?;
        }
        Ok(())
    }
}

impl Store {
    /// Seals a few bytes into a word for outside, such as the end of a link: it tells nothing, and only this region
    /// opens it, for the same use and place.
    ///
    /// # Errors
    /// Only when the library refuses.
    pub fn seal_word(&self, label: &str, place: &str, plain: &[u8]) -> Result<String, StoreError> {
        let sealed = avouch_seal::seal_word(&self.derived(label), place, plain, self.shared().entropy.as_ref())
            .map_err(|e| StoreError::Sealed(e.to_string()))?;
        Ok(data_encoding::BASE64URL_NOPAD.encode(&sealed))
    }

    /// Opens what [`Store::seal_word`] sealed; nothing for anything else.
    #[must_use]
    pub fn open_word(&self, label: &str, place: &str, word: &str) -> Option<Vec<u8>> {
        let sealed = data_encoding::BASE64URL_NOPAD.decode(word.as_bytes()).ok()?;
        avouch_seal::open_word(&self.derived(label), place, &sealed).ok()
    }
}
