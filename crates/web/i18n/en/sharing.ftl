# Sharing: recipients, services, and what they are told.

part-recipients = Recipients
recipients-lead = Who outside gets data. What the policy declares and what was found since decide together; what is stopped stands first.
recipients-none = The policy names no recipient.
recipient-state = State
recipient-expires = Agreement ends
recipient-due = Next check
recipient-open = Not confirmed
recipient-state-active = may receive
recipient-state-ended = ended
recipient-state-suspended = suspended
recipient-state-failed = failed its check
recipient-state-unbound = no agreement in force
recipient-state-overdue = check overdue
recipient-role = Role
recipient-contact = Contact
recipient-hosts = Hosts
recipient-agreement = Agreement
recipient-unconfirmed = What it has not confirmed
recipient-unconfirmed-text = It was given something of these people and must follow. Tell it, and enter its answer here when it comes by letter or mail.
recipient-late = late
recipient-confirm-by = expected by { $at }
recipient-confirm = It has confirmed
recipient-check = Record a check
recipient-finding = What was looked at and found
recipient-finding-hint = In a few sentences, without personal data. File the evidence below.
recipient-next = The check holds until
recipient-pass = Passed
recipient-fail = Failed: stop the flow
recipient-checks = Checks
recipient-checks-none = None was recorded; the day the policy declares counts.
recipient-passed = passed
recipient-failed = failed
recipient-holds = holds until { $at }
recipient-documents = Documents
recipient-documents-none = Nothing is filed.
document-agreement = Agreement
document-evidence = Evidence of a check
document-deletion = Certificate of deletion
recipient-file = File
recipient-suspend = Suspend
recipient-suspend-text = Nothing more goes there, from any node, as soon as this is saved.
recipient-resume = Resume
recipient-resume-text = Data may go there again, as far as agreement and checks allow.
recipient-reason = Reason
recipient-end = End the relation
recipient-end-text = For good: a new relation is a new recipient of the policy.
recipient-end-certificate = To end it, file the certificate that it deleted or gave back the data (PIPL 21).
recipient-wrong-required = Say it in a sentence: nothing was saved.
recipient-wrong-too-long = That is too long: nothing was saved. File what does not fit as a document.
recipient-wrong-not-a-day = Name a day from today on: nothing was saved.
recipient-wrong-not-a-document = Choose a file of at most 8 MiB: nothing was saved.
recipient-not-now = That is not possible in this state: nothing was saved.
event-withdrawal = Consent withdrawn
event-restriction = Processing restricted
event-lifting = Restriction ended
event-correction = Corrected
event-deletion = Deleted
event-cancellation = Account being cancelled
event-erasure = Erased
check-recipients = Recipients
check-recipients-good = Every recipient is bound and checked.
check-recipients-bad = Look at: { $names }.
check-readers = Withdrawals and erasures passed on
check-readers-good = All that was passed on was acknowledged in time.
check-readers-bad = Late: { $names }.
check-services = Services
check-services-good = No service is suspended.
check-services-bad = Suspended: { $names }.
erased-told = Told to forget too
erased-told-text = They held something of yours. When the last of them has confirmed, that stands in the ledger.
act-recipient-checked = Recipient checked
act-recipient-failed = Recipient failed a check
act-recipient-suspended = Recipient suspended
act-recipient-resumed = Recipient resumed
act-recipient-ended = Relation with a recipient ended
act-recipient-filed = Document of a recipient filed
act-recipient-opened = Document of a recipient opened
act-recipient-confirmed = Confirmation of a recipient entered
act-rotate = Credential rotated
act-suspend = Service suspended
act-reinstate = Service let in again
act-acknowledge = Acknowledged
act-certify = Erasure certified
act-deliver = Handed over
act-token = Token made
act-token-revoked = Token revoked
part-sharing = Shared with others
sharing-lead = Who outside got something of yours, why and when. Nobody else did.
sharing-given = What was given
sharing-given-none = Nothing of yours was given to anybody outside.
sharing-recipients = Who may get something
sharing-recipients-text = Those who decide for themselves get nothing unless you switch them on. One click takes it back, from the next moment on.
sharing-may = May get: { $items }. For: { $purposes }.
sharing-times = { $count ->
    [0] Got nothing so far
    [one] Got something once
   *[other] Got something { $count } times
}
sharing-contact = Contact: { $contact }
sharing-policy = Its own policy: { $address }
sharing-told = What was passed on
sharing-told-text = When you correct, withdraw or delete something, everybody who holds it is told, and must confirm.
sharing-told-none = There was nothing to pass on.
sharing-confirmed = confirmed { $at }
sharing-unconfirmed = not confirmed yet
egress-queued = waits to be sent
egress-sending = being sent
egress-sent = received
egress-failed = not received
egress-unknown = not known whether it was received
egress-refused = stopped before it was sent
part-services = Services
services-lead = The applications that may call. Each claims the purposes it is bound to, and forgets within the time it declared.
services-none = No service is registered.
service-suspended = suspended
service-keeps = { $minutes ->
    [one] Keeps what it reads for a minute at most
   *[other] Keeps what it reads for { $minutes } minutes at most
}
service-keeps-nothing = Keeps nothing of what it reads
service-owes = { $count ->
    [0] Owes no acknowledgement
    [one] Owes 1 acknowledgement
   *[other] Owes { $count } acknowledgements
}
service-late = { $count } late
service-suspend = Suspend
service-resume = Let in again
