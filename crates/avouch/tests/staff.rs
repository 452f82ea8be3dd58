//! What two people decide, on both engines.
//!
//! Keeps promises 2.6, 2.7 and 5.6.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::sync::{Arc, Mutex};

use avouch::Fault;
use avouch::security::approval::LASTS;
use avouch::security::staff::{Change, grant};
use avouch::store::StaffRole::{Administrator, Auditor, CustomerService, DataProtectionOfficer};
use avouch::store::{ApprovalKind, ApprovalState, ExactAct, NotApproved, Operator, Outcome, StoreError};
use avouch_store::{Faults, Hold, Spent, Transact, Tx};
use avouch_testkit::{Engine, Home};
use jiff::SignedDuration;

macro_rules! on_both_engines {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { super::$name(super::Home::new(super::Engine::Sqlite).await).await; })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { super::$name(super::Home::new(super::Engine::Postgres).await).await; })*
        }
    };
}

on_both_engines!(
    promise_5_6_whoever_asks_cannot_allow,
    promise_5_6_only_the_role_for_it_asks_and_allows,
    promise_5_6_no_answer_in_time_is_a_no,
    promise_5_6_an_approval_is_spent_once_by_exactly_its_act,
    promise_5_6_a_grant_and_its_approval_fail_and_hold_together,
    promise_5_6_in_an_emergency_one_acts_and_another_reviews,
    promise_5_2_what_was_asked_about_a_person_is_emptied_by_the_erasure,
    promise_5_6_what_is_asked_and_answered_stands_in_the_ledger_with_its_actor,
);

async fn two(home: &Home) -> (Operator, Operator) {
    let first = home.operator("admin", &[Administrator]).await;
    let second = home.operator("officer", &[DataProtectionOfficer]).await;
    home.operator("desk", &[]).await;
    (first, second)
}

fn not(fault: Result<impl Sized, Fault>) -> NotApproved {
    match fault.err() {
        Some(Fault::NotApproved(not)) => not,
        other => panic!("{other:?}"),
    }
}

async fn promise_5_6_whoever_asks_cannot_allow(home: Home) {
    let (admin, officer) = two(&home).await;
    let id = home.app.ask_approval(&admin, grant("desk", Auditor), "audits begin").await.unwrap();
    assert_eq!(not(home.app.answer_approval(&admin, id, true, "yes").await), NotApproved::Own);
    assert_eq!(not(home.app.carry_out(&admin, id).await), NotApproved::Waiting);
    home.app.answer_approval(&officer, id, false, "no audit is planned").await.unwrap();
    assert_eq!(not(home.app.answer_approval(&officer, id, true, "or yes").await), NotApproved::Decided);
    assert_eq!(not(home.app.carry_out(&admin, id).await), NotApproved::Decided, "a no stays a no");
    assert!(home.staff("desk").await.grants.is_empty());
    let approval = home.app.approval(id).await.unwrap();
    assert_eq!((approval.state, approval.answer.as_str()), (ApprovalState::Refused, "no audit is planned"));
}

async fn promise_5_6_only_the_role_for_it_asks_and_allows(home: Home) {
    let (admin, officer) = two(&home).await;
    let desk = home.operator("front", &[CustomerService]).await;
    let hold = ExactAct::new(ApprovalKind::LegalHold).with("reason", "court");
    assert_eq!(not(home.app.ask_approval(&desk, hold.clone(), "asked").await), NotApproved::Role);
    assert_eq!(not(home.app.ask_approval(&admin, hold.clone(), "asked").await), NotApproved::Role);
    assert_eq!(not(home.app.ask_approval(&officer, hold.clone(), "  ").await), NotApproved::NoReason);
    let id = home.app.ask_approval(&officer, hold, "a court asks").await.unwrap();
    assert_eq!(not(home.app.answer_approval(&admin, id, true, "yes").await), NotApproved::Role);
    // An officer on paper who is disabled, or whose role was taken back, allows nothing, whatever the page still knew.
    let other = home.operator("deputy", &[DataProtectionOfficer]).await;
    home.app.change_operator(&admin, "deputy", Change::Disable).await.unwrap();
    assert_eq!(not(home.app.answer_approval(&other, id, true, "yes").await), NotApproved::Role);
    home.app.change_operator(&admin, "deputy", Change::Enable).await.unwrap();
    home.app.change_operator(&admin, "deputy", Change::Take(DataProtectionOfficer)).await.unwrap();
    assert_eq!(not(home.app.answer_approval(&other, id, true, "yes").await), NotApproved::Role);
}

async fn promise_5_6_no_answer_in_time_is_a_no(home: Home) {
    let (admin, officer) = two(&home).await;
    let late = home.app.ask_approval(&admin, grant("desk", Auditor), "audits begin").await.unwrap();
    let unused = home.app.ask_approval(&admin, grant("desk", CustomerService), "joins the desk").await.unwrap();
    home.app.answer_approval(&officer, unused, true, "known to me").await.unwrap();
    home.clock.advance(LASTS);
    assert_eq!(not(home.app.answer_approval(&officer, late, true, "yes").await), NotApproved::Late);
    assert_eq!(not(home.app.carry_out(&admin, unused).await), NotApproved::Late, "allowed, and not done in time");
    assert!(home.app.approvals().await.unwrap().iter().all(|a| a.state == ApprovalState::Lapsed));
    assert_eq!(home.app.approvals_waiting().await.unwrap(), (0, 0));
}

/// An act with an approval, as a use case does it.
struct Act {
    by: &'static str,
    id: avouch::store::ApprovalId,
    act: ExactAct,
}

impl Transact for Act {
    const NAME: &'static str = "act with an approval";
    type Out = Result<Spent, NotApproved>;
    type Fault = StoreError;

    fn subjects(&self, _: &mut Vec<(avouch::store::SubjectId, Hold)>) {}

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        tx.spend_approval(self.id, &self.act, self.by).await
    }
}

async fn promise_5_6_an_approval_is_spent_once_by_exactly_its_act(home: Home) {
    let (admin, officer) = two(&home).await;
    let act = grant("desk", Auditor);
    let id = home.app.ask_approval(&admin, act.clone(), "audits begin").await.unwrap();
    home.app.answer_approval(&officer, id, true, "agreed").await.unwrap();
    let spend = |by, act| home.app.store.transact(Act { by, id, act });
    for other in [
        grant("desk", Administrator),
        grant("admin", Auditor),
        act.clone().with("until", "2027-01-01"),
        ExactAct::new(ApprovalKind::OperatorLink).with("operator", "desk").with("role", "auditor"),
    ] {
        assert_eq!(spend("admin", other).await.unwrap(), Err(NotApproved::Other));
    }
    assert_eq!(spend("officer", act.clone()).await.unwrap(), Err(NotApproved::NotYours));
    // Two nodes at once: one of them does it.
    let node = home.node("b", None).await;
    let (one, two) =
        tokio::join!(spend("admin", act.clone()), node.store.transact(Act { by: "admin", id, act: act.clone() }));
    let done: Vec<_> = [one, two].into_iter().map(Result::unwrap).collect();
    assert_eq!(done.iter().filter(|d| d.is_ok()).count(), 1, "{done:?}");
    assert_eq!(spend("admin", act).await.unwrap(), Err(NotApproved::Decided));
    let spent = done.into_iter().find_map(Result::ok).unwrap();
    assert_eq!((spent.asked_by.as_str(), spent.allowed_by.as_deref()), ("admin", Some("officer")));
}

/// Fails the next commit at a point, once.
#[derive(Default)]
struct Once(Mutex<Option<&'static str>>);

impl Faults for Once {
    fn strike(&self, point: &'static str) -> bool {
        let mut armed = self.0.lock().unwrap();
        let hit = *armed == Some(point);
        if hit {
            *armed = None;
        }
        hit
    }
}

async fn promise_5_6_a_grant_and_its_approval_fail_and_hold_together(home: Home) {
    let (admin, officer) = two(&home).await;
    let once = Arc::new(Once::default());
    let app = home.node("b", Some(Arc::clone(&once) as _)).await;
    let arm = |point| *once.0.lock().unwrap() = Some(point);
    let leaves = async |act: &str| {
        let all = home.app.latest_leaves(1_000_000).await.unwrap();
        all.iter().filter(|e| e.leaf.act == act && e.leaf.outcome == Outcome::Done).count()
    };
    let id = home.app.ask_approval(&admin, grant("desk", Auditor), "audits begin").await.unwrap();
    let state = async || home.app.approval(id).await.unwrap().state;

    arm("before commit");
    app.answer_approval(&officer, id, true, "agreed").await.expect_err("it fails");
    assert_eq!((state().await, leaves("approve").await), (ApprovalState::Open, 0));
    arm("after commit");
    app.answer_approval(&officer, id, true, "agreed").await.expect_err("the answer is lost");
    assert_eq!((state().await, leaves("approve").await), (ApprovalState::Approved, 1));

    arm("before commit");
    assert!(app.carry_out(&admin, id).await.is_err());
    assert_eq!(state().await, ApprovalState::Approved);
    assert!(home.staff("desk").await.grants.is_empty(), "not granted, and the approval is unspent");
    let before = leaves("role-grant").await;
    arm("after commit");
    assert!(app.carry_out(&admin, id).await.is_err());
    assert_eq!((state().await, leaves("role-grant").await), (ApprovalState::Used, before + 1));
    assert!(home.staff("desk").await.may(&[Auditor]), "granted, and the approval is spent");
    assert_eq!(not(home.app.carry_out(&admin, id).await), NotApproved::Decided, "once");
}

/// An act in an emergency, as a use case does it.
struct Emergency {
    by: &'static str,
    act: ExactAct,
    why: &'static str,
}

impl Transact for Emergency {
    const NAME: &'static str = "act in an emergency";
    type Out = Result<Spent, NotApproved>;
    type Fault = StoreError;

    fn subjects(&self, _: &mut Vec<(avouch::store::SubjectId, Hold)>) {}

    async fn run(&self, tx: &mut Tx<'_>) -> Result<Self::Out, StoreError> {
        tx.break_glass(&self.act, self.by, self.why).await
    }
}

async fn promise_5_6_in_an_emergency_one_acts_and_another_reviews(home: Home) {
    let (admin, officer) = two(&home).await;
    let deputy = home.operator("deputy", &[DataProtectionOfficer]).await;
    let act = |by, act, why| home.app.store.transact(Emergency { by, act, why });
    let exception = || ExactAct::new(ApprovalKind::Exception).with("code", "life");
    let grants = act("admin", grant("admin", DataProtectionOfficer), "urgent").await.unwrap();
    assert_eq!(grants, Err(NotApproved::NoEmergency), "nobody grants themselves a role in an emergency");
    assert_eq!(act("admin", exception(), "urgent").await.unwrap(), Err(NotApproved::Role));
    assert_eq!(act("officer", exception(), "").await.unwrap(), Err(NotApproved::NoReason));
    let spent = act("officer", exception(), "someone is missing").await.unwrap().unwrap();
    assert_eq!(home.app.approvals_waiting().await.unwrap(), (0, 1), "the review stands open");
    home.clock.advance(SignedDuration::from_hours(24 * 90));
    assert_eq!(home.app.approvals_waiting().await.unwrap(), (0, 1), "and does not lapse");
    assert_eq!(not(home.app.review_emergency(&officer, spent.id, "fine").await), NotApproved::Own);
    assert_eq!(not(home.app.review_emergency(&admin, spent.id, "fine").await), NotApproved::Role);
    assert_eq!(not(home.app.review_emergency(&deputy, spent.id, " ").await), NotApproved::NoReason);
    home.app.review_emergency(&deputy, spent.id, "the police report is on file").await.unwrap();
    assert_eq!(home.app.approvals_waiting().await.unwrap(), (0, 0));
    assert_eq!(not(home.app.review_emergency(&deputy, spent.id, "again").await), NotApproved::Decided);
}

async fn promise_5_2_what_was_asked_about_a_person_is_emptied_by_the_erasure(home: Home) {
    let (_, officer) = two(&home).await;
    let subject = home.person(1).await.subject;
    let act = ExactAct::new(ApprovalKind::ExportOnBehalf).about(subject);
    let id = home.app.ask_approval(&officer, act, "asked by letter").await.unwrap();
    assert_eq!(home.app.approval(id).await.unwrap().act.part("subject"), Some(subject.to_string().as_str()));
    home.app.erase(subject).await.unwrap();
    assert_eq!(home.app.approval(id).await.unwrap().act.parts().count(), 0);
}

async fn promise_5_6_what_is_asked_and_answered_stands_in_the_ledger_with_its_actor(home: Home) {
    let (admin, officer) = two(&home).await;
    let id = home.app.ask_approval(&admin, grant("desk", Auditor), "audits begin").await.unwrap();
    home.app.answer_approval(&admin, id, true, "mine").await.expect_err("own");
    home.app.answer_approval(&officer, id, true, "agreed").await.unwrap();
    home.app.carry_out(&admin, id).await.unwrap();
    let leaves = home.app.latest_leaves(4).await.unwrap();
    let told: Vec<_> =
        leaves.iter().rev().map(|e| (e.leaf.act.as_str(), e.leaf.actor.as_str(), e.leaf.outcome)).collect();
    assert_eq!(
        told,
        [
            ("ask-approval", "admin", Outcome::Done),
            ("approve", "admin", Outcome::Refused),
            ("approve", "officer", Outcome::Done),
            ("role-grant", "admin", Outcome::Done),
        ]
    );
    assert!(leaves.iter().all(|e| e.leaf.commitment.is_some()), "each commits to the exact act");
}
