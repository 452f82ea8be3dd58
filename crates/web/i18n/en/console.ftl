# The console, for staff.

part-today = Today
part-leaves = Ledger

enter-title = Sign in to the console
enter-lead = This link signs you in as { $operator }. It works once, within { $minutes } minutes.
enter-button = Sign in as { $operator }
enter-recorded = Signing in is recorded in the ledger.

today-well = All is well
today-unwell = Something needs you
today-good = well
today-bad = look
today-health = Health
today-counts = Numbers
today-leaves = Latest entries
today-all-leaves = The whole ledger

leaves-table = Entries of the ledger
leaves-search = Entry, purpose, data or actor
leaves-any = any
leaves-find = Find
leaves-found = { $count ->
    [one] 1 entry
   *[other] { $count } entries
}
leaves-none = Nothing fits this search. Try fewer words, or any act.
leaf-title = Entry { $index }
check-ledger = Ledger
check-ledger-good = Acts are recorded.
check-retention = Retention
check-retention-good = Nothing is kept past its end.
check-retention-bad = { $count } records are past their end and wait for the sweep.
check-jobs = Jobs
check-jobs-good = No job fails.
count-subjects = People
count-cancelling = Leaving
count-records = Records
count-consents = Consents in force
count-held = Kept by law
count-leaves = Entries of the ledger

check-messages = Messages to people
check-messages-good = Everything that was to be sent was taken.
check-messages-bad = { $count } could not be sent and were given up: see the jobs that failed.
check-messages-ceiling = Today's ceiling is reached for: { $channels }. Nothing more of it goes out until tomorrow; look for who asks for so many codes.
