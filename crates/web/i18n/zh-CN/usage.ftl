# 自动化决策、优惠信息及其拒绝

part-recommendation = 个性化推荐
automated-lead = 系统为您自动选择或决定的事项、方式及所用信息。一次点击即可关闭并删除为此收集的信息，再次点击即可重新开启。
automated-from = 所用信息：{ $items }。
automated-how = 决策方式
automated-off-means = 关闭后：{ $what }
automated-is-off = 已关闭：{ $what }
automated-tags = 为此保存、关闭时将删除的信息
decisions-head = 关于您的决定
decisions-none = 系统尚未自动作出任何关于您的决定。
decision-ask = 请求人工复核
decision-asked = 人工复核中，将于 { $at } 前答复。
decision-changed = 经人工复核，该决定已更改。
decision-upheld = 经人工复核，维持该决定。

part-reviews = 待复核的决定
reviews-lead = 用户请求对系统作出的决定进行人工复核。
reviews-none = 暂无待复核的请求。
reviews-row = { $at } 提出，应于 { $due } 前答复。
reviews-late = 已逾期
reviews-open = 打开此决定
review-one = 决定详情
review-outcome = 决定内容
review-because = 给出的理由
review-due = 答复期限
review-words = 给用户的答复
review-words-why = 请用用户能理解的语言说明复核结果及理由，用户将在隐私中心看到。
review-change = 更改决定
review-uphold = 维持决定

unsubscribe-head = 不再接收此类优惠信息
unsubscribe-lead = 点击一次，即不再向收到此链接的地址发送此类优惠信息，立即生效。
unsubscribe-button = 停止接收
unsubscribe-no-login = 无需登录，也无需说明理由。
unsubscribe-done = 已完成。不会再向该地址发送此类优惠信息。
unsubscribe-back = 如您改变主意，可在隐私中心的“同意管理”中重新开启。

act-decide = 由系统作出决定
act-ask-review = 请求人工复核
act-reviewed = 人工复核
act-campaign = 发起优惠活动
act-unsubscribe = 通过链接拒绝优惠信息
act-analyse = 查看统计数据
