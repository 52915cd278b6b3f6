// Words for what the server refuses, by the kind of problem (its type; docs/review.md has them all).

import type { Language, Words } from "../i18n";
import type { Problem } from "../types";

type Sentence = (problem: Problem, words: Words) => string;

/** Why no rule makes a case of it; the server tells that in both languages. */
const whyOf = ({ why }: Problem, words: Words) => (why ?? []).map((label) => words.label(label)).join("; ");

const stale: Sentence = ({ case_no }) => `Somebody else has just changed ${case_no}. It has been read again: please decide anew.`;

/** The server's own words are English and precise; here is what only the page knows to say. */
const en: Record<string, Sentence> = {
  "stale-case": stale,
  "transition": stale,
  "look": stale,
  "case-claimed": ({ case_no, who, until }, words) =>
    `${who} works on ${case_no} until ${words.time(until ?? null)}. Nothing was saved; take another one.`,
  "known-case": ({ known_case }) => `This is case ${known_case} already.`,
  "no-case": (problem, words) => `No rule makes a case of it: ${whyOf(problem, words)}`,
  "account-locked": () => "Your account is locked; an administrator can unlock it.",
  "sign-in": () => "Sign in on the review page, then come back here.",
};

const overtaken: Sentence = ({ case_no }) => `${case_no} 刚刚被其他人修改，已重新读取，请再次判断。`;

const zh: Record<string, Sentence> = {
  "unknown-case": ({ case_no }) => `没有案件 ${case_no}，或不在您的范围内，请在列表中查找。`,
  "stale-case": overtaken,
  "transition": overtaken,
  "look": overtaken,
  "case-claimed": ({ case_no, who, until }, words) =>
    `${case_no} 由 ${who} 审核至 ${words.time(until ?? null)}，未保存任何内容，请审核其他案件。`,
  "not-permitted": ({ case_no }) => `您的角色现在不能对案件 ${case_no} 这样操作，请由负责该步骤的人员办理。`,
  "reason-missing": () => "请填写理由。",
  "decision": () => "请选择一个理由；选“其他”时请写明备注。",
  "actor": () => "请先填写姓名。",
  "arrangement": () => "案件现在不能这样合并、拆分或暂缓，请重新打开后再试。",
  "unmerge": ({ case_no, into }) =>
    `${case_no} 已并入 ${into}，之后 ${into} 又有变化，不能撤销；请重新打开 ${case_no}，再从 ${into} 中拆分出不属于它的部分。`,

  "known-case": ({ known_case }) => `该目标已是案件 ${known_case}。`,
  "no-case": (problem, words) => `没有规则将其列为案件：${whyOf(problem, words)}`,
  "outline": () => "轮廓自相交、没有面积或超出照片，请重新勾画。",
  "unplaced": () => "照片没有拍摄位置，或轮廓不落在地面上，无法定位。",
  "outside-area": () => "此处不在您的范围内，请告知当地的审核员。",
  "drawing": () => "未采纳：案件或照片可能已有变化，请重新打开案件再试。",

  "unknown-photo": () => "照片不在照片文件夹中，或不在您的范围内。",
  "photo": () => "照片无法读取，请检查文件。",
  "changed-photo": () => "文件与识别时的照片不一致。",
  "no-photos": () => "此页面不保存现场照片；请用 aerogrid serve 打开巡查文件夹。",
  "no-jpeg": () => "文件不是完整的 JPEG 照片，请重新拍摄。",
  "photo-size": () => "照片的像素过多或过少，不予保存，请换一张。",
  "too-large": () => "文件过大，照片最多 20 MB。",
  "attachment": () => "此案件的现场照片已达上限，请就此移交。",

  "sign-in": () => "请先在审核页面登录，再回到这里。",
  "wrong-password": () => "登录名或密码错误。",
  "account-locked": () => "您的账号已锁定，请联系管理员解锁。",
  "too-many-tries": ({ retry_after_s = 0 }) =>
    `登录失败次数过多，请 ${Math.ceil(retry_after_s / 60)} 分钟后再试，或请管理员重设密码。`,
  "old-password": () => "当前密码不正确。",
  "easy-password": () => "新密码太简单，请用几个词组成，10 到 200 个字符，不含登录名。",
  "not-allowed": () => "您的账号没有此项权限（角色或范围不符），如有需要请联系管理员。",

  "name-taken": ({ name }) => `登录名 ${name} 已被使用，请换一个。`,
  "sign-in-name": () => "登录名为 1 到 40 个小写字母、数字、点、连字符或下划线，以字母或数字开头，例如 chen.jing。",
  "look-alike": ({ display_name, like }) =>
    `姓名“${display_name}”与已有账号的“${like}”读起来一样，签名无法区分，请加上部门或编号。`,
  "display-name": () =>
    "此姓名不能使用：须有文字或数字，最多 80 个字符，首尾没有空格，没有看不见的字符，不混用形近字母，也不是程序的名称。",
  "town-missing": () => "填写村居时也请填写镇街：不同镇街有同名的村居。",
  "unknown-place": ({ place }) => `${place} 没有网格和案件，请填写网格所在的镇街和村居。`,
  "own-account": () => "本人的账号由另一位管理员更改；本人的密码请在审核页面修改。",
  "last-keeper": () => "这样将没有可用的全区管理员来管理账号，请先指定另一位。",
  "unknown-account": () => "没有此账号，请刷新页面。",
  "unknown-token": () => "没有此令牌，可能已被收回，请刷新页面。",
  "too-many-tokens": () => "账号的令牌已达上限，请先收回不再需要的令牌。",

  "period": () => "日期须在 2000-01-01 至 2099-12-31 之间。",
  "unknown-layer": () => "服务器没有此项内容，可能已被移除，请刷新页面。",
  "no-airspace": () => "此页面没有空域资料，不能规划；请用 aerogrid serve --airspace 指定，或运行 aerogrid plan --refly。",
  "no-gaps": () => "没有漏拍区域，无需补飞。",
  "refly": ({ detail }) => `无法规划补飞（服务器的说明：${detail}）。`,

  "registry": () => "案件登记库暂时无法读写，请稍后再试；如一直如此，请联系管理员。",
  "invalid": ({ detail }) => `填写的内容缺失或不被接受（服务器的说明：${detail}）。`,
  "foreign-site": () => "请求被视为来自其他网站而被拒绝，请用本页原来的地址打开。",
};

export const REFUSALS: Record<Language, Record<string, Sentence>> = { en, zh };
