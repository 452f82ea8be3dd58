//! The words of messages about a case: that something happened and where to see it, and nothing of what was written.
//!
//! Keeps promises 8.1 and 8.2. The code that opens a case without an account is in none of them: nobody showed that the
//! address is theirs, and a mailbox is no key.

use avouch_policy::model::Kind;
use avouch_store::CaseFile;

use super::words::What;
use crate::origin::Origin;

/// Subject line and text of a message about a case.
pub(crate) fn say(
    what: What,
    site: &str,
    case: &CaseFile,
    origin: Option<&Origin>,
    language: &str,
    kind: Kind,
) -> (String, String) {
    let (number, zh) = (&case.number, language.starts_with("zh"));
    let (line, happened) = match (what, zh) {
        (What::CaseAsked, false) => {
            ("we have a question for you", format!("we need an answer of yours to go on with your message {number}."))
        }
        (What::CaseAsked, true) => ("请您补充说明", format!("您的留言 {number} 需要您补充说明后才能继续处理。")),
        (What::CaseTaken, false) => {
            ("we are working on your message", format!("we have begun to work on your message {number}."))
        }
        (What::CaseTaken, true) => ("您的留言正在处理", format!("您的留言 {number} 已开始处理。")),
        (What::CaseMoved, false) => (
            "the day of our answer has moved",
            format!("the last day for our answer to your message {number} has moved."),
        ),
        (What::CaseMoved, true) => ("答复期限有调整", format!("您的留言 {number} 的答复期限有调整。")),
        (What::CaseClosed, false) => (
            "our answer to your message",
            format!(
                "we have answered your message {number} and closed it. The letter says why, and where else you can turn."
            ),
        ),
        (What::CaseClosed, true) => {
            ("对您留言的答复", format!("您的留言 {number} 已答复并办结。答复信中写明了理由和其他救济途径。"))
        }
        (_, false) => ("there is an answer for you", format!("customer service has answered your message {number}.")),
        (_, true) => ("客服已回复", format!("客服已回复您的留言 {number}。")),
    };
    let path = if case.guest { format!("/contact/case/{number}") } else { format!("/privacy/cases/{number}") };
    let link = origin.map(|origin| format!("{}{path}", origin.as_str()));
    let see = match (link, case.guest, zh) {
        (Some(link), true, false) => {
            format!("To see it, open {link} and enter your code, or open the link you kept.")
        }
        (Some(link), true, true) => format!("请打开 {link} 并输入您的代码，或打开您保存的链接查看。"),
        (Some(link), false, false) => format!("To see it, log in at {link}"),
        (Some(link), false, true) => format!("请登录后查看：{link}"),
        (None, true, false) => "To see it, open the link you kept.".into(),
        (None, true, true) => "请打开您保存的链接查看。".into(),
        (None, false, false) => "To see it, log in and look under \"Messages and requests\".".into(),
        (None, false, true) => "请登录后在“留言与请求”中查看。".into(),
    };
    let stranger = match (case.guest, zh) {
        (true, false) => {
            " If you did not write to us, somebody gave your address by mistake: you need not do anything."
        }
        (true, true) => "如您未曾给我们留言，可能是他人误填了您的邮箱，无需处理。",
        (false, _) => "",
    };
    let text = if zh {
        format!("{site}：{happened}\n{see}\n为保护您的隐私，本消息不含往来内容。{stranger}")
    } else {
        format!("{site}: {happened}\n{see}\nTo protect you, nothing of what was written is in this message.{stranger}")
    };
    let line = if zh { format!("{site}：{line}") } else { format!("{site}: {line}") };
    (if kind == Kind::Phone { String::new() } else { line }, text)
}
