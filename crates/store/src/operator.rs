//! Operators: role accounts, their grants, second factor, one-time links and console sessions.
//!
//! Keeps promise 5.6 (access control of staff): nobody is let in by a default password, a role opens what its
//! task needs, and a grant that is suspended opens nothing. Secrets are kept as digests, hashes or sealed.

use avouch_ledger::hash::sha256;
use avouch_ledger::leaf::Outcome;
use avouch_seal::{Aad, SubjectId, otp};
use jiff::{SignedDuration, Timestamp};
use zeroize::Zeroizing;

use crate::engine::{Row, Val};
use crate::error::StoreError;
use crate::factor::totp_step;
use crate::look::Look;
use crate::tx::{Receipt, Tx};

/// A console session unused for so long ends (ASVS 7.3.1).
const IDLE: SignedDuration = SignedDuration::from_hours(1);
/// How exactly the last use of a session is noted.
const SEEN: SignedDuration = SignedDuration::from_mins(5);

/// What a member of staff is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StaffRole {
    /// Answers people: masked data, bound to a case.
    CustomerService,
    /// Answers for the processing of personal data (PIPL 52).
    DataProtectionOfficer,
    /// Reads evidence, and nothing else.
    Auditor,
    /// Looks after accounts of staff and the installation; sees no personal data.
    Administrator,
}

impl StaffRole {
    /// Every role.
    pub const ALL: [Self; 4] = [Self::CustomerService, Self::DataProtectionOfficer, Self::Auditor, Self::Administrator];

    /// Its name in tables, on the command line and in leaves.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::CustomerService => "customer-service",
            Self::DataProtectionOfficer => "data-protection-officer",
            Self::Auditor => "auditor",
            Self::Administrator => "administrator",
        }
    }

    /// The role of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }
}

/// One role of an operator.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Grant {
    /// Which.
    pub role: StaffRole,
    /// Since when.
    pub granted: Timestamp,
    /// When it last opened something, to the day.
    pub used: Option<Timestamp>,
    /// Why it opens nothing for now.
    pub suspended: Option<String>,
}

/// An operator as administrators see it.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Operator {
    /// The role account.
    pub name: String,
    /// Whether it may sign in.
    pub active: bool,
    /// Since when it is there.
    pub created: Timestamp,
    /// Whether it has chosen a password and shown an authenticator's code.
    pub enrolled: bool,
    /// Its roles, suspended ones too.
    pub grants: Vec<Grant>,
}

impl Operator {
    /// The roles that open something now.
    pub fn roles(&self) -> impl Iterator<Item = StaffRole> {
        let active = self.active;
        self.grants.iter().filter(move |g| active && g.suspended.is_none()).map(|g| g.role)
    }

    /// Whether one of `any` is among the roles that open something now.
    #[must_use]
    pub fn may(&self, any: &[StaffRole]) -> bool {
        self.roles().any(|role| any.contains(&role))
    }
}

/// A console session, by the digest of its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperatorSession {
    /// Names it, in hex; signs nobody in.
    pub id: String,
    /// Whose.
    pub operator: String,
    /// When it began.
    pub created: Timestamp,
    /// When it was last used, to five minutes.
    pub seen: Timestamp,
    /// When it ends at the latest.
    pub expires: Timestamp,
}

/// What a token is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// To sign in, once.
    Link,
    /// To choose a password and show an authenticator's code, after a link.
    Enrolment,
    /// To stay signed in.
    Session,
}

impl TokenKind {
    fn name(self) -> &'static str {
        match self {
            Self::Link => "link",
            Self::Enrolment => "enrolment",
            Self::Session => "session",
        }
    }
}

/// Whether a name can be a role account's: a short word of letters, digits and dashes, with nothing personal
/// asked for.
#[must_use]
pub fn operator_name_fits(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (2..=32).contains(&name.len()) && name.bytes().all(plain) && name.starts_with(|c: char| c.is_ascii_lowercase())
}

fn grant(row: &Row, from: usize) -> Result<Option<Grant>, StoreError> {
    // A role of a newer version opens nothing here.
    let Some(role) = StaffRole::named(row.text(from)?) else { return Ok(None) };
    let suspended = row.text(from + 3)?;
    Ok(Some(Grant {
        role,
        granted: row.time(from + 1)?,
        used: row.time_opt(from + 2)?,
        suspended: (!suspended.is_empty()).then(|| suspended.to_owned()),
    }))
}

impl Look<'_> {
    /// Seals words or secrets of staff into their place, under the region's key.
    pub(crate) fn seal_for_staff(&self, item: &str, record: &[u8], plain: &[u8]) -> Result<Vec<u8>, StoreError> {
        let aad = Aad { region: self.shared.region.as_str(), subject: &[], item, record, version: 1 };
        let key = self.shared.keys.holding()?;
        key.seal(&aad, plain, self.shared.entropy.as_ref()).map_err(|e| StoreError::Sealed(e.to_string()))
    }

    /// Opens what [`Look::seal_for_staff`] sealed.
    pub(crate) fn open_for_staff(&self, item: &str, record: &[u8], sealed: &[u8]) -> Result<Vec<u8>, StoreError> {
        let aad = Aad { region: self.shared.region.as_str(), subject: &[], item, record, version: 1 };
        self.shared.keys.holding()?.open(&aad, sealed).map_err(|e| StoreError::Sealed(e.to_string()))
    }

    /// Every operator, by name.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn operators(&mut self) -> Result<Vec<Operator>, StoreError> {
        let rows = self
            .db
            .query(
                "SELECT name, state, created, CASE WHEN factor IS NULL THEN 0 ELSE 1 END FROM operator ORDER BY name",
                &[],
            )
            .await?;
        let mut out = Vec::with_capacity(rows.len());
        for row in &rows {
            out.push(Operator {
                name: row.text(0)?.to_owned(),
                active: row.int(1)? == 0,
                created: row.time(2)?,
                enrolled: row.flag(3)?,
                grants: Vec::new(),
            });
        }
        let grants = self
            .db
            .query(
                "SELECT operator, role, granted, used, coalesce(suspended, '') FROM operator_role \
                 ORDER BY operator, role",
                &[],
            )
            .await?;
        for row in &grants {
            let (whose, grant) = (row.text(0)?, grant(row, 1)?);
            if let Some(operator) = out.iter_mut().find(|o| o.name == whose) {
                operator.grants.extend(grant);
            }
        }
        Ok(out)
    }

    /// One operator by name.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn operator_named(&mut self, name: &str) -> Result<Option<Operator>, StoreError> {
        Ok(self.operators().await?.into_iter().find(|o| o.name == name))
    }

    /// The operator whose session this is and when it was last seen; nothing when it is none, over, unused for too
    /// long, or its operator is disabled.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn operator(&mut self, secret: &str) -> Result<Option<(Operator, Timestamp)>, StoreError> {
        let now = self.now();
        let row = self
            .db
            .first(
                "SELECT operator, seen FROM operator_token \
                 WHERE token = ?1 AND kind = 'session' AND expires > ?2 AND seen > ?3",
                &[Val::Blob(&sha256(secret.as_bytes())), now.into(), (now - IDLE).into()],
            )
            .await?;
        let Some(row) = row else { return Ok(None) };
        let seen = row.time(1)?;
        let operator = self.operator_named(row.text(0)?).await?;
        Ok(operator.filter(|o| o.active).map(|o| (o, seen)))
    }

    /// Whom a link or an enrolment under way is for, without spending it.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn operator_token_for(&mut self, secret: &str, kind: TokenKind) -> Result<Option<String>, StoreError> {
        let now = self.now();
        let row = self
            .db
            .first(
                "SELECT operator FROM operator_token WHERE token = ?1 AND kind = ?2 AND expires > ?3",
                &[Val::Blob(&sha256(secret.as_bytes())), Val::Text(kind.name()), now.into()],
            )
            .await?;
        row.map(|row| row.text(0).map(str::to_owned)).transpose()
    }

    /// The password's hash of an operator who may sign in; nothing for anybody else.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn operator_password(&mut self, name: &str) -> Result<Option<String>, StoreError> {
        let row = self
            .db
            .first(
                "SELECT password FROM operator WHERE name = ?1 AND state = 0 AND password IS NOT NULL",
                &[Val::Text(name)],
            )
            .await?;
        row.map(|row| row.text(0).map(str::to_owned)).transpose()
    }

    /// The console sessions that are not over, the latest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn operator_sessions(&mut self) -> Result<Vec<OperatorSession>, StoreError> {
        let now = self.now();
        let rows = self
            .db
            .query(
                "SELECT token, operator, created, seen, expires FROM operator_token \
                 WHERE kind = 'session' AND expires > ?1 AND seen > ?2 ORDER BY created DESC",
                &[now.into(), (now - IDLE).into()],
            )
            .await?;
        rows.iter()
            .map(|row| {
                Ok(OperatorSession {
                    id: data_encoding::HEXLOWER.encode(row.blob(0)?),
                    operator: row.text(1)?.to_owned(),
                    created: row.time(2)?,
                    seen: row.time(3)?,
                    expires: row.time(4)?,
                })
            })
            .collect()
    }
}

impl Tx<'_> {
    /// Makes a role account without a password or factor: it signs in first by a link.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the name is taken.
    pub async fn add_operator(&mut self, name: &str) -> Result<(), StoreError> {
        let now = self.now();
        let made = self
            .db
            .execute(
                "INSERT INTO operator (name, state, created, step) VALUES (?1, 0, ?2, 0) ON CONFLICT (name) DO NOTHING",
                &[Val::Text(name), now.into()],
            )
            .await?;
        if made == 1 { Ok(()) } else { Err(StoreError::Conflict(format!("an operator named '{name}'"))) }
    }

    /// Grants a role; granting it again changes nothing.
    ///
    /// # Errors
    /// [`StoreError::NoRecord`] when there is no such operator.
    pub async fn grant_role(&mut self, name: &str, role: StaffRole) -> Result<(), StoreError> {
        self.operator_named(name).await?.ok_or(StoreError::NoRecord)?;
        let now = self.now();
        self.db
            .execute(
                "INSERT INTO operator_role (operator, role, granted) VALUES (?1, ?2, ?3) \
                 ON CONFLICT (operator, role) DO NOTHING",
                &[Val::Text(name), Val::Text(role.name()), now.into()],
            )
            .await?;
        Ok(())
    }

    /// Takes a role back; false when it was not granted.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn take_role(&mut self, name: &str, role: StaffRole) -> Result<bool, StoreError> {
        let gone = self
            .db
            .execute(
                "DELETE FROM operator_role WHERE operator = ?1 AND role = ?2",
                &[Val::Text(name), Val::Text(role.name())],
            )
            .await?;
        if gone == 1 {
            self.journal_shut("operator", name, "role");
        }
        Ok(gone == 1)
    }

    /// Suspends a grant for a reason, or with none lets it open again.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn suspend_role(&mut self, name: &str, role: StaffRole, why: Option<&str>) -> Result<(), StoreError> {
        self.db
            .execute(
                "UPDATE operator_role SET suspended = ?3 WHERE operator = ?1 AND role = ?2",
                &[Val::Text(name), Val::Text(role.name()), why.into()],
            )
            .await?;
        if why.is_some() {
            self.journal_shut("operator", name, "role");
        }
        Ok(())
    }

    /// Notes that roles opened something today.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn use_roles(&mut self, name: &str, roles: &[StaffRole]) -> Result<(), StoreError> {
        let now = self.now();
        for role in roles {
            self.db
                .execute(
                    "UPDATE operator_role SET used = ?3 WHERE operator = ?1 AND role = ?2",
                    &[Val::Text(name), Val::Text(role.name()), now.into()],
                )
                .await?;
        }
        Ok(())
    }

    /// Disables an operator, which ends their sessions and links, or lets them in again.
    ///
    /// # Errors
    /// [`StoreError::NoRecord`] when there is no such operator.
    pub async fn set_operator(&mut self, name: &str, active: bool) -> Result<(), StoreError> {
        let changed = self
            .db
            .execute("UPDATE operator SET state = ?2 WHERE name = ?1", &[Val::Text(name), Val::Int(i64::from(!active))])
            .await?;
        if changed != 1 {
            return Err(StoreError::NoRecord);
        }
        if !active {
            self.journal_shut("operator", name, "disabled");
            self.end_operator_sessions(name).await?;
        }
        Ok(())
    }

    /// Keeps password and authenticator of an operator anew; whatever was signed in before is not any more.
    ///
    /// # Errors
    /// [`StoreError::NoRecord`] when there is no such operator.
    pub async fn enrol_operator(
        &mut self,
        name: &str,
        password: &str,
        secret: &[u8],
        step: u64,
    ) -> Result<(), StoreError> {
        let sealed = self.seal_for_staff("operator factor", name.as_bytes(), secret)?;
        let changed = self
            .db
            .execute(
                "UPDATE operator SET password = ?2, factor = ?3, step = ?4 WHERE name = ?1 AND state = 0",
                &[Val::Text(name), Val::Text(password), Val::Blob(&sealed), step.into()],
            )
            .await?;
        if changed != 1 {
            return Err(StoreError::NoRecord);
        }
        self.journal_shut("operator", name, "password");
        self.end_operator_sessions(name).await
    }

    /// Checks an authenticator's code of an operator; the right one is spent.
    ///
    /// # Errors
    /// [`StoreError::Sealed`] when the kept secret was tampered with.
    pub async fn accept_operator_code(&mut self, name: &str, typed: &str) -> Result<bool, StoreError> {
        let row = self
            .db
            .first(
                "SELECT factor, step FROM operator WHERE name = ?1 AND state = 0 AND factor IS NOT NULL",
                &[Val::Text(name)],
            )
            .await?;
        let Some(row) = row else { return Ok(false) };
        let secret = Zeroizing::new(self.open_for_staff("operator factor", name.as_bytes(), row.blob(0)?)?);
        let digits: String = typed.chars().filter(char::is_ascii_digit).collect();
        let Some(step) = otp::accepts(&secret, &digits, totp_step(self.now()), row.uint(1)?) else {
            return Ok(false);
        };
        // Where two nodes are shown one code at once, the step moves for one of them.
        let taken = self
            .db
            .execute("UPDATE operator SET step = ?2 WHERE name = ?1 AND step < ?2", &[Val::Text(name), step.into()])
            .await?;
        Ok(taken == 1)
    }

    /// Makes a token for an operator; gives its secret text, shown once.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn operator_token(
        &mut self,
        operator: &str,
        kind: TokenKind,
        expires: Timestamp,
    ) -> Result<String, StoreError> {
        let secret = data_encoding::BASE64URL_NOPAD.encode(&self.random::<32>());
        let now = self.now();
        self.db
            .execute(
                "INSERT INTO operator_token (token, operator, kind, expires, created, seen) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?5)",
                &[
                    Val::Blob(&sha256(secret.as_bytes())),
                    Val::Text(operator),
                    Val::Text(kind.name()),
                    expires.into(),
                    now.into(),
                ],
            )
            .await?;
        Ok(secret)
    }

    /// Spends a one-time link or an enrolment: gives its operator, once, unless that one is disabled.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn spend_operator_token(&mut self, secret: &str, kind: TokenKind) -> Result<Option<String>, StoreError> {
        let now = self.now();
        let row = self
            .db
            .first(
                "DELETE FROM operator_token WHERE token = ?1 AND kind = ?2 AND expires > ?3 RETURNING operator",
                &[Val::Blob(&sha256(secret.as_bytes())), Val::Text(kind.name()), now.into()],
            )
            .await?;
        let Some(row) = row else { return Ok(None) };
        let operator = self.operator_named(row.text(0)?).await?;
        Ok(operator.filter(|o| o.active).map(|o| o.name))
    }

    /// Notes that a session was used, where the last note is old enough.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn see_operator(&mut self, secret: &str) -> Result<(), StoreError> {
        let now = self.now();
        self.db
            .execute(
                "UPDATE operator_token SET seen = ?2 WHERE token = ?1 AND kind = 'session'",
                &[Val::Blob(&sha256(secret.as_bytes())), now.into()],
            )
            .await?;
        Ok(())
    }

    /// Ends the session with that secret.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn end_operator_session(&mut self, secret: &str) -> Result<(), StoreError> {
        self.end_token(&sha256(secret.as_bytes())).await.map(drop)
    }

    /// Ends a session by the id of [`OperatorSession`]; gives whose it was.
    ///
    /// # Errors
    /// [`StoreError::NoRecord`] when there is none.
    pub async fn end_operator_session_by_id(&mut self, id: &str) -> Result<String, StoreError> {
        let digest = data_encoding::HEXLOWER.decode(id.as_bytes()).map_err(|_| StoreError::NoRecord)?;
        self.end_token(&digest).await?.ok_or(StoreError::NoRecord)
    }

    async fn end_token(&mut self, digest: &[u8]) -> Result<Option<String>, StoreError> {
        let row = self
            .db
            .first("DELETE FROM operator_token WHERE token = ?1 RETURNING operator", &[Val::Blob(digest)])
            .await?;
        row.map(|row| row.text(0).map(str::to_owned)).transpose()
    }

    async fn end_operator_sessions(&mut self, name: &str) -> Result<(), StoreError> {
        self.db.execute("DELETE FROM operator_token WHERE operator = ?1", &[Val::Text(name)]).await?;
        Ok(())
    }

    /// Writes a leaf of an operator's act that needs no permit; their account stands in it as the actor.
    ///
    /// # Errors
    /// When the key store cannot be read.
    pub async fn note_operator(
        &mut self,
        operator: &str,
        act: &str,
        about: &str,
        outcome: Outcome,
        subject: Option<SubjectId>,
    ) -> Result<Receipt, StoreError> {
        self.note_committed(operator, act, about, outcome, subject, None).await
    }
}

/// Whether a session's last use is to be noted anew.
#[must_use]
pub fn seen_long_ago(seen: Timestamp, now: Timestamp) -> bool {
    now.duration_since(seen) >= SEEN
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_account_is_named_by_a_plain_word() {
        for good in ["officer", "cs-2", "night-shift"] {
            assert!(operator_name_fits(good), "{good}");
        }
        for bad in ["", "a", "Lin Mei", "lin.mei@plaza.example", "-x", "2fast", "x\n", "officer\0"] {
            assert!(!operator_name_fits(bad), "{bad}");
        }
    }

    #[test]
    fn every_role_is_found_by_its_name() {
        for role in StaffRole::ALL {
            assert_eq!(StaffRole::named(role.name()), Some(role));
        }
        assert_eq!(StaffRole::named("root"), None);
    }
}
