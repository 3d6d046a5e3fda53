// Returns why a viewer must doubt the digits, or an empty text. The error of the page counts like that of the server.
export function doubtOf({ state, bound_ns: bound, limit_ns: limit }, pageError) {
  if (state === "free-running") return "free-running";
  if (state === "disrupted") return "clock disrupted";
  if (state !== "synchronized" || bound === null) return "error unknown";
  if (bound > limit) return "error above the limit";
  return bound + pageError > limit ? "this page is inexact" : "";
}
