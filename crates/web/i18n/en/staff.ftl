# Operators, their roles, and what two people decide.

part-approvals = Approvals
part-operators = Staff

staff-role-customer-service = Customer service
staff-role-data-protection-officer = Data-protection officer
staff-role-auditor = Auditor
staff-role-administrator = Administrator

approval-state-open = Waiting for an answer
approval-state-approved = Allowed, not done yet
approval-state-refused = Not allowed
approval-state-used = Done
approval-state-emergency = Done in an emergency, to be reviewed
approval-state-reviewed = Reviewed
approval-state-lapsed = Lapsed

act-link = One-time link for staff made
act-session-end = Session of staff ended
act-operator-add = Account of staff made
act-operator-disable = Account of staff disabled
act-operator-enable = Account of staff enabled
act-role-grant = Role granted
act-role-take = Role taken back
act-ask-approval = Approval asked for
act-approve = Allowed by a second person
act-disapprove = Not allowed by a second person
act-break-glass = Done by one person in an emergency
act-review = Emergency reviewed
act-operator-link = New link for an account of staff
act-legal-hold = Legal hold
act-restore = Backup restored
act-policy-publication = Policy published
act-release = Handed to an authority
act-exception = Entry in the register of exceptions
act-key-destruction = Keys destroyed
act-export-on-behalf = Copy made on somebody's behalf
act-bulk-reveal = Values of many people shown

operator-name = Account
operator-name-hint = The name of a task, not of a person: 2 to 32 small letters, digits and dashes.
operator-password = Password
operator-code-hint = The six digits your authenticator shows now.
operator-code-wrong = That code is not right or is over. Type the one your authenticator shows now.
sign-in-button = Sign in
sign-in-failed = Account, password or code is not right. If you lost your authenticator, ask an administrator for a new link.
enrol-title = Choose a password and an authenticator
enrol-lead = From now on { $operator } signs in with both. Whatever was signed in before is signed out.
enrol-button = Keep both and sign in

operators-lead = Who of the staff may do what, and who is signed in. A role is granted by two people; what is taken away is gone at once.
operators-search = Account or role
operator-disabled = disabled
operator-not-enrolled = has not signed in yet
operator-no-roles = May do nothing yet.
operator-link = Link for { $operator }
operator-disable = Disable { $operator }
operator-enable = Enable { $operator }
operator-add = New account
operator-add-lead = It may do nothing until a role is granted. Make a link for it, and hand that to its holder.
operator-taken = There is an account of that name.
operator-own = Another administrator must change your own account.
operator-link-why = Password or authenticator is lost.
operator-sessions = Signed in now
operator-session = since { $since }, last active { $seen }
operator-end-session = End the session of { $operator }
role-used = last used on { $date }
role-unused = never used
role-suspended = suspended: { $why }
role-take = Take { $role } back
grant-title = Ask for a role
grant-lead = A second person is asked. Nobody grants a role alone.
grant-role = Role
grant-ask = Ask for approval

link-title = A link, shown once
link-lead = With it { $operator } chooses a password and an authenticator. Append it to the console's address.
link-once = It works once, within a day. Hand it over so that nobody else sees it.

approvals-lead = Acts that need two people. Whoever asks cannot allow; no answer in time is a no.
approvals-search = Account, or what it is about
approvals-none = Nothing fits this search.
approval-kind = Act
approval-what = What
approval-by = Asked by
approval-asked = Asked
approval-until = Until
approval-exactly = What exactly
approval-asking = The request
approval-why = Why
approval-answered-by = Answered by
approval-answer = In these words
approval-used = Done
approval-own = You asked for this. It waits for another person.
approval-words = Your reason
approval-review-words = What you found
approval-yes = Allow
approval-no = Do not allow
approval-review = Close the review
approval-do = Do it now
list-state = State
list-found = { $count ->
    [one] 1 entry
   *[other] { $count } entries
}
list-csv = Save as CSV

unapproved-unknown = There is no such request.
unapproved-own = You asked for this yourself. Another person must decide.
unapproved-role = Your account has no role that may ask for this or allow it.
unapproved-decided = This was decided already.
unapproved-waiting = Nobody has allowed this yet.
unapproved-late = Nobody allowed this in time, which is a no. Ask anew if it is still needed.
unapproved-other = What is to be done is not exactly what was allowed.
unapproved-not-yours = Only the person who asked for this may do it.
unapproved-no-emergency = This cannot be done by one person, not in an emergency either.
unapproved-no-reason = Say why, in a few words.

check-approvals-good = Nothing waits for a second person.
check-approvals-waiting = { $count ->
    [one] 1 request waits for a second person.
   *[other] { $count } requests wait for a second person.
}
check-approvals-emergency = { $count ->
    [one] 1 act was done by one person in an emergency and waits for a review.
   *[other] { $count } acts were done by one person in an emergency and wait for a review.
}
