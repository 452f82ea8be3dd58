# Retention, for people (on the page of an item) and for staff.

until-after-withdrawn = { $period } after you withdraw the consent
until-after-used = { $period } after it was last used
until-purpose = what it is for is done
until-after-purpose = { $period } after what it is for is done
until-contract = the contract ends
until-after-contract = { $period } after the contract ends
record-ends = Deleted on { $date }. Kept longest for: { $purpose } (until { $why }).
record-open = Kept for: { $purpose }, until { $why }.

part-retention = Retention
retention-lead = What is past its end is unreadable at once, and the next sweep deletes it: every hour, and when a consent ends.
retention-now = The next sweep
retention-now-none = Nothing is past its end.
retention-item = Data
retention-kind-record = stored
retention-kind-signal = sent by devices
retention-kind-held = kept by law
retention-rule = Rule
retention-then = Then
retention-then-delete = deleted
retention-then-anonymise = counted before, then deleted
retention-count = How many
retention-held-back = { $count ->
    [one] One record past its end is held and not deleted. Nobody can read it.
   *[other] { $count } records past their end are held and not deleted. Nobody can read them.
}
retention-unused = Unused accounts: { $noticed } will be told, { $closed } will be closed.
rule-collected = { $purpose }: { $period } after collection
rule-last-used = { $purpose }: { $period } after the last use
rule-purpose-ended = { $purpose }: { $period } after the end of the purpose
rule-contract-ended = { $purpose }: { $period } after the end of the contract
rule-account-cancelled = { $purpose }: with the account
rule-consent-withdrawn = { $purpose }: { $period } after the withdrawal of the consent
retention-forecast = What will end
retention-forecast-lead = By month, as ends stand today. What waits for an event, such as the end of an account, is in no month.
retention-month = Month
retention-plot = Column chart of what will end in each month; the same numbers stand in the table below.
retention-json = The forecast with every item, as JSON
retention-anonymous = Kept as anonymous counts
retention-anonymous-lead = Groups that are too small, or tell too little apart, are refused: nothing of them is kept.
retention-anonymous-none = Nothing was counted yet.
retention-cohort = { $purpose }, ending { $cohort }: { $passed } groups kept, { $refused } refused (at least { $k } people, { $l } different things said)
retention-sweeps = Certificates
retention-sweeps-lead = Each can be checked by anybody with the key of the log: avouch retention check.
retention-sweeps-none = No sweep has run yet.
retention-sweep = Certificate { $log }/{ $index }

act-expire = Deleted at its end
act-sweep = Sweep of what has ended
act-end = Purpose ended
act-reckon = Ends reckoned anew
act-notice-unused = Told that the unused account goes
act-close-unused = Unused account closed
act-anonymise = Counted to be anonymous
