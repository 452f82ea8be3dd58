//! One policy of any size, twice: as Avouch reads it and as Cedar does, with people and questions for both.
//!
//! A rule is a purpose: who may claim it, with which items, on consent or on contract. Restriction stands over
//! all of them. Both engines are given the same facts about the same person and asked the same.

use std::fmt::Write as _;

use avouch_policy::{Act, Age, Ask, Faults, File, Party, Policy, Source, Standing, Verdict};
use cedar_policy::{Authorizer, Context, Decision, Entities, EntityUid, PolicySet, Request};
use jiff::Timestamp;

/// Items of the policy, whatever its size.
const ITEMS: usize = 100;
/// Items of a purpose.
const EACH: usize = 5;

/// SplitMix64: the same world in every run.
#[derive(Debug)]
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % n as u64).unwrap_or(0)
    }
}

struct Rule {
    consent: bool,
    party: Party,
    items: Vec<usize>,
}

fn purpose(n: usize) -> String {
    format!("p{n:05}")
}

fn item(n: usize) -> String {
    format!("i{n:03}")
}

/// What one rule asks and grants.
fn rules(count: usize) -> Vec<Rule> {
    let mut dice = Dice(count as u64);
    (0..count)
        .map(|_| {
            let first = dice.below(ITEMS);
            Rule {
                consent: dice.below(3) > 0,
                party: if dice.below(4) > 0 { Party::Service } else { Party::Operator },
                items: (0..EACH).map(|n| (first + 7 * n) % ITEMS).collect(),
            }
        })
        .collect()
}

fn written(rules: &[Rule]) -> String {
    let mut out = String::from(
        "format = 1\nversion = '1'\neffective = 2026-01-01\ndefault_language = 'en'\nlanguages = ['en']\n\
         [controller]\nname = { en = 'Bench' }\ncontrol = { en = 'Bench' }\nregion = 'cn'\nlaw = ['cn-pipl']\n\
         [collection]\n[usage]\n[cookies]\n[sharing]\n[security]\n[rights]\noffered = []\n[updates]\nchannels = []\n\
         [contact]\n[storage]\n[storage.regions.cn]\nlabel = { en = 'China' }\ncountry = 'CN'\n",
    );
    for n in 0..ITEMS {
        let _infallible = write!(
            out,
            "[collection.items.{}]\nclause = '1.1'\nlabel = {{ en = 'I' }}\nsource = 'provided'\nkind = 'text'\n",
            item(n)
        );
    }
    for (n, rule) in rules.iter().enumerate() {
        let items: Vec<String> = rule.items.iter().map(|i| format!("'{}'", item(*i))).collect();
        let basis = if rule.consent { "consent" } else { "contract" };
        let _infallible = write!(
            out,
            "[usage.purposes.{}]\nclause = '2.1'\nlabel = {{ en = 'P' }}\nwhy = {{ en = 'so' }}\nbasis = '{basis}'\n\
             items = [{}]\nparty = ['{}']\n",
            purpose(n),
            items.join(", "),
            rule.party.as_str(),
        );
    }
    out
}

fn cedar_text(rules: &[Rule]) -> String {
    let mut out = String::from("forbid(principal, action, resource) when { context.restricted };\n");
    for (n, rule) in rules.iter().enumerate() {
        let items: Vec<String> = rule.items.iter().map(|i| format!("\"{}\"", item(*i))).collect();
        let consent =
            if rule.consent { format!(" && context.consents.contains(\"{}\")", purpose(n)) } else { String::new() };
        let _infallible = writeln!(
            out,
            "permit(principal == Party::\"{}\", action == Action::\"use\", resource == Purpose::\"{}\") when {{ \
             [{}].containsAll(context.items) && context.region == context.home{consent} }};",
            rule.party.as_str(),
            purpose(n),
            items.join(", "),
        );
    }
    out
}

/// A question, as each engine takes it.
#[derive(Debug)]
pub struct Question {
    /// Who it is about, in Avouch's terms.
    pub standing: Standing,
    /// What is asked, in Avouch's terms.
    pub ask: Ask,
    /// The same in Cedar's.
    pub request: Request,
}

/// A policy and questions, for both engines.
#[derive(Debug)]
pub struct World {
    /// Avouch's.
    pub policy: Policy,
    /// Cedar's.
    pub cedar: PolicySet,
    /// Cedar's things; none are needed.
    pub entities: Entities,
    /// The questions.
    pub questions: Vec<Question>,
}

/// Why a world was not made.
#[derive(Debug)]
pub enum Unmade {
    /// Avouch refused the policy.
    Avouch(Box<Faults>),
    /// Cedar refused the policy or a request.
    Cedar(String),
}

impl std::fmt::Display for Unmade {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Avouch(faults) => f.write_str(&faults.report(false)),
            Self::Cedar(why) => f.write_str(why),
        }
    }
}

impl World {
    /// A policy of `count` rules with `questions` questions: about half permitted, the others refused for want of
    /// consent, for an item, for who asks, for restriction, or for the place.
    ///
    /// # Errors
    /// When an engine refuses what was made for it: a fault of this module.
    pub fn of(count: usize, questions: usize) -> Result<Self, Unmade> {
        let rules = rules(count);
        let facts = File::new("policy.toml", written(&rules));
        let texts = vec![("en".to_owned(), File::new("text/en.md", "# Bench\n"))];
        let policy = Policy::load(&Source { facts, texts }).map_err(|faults| Unmade::Avouch(Box::new(faults)))?;
        let cedar = cedar_text(&rules).parse().map_err(|e| Unmade::Cedar(format!("{e}")))?;
        let mut dice = Dice(1);
        let questions = (0..questions).map(|_| question(&policy, &rules, &mut dice)).collect::<Result<_, _>>()?;
        Ok(Self { policy, cedar, entities: Entities::empty(), questions })
    }

    /// That both engines give the same verdict on each of the first `count` questions, and that there are both
    /// kinds of verdict among them. Gives how many were permitted.
    ///
    /// # Errors
    /// The first question they differ on: the run is void then.
    pub fn same_verdicts(&self, count: usize) -> Result<usize, String> {
        let authorizer = Authorizer::new();
        let mut permitted = 0;
        for q in self.questions.iter().take(count) {
            let ours = matches!(self.policy.decide(&q.standing, &q.ask), Verdict::Permitted(_));
            let theirs = authorizer.is_authorized(&q.request, &self.cedar, &self.entities);
            if ours != (theirs.decision() == Decision::Allow) {
                return Err(format!("Avouch says {ours}, Cedar {:?}, to {:?}", theirs.decision(), q.ask));
            }
            permitted += usize::from(ours);
        }
        if permitted == 0 || permitted >= count.min(self.questions.len()) {
            return Err(format!("{permitted} of {count} questions were permitted: that tries one verdict only"));
        }
        Ok(permitted)
    }
}

fn uid(kind: &str, name: &str) -> Result<EntityUid, Unmade> {
    format!("{kind}::\"{name}\"").parse().map_err(|e| Unmade::Cedar(format!("{e}")))
}

fn question(policy: &Policy, rules: &[Rule], dice: &mut Dice) -> Result<Question, Unmade> {
    let n = dice.below(rules.len());
    let absent = || Unmade::Cedar("a name of this module is not in its policy".to_owned());
    let rule = rules.get(n).ok_or_else(absent)?;
    let spoilt = dice.below(10);
    let mut items: Vec<usize> = rule.items.iter().copied().take(1 + dice.below(EACH)).collect();
    if spoilt == 0 {
        items.push((rule.items.first().ok_or_else(absent)? + 1) % ITEMS);
    }
    let party = match (spoilt == 1, rule.party) {
        (false, party) => party,
        (true, Party::Service) => Party::Operator,
        (true, _) => Party::Service,
    };
    let restricted = spoilt == 2;
    // A person has answered a handful of purposes, whatever the policy's size; this one mostly among them.
    let mut consented: Vec<usize> = (0..8).map(|_| dice.below(rules.len())).filter(|other| *other != n).collect();
    if spoilt != 3 {
        consented.push(n);
    }

    let home = policy.region("cn").ok_or_else(absent)?;
    let mut standing = Standing::new(home);
    standing.age = Age::Adult;
    standing.restricted = restricted;
    for n in &consented {
        standing.consents.insert(policy.purpose(&purpose(*n)).ok_or_else(absent)?.index());
    }
    let mut ids = items.iter().map(|n| policy.item(&item(*n)).ok_or_else(absent)).collect::<Result<Vec<_>, _>>()?;
    ids.sort_unstable();
    let ask = Ask {
        act: Act::Use,
        party,
        purpose: policy.purpose(&purpose(n)).ok_or_else(absent)?,
        items: ids,
        recipient: None,
        region: home,
        at: Timestamp::UNIX_EPOCH,
        policy: None,
    };
    let context = serde_json::json!({
        "restricted": restricted,
        "items": items.iter().map(|n| item(*n)).collect::<Vec<_>>(),
        "consents": consented.iter().map(|n| purpose(*n)).collect::<Vec<_>>(),
        "region": "cn",
        "home": "cn",
    });
    let context = Context::from_json_value(context, None).map_err(|e| Unmade::Cedar(format!("{e}")))?;
    let request =
        Request::new(uid("Party", party.as_str())?, uid("Action", "use")?, uid("Purpose", &purpose(n))?, context, None)
            .map_err(|e| Unmade::Cedar(format!("{e}")))?;
    Ok(Question { standing, ask, request })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_engines_give_the_same_verdicts_and_give_both_kinds() {
        for size in [10, 40, 300] {
            let world = World::of(size, 400).unwrap_or_else(|why| panic!("{why}"));
            let permitted = world.same_verdicts(400).unwrap();
            assert!((100..300).contains(&permitted), "{permitted} of 400 were permitted");
        }
    }

    #[test]
    fn one_different_verdict_voids_a_run() {
        let mut world = World::of(40, 400).unwrap_or_else(|why| panic!("{why}"));
        let policy = world.policy.clone();
        let permitted = |q: &&mut Question| matches!(policy.decide(&q.standing, &q.ask), Verdict::Permitted(_));
        // One person's processing is stopped in Avouch alone: Cedar goes on permitting it.
        world.questions.iter_mut().find(permitted).unwrap().standing.restricted = true;
        assert!(world.same_verdicts(400).is_err());
    }

    #[test]
    fn verdicts_of_one_kind_try_nothing() {
        let mut world = World::of(10, 100).unwrap_or_else(|why| panic!("{why}"));
        world.questions.retain(|q| !matches!(world.policy.decide(&q.standing, &q.ask), Verdict::Permitted(_)));
        assert!(world.same_verdicts(100).is_err());
    }
}
