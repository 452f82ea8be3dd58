//! Uploads: begun by permit, sent in as many goes as the connection needs, kept whole or not at all.
//!
//! Keeps promises 1.3, 2.0 and 5.1. What is sent is known by its content, not by its name. Videos are cleaned
//! and sealed while they stream; pictures wait in memory until they are whole, so that what a camera wrote in
//! them reaches no disk, sealed or not. A record's id is its upload's, so that whoever lost the last answer
//! finds the record. What is not finished within its time goes.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use avouch_policy::model::Kind;
use avouch_policy::{Act, Ask, ItemId, Party};
use avouch_seal::{CHUNK, SubjectId};
use avouch_store::{
    Actor, Answer, Hold, NewBlob, OBJECT_CHUNKS, Outcome, Piece, Put, Receipt, RecordId, Role, Transact, Tx, Upload,
};
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use jiff::Timestamp;
use zeroize::Zeroizing;

use crate::app::App;
use crate::collection::{picture, real_name, video};
use crate::fault::{Fault, FieldFault};
use crate::gate::Wanted;

/// Plain bytes sealed at once: one object.
const PIECE: usize = 4 * 1024 * 1024;
const _: () = assert!(PIECE as u64 == CHUNK * OBJECT_CHUNKS);

/// An upload to begin.
#[derive(Debug, Clone)]
pub struct NewUpload {
    /// Whose.
    pub subject: SubjectId,
    /// What for.
    pub purpose: String,
    /// Of which item: one whose kind is a picture or a video.
    pub item: String,
    /// How many bytes will come.
    pub size: u64,
}

/// How far an upload is.
#[derive(Debug, Clone)]
pub struct Progress {
    /// Names it, and the record it becomes.
    pub id: RecordId,
    /// Its item.
    pub item: String,
    /// What for.
    pub purpose: String,
    /// Bytes kept: go on from here.
    pub offset: u64,
    /// Bytes announced.
    pub size: u64,
    /// When it is given up.
    pub expires: Timestamp,
    /// The evidence, once it is whole and kept.
    pub receipt: Option<Receipt>,
}

/// Pictures that are not whole yet.
#[derive(Default)]
pub(crate) struct Waiting(Mutex<HashMap<[u8; 16], Picture>>);

struct Picture {
    bytes: Zeroizing<Vec<u8>>,
    size: u64,
    expires: Timestamp,
    /// Being sent by a connection right now.
    busy: bool,
}

impl std::fmt::Debug for Waiting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Waiting(…)")
    }
}

impl Waiting {
    fn with<R>(&self, act: impl FnOnce(&mut HashMap<[u8; 16], Picture>) -> R) -> R {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Forgets what is past its end; gives the bytes promised to those that stay.
    pub(crate) fn sweep(&self, now: Timestamp) -> u64 {
        self.with(|all| {
            all.retain(|_, p| p.expires > now);
            all.values().map(|p| p.size).sum()
        })
    }

    fn forget(&self, id: &[u8; 16]) {
        self.with(|all| all.remove(id));
    }
}

fn wrong(field: &str, code: &'static str, text: impl Into<String>) -> Fault {
    Fault::Invalid(vec![FieldFault::new(field, code, text)])
}

impl App {
    fn upload_item(&self, name: &str) -> Result<(ItemId, Kind, bool), Fault> {
        let policy = self.policy();
        let fact = policy.facts().collection.items.get(name).ok_or(Fault::NotFound)?;
        let id = policy.item(name).ok_or(Fault::NotFound)?;
        if !matches!(fact.kind, Kind::Picture | Kind::Video) {
            return Err(wrong(
                "item",
                "not-a-file",
                format!("'{name}' is not a picture or a video; put it as a record"),
            ));
        }
        Ok((id, fact.kind, fact.many))
    }

    /// Begins an upload.
    ///
    /// # Errors
    /// [`Fault::Refused`]; [`Fault::Invalid`] for a size or an amount beyond what is taken.
    pub async fn begin_upload(&self, new: NewUpload, actor: &Actor) -> Result<(Progress, Receipt), Fault> {
        let wanted = Wanted { act: Act::Collect, purpose: &new.purpose, items: &[&new.item], recipient: None };
        let ask = self.ask_or_refuse(&wanted, actor).await?;
        let (_, kind, _) = self.upload_item(&new.item)?;
        // Who may not send anything is told that, and nothing of the person's space.
        self.still_permitted(new.subject, &ask, actor).await?;
        if real_name::VERIFIED.contains(&new.item.as_str()) {
            let text = "this is shown by the person, in the flow that checks names, and goes when it is decided";
            return Err(wrong("item", "own-flow", text));
        }
        let largest = if kind == Kind::Picture { picture::LARGEST } else { video::LARGEST };
        if new.size == 0 {
            return Err(wrong("size", "empty", "the file is empty"));
        }
        if new.size > largest {
            return Err(wrong("size", "too-large", format!("at most {} MiB are taken", largest >> 20)));
        }
        let (kept, open) = {
            let mut reading = self.store.reading().await?;
            reading.look()?.stored_bytes(new.subject).await?
        };
        if open >= self.settings.uploads_at_once {
            return Err(wrong("size", "too-many-uploads", "finish or give up the uploads under way first"));
        }
        if kept.saturating_add(new.size) > self.settings.quota {
            let text = format!(
                "the space of {} MiB a person has is used up; delete something first",
                self.settings.quota >> 20
            );
            return Err(wrong("size", "quota", text));
        }
        let now = self.store.now();
        if kind == Kind::Picture && self.waiting.sweep(now).saturating_add(new.size) > self.settings.pictures_waiting {
            return Err(Fault::NotNow("many pictures are being sent right now; try again in a minute".into()));
        }
        let expires = now + self.settings.upload_lasts;
        let state = serde_json::to_string(&video::Cleaner::new(new.size)).unwrap_or_default();
        let upload = Upload {
            id: self.store.random(),
            blob: self.store.random(),
            item: new.item,
            purpose: new.purpose,
            size: new.size,
            kept: 0,
            state: if kind == Kind::Video { state } else { String::new() },
            expires,
        };
        if kind == Kind::Picture {
            self.waiting.with(|all| all.insert(upload.id, Picture::new(&upload)));
        }
        let begin = Begin { subject: new.subject, ask, actor: actor.clone(), upload: upload.clone() };
        let receipt = match self.store.transact(begin).await {
            Ok(Ok(receipt)) => receipt,
            Ok(Err(fault)) | Err(fault) => {
                self.waiting.forget(&upload.id);
                return Err(fault);
            }
        };
        Ok((progress(&upload, 0), receipt))
    }

    async fn upload(&self, subject: SubjectId, id: RecordId) -> Result<Upload, Fault> {
        let mut reading = self.store.reading().await?;
        reading.look()?.upload(subject, id.0).await?.ok_or(Fault::NotFound)
    }

    /// How far an upload is. After a cut connection: go on from `offset`.
    ///
    /// # Errors
    /// [`Fault::NotFound`] when there is none: never begun, finished, or past its end.
    pub async fn upload_at(&self, subject: SubjectId, id: RecordId) -> Result<Progress, Fault> {
        let upload = self.upload(subject, id).await?;
        let waiting = self.waiting.with(|all| all.get(&upload.id).map(|p| p.bytes.len() as u64));
        Ok(progress(&upload, waiting.unwrap_or(upload.kept)))
    }

    /// Goes on with an upload at `offset` with what `body` brings, until it ends or breaks; at the announced size
    /// the record is kept. A broken body is no fault: what came is kept as far as it can be.
    ///
    /// # Errors
    /// [`Fault::Offset`] when it stands elsewhere or somebody else is sending; [`Fault::Invalid`] when what came
    /// is not what the item takes: then it is given up; [`Fault::Refused`].
    pub async fn append<S, E>(
        &self,
        subject: SubjectId,
        id: RecordId,
        offset: u64,
        body: S,
        actor: &Actor,
    ) -> Result<Progress, Fault>
    where
        S: Stream<Item = Result<Bytes, E>> + Send + Unpin,
        E: Send,
    {
        let upload = self.upload(subject, id).await?;
        let (item, kind, many) = self.upload_item(&upload.item)?;
        let wanted = Wanted { act: Act::Collect, purpose: &upload.purpose, items: &[&upload.item], recipient: None };
        let ask = self.ask_or_refuse(&wanted, actor).await?;
        self.still_permitted(subject, &ask, actor).await?;
        let finish = |media: &str, size: (u32, u32), blobs: Vec<NewBlob>| Finish {
            subject,
            ask: ask.clone(),
            actor: actor.clone(),
            item,
            record: if many { id } else { RecordId::ONLY },
            upload: upload.id,
            value: describe(media, upload.size, size),
            blobs,
        };
        let done = match kind {
            Kind::Picture => self.append_picture(subject, &upload, offset, body, finish).await,
            _ => self.append_video(subject, &upload, offset, body, finish).await,
        };
        if let Err(Fault::Invalid(_)) = &done {
            self.waiting.forget(&upload.id);
            self.store.transact(GiveUp { subject, upload: upload.id, party: actor.party(), item: upload.item }).await?;
        }
        done
    }

    /// A person who cancelled or objected meanwhile is not collected from, whatever was begun before.
    async fn still_permitted(&self, subject: SubjectId, ask: &Ask, actor: &Actor) -> Result<(), Fault> {
        let refused = {
            let mut reading = self.store.reading().await?;
            match reading.look()?.ask(subject, ask.clone(), actor).await? {
                // Nothing is opened or put here; the permit spent is the one at the end.
                Answer::Permitted(_unspent) => None,
                Answer::Refused(refused) => Some(refused),
            }
        };
        match refused {
            None => Ok(()),
            Some(refused) => Err(self.store.refuse(refused).await?.into()),
        }
    }

    async fn append_picture<S, E>(
        &self,
        subject: SubjectId,
        upload: &Upload,
        offset: u64,
        mut body: S,
        finish: impl FnOnce(&str, (u32, u32), Vec<NewBlob>) -> Finish,
    ) -> Result<Progress, Fault>
    where
        S: Stream<Item = Result<Bytes, E>> + Send + Unpin,
    {
        // Another node, or this one before it was started anew, has the beginning: it must be sent again.
        let mut bytes = self.waiting.with(|all| {
            let waiting = all.entry(upload.id).or_insert_with(|| Picture::new(upload));
            let stands = waiting.bytes.len() as u64;
            if waiting.busy || stands != offset {
                return Err(Fault::Offset(stands));
            }
            waiting.busy = true;
            Ok(std::mem::take(&mut waiting.bytes))
        })?;
        let mut too_long = false;
        while let Some(Ok(part)) = body.next().await {
            if bytes.len() as u64 + part.len() as u64 > upload.size {
                too_long = true;
                break;
            }
            bytes.extend_from_slice(&part);
        }
        if too_long {
            return Err(wrong("size", "longer", "more came than was announced"));
        }
        let came = bytes.len() as u64;
        if came < upload.size {
            self.waiting.with(|all| {
                let waiting = all.entry(upload.id).or_insert_with(|| Picture::new(upload));
                waiting.bytes = bytes;
                waiting.busy = false;
            });
            return Ok(progress(upload, came));
        }
        // The slot stays taken (busy) while the picture is cleaned, so that nobody sends it twice.
        let _turn = self.pictures.acquire().await.map_err(|_| Fault::Store(avouch_store::StoreError::Closing))?;
        let cleaned = tokio::task::spawn_blocking(move || picture::clean(&bytes))
            .await
            .map_err(|_| wrong(&upload.item, "broken-picture", "the picture cannot be read"))?
            .map_err(|why| wrong(&upload.item, why.code, why.text))?;
        let kept = self.keep_picture(subject, upload, cleaned, finish).await;
        self.waiting.forget(&upload.id);
        kept
    }

    async fn keep_picture(
        &self,
        subject: SubjectId,
        upload: &Upload,
        cleaned: picture::Cleaned,
        finish: impl FnOnce(&str, (u32, u32), Vec<NewBlob>) -> Finish,
    ) -> Result<Progress, Fault> {
        let mut blobs = Vec::new();
        for (role, media, plain) in
            [(Role::Whole, cleaned.media, &cleaned.whole), (Role::Small, cleaned.small_media, &cleaned.small)]
        {
            let size = plain.len() as u64;
            let writer = self.store.blob_writer(subject, &upload.item, None, size).await?;
            let pieces = writer.write_all(plain).await?;
            blobs.push(NewBlob { id: writer.id(), role, media: media.to_owned(), size, pieces });
        }
        let receipt = self.store.transact(finish(cleaned.media, (cleaned.width, cleaned.height), blobs)).await??;
        Ok(Progress { receipt: Some(receipt), ..progress(upload, upload.size) })
    }

    async fn append_video<S, E>(
        &self,
        subject: SubjectId,
        upload: &Upload,
        offset: u64,
        mut body: S,
        finish: impl FnOnce(&str, (u32, u32), Vec<NewBlob>) -> Finish,
    ) -> Result<Progress, Fault>
    where
        S: Stream<Item = Result<Bytes, E>> + Send + Unpin,
    {
        if offset != upload.kept {
            return Err(Fault::Offset(upload.kept));
        }
        let mut upload = upload.clone();
        let mut cleaner: video::Cleaner = serde_json::from_str(&upload.state)
            .map_err(|_| wrong(&upload.item, "broken-video", "begin the upload anew"))?;
        let writer = self.store.blob_writer(subject, &upload.item, Some(upload.blob), upload.size).await?;
        let chunk = usize::try_from(CHUNK).unwrap_or(usize::MAX);
        // Nothing is taken again after the last byte: the file may be whole already, its record not yet there.
        let mut buffer: Zeroizing<Vec<u8>> = Zeroizing::new(Vec::with_capacity(PIECE + 2 * chunk));
        let mut more = upload.kept < upload.size;
        while more {
            match body.next().await {
                Some(Ok(part)) => {
                    if upload.kept + buffer.len() as u64 + part.len() as u64 > upload.size {
                        return Err(wrong("size", "longer", "more came than was announced"));
                    }
                    buffer.extend_from_slice(&part);
                }
                // The end, or a cut: what came is kept as far as whole chunks go.
                Some(Err(_)) | None => more = false,
            }
            loop {
                let whole = upload.kept + buffer.len() as u64 == upload.size;
                let ready = if whole {
                    buffer.len().min(PIECE)
                } else if buffer.len() >= PIECE + video::AHEAD {
                    PIECE
                } else if !more {
                    buffer.len().saturating_sub(video::AHEAD) / chunk * chunk
                } else {
                    0
                };
                if ready == 0 {
                    break;
                }
                let (part, ahead) = buffer.split_at_mut(ready);
                cleaner.clean(upload.kept, part, ahead).map_err(|why| wrong(&upload.item, why.code, why.text))?;
                let piece = writer.write(upload.kept / CHUNK, part).await?;
                let state = serde_json::to_string(&cleaner).unwrap_or_default();
                let extend = Extend { subject, upload: upload.clone(), piece, state: state.clone() };
                upload.kept = match self.store.transact(extend).await {
                    Err(Fault::Store(avouch_store::StoreError::Conflict(_))) => {
                        return Err(Fault::Offset(self.upload(subject, RecordId(upload.id)).await?.kept));
                    }
                    other => other?,
                };
                upload.state = state;
                buffer.drain(..ready);
            }
            more = more && upload.kept < upload.size;
        }
        if upload.kept < upload.size {
            return Ok(progress(&upload, upload.kept));
        }
        let media = cleaner.finish().map_err(|why| wrong(&upload.item, why.code, why.text))?;
        let blob = NewBlob {
            id: upload.blob,
            role: Role::Whole,
            media: media.to_owned(),
            size: upload.size,
            pieces: Vec::new(),
        };
        let receipt = self.store.transact(finish(media, (0, 0), vec![blob])).await??;
        Ok(Progress { receipt: Some(receipt), ..progress(&upload, upload.size) })
    }

    /// Gives an upload up; what was kept of it goes.
    ///
    /// # Errors
    /// [`Fault::NotFound`] when there is none.
    pub async fn give_up(&self, subject: SubjectId, id: RecordId, actor: &Actor) -> Result<(), Fault> {
        let upload = self.upload(subject, id).await?;
        self.waiting.forget(&upload.id);
        self.store.transact(GiveUp { subject, upload: upload.id, party: actor.party(), item: upload.item }).await
    }
}

impl Picture {
    fn new(upload: &Upload) -> Self {
        Self { bytes: Zeroizing::new(Vec::new()), size: upload.size, expires: upload.expires, busy: false }
    }
}

fn progress(upload: &Upload, offset: u64) -> Progress {
    Progress {
        id: RecordId(upload.id),
        item: upload.item.clone(),
        purpose: upload.purpose.clone(),
        offset,
        size: upload.size,
        expires: upload.expires,
        receipt: None,
    }
}

/// The record's own value: what it is, for those who list it.
fn describe(media: &str, sent: u64, (width, height): (u32, u32)) -> String {
    let mut value = serde_json::json!({ "media": media, "sent": sent });
    if width > 0
        && let Some(map) = value.as_object_mut()
    {
        map.insert("width".into(), width.into());
        map.insert("height".into(), height.into());
    }
    value.to_string()
}

struct Begin {
    subject: SubjectId,
    ask: Ask,
    actor: Actor,
    upload: Upload,
}

impl Transact for Begin {
    const NAME: &'static str = "begin an upload";
    type Out = Result<Receipt, Fault>;
    type Fault = Fault;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.subject, Hold::Shared));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, Fault> {
        match tx.ask(self.subject, self.ask.clone(), &self.actor).await? {
            Answer::Refused(denied) => Ok(Err(denied.into())),
            Answer::Permitted(permit) => Ok(Ok(tx.begin_upload(permit, &self.upload).await?)),
        }
    }
}

struct Extend {
    subject: SubjectId,
    upload: Upload,
    piece: Piece,
    state: String,
}

impl Transact for Extend {
    const NAME: &'static str = "go on with an upload";
    type Out = u64;
    type Fault = Fault;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.subject, Hold::Shared));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<u64, Fault> {
        Ok(tx.extend_upload(self.subject, &self.upload, &self.piece, &self.state).await?)
    }
}

struct Finish {
    subject: SubjectId,
    ask: Ask,
    actor: Actor,
    item: ItemId,
    record: RecordId,
    upload: [u8; 16],
    value: String,
    blobs: Vec<NewBlob>,
}

impl Transact for Finish {
    const NAME: &'static str = "keep what was uploaded";
    type Out = Result<Receipt, Fault>;
    type Fault = Fault;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.subject, Hold::Shared));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, Fault> {
        let permit = match tx.ask(self.subject, self.ask.clone(), &self.actor).await? {
            Answer::Refused(denied) => return Ok(Err(denied.into())),
            Answer::Permitted(permit) => permit,
        };
        tx.finish_upload(self.subject, self.upload).await?;
        let item = tx.policy().item_name(self.item).to_owned();
        let put = Put { item: self.item, id: self.record, value: self.value.as_bytes() };
        let receipt = tx.put(permit, &[put]).await?;
        // Of an item of one record, such as the avatar, the picture before goes.
        tx.drop_blobs(self.subject, &item, self.record).await?;
        for blob in &self.blobs {
            tx.attach(self.subject, &item, self.record, blob).await?;
        }
        Ok(Ok(receipt))
    }
}

struct GiveUp {
    subject: SubjectId,
    upload: [u8; 16],
    party: Party,
    item: String,
}

impl Transact for GiveUp {
    const NAME: &'static str = "give an upload up";
    type Out = ();
    type Fault = Fault;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.push((self.subject, Hold::Shared));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), Fault> {
        if tx.drop_upload(self.subject, self.upload).await? {
            let items = [self.item.as_str()];
            tx.note("delete", "upload", &items, self.party, Outcome::Done, Some(self.subject)).await?;
        }
        Ok(())
    }
}

/// Gives up uploads past their end, as part of a sweep.
pub(crate) struct Expire(pub(crate) Vec<(SubjectId, [u8; 16])>);

impl Transact for Expire {
    const NAME: &'static str = "give up what was never finished";
    type Out = ();
    type Fault = Fault;

    fn subjects(&self, hold: &mut Vec<(SubjectId, Hold)>) {
        hold.extend(self.0.iter().map(|(subject, _)| (*subject, Hold::Shared)));
    }

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), Fault> {
        for (subject, upload) in &self.0 {
            if tx.drop_upload(*subject, *upload).await? {
                tx.note("expire", "upload", &[], Party::System, Outcome::Done, Some(*subject)).await?;
            }
        }
        Ok(())
    }
}
