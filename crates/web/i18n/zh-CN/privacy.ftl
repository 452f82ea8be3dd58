# 隐私中心：持有的信息及其使用。

part-overview = 持有的信息
part-uses = 谁使用过我的信息
part-consents = 同意管理
part-export = 获取副本
part-sessions = 登录设备
part-receipts = 凭证
part-cancel = 注销账号

overview-head = 我们持有的您的信息
overview-lead = 自您于 { $date }注册以来，共 { $count } 类信息。打开任意一类，可查看持有原因、使用情况和保存期限。
overview-used = { $count ->
    [0] 近 30 天未使用
   *[other] 近 30 天使用 { $count } 次
}
overview-absent = 未持有
overview-absent-text = 政策中还列有以下信息，我们并未持有您的：{ $items }。

item-held = 持有的内容
item-none = 我们未持有您的此类信息。
item-rests = 存放于{ $region }
item-delete = 删除
item-correct = 更正
item-reveal = 显示完整内容
item-reveal-why = 为防他人看到屏幕，内容已部分隐藏。输入密码即可查看完整内容。
item-reveal-button = 显示
item-why = 为何持有
item-until = 保存至
item-recipients = 哪些外部对象会得到
item-nobody = 没有。
item-reach = 联系方式：
item-needed = 账号运行需要此项，不能单独删除。您注销账号时将一并删除。
item-kept-by-law = 法律要求目前保存此项，不能单独删除。

until-account = 您注销账号时
until-withdrawn = 您撤回同意时
until-after-collected = 收集后 { $period }

uses-lead = 每次使用您的信息都要对照政策核验并留下记录。以下是这份记录的通俗说明。
uses-range = 时间范围：
uses-days = { $days ->
    [365] 近一年
   *[other] 近 { $days } 天
}
uses-none = 此期间未使用您的信息。
uses-count = 我们使用您的{ $items } { $count } 次，最近一次在 { $last }。
uses-not = 此期间未使用。
uses-by = 使用方：{ $who }
uses-details = 详情
uses-more = 另有 { $count } 条，见
uses-refused = 有 { $count } 次使用您信息的尝试因政策不允许而被拒绝。
uses-unused = 此期间未使用的用途

sessions-head = 您的登录设备
sessions-lead = { $count ->
    [1] 仅在此处登录。
   *[other] 共在 { $count } 处登录。
}
sessions-this = 当前设备
sessions-seen = 最近活动 { $at }
sessions-began = 登录于 { $at }
sessions-end = 下线
sessions-end-others = 全部其他设备下线
sessions-strange = 其中有不是您的登录？请将其下线、修改密码，并告知我们。

receipts-lead = { $count ->
    [0] 暂无记录。
   *[other] 对您信息的 { $count } 次处理，每次均有凭证。
}
leaf-when = 时间
leaf-act = 行为
leaf-outcome = 结果
leaf-who = 处理方
leaf-purpose = 用途
leaf-basis = 法律依据
leaf-items = 信息
leaf-recipient = 提供给
leaf-region = 区域
leaf-reasons = 拒绝的原因
leaf-proof = 凭证
leaf-covered = 账本中的第 { $index } 条；涵盖 { $size } 条的账本头已签名，事后改动会被任何核验者发现。
leaf-not-covered = 该条已写入。数分钟内签发的下一个账本头将涵盖它。
leaf-log = 账本
leaf-index = 序号
leaf-hash = 哈希
leaf-root = 账本头
leaf-digest = 政策
leaf-proof-save = 保存证明文件
leaf-proof-text = 任何人凭此文件即可核验该条记录确在账本之中，无需经过我们，也不会看到您的信息。记录本身不含个人信息。
sessions-unknown = 未知设备

# 登录与安全。

part-security = 登录与安全
security-lead = 您如何登录，以及如何防止他人登录。
security-contacts = 您的联系方式
security-contacts-why = 只有已验证的联系方式才能帮您找回账号：须由其持有人输入我们发送的验证码。
security-verified = 已验证
security-verified-at = 验证时间：{ $at }
security-not-verified = 未验证
security-unreachable = 本站不发送此类消息，暂时无法验证。
security-none = 未填写
security-verify = 验证：发送验证码
security-change = 更换
security-add = 添加
passkeys-title = 通行密钥
passkeys-lead = 通行密钥以您设备的指纹、面容或PIN码登录，这些信息不会离开设备。无需密码和验证码，其他网站也无法索取。
passkey-make = 创建通行密钥
passkey-lead = 浏览器会询问保存位置：本设备、密码管理器或安全密钥。
passkey-ends = 创建后，其他登录将全部退出，我们会通知您。
passkey-proof-lead = 请先确认是您本人。
passkey-name = 名称
passkey-name-hint = 1至{ $count }个字符，便于您日后辨认。
passkey-synced = 可在多台设备上使用
passkey-made-at = 创建时间：{ $at }
passkey-used-at = 最近使用：{ $at }
passkey-unused = 尚未使用
passkey-remove = 移除通行密钥
passkey-remove-lead = 移除后，{ $name }不能再用于登录。其他登录将全部退出，我们会通知您。请同时在您的设备上删除它。
passkey-last = 这是您账号仅存的登录方式。请先验证一个联系方式，或注销账号。
security-sessions = 查看登录位置
verify-title = 验证您的{ $item }
verify-button = 验证
verify-first = 您的{ $item }尚未验证，不能用于找回账号。
verify-sent = 您的{ $item }尚未验证。我们已向其发送验证码；在您输入之前，不能用于找回账号。
verify-first-go = 输入验证码
change-title = 修改密码
choose-title = 设置密码
change-lead = 修改后，其他登录将全部退出，我们会通过已验证的联系方式通知您。
change-current = 当前密码
change-contact-lead = 我们会向新的联系方式发送验证码。您输入后，新的才会取代旧的，并通知旧的联系方式。
factor-on-title = 开启第二重验证
factor-on-lead = 开启后，登录时除密码外还需输入身份验证器的验证码。开启时，其他登录将全部退出。
factor-on-go = 继续
factor-scan = 请用任意身份验证器应用扫描此图。
factor-picture = 供身份验证器扫描的二维码，下方有相同内容的文字
factor-type = 或在应用中手动输入此密钥：
factor-here = 或在本设备上打开身份验证器
factor-code-hint = 应用当前显示的六位数字。输入后即开启第二重验证。
factor-off-title = 关闭第二重验证
factor-off-lead = 关闭后，仅凭密码即可登录。其他登录将全部退出，我们会通知您。
recovery-title = 您的恢复码
recovery-lead = 每个恢复码可代替身份验证器使用一次。请抄写或打印保存，它们不会再次显示。
recovery-done = 我已保存
recovery-new = 重新生成恢复码
recovery-new-lead = 此前生成的恢复码将失效。
# 我的内容。

part-content = 我的内容
content-head = 您上传和发布的内容
content-lead = 您的文字、评论、图片和视频，最新的在前。您可以查看、撤回公开或删除。
content-file = 图片或视频
content-file-why = JPEG、PNG、WebP 或 GIF，不超过 20 MB；MP4 或 MOV，不超过 4 GB。保存前会去除拍摄地点、时间和设备等信息。动态 GIF 只保留第一帧。
content-send = 上传
content-private = 您上传的内容仅您自己可见。公开发布前会先征求您的同意。
content-consent = 同意公开发布
content-there = 已有内容
content-none = 暂无内容。
content-picture-of = { $at } 的图片
content-video-of = { $at } 的视频
content-public-since = 自 { $at } 起公开
content-only-you = 仅您可见
content-view = 查看
content-publish = 公开
content-unpublish = 撤回公开
content-older = 更早的内容
upload-cut = 文件未传完连接就中断了，未保存任何内容，请重新发送。
upload-busy = 当前上传过多，请稍后再试。
upload-empty = 请选择文件；该文件为空。
upload-too-large = 文件过大：图片不超过 20 MB，视频不超过 4 GB。
upload-quota = 您的空间已用完，请先删除部分内容。
upload-svg = SVG 图形可能包含程序，不予接受。请另存为 PNG 后发送。
upload-heic = 无法读取 HEIC 和 AVIF 图片。请另存为 JPEG 后发送。
upload-huge = 图片超过 5000 万像素，请缩小后再发送。
upload-bomb = 图片附带的信息远超正常大小。请去除后另存再发送。
upload-broken = 无法读取该文件。请打开后另存再发送。
upload-data-track = 该视频含有无法在此去除的数据轨道（例如位置）。请另存为不含该轨道的 MP4 后发送。
upload-unknown = 从内容看，这不是可接受的图片或视频格式：JPEG、PNG、WebP、GIF、MP4 或 MOV。

part-signals = 来自您的设备
signals-lead = 您使用的应用和浏览器向我们报告的内容，按种类和目的列出。您的副本中包含每一条记录。
signals-none = 目前未保存您的设备报告的任何内容。
signals-until = 最后一条的删除时间：{ $at }
signals-delete = 删除这些
signals-permissions = 您的设备所授予的权限
signals-permissions-none = 尚无设备向我们报告。
signals-permissions-text = 仅有权限并不会开启任何使用：是否使用由您的同意决定。您撤回同意后，应用会交还相应权限。
permission-granted = 已允许
permission-limited = 部分允许
permission-denied = 已拒绝

# 联合登录
joint-with = 或使用您在其他平台的账号：
joint-with-one = 使用{ $name }继续
joint-title = 使用{ $name }继续
joint-lead = { $name }会询问您是否同意告知我们您在该平台的身份。在您同意之前，我们不会收到任何信息。
joint-received = { $name }将提供给我们的信息
joint-why = 用途
joint-until = 保存至
joint-without = 如果不使用
joint-not = 您在该平台的密码不会提供给我们，我们也不会用该平台的邮箱查找您在这里的账号。
joint-policy = { $name }的隐私政策
joint-go = 前往{ $name }
joint-prove = 在允许其他平台账号登录您的账号之前，请确认是您本人。
joint-declined = 您在{ $name }未作出同意，我们没有收到任何信息。您可以重试，或使用其他方式登录。
joint-over = 操作超时、已被使用，或始于另一个浏览器。请重新开始。
joint-unreached = 暂时无法连接{ $name }，我们没有收到任何信息。请稍后重试，或使用其他方式登录。
joint-untrusted = 无法核验{ $name }的答复，因此未予采用。请重试，或使用其他方式登录。
joint-taken = 无法关联该{ $name }账号：它已被关联，或您在这里的账号已关联该平台的另一个账号。
joint-another = 您在{ $name }登录的账号并非关联到这里的账号，请使用已关联的账号登录。
joint-instead = 通过{ $name }确认您的身份
joint-show-title = 通过{ $name }确认您的身份
joint-show-lead = 即使您已登录{ $name }，也需在该平台重新登录一次，然后返回这里。
joint-show-received = 我们将得知是您本人以及您在该平台的登录时间；{ $name }会得知这里正在确认您的身份，但不会得知用途。
joint-join-title = 使用{ $name }注册
joint-join-lead = 这里还没有人使用该{ $name }账号。开立账号需要以下信息，无需设置密码。
joint-join-lead-called = { $called }，欢迎您。这里还没有人使用该{ $name }账号。开立账号需要以下信息，无需设置密码。
joint-join-have = 如果您在这里已有账号：请先登录，再到“联合登录”中关联。
joint-page-title = 联合登录
joint-page-lead = 您用于登录的其他平台账号，以及从该平台收到的信息。
joint-none = 您没有使用其他平台的账号登录。
joint-avatar = 来自{ $name }的头像
joint-account = 该平台账号
joint-nickname = 该平台昵称
joint-scopes = 您允许我们获取的内容
joint-linked = 同意时间
joint-receipt = 凭证
joint-used = 最近一次登录
joint-last = 这是您登录账号的唯一方式。请先验证电子邮箱或手机号码：之后您可凭验证码登录，并设置密码。
joint-last-go = 登录与安全
joint-leave = 不继续
joint-unlink-why = 终止后，将删除从{ $name }收到的信息，并通知{ $name }终止我们的访问权限。
joint-unlink = 终止并删除
joint-link = 关联您的{ $name }账号
part-joint = 联合登录
