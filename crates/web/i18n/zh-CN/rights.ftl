# 各项权利：更正、删除、复制、同意、注销。

correct-title = 更正：{ $item }
correct-now = 当前内容：{ $value }
correct-password-why = 此项可用于登录账号，需要确认是您本人操作。
correct-take-back = 我们会将变更通知原联系方式；{ $days } 天内可凭原联系方式撤销。
correct-wrong-password = 密码不正确，未作任何更改。
passkey-made = 通行密钥已创建，其他登录均已退出。
passkey-removed = 通行密钥已移除，其他登录均已退出。
corrected = 已保存。此后的使用均以新内容为准。

delete-title = 删除：{ $item }
delete-what = 立即彻底删除，不留隐藏副本。加密备份在 { $backups } 内滚动清除。
delete-button = 删除
deleted-title = 已删除
deleted-text = { $item }已于 { $at } 删除。
deleted-backups = 仍含该内容的加密备份在 { $backups } 内滚动清除。

export-head = 获取您的信息副本
export-lead = 已为您全部选中，一键生成一个文件。
export-button = 生成副本
export-proof = 副本包含全部信息，请先确认是您本人。
export-parts = 包含的内容
export-inside = 文件内容
export-inside-text = 一个 zip 文件，内含可直接阅读的网页、供其他服务使用的 JSON，以及全部文件及其哈希的清单。只有您登录后才能下载。不含您的密码。

consents-head = 您同意的事项
consents-lead = 每个开关在下一次使用时即刻生效。不同意的后果仅限于此处所述。
consent-on = 已开启
consent-off = 已关闭
consent-change = 更改
consent-uses = 使用：{ $items }。
consent-goes = 提供给：{ $names }。
consent-stops = 关闭后：{ $what }
consent-last = 未作任何更改：其他平台的账号是您登录这里的唯一方式。请先设置密码或验证联系方式，再在此关闭。
consent-without = 关闭期间：{ $what }
consent-separate = 依法单独征求同意
consent-on-since = 自 { $at } 开启
consent-off-since = 自 { $at } 关闭
consent-never = 关闭；您从未开启
consent-given = 开启
consent-withdrawn = 关闭
consents-fixed = 没有开关的事项
consents-fixed-text = 以下事项的依据不是您的同意。您仍可提出异议，请写信给我们。
consents-history = 您此前的选择
consents-history-none = 您尚未开启或关闭任何事项。

cancel-lead = 您可以立即在此注销。无需致电、写信或说明理由。
cancel-copy = 带走一份副本
cancel-copy-text = 抹除之后我们无法再提供副本。
cancel-then = 注销的过程
cancel-then-stop = 立即：除保存外，停止对您信息的一切使用。
cancel-then-wait = { $period } 内您可以一键反悔。仅登录不会改变注销状态。抹除日期为 { $date }。
cancel-then-erase = 随后销毁您的密钥，用它加密的全部内容永久不可读取。加密备份在 { $backups } 内滚动清除。
cancel-then-done = 全部过程最晚于 { $date }完成。
cancel-kept = 法律要求我们保留的内容
cancel-do = 注销
cancel-password = 您的密码
cancel-password-why = 防止他人冒用您的名义操作。
cancel-button = 注销，并保留反悔期
cancel-now-button = 立即抹除全部信息
cancel-now-text = “立即抹除”之后，您和我们都无法恢复。
cancel-wrong-password = 密码不正确，未作任何更改。

kept-nothing = 不保留任何内容。
cancelling-name = 您的账号
cancelling-strip = 您的账号正在注销，将于 { $date }抹除。
cancelling-link = 保留账号，或立即抹除
cancelling-title = 您的账号正在注销
cancelling-lead = 您于 { $since } 提出注销，信息将于 { $date }抹除。在此之前只作保存，不作任何使用。您可以登录并获取副本，这不会改变注销状态。
cancelling-keep = 保留我的账号
cancelling-now = 不再等待
cancelling-kept-again = 您的账号已保留，各项同意保持原状。

erased-title = 您的信息已抹除
erased-lead = 您的密钥已于 { $at } 销毁。用它加密的内容，我们和任何取得存储介质的人都无法读取。
erased-proof = 凭证
erased-proof-text = 账本中有一条不含您姓名的抹除记录。请保存其编号：任何人凭此都可核验该记录存在。
kept-by-law = 法律要求保存

waiting-title = 从旧系统迁移的信息
waiting-none = 没有等待您答复的内容。
waiting-lead = 我们在以前使用的系统中发现了您的以下信息，但无法证明当初收集的依据。它们已加密封存，不作任何使用。如何处理，由您决定。
waiting-consent = 保留即表示您同意此项使用；您可以随时同样方便地撤回。
waiting-other = 保留后仅用于这一目的，并显示在您的概览中。
waiting-until = 若未答复，将予删除：{ $at }
waiting-keep = 保留
waiting-delete = 删除
waiting-note = 从旧系统迁移的信息正等待您的答复。
waiting-go = 去处理
