# 隐私中心以外的站点页面。

home-title = 您的个人信息
home-head = 您的信息，由您查阅、更正、复制和删除
home-lead = { $site }按隐私政策运行：每次使用您的信息之前都先对照政策核验，并留下您可以查阅的记录。在这里可以看到我们持有什么、为何持有、谁使用过。
home-centre = 打开隐私中心
home-policy = 阅读隐私政策

summary-title = 政策摘要
summary-version = { $version } 版，自 { $date }起生效。
summary-what = 收集哪些信息
summary-what-text = 开立账号需要{ $items }，以及一种联系方式。其他信息只在您使用相应功能时收集。
summary-why = 信息用于何处
summary-why-text = 用于运行您的账号和您使用的功能。未经您同意不作他用；以下各项在您开启之前均为关闭：{ $purposes }。
summary-who = 谁会得到
summary-who-text = 只提供给相应功能所必需的对象，且只提供必需的内容：{ $names }。法律要求时提供给国家机关。我们不出售信息。
summary-where = 存放在哪里
summary-where-text = 存放在{ $region }，每个人使用各自的密钥加密；您离开时，该密钥即被销毁。
summary-abroad = 部分信息会出境，每次均须您单独同意。
summary-not-abroad = 信息不出境。
summary-rights = 您可以做什么
summary-rights-text = 您可以随时自行查阅、更正、复制、删除、撤回同意或注销账号。咨询和投诉在 { $within }内答复。

join-title = 注册
join-lead = 我们只询问开立账号所需的信息，每一项都说明用途。
join-contacts = 一种联系方式
join-contacts-why = 填写其中一项即可。用于在您忘记密码时帮您找回，并告知您政策变更。
join-age = 您的年龄
join-age-why = 我们只询问年龄段，不询问出生日期。依法律规定，未满 { $age } 周岁须由父母或其他监护人同意。
join-age-under = 未满 { $age } 周岁
join-age-teen = { $from } 至 { $to } 周岁
join-age-adult = 年满 { $age } 周岁
join-age-missing = 请选择您所在的年龄段。
join-age-guardian = 需要先由你的父母或其他监护人同意。他们可在自己的隐私中心“儿童与监护人”中为你生成代码，请将代码填在年龄下方。代码仅可使用一次，七天内有效。
join-off = 注册不会开启其他任何用途。以下各项在您选择之前均为关闭：{ $purposes }。
join-contract = 注册即按隐私政策 { $version } 版与我们订立合同。
join-read = 先阅读政策
join-button = 注册
join-have = 已有账号？
join-taken = 该信息已被使用。如果是您本人的，请直接登录。
join-contact-missing = 请填写手机号码或电子邮箱。

field-required = 此项必填。
field-password-hint = 至少 { $count } 个字符。可以用一句话，允许空格。
field-password-short = 至少需要 { $count } 个字符，目前为 { $given } 个。
field-password-common = 该密码在常见或已泄露密码之列，请另选一个。
field-user-name-hint = 3 至 32 个字母、数字、点、短横或下划线。
field-user-name-bad = 请使用 3 至 32 个字母、数字、点、短横或下划线。
field-phone-hint = 例如 +86 199 0000 1234。
field-phone-bad = 这不是有效的电话号码。请带国家代码填写，例如 +86 199 0000 1234。
field-email-bad = 这不是有效的电子邮箱。格式如 name@mail.example。
field-long = 内容过长，最多 { $count } 个字符。

login-title = 登录
login-name = 用户名、手机号码或电子邮箱
login-password = 密码
login-button = 登录
login-failed = 账号与密码不匹配，请核对后重试。
login-wait = 尝试次数过多，请等待 { $seconds } 秒。
login-cookie = 登录只会设置一个用于保持登录状态的 Cookie。
login-none = 还没有账号？
login-lost = 忘记密码，或无法使用手机、邮箱？
login-again = 重新登录

logged-out-title = 您已退出登录
logged-out-text = 此设备已无法访问您的账号，浏览器也已被告知清除保留的页面。

policy-title = 隐私政策
policy-dated = { $version } 版，自 { $date }起生效
policy-past = 这是较早的版本，有效期至 { $date }。
policy-now = 阅读现行版本
policy-save = 另存为文本文件
policy-contents = 目录
policy-versions = 版本与变更
policy-version = 政策 { $version } 版
policy-first = 这是第一个版本。
policy-changed = 与上一版本相比的变更：
policy-major = 重大
policy-from = 自 { $date }起
policy-current = 现行
policy-digest = 事实与文字的指纹，每次同意和每条记录均引用它：

contact-title = 联系客服
contact-lead = 我们在 { $within }内答复：您今天提出的事项，最晚于 { $date }答复。
contact-us = 联系我们
contact-mail = 个人信息事务
contact-officer = 个人信息保护负责人
contact-post = 邮寄地址
contact-say = 请说明事由和我们答复您的方式。无需账号，除答复所需外我们不会询问其他信息。
contact-without = 没有账号、手机或邮箱
contact-without-text = 不登录也可以行使全部权利：无法登录、从未注册、代他人办理，或亲属去世。请写信给我们；我们只会询问确认您的身份或代理权限所需的信息。
contact-above = 对我们的答复不满意
contact-above-text = 您可以随时向监管机构投诉或向法院起诉，无需先向我们提出。
contact-regulator = 监管机构
contact-court = 法院
