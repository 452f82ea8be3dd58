# 管理台，供工作人员使用。

part-today = 今日
part-leaves = 账本

enter-title = 登录管理台
enter-lead = 此链接以 { $operator } 的身份登录，{ $minutes } 分钟内有效，仅限一次。
enter-button = 以 { $operator } 的身份登录
enter-recorded = 登录会记入账本。

today-well = 一切正常
today-unwell = 有事项需要处理
today-good = 正常
today-bad = 注意
today-health = 运行状况
today-counts = 数量
today-leaves = 最新记录
today-all-leaves = 查看全部账本

leaves-table = 账本记录
leaves-search = 序号、用途、信息或处理方
leaves-any = 不限
leaves-find = 查找
leaves-found = { $count } 条记录
leaves-none = 没有符合条件的记录。请减少关键词，或选择不限。
leaf-title = 第 { $index } 条
check-ledger = 账本
check-ledger-good = 处理活动均已记录。
check-retention = 保存期限
check-retention-good = 没有超期保存的信息。
check-retention-bad = 有 { $count } 条记录已到期，等待清理。
check-jobs = 任务
check-jobs-good = 没有失败的任务。
count-subjects = 用户
count-cancelling = 注销中
count-records = 记录
count-consents = 有效的同意
count-held = 依法留存
count-leaves = 账本条目

check-messages = 发给个人的消息
check-messages-good = 应发送的消息均已发出。
check-messages-bad = { $count }条消息无法发送，已放弃：请查看失败的任务。
check-messages-ceiling = 今日发送上限已到：{ $channels }。明日之前不再发送；请查明是谁在大量请求验证码。
