//! Changes of who of the staff may do what: by administrators, and where they widen what somebody may, by two.
//!
//! Keeps promise 5.6 (ASVS 7.4.2, 7.4.5): a grant needs a second person, taking away needs one; whoever is disabled
//! is out at once.

use avouch_policy::Party;
use avouch_seal::SubjectId;
use avouch_store::{
    ApprovalId, ApprovalKind, ExactAct, Hold, NotApproved, Operator, Outcome, StaffRole, StoreError, TokenKind,
    Transact, Tx, operator_name_fits,
};
use jiff::SignedDuration;

use crate::app::App;
use crate::fault::{Fault, FieldFault};

/// How long a link lasts that is made anew for somebody.
const LINK_LASTS: SignedDuration = SignedDuration::from_hours(24);

/// A change of an operator that one administrator may make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A new account that may do nothing yet.
    Add,
    /// A role is taken back.
    Take(StaffRole),
    /// Out, at once.
    Disable,
    /// In again, with the roles it had.
    Enable,
}

impl Change {
    fn deed(&self) -> &'static str {
        match self {
            Self::Add => "operator-add",
            Self::Take(_) => "role-take",
            Self::Disable => "operator-disable",
            Self::Enable => "operator-enable",
        }
    }
}

/// The grant of a role, as a second person is asked for it.
#[must_use]
pub fn grant(operator: &str, role: StaffRole) -> ExactAct {
    ExactAct::new(ApprovalKind::RoleGrant).with("operator", operator).with("role", role.name())
}

/// A link by which an operator with roles chooses password and authenticator anew.
#[must_use]
pub fn new_link(operator: &str) -> ExactAct {
    ExactAct::new(ApprovalKind::OperatorLink).with("operator", operator)
}

impl App {
    /// Changes an operator, by an administrator.
    ///
    /// # Errors
    /// [`Fault::Invalid`] for a name that is no role account's; [`Fault::Taken`]; [`Fault::NotFound`];
    /// [`Fault::NotNow`] for one's own account.
    pub async fn change_operator(&self, by: &Operator, name: &str, change: Change) -> Result<(), Fault> {
        if by.name == name {
            return Err(Fault::NotNow("ask another administrator to change your own account".into()));
        }
        self.change(Some(by.name.clone()), name, change).await
    }

    /// The same, by whoever runs the server.
    ///
    /// # Errors
    /// As [`App::change_operator`].
    pub async fn change_operator_here(&self, name: &str, change: Change) -> Result<(), Fault> {
        self.change(None, name, change).await
    }

    async fn change(&self, by: Option<String>, name: &str, change: Change) -> Result<(), Fault> {
        if change == Change::Add && !operator_name_fits(name) {
            let text =
                "use 2 to 32 small letters, digits and dashes: the name of a task, such as 'dpo' or 'night-shift'";
            return Err(Fault::Invalid(vec![FieldFault::new("name", "operator-name", text)]));
        }
        let work = ChangeOperator { by, name: name.to_owned(), change };
        self.store.transact(work).await.map_err(|fault| match fault {
            StoreError::Conflict(what) => Fault::Taken(what),
            other => other.into(),
        })
    }

    /// Grants a role without a second person: by whoever runs the server, who could change the database as well.
    ///
    /// # Errors
    /// [`Fault::NotFound`] when there is no such operator.
    pub async fn grant_role_here(&self, name: &str, role: StaffRole) -> Result<(), Fault> {
        Ok(self.store.transact(GrantHere { name: name.to_owned(), role }).await?)
    }

    /// Grants the role that a second person allowed.
    ///
    /// # Errors
    /// [`Fault::NotApproved`]; [`Fault::NotFound`] when the operator is gone.
    pub async fn grant_role(
        &self,
        by: &Operator,
        approval: ApprovalId,
        name: &str,
        role: StaffRole,
    ) -> Result<(), Fault> {
        let work = GrantRole { by: by.name.clone(), approval, name: name.to_owned(), role };
        Ok(self.store.transact(work).await??)
    }

    /// A first link for an operator that may do nothing yet. One with roles gets a new one by two people only:
    /// [`App::relink_operator`].
    ///
    /// # Errors
    /// [`Fault::NotNow`] for one with roles; [`Fault::NotFound`].
    pub async fn first_link(&self, by: &Operator, name: &str) -> Result<String, Fault> {
        let work = Link { by: by.name.clone(), approval: None, name: name.to_owned() };
        self.store.transact(work).await?
    }

    /// The link that a second person allowed. With it the operator chooses password and authenticator anew.
    ///
    /// # Errors
    /// [`Fault::NotApproved`]; [`Fault::NotFound`].
    pub async fn relink_operator(&self, by: &Operator, approval: ApprovalId, name: &str) -> Result<String, Fault> {
        let work = Link { by: by.name.clone(), approval: Some(approval), name: name.to_owned() };
        self.store.transact(work).await?
    }

    /// Ends somebody's console session, by an administrator (ASVS 7.4.5).
    ///
    /// # Errors
    /// [`Fault::NotFound`] when there is none.
    pub async fn end_operator_session(&self, by: &Operator, session: &str) -> Result<(), Fault> {
        Ok(self.store.transact(EndSession { by: by.name.clone(), session: session.to_owned() }).await?)
    }
}

struct ChangeOperator {
    by: Option<String>,
    name: String,
    change: Change,
}

impl Transact for ChangeOperator {
    const NAME: &'static str = "change an operator";
    type Out = ();
    type Fault = StoreError;

    fn subjects(&self, _: &mut Vec<(SubjectId, Hold)>) {}

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        match &self.change {
            Change::Add => tx.add_operator(&self.name).await?,
            Change::Take(role) => {
                if !tx.take_role(&self.name, *role).await? {
                    return Err(StoreError::NoRecord);
                }
            }
            Change::Disable => tx.set_operator(&self.name, false).await?,
            Change::Enable => tx.set_operator(&self.name, true).await?,
        }
        match &self.by {
            Some(by) => tx.note_operator(by, self.change.deed(), "console", Outcome::Done, None).await?,
            None => tx.note(self.change.deed(), "console", &[], Party::System, Outcome::Done, None).await?,
        };
        Ok(())
    }
}

struct GrantHere {
    name: String,
    role: StaffRole,
}

impl Transact for GrantHere {
    const NAME: &'static str = "grant a role on the server";
    type Out = ();
    type Fault = StoreError;

    fn subjects(&self, _: &mut Vec<(SubjectId, Hold)>) {}

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        tx.grant_role(&self.name, self.role).await?;
        tx.note("role-grant", "console", &[], Party::System, Outcome::Done, None).await?;
        Ok(())
    }
}

struct GrantRole {
    by: String,
    approval: ApprovalId,
    name: String,
    role: StaffRole,
}

impl Transact for GrantRole {
    const NAME: &'static str = "grant a role";
    type Out = Result<(), NotApproved>;
    type Fault = StoreError;

    fn subjects(&self, _: &mut Vec<(SubjectId, Hold)>) {}

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        if let Err(not) = tx.spend_approval(self.approval, &grant(&self.name, self.role), &self.by).await? {
            return Ok(Err(not));
        }
        tx.grant_role(&self.name, self.role).await?;
        Ok(Ok(()))
    }
}

struct Link {
    by: String,
    approval: Option<ApprovalId>,
    name: String,
}

impl Transact for Link {
    const NAME: &'static str = "make a link for an operator";
    type Out = Result<String, Fault>;
    type Fault = StoreError;

    fn subjects(&self, _: &mut Vec<(SubjectId, Hold)>) {}

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        let operator = tx.operator_named(&self.name).await?.filter(|o| o.active).ok_or(StoreError::NoRecord)?;
        match self.approval {
            Some(approval) => {
                if let Err(not) = tx.spend_approval(approval, &new_link(&self.name), &self.by).await? {
                    return Ok(Err(not.into()));
                }
            }
            None if operator.grants.is_empty() => {}
            None => {
                let why = format!("'{}' has roles: a new link for it needs a second person", self.name);
                return Ok(Err(Fault::NotNow(why)));
            }
        }
        let expires = tx.now() + LINK_LASTS;
        let secret = tx.operator_token(&self.name, TokenKind::Link, expires).await?;
        tx.note_operator(&self.by, "link", "console", Outcome::Done, None).await?;
        Ok(Ok(secret))
    }
}

struct EndSession {
    by: String,
    session: String,
}

impl Transact for EndSession {
    const NAME: &'static str = "end an operator's session";
    type Out = ();
    type Fault = StoreError;

    fn subjects(&self, _: &mut Vec<(SubjectId, Hold)>) {}

    async fn run(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        tx.end_operator_session_by_id(&self.session).await?;
        tx.note_operator(&self.by, "session-end", "console", Outcome::Done, None).await?;
        Ok(())
    }
}
