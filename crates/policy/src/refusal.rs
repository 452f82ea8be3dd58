//! A refusal in words: what stands against it, and what would make it lawful, for the person who asked.
//!
//! Keeps promise 2.0: a refusal cites its clause and tells a violation from a gap.

use serde::Serialize;

use crate::decide::{About, Code, Kind, Reason, Refusal};
use crate::law::{LawPack, Status};
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
            "The policy has no purpose {name}.",
            "Ask for a purpose the policy names, or publish a policy that names this one.",
            "隐私政策中没有目的{name}。",
            "请使用政策中列明的目的，或先发布列明该目的的政策。",
        ],
        Code::UnknownItem => [
            "The policy has no item {name}.",
            "Ask for items the policy names, or publish a policy that names this one.",
            "隐私政策中没有信息项{name}。",
            "请使用政策中列明的信息项，或先发布列明该信息项的政策。",
        ],
        Code::UnknownRecipient => [
            "The policy has no recipient {name}.",
            "Register the recipient, its agreement and its purposes in the policy first.",
            "隐私政策中没有接收方{name}。",
            "请先在政策中登记该接收方及其协议和目的。",
        ],
        Code::UnknownRegion => [
            "The policy has no region {name}.",
            "Name a region the policy keeps data in.",
            "隐私政策中没有存储地区{name}。",
            "请使用政策中列明的存储地区。",
        ],
        Code::NoItems => [
            "No item was named.",
            "Name the items that are needed, and no more.",
            "未指明任何信息项。",
            "请指明所需的信息项，且不超出必要范围。",
        ],
        Code::ItemNotInPurpose => [
            "The policy does not name this item for {purpose}.",
            "Leave the item out, or publish a policy that says why this purpose needs it.",
            "政策未将该信息项列入{purpose}。",
            "请去掉该信息项，或先发布说明其必要性的政策。",
        ],
        Code::PartyNotAllowed => [
            "Who asks may not claim {purpose}.",
            "Let one of the parties the policy names for the purpose ask.",
            "请求方不能以{purpose}处理信息。",
            "请由政策为该目的列明的主体提出。",
        ],
        Code::ServiceNotBound => [
            "This service's credential is not bound to {purpose}.",
            "Register the service for the purpose, if it really serves it.",
            "该服务的凭证未绑定{purpose}。",
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
            "There is no consent to {purpose}.",
            "Ask the person; the answer is theirs, and refusing must cost them nothing else.",
            "未取得对{purpose}的同意。",
            "请征求本人同意；拒绝不得影响其他服务。",
        ],
        Code::NoSeparateConsent => [
            "There is no separate consent, which {purpose} or its sensitive items need.",
            "Ask for it separately, with the necessity and the possible impact.",
            "未取得{purpose}或其敏感个人信息所需的单独同意。",
            "请说明必要性和影响，单独征求同意。",
        ],
        Code::ConsentOutdated => [
            "The consent was given before the policy changed, and does not cover this.",
            "Ask the person again, saying what is new; until then the old scope holds, and refusing costs nothing else.",
            "同意系在政策变更前作出，不涵盖此项处理。",
            "请告知变更内容并重新征求同意；在此之前仅限原有范围，拒绝不影响其他服务。",
        ],
        Code::NoAssessment => [
            "No impact assessment of this sensitive item is approved by now.",
            "Make the assessment, have it approved, and enter it in the policy.",
            "该敏感信息项目前没有经批准的影响评估。",
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
            "The person has objected to {purpose}.",
            "Leave it; only the person can take the objection back.",
            "本人已拒绝{purpose}的处理。",
            "请停止处理；只有本人可以撤回拒绝。",
        ],
        Code::Frozen => [
            "A change of hands changes {purpose}, and the person has not consented to it anew.",
            "Ask the person anew; until then use what does not change.",
            "业务转移变更了{purpose}，且尚未重新取得同意。",
            "请重新征求同意；在此之前仅可为未变更的目的处理。",
        ],
        Code::Expired => [
            "The record is past its end and is no longer used.",
            "Do without it; if it is still needed, collect it anew for a purpose the policy names.",
            "该记录已超过保存期限，不再使用。",
            "请不要再使用；如仍有需要，请按政策列明的目的重新收集。",
        ],
        Code::NoInstrument => [
            "This use is exceptional ({purpose}), and there is no entry in the register for it.",
            "Enter the legal ground, the scope and the approvals in the register first.",
            "{purpose}属于例外情形，登记册中没有相应记录。",
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
            "The policy does not let {recipient} receive for {purpose}.",
            "Share for a purpose the policy names for the recipient.",
            "政策未允许{recipient}为{purpose}接收信息。",
            "请使用政策为该接收方列明的目的。",
        ],
        Code::RecipientItem => [
            "The policy does not let {recipient} receive this item.",
            "Leave the item out.",
            "政策未允许{recipient}接收这一信息项。",
            "请去掉该信息项。",
        ],
        Code::NoAgreement => [
            "No agreement with {recipient} is in force.",
            "Sign or renew the agreement, and enter it in the policy.",
            "与{recipient}没有有效的协议。",
            "请签订或续签协议，并登记到政策中。",
        ],
        Code::RecipientUnchecked => [
            "The check of {recipient} is overdue, or none was set.",
            "Check how the recipient handles the data, and enter the day of the next check in the policy.",
            "对{recipient}的监督检查已逾期或未设定。",
            "请完成对接收方的监督检查，并在政策中登记下次检查日期。",
        ],
        Code::RecipientSuspended => [
            "The flow to {recipient} is suspended.",
            "Mend what it was suspended for, then resume it in the register of recipients.",
            "已暂停向{recipient}提供信息。",
            "请先解决暂停的原因，再在接收方登记册中恢复。",
        ],
        Code::RecipientFailed => [
            "{recipient} did not pass its last check.",
            "Have the findings mended, check again, and enter the result in the register of recipients.",
            "{recipient}未通过最近一次监督检查。",
            "请督促整改、重新检查，并在接收方登记册中登记结果。",
        ],
        Code::RecipientEnded => [
            "The relation with {recipient} has ended.",
            "Nothing: give it nothing more; a new relation is a new recipient of the policy.",
            "与{recipient}的合作已经终止。",
            "无：不得再提供；如重新合作，请在政策中作为新的接收方登记。",
        ],
        Code::UndeclaredHost => [
            "The policy names no host {name} for {recipient}.",
            "Send to a host the policy names for the recipient, or publish a policy that names this one.",
            "政策未为{recipient}列明主机{name}。",
            "请发送至政策为该接收方列明的主机，或先发布列明该主机的政策。",
        ],
        Code::NoRecipientConsent => [
            "There is no separate consent to {recipient}.",
            "Ask the person, naming the recipient, its contact, purpose, way and kinds of data.",
            "未取得向{recipient}提供的单独同意。",
            "请告知接收方名称、联系方式、目的、方式和种类，征求单独同意。",
        ],
        Code::OutOfRegion => [
            "The data would leave its home region.",
            "Do it within the home region; abroad only by the law's mechanisms.",
            "数据将离开其存储地区。",
            "请在存储地区内处理；出境须依法定机制。",
        ],
        Code::NoMechanism => [
            "{recipient} is abroad, and no lawful mechanism with an approved assessment is in force.",
            "Complete the mechanism and the assessment the law asks, and enter both in the policy.",
            "{recipient}位于境外，且没有生效的法定出境机制及经批准的影响评估。",
            "请先完成法定出境机制和影响评估，并登记到政策中。",
        ],
        Code::MechanismSensitive => [
            "The exemption {recipient} is sent to by covers no sensitive data, not even of one person.",
            "Leave the sensitive item out, or complete a standard contract, a certification or an assessment.",
            "向{recipient}提供所依据的豁免不适用于敏感个人信息，一人也不行。",
            "请去掉敏感信息项，或先完成标准合同、认证或安全评估。",
        ],
        Code::MechanismExceeded => [
            "So many people's data has gone abroad this year that the mechanism for {recipient} covers no more.",
            "Complete the mechanism the law asks from this number on, and enter it in the policy; until then nothing more goes.",
            "本年度已出境的人数达到上限，向{recipient}提供所依据的出境机制不再适用。",
            "请先完成法律对该数量要求的出境机制并登记到政策中；在此之前不得继续提供。",
        ],
        Code::NoAbroadConsent => [
            "There is no separate consent to {recipient}, which is abroad.",
            "Ask the person separately, with what the law requires to be told.",
            "未取得向境外的{recipient}提供的单独同意。",
            "请依法告知并征求单独同意。",
        ],
        Code::PermissionOff => [
            "The person's device does not permit it.",
            "Leave it; only the person can permit it again, on the device.",
            "用户的设备未授予相应权限。",
            "请停止收集；只有本人可以在设备上重新授权。",
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

/// The provisions a code rests on, of every law in force.
fn citation(policy: &Policy, code: Code) -> String {
    let packs = policy.facts().controller.law.iter().filter_map(|name| LawPack::named(name));
    let cited = packs.filter_map(|pack| cited(pack, code));
    cited.collect::<Vec<_>>().join("; ")
}

fn cited(pack: &'static LawPack, code: Code) -> Option<&'static str> {
    let record = code.records().split('|').find_map(|id| pack.get(id).filter(|r| r.status != Status::Draft))?;
    Some(&record.citation)
}

/// How the things asked are called where the words speak of them.
struct Called {
    purpose: String,
    recipient: String,
}

impl Refusal {
    /// Every reason in words, in `lang` (`zh…` or else English).
    #[must_use]
    pub fn tell(&self, policy: &Policy, lang: &str) -> Vec<Told> {
        let zh = lang.starts_with("zh");
        let quoted = |label: &str| if zh { format!("“{label}”") } else { format!("‘{label}’") };
        let facts = policy.facts();
        let purpose = self.purpose.and_then(|id| facts.usage.purposes.get(policy.purpose_name(id)));
        let recipient = self.recipient.and_then(|id| facts.sharing.recipients.get(policy.recipient_name(id)));
        let called = Called {
            purpose: purpose.map_or_else(
                || if zh { "这一目的" } else { "this purpose" }.to_owned(),
                |purpose| quoted(purpose.label.in_lang(lang)),
            ),
            recipient: recipient.map_or_else(
                || if zh { "该接收方" } else { "this recipient" }.to_owned(),
                |recipient| recipient.name.in_lang(lang).to_owned(),
            ),
        };
        self.reasons.iter().map(|reason| reason.tell(policy, lang, &called, quoted)).collect()
    }
}

impl Reason {
    fn tell(&self, policy: &Policy, lang: &str, called: &Called, quoted: impl Fn(&str) -> String) -> Told {
        let zh = lang.starts_with("zh");
        let [en, en_remedy, zh_text, zh_remedy] = said(self.code);
        let (text, remedy) = if zh { (zh_text, zh_remedy) } else { (en, en_remedy) };
        let name = match &self.about {
            About::Name(name) => quoted(name),
            About::Act | About::Item(_) => if zh { "所请求的名称" } else { "of that name" }.to_owned(),
        };
        let text = text
            .replace("{purpose}", &called.purpose)
            .replace("{recipient}", &called.recipient)
            .replace("{name}", &name);
        let (item, label) = match &self.about {
            About::Act => (None, None),
            About::Name(name) => ((self.code == Code::UnknownItem).then(|| name.clone()), None),
            About::Item(id) => {
                let name = policy.item_name(*id);
                (Some(name.to_owned()), policy.facts().collection.items.get(name).map(|i| i.label.in_lang(lang)))
            }
        };
        Told {
            code: self.code.name(),
            kind: self.code.kind(),
            clause: self.code.clause(),
            citation: citation(policy, self.code),
            text: label.map_or_else(|| text.clone(), |label| format!("{label}: {text}")),
            remedy: remedy.to_owned(),
            item,
        }
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
            for law in ["cn-pipl", "eu-gdpr"] {
                let pack = LawPack::named(law).unwrap();
                assert!(cited(pack, *code).is_some(), "{} cites nothing of {law}: {}", code.name(), code.records());
            }
        }
    }
}
