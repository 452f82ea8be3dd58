# 业务转移（4.3）。

transfer-head = 业务转移
transfer-none = 目前没有业务转移。
transfer-announced = { $name }将于 { $day } 接管本服务。
transfer-announced-text = 联系方式：{ $contact }。已有账号的用户可在隐私中心的“业务转移”中查看变更内容并提出反对。
transfer-lead = { $name }将于 { $day } 接管本服务及您的个人信息。
transfer-contact = 联系方式
transfer-bound = 接收方的义务
transfer-bound-text = 接收方继续履行本政策；如变更处理目的，须重新取得您的同意。
transfer-changes = 变更的目的
transfer-changes-text = 以下目的自现在起暂停，只有您重新开启后才会恢复。
transfer-same = 您的信息的处理目的没有变更。
transfer-object-text = 如您反对，您的信息不会被转移。
transfer-object = 反对转移
transfer-objected = 您已于 { $at } 反对：您的信息不会被转移。
transfer-accept = 撤回反对
transfer-done = 您的信息已转移；需要同意的部分仅在您同意的范围内转移。
transfer-kept = 您的信息未被转移。
transfer-off = 该转移已取消，对您没有任何变更。

consent-frozen = 该目的已暂停：业务转移将变更它，只有您重新同意后才会恢复。

act-transfer = 已公告业务转移
act-transfer-told = 已告知业务转移
act-transfer-object = 反对业务转移
act-transfer-accept = 撤回对业务转移的反对
act-transfer-left-out = 未纳入业务转移
act-transfer-complete = 业务转移完成
act-transfer-off = 业务转移已取消

role-successor = 承继业务
