import type { SignWords } from './words.js';

export const signZh: SignWords = {
  noInput: '请给出文件，或从标准输入提供内容，例如：wechatpay doctor sign request.xml',
  unreadable: (file, code) => `无法读取文件 ${file}（${code}）。`,
  noFields: '其中找不到字段。请给出发送或收到的 XML、包含它的日志行，或 JSON 字段。',
  noSign: '没有 sign。return_code 为 FAIL 的应答没有签名；其他都有。',
  maskedSign: 'sign 已被遮盖：请从完整的来源获取，例如请求本身。',
  keyProblem: '请将 WECHATPAY_API_KEY 设为 API 密钥（v2），以便重新计算签名。密钥不会显示。',
  holds: (signType) => `签名正确（${signType}）：由此密钥和这些字段生成。`,
  string: '待签名字符串',
  causes: {
    'other-algorithm': (signType) => [
      `签名使用了 ${signType}，而 sign_type 是另一种。`,
      '请使用 sign_type 所指的算法。应答的算法与请求相同。',
    ],
    'sign-type-not-sent': (signType) => [
      `签名使用了 ${signType}，但请求没有 sign_type，即表示 MD5。`,
      '请发送 sign_type 并一同签名；或使用 MD5。',
    ],
    'lower-case': () => ['签名是小写的。', '请将摘要转为大写。'],
    'key-white-space': (detail) => [`签名时密钥带有多余内容：${detail}。`, '读取密钥时请去掉空白、引号和不可见字符。'],
    'key-case': (detail) => [`签名时改变了密钥的大小写：${detail}。`, '请原样使用密钥。'],
    'key-left-out': () => ['没有拼接 API 密钥。', '请在字段之后拼接 &key= 和 API 密钥。'],
    'field-not-signed': (detail) => [
      `签名时没有包含 ${detail}。`,
      '所有发送的字段都须签名，包括 sign_type 和 nonce_str；签名后不要再添加。',
    ],
    'empty-signed': (detail) => [`签名时包含了空字段：${detail}。`, '空字段和 sign 本身不参与签名。'],
    'white-space-trimmed': (detail) => [
      `${detail} 的空白在签名与发送之间（或接收时）被改变。`,
      '请原样签名所发送的内容；XML 解析器不要去除空白。',
    ],
    'number-form': (detail) => [
      `签名时数字写成了另一种形式：${detail}。`,
      '请把值当作文本。金额是最小货币单位的整数；28 位的订单号不是数字。',
    ],
    escaped: (detail) => [`${detail} 是以转义后的形式签名的。`, '请先签名原值，再转义。'],
    'url-encoded': (detail) => [`${detail} 是以 URL 编码（或解码）后的形式签名的。`, '请签名原值，不作任何编码。'],
    encoding: (detail) => [`签名时使用了其他编码：${detail}。`, '签名和发送都请使用 UTF-8。'],
    order: (detail) => [`字段没有按 ASCII 码排序：${detail}。`, '请按字节排序字段名：大写在小写之前。'],
    'plain-sha256': () => ['这是 SHA-256 摘要，不是 HMAC。', '请使用 HMAC-SHA256，以 API 密钥为键。'],
    'sign-form': (detail) => [
      `签名应为 32 个（MD5）或 64 个（HMAC-SHA256）十六进制字符；此签名为 ${detail} 个字符。`,
      '请检查生成和复制的方式；不接受 base64。',
    ],
    'not-found': () => [
      '这些字段以任何写法都不能用此密钥得到该签名。',
      '请先与商户平台核对密钥（wechatpay doctor）；再查找签名后被改变的值，或此处缺少的字段。',
    ],
  },
};
