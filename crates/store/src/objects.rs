//! The object store: sealed chunks under random names. Nothing in it says whose or what it is.
//!
//! Keeps promise 5.5. A local folder; objects are written once, durably, and never changed.

use std::ops::Range;
use std::path::Path as Folder;

use bytes::Bytes;
use futures_util::TryStreamExt as _;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ObjectStore as _, ObjectStoreExt as _, PutPayload};

use crate::error::StoreError;

/// The name of an object.
pub(crate) type Name = [u8; 16];

/// A region's objects.
#[derive(Debug)]
pub(crate) struct Objects(LocalFileSystem);

fn fault(e: object_store::Error) -> StoreError {
    match e {
        object_store::Error::NotFound { .. } => {
            StoreError::Unreadable("a sealed object is missing; restore it from the backup of the object store".into())
        }
        other => StoreError::Unreadable(format!("the object store: {other}")),
    }
}

/// Folders of 256, so that none grows without bound.
fn path(name: &Name) -> Path {
    let text = data_encoding::HEXLOWER.encode(name);
    let (head, tail) = text.split_at_checked(2).unwrap_or(("", &text));
    Path::from(format!("{head}/{tail}"))
}

fn name(path: &Path) -> Option<Name> {
    let text: String = path.as_ref().chars().filter(|c| *c != '/').collect();
    data_encoding::HEXLOWER.decode(text.as_bytes()).ok()?.try_into().ok()
}

impl Objects {
    /// Opens the folder, making it for its owner alone when it is not there.
    pub(crate) fn open(folder: &Folder) -> Result<Self, StoreError> {
        use std::os::unix::fs::DirBuilderExt as _;
        let fail = |e: String| StoreError::Unopened(format!("cannot use the folder {}: {e}", folder.display()));
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|e| fail(e.to_string()))?;
        LocalFileSystem::new_with_prefix(folder).map(|s| Self(s.with_fsync(true))).map_err(|e| fail(e.to_string()))
    }

    /// Writes an object; durable when this returns.
    pub(crate) async fn put(&self, name: &Name, sealed: Vec<u8>) -> Result<(), StoreError> {
        self.0.put(&path(name), PutPayload::from(sealed)).await.map(|_| ()).map_err(fault)
    }

    /// Part of an object.
    pub(crate) async fn range(&self, name: &Name, range: Range<u64>) -> Result<Bytes, StoreError> {
        self.0.get_range(&path(name), range).await.map_err(fault)
    }

    /// A whole object; nothing when it is gone.
    pub(crate) async fn whole(&self, name: &Name) -> Result<Option<Bytes>, StoreError> {
        match self.0.get(&path(name)).await {
            Ok(found) => found.bytes().await.map(Some).map_err(fault),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(e) => Err(fault(e)),
        }
    }

    /// Deletes an object; one that is gone already is no fault.
    pub(crate) async fn delete(&self, name: &Name) -> Result<(), StoreError> {
        match self.0.delete(&path(name)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(e) => Err(fault(e)),
        }
    }

    /// The name of every object.
    pub(crate) async fn names(&self) -> Result<Vec<Name>, StoreError> {
        self.0.list(None).try_filter_map(async |meta| Ok(name(&meta.location))).try_collect().await.map_err(fault)
    }
}
