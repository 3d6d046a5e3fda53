// Calls `draw` before each frame, and from a timer where the browser draws no frames.
export function everyFrame(draw) {
  const frame = () => {
    requestAnimationFrame(frame); // first: an error in one drawing does not end the others
    draw();
  };
  requestAnimationFrame(frame);
  setInterval(draw, 25);
}
