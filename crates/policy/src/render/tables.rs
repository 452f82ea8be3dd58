//! The tables of the text, built from the facts. Keeps promise 0.1: what is shown is what is executed; the
//! tables show what promises 1.1 to 1.7, 2.1 to 2.7, 3.1 to 3.4, 4.1, 4.2, 5.1 to 5.3 and 6.5 list.

use super::escape;
use super::words::Tongue;
use crate::law;
use crate::model::{Basis, Facts, Item, ItemSet, Purpose, Role};
use crate::words::Words;

/// The facts, seen in one language.
pub(super) struct View<'f> {
    pub(super) facts: &'f Facts,
    pub(super) lang: &'f str,
    pub(super) tongue: Tongue,
}

impl View<'_> {
    fn say<'t>(&self, en: &'t str, zh: &'t str) -> &'t str {
        self.tongue.pick(en, zh)
    }

    /// Words with a remark in parentheses.
    fn with(&self, words: &str, remark: &str) -> String {
        match self.tongue {
            Tongue::En => format!("{words} ({remark})"),
            Tongue::Zh => format!("{words}（{remark}）"),
        }
    }

    /// The words in the language of the view, escaped.
    fn words(&self, words: &Words) -> String {
        escape(words.in_lang(self.lang))
    }

    fn some_words(&self, words: Option<&Words>) -> String {
        words.map(|words| self.words(words)).unwrap_or_default()
    }

    /// The items by clause, then by name.
    fn items_in_order(&self) -> Vec<(&String, &Item)> {
        let mut items: Vec<_> = self.facts.collection.items.iter().collect();
        items.sort_by(|(a, x), (b, y)| (&x.clause, a).cmp(&(&y.clause, b)));
        items
    }

    /// The purposes by clause, then by name.
    fn purposes_in_order(&self) -> Vec<(&String, &Purpose)> {
        let mut purposes: Vec<_> = self.facts.usage.purposes.iter().collect();
        purposes.sort_by(|(a, x), (b, y)| (&x.clause, a).cmp(&(&y.clause, b)));
        purposes
    }

    /// The labels of items, in one line; an unknown name stands as it is.
    fn labels<'n>(&self, names: impl Iterator<Item = &'n String>) -> String {
        let items = &self.facts.collection.items;
        let labels: Vec<_> =
            names.map(|name| items.get(name).map_or_else(|| escape(name), |item| self.words(&item.label))).collect();
        self.tongue.labels(&labels)
    }

    fn purpose_labels<'n>(&self, names: impl Iterator<Item = &'n String>) -> String {
        let purposes = &self.facts.usage.purposes;
        let labels: Vec<_> =
            names.map(|name| purposes.get(name).map_or_else(|| escape(name), |p| self.words(&p.label))).collect();
        self.tongue.labels(&labels)
    }

    fn item_set(&self, set: &ItemSet) -> String {
        match set {
            ItemSet::All => self.say("everything in the list of chapter 1", "第1章清单中的全部信息").to_owned(),
            ItemSet::Named(names) => self.labels(names.iter()),
        }
    }

    fn cite(&self, record: Option<&str>) -> String {
        record.map(|name| escape(&self.tongue.citation(name))).unwrap_or_default()
    }

    fn region(&self, name: &str) -> String {
        self.facts.storage.regions.get(name).map_or_else(|| escape(name), |region| self.words(&region.label))
    }

    /// The full name of the record `id` in the first pack in force that has it.
    fn in_force(&self, id: &str) -> Option<String> {
        self.facts.controller.law.iter().map(|pack| format!("{pack}.{id}")).find(|name| law::record(name).is_some())
    }

    /// The labels of the items under a clause.
    pub(super) fn items_of(&self, clause: &str) -> String {
        self.labels(
            self.items_in_order().into_iter().filter(|(_, item)| item.clause.as_str() == clause).map(|(name, _)| name),
        )
    }

    /// The labels of the purposes under a clause.
    pub(super) fn purposes_of(&self, clause: &str) -> String {
        self.purpose_labels(
            self.purposes_in_order().into_iter().filter(|(_, p)| p.clause.as_str() == clause).map(|(name, _)| name),
        )
    }

    pub(super) fn items(&self) -> String {
        let head = [
            self.say("Data", "信息"),
            self.say("How we get it", "来源"),
            self.say("Sensitive", "敏感"),
            self.say("Used for", "使用目的"),
            self.say("Clause", "条款"),
        ];
        let rows = self.items_in_order().into_iter().map(|(name, item)| {
            // "Your own rights" covers everything; naming it in each row would say nothing.
            let used =
                self.purposes_in_order().into_iter().filter(|(_, p)| p.items != ItemSet::All && p.items.has(name));
            vec![
                self.words(&item.label),
                self.tongue.origin(item.source).to_owned(),
                self.tongue.yes(item.sensitive).to_owned(),
                self.purpose_labels(used.map(|(purpose, _)| purpose)),
                clause(item.clause.as_str()),
            ]
        });
        table(&head, rows)
    }

    pub(super) fn sensitive(&self) -> String {
        let head = [
            self.say("Data", "信息"),
            self.say("Why it is needed", "必要性"),
            self.say("What it can do to you", "对您的影响"),
        ];
        let rows = self.items_in_order().into_iter().filter(|(_, item)| item.sensitive);
        table(
            &head,
            rows.map(|(_, i)| {
                vec![self.words(&i.label), self.some_words(i.necessity.as_ref()), self.some_words(i.impact.as_ref())]
            }),
        )
    }

    pub(super) fn purposes(&self) -> String {
        let head = [
            self.say("Purpose", "目的"),
            self.say("Why", "用途说明"),
            self.say("Data", "信息"),
            self.say("Legal basis", "合法性基础"),
            self.say("If you refuse", "如果您拒绝"),
            self.say("Clause", "条款"),
        ];
        let rows = self.purposes_in_order().into_iter().map(|(_, purpose)| {
            let own = Tongue::basis_record(purpose.basis);
            let record = purpose.citation.clone().or_else(|| self.in_force(&own));
            let basis = match record {
                Some(record) => self.with(self.tongue.basis(purpose.basis), &self.cite(Some(&record))),
                None => self.tongue.basis(purpose.basis).to_owned(),
            };
            let refusing = match (&purpose.without, purpose.basis) {
                (Some(words), _) => self.words(words),
                (None, Basis::Contract) => {
                    self.say("this part of the service cannot be given", "无法提供该项服务").to_owned()
                }
                (None, Basis::Consent | Basis::SeparateConsent) => {
                    self.say("it does not happen", "不进行该项处理").to_owned()
                }
                (None, _) => self.say("rests on law, not on your choice", "依据法律进行，不取决于您的选择").to_owned(),
            };
            vec![
                self.words(&purpose.label),
                self.words(&purpose.why),
                self.item_set(&purpose.items),
                basis,
                refusing,
                clause(purpose.clause.as_str()),
            ]
        });
        table(&head, rows)
    }

    pub(super) fn cookie_categories(&self) -> String {
        let head = [
            self.say("Kind", "类别"),
            self.say("What for", "用途"),
            self.say("Needs your consent", "需要您同意"),
            self.say("If you refuse", "如果您拒绝"),
        ];
        let mut kinds: Vec<_> = self.facts.cookies.categories.values().collect();
        kinds.sort_by(|a, b| a.clause.cmp(&b.clause));
        let rows = kinds.into_iter().map(|kind| {
            let without = match &kind.without {
                Some(words) => self.words(words),
                None => self.say("you cannot log in", "无法登录").to_owned(),
            };
            vec![self.words(&kind.label), self.words(&kind.why), self.tongue.yes(!kind.essential).to_owned(), without]
        });
        table(&head, rows)
    }

    pub(super) fn cookies(&self) -> String {
        let head = [
            self.say("Name", "名称"),
            self.say("Kind", "类别"),
            self.say("Form", "形式"),
            self.say("Set by", "设置方"),
            self.say("Stays for", "保留时间"),
            self.say("What for", "用途"),
        ];
        let rows = self.facts.cookies.trackers.iter().map(|(name, tracker)| {
            let kind = self.facts.cookies.categories.get(&tracker.category);
            let party =
                if tracker.party == "first" { self.say("us", "本站").to_owned() } else { escape(&tracker.party) };
            vec![
                escape(name),
                kind.map_or_else(|| escape(&tracker.category), |kind| self.words(&kind.label)),
                self.tongue.tracker(tracker.kind).to_owned(),
                party,
                tracker.lifetime.map(|period| self.tongue.period(period)).unwrap_or_default(),
                self.some_words(tracker.why.as_ref()),
            ]
        });
        table(&head, rows)
    }

    pub(super) fn partners(&self) -> String {
        if self.facts.collection.partners.is_empty() {
            return self.say("There is no such partner.", "目前没有此类合作方。").to_owned();
        }
        let head = [
            self.say("Partner", "合作方"),
            self.say("What it sends us", "提供给我们的信息"),
            self.say("Where we speak to it", "访问地址"),
            self.say("Its own policy", "其隐私政策"),
        ];
        let rows = self.facts.collection.partners.values().map(|partner| {
            let hosts: Vec<_> = partner.hosts.iter().map(|host| escape(host)).collect();
            let hosts = hosts.join(self.say(", ", "，"));
            let policy =
                partner.policy.as_deref().map(|url| super::link(self.say("its privacy policy", "其隐私政策"), url));
            vec![
                self.words(&partner.name),
                self.labels(partner.items.iter()),
                match &partner.region {
                    Some(region) => self.with(&hosts, &self.region(region)),
                    None => hosts,
                },
                policy.unwrap_or_else(|| super::unstated(self.tongue).to_owned()),
            ]
        });
        table(&head, rows)
    }

    pub(super) fn recipients(&self) -> String {
        let head = [
            self.say("Recipient", "接收方"),
            self.say("Role", "角色"),
            self.say("What for", "目的"),
            self.say("Data", "信息"),
            self.say("Where", "存储地点"),
            self.say("Agreement", "协议"),
        ];
        let mut all: Vec<_> = self.facts.sharing.recipients.iter().collect();
        all.sort_by(|(a, x), (b, y)| (x.role == Role::Authority, a).cmp(&(y.role == Role::Authority, b)));
        let rows = all.into_iter().map(|(_, to)| {
            let mut who = vec![self.words(&to.name)];
            who.extend(to.contact.as_deref().map(escape));
            who.extend(to.policy.as_deref().map(|url| super::link(self.say("its privacy policy", "其隐私政策"), url)));
            let agreement = match &to.agreement {
                Some(agreement) => {
                    let (id, ends) = (escape(&agreement.id), self.tongue.date(agreement.expires));
                    let until = match self.tongue {
                        Tongue::En => format!("{id}, until {ends}"),
                        Tongue::Zh => format!("{id}，至{ends}"),
                    };
                    match agreement.next_check.map(|day| self.tongue.date(day)) {
                        Some(day) => {
                            format!("{until}{}{} {day}", self.say("; ", "；"), self.say("next check", "下次检查"))
                        }
                        None => until,
                    }
                }
                None => self.say("none; a law requires it", "无（依法提供）").to_owned(),
            };
            vec![
                who.join(self.say(", ", "，")),
                self.with(&self.words(&to.kind), self.tongue.role(to.role)),
                self.purpose_labels(to.purposes.iter()),
                self.labels(to.items.iter()),
                self.region(&to.region),
                agreement,
            ]
        });
        table(&head, rows)
    }

    pub(super) fn retention(&self) -> String {
        let head = [
            self.say("Purpose", "目的"),
            self.say("Counted from", "起算"),
            self.say("Kept for", "保存期限"),
            self.say("Then", "期满后"),
            self.say("Law", "法律依据"),
        ];
        let rows = self.purposes_in_order().into_iter().map(|(_, purpose)| {
            let mut row = vec![self.words(&purpose.label)];
            match &purpose.retention {
                Some(kept) => row.extend([
                    self.tongue.after(kept.after).to_owned(),
                    if kept.keep.is_zero() {
                        self.say("no longer", "不再保存").to_owned()
                    } else {
                        self.tongue.period(kept.keep)
                    },
                    self.tongue.then(kept.then).to_owned(),
                    self.cite(kept.statute.as_deref()),
                ]),
                None => row.push(super::unstated(self.tongue).to_owned()),
            }
            row
        });
        table(&head, rows)
    }

    pub(super) fn statutory(&self) -> String {
        let head = [
            self.say("Data", "信息"),
            self.say("Kept for, from collection", "自收集之日起保存"),
            self.say("Law", "法律依据"),
        ];
        table(
            &head,
            self.facts.storage.statutory.values().map(|kept| {
                vec![self.labels(kept.items.iter()), self.tongue.period(kept.keep), self.cite(Some(&kept.statute))]
            }),
        )
    }

    pub(super) fn regions(&self) -> String {
        let head =
            [self.say("Region", "区域"), self.say("Country", "国家代码"), self.say("Encrypted with", "加密算法")];
        table(
            &head,
            self.facts.storage.regions.values().map(|region| {
                vec![self.words(&region.label), escape(&region.country), self.tongue.suite(region.suite).to_owned()]
            }),
        )
    }

    pub(super) fn rights(&self) -> String {
        let head = [self.say("Right", "权利"), self.say("What it gives you", "内容"), self.say("Law", "法律依据")];
        let rows = self.facts.rights.offered.iter().map(|right| {
            let (name, gives) = self.tongue.right(*right);
            let record = self.in_force(&format!("rights.{}", right.as_str()));
            vec![name.to_owned(), gives.to_owned(), self.cite(record.as_deref())]
        });
        table(&head, rows)
    }

    /// Whether data crosses the border, as a sentence.
    pub(super) fn cross_border(&self) -> String {
        if self.facts.storage.cross_border.as_ref().is_some_and(|rule| rule.allowed) {
            self.say(
                "Some recipients are abroad, as the list of recipients shows.",
                "部分接收方位于境外，见接收方清单。",
            )
            .to_owned()
        } else {
            self.say("We send no personal data abroad.", "我们目前不向境外提供个人信息。").to_owned()
        }
    }
}

/// A link to a clause.
fn clause(number: &str) -> String {
    format!("[{number}](#c{})", number.replace('.', "-"))
}

/// A Markdown table; the cells are Markdown already. Short rows are filled up.
fn table(head: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut out = format!("| {} |\n|{}", head.join(" | "), "---|".repeat(head.len()));
    for mut row in rows {
        row.resize(head.len(), String::new());
        let cells: Vec<_> = row.iter().map(|cell| if cell.is_empty() { "–" } else { cell.as_str() }).collect();
        out.push_str("\n| ");
        out.push_str(&cells.join(" | "));
        out.push_str(" |");
    }
    out
}
