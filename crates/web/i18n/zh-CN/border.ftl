# 出境：5.4 的单独同意，以及工作人员查看的人数。

abroad-head = 境外接收方
abroad-lead = 只有对应开关开启时，才会向该接收方提供信息。您的同意以此处告知的内容为准。
abroad-where = 所在地
abroad-contact = 联系方式
abroad-purposes = 处理目的
abroad-method = 处理方式
abroad-kinds = 信息种类
abroad-rights = 您在境外如何行使权利
abroad-without = 关闭后不会向该接收方提供您的任何信息，不依赖它的功能不受影响。

part-border = 出境
border-lead = 自法律规定的起算日起信息已出境的人数：每人只计一次，所有接收方合并计算。
border-none = 适用的法律不计算出境人数。
border-year = { $year } 年累计
border-plain = 一般个人信息
border-sensitive = 敏感个人信息
border-count = { $people } 人，上限 { $threshold } 人
border-warn = 自 { $warn } 人起预警
border-well = 低于预警线
border-near = 接近上限
border-reached = 已达上限：出境机制未涵盖的提供已停止
border-tasks = 待办事项
border-tasks-none = 尚未接近任何上限。
border-task-near = 已达 { $people } 人：请准备达到上限后法律要求的出境机制。
border-task-reached = 已达上限 { $people } 人：现有出境机制未涵盖的提供已停止。
border-due = 截止 { $date }
border-due-provisional = 截止 { $date }（该年度日历公布前为暂定）
border-what = 处理情况
border-what-hint = 例如备案号或评估编号。请勿填写个人信息。
border-done = 登记为已处理
border-done-by = { $operator } 已处理：{ $what }
border-recipients = 已登记的出境机制
border-recipients-none = 政策中没有境外接收方。
border-mechanism = { $mechanism }，{ $reference }
border-valid = 有效期至 { $date }
border-valid-open = 有效，未登记截止日
border-lapsed = 未生效或已失效：不会向其提供信息
border-missing = 未登记：不会向其提供信息
border-uncounted = 依情形豁免，不计入人数。

mechanism-security-assessment = 安全评估
mechanism-standard-contract = 标准合同
mechanism-certification = 认证
mechanism-exemption = 豁免
mechanism-adequacy = 充分性认定

act-threshold = 出境人数阈值
act-threshold-done = 已处理出境人数阈值
