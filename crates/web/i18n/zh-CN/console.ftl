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
