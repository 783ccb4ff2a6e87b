import type { DoctorWords } from './words.js';

export const doctorEn: DoctorWords = {
  checking: (what) => `Looking at the ${what}`,
  allWell: 'Nothing is wrong.',
  firstOf: (count) => (count === 1 ? 'One thing is wrong.' : `${count} things are wrong; begin with the first.`),
  remedy: 'Remedy',
  statuses: { ok: 'ok     ', warning: 'warning', failed: 'FAILED ', skipped: 'skipped' },
  checks: {
    runtime: 'Node.js and OpenSSL',
    settings: 'settings',
    'api-key': 'API key',
    certificate: 'API certificate',
    proxy: 'proxy',
    dns: 'DNS',
    tcp: 'connection',
    tls: 'TLS',
    clock: 'clock',
    gateway: 'signed query',
  },
  details: {
    certificate: (subject, serialNumber, validTo) =>
      `${subject}, serial number ${serialNumber}, valid to ${validTo.toISOString()}`,
    issuedBy: (protocol, issuer) => `${protocol}, issued by ${issuer}`,
    refusedIssuer: (code, issuer, validTo) => `${code}, issued by ${issuer}, valid to ${validTo}`,
    closedInHandshake: 'the connection was closed during the handshake',
    noHandshake: (timeoutMs) => `no handshake within ${timeoutMs} ms`,
    noAnswer: (timeoutMs) => `no answer within ${timeoutMs} ms`,
    connectStatus: (status, target) => `HTTP ${status} to CONNECT ${target}`,
    clocks: (here, there) => `${here.toISOString()} here, ${there.toISOString()} there`,
    proven: 'API key, appid, mch_id and certificate are proven.',
    quoted: (message) => message,
  },
  causes: {
    'node-too-old': ['is too old', 'Install Node.js 20.19 or later.'],
    'tls-verification-off': [
      'is 0: other code of this process trusts every server',
      'Unset it. This library verifies the server all the same; give a root certificate as WECHATPAY_CA where you need one.',
    ],
    'extra-ca-unreadable': ['names a file without certificates', 'Correct the path, or unset it.'],
    'variable-mistyped': [
      'is not read by anything',
      'Rename it as the line below says, or choose a name that is not nearly one of ours.',
    ],
    'merchant-not-chosen': ['it is not clear whose settings are meant', 'Name the merchant by --merchant.'],
    'app-id-missing': [
      'is missing',
      'Set it to the appid of the Official Account, mini program or app: wx and 16 characters.',
    ],
    'app-id-form': [
      'is hardly an appid',
      'An appid is wx and 16 characters 0-9 a-f; copy it from the WeChat platform.',
    ],
    'merchant-id-missing': ['is missing', 'Set it to the merchant ID (mch_id) that WeChat Pay assigned.'],
    'merchant-id-form': [
      'is hardly a merchant ID',
      'A merchant ID (mch_id) is 8 to 10 digits; copy it from the Merchant Platform.',
    ],
    'ids-swapped': [
      'appid and merchant ID are swapped',
      'The one that begins with wx is the APP_ID, the digits are the MERCHANT_ID.',
    ],
    'sub-app-alone': [
      'is missing beside SUB_APP_ID',
      'Institutional mode needs the sub-merchant ID; set it, or unset SUB_APP_ID.',
    ],
    'sign-type-unknown': ['is no algorithm', 'Set it to HMAC-SHA256 or MD5, or leave it out.'],
    'base-url-form': [
      'is no address of a gateway',
      'Give https: and a host, without a path, as in https://apihk.mch.weixin.qq.com; or leave it out.',
    ],
    'number-form': ['is no number of the right size', 'Give digits alone: milliseconds, 1 or more.'],
    'proxy-form': [
      'is no URL of an HTTP proxy',
      'Write it as http://user:password@host:3128, special characters percent-encoded; or false.',
    ],
    'ca-unreadable': [
      'holds no root certificate that can be read',
      'Give a path, PEM text or base64 of the root certificate; or leave it out for the gateway itself.',
    ],
    'setting-wrong': ['is refused', 'See the line below.'],
    'api-key-missing': ['is missing', 'Set it to the API key (v2) of the Merchant Platform: 32 characters.'],
    'api-key-length': [
      'has not 32 characters',
      'Copy the API key (v2) again. The certificate passphrase, the AppSecret and an APIv3 key are other things.',
    ],
    'api-key-characters': [
      'has a space, or a character outside of ASCII',
      'Copy it again, without line breaks and invisible characters.',
    ],
    'api-key-placeholder': ['looks like a placeholder', 'Set the real API key (v2) of the Merchant Platform.'],
    'certificate-missing': [
      'no certificate is set',
      'Set WECHATPAY_PFX to apiclient_cert.p12, or WECHATPAY_CERT and WECHATPAY_KEY to the two PEM files.',
    ],
    'certificate-both-forms': ['two certificates are set', 'Set PFX, or CERT and KEY; not both.'],
    'certificate-half': [
      'is missing: a certificate and its key belong together',
      'Set both CERT (apiclient_cert.pem) and KEY (apiclient_key.pem).',
    ],
    'certificate-file': [
      'the file is not there, or cannot be read',
      'Correct the path and its permissions; a relative path begins at the working directory.',
    ],
    'certificate-wrong-file': [
      'is another file than the one that is needed',
      'CERT is apiclient_cert.pem, KEY is apiclient_key.pem, from the same download.',
    ],
    'certificate-is-pem': [
      'is PEM text, and not a PKCS#12 file',
      'Set CERT and KEY to the PEM files, or PFX to apiclient_cert.p12.',
    ],
    'certificate-damaged': [
      'is damaged, cut or no certificate',
      'Copy it again as binary, or as base64; download it again where that does not help.',
    ],
    'certificate-rc2': [
      'is encrypted with RC2-40, which OpenSSL 3 refuses',
      'openssl pkcs12 -legacy -in apiclient_cert.p12 -nodes -out apiclient.pem, and set that file as both CERT and KEY.',
    ],
    'certificate-passphrase': [
      'does not open the file',
      "WeChat Pay sets it to the merchant ID: leave it out, or set it to that of this file's merchant.",
    ],
    'certificate-incomplete': [
      'lacks its certificate or its private key',
      'Export it again with both, or download it again.',
    ],
    'key-encrypted': [
      'is missing or wrong: the private key is encrypted',
      'Set PASSPHRASE to the passphrase of the key.',
    ],
    'key-of-another-certificate': [
      'the key does not belong to the certificate',
      'Take both files from the same download.',
    ],
    'certificate-expired': ['has expired', 'Download a new API certificate from the Merchant Platform.'],
    'certificate-not-yet-valid': ['is not valid yet', "Check this machine's clock."],
    'certificate-of-another-merchant': [
      'is the certificate of another merchant',
      'Set the certificate of this mch_id; in institutional mode, that of the institution.',
    ],
    'certificate-expires-soon': [
      'expires within 30 days',
      'Apply for a new one on the Merchant Platform; the old one lives on for 14 days, or 48 hours where it is replaced.',
    ],
    'proxy-ignored': [
      'is set, and is not used',
      'Set WECHATPAY_PROXY to that address to go through it, or to false to go past it.',
    ],
    'proxy-unreachable': ['the proxy cannot be reached', 'Check WECHATPAY_PROXY: host, port, and http: or https:.'],
    'proxy-refuses': [
      'the proxy does not open the way',
      'HTTP 407: give user and password in WECHATPAY_PROXY. 403: have it allow this host, port 443.',
    ],
    'host-not-found': [
      'the name cannot be resolved',
      'Check WECHATPAY_BASE_URL and the DNS of this machine or container.',
    ],
    'connection-refused': [
      'the connection is refused',
      'Check host and port, and the firewall; a network without a way out needs WECHATPAY_PROXY.',
    ],
    'connection-timeout': [
      'no connection in time',
      'A firewall drops it: allow outbound TCP 443 to this host, or set WECHATPAY_PROXY.',
    ],
    'tls-untrusted': [
      "the server's certificate is not trusted",
      'Where a sandbox, or a proxy that inspects TLS, answers: give its root certificate as WECHATPAY_CA. Else update the roots of this system.',
    ],
    'tls-other-host': [
      "the server's certificate is for another host",
      'Check WECHATPAY_BASE_URL: a name, not an address; and what answers there.',
    ],
    'tls-expired': [
      "the server's certificate is not valid now",
      "Check this machine's clock first; then what answers there.",
    ],
    'not-tls': ['what answers there does not speak TLS', 'Check host and port of WECHATPAY_BASE_URL.'],
    'tls-cut': [
      'the connection is cut during the TLS handshake',
      'A firewall that reads the name of the host does so: have it allow this host.',
    ],
    'clock-skew': [
      "this machine's clock differs from the gateway's",
      'Set it by NTP (timedatectl, chronyd): the 15 s before a reversal and the dates of certificates depend on it.',
    ],
    'no-date': ['the gateway told no time', 'The clock could not be compared; try again.'],
    'wrong-api-key': [
      'the gateway signs with another API key',
      'Copy the API key (v2) of this mch_id from the Merchant Platform again. One that was just reset takes about 15 min.',
    ],
    'sign-type-refused': [
      'the gateway refuses this algorithm, and takes the other',
      'Set WECHATPAY_SIGN_TYPE to the other of HMAC-SHA256 and MD5.',
    ],
    'reply-other-algorithm': [
      'the reply is signed with another algorithm than the request',
      'Set WECHATPAY_SIGN_TYPE to that one; where only one host does it, use another host.',
    ],
    'app-not-of-merchant': [
      'appid and mch_id do not belong together',
      'Bind the appid to this mch_id on the Merchant Platform, or set the one that is bound.',
    ],
    'merchant-unknown': [
      'the gateway does not know this mch_id',
      'Copy it again; a merchant of the mainland and one of Global are different accounts.',
    ],
    'sub-merchant-wrong': [
      'the sub-merchant is missing, unknown or not of this institution',
      'Set WECHATPAY_SUB_MERCHANT_ID to one of this institution; unset it for a merchant of its own.',
    ],
    'no-permission': ['the merchant may not use this API', 'Have the product enabled on the Merchant Platform.'],
    'too-many-calls': ['the gateway refuses so many calls', 'Wait, and look for what else calls with this mch_id.'],
    'certificate-refused': [
      'the gateway refuses the API certificate',
      "Download this merchant's certificate again: it was replaced, or is another merchant's.",
    ],
    'gateway-silent': [
      'the gateway does not answer',
      'Try again; then look at a proxy or a firewall in between, and at another host.',
    ],
    'not-wechat-pay': [
      'what answers there is not WeChat Pay',
      'Check WECHATPAY_BASE_URL, and whether a proxy or a login page answers in its place.',
    ],
    'gateway-unclear': ['the answer proves nothing', 'See the line below, and try again later.'],
  },
};
