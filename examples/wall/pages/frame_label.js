// Returns the label of a frame of the day. Drop-frame omits labels at the start of each minute but the tenth.
export function frameLabel(code, frame) {
  const two = (number) => String(number).padStart(2, "0");
  const { nominal, dropped, frames_per_day: day } = code;
  let n = ((frame % day) + day) % day;
  const ten = nominal * 600 - 9 * dropped;
  const rest = n % ten;
  const minute = rest < nominal * 60 ? 0 : 1 + Math.floor((rest - nominal * 60) / (nominal * 60 - dropped));
  n += dropped * (9 * Math.floor(n / ten) + minute);
  const seconds = Math.floor(n / nominal);
  const frames = String(n % nominal).padStart(nominal > 100 ? 3 : 2, "0");
  const hms = `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return `${hms}${dropped > 0 ? ";" : ":"}${frames}`;
}
