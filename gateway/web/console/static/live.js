// Keeps the marked parts of a page true. When the server says that something changed, the page asks for itself
// again and takes over every element with data-live, by its id. Nothing else is touched: what somebody is reading
// or typing stays. A page that is not looked at holds no connection.
const LIVE = "/console/live";
const PAUSE = 2000;
const AGEING = 60000;

let stream = null;
let due = 0;
let asked = 0;

async function renew() {
  due = 0;
  asked = Date.now();
  // Whoever only looks is not at the desk, and his session ends; a screen on a wall is looked at all day.
  const headers = "awake" in document.body.dataset ? {} : { "X-Live": "1" };
  const answer = await fetch(location.href, { headers }).catch(() => null);
  if (!answer || answer.redirected) return;
  if (answer.status === 401) return location.reload();
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const part of document.querySelectorAll("[data-live][id]")) {
    const fresh = page.getElementById(part.id);
    if (!fresh || fresh.isEqualNode(part) || part.contains(document.activeElement)) continue;
    const opened = [...part.querySelectorAll("details")].map((details) => details.open);
    part.replaceWith(fresh);
    fresh.querySelectorAll("details").forEach((details, n) => (details.open = opened[n] ?? details.open));
  }
}

function renewSoon() {
  if (!due) due = setTimeout(renew, Math.max(100, PAUSE - (Date.now() - asked)));
}

function follow() {
  if (stream || document.hidden) return;
  stream = new EventSource(LIVE);
  stream.addEventListener("changed", renewSoon);
  stream.addEventListener("ended", () => location.reload());
}

function rest() {
  stream?.close();
  stream = null;
}

if (document.querySelector("[data-live]")) {
  follow();
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return rest();
    follow();
    renewSoon();
  });
  addEventListener("pagehide", rest);
  setInterval(() => document.hidden || renewSoon(), AGEING);
}
