// Returns "M:SS", from an hour on "H:MM:SS", with tenths below `tenthsBelow` seconds: the rules of the library. A down
// clock shows the ceiling, an up clock the floor.
export function clockText(ns, direction, tenthsBelow = 0) {
  const round = direction === "down" ? Math.ceil : Math.floor;
  let tenths = round(ns / 1e8);
  const withTenths = tenths < tenthsBelow * 10;
  if (!withTenths) tenths = round(ns / 1e9) * 10;
  tenths = Math.abs(tenths);
  const seconds = Math.floor(tenths / 10);
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  const two = (number) => String(number).padStart(2, "0");
  let text = ns < 0 ? "-" : "";
  if (hours > 0) text += `${hours}:${two(minutes % 60)}:`;
  else if (minutes > 0 || !withTenths) text += `${minutes}:`;
  text += withTenths && minutes === 0 ? seconds : two(seconds % 60);
  return withTenths ? `${text}.${tenths % 10}` : text;
}
