// What the site says around the pages, in both languages.

export const english = {
  description: 'WeChat Pay Global (v2) for Node.js back ends: payments, reversals and refunds, brought to a proven end',
  nav: [
    { text: 'Guide', link: '/guides/quick-start', activeMatch: '^/guides/' },
    { text: 'Reference', link: '/reference/', activeMatch: '^/reference/' },
    { text: 'Runbook', link: '/runbook/', activeMatch: '^/runbook/' },
    { text: 'Decisions', link: '/decisions/0001-one-esm-build', activeMatch: '^/decisions/' },
  ],
  theme: { outline: { level: [2, 3], label: 'On this page' } },
};

export const chinese = {
  description: '面向 Node.js 后端的境外版微信支付（v2）：支付、撤销和退款，直到有经过证实的结果',
  nav: [
    { text: '指南', link: '/zh/guides/quick-start', activeMatch: '^/zh/guides/' },
    { text: '参考（英文）', link: '/reference/' },
    { text: '运维手册', link: '/zh/runbook/', activeMatch: '^/zh/runbook/' },
    { text: '设计决策（英文）', link: '/decisions/0001-one-esm-build' },
  ],
  theme: {
    outline: { level: [2, 3], label: '本页目录' },
    docFooter: { prev: '上一页', next: '下一页' },
    darkModeSwitchLabel: '外观',
    lightModeSwitchTitle: '切换到浅色模式',
    darkModeSwitchTitle: '切换到深色模式',
    sidebarMenuLabel: '目录',
    returnToTopLabel: '回到顶部',
    langMenuLabel: '切换语言',
    skipToContentLabel: '跳到正文',
    notFound: {
      title: '找不到页面',
      quote: '这个地址没有对应的页面。',
      linkLabel: '回到首页',
      linkText: '回到首页',
    },
  },
  search: {
    button: { buttonText: '搜索', buttonAriaLabel: '搜索' },
    modal: {
      displayDetails: '显示详细列表',
      resetButtonTitle: '清除搜索条件',
      backButtonTitle: '关闭搜索',
      noResultsText: '没有找到结果',
      footer: {
        selectText: '选择',
        selectKeyAriaLabel: '回车',
        navigateText: '移动',
        navigateUpKeyAriaLabel: '上箭头',
        navigateDownKeyAriaLabel: '下箭头',
        closeText: '关闭',
        closeKeyAriaLabel: 'Esc',
      },
    },
  },
};
