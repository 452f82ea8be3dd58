//! Publishing: shown to others only by a consent of its own, taken back by one step; threads and the feed.
//!
//! Keeps promises 1.3, 4.4 and 6.2. Every entry of the feed is read through the gate, with its leaf; who
//! withdrew is not in it. A comment stays when what it answers goes: then its parent is a name that leads
//! nowhere, and nothing says whose it was.

use std::sync::Arc;

use avouch_policy::{Act, Ask, ItemId, Party};
use avouch_seal::SubjectId;
use avouch_store::{
    Actor, Answer, Credential, Hold, Outcome, PublicId, Published, Put, Receipt, RecordId, Transact, Tx, Used, Which,
};
use jiff::Timestamp;
use zeroize::Zeroizing;

use crate::app::App;
use crate::fault::{Fault, FieldFault};
use crate::gate::Wanted;
use crate::value;

/// The purpose under which things are published: a separate consent (4.4).
pub const PURPOSE: &str = avouch_store::PUBLICATION;
/// The item of comments.
pub const COMMENT: &str = "comment";
/// The item shown beside what somebody published.
pub const AUTHOR: &str = "nickname";
/// The purpose under which what people put up is kept.
pub const CONTENT: &str = "content";
/// The most entries in one page of a list.
pub const PAGE: u32 = 50;

/// Where a page of a list ended.
pub type Cursor = (Timestamp, PublicId);

/// An entry of a list: where it stands, and what was opened of it.
#[derive(Debug)]
pub struct Entry {
    /// What it is and since when.
    pub published: Published,
    /// The record, and the author's nickname where there is one.
    pub used: Used,
}

/// A page of a list.
#[derive(Debug)]
pub struct Page {
    /// The entries.
    pub entries: Vec<Entry>,
    /// Where the next page begins; nothing at the end.
    pub next: Option<Cursor>,
}

impl App {
    /// Publishes a record; gives its public name. Published already, it stays as it is.
    ///
    /// # Errors
    /// [`Fault::Refused`] without the consent to publication; [`Fault::NotFound`].
    pub async fn publish(
        &self,
        subject: SubjectId,
        item: &str,
        record: RecordId,
        actor: &Actor,
    ) -> Result<(PublicId, Receipt), Fault> {
        let wanted = Wanted { act: Act::Publish, purpose: PURPOSE, items: &[item], recipient: None };
        let ask = self.ask_or_refuse(&wanted, actor).await?;
        let item = self.policy().item(item).ok_or(Fault::NotFound)?;
        self.store.transact(Publish { subject, ask, actor: actor.clone(), item, record }).await?
    }

    /// Takes a record back from publication; at its commit it is in no list.
    ///
    /// # Errors
    /// [`Fault::NotFound`] when it is not published.
    pub async fn unpublish(
        &self,
        subject: SubjectId,
        item: &str,
        record: RecordId,
        actor: &Actor,
    ) -> Result<Receipt, Fault> {
        self.store.transact(Unpublish { subject, item: item.to_owned(), record, party: actor.party() }).await
    }

    /// Everything a subject published.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn publications(&self, subject: SubjectId) -> Result<Vec<Published>, Fault> {
        let mut reading = self.store.reading().await?;
        Ok(reading.look()?.publications(subject).await?)
    }

    /// Writes and publishes a comment on a post or on another comment.
    ///
    /// # Errors
    /// [`Fault::NotFound`] when there is nothing of that name; [`Fault::Refused`]; [`Fault::Invalid`].
    pub async fn comment(
        &self,
        subject: SubjectId,
        on: PublicId,
        text: &str,
        actor: &Actor,
    ) -> Result<(PublicId, RecordId, Receipt), Fault> {
        let collect = Wanted { act: Act::Collect, purpose: CONTENT, items: &[COMMENT], recipient: None };
        let publish = Wanted { act: Act::Publish, purpose: PURPOSE, items: &[COMMENT], recipient: None };
        let asks = (self.ask_or_refuse(&collect, actor).await?, self.ask_or_refuse(&publish, actor).await?);
        let policy = self.policy();
        let fact = policy.facts().collection.items.get(COMMENT).ok_or(Fault::NotFound)?;
        let checked = value::check(COMMENT, fact, text).map_err(|f: FieldFault| Fault::Invalid(vec![f]))?;
        let item = policy.item(COMMENT).ok_or(Fault::NotFound)?;
        let record = RecordId(self.store.random());
        let text = Zeroizing::new(checked.value);
        let (id, receipt) =
            self.store.transact(Comment { subject, asks, actor: actor.clone(), item, record, on, text }).await??;
        Ok((id, record, receipt))
    }

    /// A page of posts, newest first, older than `before`.
    ///
    /// # Errors
    /// What keeps the store from recording.
    pub async fn feed(&self, credential: &Arc<Credential>, before: Option<Cursor>, limit: u32) -> Result<Page, Fault> {
        let page = {
            let mut reading = self.store.reading().await?;
            reading.look()?.posts(before, limit.clamp(1, PAGE)).await?
        };
        self.open_page(credential, page, limit.clamp(1, PAGE)).await
    }

    /// A page of the comments under a post, oldest first, after `after`. The post itself may be gone.
    ///
    /// # Errors
    /// What keeps the store from recording.
    pub async fn thread(
        &self,
        credential: &Arc<Credential>,
        post: PublicId,
        after: Option<Cursor>,
        limit: u32,
    ) -> Result<Page, Fault> {
        let page = {
            let mut reading = self.store.reading().await?;
            reading.look()?.comments(post, after, limit.clamp(1, PAGE)).await?
        };
        self.open_page(credential, page, limit.clamp(1, PAGE)).await
    }

    /// One thing published, opened.
    ///
    /// # Errors
    /// [`Fault::NotFound`] when it is not published (any more); [`Fault::Refused`].
    pub async fn published(&self, credential: &Arc<Credential>, id: PublicId) -> Result<Entry, Fault> {
        let published = {
            let mut reading = self.store.reading().await?;
            reading.look()?.publication(id).await?.ok_or(Fault::NotFound)?
        };
        let actor = Actor::Service(Arc::clone(credential));
        let (ask, which) = self.entry_ask(&published, &actor).await?;
        let used = self.store.use_records(published.subject, &ask, &actor, &which).await??;
        Ok(Entry { published, used })
    }

    async fn entry_ask(&self, entry: &Published, actor: &Actor) -> Result<(Ask, Which), Fault> {
        let items = [entry.item.as_str(), AUTHOR];
        let wanted = Wanted { act: Act::Use, purpose: PURPOSE, items: &items, recipient: None };
        let ask = self.ask_or_refuse(&wanted, actor).await?;
        let policy = self.policy();
        let known = |name| policy.item(name).ok_or(Fault::NotFound);
        let which = Which::These(vec![(known(&entry.item)?, entry.record), (known(AUTHOR)?, RecordId::ONLY)]);
        Ok((ask, which))
    }

    async fn open_page(&self, credential: &Arc<Credential>, page: Vec<Published>, limit: u32) -> Result<Page, Fault> {
        let actor = Actor::Service(Arc::clone(credential));
        let full = page.len() == usize::try_from(limit).unwrap_or(usize::MAX);
        let next = page.last().filter(|_| full).map(|last| (last.at, last.id));
        let mut entries = Vec::with_capacity(page.len());
        for published in page {
            let (ask, which) = self.entry_ask(&published, &actor).await?;
            match self.store.use_records(published.subject, &ask, &actor, &which).await {
                // Deleted or past its end since the page was read.
                Ok(Ok(used)) if !used.records.iter().any(|r| r.head.id == published.record) => {}
                Ok(Ok(used)) => entries.push(Entry { published, used }),
                // A refusal is recorded; the entry is not in the list.
                Ok(Err(_)) | Err(avouch_store::StoreError::Gone) => {}
                Err(e) => return Err(e.into()),
            }
        }
        Ok(Page { entries, next })
    }
}

struct Publish {
    subject: SubjectId,
    ask: Ask,
    actor: Actor,
    item: ItemId,
    record: RecordId,
}

impl Transact for Publish {
    const NAME: &'static str = "publish a record";
    type Out = Result<(PublicId, Receipt), Fault>;
    type Fault = Fault;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.subject, Hold::Shared));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, Fault> {
        match tx.ask(self.subject, self.ask.clone(), &self.actor).await? {
            Answer::Refused(denied) => Ok(Err(denied.into())),
            Answer::Permitted(permit) => Ok(Ok(tx.publish(permit, self.item, self.record, None).await?)),
        }
    }
}

struct Unpublish {
    subject: SubjectId,
    item: String,
    record: RecordId,
    party: Party,
}

impl Transact for Unpublish {
    const NAME: &'static str = "take a record back from publication";
    type Out = Receipt;
    type Fault = Fault;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.subject, Hold::Shared));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Receipt, Fault> {
        if !tx.unpublish(self.subject, &self.item, self.record).await? {
            return Err(Fault::NotFound);
        }
        let items = [self.item.as_str()];
        Ok(tx.note("unpublish", PURPOSE, &items, self.party, Outcome::Done, Some(self.subject)).await?)
    }
}

struct Comment {
    subject: SubjectId,
    asks: (Ask, Ask),
    actor: Actor,
    item: ItemId,
    record: RecordId,
    on: PublicId,
    text: Zeroizing<String>,
}

impl Transact for Comment {
    const NAME: &'static str = "comment";
    type Out = Result<(PublicId, Receipt), Fault>;
    type Fault = Fault;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.subject, Hold::Shared));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, Fault> {
        let parent = tx.publication(self.on).await?.ok_or(Fault::NotFound)?;
        let (collect, publish) = &self.asks;
        // Publication is asked first: nothing is collected for a comment that may not be shown.
        let publish = match tx.ask(self.subject, publish.clone(), &self.actor).await? {
            Answer::Refused(denied) => return Ok(Err(denied.into())),
            Answer::Permitted(permit) => permit,
        };
        let collect = match tx.ask(self.subject, collect.clone(), &self.actor).await? {
            Answer::Refused(denied) => return Ok(Err(denied.into())),
            Answer::Permitted(permit) => permit,
        };
        tx.put(collect, &[Put { item: self.item, id: self.record, value: self.text.as_bytes() }]).await?;
        let under = (parent.thread.unwrap_or(parent.id), parent.id);
        Ok(Ok(tx.publish(publish, self.item, self.record, Some(under)).await?))
    }
}
