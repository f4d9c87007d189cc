// Asks the shop for news once a second, and puts it on top of the list.
const list = document.getElementById("news");
const none = document.getElementById("no-news");
const live = document.getElementById("live");
const liveText = document.getElementById("live-text");

function newest() {
  return list.firstElementChild?.dataset.id ?? "0";
}

function say(state, text) {
  if (live.dataset.state === state) return;
  live.dataset.state = state;
  liveText.textContent = text;
}

async function look() {
  if (document.hidden) return;
  try {
    const answer = await fetch(`${list.dataset.url}?after=${newest()}`);
    if (answer.redirected || !answer.ok) throw new Error(String(answer.status));
    const html = (await answer.text()).trim();
    // The shop's own page, escaped there.
    if (html) list.insertAdjacentHTML("afterbegin", html);
    none.hidden = list.childElementCount > 0;
    say("on", "Live");
  } catch {
    say("off", "The shop does not answer; trying again");
  }
}

async function forever() {
  await look();
  setTimeout(forever, 1000);
}

none.hidden = list.childElementCount > 0;
forever();
