//! A refusal in words: what stands against it, and what would make it lawful, for the person who asked.
//!
//! Keeps promise 2.0: a refusal cites its clause and tells a violation from a gap.

use serde::Serialize;

use crate::decide::{Code, Kind, Reason, Refusal};
use crate::policy::Policy;

/// One reason, told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Told {
    /// The code, as in the ledger.
    pub code: &'static str,
    /// Whether it must not be, or something is not configured.
    pub kind: Kind,
    /// The item it is about.
    pub item: Option<String>,
    /// The promise it keeps.
    pub clause: &'static str,
    /// The law, as the law pack cites it.
    pub citation: String,
    /// What stands against it.
    pub text: String,
    /// What would make it lawful.
    pub remedy: String,
}

/// English text and remedy, Chinese text and remedy.
type Said = [&'static str; 4];

const fn said(code: Code) -> Said {
    match code {
        Code::UnknownPurpose => [
            "The policy has no such purpose.",
            "Ask for a purpose the policy names, or publish a policy that names this one.",
            "隐私政策中没有这一目的。",
            "请使用政策中列明的目的，或先发布列明该目的的政策。",
        ],
        Code::UnknownItem => [
            "The policy has no such item.",
            "Ask for items the policy names, or publish a policy that names this one.",
            "隐私政策中没有这一信息项。",
            "请使用政策中列明的信息项，或先发布列明该信息项的政策。",
        ],
        Code::UnknownRecipient => [
            "The policy has no such recipient.",
            "Register the recipient, its agreement and its purposes in the policy first.",
            "隐私政策中没有这一接收方。",
            "请先在政策中登记该接收方及其协议和目的。",
        ],
        Code::UnknownRegion => [
            "The policy has no such region.",
            "Name a region the policy keeps data in.",
            "隐私政策中没有这一存储地区。",
            "请使用政策中列明的存储地区。",
        ],
        Code::NoItems => [
            "No item was named.",
            "Name the items that are needed, and no more.",
            "未指明任何信息项。",
            "请指明所需的信息项，且不超出必要范围。",
        ],
        Code::ItemNotInPurpose => [
            "The policy does not name this item for this purpose.",
            "Leave the item out, or publish a policy that says why this purpose needs it.",
            "政策未将该信息项列入这一目的。",
            "请去掉该信息项，或先发布说明其必要性的政策。",
        ],
        Code::PartyNotAllowed => [
            "This purpose is not open to who asks.",
            "Let one of the parties the policy names for the purpose ask.",
            "请求方不能以这一目的处理信息。",
            "请由政策为该目的列明的主体提出。",
        ],
        Code::ServiceNotBound => [
            "This service's credential is not bound to the purpose.",
            "Register the service for the purpose, if it really serves it.",
            "该服务的凭证未绑定这一目的。",
            "如该服务确实服务于这一目的，请为其登记。",
        ],
        Code::Erased => [
            "This person was erased.",
            "Nothing: there is nothing left to use.",
            "该用户的信息已删除。",
            "无：已没有可供处理的信息。",
        ],
        Code::Cancelling => [
            "The account is being cancelled; all but storage has stopped.",
            "Only the person can end the cancellation.",
            "账号正在注销，除存储外的处理均已停止。",
            "只有本人可以终止注销。",
        ],
        Code::NoConsent => [
            "There is no consent to this purpose.",
            "Ask the person; the answer is theirs, and refusing must cost them nothing else.",
            "未取得对这一目的的同意。",
            "请征求本人同意；拒绝不得影响其他服务。",
        ],
        Code::NoSeparateConsent => [
            "There is no separate consent, which this purpose or its sensitive items need.",
            "Ask for it separately, with the necessity and the possible impact.",
            "未取得该目的或其敏感个人信息所需的单独同意。",
            "请说明必要性和影响，单独征求同意。",
        ],
        Code::NoAssessment => [
            "There is no approved impact assessment for this sensitive item.",
            "Make the assessment, have it approved, and enter it in the policy.",
            "该敏感信息项没有经批准的影响评估。",
            "请完成评估、取得批准并登记到政策中。",
        ],
        Code::NoGuardian => [
            "This is a child, and no guardian has agreed.",
            "Obtain a guardian's consent first.",
            "该用户为儿童，尚无监护人同意。",
            "请先取得监护人同意。",
        ],
        Code::Restricted => [
            "The person has restricted processing.",
            "Wait until the restriction is lifted.",
            "本人已限制处理。",
            "请等待限制解除。",
        ],
        Code::Objected => [
            "The person has objected to this purpose.",
            "Leave it; only the person can take the objection back.",
            "本人已拒绝这一目的的处理。",
            "请停止处理；只有本人可以撤回拒绝。",
        ],
        Code::NoInstrument => [
            "This purpose is exceptional, and there is no entry in the register for it.",
            "Enter the legal ground, the scope and the approvals in the register first.",
            "这一目的属于例外情形，登记册中没有相应记录。",
            "请先登记法律依据、范围和审批。",
        ],
        Code::NoRecipient => {
            ["Sharing needs a recipient.", "Name the recipient.", "对外提供须指明接收方。", "请指明接收方。"]
        }
        Code::RecipientNotAsked => [
            "A recipient was named for an act that gives nothing out.",
            "Ask to share, or leave the recipient out.",
            "该处理不涉及对外提供，却指明了接收方。",
            "请改为对外提供，或去掉接收方。",
        ],
        Code::RecipientPurpose => [
            "The policy does not let this recipient receive for this purpose.",
            "Share for a purpose the policy names for the recipient.",
            "政策未允许该接收方为这一目的接收信息。",
            "请使用政策为该接收方列明的目的。",
        ],
        Code::RecipientItem => [
            "The policy does not let this recipient receive this item.",
            "Leave the item out.",
            "政策未允许该接收方接收这一信息项。",
            "请去掉该信息项。",
        ],
        Code::NoAgreement => [
            "No agreement with this recipient is in force.",
            "Sign or renew the agreement, and enter it in the policy.",
            "与该接收方没有有效的协议。",
            "请签订或续签协议，并登记到政策中。",
        ],
        Code::NoRecipientConsent => [
            "There is no separate consent to this recipient.",
            "Ask the person, naming the recipient, its contact, purpose, way and kinds of data.",
            "未取得向该接收方提供的单独同意。",
            "请告知接收方名称、联系方式、目的、方式和种类，征求单独同意。",
        ],
        Code::OutOfRegion => [
            "The data would leave its home region.",
            "Do it within the home region; abroad only by the law's mechanisms.",
            "数据将离开其存储地区。",
            "请在存储地区内处理；出境须依法定机制。",
        ],
        Code::NoAbroadConsent => [
            "There is no separate consent to this recipient abroad.",
            "Ask the person separately, with what the law requires to be told.",
            "未取得向境外接收方提供的单独同意。",
            "请依法告知并征求单独同意。",
        ],
        Code::NoPublicationConsent => [
            "There is no separate consent to publication.",
            "Ask the person separately.",
            "未取得公开的单独同意。",
            "请征求单独同意。",
        ],
        Code::ExportNotOwn => [
            "Only the person may have everything handed out.",
            "Let the person ask, or use single items for a purpose.",
            "只有本人可以取得全部信息。",
            "请由本人提出，或按目的使用单项信息。",
        ],
    }
}

impl Reason {
    /// The reason in words, in `lang` (`zh…` or else English).
    #[must_use]
    pub fn tell(&self, policy: &Policy, lang: &str) -> Told {
        let [en, en_remedy, zh, zh_remedy] = said(self.code);
        let (text, remedy) = if lang.starts_with("zh") { (zh, zh_remedy) } else { (en, en_remedy) };
        let item = self.item.map(|id| policy.item_name(id).to_owned());
        let about = self.item.and_then(|id| policy.facts().collection.items.get(policy.item_name(id)));
        Told {
            code: self.code.name(),
            kind: self.code.kind(),
            clause: self.code.clause(),
            citation: crate::law::record(self.code.citation()).map(|(_, r)| r.citation.clone()).unwrap_or_default(),
            text: about.map_or_else(|| text.to_owned(), |item| format!("{}: {text}", item.label.in_lang(lang))),
            remedy: remedy.to_owned(),
            item,
        }
    }
}

impl Refusal {
    /// Every reason in words.
    #[must_use]
    pub fn tell(&self, policy: &Policy, lang: &str) -> Vec<Told> {
        self.reasons.iter().map(|reason| reason.tell(policy, lang)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_says_what_and_what_to_do_in_both_languages_and_cites_a_law_that_exists() {
        for code in Code::ALL {
            for words in said(*code) {
                assert!(!words.is_empty(), "{} says nothing", code.name());
            }
            let [_, _, zh, zh_remedy] = said(*code);
            assert!(!zh.is_ascii() && !zh_remedy.is_ascii(), "{} is not told in Chinese", code.name());
            assert!(
                crate::law::record(code.citation()).is_some(),
                "{} cites nothing: {}",
                code.name(),
                code.citation()
            );
        }
    }
}
