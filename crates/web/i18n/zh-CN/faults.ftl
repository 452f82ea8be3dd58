# 错误页：标题、发生了什么、可以怎么做。

fault-request = 如需就此联系我们，请提供编号：{ $id }

reason-gap = 并非违规，而是尚未配置

fault-not-found = 这里没有内容
fault-not-found-what = 页面不存在，或不属于您。
fault-not-found-then = 请核对网址，或从首页开始。

fault-method = 不能这样使用此页面
fault-method-what = 该地址存在，但不接受所发送的请求。
fault-method-then = 请返回并使用页面上的按钮。

fault-sign-in = 请先登录
fault-sign-in-what = 此页面显示个人信息，仅限本人查看。您的登录可能已失效。
fault-sign-in-then = 登录后将回到这里。

fault-forbidden = 不允许此操作
fault-forbidden-what = 您已登录，但无权进行此操作。
fault-forbidden-then = 如果您认为有权操作，请告诉我们。

fault-forged = 表单已过期
fault-forged-what = 为保障安全，只接受从您刚打开的本站页面提交的表单。未作任何更改。
fault-forged-then = 请返回，重新载入页面后再次提交。

fault-malformed = 无法读取提交的内容
fault-malformed-what = 提交的内容不是此页面应提交的内容。未作任何更改。
fault-malformed-then = 请返回，重新载入页面后再次提交。

fault-too-large = 内容过大
fault-too-large-what = 提交的内容超出此页面的限制。未作任何更改。
fault-too-large-then = 请返回并减少内容。

fault-too-many = 请稍候
fault-too-many-what = 尝试次数过多，{ $seconds } 秒后可以重试。
fault-too-many-then = 如果不是您本人操作，可能有人在猜测您的密码，但没有成功。

fault-spent = 链接已失效
fault-spent-what = 链接已被使用，或已过期。
fault-spent-then = 请重新获取链接。

fault-refused = 政策不允许此操作
fault-refused-what = 此操作经对照隐私政策核验后被拒绝。拒绝已记录在案，未发生其他任何处理。
fault-refused-then = 如果您认为政策另有规定，请告诉我们。

fault-closed = 暂时无法提供服务
fault-closed-what = 目前无法写入使用您信息所必须留下的凭证，因此我们不使用任何信息。没有内容被更改或丢失。
fault-closed-then = 请几分钟后重试。

fault-timeout = 处理超时
fault-timeout-what = 未能及时得到结果。操作可能已经完成，也可能没有，请以凭证为准。
fault-timeout-then = 重试之前请先查看凭证。

fault-internal = 我们这边出了问题
fault-internal-what = 这不是您的原因，我们已有记录。
fault-internal-then = 请几分钟后重试。
