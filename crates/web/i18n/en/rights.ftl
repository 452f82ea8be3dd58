# The rights: correct, delete, copy, consent, leave.

correct-title = Correct: { $item }
correct-now = Held now: { $value }
correct-password-why = This is a way into your account, so we make sure that it is you.
correct-take-back = We tell the old address of the change; from there it can be taken back for { $days } days.
correct-wrong-password = This is not your password. Nothing was changed.
passkey-made = The passkey is made. All other logins have ended.
passkey-removed = The passkey is removed. All other logins have ended.
corrected = Saved. Every use from now on has the new value.

delete-title = Delete: { $item }
delete-what = It is gone at once and for good: there is no hidden copy. Encrypted backups roll off within { $backups }.
delete-button = Delete it
deleted-title = Deleted
deleted-text = { $item }, deleted { $at }.
deleted-backups = Encrypted backups that still hold it roll off within { $backups }.

export-head = Get a copy of your data
export-lead = Everything is chosen already. One press makes one file.
export-button = Make my copy
export-proof = Everything is in this copy, so first show that it is you.
export-parts = What goes in
export-inside = What is inside
export-inside-text = A zip file with a page you can read, the same as JSON for other services, and a list of every file with its hash. Only you can fetch it, logged in. Your password is not in it.

consents-head = What you agreed to
consents-lead = Each switch works on the very next use. Saying no costs you only what is said here.
consent-on = On
consent-off = Off
consent-change = change
consent-uses = Uses: { $items }.
consent-goes = Goes to: { $names }.
consent-stops = If you turn it off: { $what }
consent-last = Nothing was changed: the account elsewhere is the only way into yours. Choose a password or confirm a contact first, then turn it off here.
consent-without = While it is off: { $what }
consent-separate = asked separately, as the law requires
consent-on-since = on since { $at }
consent-off-since = off since { $at }
consent-never = off; you never turned it on
consent-given = turned on
consent-withdrawn = turned off
consents-fixed = What has no switch
consents-fixed-text = These rest on something other than your consent. You can still object: write to us.
consents-history = Your answers so far
consents-history-none = You have not turned anything on or off yet.

cancel-lead = You can leave here and now. No call, no letter, no reason asked.
cancel-copy = Take a copy along
cancel-copy-text = After erasure we cannot give you one.
cancel-then = What happens
cancel-then-stop = At once: every use of your data stops but keeping it.
cancel-then-wait = For { $period } you can change your mind with one click. Logging in alone changes nothing.
    Erasure is on { $date }.
cancel-then-erase = Then your key is destroyed, and everything encrypted with it is unreadable for good. Encrypted backups roll off within { $backups }.
cancel-then-done = All of it is done by { $date } at the latest.
cancel-kept = What the law makes us keep
cancel-do = Leave
cancel-password = Your password
cancel-password-why = So that nobody else can do this in your name.
cancel-button = Leave, with time to think
cancel-now-button = Erase everything now
cancel-now-text = “Now” cannot be undone, by you or by us.
cancel-wrong-password = This is not your password. Nothing was changed.

kept-nothing = Nothing is kept.
cancelling-name = Your account
cancelling-strip = Your account is being cancelled and is erased on { $date }.
cancelling-link = Keep it, or erase it now
cancelling-title = Your account is being cancelled
cancelling-lead = You asked for it on { $since }. On { $date } your data is erased. Until then nothing is used; it only rests. You may log in and take a copy without changing that.
cancelling-keep = Keep my account
cancelling-now = Do not wait
cancelling-kept-again = Your account stays. Your consents are as they were.

erased-title = Your data is erased
erased-lead = Your key was destroyed at { $at }. Nobody can read what was encrypted with it, neither we nor anyone who takes our disks.
erased-proof = Evidence
erased-proof-text = The log holds an entry of this erasure without your name. Keep its number: with it, anyone can check that the entry stands.
kept-by-law = the law requires it

waiting-title = Brought over from an older system
waiting-none = Nothing waits for your answer.
waiting-lead = We found this about you in a system we used before, and cannot show on what basis it was collected. It rests encrypted and is used for nothing. What becomes of it is your decision.
waiting-consent = Keeping it means that you agree to this use. You can withdraw that at any time, just as easily.
waiting-other = Kept, it serves this purpose alone and stands in your overview.
waiting-until = Without an answer it is deleted: { $at }
waiting-keep = Keep it
waiting-delete = Delete it
waiting-note = Something brought over from an older system waits for your answer.
waiting-go = Decide
