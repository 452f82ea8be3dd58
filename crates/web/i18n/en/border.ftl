# Across the border: the separate consent of 5.4, and the counts staff look at.

abroad-head = Recipients abroad
abroad-lead = Each gets something only while its own switch is on. What you are told here is what your consent is bound to.
abroad-where = Where
abroad-contact = Contact
abroad-purposes = What for
abroad-method = In what way
abroad-kinds = Kinds of data
abroad-rights = Your rights there
abroad-without = Off, nothing of yours goes there; everything that does not need it works as before.

part-border = Border
border-lead = People whose data went abroad since the day the law counts from, each once, all recipients together.
border-none = The law in force counts nobody.
border-year = Counted in { $year }
border-plain = Ordinary data
border-sensitive = Sensitive data
border-count = { $people } of { $threshold } people
border-warn = warned from { $warn }
border-well = below the warning
border-near = near the threshold
border-reached = reached: nothing more goes by a mechanism that does not cover it
border-tasks = To be seen to
border-tasks-none = No threshold has come near.
border-task-near = { $people } people reached: prepare the mechanism the law asks from the threshold on.
border-task-reached = The threshold of { $people } people is reached: what the mechanism on file does not cover is stopped.
border-due = due { $date }
border-due-provisional = due { $date }, provisional until the calendar of that year is published
border-what = What was done
border-what-hint = Such as the number of the filing or the assessment. No personal data.
border-done = Enter as done
border-done-by = Done by { $operator }: { $what }
border-recipients = Mechanisms on file
border-recipients-none = The policy names no recipient abroad.
border-mechanism = { $mechanism }, { $reference }
border-valid = in force until { $date }
border-valid-open = in force, no end entered
border-lapsed = not in force: nothing goes there
border-missing = none on file: nothing goes there
border-uncounted = Exempt by its case: not counted.

mechanism-security-assessment = Security assessment
mechanism-standard-contract = Standard contract
mechanism-certification = Certification
mechanism-exemption = Exemption
mechanism-adequacy = Adequacy decision

act-threshold = Threshold of people abroad
act-threshold-done = Threshold seen to
