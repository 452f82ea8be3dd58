//! A folder in place of mail and SMS, for development and the demo: one file a message, readable by the
//! account that runs Avouch and by nobody else.

use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::port::{Letter, Mailer, Sending, SmsGateway, Undelivered};

/// The folder.
#[derive(Debug, Clone)]
pub struct FileOutbox {
    folder: PathBuf,
}

impl FileOutbox {
    /// The outbox in a folder, which is made when it is not there.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn open(folder: &Path) -> std::io::Result<Self> {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        Ok(Self { folder: folder.to_owned() })
    }

    fn write(&self, channel: &str, letter: &Letter) -> Result<(), Undelivered> {
        let text = serde_json::json!({
            "at": letter.at.to_string(),
            "channel": channel,
            "kind": letter.kind,
            "to": letter.to.as_str(),
            "subject": letter.subject,
            "text": letter.text.as_str(),
            "code": letter.code.as_ref().map(|c| c.as_str()),
            "unsubscribe": letter.unsubscribe,
        });
        // Names sort by time; the same message tried again takes the place of its first try.
        let path = self.folder.join(format!("{}-{}.json", letter.at.as_millisecond(), letter.id));
        let written = std::fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(path.with_extension("part"))
            .and_then(|mut file| file.write_all(format!("{text:#}\n").as_bytes()))
            .and_then(|()| std::fs::rename(path.with_extension("part"), &path));
        written.map_err(|e| Undelivered { why: format!("the file outbox cannot be written: {e}"), for_good: false })
    }
}

impl Mailer for FileOutbox {
    fn mail<'a>(&'a self, letter: &'a Letter) -> Sending<'a> {
        Box::pin(async move { self.write("mail", letter) })
    }
}

impl SmsGateway for FileOutbox {
    fn sms<'a>(&'a self, letter: &'a Letter) -> Sending<'a> {
        Box::pin(async move { self.write("sms", letter) })
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[tokio::test]
    async fn a_message_is_a_file_that_only_we_can_read() {
        let dir = tempfile::tempdir().unwrap();
        let outbox = FileOutbox::open(&dir.path().join("outbox")).unwrap();
        let letter = Letter {
            id: "a1".into(),
            kind: "code-log-in".into(),
            language: "en".into(),
            to: "li@plaza.example".to_owned().into(),
            subject: "Code".into(),
            text: "123456".to_owned().into(),
            code: Some("123456".to_owned().into()),
            unsubscribe: None,
            at: "2026-12-01T01:00:00Z".parse().unwrap(),
        };
        outbox.mail(&letter).await.unwrap();
        let folder = dir.path().join("outbox");
        assert_eq!(std::fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
        let files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|f| f.unwrap()).collect();
        assert_eq!(files.len(), 1);
        assert_eq!(files[0].metadata().unwrap().permissions().mode() & 0o777, 0o600);
        let text = std::fs::read_to_string(files[0].path()).unwrap();
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap()["code"], "123456");
    }
}
