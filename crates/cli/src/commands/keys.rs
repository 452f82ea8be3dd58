//! `avouch keys`: the inventory, rotation while people are served, shares of the root key.
//!
//! Keeps promise 5.5.

use std::io::{BufRead, IsTerminal};
use std::path::PathBuf;

use avouch_seal::{KeyFile, SystemEntropy};
use clap::{Args, Subcommand, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use super::Where;
use crate::output::{self, Failure, Found};

/// Look after the keys.
#[derive(Debug, Subcommand)]
pub(crate) enum Keys {
    /// Every key, what it wraps, what wraps it, and how old it is.
    List(List),
    /// Turn a key over, also while people are served.
    Rotate(Rotate),
    /// Seal values anew with the suite the policy names for the region, also while people are served.
    Reseal(Reseal),
    /// Give up the versions of keys that wrap nothing any more.
    Retire(Retire),
    /// Split the root key into shares that can be printed.
    Split(Split),
    /// Make the root key file again from its shares.
    Recover(Recover),
}

/// Every key, what it wraps, what wraps it, and how old it is.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  avouch keys list --data avouch-demo\n\n\
                        Exit code 3 when a rotation of the root key is not finished.")]
pub(crate) struct List {
    #[command(flatten)]
    place: Where,
}

/// Turn a key over.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  avouch keys rotate root --config avouch.toml\n  avouch keys rotate region --config \
                        avouch.toml\n\nStopped or killed, run it again: it goes on where it stood."
)]
pub(crate) struct Rotate {
    /// Which.
    which: Which,
    #[command(flatten)]
    place: Where,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Which {
    /// The root key: every key it wraps is wrapped anew.
    Root,
    /// The region's key: every person's key is wrapped anew.
    Region,
}

/// Seal values anew with the suite the policy names for the region.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  avouch keys reseal --config avouch.toml\n\n\
                        Stopped or killed, run it again: it finds what is left. Exit code 3 when a value does not open.")]
pub(crate) struct Reseal {
    #[command(flatten)]
    place: Where,
}

/// Give up the versions of keys that wrap nothing any more.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  avouch keys retire --yes --config avouch.toml\n\n\
                        Backups of the key store from before a rotation of the root key do not open afterwards.")]
pub(crate) struct Retire {
    /// Do not ask.
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    place: Where,
}

/// Split the root key into shares that can be printed.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  avouch keys split --shares 5 --threshold 3 --config avouch.toml\n\n\
                        The shares are printed, one a line, and kept nowhere. Split anew after each rotation.")]
pub(crate) struct Split {
    /// How many shares.
    #[arg(long)]
    shares: u8,
    /// How many of them make the key again.
    #[arg(long)]
    threshold: u8,
    #[command(flatten)]
    place: Where,
}

/// Make the root key file again from its shares.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  avouch keys recover --to keys/root.key\n\n\
                        The shares are read from standard input, one a line; an empty line ends them.")]
pub(crate) struct Recover {
    /// The file to make; it must not be there yet.
    #[arg(long)]
    to: PathBuf,
}

impl Keys {
    pub(crate) async fn run(self, json: bool) -> Result<Found, Failure> {
        match self {
            Self::List(list) => list.run(json).await,
            Self::Rotate(rotate) => rotate.run(json).await,
            Self::Reseal(reseal) => reseal.run(json).await,
            Self::Retire(retire) => retire.run(json).await,
            Self::Split(split) => split.run(json),
            Self::Recover(recover) => recover.run(json),
        }
    }
}

impl List {
    async fn run(self, json: bool) -> Result<Found, Failure> {
        let opened = self.place.look().await?;
        let store = &opened.app.store;
        let (keys, root, now) = (store.keys().await?, store.root_version()?, store.now());
        let unfinished = keys.iter().any(|k| k.wrapped_by != root);
        let data = json!({ "root": { "at": store.root_place(), "version": root }, "keys": keys });
        output::answer(json, &data, || {
            let mut lines = vec![format!("root key {root} · {}", store.root_place())];
            for key in &keys {
                let age = key.made.map_or_else(
                    || "age not known".to_owned(),
                    |made| format!("{} days old", now.duration_since(made).as_hours() / 24),
                );
                let people = key.people.map(|n| format!(" · wraps {n} people's keys")).unwrap_or_default();
                lines.push(format!(
                    "{} version {} · {age} · wrapped by {}{people}",
                    key.name, key.version, key.wrapped_by
                ));
            }
            if unfinished {
                lines.push("A rotation of the root key is not finished: run `avouch keys rotate root` again.".into());
            }
            lines.join("\n")
        });
        Ok(Found::when(unfinished))
    }
}

fn bar(people: u64) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} people's keys, {elapsed}");
    ProgressBar::new(people).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

impl Rotate {
    async fn run(self, json: bool) -> Result<Found, Failure> {
        let opened = self.place.beside().await?;
        let app = &opened.app;
        let rotated = match self.which {
            Which::Root => app.rotate_root().await?,
            Which::Region => {
                let people = app.store.people().await?;
                let bar = bar(people);
                let rotated = app.rotate_region(|seen| bar.set_position(seen.min(people))).await?;
                bar.finish_and_clear();
                rotated
            }
        };
        output::answer(json, &rotated, || {
            let next = match self.which {
                Which::Root => "Copy the new root key to its safe place and split it anew; ",
                Which::Region => "",
            };
            format!(
                "Version {} wraps from now on; {} keys were wrapped anew. {next}`avouch keys retire` gives the old \
                 versions up once no backup needs them.",
                rotated.version, rotated.rewrapped
            )
        });
        Ok(Found::Nothing)
    }
}

impl Reseal {
    async fn run(self, json: bool) -> Result<Found, Failure> {
        let opened = self.place.beside().await?;
        let bar = output::counter("values sealed anew");
        let done = opened
            .app
            .reseal(|count, of| {
                bar.set_length(of.max(count));
                bar.set_position(count);
            })
            .await?;
        bar.finish_and_clear();
        output::answer(json, &done, || {
            let broken = match done.broken {
                0 => String::new(),
                n => format!(" {n} do not open and stay as they are: restore them of a backup, or delete them."),
            };
            format!("{} values and objects were sealed anew with {}.{broken}", done.count, done.suite)
        });
        Ok(Found::when(done.broken > 0))
    }
}

impl Retire {
    async fn run(self, json: bool) -> Result<Found, Failure> {
        let opened = self.place.beside().await?;
        if !self.yes {
            let asked = "Give up every old version? Backups of the key store that need them will not open. Type retire";
            output::confirm(asked, "retire")?;
        }
        let retired = opened.app.retire_keys().await?;
        output::answer(json, &retired, || {
            format!("{} region keys given up; the root key is {} alone.", retired.region_keys, retired.root)
        });
        Ok(Found::Nothing)
    }
}

impl Split {
    fn run(self, json: bool) -> Result<Found, Failure> {
        let file = self.place.root_key_file()?;
        let shares = file
            .split(self.shares, self.threshold, &SystemEntropy)
            .map_err(|e| Failure::new("shares", e.to_string()))?;
        let shares: Vec<&str> = shares.iter().map(|s| s.as_str()).collect();
        output::answer(json, &json!({ "shares": shares, "threshold": self.threshold }), || shares.join("\n"));
        Ok(Found::Nothing)
    }
}

impl Recover {
    fn run(self, json: bool) -> Result<Found, Failure> {
        let mut shares = Vec::new();
        for line in std::io::stdin().lock().lines() {
            let line = line.map_err(|e| Failure::new("shares", format!("cannot read the shares: {e}")))?;
            match line.trim() {
                "" if shares.is_empty() => {}
                "" => break,
                share => shares.push(share.to_owned()),
            }
        }
        let file = KeyFile::recover(&self.to, &shares).map_err(|e| Failure::new("shares", e.to_string()))?;
        let place = avouch_seal::Kms::describe(&file);
        output::answer(json, &json!({ "made": self.to }), || format!("Made: {place}"));
        Ok(Found::Nothing)
    }
}
