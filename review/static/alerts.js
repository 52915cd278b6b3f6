// The live list of alerts, and the page behind an alert's link. No framework: two small views.

const main = document.getElementById("alerts");
const token = location.pathname.split("/")[2];
const EVERY_MS = 3000;

function element(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

// The same choice as on the other pages: by the address, by what was chosen before, else by the browser.
const KEPT_AS = "aerogrid.language";
const asks = new URLSearchParams(location.search).get("lang") ?? localStorage.getItem(KEPT_AS);
let language = ["en", "zh"].includes(asks) ? asks : navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en";
let draw = () => undefined; // what is shown now, once more

function speak(chosen) {
  language = chosen;
  document.documentElement.lang = chosen === "zh" ? "zh-CN" : "en";
  document.title = say({ en: "Alerts", zh: "预警" });
  draw();
}

const say = (label) => label[language] || label.en;

function languageButton() {
  const [other, name, title] = language === "en" ? ["zh", "中文", "Switch the page to Chinese"] : ["en", "English", "切换为英文"];
  const button = element("button", { type: "button", class: "language", lang: other === "zh" ? "zh-CN" : "en", title }, name);
  button.addEventListener("click", () => {
    localStorage.setItem(KEPT_AS, other);
    speak(other);
    main.querySelector(".language").focus();
  });
  return button;
}

// Words for the kinds of problem that can be met here; what else the server says is English.
const OFFLINE = { en: "The server does not answer.", zh: "服务器没有响应。" };
const KINDS = "urn:aerogrid:problem:";
const REFUSALS = {
  "sign-in": "请先在审核页面登录，再回到这里。",
  "unknown-alert": "没有这条预警，请重新打开消息中的链接。",
  "registry": "案件登记库暂时无法读写，请稍后再试；如一直如此，请联系管理员。",
};

class Refusal extends Error {
  constructor(label) {
    super(label.en);
    this.label = label;
  }
}

function unanswered() {
  throw new Refusal(OFFLINE);
}

async function asked(path, options) {
  const answer = await fetch(path, options).catch(unanswered);
  const said = await answer.json().catch(unanswered);
  if (answer.ok) return said;
  const other = `未能完成此操作（服务器的说明：${said.detail}）。`;
  throw new Refusal({ en: said.detail, zh: REFUSALS[said.type?.replace(KINDS, "")] ?? other });
}

function clock(text) {
  const at = new Date(text);
  const locale = language === "zh" ? "zh-CN" : "en-GB";
  const shown = at.toLocaleString(locale, { dateStyle: "medium", timeStyle: "medium", hour12: false });
  return element("time", { datetime: text }, shown);
}

function problem(error) {
  return element("p", { class: "problem", role: "alert" }, say(error.label ?? { en: error.message }));
}

function standing(notice) {
  if (notice.acknowledged_by) return { en: `seen by ${notice.acknowledged_by}`, zh: `${notice.acknowledged_by}已确认` };
  if (notice.ended_at) return { en: "over", zh: "已结束" };
  if (notice.level) return { en: `not seen, passed up ${notice.level}`, zh: `未确认，已上报${notice.level}级` };
  return { en: "not seen yet", zh: "未确认" };
}

function kind(notice) {
  return notice.acknowledged_by ? "seen" : notice.ended_at ? "over" : "open";
}

function row(notice) {
  const dead = notice.states.dead ?? 0;
  const waiting = (notice.states.waiting ?? 0) + (notice.states.sending ?? 0) + (notice.states.held ?? 0);
  const delivered = notice.states.delivered ?? 0;
  const counts = { en: `${delivered} delivered, ${waiting} waiting `, zh: `已送达 ${delivered}，待发 ${waiting} ` };
  const told = element("td", { class: "wide" }, say(counts));
  if (dead) told.append(element("span", { class: "dead" }, say({ en: `${dead} dead`, zh: `失败 ${dead}` })));
  return element(
    "tr",
    { class: kind(notice) },
    element("td", {}, clock(notice.created_at)),
    element("td", {}, say(notice.category_label)),
    element("td", {}, say(notice.event_label)),
    element("td", { class: "cases" }, ...notice.cases.flatMap((number) => [number, element("br", {})])),
    element("td", { class: "wide" }, notice.cell),
    told,
    element("td", {}, say(standing(notice))),
  );
}

function head() {
  const links = [["/", "Case review", "案件审核"], ["/command", "Command centre", "指挥中心"]];
  return element(
    "header",
    {},
    element("h1", {}, say({ en: "Alerts", zh: "预警" })),
    element("nav", { "aria-label": "aerogrid" }, ...links.map(([href, en, zh]) => element("a", { href }, say({ en, zh })))),
    languageButton(),
  );
}

function list(notices) {
  const names = [["time", "时间"], ["category", "类别"], ["event", "事件"], ["cases", "案件"], ["cell", "网格"], ["alerts", "预警"], ["answer", "确认"]];
  const wide = new Set(["cell", "alerts"]);
  const titles = names.map(([en, zh]) => element("th", wide.has(en) ? { class: "wide" } : {}, say({ en, zh })));
  const table = element("table", {}, element("thead", {}, element("tr", {}, ...titles)), element("tbody", {}, ...notices.map(row)));
  const nothing = element(
    "section",
    { class: "nothing" },
    element("p", {}, say({ en: "Nobody was told of anything yet.", zh: "暂无预警。" })),
    element("p", { class: "hint" }, say({ en: "New cases and steps that the alert settings name appear here within seconds, with who was told by which channel and who has seen it.", zh: "预警设置中列出的新案件和步骤会在几秒内显示在这里，包括通知了谁、通过何种渠道、谁已确认。" })),
  );
  return notices.length ? table : nothing;
}

let known = ""; // what was shown last: the same again is not drawn, nor read out

async function follow() {
  let shown, told;
  try {
    const notices = await asked("/api/alerts");
    [shown, told] = [JSON.stringify(notices), () => list(notices)];
  } catch (error) {
    [shown, told] = [error.message, () => problem(error)];
  }
  if (shown !== known) {
    known = shown;
    draw = () => main.replaceChildren(head(), told());
    if (main.querySelector("header")) main.lastElementChild.replaceWith(told());
    else draw();
  }
  setTimeout(follow, EVERY_MS);
}

function show(...parts) {
  draw = () => main.replaceChildren(element("section", { class: "ask" }, languageButton(), ...parts.map((part) => part())));
  draw();
}

// The case that an alert is about, or all those of a digest.
const about = ({ cases }) => () => {
  if (cases.length === 1) return element("h1", {}, cases[0]);
  const heading = element("h1", {}, say({ en: `${cases.length} cases`, zh: `${cases.length}起案件` }));
  return element("div", {}, heading, element("p", {}, cases.join(", ")));
};
const line = (label) => () => element("p", {}, say(label));
const seenBy = (who) => line({ en: `Acknowledged by ${who}.`, zh: `${who}已确认收到。` });

async function acknowledge(subject) {
  try {
    const done = await asked(`/api/alerts/${token}/acknowledge`, { method: "POST", headers: { "Content-Type": "application/json" }, body: "{}" });
    show(about(done), seenBy(done.by), () => clock(done.at));
  } catch (error) {
    show(about(subject), line(subject.event_label), seenButton(subject), () => problem(error));
  }
}

const seenButton = (subject) => () => {
  const button = element("button", { type: "button", class: "answer" }, say({ en: "I have seen it", zh: "确认收到" }));
  button.addEventListener("click", () => acknowledge(subject));
  return button;
};

async function ask() {
  try {
    const subject = await asked(`/api/alerts/${token}`);
    const who = subject.acknowledged_by;
    show(about(subject), line(subject.event_label), who ? seenBy(who) : seenButton(subject));
  } catch (error) {
    show(() => problem(error));
  }
}

speak(language);
if (token) ask();
else follow();
