import { expect, it } from 'vitest';
import { compareTwins, repairTwin } from '../../tools/check-twins.js';

const PAGE = 'docs/guides/tea.md';

const ENGLISH = `# Tea

See [errors](errors.md#outcomes), [why](../decisions/0001-one-esm-build.md) and [WeChat Pay](https://pay.weixin.qq.com/).

## To pour it

| cup | tea   |
| --- | ----- |
| one | green |

\`\`\`ts
pour('green'); // slowly
# not a heading
\`\`\`

### With milk

\`\`\`mermaid
flowchart LR
  a[pour] --> b[drink]
\`\`\`
`;

const CHINESE = `# 茶

参见[错误](errors.md#outcomes)、[缘由](../../decisions/0001-one-esm-build.md)和[微信支付](https://pay.weixin.qq.com/)。

## <a id="to-pour-it"></a>倒茶

| 杯 | 茶   |
| --- | ----- |
| 一 | 绿茶 |

\`\`\`ts
pour('green'); // 慢慢地
# not a heading
\`\`\`

### <a id="with-milk"></a>加奶

\`\`\`mermaid
flowchart LR
  a[倒] --> b[喝]
\`\`\`
`;

it('says nothing of twins', () => {
  expect(compareTwins(PAGE, ENGLISH, CHINESE)).toEqual([]);
});

it.each([
  ['a heading that is missing', '### <a id="with-milk"></a>加奶\n', '', 'the twin of "### With milk"'],
  ['a heading of another level', '### <a', '## <a', 'the twin of "### With milk"'],
  ['a heading too many', '## <a', '## 水\n\n## <a', 'and is "## 倒茶"'],
  ['a heading without an anchor', '<a id="with-milk"></a>', '', '<a id="with-milk"></a>'],
  ['another code', "pour('green')", "pour('black')", "pour('black')"],
  ['code that is missing', "pour('green'); // 慢慢地\n", '', 'differs in more than comments'],
  ['another language', '```ts', '```js', 'should be in ts'],
  ['a drawing with more lines', '  a[倒]', '  c\n  a[倒]', 'differs'],
  ['a row that is missing', '| 一 | 绿茶 |\n', '', '2 columns x 1 rows'],
  ['a column too many', '| 杯 | 茶   |', '| 杯 | 茶   | 水 |', '3 columns x 1 rows'],
  ['a link elsewhere', 'errors.md#outcomes', 'errors.md', 'lacks docs/zh/guides/errors.md#outcomes'],
  ['a link that is missing', '[微信支付](https://pay.weixin.qq.com/)', '微信支付', 'lacks https://pay.weixin.qq.com/'],
])('finds %s, and names its page', (_, from, to, message) => {
  const [problem = 'nothing', ...others] = compareTwins(PAGE, ENGLISH, CHINESE.replace(from, to));
  expect(problem).toMatch(/^docs\/zh\/guides\/tea\.md/);
  expect([problem, ...others].join('\n')).toContain(message);
});

it('writes the anchors, and leads links that were copied to where they should', () => {
  const copied = CHINESE.replaceAll(/<a id="[^"]*"><\/a>/g, '').replace('../../decisions', '../decisions');
  expect(repairTwin(PAGE, ENGLISH, copied)).toBe(CHINESE);
  expect(repairTwin(PAGE, ENGLISH, CHINESE)).toBe(CHINESE);
});
