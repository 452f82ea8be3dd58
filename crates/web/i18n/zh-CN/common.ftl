# 每个页面共用的文字，以及政策和账本中各代码的文字。

skip = 跳到正文
nav = 主导航
foot-nav = 政策、联系方式与语言
nav-policy = 隐私政策
nav-contact = 联系客服
nav-privacy = 隐私中心
nav-login = 登录
nav-logout = 退出登录
nav-join = 注册
console = 管理台
clause = 条款
optional = 选填
sensitive = 敏感
save = 保存
leave-it = 保持不变
back-to = 返回{ $item }
to-start = 回到首页
see-receipt = 查看凭证
receipt = 凭证
records = { $count } 条记录
date-provisional = （该年度的节假日安排尚未公布，此日期可能调整。）
form-wrong = 请再检查以下内容

coming-name = 政策变更
coming = 隐私政策 { $version } 版自 { $date }起生效。
coming-major = 本次变更涉及重要事项，需要您同意的部分我们会重新征求您的意见。
coming-read = 查看变更内容

paging = 翻页
paging-newer = 较新
paging-older = 较早

basis-contract = 履行与您的合同所必需
basis-consent = 您的同意
basis-separate-consent = 您的单独同意
basis-legal-duty = 履行法定义务
basis-emergency = 紧急情况
basis-public-interest = 公共利益
basis-self-disclosed = 您自行公开

source-provided = 由您提供
source-automatic = 自动记录
source-third-party = 由您授权的合作方提供

act-collect = 收集
act-use = 使用
act-share = 共享
act-publish = 公开
act-keep = 保存
act-export = 为您复制
act-register = 开立账号
act-login = 登录
act-logout = 退出登录
act-consent = 同意
act-withdraw = 撤回同意
act-correct = 更正
act-delete = 删除
act-cancel = 开始注销
act-resume = 停止注销
act-erase = 抹除

outcome-permitted = 允许
outcome-refused = 拒绝
outcome-done = 完成
outcome-failed = 失败

party-subject = 您本人
party-service = 服务程序
party-operator = 工作人员
party-system = 系统

actor-subject = 本人
actor-service = 服务程序
actor-operator = 工作人员
actor-system = 系统

role-processor = 受我们委托处理
role-controller = 自行决定如何处理
role-joint = 与我们共同决定
role-authority = 国家机关

chapter-1 = 收集哪些信息
chapter-2 = 信息用于何处
chapter-3 = Cookie 及同类技术
chapter-4 = 共享、转让与公开
chapter-5 = 存储与安全
chapter-6 = 您的权利
chapter-7 = 政策更新
chapter-8 = 联系与投诉

topic-1-1 = 账号信息
topic-1-2 = 实名信息
topic-1-3 = 您发布的内容
topic-1-4 = 设备信息
topic-1-5 = 网络信息
topic-1-6 = 使用记录
topic-1-7 = 联合登录
topic-2-2 = 订单
topic-2-4 = 您与客服的沟通
topic-6-4 = 设备权限
topic-other = 其他

act-verify = 验证联系方式
act-retrieve = 重设密码
act-password = 修改密码
act-factor-on = 开启第二重验证
act-factor-off = 关闭第二重验证
act-passkey = 验证通行密钥
act-passkey-made = 创建通行密钥
act-passkey-removed = 移除通行密钥
act-identify = 通过合作平台登录
act-prove = 通过合作平台确认身份
act-unlink = 终止联合登录
act-import = 开始迁移
act-import-end = 完成迁移
act-permission = 设备权限变更
act-announce-year = 公布年度工作日安排
act-recount = 重新计算期限
act-alarm = 期限提醒
act-case = 客服工单
act-reveal = 向客服显示信息
