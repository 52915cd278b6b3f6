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

function both(label) {
  return [label.en, element("span", { class: "zh", lang: "zh" }, label.zh)];
}

async function asked(path, options) {
  const answer = await fetch(path, options);
  const said = await answer.json();
  if (!answer.ok) throw new Error(said.detail);
  return said;
}

function clock(text) {
  const at = new Date(text);
  return element("time", { datetime: text }, at.toLocaleString(undefined, { hour12: false }));
}

function problem(error) {
  return element("p", { class: "problem", role: "alert" }, error.message);
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
  const told = element("td", { class: "wide" }, `${notice.states.delivered ?? 0} delivered, ${waiting} waiting `);
  if (dead) told.append(element("span", { class: "dead" }, `${dead} dead`));
  return element(
    "tr",
    { class: kind(notice) },
    element("td", {}, clock(notice.created_at)),
    element("td", {}, ...both(notice.category_label)),
    element("td", {}, ...both(notice.event_label)),
    element("td", { class: "cases" }, ...notice.cases.flatMap((number) => [number, element("br", {})])),
    element("td", { class: "wide" }, notice.cell),
    told,
    element("td", {}, ...both(standing(notice))),
  );
}

function head() {
  const links = [["/", "Case review", "案件审核"], ["/command", "Command centre", "指挥中心"]];
  return element(
    "header",
    {},
    element("h1", {}, ...both({ en: "Alerts", zh: "预警" })),
    element("nav", { "aria-label": "aerogrid" }, ...links.map(([href, en, zh]) => element("a", { href }, ...both({ en, zh })))),
  );
}

function list(notices) {
  const names = [["time", "时间"], ["category", "类别"], ["event", "事件"], ["cases", "案件"], ["cell", "网格"], ["alerts", "预警"], ["answer", "确认"]];
  const wide = new Set(["cell", "alerts"]);
  const titles = names.map(([en, zh]) => element("th", wide.has(en) ? { class: "wide" } : {}, ...both({ en, zh })));
  const table = element("table", {}, element("thead", {}, element("tr", {}, ...titles)), element("tbody", {}, ...notices.map(row)));
  const nothing = element(
    "section",
    { class: "nothing" },
    element("p", {}, ...both({ en: "Nobody was told of anything yet.", zh: "暂无预警。" })),
    element("p", { class: "hint" }, ...both({ en: "New cases and steps that the alert settings name appear here within seconds, with who was told by which channel and who has seen it.", zh: "预警设置中列出的新案件和步骤会在几秒内显示在这里，包括通知了谁、通过何种渠道、谁已确认。" })),
  );
  main.replaceChildren(head(), notices.length ? table : nothing);
}

async function follow() {
  try {
    list(await asked("/api/alerts"));
  } catch (error) {
    main.replaceChildren(head(), problem(error));
  }
  setTimeout(follow, EVERY_MS);
}

async function acknowledge(box) {
  try {
    const done = await asked(`/api/alerts/${token}/acknowledge`, { method: "POST", headers: { "Content-Type": "application/json" }, body: "{}" });
    box.replaceChildren(element("h1", {}, done.case_no), element("p", {}, ...both({ en: `Acknowledged by ${done.by}. `, zh: `${done.by}已确认收到。` })), clock(done.at));
  } catch (error) {
    box.append(problem(error));
  }
}

async function ask() {
  const box = element("section", { class: "ask" });
  main.replaceChildren(box);
  try {
    const subject = await asked(`/api/alerts/${token}`);
    box.append(element("h1", {}, subject.case_no), element("p", {}, ...both(subject.event_label)));
    if (subject.acknowledged_by) {
      box.append(element("p", {}, ...both({ en: `Acknowledged by ${subject.acknowledged_by}.`, zh: `${subject.acknowledged_by}已确认收到。` })));
      return;
    }
    const button = element("button", { type: "button" }, "I have seen it 确认收到");
    button.addEventListener("click", () => acknowledge(box));
    box.append(button);
  } catch (error) {
    box.append(problem(error));
  }
}

if (token) ask();
else follow();
