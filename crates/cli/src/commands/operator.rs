//! `avouch operator`: the staff who may open the console, by whoever runs the server.
//!
//! In the console a grant needs a second person; here it does not, because whoever can run this can change the
//! database as well. Each act is in the ledger all the same.

use avouch::security::staff::Change;
use avouch_store::StaffRole;
use clap::{Args, Subcommand};
use serde_json::json;

use super::Where;
use crate::output::{self, Failure, Found};

/// Who of the staff may open the console.
#[derive(Debug, Subcommand)]
pub(crate) enum Operator {
    /// Make a role account; the path of its one-time link is shown once.
    Add(Add),
    /// Grant roles to an account, and take roles back.
    Roles(Roles),
    /// Keep an account out, at once.
    Disable(Named),
    /// Let a disabled account in again.
    Enable(Named),
    /// Make a new one-time link: with it the account chooses password and authenticator anew.
    Link(Named),
    /// List the accounts with their roles.
    List(List),
}

/// Make a role account.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  avouch operator add dpo --role data-protection-officer --config avouch.toml")]
pub(crate) struct Add {
    /// The name of a task, not of a person: small letters, digits and dashes.
    name: String,
    /// What it may do; may be said more than once.
    #[arg(long = "role", value_parser = role)]
    roles: Vec<StaffRole>,
    #[command(flatten)]
    place: Where,
}

/// Grant roles and take them back.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  avouch operator roles dpo --grant auditor --take administrator --config avouch.toml"
)]
pub(crate) struct Roles {
    /// The account.
    name: String,
    /// A role to grant; may be said more than once.
    #[arg(long, value_parser = role)]
    grant: Vec<StaffRole>,
    /// A role to take back; may be said more than once.
    #[arg(long, value_parser = role)]
    take: Vec<StaffRole>,
    #[command(flatten)]
    place: Where,
}

/// An account by its name.
#[derive(Debug, Args)]
pub(crate) struct Named {
    /// The account.
    name: String,
    #[command(flatten)]
    place: Where,
}

/// List the accounts.
#[derive(Debug, Args)]
pub(crate) struct List {
    #[command(flatten)]
    place: Where,
}

fn role(text: &str) -> Result<StaffRole, String> {
    let known: Vec<&str> = StaffRole::ALL.iter().map(|role| role.name()).collect();
    StaffRole::named(text).ok_or_else(|| format!("the roles are {}", known.join(", ")))
}

fn linked(json: bool, name: &str, secret: &str) {
    let path = format!("/enter/{secret}");
    output::answer(json, &json!({ "operator": name, "link": path }), || {
        format!("Append this to the console's address; it works once, within a day, and is not shown again:\n{path}")
    });
}

impl Operator {
    pub(crate) async fn run(self, json: bool) -> Result<Found, Failure> {
        match self {
            Self::Add(add) => {
                let opened = add.place.open().await?;
                opened.app.change_operator_here(&add.name, Change::Add).await?;
                for role in &add.roles {
                    opened.app.grant_role_here(&add.name, *role).await?;
                }
                linked(json, &add.name, &opened.app.operator_link(&add.name).await?);
            }
            Self::Roles(roles) => {
                let opened = roles.place.open().await?;
                for role in &roles.grant {
                    opened.app.grant_role_here(&roles.name, *role).await?;
                }
                for role in &roles.take {
                    opened.app.change_operator_here(&roles.name, Change::Take(*role)).await?;
                }
                let found = opened.app.operators().await?.into_iter().find(|o| o.name == roles.name);
                let now: Vec<&str> = found.iter().flat_map(|o| &o.grants).map(|g| g.role.name()).collect();
                output::answer(json, &json!({ "operator": roles.name, "roles": now }), || {
                    format!("{}: {}", roles.name, now.join(", "))
                });
            }
            Self::Disable(named) => named.change(json, Change::Disable).await?,
            Self::Enable(named) => named.change(json, Change::Enable).await?,
            Self::Link(named) => {
                let opened = named.place.open().await?;
                linked(json, &named.name, &opened.app.operator_link(&named.name).await?);
            }
            Self::List(list) => {
                let opened = list.place.look().await?;
                let all = opened.app.operators().await?;
                output::answer(json, &all, || {
                    let line = |o: &avouch_store::Operator| {
                        let roles: Vec<&str> = o.grants.iter().map(|g| g.role.name()).collect();
                        format!("{}{}: {}", o.name, if o.active { "" } else { " (disabled)" }, roles.join(", "))
                    };
                    all.iter().map(line).collect::<Vec<_>>().join("\n")
                });
            }
        }
        Ok(Found::Nothing)
    }
}

impl Named {
    async fn change(self, json: bool, change: Change) -> Result<(), Failure> {
        let opened = self.place.open().await?;
        let active = change == Change::Enable;
        opened.app.change_operator_here(&self.name, change).await?;
        output::answer(json, &json!({ "operator": self.name, "active": active }), || {
            format!("{} is {}", self.name, if active { "let in" } else { "kept out" })
        });
        Ok(())
    }
}
