// Offers what the pages of operators share: the token, requests that count once, and buttons with keys.
//
// The page has #login with #token, and #answer.
const RETRIES = 20; // of a request without an answer, each after half a second
const KEY_NAMES = {
  " ": "Space", ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", Backspace: "⌫", Enter: "⏎",
};

export const find = (id) => document.getElementById(id);
export const buttons = new Map(); // by key

const pause = (ms) => new Promise((done) => setTimeout(done, ms));
export const token = () => sessionStorage.getItem("token") ?? "";

// The token comes in the address, which then loses it, and stays in this tab.
if (location.hash.length > 1) {
  sessionStorage.setItem("token", decodeURIComponent(location.hash.slice(1)));
  history.replaceState(null, "", location.pathname);
}
find("login").addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem("token", find("token").value);
  find("login").hidden = true;
});

// Shows what became of the last request.
export function say(text, bad = false) {
  find("answer").textContent = text;
  find("answer").classList.toggle("bad", bad);
}

function newId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// Sends a request until the server answers. A retry has the same command id and counts once.
export async function post(path, body, name) {
  const request = {
    method: "POST",
    headers: { Authorization: `Bearer ${token()}`, "Content-Type": "application/json" },
    body: JSON.stringify({ command_id: newId(), ...body }),
  };
  for (let i = 0; i < RETRIES; ++i) {
    try {
      const answer = await fetch(path, request);
      const result = await answer.json();
      if (answer.status === 401) find("login").hidden = false;
      const allows = result.allows ? `. Allowed: ${result.allows.join(", ")}` : "";
      const idle = result.outcome === "without_effect" || result.changed === false;
      if (!answer.ok) say(`${name}: ${result.error}${allows}`, true);
      else say(idle ? `${name}: nothing to do` : name);
      return;
    } catch {
      say(`${name}: no answer, trying again`, true);
      await pause(500);
    }
  }
  say(`${name}: the server did not answer`, true);
}

function keyCap(key) {
  const cap = document.createElement("kbd");
  const name = (part) => KEY_NAMES[part] ?? (part.length === 1 ? part.toUpperCase() : part);
  cap.textContent = key.split(/\+(?=.)/).map(name).join(" ");
  return cap;
}

// Gives a button its key, and shows it. Keys with "Shift+" need that modifier.
export function bindButton(button, key, press) {
  button.dataset.key = key;
  button.append(keyCap(key));
  button.addEventListener("click", press);
  buttons.set(key, button);
}

export function addButton(section, key, name, press) {
  const button = document.createElement("button");
  button.type = "button";
  const label = document.createElement("span");
  label.textContent = name;
  button.append(label);
  bindButton(button, key, press);
  find(section).append(button);
}

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.target.matches("input, select")) return;
  if (document.querySelector("dialog[open]")) return;
  // Enter is also the way to a link, and to a button without a key.
  if (event.key === "Enter" && event.target.matches("a, button:not([data-key], [data-clock])")) return;
  const plain = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const button = buttons.get(event.shiftKey && plain.length > 1 ? `Shift+${plain}` : plain);
  if (!button || button.closest("[hidden]")) return;
  event.preventDefault();
  if (!event.repeat || plain.startsWith("Arrow")) button.click();
});
